"""Columns of all types, and VOTables of them in all serializations, written exactly as in the standard.

Not by astropy: numpy falls, now and then, over what astropy makes of such tables for writing.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from tests.uploads.documents import binary, document

CODES = {"unsignedByte": "B", "short": "h", "int": "i", "long": "q", "float": "f", "double": "d"} | {
    "floatComplex": "f",
    "doubleComplex": "d",
}


@dataclass(frozen=True)
class Kind:
    """One way in which a column may be declared, and what its cells may be; None is null."""

    datatype: str
    values: st.SearchStrategy[Any]
    arraysize: str | None = None
    xtype: str | None = None
    null: int | None = None

    def field(self, number: int) -> str:
        given = {"datatype": self.datatype, "arraysize": self.arraysize, "xtype": self.xtype}
        attributes = "".join(f' {name}="{value}"' for name, value in given.items() if value)
        null = f'<VALUES null="{self.null}"/>' if self.null is not None else ""
        return f'<FIELD name="c{number}" unit="m" ucd="meta.id" utype="a:b"{attributes}>{null}</FIELD>'

    def text(self, cell: Any) -> str:
        """Return a cell of TABLEDATA."""
        if cell is None:
            return ""
        if isinstance(cell, str):
            return escape(cell)
        if isinstance(cell, list):
            return " ".join(map(self.text, cell))
        if isinstance(cell, complex):
            return f"{self.text(cell.real)} {self.text(cell.imag)}"
        if isinstance(cell, bool):
            return str(int(cell)) if self.datatype == "bit" else "FT"[cell]
        return repr(cell).replace("inf", "Inf").replace("nan", "NaN")

    def data(self, cell: Any) -> bytes:
        """Return a cell of BINARY."""
        if self.datatype in {"char", "unicodeChar"}:
            return self._text_data(cell or "")
        is_list = self.arraysize is not None
        items = ([] if cell is None else cell) if is_list else [cell]
        length = struct.pack(">i", len(items)) if self.arraysize == "*" else b""
        if self.datatype == "bit":
            bits = "".join(str(int(item)) for item in items).ljust(-len(items) // 8 * -8, "0")
            return length + bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
        return length + b"".join(map(self._item, items))

    def _item(self, item: Any) -> bytes:
        if self.datatype == "boolean":
            return b"?" if item is None else b"FT"[item : item + 1]
        missing = self.null if self.null is not None else float("nan")
        number = missing if item is None else item
        parts = [number] if "Complex" not in self.datatype else [complex(number).real, complex(number).imag]
        return struct.pack(f">{len(parts)}{CODES[self.datatype]}", *parts)

    def _text_data(self, text: str) -> bytes:
        raw, size = (text.encode(), 1) if self.datatype == "char" else (text.encode("utf-16-be"), 2)
        if (self.arraysize or "").endswith("*"):
            return struct.pack(">i", len(raw) // size) + raw
        return raw.ljust(int(self.arraysize or 1) * size, b"\0")


def whole(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1) - 1)


SINGLE, DOUBLE = st.floats(width=32), st.floats()
ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8)
UCS2 = st.text(
    st.characters(min_codepoint=33, max_codepoint=0xFFFD, categories=["L", "N", "P", "S"]), max_size=8
)
TIMES = st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat())
NULLABLE = [
    Kind("boolean", st.booleans()),
    Kind("unsignedByte", st.integers(0, 254), null=255),
    Kind("short", whole(16), null=-(2**15)),
    Kind("int", whole(32), null=-(2**31)),
    Kind("long", whole(64), null=-(2**63)),
    Kind("float", SINGLE),
    Kind("double", DOUBLE),
    Kind("char", ASCII.map(lambda text: text[:1]), "1"),
    Kind("char", ASCII, "8"),
    Kind("char", ASCII, "*"),
    Kind("char", ASCII, "9*", "my:xtype"),
    Kind("char", TIMES, "19", "timestamp"),
    Kind("char", TIMES, "*", "adql:TIMESTAMP"),
    Kind("unicodeChar", UCS2, "*"),
    Kind("unicodeChar", UCS2, "8"),
    Kind("long", st.lists(whole(64), max_size=4), "*"),
    Kind("double", st.lists(DOUBLE, max_size=4), "*"),
    Kind("unsignedByte", st.lists(st.integers(0, 255), max_size=4), "*"),
]
OTHERS = [
    Kind("floatComplex", st.complex_numbers(width=64)),
    Kind("doubleComplex", st.complex_numbers()),
    Kind("short", st.lists(whole(16), min_size=3, max_size=3), "3"),
    Kind("float", st.lists(SINGLE, min_size=2, max_size=2), "2"),
    Kind("double", st.lists(DOUBLE, min_size=4, max_size=4), "2x2"),
    Kind("boolean", st.lists(st.booleans(), min_size=2, max_size=2), "2"),
    Kind("bit", st.lists(st.booleans(), min_size=9, max_size=9), "9"),
    Kind("double", st.lists(st.floats(-90, 90), min_size=2, max_size=2), "2", "point"),
]
Table = tuple[list[Kind], list[tuple[Any, ...]]]


@st.composite
def tables(draw: Any) -> Table:
    """Some columns, and some rows of them; None is null."""
    kinds = draw(st.lists(st.sampled_from(NULLABLE + OTHERS), min_size=1, max_size=10))
    cells = [st.none() | kind.values if kind in NULLABLE else kind.values for kind in kinds]
    return kinds, draw(st.lists(st.tuples(*cells), max_size=5))


def written(kinds: Sequence[Kind], rows: Sequence[tuple[Any, ...]], form: str) -> bytes:
    """Return a VOTable in the serialization called *form*."""
    fields = "".join(kind.field(number) for number, kind in enumerate(kinds))
    if form == "TABLEDATA":
        cells = (
            "".join(f"<TD>{kind.text(cell)}</TD>" for kind, cell in zip(kinds, row, strict=True))
            for row in rows
        )
        lines = "".join(f"<TR>{line}</TR>" for line in cells)
        return document(fields, f"<DATA><TABLEDATA>{lines}</TABLEDATA></DATA>")
    flags = _flags if form == "BINARY2" else lambda row: b""
    data = (b"".join(kind.data(cell) for kind, cell in zip(kinds, row, strict=True)) for row in rows)
    return document(
        fields, binary(b"".join(flags(row) + raw for row, raw in zip(rows, data, strict=True)), form)
    )


def _flags(row: Sequence[Any]) -> bytes:
    bits = "".join(str(int(cell is None)) for cell in row).ljust(-len(row) // 8 * -8, "0")
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
