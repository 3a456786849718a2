"""/tap/examples: questions to start from (DALI 1.1, section 2.3).

Clients list the examples and run them, so the page shows only those whose tables are all published.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import cast

from flask import Blueprint, Response, current_app, render_template
from flask.blueprints import BlueprintSetupState

from provtap.adql import parse
from provtap.adql.syntax.tree import TableName
from provtap.database.sql import load_statements
from provtap.metadata import published_table
from provtap.tableset import Tableset
from provtap.web.http.cached_documents import cached_document
from provtap.web.http.context import Service

bp = Blueprint("examples", __name__)

QUERIES = load_statements("provtap.web", "examples.sql")
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
    "T": "About this service",
}
"""Headings, by the letter that the names of their examples begin with."""


@dataclass(frozen=True)
class Example:
    """One question, and the query that answers it."""

    id: str
    question: str
    remark: str
    query: str
    tables: tuple[str, ...]
    """As TAP_SCHEMA has them."""

    @property
    def group(self) -> str:
        """What the question is about."""
        return GROUPS[self.id[0]]


def examples(tableset: Tableset) -> Iterator[Example]:
    """Yield the examples that the tables of *tableset* can answer."""
    published = {table.qualified_name: table for table in tableset.tables()}
    for id_, text in QUERIES.items():
        lines = text.removesuffix(";").splitlines()
        question, *remark = (line[3:] for line in lines if line.startswith("-- "))
        query = "\n".join(line for line in lines if not line.startswith("-- "))
        tables = sorted(set(_tables(parse(query))))
        if published.keys() >= set(tables):
            yield Example(id_, question, " ".join(remark), query, tuple(map(published_table, tables)))


def _tables(tree: object) -> Iterator[str]:
    """Yield each `schema.table` that is named in a tree."""
    if isinstance(tree, TableName):
        yield ".".join(name.text.lower() for name in tree.names)
    elif isinstance(tree, tuple):
        for part in tree:
            yield from _tables(part)
    elif is_dataclass(tree):
        for field in fields(tree):
            yield from _tables(getattr(tree, field.name))


@bp.record_once
def _choose_examples(state: BlueprintSetupState) -> None:
    ours: Service = state.app.extensions["provtap"]
    state.app.extensions["provtap.examples"] = tuple(examples(ours.tableset))


@bp.get("/examples")
def page() -> Response:
    """Show the examples, as XHTML with RDFa for clients (EX-1)."""
    return cached_document("tap/examples", _page, "application/xhtml+xml")


def _page() -> bytes:
    offered = cast(tuple[Example, ...], current_app.extensions["provtap.examples"])
    return render_template("examples.html", examples=offered).encode()
