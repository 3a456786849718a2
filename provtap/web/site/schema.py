"""/schema: the published tables, and a page for each: the meaning of its columns, and possible joins."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from flask import Blueprint, Response

from provtap.adql.syntax.reserved import published_name
from provtap.errors import NotFound
from provtap.metadata import published_table
from provtap.tableset import Column, ForeignKey, Table
from provtap.web.http.context import service
from provtap.web.http.negotiation import wanted
from provtap.web.site.examples import examples
from provtap.web.site.frame import FORMS, present

bp = Blueprint("schema", __name__)

ROWS = 10
"""Rows in the query that shows the content of a table."""


@dataclass(frozen=True)
class TableLine:
    """One table in the list of all."""

    name: str
    """As written in a query."""
    description: str | None
    columns: int


@dataclass(frozen=True)
class SchemaPart:
    """The tables of one schema."""

    name: str
    description: str | None
    tables: tuple[TableLine, ...]


@dataclass(frozen=True)
class SchemaPage:
    """All published tables."""

    schemas: tuple[SchemaPart, ...]


@dataclass(frozen=True)
class ColumnLine:
    """One column of a table."""

    name: str
    """As written in a query."""
    type: str
    unit: str | None
    ucd: str | None
    utype: str | None
    description: str | None
    principal: bool
    indexed: bool


@dataclass(frozen=True)
class Join:
    """A key along which a table can be joined with another one."""

    columns: tuple[str, ...]
    other_table: str
    other_columns: tuple[str, ...]
    description: str | None


@dataclass(frozen=True)
class TablePage:
    """One table."""

    name: str
    type: str
    utype: str | None
    description: str | None
    columns: tuple[ColumnLine, ...]
    joins: tuple[Join, ...]
    """Its own keys, then the keys of other tables that refer to it."""
    question: str | None
    """The question that the query answers, unless it only shows the table."""
    query: str | None
    """An example query; None if there is none for this table."""
    others: tuple[str, ...]
    """All tables of its schema."""


@bp.get("/schema", defaults={"suffix": None})
@bp.get("/schema.json", defaults={"suffix": "json"})
def schemas(suffix: str | None) -> Response:
    """List the published tables."""
    parts = tuple(
        SchemaPart(schema.name, schema.description, tuple(map(_line, schema.tables)))
        for schema in service().tableset.schemas
    )
    return present("schemas.html", SchemaPage(parts), wanted(FORMS, suffix))


@bp.get("/schema/<name>", defaults={"suffix": None})
@bp.get("/schema/<name>.json", defaults={"suffix": "json"})
def table(name: str, suffix: str | None) -> Response:
    """Show one table, by its name with schema, ignoring case."""
    return present("schema.html", _page(_find(name)), wanted(FORMS, suffix))


def _find(name: str) -> Table:
    """Return the table *name*. Raises: NotFound."""
    known = {published_table(each.qualified_name).lower(): each for each in service().tableset.tables()}
    if name.lower() in known:
        return known[name.lower()]
    near = get_close_matches(name.lower(), known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"The tables are listed at {service().base_url}/schema."
    raise NotFound(f"There is no table {name[:100]}.", hint=hint)


def _line(each: Table) -> TableLine:
    return TableLine(published_table(each.qualified_name), each.description, len(each.columns))


def _page(each: Table) -> TablePage:
    name = published_table(each.qualified_name)
    question, query = _example(each, name)
    siblings = next(s for s in service().tableset.schemas if s.name == each.schema_name)
    return TablePage(
        name,
        each.table_type,
        each.utype,
        each.description,
        tuple(map(_column, each.columns)),
        tuple(_joins(each)),
        question,
        query,
        tuple(published_table(other.qualified_name) for other in siblings.tables),
    )


def _column(column: Column) -> ColumnLine:
    shape = f"({column.arraysize})" if column.arraysize else ""
    return ColumnLine(
        published_name(column.name),
        column.xtype or f"{column.datatype}{shape}",
        column.unit,
        column.ucd,
        column.utype,
        column.description,
        column.principal,
        column.indexed,
    )


def _joins(each: Table) -> Iterator[Join]:
    for key in each.keys:
        yield _join(key, own=True)
    for other in service().tableset.tables():
        for key in other.keys:
            if key.target_table == each.qualified_name and other is not each:
                yield _join(key, own=False)


def _join(key: ForeignKey, *, own: bool) -> Join:
    sources, targets = (tuple(map(published_name, side)) for side in zip(*key.columns, strict=True))
    if own:
        return Join(sources, published_table(key.target_table), targets, key.description)
    return Join(targets, published_table(key.from_table), sources, key.description)


def _example(each: Table, name: str) -> tuple[str | None, str | None]:
    """Return a question about a table, with as few other tables as possible, and its query.

    Otherwise the query shows the content of the table; a virtual table has no rows without a condition.
    """
    about = min((e for e in examples() if name in e.tables), key=lambda e: len(e.tables), default=None)
    if each.table_type == "virtual":
        return (about.question, about.query) if about is not None else (None, None)
    if about is not None and len(about.tables) == 1:
        return about.question, about.query
    shown = [c.name for c in each.columns if c.principal] or [c.name for c in each.columns]
    return None, f"SELECT TOP {ROWS} {', '.join(map(published_name, shown))}\nFROM {name}"
