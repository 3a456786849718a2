"""Parquet with the metadata of a VOTable (VOParquet 1.0), one row group at a time, with pyarrow."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from provtap.results.blocks import NumberRows, Rows
from provtap.results.cells import NULL, PRIMITIVES, TRUTH, Numbers, distinct, numbers, split, texts
from provtap.results.votable import Field, Info, write_metadata
from provtap.tableset import Column

GROUP = 4_000_000
"""Size of a row group in memory, in bytes."""


def write_parquet(
    columns: Sequence[Column],
    blocks: Iterable[tuple[int, bytes]],
    maxrec: int,
    infos: Sequence[Info] = (),
    *,
    binary: bool = False,
) -> Iterator[bytes]:
    """Yield a Parquet file; its VOTable, which is written last, has the QUERY_STATUS.

    The blocks may be in COPY's *binary* form if all columns are numbers.
    """
    # Set before the import, to affect all of Arrow, whose own allocator keeps 35 MB.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    sent = [_sent(column) for column in distinct(columns)]
    schema = pyarrow.schema([(c.name, _type(c)) for c in sent])
    batch = partial(_number_batch, NumberRows(columns), schema) if binary else partial(_batch, sent, schema)
    rows = Rows(blocks, maxrec)
    file = _Pieces()
    with ParquetWriter(file, schema) as writer:
        for group in _groups(map(batch, rows)):
            writer.write_table(group)
            yield file.taken()
        status = Info("QUERY_STATUS", "OVERFLOW", rows.cut) if rows.overflow else Info("QUERY_STATUS", "OK")
        votable = write_metadata([Field(c) for c in sent], infos, status=status)
        writer.add_key_value_metadata(
            {"IVOA.VOTable-Parquet.version": "1.0", "IVOA.VOTable-Parquet.content": votable}
        )
    yield file.taken()


class _Pieces:
    """A file that only passes on the written bytes."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes) -> int:
        """Store a copy of a piece, which may be a reused buffer."""
        self._pieces.append(bytes(piece))
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Return the number of written bytes."""
        return self._size

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Close the file."""
        self.closed = True

    def taken(self) -> bytes:
        """Return the bytes written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _groups(batches: Iterable[Any]) -> Iterator[Any]:
    """Join batches of rows into tables of the size of a row group."""
    import pyarrow

    group, size = [], 0
    for batch in batches:
        group.append(batch)
        size += batch.nbytes
        if size >= GROUP:
            yield pyarrow.Table.from_batches(group)
            group, size = [], 0
    if group:
        yield pyarrow.Table.from_batches(group)


def _sent(column: Column) -> Column:
    """Return a column as declared in its FIELD: texts are unicodeChar of any length, in UTF-8."""
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


def _batch(columns: Sequence[Column], schema: Any, block: bytes) -> Any:
    """Return a block as rows of Arrow."""
    import pyarrow

    cells = split(block)
    arrays = [_array(cells[n :: len(columns)], c, schema.types[n]) for n, c in enumerate(columns)]
    return pyarrow.RecordBatch.from_arrays(arrays, schema=schema)


def _number_batch(rows: NumberRows, schema: Any, block: bytes) -> Any:
    """Return a block in COPY's binary form as rows of Arrow."""
    import pyarrow

    arrays = map(_numbers, rows.columns(block), schema.types)
    return pyarrow.RecordBatch.from_arrays(list(arrays), schema=schema)


def _array(cells: list[bytes], column: Column, type_: Any) -> Any:
    """Return the cells of a column as an array of Arrow."""
    import pyarrow

    primitive = PRIMITIVES.get(column.datatype)
    if primitive is None:
        return pyarrow.array(texts(cells), type_)
    if column.datatype == "boolean" or column.arraysize:
        parse = TRUTH.__getitem__ if column.datatype == "boolean" else primitive.parse
        lists = [None if cell == NULL else list(map(parse, cell.split())) for cell in cells]
        return pyarrow.array(lists if column.arraysize else [v and v[0] for v in lists], type_)
    return _numbers(numbers(cells, primitive), type_)


def _numbers(column: Numbers, type_: Any) -> Any:
    """Return numbers as an array of Arrow."""
    import pyarrow

    dtype = pyarrow.array([], type_).to_numpy(zero_copy_only=False).dtype  # to_pandas_dtype imports pandas
    return pyarrow.array(column.values.astype(dtype), type_, mask=column.nulls)
