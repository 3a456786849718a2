"""JSON: columns, then rows as arrays, then the status; also valid if the result ends early.

COPY's text form has the escapes of JSON, except for quotes and control characters, so blocks are rewritten as
a whole.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from provtap.errors import ProvtapError
from provtap.results.blocks import Rows
from provtap.results.cells import NULL, is_text, only_numbers, split, weave
from provtap.results.votable import Info
from provtap.tableset import Column

_METADATA = ("name", "datatype", "arraysize", "xtype", "unit", "ucd", "utype", "description")


def write_json(
    columns: Sequence[Column], blocks: Iterable[tuple[int, bytes]], maxrec: int, infos: Sequence[Info] = ()
) -> Iterator[bytes]:
    """Yield one object: `info`, `columns`, `rows`, and at the end `overflow` or `error`."""
    rows = Rows(blocks, maxrec)
    described = ",\n  ".join(_dump(_described(c)) for c in columns)
    head = f'{{"info": {_dump(_by_name(infos))},\n"columns": [{described}],\n"rows": ['
    yield head.encode(errors="replace")  # a query may hold half a surrogate pair
    separator = b"\n"
    end: dict[str, Any] = {}
    try:
        for block in rows:
            yield separator + _rows(block, columns)
            separator = b",\n"
    except ProvtapError as error:
        end["error"] = str(error)
    end = {"overflow": rows.overflow} | end
    yield f"\n],\n{_dump(end).removeprefix('{')}\n".encode()


def _by_name(infos: Sequence[Info]) -> dict[str, str | list[str]]:
    """Return the values of remarks; a list for a name with several."""
    values: dict[str, list[str]] = {}
    for info in infos:
        values.setdefault(info.name, []).append(info.value)
    return {name: given if len(given) > 1 else given[0] for name, given in values.items()}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _described(column: Column) -> dict[str, str]:
    """Return the metadata of a column, with the names of TAP_SCHEMA."""
    return {name: value for name in _METADATA if (value := getattr(column, name)) is not None}


def _rows(block: bytes, columns: Sequence[Column]) -> bytes:
    """Return the rows of a block as arrays, separated by commas and line ends."""
    block = _escaped(block)
    if all(map(is_text, columns)):
        block = block[:-1].replace(b"\t", b'","').replace(b"\n", b'"],\n["')
        return (b'["%b"]' % block).replace(rb'"\N"', b"null")
    if only_numbers(columns) and not any(word in block for word in _SPECIAL):
        return b"[%b]" % block[:-1].replace(b"\t", b",").replace(b"\n", b"],\n[")
    cells = split(block)
    for number, column in enumerate(columns):
        if not is_text(column):
            cells[number :: len(columns)] = _values(cells[number :: len(columns)], column)
    quotes = [b'"' if is_text(c) else b"" for c in columns]
    between = [f"{a.decode()},{b.decode()}".encode() for a, b in zip(quotes, quotes[1:], strict=False)]
    begin, end = b"[" + quotes[0], quotes[-1] + b"]"
    woven = weave(cells, [*between, end + b",\n" + begin])
    rows = begin + woven.removesuffix(b",\n" + begin)
    return rows.replace(rb'"\N"', b"null")


_CONTROL = re.compile(rb"[\x01-\x08\x0b-\x1f]")
_CONTROLS = bytes({*range(1, 0x20)} - {0x09, 0x0A})


def _escaped(block: bytes) -> bytes:
    """Convert the characters that COPY escapes differently from JSON, or not at all (RFC 8259, section 7)."""
    if b'"' in block:
        block = block.replace(b'"', rb"\"")
    if rb"\v" in block:
        aside = block.replace(rb"\\", b"\xff").replace(rb"\v", rb"\u000b")
        block = aside.replace(b"\xff", rb"\\")
    if len(block) != len(block.translate(None, _CONTROLS)):  # ten times as fast as the regular expression
        block = _CONTROL.sub(lambda found: b"\\u%04x" % found[0][0], block)
    return block


def _values(cells: list[bytes], column: Column) -> list[bytes]:
    """Return values other than texts; arrays become arrays, a complex number an array of two."""
    if column.arraysize is None and not column.datatype.endswith("Complex"):
        return list(map(_WORDS.get, cells, cells))
    return [b"null" if cell == NULL else b"[%b]" % _array(cell.split()) for cell in cells]


def _array(values: list[bytes]) -> bytes:
    return b", ".join(map(_WORDS.get, values, values))


_SPECIAL = (b"\\", b"N", b"I", b"-0\t", b"-0\n")
"""Values of numbers that JSON writes differently: null, NaN, infinities, negative zero."""
_WORDS: dict[bytes, bytes] = {
    NULL: b"null",
    b"-0": b"-0.0",  # many readers treat `-0` as an integer, without sign
    b"NaN": b'"NaN"',  # JSON has no such numbers
    b"+Inf": b'"+Inf"',
    b"-Inf": b'"-Inf"',
    b"T": b"true",
    b"F": b"false",
    b"?": b"null",
}
