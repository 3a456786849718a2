"""`provtap translate`: PostgreSQL to paste into psql, and the metadata of the output columns."""

from typing import TYPE_CHECKING

import click

from provtap.config import Settings

if TYPE_CHECKING:
    from provtap.adql.postgres.generator import Statement
    from provtap.tableset import Column

_HEAD = ("column", "name", "type", "unit", "UCD")


@click.command(
    name="translate",
    short_help="Print the SQL of a query.",
    epilog='Example: provtap translate "SELECT TOP 5 a_id FROM activity"',
)
@click.argument("adql", metavar="ADQL")
@click.option("--explain", is_flag=True, help="Add PostgreSQL's plan for the default MAXREC.")
@click.pass_obj
def translate(settings: Settings, adql: str, explain: bool) -> None:
    """Print the PostgreSQL of an ADQL query, and its output columns."""
    from provtap import install, metadata
    from provtap.adql import translate
    from provtap.database.explain import explain as plan

    statement = translate(adql, metadata.load(settings.metadata_dir), strict=settings.adql_strict)
    click.echo(report(statement))
    if explain:
        with install.ready(settings) as (database, _):
            lines = plan(database.reader, statement.copy_sql(settings.maxrec), settings.sync_duration)
        click.echo("\n" + "\n".join(lines))


def report(statement: "Statement") -> str:
    """Return the SQL of *statement*, formatted, and its output columns as comments below."""
    rows = [_HEAD, *(_row(number, column) for number, column in enumerate(statement.columns, start=1))]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join([f"{_formatted(statement.sql)};", "", *(f"-- {line}" for line in lines)])


def _formatted(sql: str) -> str:
    """Return *sql* on several lines, unless it is too long or too deep for sqlparse."""
    import sqlparse
    from sqlparse.exceptions import SQLParseError

    try:
        return str(sqlparse.format(sql, reindent=True))
    except SQLParseError:
        return sql


def _row(number: int, column: "Column") -> tuple[str, ...]:
    shape = f"[{column.arraysize}]" if column.arraysize else ""
    type_ = " ".join(filter(None, [f"{column.datatype}{shape}", column.xtype]))
    # A name may contain a line break, which would end the comment.
    name = " ".join(column.name.split())
    return f"c{number}", name, type_, column.unit or "", column.ucd or ""
