"""BINARY and BINARY2: rows of bytes, numbers big-endian (VOTable 1.4, sections 5.3, 5.4 and 6).

A length that a document tells is believed only as far as its bytes reach.
"""

import struct
from binascii import a2b_base64
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from provtap.uploads.fields import COMPLEX, DATATYPES, Field

Reader = Callable[[bytes, int], tuple[Any, int]]
"""Reads a cell at a place in the bytes, and tells where the next one starts; ValueError if there is none."""
_CODES = {"unsignedByte": "B", "short": "h", "int": "i", "long": "q", "float": "f", "double": "d"} | {
    "floatComplex": "f",
    "doubleComplex": "d",
}
_TRUTHS = {**dict.fromkeys(b"Tt1", True), **dict.fromkeys(b"Ff0", False), **dict.fromkeys(b"? \0", None)}
_LENGTH = struct.Struct(">i")


class Base64:
    """Text of a STREAM made bytes, piece by piece."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._rest = ""
        self._is_over = False

    def feed(self, text: str) -> None:
        """Take the next text; blanks and line ends don't count.

        Raises: ValueError if it is not base64.
        """
        self._rest += "".join(text.split())
        whole = len(self._rest) // 4 * 4
        if whole:
            if self._is_over:
                raise ValueError
            piece, self._rest = self._rest[:whole], self._rest[whole:]
            self.data += a2b_base64(piece, strict_mode=True)
            self._is_over = piece.endswith("=")

    def close(self) -> bytes:
        """Return all the bytes.

        Raises: ValueError if the text broke off.
        """
        if self._rest:
            raise ValueError
        return bytes(self.data)


def read_rows(data: bytes, fields: Sequence[Field], *, has_flags: bool) -> Iterator[list[Any]]:
    """Yield the rows of BINARY, or of BINARY2, which *has_flags* of nulls before each row.

    Raises: ValueError, with what to tell, where the bytes are not rows of these *fields*.
    """
    readers = [_reader(field, has_flags) for field in fields]
    flag_bytes = (len(fields) + 7) // 8 if has_flags else 0
    at = 0
    for number in _numbers():
        if at == len(data):
            return
        start = at
        flags = _flags(data[at : at + flag_bytes])
        at += flag_bytes
        row = []
        for read, field in zip(readers, fields, strict=True):
            try:
                value, at = read(data, at)
            except (struct.error, IndexError, EOFError):
                raise ValueError(f"its bytes end in row {number}, within {field.label}") from None
            except ValueError as error:
                raise ValueError(f"in row {number}, {field.label} {error}") from None
            row.append(value)
        if at == start:
            raise ValueError("its rows have no bytes")
        yield [None if flag else value for flag, value in zip(flags, row, strict=False)] if has_flags else row


def blocks(rows: Iterator[list[Any]], size: int) -> Iterator[list[list[Any]]]:
    """Yield rows in blocks of up to *size*."""
    while block := list(islice(rows, size)):
        yield block


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


def _flags(data: bytes) -> list[bool]:
    """Return the flags of a row: the first column has the highest bit of the first byte."""
    return [bool(byte >> shift & 1) for byte in data for shift in range(7, -1, -1)]


def _reader(field: Field, has_flags: bool) -> Reader:
    """Return what reads a cell; where no flag tells a null, an empty text is one, as in TABLEDATA."""
    items = _counted(field)
    if field.is_text:
        return _text_reader(field, items, has_flags)
    if field.column.datatype == "bit":
        return _bit_reader(field, items)
    if field.column.datatype == "boolean":
        return _boolean_reader(field, items)
    if not field.is_array:
        return _number_reader(field)
    return _array_reader(field, items)


def _counted(field: Field) -> Reader:
    """Return what reads how many items a cell has."""
    items = field.items
    if not field.is_variable:
        return lambda data, at: (items, at)

    def read(data: bytes, at: int) -> tuple[int, int]:
        (count,) = _LENGTH.unpack_from(data, at)
        if count < 0:
            raise ValueError(f"has a length of {count}")
        return count, at + _LENGTH.size

    return read


def _cut(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise EOFError
    return data[at : at + size]


def _number_reader(field: Field) -> Reader:
    code = struct.Struct(">" + _CODES[field.column.datatype])

    def read(data: bytes, at: int) -> tuple[Any, int]:
        return code.unpack_from(data, at)[0], at + code.size

    return read


def _array_reader(field: Field, items: Reader) -> Reader:
    code, size = _CODES[field.column.datatype], DATATYPES[field.column.datatype]
    numbers = 2 if field.column.datatype in COMPLEX else 1

    def read(data: bytes, at: int) -> tuple[Any, int]:
        count, at = items(data, at)
        cell = _cut(data, at, count * size)
        return struct.unpack(f">{count * numbers}{code}", cell) if count else None, at + count * size

    return read


def _boolean_reader(field: Field, items: Reader) -> Reader:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        count, at = items(data, at)
        try:
            truths = [_TRUTHS[byte] for byte in _cut(data, at, count)]
        except KeyError as error:
            raise ValueError(f"has the byte {error.args[0]}, which is no truth value") from None
        return (truths or None) if field.is_array else truths[0], at + count

    return read


def _bit_reader(field: Field, items: Reader) -> Reader:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        count, at = items(data, at)
        size = (count + 7) // 8
        bits = [int(flag) for flag in _flags(_cut(data, at, size))[:count]]
        return (bits or None) if field.is_array else bits[0], at + size

    return read


def _text_reader(field: Field, items: Reader, has_flags: bool) -> Reader:
    size = DATATYPES[field.column.datatype]
    codec, name = ("utf-8", "UTF-8") if size == 1 else ("utf-16-be", "UTF-16")
    is_matrix = "x" in (field.column.arraysize or "")

    def read(data: bytes, at: int) -> tuple[Any, int]:
        count, at = items(data, at)
        try:
            text = _cut(data, at, count * size).decode(codec)
        except UnicodeDecodeError:
            raise ValueError(f"has a text that is not {name}") from None
        # Texts of one length after the other are padded each; one text ends where its padding starts.
        text = text.replace("\0", " ").rstrip() if is_matrix else text.partition("\0")[0]
        return text if text or has_flags else None, at + count * size

    return read
