"""HTML: a page with the result as a table, for a look in a browser. It is well-formed XML as well."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from html import escape

from provtap.errors import ProvtapError
from provtap.results.blocks import Rows
from provtap.results.cells import is_text
from provtap.results.votable import Info, legal, table_rows
from provtap.tableset import Column

_STYLE = """
:root { color-scheme: light dark; --shade: #eee; --line: #ccc; --weak: #666; --error: #b00 }
@media (prefers-color-scheme: dark) { :root { --shade: #333; --line: #555; --weak: #aaa; --error: #ff8080 } }
body { font-family: sans-serif; margin: 1em }
table { border-collapse: collapse }
th, td { border: 1px solid var(--line); padding: .2em .5em; text-align: left; vertical-align: top }
th { background: var(--shade); cursor: help; position: sticky; top: 0 }
th small { display: block; font-weight: normal }
td { white-space: pre-wrap; max-width: 40em; overflow-wrap: break-word }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
td.null::after { color: var(--weak); content: "null" }
.error { color: var(--error) }
"""
_HEAD = """<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Result of a query - ProvTAP</title>
<style>{style}</style>
</head>
<body>
<h1>Result of a query</h1>
{infos}<details><summary>Columns</summary><dl>
{columns}</dl></details>
<table>
<thead><tr>{names}</tr></thead>
<tbody>
"""
_NULL = b'<td class="null"></td>'


def write_html(
    columns: Sequence[Column], blocks: Iterable[tuple[int, bytes]], maxrec: int, infos: Sequence[Info] = ()
) -> Iterator[bytes]:
    """Yield a page; its last paragraph tells whether the result was cut, or why it broke off."""
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
    numbers = (f"td:nth-child({n})" for n, c in enumerate(columns, 1) if not is_text(c))
    right = f"{', '.join(numbers)} {{ text-align: right }}\n" if not all(map(is_text, columns)) else ""
    told = "".join(f"<pre>{_text(info.value)}</pre>\n" for info in infos if info.name == "QUERY")
    return _HEAD.format(
        style=_STYLE + right,
        infos=told,
        columns="".join(map(_description, columns)),
        names="".join(map(_name, columns)),
    )


def _description(column: Column) -> str:
    """Return what is known of a column, for those who have no pointer."""
    return f"<dt>{_text(column.name)}</dt><dd>{_text('; '.join(_known(column)))}</dd>\n"


def _known(column: Column) -> list[str]:
    parts = (column.description, column.unit and f"Unit: {column.unit}", column.ucd and f"UCD: {column.ucd}")
    return [part for part in parts if part]


def _name(column: Column) -> str:
    """Return the cell that heads a column; what else is known of it shows under the pointer."""
    unit = f"<small>{_text(column.unit)}</small>" if column.unit else ""
    tip = _text("\n".join(_known(column))).replace("\n", "&#10;")
    return f'<th scope="col" title="{tip}">{_text(column.name)}{unit}</th>'


def _text(text: str) -> str:
    return escape(legal(text)).replace("\r", "&#13;")
