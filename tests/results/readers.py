"""Readers of every format: the rows of a document as Python values, None where it says null."""

import base64
import csv
import io
import json
import re
import struct
from xml.etree import ElementTree

import numpy as np
from astropy.io import fits

from tests.results.tables import read

NAMESPACE = "{http://www.ivoa.net/xml/VOTable/v1.3}"
FORMS = {"short": ">h", "int": ">i", "long": ">q", "float": ">f", "double": ">d", "unsignedByte": ">B"}


def plain(value):
    """Return a value of numpy as one of Python."""
    if value is np.ma.masked:
        return None
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value


def by_astropy(document):
    """Return the rows of a VOTable; astropy takes NaN and empty cells for null."""
    table = read(document).get_first_table().array
    return [[plain(row[name]) for name in table.dtype.names] for row in table]


def tabledata(document):
    rows = ElementTree.fromstring(document).iter(f"{NAMESPACE}TR")
    return [[cell.text or None for cell in row] for row in rows]


def binary2(document):
    """Return the rows of a BINARY2 by the letter of VOTable 1.4, section 5.4; flags decide what is null."""
    root = ElementTree.fromstring(document)
    fields = [field.attrib for field in root.iter(f"{NAMESPACE}FIELD")]
    stream = io.BytesIO(base64.b64decode(root.find(f".//{NAMESPACE}STREAM").text))
    rows = []
    while flags := stream.read((len(fields) + 7) // 8):
        nulls = "".join(f"{byte:08b}" for byte in flags)
        assert "1" not in nulls[len(fields) :]
        cells = [_cell(stream, field) for field in fields]
        rows.append([None if null == "1" else cell for null, cell in zip(nulls, cells, strict=False)])
    return rows


def _cell(stream, field):
    datatype, arraysize = field["datatype"], field.get("arraysize", "1")
    (count,) = struct.unpack(">i", stream.read(4)) if arraysize == "*" else (int(arraysize),)
    if datatype in ("char", "unicodeChar"):
        size, encoding = (1, "ascii") if datatype == "char" else (2, "utf-16-be")
        return stream.read(size * count).decode(encoding)
    if datatype == "boolean":
        return {b"T": True, b"F": False, b"\0": None}[stream.read(1)]
    form = FORMS[datatype]
    values = [struct.unpack(form, stream.read(struct.calcsize(form)))[0] for _ in range(count)]
    return values if "arraysize" in field else values[0]


def lines(document):
    """Return the rows of a CSV."""
    return [[cell or None for cell in row] for row in csv.reader(io.StringIO(document.decode(), newline=""))][
        1:
    ]


def objects(document):
    return json.loads(document)["rows"]


def fits_rows(document):
    """Return the rows of the table of a FITS file, as the header tells null."""
    with fits.open(io.BytesIO(document), logical_as_bytes=True) as file:
        file.verify("exception")
        formats, nulls = file[1].columns.formats, file[1].columns.nulls
        return [
            [_fits_value(plain(v), *traits) for v, *traits in zip(row, formats, nulls, strict=True)]
            for row in file[1].data
        ]


def _fits_value(value, form, null):
    if form == "L":
        return {b"T": True, b"F": False, b"": None}[value]
    return None if null != "" and value == null else value


def parquet(document):
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(io.BytesIO(document))
    return [list(row) for row in zip(*(c.to_pylist() for c in table.columns), strict=True)]


def html(document):
    """Return the rows of a page, which is well-formed XML."""
    text = re.sub("^<!DOCTYPE html>", "", document.decode())
    rows = ElementTree.fromstring(text).iter("{http://www.w3.org/1999/xhtml}tr")
    return [[None if c.get("class") == "null" else c.text or "" for c in row] for row in list(rows)[1:]]
