"""Uploads that are nearly right: documents of every kind, with a few changes that chance makes.

For a long run, which stops where a reader fails and leaves `mutant.vot`:
`python -m tests.uploads.mutants SECONDS [SEED]`.
"""

import io
import logging
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from astropy.io import fits

from provtap.config import Settings
from provtap.errors import ProvtapError
from provtap.uploads import read_uploads
from tests.uploads.documents import HEAD, binary, document, tabledata

SETTINGS = Settings(upload_bytes=1_000_000)
NUMBERS = ["0", "1", "-1", "7", "8", "19", "255", "65536", "999999", "2147483647", "4294967296", "9" * 19]
SIZES = [*NUMBERS, "*", "3*", "2x*", "0x*", "2x0", "999999999x999999999", "x", "**", "2x3*"]
DATATYPES = ["boolean", "bit", "unsignedByte", "short", "int", "long", "float", "double"]
DATATYPES += ["floatComplex", "doubleComplex", "char", "unicodeChar", "string"]
WORDS = [
    "NaN",
    "Infinity",
    "-inf",
    "1e999",
    "1_0",
    "0x1F",
    "٣",
    "T",
    "?",
    "\t",
    "2026-02-30T25:61:00",
    "9999-12-31",
]
WORDS += [
    "0001-01-01T00:00:00",
    '"{}\\',
    "NULL",
    "&#0;",
    "&#x10FFFF;",
    "]]>",
    "<![CDATA[1]]>",
    "<!-- -->",
    "é",
    "𝕏",
]
XTYPES = ["timestamp", "adql:TIMESTAMP", "point", "circle", "polygon", "adql:POINT", ""]
TAGS = [
    "<TR>",
    "</TR>",
    "<TD>",
    "</TD>",
    "<TD/>",
    "<TABLE>",
    "</TABLE>",
    "<DATA>",
    "<STREAM>",
    "<FIELD/>",
    "<VALUES/>",
]

FIELDS = "".join(
    f'<FIELD name="c{number}" {attributes}>{null}</FIELD>'
    for number, (attributes, null) in enumerate(
        [
            ('datatype="boolean"', ""),
            ('datatype="unsignedByte"', '<VALUES null="255"/>'),
            ('datatype="short"', '<VALUES null="-32768"/>'),
            ('datatype="int" arraysize="2"', ""),
            ('datatype="long"', ""),
            ('datatype="float"', ""),
            ('datatype="double" arraysize="2" xtype="point"', ""),
            ('datatype="floatComplex"', ""),
            ('datatype="bit" arraysize="9"', ""),
            ('datatype="char" arraysize="4"', ""),
            ('datatype="unicodeChar" arraysize="2"', ""),
            ('datatype="char" arraysize="19" xtype="timestamp"', ""),
        ]
    )
)
VARYING = (
    '<FIELD name="v0" datatype="char" arraysize="*"/><FIELD name="v1" datatype="double" arraysize="2x*"/>'
    '<FIELD name="v2" datatype="bit" arraysize="*"/>'
)
ROW = [
    "T",
    "1",
    "2",
    "3 4",
    "5",
    "1.5",
    "10 -20",
    "1 2",
    "1 0 1 0 1 0 1 0 1",
    "text",
    "ab",
    "2026-01-31T12:00:00",
]


def binary_row() -> bytes:
    """Return the cells of `ROW` as BINARY has them."""
    dtype = ">i1, >u1, >i2, 2>i4, >i8, >f4, 2>f8, 2>f4, 2u1, S4, S4, S19"
    cells = (84, 1, 2, (3, 4), 5, 1.5, (10, -20), (1, 2), (0xAA, 0x80), b"text", b"\0a\0b", ROW[-1].encode())
    return np.array([cells], dtype=dtype).tobytes()


def fits_file() -> bytes:
    """Return a binary table with a column of each kind."""
    columns = [
        fits.Column("a", "L", array=np.array([True, False])),
        fits.Column("b", "J", array=np.array([1, 2]), null=-1),
        fits.Column("c", "D", array=np.array([1.5, np.nan])),
        fits.Column("d", "4A", array=np.array(["text", ""])),
        fits.Column("e", "2E", array=np.array([[1, 2], [3, 4]])),
        fits.Column("f", "C", array=np.array([1j, 2])),
        fits.Column("g", "I", array=np.array([1, 2]), bzero=32768),
    ]
    file = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(file)
    return file.getvalue()


FITS_FIELDS = (
    '<FIELD name="a" datatype="boolean"/><FIELD name="b" datatype="int"/><FIELD name="c" datatype="double"/>'
    '<FIELD name="d" datatype="char" arraysize="4"/><FIELD name="e" datatype="float" arraysize="2"/>'
    '<FIELD name="f" datatype="floatComplex"/><FIELD name="g" datatype="int"/>'
)
VARYING_ROW = b"\0\0\0\2hi" + b"\0\0\0\2" + np.array([1.0, 2.0], ">f8").tobytes() + b"\0\0\0\x0a\xff\x80"
STREAMS = [
    (FIELDS, "BINARY", 3 * binary_row()),
    (FIELDS, "BINARY2", 3 * (b"\x80\x10" + binary_row())),
    (VARYING, "BINARY", 3 * VARYING_ROW),
    (VARYING, "BINARY2", 3 * (b"\x40" + VARYING_ROW)),
    (FITS_FIELDS, "FITS", fits_file()),
]
TEXTS = [
    document(FIELDS, tabledata("|".join(ROW), "|".join([""] * len(ROW)))),
    document(VARYING, tabledata("a text|1 2 3 4|101", "||")),
]

Mutation = Callable[[random.Random, bytes], bytes]


def mutants(seed: int) -> Iterator[bytes]:
    """Yield documents without end: those of one seed are always the same."""
    chance = random.Random(seed)
    while True:
        if chance.random() < 0.4:
            votable = changed(chance, chance.choice(TEXTS), TEXT_MUTATIONS)
        else:
            fields, form, data = chance.choice(STREAMS)
            if chance.random() < 0.7:
                data = changed(chance, data, FITS_MUTATIONS if form == "FITS" else BYTE_MUTATIONS)
            votable = document(fields, binary(data, form))
            if chance.random() < 0.6:
                votable = changed(chance, votable, TEXT_MUTATIONS)
        yield votable


def changed(chance: random.Random, data: bytes, mutations: list[Mutation]) -> bytes:
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        data = chance.choice(mutations)(chance, data)
    return data


def _slice(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice([1, 1, 2, 4, 8, 64, 3000]))


def flip(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) or 1)
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def drop(chance: random.Random, data: bytes) -> bytes:
    start, end = _slice(chance, data)
    return data[:start] + data[end:]


def repeat(chance: random.Random, data: bytes) -> bytes:
    start, end = _slice(chance, data)
    return data[:end] + data[start:end] * chance.choice([1, 2, 50]) + data[end:]


def extreme(chance: random.Random, data: bytes) -> bytes:
    """Put the ends of the types somewhere: lengths, numbers, NaN."""
    at = chance.randrange(len(data) + 1)
    put = chance.choice(
        [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", bytes(8), b"\x7f\xf8" + bytes(6)]
    )
    return data[:at] + put + data[at + len(put) * chance.choice([0, 1]) :]


def attribute(chance: random.Random, data: bytes) -> bytes:
    """Give an attribute another value."""
    found = list(re.finditer(rb' (datatype|arraysize|xtype|null|encoding|type|name)="([^"]*)"', data))
    if not found:
        return data
    match = chance.choice(found)
    choices = {b"datatype": DATATYPES, b"arraysize": SIZES, b"xtype": XTYPES, b"null": NUMBERS + WORDS}
    value = chance.choice(choices.get(match[1], NUMBERS + WORDS + TAGS)).encode()
    return data[: match.start(2)] + value.replace(b'"', b"").replace(b"<", b"") + data[match.end(2) :]


def new_attribute(chance: random.Random, data: bytes) -> bytes:
    """Give a FIELD an attribute that it may not have."""
    name, values = chance.choice(
        [("arraysize", SIZES), ("xtype", XTYPES), ("width", NUMBERS), ("ID", WORDS[:8])]
    )
    return data.replace(
        b"<FIELD ", f'<FIELD {name}="{chance.choice(values)}" '.encode(), chance.choice([1, 1, 5])
    )


def cell(chance: random.Random, data: bytes) -> bytes:
    """Put a word where a cell has its text."""
    found = list(re.finditer(rb"<TD>([^<]*)<", data))
    if not found:
        return data
    match = chance.choice(found)
    word = chance.choice(NUMBERS + WORDS).encode()
    return data[: match.start(1)] + word * chance.choice([1, 1, 1, 300]) + data[match.end(1) :]


def tag(chance: random.Random, data: bytes) -> bytes:
    """Put a tag somewhere, or take one away."""
    found = list(re.finditer(rb"<[^>]*>", data))
    if not found:
        return data
    match = chance.choice(found)
    return data[: match.start()] + chance.choice(["", *TAGS]).encode() + data[match.end() :]


def card(chance: random.Random, data: bytes) -> bytes:
    """Change a value in the header of FITS."""
    found = list(
        re.finditer(rb"(NAXIS|BITPIX|PCOUNT|GCOUNT|TFIELDS|T[A-Z]+\d|XTENSION)\d? *= +([^ /]+ *)", data)
    )
    if not found:
        return data
    match = chance.choice(found)
    formats = ["'0J'", "'P'", "'1PD(9)'", "'999999999D'", "'7X'", "'Z'", "'4A'", "'2M'", "T", "1.5", "'x'"]
    value = chance.choice(NUMBERS + formats).encode().ljust(len(match[2]))
    return (data[: match.start(2)] + value + data[match.end(2) :])[: max(len(data), 2880)]


def encoding(chance: random.Random, data: bytes) -> bytes:
    """Say that the document is in another encoding, or put it into one."""
    name = chance.choice(["utf-16", "latin-1", "ascii", "utf-7", "idna", "base64", "klingon", "utf-8"])
    if chance.random() < 0.3:
        return data.decode("utf-8", "replace").encode("utf-16")
    return data.replace(HEAD[:19].encode(), f'<?xml version="1.0" encoding="{name}"'.encode())


BYTE_MUTATIONS: list[Mutation] = [flip, drop, repeat, extreme]
FITS_MUTATIONS: list[Mutation] = [flip, drop, extreme, card, card, card]
TEXT_MUTATIONS: list[Mutation] = [
    flip,
    drop,
    repeat,
    attribute,
    attribute,
    new_attribute,
    cell,
    cell,
    tag,
    encoding,
]


def outcome(votable: bytes) -> str:
    """Read a document, and return `read` or the name of the error that was told.

    Raises: whatever else comes of it.
    """
    try:
        read_uploads(["t,param:part"], {"part": io.BytesIO(votable)}, SETTINGS)
    except ProvtapError as error:
        assert "\n" not in str(error), str(error)
        assert len(str(error)) < 600, str(error)
        return type(error).__name__
    return "read"


def main(seconds: float, seed: int) -> None:
    unforeseen: list[logging.LogRecord] = []
    watcher = logging.Handler(logging.ERROR)
    watcher.emit = unforeseen.append  # type: ignore[method-assign]
    logging.getLogger("provtap").addHandler(watcher)
    counts: dict[str, int] = {}
    end = time.monotonic() + seconds
    slowest = 0.0
    for votable in mutants(seed):
        begun = time.thread_time()
        name = outcome(votable)
        slowest = max(slowest, time.thread_time() - begun)
        counts[name] = counts.get(name, 0) + 1
        if unforeseen:
            Path("mutant.vot").write_bytes(votable)
            logging.lastResort.handle(unforeseen[0])  # type: ignore[union-attr]
            sys.exit(1)
        if time.monotonic() > end:
            break
    print(f"seed {seed}: {sum(counts.values())} documents, {counts}, the slowest took {slowest:.2f} s")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
