"""The reference page of all published tables, in Markdown."""

from collections.abc import Iterator

from provtap.adql import published_name
from provtap.tableset import Column, ForeignKey, Schema, Table, Tableset


def reference_page(tableset: Tableset) -> str:
    """Return the page: one section for each schema, one part for each table, one line for each column."""
    return "\n".join(_page(tableset)) + "\n"


def _page(tableset: Tableset) -> Iterator[str]:
    yield "# Published tables"
    yield ""
    yield "Made from `tap_schema/*.yaml`, as are TAP_SCHEMA and `/tap/tables`. Times are UTC."
    yield "The most important columns are in bold."
    for schema in tableset.schemas:
        yield from _schema(schema)


def _schema(schema: Schema) -> Iterator[str]:
    yield from ("", f"## {schema.name}", "", schema.description or "", "")
    for table in schema.tables:
        yield f"- [{table.qualified_name}](#{_anchor(table)})"
    for table in schema.tables:
        yield from _table(table)


def _anchor(table: Table) -> str:
    """Return the anchor of the heading of *table* in rendered Markdown."""
    return table.qualified_name.replace(".", "")


def _table(table: Table) -> Iterator[str]:
    yield from ("", f"### {table.qualified_name}", "", table.description or "")
    if facts := _facts(table):
        yield from ("", facts)
    yield from ("", "| column | type | UCD | utype | description |", "|---|---|---|---|---|")
    yield from (_column(column) for column in table.columns)
    if table.keys:
        yield ""
        yield from (_key(key) for key in table.keys)


def _facts(table: Table) -> str:
    facts = []
    if table.table_type != "table":
        facts.append("A view.")
    if table.utype:
        facts.append(f"Utype `{table.utype}`.")
    if table.primary_key:
        facts.append(f"Primary key: {_code(table.primary_key)}.")
    return " ".join(facts)


def _column(column: Column) -> str:
    name = f"`{published_name(column.name)}`"
    cells = [
        f"**{name}**" if column.principal else name,
        _type(column),
        column.ucd or "",
        column.utype or "",
        (column.description or "").replace("|", "\\|"),
    ]
    return f"| {' | '.join(cells)} |"


def _type(column: Column) -> str:
    kind = column.xtype or ("text" if column.arraysize else column.datatype)
    traits = [f" [{column.unit}]" if column.unit else ""]
    traits += [", not null" if not column.nullable else "", ", indexed" if column.indexed else ""]
    return kind + "".join(traits)


def _key(key: ForeignKey) -> str:
    sources, targets = zip(*key.columns, strict=True)
    return f"- {_code(sources)} → {key.target_table} {_code(targets)}: {key.description}"


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
