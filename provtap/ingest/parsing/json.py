"""A strict parser of JSON (RFC 8259) that reports the position of errors."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from provtap.errors import DocumentError

# Digits of the largest double: instruments have no larger numbers, and int() of very long ones is slow.
_MAX_DIGITS = 309
_MAX_DEPTH = 100
"""Maximum levels of nesting: a tool's configuration has less than ten, and readers recurse."""
_TOO_DEEP = "this is nested too deeply"
_SUSPECT = re.compile(r"\\u0000|\\u[dD][89a-fA-F]")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN|-?\d[\d.eE+-]*|[{}\[\],:]', re.DOTALL)
_WIDE = (
    (b"\xff\xfe\x00\x00", "UTF-32"),  # before UTF-16, because it begins with the mark of UTF-16
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_BLANK = re.compile(r"[ \t\r\n]*")


class _FlawError(ValueError):
    """The decoder found an error without knowing its position."""


def parse(content: bytes, *, as_python: bool = False) -> Iterator[Any]:
    """Yield the values of a document with one or several JSON values.

    Beyond RFC 8259, values that can't be stored or are ambiguous are rejected: a key that appears twice in
    one object, NaN and infinities, the character U+0000, half a surrogate pair, a number beyond the range of
    a double, nesting over 100 levels. With *as_python*, NaN and infinities, as written by Python's json,
    become texts.

    Raises: DocumentError, with line and column if there is one.
    """
    text = decode(content)
    if _SUSPECT.search(text):
        _locate(text, as_python)  # an escaped backslash or a whole pair looks like an error, too
    at = _skip(text, 0)
    if at == len(text):
        raise DocumentError("the document is empty")
    while at < len(text):
        value, at = _next_value(text, at, as_python)
        check_depth(value)
        yield value
        at = _skip(text, at)


def canonical(value: Any) -> str:
    """Return the canonical JSON text of *value*: keys sorted, no blanks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def decode(content: bytes) -> str:
    """Return the text of *content*, UTF-8 with or without a byte order mark.

    Raises: DocumentError, with line and column.
    """
    if wide := wide_encoding(content):
        raise DocumentError(f"this is {wide}, but it must be UTF-8", hint=f"iconv -f {wide} -t UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise DocumentError(
            f"this is not UTF-8 (byte {content[error.start]:#04x})",
            line=before.count(b"\n") + 1,
            column=column,
        ) from error


def wide_encoding(content: bytes) -> str | None:
    """Return the name of the encoding given by the byte order mark of *content*, if it is not UTF-8."""
    return next((name for mark, name in _WIDE if content.startswith(mark)), None)


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return at if blank is None else blank.end()


def _next_value(text: str, at: int, as_python: bool) -> tuple[Any, int]:
    try:
        return (_PYTHON_DECODER if as_python else _DECODER).raw_decode(text, at)
    except json.JSONDecodeError as error:
        message = error.msg[0].lower() + error.msg[1:].removesuffix(" starting at")
        if error.pos >= len(text.rstrip()):
            message = "it ends too early"
        raise DocumentError(f"this is not JSON: {message}", line=error.lineno, column=error.colno) from error
    except _FlawError as error:
        _locate(text, as_python)
        raise DocumentError("this is not JSON that can be stored") from error
    except RecursionError as error:  # raised before the depth can be checked
        raise DocumentError(_TOO_DEEP) from error


def check_depth(value: Any) -> None:
    """Raise DocumentError if *value* is nested more than 100 levels deep."""
    level, depth = [[value]], 0
    while level:
        if (depth := depth + 1) > _MAX_DEPTH + 1:  # the value itself is in a list
            raise DocumentError(_TOO_DEEP)
        level = [
            list(child.values()) if isinstance(child, dict) else child
            for container in level
            for child in container
            if isinstance(child, dict | list)
        ]


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _FlawError
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _FlawError
    return number


def _constant(name: str) -> NoReturn:
    raise _FlawError(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _FlawError
    return members


_DECODER = json.JSONDecoder(
    parse_int=_whole, parse_float=_real, parse_constant=_constant, object_pairs_hook=_object
)
_PYTHON_DECODER = json.JSONDecoder(
    parse_int=_whole, parse_float=_real, parse_constant=str, object_pairs_hook=_object
)


class _Keys:
    """The keys found so far in each open object while tokens are read."""

    def __init__(self) -> None:
        self._open: list[set[str] | None] = []  # None for an array
        self._before = ""

    def repeats(self, token: str) -> bool:
        """Process the next token; return whether it is a repeated key of its object."""
        before, self._before = self._before, token
        if token in {"{", "["}:
            self._open.append(set() if token == "{" else None)
        elif token in {"}", "]"}:
            del self._open[-1:]
        elif before in {"{", ","} and self._open and (keys := self._open[-1]) is not None:
            key = _key(token)
            known = key in keys
            keys.add(key)
            return known
        return False


def _key(token: str) -> str:
    """Return the key in *token*, or *token* itself if it is not a valid text of JSON."""
    try:
        return str(json.loads(token)) if token[0] == '"' else token
    except json.JSONDecodeError:
        return token  # the decoder reports the error


def _locate(text: str, as_python: bool) -> None:
    """Raise DocumentError at the first error in *text*, if any; slow, and rarely needed."""
    keys = _Keys()
    for found in _TOKEN.finditer(text):
        token = found.group()
        flaw = _text_flaw(token) if token[0] == '"' else _number_flaw(token, as_python)
        if flaw is None and keys.repeats(token):
            flaw = f"the key {token} appears twice"
        if flaw:
            line_start = text.rfind("\n", 0, found.start()) + 1
            line = text.count("\n", 0, found.start()) + 1
            raise DocumentError(flaw, line=line, column=found.start() - line_start + 1)


def _text_flaw(token: str) -> str | None:
    if "\\u" not in token:
        return None
    try:
        value = json.loads(token)
        value.encode()
    except UnicodeEncodeError:
        return "a text contains half of a surrogate pair, which is not a character"
    except json.JSONDecodeError:
        return "a text contains a character or an escape that JSON does not allow"
    return "a text has the character U+0000, which cannot be stored" if "\x00" in value else None


def _number_flaw(token: str, as_python: bool) -> str | None:
    if token in {"NaN", "Infinity", "-Infinity"}:
        return None if as_python else f"{token} is not a number in JSON"
    digits = token.lstrip("-")
    if digits.isdigit():
        return "this number is too large" if len(token) > _MAX_DIGITS else None
    try:
        return "this number is too large" if math.isinf(float(token)) else None
    except ValueError:
        return None  # punctuation, or a token that the parser will reject
