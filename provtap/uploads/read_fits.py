"""Reads FITS inside a VOTable with astropy, after checking its sizes.

Source: VOTable 1.4, section 5.2; FITS 4.0, section 7.3.
"""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from provtap.uploads.fields import COMPLEX, Damaged, UploadField
from provtap.uploads.read_cells import RANGES

BLOCK_CELLS = 50_000
"""Items of cells that are converted at once."""


def fits_columns(
    data: bytes, fields: Sequence[UploadField], extension: int | None
) -> Iterator[list[list[Any]]]:
    """Yield the rows of a binary table in blocks, column by column: of *extension*, otherwise of the first.

    Raises: Damaged if there is no such table, or it does not match *fields*.
    """
    from astropy.io import fits  # a slow import

    try:
        with fits.open(io.BytesIO(data), memmap=False) as units:
            unit = _unit(units, extension)
            columns = _columns(unit, fields, len(data))
            rows = max(1, BLOCK_CELLS // sum(max(1, values[:1].size) for values, _ in columns))
            for at in range(0, unit.header["NAXIS2"], rows):
                yield [
                    _cells(values[at : at + rows], null, field)
                    for (values, null), field in zip(columns, fields, strict=True)
                ]
    except Damaged:
        raise
    except Exception as error:  # astropy and numpy raise many kinds of errors for damaged bytes
        raise Damaged("its FITS is damaged") from error


def _unit(units: Any, extension: int | None) -> Any:
    """Return the table, reading only headers."""
    from astropy.io.fits import BinTableHDU

    numbers = range(1, 100) if extension is None else [extension]
    for number in numbers:
        try:
            unit = units[number]
        except IndexError:
            break
        if isinstance(unit, BinTableHDU):
            return unit
    raise Damaged("its FITS has no binary table")


def _columns(unit: Any, fields: Sequence[UploadField], size: int) -> list[tuple[Any, int | None]]:
    """Return the cells of each column, and the value for null."""
    header = unit.header
    width, height = header["NAXIS1"], header["NAXIS2"]
    if width < 1 or height < 0 or width * height > size:
        raise Damaged("its FITS header declares more rows than the file has")
    if len(unit.columns) != len(fields):
        raise Damaged(f"its FITS has {len(unit.columns)} columns, its TABLE {len(fields)} FIELDs")
    for column, field in zip(unit.columns, fields, strict=True):
        if "P" in column.format or "Q" in column.format:
            raise Damaged(f"{field.label} has arrays of variable length, which are not supported in FITS")
    return [(unit.data.field(number), column.null) for number, column in enumerate(unit.columns)]


def _cells(values: Any, null: int | None, field: UploadField) -> list[Any]:
    """Return the cells of a column: texts, numbers, or a flat list of numbers for arrays."""
    rows = len(values)
    if field.is_text:
        return [str(text) or None for text in values.reshape(rows, -1)[:, 0]]
    values = _fitting(values, field)
    if values.dtype.kind == "c":
        values = values.copy().view(values.real.dtype)  # the copy makes the column contiguous
    if field.is_array:
        return [list(cell) for cell in values.reshape(rows, -1).tolist()]
    return [None if null is not None and cell == null else cell for cell in values.reshape(-1).tolist()]


def _fitting(values: Any, field: UploadField) -> Any:
    """Return the numbers of a column, after checking that they match its FIELD."""
    datatype = field.column.datatype
    if values.dtype.kind not in _KINDS.get(datatype, "iu"):
        raise Damaged(f"{field.label} does not have the datatype {datatype} in its FITS")
    if datatype == "bit":
        return values.astype(np.uint8)
    low, high = RANGES.get(datatype, (-np.inf, np.inf))
    numbers = np.abs(values) if values.dtype.kind == "c" else values
    finite = numbers[np.isfinite(numbers)]
    if finite.size and not (low <= finite.min() and finite.max() <= high):
        raise Damaged(f"{field.label} has numbers in its FITS that are out of the range of {datatype}")
    return values.astype(_SINGLE[datatype]) if datatype in _SINGLE else values


_FLOATS = "iuf"
_KINDS = {"boolean": "b", "bit": "b", "float": _FLOATS, "double": _FLOATS} | dict.fromkeys(COMPLEX, "c")
"""The numpy kinds of a datatype; all others are integers."""
_SINGLE = {"float": np.float32, "floatComplex": np.complex64}
