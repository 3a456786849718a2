"""FITS inside a VOTable: its rows, read by astropy once their sizes are known to be true.

Source: VOTable 1.4, section 5.2; FITS 4.0, section 7.3.
"""

import io
from collections.abc import Sequence
from typing import Any

from astropy.io import fits

from provtap.uploads.fields import Field


def fits_columns(data: bytes, fields: Sequence[Field], extension: int | None) -> list[list[Any]]:
    """Return the rows, column by column, of a binary table: of this *extension*, else of the first one.

    Raises: ValueError, with what to tell, if there is none, or one that does not fit *fields*.
    """
    try:
        with fits.open(io.BytesIO(data), memmap=False) as units:
            return _columns(_unit(units, extension), fields, len(data))
    except (OSError, TypeError, KeyError, IndexError, AttributeError, Warning) as error:
        raise ValueError("its FITS is damaged") from error


def _unit(units: Any, extension: int | None) -> Any:
    """Return the table; only headers are read for this."""
    numbers = range(1, 100) if extension is None else [extension]
    for number in numbers:
        try:
            unit = units[number]
        except IndexError:
            break
        if isinstance(unit, fits.BinTableHDU):
            return unit
    raise ValueError("its FITS has no binary table")


def _columns(unit: Any, fields: Sequence[Field], size: int) -> list[list[Any]]:
    header = unit.header
    width, height = header["NAXIS1"], header["NAXIS2"]
    if width < 1 or width * height > size:
        raise ValueError("its FITS tells of more rows than it has")
    if len(unit.columns) != len(fields):
        raise ValueError(f"its FITS has {len(unit.columns)} columns, its TABLE {len(fields)} FIELDs")
    for column, field in zip(unit.columns, fields, strict=True):
        if "P" in column.format or "Q" in column.format:
            raise ValueError(f"{field.label} has arrays of varying length, which are not read from FITS")
    return [
        _cells(unit.data.field(number), column.null, field)
        for number, (column, field) in enumerate(zip(unit.columns, fields, strict=True))
    ]


def _cells(values: Any, null: int | None, field: Field) -> list[Any]:
    """Return the cells of a column: texts, numbers, or for an array a flat list of numbers."""
    if field.is_text:
        return [str(text) or None for text in values.reshape(len(values), -1)[:, 0]]
    if values.dtype.kind not in "biufc":
        raise ValueError(f"{field.label} is no number in its FITS")
    if values.dtype.kind == "c":
        values = values.view(values.real.dtype)
    if field.is_array:
        return [list(cell) for cell in values.reshape(len(values), -1).tolist()]
    return [None if null is not None and cell == null else cell for cell in values.reshape(-1).tolist()]
