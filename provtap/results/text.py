"""Text: a table in aligned columns, for a terminal. Nothing in it can steer the terminal."""

import re
from collections.abc import Iterable, Iterator, Sequence

from provtap.results.blocks import Rows
from provtap.results.cells import is_text, split
from provtap.results.votable import Info
from provtap.tableset import Column

WIDEST = 60
"""Characters that a column is made wide at most; longer cells push the rest of their row to the right."""
_NULL = "--"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def write_text(
    columns: Sequence[Column], blocks: Iterable[tuple[int, bytes]], maxrec: int, infos: Sequence[Info] = ()
) -> Iterator[bytes]:
    r"""Yield names, a rule, rows and a last line that tells how many there are and whether that is all.

    Line ends and tabs are shown as COPY escapes them, `\n` and `\t`. The first rows decide the widths.
    """
    rows, count = Rows(blocks, maxrec), 0
    widths: list[int] = []
    for block in rows:
        table = _table(block, columns)
        count += len(table)
        if not widths:
            widths = _widths(columns, table)
            yield _head(columns, widths)
        yield _lines(table, columns, widths)
    if not widths:
        yield _head(columns, _widths(columns, []))
    yield f"({count} row{'' if count == 1 else 's'}){' ' + rows.cut if rows.overflow else ''}\n".encode()


def _table(block: bytes, columns: Sequence[Column]) -> list[list[str]]:
    """Return the cells of each row as they are shown."""
    cells = [_shown(cell) for cell in split(block)]
    return [cells[start : start + len(columns)] for start in range(0, len(cells), len(columns))]


def _shown(cell: bytes) -> str:
    return _NULL if cell == rb"\N" else _harmless(cell.replace(rb"\\", b"\\").decode())


def _harmless(text: str) -> str:
    """Replace what steers a terminal, or turns the direction of writing."""
    return _CONTROL.sub("?", text)


def _widths(columns: Sequence[Column], table: list[list[str]]) -> list[int]:
    names = [_harmless(column.name) for column in columns]
    return [min(WIDEST, max(map(len, cells))) for cells in zip(names, *table, strict=True)]


def _head(columns: Sequence[Column], widths: list[int]) -> bytes:
    names = [_harmless(column.name) for column in columns]
    return _lines([names, ["-" * width for width in widths]], columns, widths)


def _lines(table: list[list[str]], columns: Sequence[Column], widths: list[int]) -> bytes:
    """Return rows as lines, numbers to the right."""
    aligned = [str.ljust if is_text(column) else str.rjust for column in columns]
    lines = (
        "  ".join(
            align(cell, width) for align, cell, width in zip(aligned, row, widths, strict=True)
        ).rstrip()
        for row in table
    )
    return "".join(f"{line}\n" for line in lines).encode()
