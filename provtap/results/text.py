"""Text: a table in aligned columns for a terminal, without control characters."""

import re
from collections.abc import Iterable, Iterator, Sequence

from provtap.results.blocks import Rows
from provtap.results.cells import NULL, is_text, set_aside
from provtap.results.votable import Info
from provtap.tableset import Column

WIDEST = 60
"""Maximum width of a column in characters; longer cells shift the rest of their row to the right."""
_NULL = b"--"
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def write_text(
    columns: Sequence[Column], blocks: Iterable[tuple[int, bytes]], maxrec: int, infos: Sequence[Info] = ()
) -> Iterator[bytes]:
    r"""Yield names, a rule, rows and a last line with the number of rows, and a note on an overflow.

    Line ends and tabs are shown as `\n` and `\t`. The first rows determine the widths.
    """
    rows, count = Rows(blocks, maxrec), 0
    widths: list[int] = []
    for block in rows:
        table = _table(block)
        count += len(table)
        if not widths:
            widths = _widths(columns, table)
            yield _head(columns, widths)
        yield _lines(table, columns, widths)
    if not widths:
        yield _head(columns, _widths(columns, []))
    yield f"({count} row{'' if count == 1 else 's'}){' ' + rows.cut if rows.overflow else ''}\n".encode()


def _table(block: bytes) -> list[list[str]]:
    """Return the cells of each row in their displayed form."""
    shown = set_aside(block).replace(NULL, _NULL).replace(b"\xff", b"\\")
    return [row.split("\t") for row in _harmless(shown[:-1].decode()).split("\n")]


def _harmless(text: str) -> str:
    """Replace control characters, and those that change the direction of text, except tabs and line ends."""
    return _CONTROL.sub("?", text)


def _widths(columns: Sequence[Column], table: list[list[str]]) -> list[int]:
    return [min(WIDEST, max(map(len, cells))) for cells in zip(_names(columns), *table, strict=True)]


def _head(columns: Sequence[Column], widths: list[int]) -> bytes:
    return _lines([_names(columns), ["-" * width for width in widths]], columns, widths)


def _names(columns: Sequence[Column]) -> list[str]:
    return [" ".join(_harmless(column.name).split()) for column in columns]


def _lines(table: list[list[str]], columns: Sequence[Column], widths: list[int]) -> bytes:
    """Return rows as lines, with numbers aligned to the right."""
    form = "  ".join(
        f"%{'-' if is_text(c) else ''}{width}s" for c, width in zip(columns, widths, strict=True)
    )
    return "".join([f"{(form % tuple(row)).rstrip()}\n" for row in table]).encode()
