"""Converts the keywords of a header or row to a row of ObsCore, and checks each column."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from provtap.errors import ProvtapError
from provtap.ingest.observations.expressions import Keywords, number, text
from provtap.ingest.observations.mapping import ObservationMapping
from provtap.tableset import Column

PRODUCT_TYPES = ("image", "cube", "spectrum", "sed", "timeseries", "visibility", "event", "measurements")
_INTEGERS = {"short": 15, "int": 31, "long": 63}
_DIGEST = re.compile(r"(?:[A-Za-z0-9-]+:)?([0-9A-Fa-f]{8,128})")


class NoObservation(Exception):
    """A header or row is not an observation; the text is the reason."""


class WrongValue(Exception):
    """A value is not allowed in its column; the text is the reason."""


@dataclass(frozen=True)
class Naming:
    """Makes ids for data products without one."""

    collection: str | None = None
    """The collection of all of them, which overrides their sources."""
    authority: str | None = None
    """The prefix of their ids, `ivo://authority/path`."""

    def did(self, row: Mapping[str, Any], product_id: str | None, file_name: str | None) -> str:
        """Return the id of a product: with this authority, from its header, or made from names."""
        if product_id and not self.authority:
            return product_id
        names = [row["obs_collection"], row["obs_id"], *([file_name] if file_name else [])]
        parts = [quote(name, safe="") for name in names]
        return (
            f"{self.authority}?{'/'.join(parts)}"
            if self.authority
            else f"urn:x-provtap:product:{':'.join(parts)}"
        )


def observation(
    keywords: Keywords,
    mapping: ObservationMapping,
    columns: Sequence[Column],
    naming: Naming,
    product_id: str | None = None,
    file_name: str | None = None,
) -> dict[str, Any]:
    """Return the row of an observation: its columns, and values that are not published.

    *product_id* and *file_name* belong to the file of the product.

    Raises: NoObservation, WrongValue.
    """
    row: dict[str, Any] = {}
    for column in columns:
        row[column.name] = _value(column, keywords, mapping)
    if naming.collection:
        row["obs_collection"] = naming.collection
    _refuse_unknown(row, columns, mapping)
    given = {name: _unpublished(name, keywords, mapping) for name in ("product_id", "location", "checksum")}
    product_id = given["product_id"] or product_id
    if row["obs_publisher_did"] is None:
        row["obs_publisher_did"] = naming.did(row, product_id, file_name)
    if len(row["obs_publisher_did"].encode()) > 1000:
        raise WrongValue("obs_publisher_did is longer than 1000 bytes")
    digest = _DIGEST.fullmatch(given["checksum"] or "")
    return row | {
        "ob_product_id": product_id,
        "ob_place": given["location"],
        "ob_checksums": [digest[1].lower()] if digest else [],
    }


def _refuse_unknown(row: Mapping[str, Any], columns: Sequence[Column], mapping: ObservationMapping) -> None:
    for column in columns:
        if row[column.name] is None and not column.nullable and column.name != "obs_publisher_did":
            expression = mapping.columns.get(column.name)
            told = f"({expression.text})" if expression else f"(the mapping {mapping.name} does not give it)"
            raise NoObservation(f"{column.name} is not known {told}")


def _unpublished(name: str, keywords: Keywords, mapping: ObservationMapping) -> str | None:
    expression = mapping.columns.get(name)
    try:
        value = expression.value(keywords) if expression else None
    except ValueError as error:
        raise WrongValue(f"{name}: {error}") from error
    return None if value is None else text(value)


def _value(column: Column, keywords: Keywords, mapping: ObservationMapping) -> Any:
    """Return the value of a column in the type of the table; None if unknown."""
    expression = mapping.columns.get(column.name)
    if expression is None:
        return None
    try:
        value = expression.value(keywords)
        if value is None or value == "":
            return None
        unit = expression.unit(keywords)
        if unit and column.unit and unit != column.unit:
            value = _converted(value, unit, column.unit)
        return _CHECKS.get(column.name, _typed)(column, value)
    except ValueError as error:
        raise WrongValue(f"{column.name}: {error}") from error


def _converted(value: Any, given: str, wanted: str) -> Any:
    from astropy import units

    try:
        return float((number(value) * units.Unit(given)).to_value(units.Unit(wanted), units.spectral()))
    except (ValueError, units.UnitConversionError):
        raise ValueError(f"the unit {given} cannot become {wanted}") from None


def _typed(column: Column, value: Any) -> Any:
    if column.datatype in _INTEGERS:
        return _integer(value, _INTEGERS[column.datatype])
    if column.datatype in {"float", "double"}:
        return number(value)
    if column.xtype == "timestamp":
        return _time(value)
    return text(value).replace("\0", "") or None


def _integer(value: Any, bits: int) -> int:
    found = number(value)
    whole = int(value) if isinstance(value, int) else int(found)
    if whole != found or abs(whole) >= 2**bits:
        raise ValueError(f"{value!r} is not a whole number of {bits + 1} bits")
    return whole


def _time(value: Any) -> datetime:
    if isinstance(value, datetime):
        found = value
    else:
        try:
            found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text(value)))
        except ValueError:
            raise ValueError(f"{value!r} is not a time by ISO 8601") from None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _product_type(column: Column, value: Any) -> str:
    given = text(value).lower()
    if given not in PRODUCT_TYPES:
        raise ValueError(f"{value!r} must be one of {', '.join(PRODUCT_TYPES)}")
    return given


def _level(column: Column, value: Any) -> int:
    level = _integer(value, 31)
    if not 0 <= level <= 4:
        raise ValueError(f"{value!r} must be between 0 and 4")
    return level


def _longitude(column: Column, value: Any) -> float:
    found = number(value)
    if not -360 <= found <= 360:
        raise ValueError(f"{value!r} must be between 0 and 360 degrees")
    return found % 360.0 % 360.0  # a tiny negative number becomes 360


def _kbytes(column: Column, value: Any) -> int:
    return math.ceil(number(value))


def _latitude(column: Column, value: Any) -> float:
    found = number(value)
    if not -90 <= found <= 90:
        raise ValueError(f"{value!r} must be between -90 and 90 degrees")
    return found


_CHECKS: Mapping[str, Callable[[Column, Any], Any]] = {
    "dataproduct_type": _product_type,
    "calib_level": _level,
    "access_estsize": _kbytes,
    "s_ra": _longitude,
    "s_dec": _latitude,
}


def said(error: Exception) -> str:
    """Return the text of an error about a file or row, without the final full stop."""
    message = error.message if isinstance(error, ProvtapError) else str(error)
    return message.rstrip(".")
