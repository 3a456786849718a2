"""Files with observations: headers of products, rows of tables, documents of CAOM."""

import csv
import gzip
import hashlib
import io
import os
import re
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from lxml import etree

from provtap.errors import DocumentError
from provtap.ingest.observations.expressions import Keywords
from provtap.ingest.parsing.json import parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers import ctao_datamodel, ecsv, files, products
from provtap.ingest.readers.headers.ctao import CONTENT_TYPES

_IS_VOTABLE = re.compile(rb"<(?:\w+:)?VOTABLE\b")
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20
_CHUNK = 10_000
"""Rows of a table that are converted to Python values at once."""
_CAOM = "http://www.opencadc.org/caom2/xml/"


@dataclass(frozen=True)
class Found:
    """A possible observation: the keywords of one header or row."""

    keywords: Keywords
    where: str = ""
    """Its position in the file, as ` (row 3)`."""
    product_id: str | None = None
    """The id of the product in its header."""


@dataclass(frozen=True)
class Source:
    """A file that was read: its header, and the rows of its table, if any."""

    path: Path
    header: Keywords | None
    """None for a table without keywords about itself as a product."""
    columns: frozenset[str]
    """The columns of its table, in upper case."""
    table: Iterable[Found]
    product_id: str | None = None
    is_product: bool = False
    """Whether it is the product itself, described in its header."""

    @property
    def place(self) -> str:
        """The absolute path."""
        return os.path.abspath(self.path)  # noqa: PTH100  as in the headers of products

    def checksums(self) -> list[str]:
        """Return the digests of the file, for finding it in provenance."""
        digests = [hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha256")]
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK):
                for digest in digests:
                    digest.update(block)
        return [digest.hexdigest() for digest in digests]


def read(path: Path) -> Source:
    """Return the content of a file.

    Raises: DocumentError if its format is not supported.
    """
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            file: Any = gzip.GzipFile(fileobj=plain) if packed else plain
            return _read(file, path)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DocumentError(f"it cannot be read: {reason.lower()}") from error


def _read(file: BinaryIO, path: Path) -> Source:
    start = file.read(4096)
    file.seek(0)
    form = files.form_of(start)
    if form is not None:
        return _product(file, path, form)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return _json(file.read(), path)
    if text.startswith(b"<"):
        content = file.read()
        return _caom(content, path) if _CAOM.encode() in start else _votable(content, path)
    return _csv(file, path, start)


def _product(file: BinaryIO, path: Path, form: str) -> Source:
    """Return a product with its header (the first value of each keyword), and the table in it."""
    headers = list(files.each_header(file, form))
    values: dict[str, Any] = {}
    for header in headers:
        for key, value in header.items():
            values.setdefault(key.removeprefix("HIERARCH ").upper(), value)
    for header in headers:
        if ctao_datamodel.speaks(Node(header, "the header")):
            for key, value in header.items():
                values.setdefault(ctao_datamodel.path(key).upper(), value)
    place = os.path.abspath(path)  # noqa: PTH100
    size = path.stat().st_size
    facts = {
        "$NAME": path.name,
        "$PATH": place,
        "$KBYTE": -(-size // 1000),
        "$MEDIA_TYPE": CONTENT_TYPES[form],
    }
    given = (products.identify(Node(header, "the header"), place, form) for header in headers)
    columns, table = _TABLES[form](path, values) if form in _TABLES else (frozenset[str](), ())
    product_id = next(filter(None, given), None)
    return Source(path, Keywords(values | facts), columns, table, product_id, is_product=True)


_Table = tuple[frozenset[str], Iterable[Found]]
"""The columns of a table, in upper case, and its rows, which are read lazily."""


def _fits_table(path: Path, header: Mapping[str, Any]) -> _Table:
    """Return the table of a FITS file: the index of observations, or the only table."""
    with _opened_fits(path) as hdus:
        tables = {at: hdu.header for at, hdu in enumerate(hdus) if hdu.header.get("XTENSION") in _FITS_TABLES}
        tables = {at: each for at, each in tables.items() if each.get("HDUCLAS2") == "OBS"} or tables
        if len(tables) != 1:
            return frozenset(), ()
        [(number, keywords)] = tables.items()
        columns = [str(keywords.get(f"TTYPE{n}", "")) for n in range(1, keywords.get("TFIELDS", 0) + 1)]
        units = {
            name.upper(): str(unit)
            for n, name in enumerate(columns, start=1)
            if (unit := keywords.get(f"TUNIT{n}"))
        }
    return frozenset(map(str.upper, columns)), _fits_rows(path, number, columns, units, header)


_FITS_TABLES = ("BINTABLE", "TABLE")


@contextmanager
def _opened_fits(path: Path) -> Iterator[Any]:
    from astropy.io import fits

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(path) as hdus:
                yield hdus
        except (ValueError, TypeError, KeyError, IndexError, OSError, EOFError, zlib.error) as error:
            raise DocumentError(f"its table cannot be read: {error}") from error


def _fits_rows(
    path: Path, number: int, columns: Iterable[str], units: Mapping[str, str], header: Mapping[str, Any]
) -> Iterator[Found]:
    with _opened_fits(path) as hdus:
        data = hdus[number].data
        arrays = {name.upper(): _fits_column(data, name) for name in columns} if data is not None else {}
    events = _event_lists(path) if {"OBS_ID", "RA_PNT"} <= arrays.keys() else {}
    for found in _array_rows(arrays, units, header):
        file = events.get(str(found.keywords["OBS_ID"]))
        if file is None:
            yield found
        else:
            size = {"$KBYTE": -(-file.stat().st_size // 1000)} if file.is_file() else {}
            values = {**found.keywords.values, "$EVENTS": os.path.abspath(file), **size}  # noqa: PTH100
            yield replace(found, keywords=Keywords(values, units))


def _fits_column(data: Any, name: str) -> Any:
    """Return a column with None for integers that stand for null (FITS 4.0, 7.3.2)."""
    values = np.asarray(data[name])
    null = data.columns[name].null
    if null in (None, "") or values.dtype.kind not in "iu" or not np.any(values == null):
        return values
    known = values.astype(object)
    known[values == null] = None
    return known


def _event_lists(index: Path) -> dict[str, Path]:
    """Return the files of event lists by OBS_ID, by the index of HDUs beside that of observations (GADF)."""
    for name in ("hdu-index.fits.gz", "hdu-index.fits"):
        path = index.parent / name
        if path.is_file():
            columns, rows = _fits_table(path, {})
            if not {"OBS_ID", "HDU_TYPE", "FILE_NAME"} <= columns:
                return {}
            return {
                str(row.keywords["OBS_ID"]): index.parent
                / str(row.keywords["FILE_DIR"] or "")
                / str(row.keywords["FILE_NAME"])
                for row in rows
                if str(row.keywords["HDU_TYPE"]).lower() == "events" and row.keywords["FILE_NAME"]
            }
    return {}


def _array_rows(
    arrays: Mapping[str, Any], units: Mapping[str, str], header: Mapping[str, Any]
) -> Iterator[Found]:
    """Yield the rows of columns given as arrays; missing columns come from the *header*."""
    length = max((len(array) for array in arrays.values()), default=0)
    for begin in range(0, length, _CHUNK):
        lists = {name: array[begin : begin + _CHUNK].tolist() for name, array in arrays.items()}
        for at in range(min(_CHUNK, length - begin)):
            values = {name: _plain(column[at]) for name, column in lists.items()}
            yield Found(_row(values, units, header), f" (row {begin + at + 1})")


def _row(values: Mapping[str, Any], units: Mapping[str, str], header: Mapping[str, Any]) -> Keywords:
    known = {key: value for key, value in values.items() if value is not None}
    return Keywords({**header, **known} if header else known, units)


def _plain(value: Any) -> Any:
    """Return the value of a cell; None if it is empty or not a number."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, np.ma.core.MaskedConstant) or isinstance(value, float) and value != value:
        return None
    return value


def _ecsv_table(path: Path, header: Mapping[str, Any]) -> _Table:
    from astropy.table.meta import get_header_from_yaml

    with _text(path) as file:
        lines = [line[1:].removeprefix(" ") for line in takewhile(lambda line: line.startswith("#"), file)]
    try:
        columns = [str(each["name"]).upper() for each in get_header_from_yaml(lines[1:])["datatype"]]
    except Exception as error:  # the YAML reader has many, and none in common
        raise DocumentError("the columns of this ECSV file cannot be read") from error
    return frozenset(columns), _ecsv_rows(path, header)


def _ecsv_rows(path: Path, header: Mapping[str, Any]) -> Iterator[Found]:
    from astropy.table import Table

    try:
        with warnings.catch_warnings(), _text(path) as file:
            warnings.simplefilter("ignore")
            table = Table.read(file.read(), format="ascii.ecsv")
    except Exception as error:  # as above
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DocumentError(f"its table cannot be read: {reason}") from error
    yield from _astropy_table(table, header)[1]


@contextmanager
def _text(path: Path) -> Iterator[Any]:
    with path.open("rb") as plain:
        packed = plain.read(2) == _GZIP
        plain.seek(0)
        file: Any = gzip.GzipFile(fileobj=plain) if packed else plain
        with io.TextIOWrapper(file, encoding="utf-8", errors="replace") as text:
            yield text


_TABLES: Mapping[str, Callable[[Path, Mapping[str, Any]], _Table]] = {
    "fits": _fits_table,
    "ecsv": _ecsv_table,
}


def _astropy_table(table: Any, header: Mapping[str, Any]) -> _Table:
    arrays = {str(name).upper(): _array(table[name]) for name in table.colnames}
    units = {str(name).upper(): str(table[name].unit) for name in table.colnames if table[name].unit}
    return frozenset(arrays), _array_rows(arrays, units, header)


def _array(column: Any) -> Any:
    """Return a column with None for masked values."""
    mask = getattr(column, "mask", None)
    if mask is None or not np.any(mask):
        return np.asarray(column)
    values = np.asarray(column).astype(object)
    values[np.asarray(mask).reshape(len(values), -1).all(axis=1)] = None
    return values


def _json(content: bytes, path: Path) -> Source:
    """Return the header of a product from a catalogue, without its file."""
    value, *further = parse(content)
    if further or not isinstance(value, dict):
        raise DocumentError("this JSON is not the header of one product")
    inner = next((value[key] for key in ("keywords", "metadata") if isinstance(value.get(key), dict)), value)
    header = ecsv.flattened(inner)
    keywords = {ctao_datamodel.path(key).upper(): each for key, each in header.items()}
    keywords |= {key.upper(): each for key, each in header.items()}
    return Source(
        path, Keywords(keywords), frozenset(), (), products.identify(Node(inner, "the header"), "", "")
    )


def _votable(content: bytes, path: Path) -> Source:
    from astropy.io.votable import parse

    if not _IS_VOTABLE.search(content):
        raise DocumentError("this XML is neither a VOTable nor an observation of CAOM")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tables = list(parse(io.BytesIO(content), verify="ignore").iter_tables())
    except Exception as error:  # as for ECSV
        reason = (str(error).splitlines() or ["it is no VOTable"])[0]
        raise DocumentError(f"this VOTable cannot be read: {reason.removeprefix('None:')}") from error
    if not tables:
        raise DocumentError("this VOTable has no table")
    return Source(path, None, *_astropy_table(tables[0].to_table(use_names_over_ids=True), {}))


def _csv(file: BinaryIO, path: Path, start: bytes) -> Source:
    """Return the rows of a text with separators; its first line has the names of columns."""
    first = start.partition(b"\n")[0].decode("utf-8", errors="replace").removeprefix("\ufeff")
    if b"\0" in start or not any(mark in first for mark in ",;\t"):
        raise DocumentError("it is no FITS, HDF5, ECSV, VOTable, JSON or CSV file")
    separator = max(",;\t", key=first.count)
    content = io.StringIO(file.read().decode("utf-8-sig", errors="replace"), newline="")
    reader = csv.DictReader(content, delimiter=separator)
    columns = frozenset(name.strip().upper() for name in reader.fieldnames or ())
    return Source(path, None, columns, _csv_rows(reader))


def _csv_rows(reader: "csv.DictReader[str]") -> Iterator[Found]:
    for row in _refused(reader):
        cells = {
            key.strip().upper(): cell.strip() for key, cell in row.items() if key and isinstance(cell, str)
        }
        known = {key: cell for key, cell in cells.items() if cell and cell.lower() != "null"}
        yield Found(Keywords(known), f" (line {reader.line_num})")


def _refused(reader: "csv.DictReader[str]") -> Iterator[dict[str | None, Any]]:
    try:
        yield from reader
    except csv.Error as error:
        raise DocumentError(f"line {reader.line_num + 1} cannot be read: {error}") from error


def _caom(content: bytes, path: Path) -> Source:
    """Return the planes of an observation, with the column names of CAOM tables."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise DocumentError(f"this is not XML: {error.msg}") from error
    common = _flat(child for child in root if _name(child) not in {"planes", "members"})
    planes = [plane for plane in root.iter() if _name(plane) == "plane"]
    rows = [
        Found(Keywords({**common, **_plane(plane, common)}), f" (plane {number})")
        for number, plane in enumerate(planes, start=1)
    ]
    columns = frozenset[str]().union(*(found.keywords.values for found in rows))
    return Source(path, None, columns, rows)


def _plane(plane: Any, common: Mapping[str, Any]) -> dict[str, Any]:
    values = _flat(child for child in plane if _name(child) != "artifacts")
    artifacts = [each for each in plane.iter() if _name(each) == "artifact"]
    kinds = [_flat(artifact, "ARTIFACT_") for artifact in artifacts]
    best = next((a for a in kinds if a.get("ARTIFACT_PRODUCTTYPE") in {"science", "this"}), {})
    values |= {key: value for key, value in best.items() if value is not None}
    points = [
        tuple(float(each.text or "nan") for each in point if _name(each) in {"cval1", "cval2"})
        for bounds in plane.iter()
        if _name(bounds) == "points"
        for point in bounds
    ]
    if len(points) >= 3 and all(len(point) == 2 for point in points):
        values["POSITION_BOUNDS_STCS"] = "Polygon ICRS " + " ".join(
            f"{n:.10g}" for point in points for n in point
        )
        values["POSITION_BOUNDS_CENTER_CVAL1"], values["POSITION_BOUNDS_CENTER_CVAL2"] = _centre(points)
    return values


def _centre(points: list[tuple[float, ...]]) -> tuple[float, float]:
    """Return the direction of the vector sum of the vertices, in degrees."""
    lon, lat = np.radians(np.array(points)).T
    x, y, z = (np.cos(lat) * np.cos(lon)).sum(), (np.cos(lat) * np.sin(lon)).sum(), np.sin(lat).sum()
    return float(np.degrees(np.arctan2(y, x)) % 360), float(np.degrees(np.arctan2(z, np.hypot(x, y))))


def _flat(elements: Iterable[Any], before: str = "") -> dict[str, Any]:
    """Return the first text at each path inside *elements*; paths are joined with `_`."""
    values: dict[str, Any] = {}
    for element in elements:
        name = before + _name(element).upper()
        if len(element):
            for key, value in _flat(element, f"{name}_").items():
                values.setdefault(key, value)
        elif element.text and element.text.strip():
            values.setdefault(name, element.text.strip())
    return values


def _name(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
