"""/tap/examples: example queries (DALI 1.1, section 2.3) about the content of this store.

A query has placeholders such as `{file}`. Queries on the store find values for them, so that each example has
a result. Examples without a value are omitted, and so are those on tables that are not published. An operator
may add a file of further examples.
"""

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, current_app, render_template
from flask.blueprints import BlueprintSetupState

from provtap.adql import parse, translate
from provtap.adql.syntax.quoting import quote_text
from provtap.adql.syntax.tree import TableName
from provtap.database.sql import load_statements, parse_statements
from provtap.errors import AdqlError, ProvtapError, SettingsError
from provtap.metadata import published_table
from provtap.results.votable import legal
from provtap.tableset import Tableset
from provtap.web.http.authentication import require
from provtap.web.http.context import Service
from provtap.web.site.frame import tagged
from provtap.web.site.store import asking

bp = Blueprint("examples", __name__)

QUERIES = load_statements("provtap.web.site", "examples.sql")
VALUES = load_statements("provtap.web.site", "example_values.sql")
KEPT = 10.0
"""Seconds for which a process keeps the same values."""
GROUPS = {
    "A": "Where does it come from?",
    "B": "Whom to acknowledge, and whom to ask?",
    "C": "Can it be trusted?",
    "D": "Where is the error?",
    "E": "What else is there?",
    "L": "Over many steps",
    "V": "By the views",
    "P": "By parameters",
    "R": "Runs",
    "S": "From the sky",
    "T": "About this service",
}
"""Headings, by the first letter of the names of our examples."""
OWN_GROUP = "Of this archive"
"""The heading of an operator's own examples."""
_PLACE = re.compile(r"\{(\w+)\}")
_KINDS = dict.fromkeys(("run_1", "run_2", "last_run"), "activity") | dict.fromkeys(
    ("file", "common", "product_1", "product_2", "attributed", "used_product"), "entity"
)
"""The kinds of things identified by values that are ids."""
_NUMBERS = ("sky_ra", "sky_dec")
_ID = re.compile("[A-Za-z][A-Za-z0-9]*")

Value = str | int | float | datetime
Values = Mapping[str, Value]


@dataclass(frozen=True)
class Subject:
    """A thing in an example: its id and name."""

    kind: str
    id: str
    name: str | None


@dataclass(frozen=True)
class Example:
    """One question with its query."""

    id: str
    group: str
    question: str
    remark: str
    query: str
    tables: tuple[str, ...]
    """Names as in TAP_SCHEMA."""
    subjects: tuple[Subject, ...] = ()


@dataclass(frozen=True)
class Question:
    """An example with placeholders instead of values."""

    id: str
    group: str
    question: str
    remark: str
    template: str
    tables: tuple[str, ...]
    places: tuple[str, ...] = ()
    """The names of its placeholders."""

    def filled(self, values: Values) -> Example | None:
        """Return the example with *values*; None if a value is missing."""
        if not values.keys() >= set(self.places):
            return None
        query = _filled(self.template, values)
        about = tuple(
            Subject(_KINDS[place], str(values[place]), _text(values.get(f"{place}_name")))
            for place in self.places
            if place in _KINDS
        )
        return Example(self.id, self.group, self.question, self.remark, query, self.tables, about)


def questions(tableset: Tableset, own: Path | None = None) -> Iterator[Question]:
    """Yield the questions on the tables of *tableset*, then the questions in the file *own*.

    Raises: SettingsError for an invalid file.
    """
    published = {table.qualified_name: table for table in tableset.tables()}
    for id_, text in QUERIES.items():
        question = _question(id_, GROUPS[id_[0]], text)
        if published.keys() >= set(question.tables):
            yield _published(question)
    if own is not None:
        for id_, text in _read(own).items():
            yield _checked(id_, text, own, tableset)


def _question(id_: str, group: str, text: str) -> Question:
    """Return the question of a statement: its first comment line; further lines explain it."""
    lines = text.removesuffix(";").splitlines()
    question, *remark = (line[3:] for line in lines if line.startswith("-- "))
    template = "\n".join(line for line in lines if not line.startswith("-- "))
    places = tuple(dict.fromkeys(_PLACE.findall(template)))
    tables = tuple(sorted(set(_tables(parse(_filled(template, _blank(places)))))))
    return Question(id_, group, question, " ".join(remark), template, tables, places)


def _blank(places: Iterable[str]) -> Values:
    """Return values by which a template can be read: a number where only a number may stand."""
    return {place: 0 if place in _NUMBERS else "" for place in places}


def _published(question: Question) -> Question:
    return replace(question, tables=tuple(map(published_table, question.tables)))


def _read(path: Path) -> Mapping[str, str]:
    try:
        return parse_statements(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise SettingsError(f"The file of examples {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SettingsError(f"The file of examples cannot be used: {error}") from error


def _checked(id_: str, text: str, path: Path, tableset: Tableset) -> Question:
    """Return a question of an operator. Raises: SettingsError."""
    if not _ID.fullmatch(id_) or id_ in QUERIES:
        raise SettingsError(
            f"{path}: {id_} cannot be the id of an example.", hint="Write letters and digits."
        )
    if not re.match("-- .", text):
        raise SettingsError(f"{path}: {id_} has no question.", hint="Write it as a comment below the name.")
    try:
        question = _question(id_, OWN_GROUP, text)
        translate(_filled(question.template, _blank(question.places)), tableset)
    except AdqlError as error:
        raise SettingsError(f"{path}: {id_}: {error}") from error
    return _published(question)


def _tables(tree: object) -> Iterator[str]:
    """Yield each `schema.table` in a tree."""
    if isinstance(tree, TableName):
        yield ".".join(name.text.lower() for name in tree.names)
    elif isinstance(tree, tuple):
        for part in tree:
            yield from _tables(part)
    elif is_dataclass(tree):
        for each in fields(tree):
            yield from _tables(getattr(tree, each.name))


def _filled(template: str, values: Values) -> str:
    return _PLACE.sub(lambda place: _literal(values[place[1]]), template)


def _literal(value: Value) -> str:
    if isinstance(value, int | float):
        return repr(value)
    return quote_text(value.isoformat() if isinstance(value, datetime) else value)


def _text(value: Value | None) -> str | None:
    return None if value is None else str(value)


class ValueFinder:
    """Finds the values for the examples of one process, again after some seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: Values = {}
        self._due = 0.0  # by the monotonic clock

    def values(self) -> Values:
        """Return the values from the store, or none if the client may not read it.

        Queries that fail are skipped: the page then has fewer examples.
        """
        try:
            require("read")
        except ProvtapError:
            return {}
        with self._lock:
            if time.monotonic() >= self._due:
                with suppress(ProvtapError):
                    self._values = self._found()
                self._due = time.monotonic() + KEPT
        return self._values

    @staticmethod
    def _found() -> Values:
        found: dict[str, Value] = {}
        with asking() as store:
            for query in VALUES.values():
                with suppress(AdqlError):  # about a table that is not published
                    for row in store.query(query):
                        found = {name: v for name, v in row._asdict().items() if _is_usable(v)} | found
        return found


def _is_usable(value: Any) -> bool:
    """Return whether a value can be part of a query shown in XHTML."""
    return value is not None and (not isinstance(value, str) or legal(value) == value)


@bp.record_once
def _choose(state: BlueprintSetupState) -> None:
    ours: Service = state.app.extensions["provtap"]
    state.app.extensions["provtap.questions"] = tuple(questions(ours.tableset, ours.settings.examples))
    state.app.extensions["provtap.example_values"] = ValueFinder()


def examples() -> tuple[Example, ...]:
    """Return the examples to show to the client of the current request."""
    offered = cast(tuple[Question, ...], current_app.extensions["provtap.questions"])
    values = cast(ValueFinder, current_app.extensions["provtap.example_values"]).values()
    return tuple(example for question in offered if (example := question.filled(values)))


@bp.get("/tap/examples")
def page() -> Response:
    """Show the examples, as XHTML with RDFa for clients (EX-1)."""
    text = render_template("examples.html", examples=examples())
    return tagged(Response(text, content_type="application/xhtml+xml"))
