"""The positions of the errors in the text of a query, and replacements for the marked parts."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provtap.adql.syntax.lexer import token_end
from provtap.errors import AdqlError


@dataclass(frozen=True)
class Mark:
    """One error of a query, with the part of the text that is wrong."""

    message: str
    hint: str | None
    line: int
    column: int
    start: int
    """Number of characters of the text before the part."""
    stop: int
    fixes: tuple[str, ...] = ()
    """Replacements for the part, the most likely first."""

    def mend(self, text: str, fix: str) -> str:
        """Return *text* with *fix* in place of the part."""
        return text[: self.start] + fix + text[self.stop :]


def marks(text: str, error: AdqlError) -> tuple[Mark, ...]:
    """Return the errors of the query *text* that have a position in it, in order."""
    starts = [0, *(newline.end() for newline in re.finditer("\n", text))]
    hidden = text.startswith("\ufeff")

    def offset(line: int, column: int) -> int:
        return min(starts[line - 1] + column - 1 + (hidden and line == 1), len(text))

    def found() -> Iterator[Mark]:
        for each in (error, *error.further):
            if each.line is None or each.column is None or each.line > len(starts):
                continue
            start = offset(each.line, each.column)
            stop = token_end(text, start) if each.end is None else offset(*each.end)
            yield Mark(each.message, each.hint, each.line, each.column, start, stop, each.fixes)

    return tuple(found())


def mended(text: str, found: Iterable[Mark]) -> str:
    """Return *text* with the first fix of each mark that has one; of overlapping marks, only the first."""
    parts, done = [], 0
    for mark in found:
        if mark.fixes and mark.start >= done:
            parts += [text[done : mark.start], mark.fixes[0]]
            done = mark.stop
    return "".join([*parts, text[done:]])
