"""Scopes: the names that are visible at a place in a query, and what they refer to.

A regular identifier ignores case, a delimited one must match exactly (ADQL 2.1, section 2.1.3). Inner
names hide outer ones; a table with a correlation name can't be referred to by its table name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from provtap.adql.plan.tree import UNKNOWN, ColumnValue, Expression, Output
from provtap.adql.semantics.problems import FollowUp
from provtap.adql.syntax.extensions import Extension, refused
from provtap.adql.syntax.lexer import Position, problem
from provtap.adql.syntax.quoting import quote_text
from provtap.adql.syntax.reserved import published_name
from provtap.adql.syntax.tree import ColumnReference, Name
from provtap.errors import AdqlError
from provtap.tableset import Table, Tableset

UPLOAD_SCHEMA = "tap_upload"
"""The schema of the tables uploaded with a request (TAP 1.1, section 2.5)."""


def matches(name: Name, text: str) -> bool:
    """Whether *name* in a query refers to the name *text*."""
    return name.text == text or (not name.delimited and name.text.lower() == text.lower())


class Outputs:
    """The columns visible at one place, found by name in constant time."""

    def __init__(self, outputs: Iterable[Output] = ()) -> None:
        self.all = tuple(outputs)

    @cached_property
    def _by_name(self) -> dict[str, list[Output]]:
        by_name: dict[str, list[Output]] = {}
        for output in self.all:
            by_name.setdefault(output.name.lower(), []).append(output)
        return by_name

    @cached_property
    def may_have_any(self) -> bool:
        """Whether the columns are unknown because of an error."""
        return "" in self._by_name

    def called(self, name: Name) -> list[Output]:
        """Return the columns *name*; of names that differ only by case, a regular one means lower case.

        Raises: FollowUp if the columns are unknown because of an error.
        """
        found = self._called(name)
        if any(output.value is UNKNOWN for output in found) or (not found and self.may_have_any):
            raise FollowUp
        return found

    def _called(self, name: Name) -> list[Output]:
        found = self._by_name.get(name.text.lower(), [])
        if name.delimited:
            return [output for output in found if output.name == name.text]
        if len(found) > 1:
            return [output for output in found if output.name == name.text.lower()] or found
        return found


ANYTHING = Outputs([Output("", UNKNOWN)])
"""Columns of a table with an error, which may have any name."""


FEW = 8
"""Maximum number of names listed in a message, where none is similar to the unknown one."""


def nearest(name: Name, known: Iterable[str]) -> str | None:
    """Return the known name that starts with *name*, else the most similar one; None if none is similar."""
    text = name.text.lower()
    spelling = {other.lower(): other for other in known}
    near = [other for other in spelling if other.startswith(text)] or get_close_matches(text, spelling, n=1)
    return spelling[near[0]] if near else None


def unknown(message: str, name: Name, known: Sequence[str]) -> AdqlError:
    """Return the error about *name*, which is not among *known*."""
    near = nearest(name, known)
    return problem(message, name.at, did_you_mean(name, known), end=name.end, fixes=[spelt(near)])


def spelt(*names: str | None) -> str | None:
    """Return *names* in ADQL spelling, joined by dots; None if one of them is None."""
    parts = [published_name(name) for name in names if name]
    return ".".join(parts) if len(parts) == len(names) else None


def did_you_mean(name: Name, known: Sequence[str]) -> str | None:
    """Return a hint with the known name most similar to *name*, or with all names if they are few."""
    if near := nearest(name, known):
        return f"Did you mean {near}?"
    names = dict.fromkeys(known)
    return f"Available: {', '.join(names)}." if 0 < len(names) <= FEW else None


@dataclass(frozen=True, slots=True)
class Source:
    """One table of a FROM clause, with its names."""

    names: tuple[str, ...]
    """Its correlation name, else its schema and name; empty if it has no name."""
    table: str
    """Its name in messages."""
    outputs: Outputs
    at: Position
    """Its position in the query."""

    def is_called(self, qualifiers: Sequence[Name]) -> bool:
        """Whether these qualifiers, from left to right, refer to this table."""
        names = self.names[-len(qualifiers) :]
        return len(names) == len(qualifiers) and all(map(matches, qualifiers, names))


@dataclass(frozen=True, slots=True)
class Relation:
    """The tables of a FROM clause, or of one join in it."""

    sources: tuple[Source, ...] = ()
    outputs: Outputs = Outputs()
    """The columns of `*`: columns merged by NATURAL or USING come first, once each."""

    def tables(self) -> set[str]:
        """Return t1, t2, ...: the tables in it, including those with all columns merged into others."""
        return {
            column.table
            for source in self.sources
            for output in source.outputs.all
            for column in output.value.columns()
        }


class Scope:
    """The names of one SELECT and of its outer queries."""

    def __init__(
        self, parent: "Scope | None" = None, relation: Relation | None = None, *, strict: bool = False
    ) -> None:
        self.parent = parent
        self.strict: bool = parent.strict if parent else strict
        """Whether to reject extensions of ADQL."""
        self.relation = relation or Relation()
        self.captured: list[ColumnValue] = []
        """Columns of outer queries that were used."""
        self.aliases: Sequence[Name] = ()
        """Names given to output columns of the SELECT, which GROUP BY and ORDER BY can use."""

    def extension(self, extension: Extension, at: Position) -> None:
        """Note that the query uses an extension, which may be an error."""
        if self.strict:
            raise refused(extension, at)

    def source(self, qualifiers: Sequence[Name]) -> Source | None:
        """Return the table of this SELECT with this name, or None.

        Raises: AdqlError if several tables match.
        """
        found = [source for source in self.relation.sources if source.is_called(qualifiers)]
        if len({tuple(map(str.lower, source.names)) for source in found}) < len(found):
            raise FollowUp  # two tables have the same name
        if len(found) > 1:
            tables = " and ".join(".".join(source.names) for source in found)
            raise problem(f"{_dotted(qualifiers)} can refer to {tables}.", qualifiers[0].at)
        return found[0] if found else None

    def column(self, reference: ColumnReference, *, is_compared: bool = False) -> Expression:
        """Return the column of a reference, searching outwards from this SELECT.

        In a comparison, an unknown name may have been meant as a text.
        Raises: AdqlError if the column is unknown or ambiguous.
        """
        scope: Scope | None = self
        while scope is not None:
            value = scope._own(reference)
            if value is not None:
                self._capture(scope, value)
                return value
            scope = scope.parent
        raise self._unknown(reference, is_compared)

    def has_own(self, name: Name) -> bool:
        """Whether a table of this SELECT has a column *name*."""
        return bool(self.relation.outputs.called(name))

    def _own(self, reference: ColumnReference) -> Expression | None:
        *qualifiers, name = reference.names
        if not qualifiers:
            return _only(name, self.relation.outputs.called(name), self.relation.sources)
        source = self.source(qualifiers)
        if source is None:
            return None
        value = _only(name, source.outputs.called(name), (source,))
        if value is None:
            raise _unknown_column(name, [source])
        return value

    def _capture(self, owner: "Scope", value: Expression) -> None:
        """Note in each scope, from here out to *owner*, that an inner query uses its column."""
        scope: Scope | None = self
        while scope is not None and scope is not owner:
            scope.captured.extend(value.columns())
            scope = scope.parent

    def _unknown(self, reference: ColumnReference, is_compared: bool) -> AdqlError:
        *qualifiers, name = reference.names
        sources = self._visible()
        if not qualifiers and any(matches(name, alias.text) for alias in self.aliases):
            message = f"{name.text} is an output column; only GROUP BY and ORDER BY can refer to it."
            return problem(message, name.at, "Repeat its expression here.")
        if not qualifiers:
            return _unknown_column(name, sources, is_compared)
        hidden = [s for s in sources if s.table.split(".")[-1] == qualifiers[-1].text.lower()]
        if hidden:
            return problem(
                f"{hidden[0].table} is called {hidden[0].names[-1]} in this query.",
                qualifiers[0].at,
                f"Write {hidden[0].names[-1]}.{name.text}.",
                end=name.end,
                fixes=[spelt(hidden[0].names[-1], name.text)],
            )
        return unknown_qualifier(qualifiers, sources)

    def _visible(self) -> list[Source]:
        outer = self.parent._visible() if self.parent else []
        return [*self.relation.sources, *outer]


def unknown_qualifier(qualifiers: Sequence[Name], sources: Sequence[Source]) -> AdqlError:
    """Return the error about a table or alias that the query does not have."""
    fixes = []
    if all(source.names for source in sources):
        known = [source.names[-1] for source in sources]
        hint = did_you_mean(qualifiers[-1], known)
        fixes = [spelt(nearest(qualifiers[-1], known))]
    else:
        hint = "Here you can only use the output columns, by their names."
    message = f"This query has no table or alias {_dotted(qualifiers)}."
    return problem(message, qualifiers[0].at, hint, end=qualifiers[-1].end, fixes=fixes)


def _only(name: Name, found: list[Output], sources: Sequence[Source]) -> Expression | None:
    if len(found) > 1:
        raise _ambiguous_column(name, [s for s in sources if s.names and s.outputs.called(name)])
    return found[0].value if found else None


def _ambiguous_column(name: Name, sources: Sequence[Source]) -> AdqlError:
    tables = [source.names[-1] for source in sources]
    if len(set(tables)) < len(tables):
        tables = [".".join(source.names) for source in sources]
    if len(set(tables)) < len(tables):
        return FollowUp()  # two tables have the same name
    hint = f"Write {' or '.join(f'{table}.{name.text}' for table in tables)}." if len(tables) > 1 else None
    fixes = [spelt(*table.split("."), name.text) for table in tables] if len(tables) > 1 else []
    return problem(f"The column {name.text} is ambiguous.", name.at, hint, end=name.end, fixes=fixes)


def _unknown_column(name: Name, sources: Sequence[Source], is_compared: bool = False) -> AdqlError:
    searched = ", ".join(dict.fromkeys(source.table for source in sources)) or "a query without tables"
    known = [output.name for source in sources for output in source.outputs.all]
    hint = did_you_mean(name, known)
    near = nearest(name, known)
    fixes = [spelt(near)]
    if name.delimited and not near:
        hint = "Double quotes enclose names; write a text in single quotes."
        fixes = [quote_text(name.text)]
    elif is_compared:
        fixes.append(quote_text(name.text))
        as_text = f"As a text, write it in single quotes: '{name.text}'."
        hint = f"{hint} {as_text}" if near else as_text
    message = f"Unknown column {name.text} in {searched}."
    return problem(message, name.at, hint, end=name.end, fixes=fixes)


def _dotted(names: Sequence[Name]) -> str:
    return ".".join(name.text for name in names)


def find_table(names: Sequence[Name], tableset: Tableset) -> Table:
    """Return the published table of this name; without schema, the name must be unique.

    Uploads are also found without their schema, unless a published table has the same name.
    Raises: AdqlError if the table is unknown or ambiguous.
    """
    *qualifiers, name = names
    if len(qualifiers) > 1:
        hint = f"Write {_dotted(names[1:])}."
        fix = spelt(*(part.text for part in names[1:]))
        raise problem("This service has no catalogues.", names[0].at, hint, end=name.end, fixes=[fix])
    if qualifiers and matches(qualifiers[0], UPLOAD_SCHEMA):
        return _find_upload(names, [t for t in tableset.tables() if t.schema_name == UPLOAD_SCHEMA])
    found = [
        table
        for table in tableset.called(name.text)
        if matches(name, table.name) and all(matches(schema, table.schema_name) for schema in qualifiers)
    ]
    if len(found) > 1 and not name.delimited:
        found = [table for table in found if table.name == name.text.lower()] or found
    if len(found) > 1:
        found = [table for table in found if table.schema_name != UPLOAD_SCHEMA]
    if len(found) > 1:
        tables = [table.qualified_name for table in found]
        fixes = [spelt(table.schema_name, table.name) for table in found]
        message = f"The table {name.text} is ambiguous."
        raise problem(message, names[0].at, f"Write {' or '.join(tables)}.", end=name.end, fixes=fixes)
    if not found:
        known = [schema.name for schema in tableset.schemas]
        if qualifiers and not any(matches(qualifiers[0], schema) for schema in known):
            raise unknown(f"Unknown schema {qualifiers[0].text}.", qualifiers[0], known)
        raise _unknown_table(names, tableset)
    return found[0]


def _find_upload(names: Sequence[Name], uploads: Sequence[Table]) -> Table:
    for table in uploads:
        if matches(names[-1], table.name):
            return table
    known = [table.name for table in uploads]
    hint = did_you_mean(names[-1], known)
    fix = spelt(UPLOAD_SCHEMA, nearest(names[-1], known))
    message = f"There is no upload with the name {names[-1].text}."
    raise problem(message, names[0].at, hint, end=names[-1].end, fixes=[fix])


def _unknown_table(names: Sequence[Name], tableset: Tableset) -> AdqlError:
    known = {table.name: table.qualified_name for table in reversed(list(tableset.tables()))}
    near = get_close_matches(names[-1].text.lower().rpartition(".")[2], known, n=1)
    hint = f"Did you mean {known[near[0]]}?" if near else "TAP_SCHEMA.tables lists all tables."
    fixes = [spelt(*known[name].split(".")) for name in near]
    if names[-1].text.lower() in known.values():
        fixes = [spelt(*names[-1].text.lower().split("."))]
        hint = "Put quotes around each part of a name, not around the dot."
    message = f"Unknown table {_dotted(names)}."
    return problem(message, names[0].at, hint, end=names[-1].end, fixes=fixes)
