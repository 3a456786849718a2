"""CSV and TSV, with a line of column names (DALI 1.1, section 3.4.3; RFC 4180).

Neither format can tell that a result was cut, nor why it ends too early: a late failure is raised, so
that the transfer breaks off instead of looking complete.
"""

from collections.abc import Iterable, Iterator, Sequence

from provtap.results.blocks import Rows
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
    """Yield PostgreSQL's own CSV: UTF-8, lines ended by LF, `""` is an empty text and nothing is null."""
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
) -> Iterator[bytes]:
    """Yield tab-separated values: white space within a cell becomes a blank, null is an empty cell."""
    yield "\t".join(" ".join(c.name.split()) for c in columns).encode() + b"\n"
    for block in Rows(blocks, maxrec):
        yield _cells(block) if b"\\" in block else block


def _cells(block: bytes) -> bytes:
    """Undo the escapes of COPY's text form, but for tabs and line ends, which TSV can't hold."""
    block = block.replace(rb"\\", b"\0")  # a NUL can't be in PostgreSQL's text
    for escape, character in _CHARACTERS:
        block = block.replace(escape, character)
    return block.replace(b"\0", b"\\")


_CHARACTERS = (
    (rb"\t", b" "),
    (rb"\n", b" "),
    (rb"\r", b" "),
    (rb"\v", b" "),
    (rb"\f", b" "),
    (rb"\b", b"\b"),
)
