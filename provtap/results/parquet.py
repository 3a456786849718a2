"""Parquet with the metadata of a VOTable (VOParquet 1.0), a row group at a time, by pyarrow."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from provtap.results.blocks import Rows
from provtap.results.cells import NULL, PRIMITIVES, distinct, split, texts
from provtap.results.votable import Field, Info, write_metadata
from provtap.tableset import Column

GROUP = 8_000_000
"""Bytes of COPY's text that make a row group: what memory has to hold."""


def write_parquet(
    columns: Sequence[Column], blocks: Iterable[tuple[int, bytes]], maxrec: int, infos: Sequence[Info] = ()
) -> Iterator[bytes]:
    """Yield a Parquet file; its VOTable, written last, has the QUERY_STATUS."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    sent = [_sent(column) for column in distinct(columns)]
    schema = pyarrow.schema([(c.name, _type(c)) for c in sent])
    rows = Rows(blocks, maxrec)
    file = _Pieces()
    with ParquetWriter(file, schema, compression="snappy") as writer:
        for group in _groups(rows):
            writer.write_table(_arrow(group, sent, schema))
            yield file.taken()
        status = Info("QUERY_STATUS", "OVERFLOW", rows.cut) if rows.overflow else Info("QUERY_STATUS", "OK")
        votable = write_metadata([Field(c) for c in sent], infos, status=status)
        writer.add_key_value_metadata(
            {"IVOA.VOTable-Parquet.version": "1.0", "IVOA.VOTable-Parquet.content": votable}
        )
    yield file.taken()


class _Pieces:
    """A file that only gives on what is written to it."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes) -> int:
        """Take a piece, which may be a buffer that is used again."""
        self._pieces.append(bytes(piece))
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._size

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Let nothing more be written."""
        self.closed = True

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _groups(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Join blocks to the size of a row group."""
    group, size = [], 0
    for block in blocks:
        group.append(block)
        size += len(block)
        if size >= GROUP:
            yield b"".join(group)
            group, size = [], 0
    if group:
        yield b"".join(group)


def _sent(column: Column) -> Column:
    """Return a column as its FIELD declares it: texts are unicodeChar of any length, in UTF-8."""
    if column.datatype in PRIMITIVES:
        return column
    datatype = "char" if column.xtype == "timestamp" else "unicodeChar"
    return replace(column, datatype=datatype, arraysize="*")


_TYPES = {
    "boolean": "bool",
    "unsignedByte": "uint8",
    "short": "int16",
    "int": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
}


def _type(column: Column) -> Any:
    """Return the type of a column in Arrow."""
    import pyarrow

    type_ = pyarrow.type_for_alias(_TYPES.get(column.datatype, "string"))
    return pyarrow.list_(type_) if column.datatype in _TYPES and column.arraysize else type_


def _arrow(block: bytes, columns: Sequence[Column], schema: Any) -> Any:
    """Return a block as a table of Arrow."""
    import pyarrow

    cells = split(block)
    values = [_values(cells[number :: len(columns)], column) for number, column in enumerate(columns)]
    arrays = [pyarrow.array(v, t) for v, t in zip(values, schema.types, strict=True)]
    return pyarrow.Table.from_arrays(arrays, schema=schema)


def _values(cells: list[bytes], column: Column) -> list[Any]:
    if column.datatype not in PRIMITIVES:
        return texts(cells)
    parse = {b"t": True, b"f": False}.__getitem__ if column.datatype == "boolean" else None
    parse = parse or PRIMITIVES[column.datatype].parse
    if column.arraysize:
        return [None if cell == NULL else list(map(parse, cell.split())) for cell in cells]
    return [None if cell == NULL else parse(cell) for cell in cells]
