"""CSV and TSV, with a line of column names (DALI 1.1, section 3.4.3; RFC 4180).

Neither format can report an overflow or an error: a late error is raised, so that the transfer breaks off
instead of looking complete.
"""

from collections.abc import Iterable, Iterator, Sequence

from provtap.results.blocks import Rows
from provtap.results.cells import ESCAPES, unescape
from provtap.results.votable import Info
from provtap.tableset import Column


def write_csv(
    columns: Sequence[Column],
    blocks: Iterable[tuple[int, bytes]],
    maxrec: int,
    infos: Sequence[Info] = (),
    *,
    header: bool = True,
) -> Iterator[bytes]:
    """Yield PostgreSQL's own CSV: UTF-8, lines end in LF, `""` is an empty text, an empty cell is null."""
    if header:
        yield f"{','.join(_csv_cell(c.name) for c in columns)}\n".encode()
    yield from Rows(blocks, maxrec)


def _csv_cell(text: str) -> str:
    if not text or any(c in text for c in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def write_tsv(
    columns: Sequence[Column],
    blocks: Iterable[tuple[int, bytes]],
    maxrec: int,
    infos: Sequence[Info] = (),
    *,
    header: bool = True,
) -> Iterator[bytes]:
    """Yield tab-separated values: white space within a cell becomes a blank, null is an empty cell."""
    if header:
        yield "\t".join(" ".join(c.name.split()) for c in columns).encode() + b"\n"
    for block in Rows(blocks, maxrec):
        yield unescape(block, _ESCAPES)


_ESCAPES = tuple((escaped, b" " if character.isspace() else character) for escaped, character in ESCAPES)
"""TSV allows neither tabs nor line ends within a cell."""
