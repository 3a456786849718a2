"""HTML: a page with the result as a table, for browsers. It is also well-formed XML."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from html import escape

from provtap.errors import ProvtapError
from provtap.results.blocks import Rows
from provtap.results.cells import is_text
from provtap.results.votable import Info, legal, table_rows
from provtap.tableset import Column

STYLE_SHEET = "../static/design.css"
"""The style sheet of the service's pages, relative to /tap/sync: the headers of the service forbid styles
within pages."""
_HEAD = """<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Result of a query - ProvTAP</title>
<link rel="stylesheet" href="{style_sheet}"/>
</head>
<body class="result">
<h1>Result of a query</h1>
{infos}<details><summary>Columns</summary><dl>
{columns}</dl></details>
<table class="{numbers}">
<thead><tr>{names}</tr></thead>
<tbody>
"""
_NULL = b'<td class="null"></td>'


def write_html(
    columns: Sequence[Column], blocks: Iterable[tuple[int, bytes]], maxrec: int, infos: Sequence[Info] = ()
) -> Iterator[bytes]:
    """Yield a page; its last paragraph reports an overflow, or an error that ended the result early."""
    rows = Rows(blocks, maxrec)
    yield _head(columns, infos).encode()
    try:
        yield from map(partial(table_rows, row=b"tr", cell=b"td", null=_NULL), rows)
    except ProvtapError as error:
        end = f'<p class="error">The result is incomplete: {_text(str(error))}</p>\n'
    else:
        end = f"<p>{rows.cut}</p>\n" if rows.overflow else ""
    yield f"</tbody>\n</table>\n{end}</body>\n</html>\n".encode()


def _head(columns: Sequence[Column], infos: Sequence[Info]) -> str:
    numbers = (f"n{number}" for number, column in enumerate(columns, 1) if not is_text(column))
    queries = "".join(f"<pre>{_text(info.value)}</pre>\n" for info in infos if info.name == "QUERY")
    return _HEAD.format(
        style_sheet=STYLE_SHEET,
        numbers=" ".join(numbers),
        infos=queries,
        columns="".join(map(_description, columns)),
        names="".join(map(_name, columns)),
    )


def _description(column: Column) -> str:
    """Return the metadata of a column, for users without a pointer."""
    return f"<dt>{_text(column.name)}</dt><dd>{_text('; '.join(_known(column)))}</dd>\n"


def _known(column: Column) -> list[str]:
    parts = (column.description, column.unit and f"Unit: {column.unit}", column.ucd and f"UCD: {column.ucd}")
    return [part for part in parts if part]


def _name(column: Column) -> str:
    """Return the header cell of a column, with its metadata as tooltip."""
    unit = f"<small>{_text(column.unit)}</small>" if column.unit else ""
    tip = _text("\n".join(_known(column))).replace("\n", "&#10;")
    return f'<th scope="col" title="{tip}">{_text(column.name)}{unit}</th>'


def _text(text: str) -> str:
    return escape(legal(text)).replace("\r", "&#13;")
