"""Dictionaries as Python prints them, one on each line, as some loggers write them. No code is executed."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any

from provtap.errors import DocumentError
from provtap.ingest.parsing.json import check_depth
from provtap.ingest.parsing.node import Node

_BRACKETED = re.compile(r"""(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|<[^<>'"]*>""")
"""Objects without a literal form, such as `<Camera at 0x7f>`, outside of texts."""


def dictionaries(lines: Iterable[tuple[int, str, bool]], unread: list[str]) -> Iterator[Node]:
    """Yield the dictionaries in *lines*, each with its line number, and whether it is the last one of a file.

    For an incomplete last line of an unfinished log, a sentence is added to *unread*.

    Raises: DocumentError, with the line number.
    """
    for number, text, is_last in lines:
        try:
            value = _plain(_evaluate(text, number), number)
        except DocumentError:
            if not is_last or text.rstrip().endswith("}"):
                raise
            unread.append(f"line {number} is incomplete: it is kept in the document only")
        else:
            yield Node(value, f"line {number}")


def _evaluate(text: str, line: int) -> Any:
    """Return the value of a Python dictionary literal, without executing code."""
    try:
        try:
            value = ast.literal_eval(text.rstrip())
        except (ValueError, SyntaxError):
            bracketed = _BRACKETED.sub(_quoted, text.rstrip())
            value = _literal(ast.parse(bracketed, mode="eval").body)
    except (ValueError, SyntaxError, TypeError, MemoryError) as error:
        raise DocumentError("this is not a dictionary of plain values", line=line, column=1) from error
    check_depth(value)
    return value


def _quoted(found: re.Match[str]) -> str:
    return found[0] if found["text"] else repr(found[0])


def _literal(node: ast.expr) -> Any:
    """Return the value of an expression; other parts than literals (`nan`, `array([1])`) become texts."""
    match node:
        case ast.Dict(keys=keys, values=values) if None not in keys:
            return {_literal(key): _literal(value) for key, value in zip(keys, values, strict=True) if key}
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return [_literal(item) for item in items]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _plain(value: Any, line: int) -> Any:
    """Return *value* as JSON values: keys as texts, integers beyond the range of a double as texts."""
    match value:
        case dict():
            return {_plain(str(key), line): _plain(member, line) for key, member in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(member, line) for member in value]
        case str():
            if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
                raise DocumentError("a text contains a character that cannot be stored", line=line, column=1)
            return value
        case bool() | None:
            return value
        case int() if abs(value) < 2**53:
            return value
    return str(value)
