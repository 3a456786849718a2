"""The tableset as rows of TAP_SCHEMA (TAP 1.1, section 4) and as comments in the database."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from provtap.adql import published_name
from provtap.tableset import Column, ForeignKey, Table, Tableset

Row = tuple[str | int | None, ...]


def tap_schema_rows(tableset: Tableset) -> Mapping[str, list[Row]]:
    """Return the rows of each table of TAP_SCHEMA, with values in the order of its columns.

    Names are written as in a query, with quotes if ADQL needs them. Tables come before tables that refer to
    them.
    """
    return {
        "schemas": [
            (published_name(schema.name), schema.utype, schema.description, index)
            for index, schema in enumerate(tableset.schemas, 1)
        ],
        "tables": [
            _table_row(table, index)
            for schema in tableset.schemas
            for index, table in enumerate(schema.tables, 1)
        ],
        "columns": [
            _column_row(table, column, index)
            for table in tableset.tables()
            for index, column in enumerate(table.columns, 1)
        ],
        "keys": [
            (
                key.key_id,
                published_table(key.from_table),
                published_table(key.target_table),
                key.description,
                key.utype,
            )
            for key in _keys(tableset)
        ],
        "key_columns": [
            (key.key_id, published_name(source), published_name(target))
            for key in _keys(tableset)
            for source, target in key.columns
        ],
    }


def _table_row(table: Table, index: int) -> Row:
    return (
        published_name(table.schema_name),
        published_table(table.qualified_name),
        published_type(table),
        table.utype,
        table.description,
        index,
    )


def _column_row(table: Table, column: Column, index: int) -> Row:
    return (
        published_table(table.qualified_name),
        published_name(column.name),
        column.datatype,
        column.arraysize,
        column.xtype,
        _size(column.arraysize),
        column.description,
        column.utype,
        column.unit,
        column.ucd,
        int(column.indexed),
        int(column.principal),
        int(column.std),
        index,
    )


def published_type(table: Table) -> str:
    """Return the table_type for clients, in which a virtual table is a view."""
    return "table" if table.table_type == "table" else "view"


def published_table(qualified_name: str) -> str:
    """Return `schema.table` as written in a query."""
    return ".".join(published_name(part) for part in qualified_name.split("."))


def _size(arraysize: str | None) -> int | None:
    """Return the length in an arraysize `N` or `N*`; others have no size (TAP 1.1, section 4.3)."""
    length = (arraysize or "").removesuffix("*")
    return int(length) if length.isdigit() else None


def _keys(tableset: Tableset) -> list[ForeignKey]:
    return [key for table in tableset.tables() for key in table.keys]


class Comment(NamedTuple):
    """The parts of `COMMENT ON <kind> <path> IS <text>`; the path is not quoted."""

    kind: str
    """SCHEMA, TABLE, VIEW or COLUMN."""
    path: tuple[str, ...]
    text: str


def comments(tableset: Tableset) -> Iterator[Comment]:
    """Yield the descriptions as comments for the database, without virtual tables."""
    for schema in tableset.schemas:
        yield Comment("SCHEMA", (schema.name,), schema.description or "")
    for table in tableset.tables():
        if table.table_type != "virtual":
            path = (table.schema_name, table.name)
            yield Comment(table.table_type.upper(), path, table.description or "")
            for column in table.columns:
                yield Comment("COLUMN", (*path, column.name), column.description or "")
