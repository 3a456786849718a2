"""The conditions of a query, one at a time, to find the conditions that no row fulfils."""

import re
from dataclasses import dataclass

from provtap.adql.syntax.lexer import Token, tokens
from provtap.errors import AdqlError

_OPENING = {"(": 1, "CASE": 1, ")": -1, "END": -1}
_TAIL = {"GROUP", "ORDER", "OFFSET", "end"}
_TOO_MUCH = {"UNION", "EXCEPT", "INTERSECT", "WITH", "HAVING", "OR"}
"""Words outside of brackets with which WHERE is more than conditions joined by AND."""


@dataclass(frozen=True)
class Condition:
    """One of the conditions joined by AND in WHERE."""

    text: str
    query: str
    """The query with this condition as the only one."""


def conditions(text: str) -> tuple[Condition, ...]:
    """Return the conditions of the query *text*; none unless there are several, joined by AND."""
    text = text.removeprefix("\ufeff")
    try:
        outer = _outside_brackets(text)
    except AdqlError:
        return ()
    words = [token.type for token, _ in outer]
    if words.count("WHERE") != 1 or not _TOO_MUCH.isdisjoint(words):
        return ()
    start = words.index("WHERE")
    stop = next(n for n in range(start, len(words)) if words[n] in _TAIL)
    cuts, is_between = [start], False
    for n in range(start, stop):
        if words[n] == "AND" and not is_between:
            cuts.append(n)
        if words[n] in {"BETWEEN", "AND"}:
            is_between = words[n] == "BETWEEN"
    ends = [*cuts[1:], stop]
    if len(cuts) < 2:
        return ()
    head, tail = text[: outer[start][1] + len("WHERE")], text[outer[stop][1] :]
    parts = (
        text[outer[cut][1] + len(words[cut]) : outer[end][1]].strip()
        for cut, end in zip(cuts, ends, strict=True)
    )
    return tuple(Condition(part, f"{head} {part}\n{tail}") for part in parts)


def _outside_brackets(text: str) -> list[tuple[Token, int]]:
    """Return the tokens of *text* outside of brackets, and where each begins. Raises: AdqlError."""
    starts = [0, *(newline.end() for newline in re.finditer("\n", text))]
    depth, found = 0, []
    for token in tokens(text):
        depth += _OPENING.get(token.type, 0)
        if depth == 0:
            found.append((token, starts[token.at.line - 1] + token.at.column - 1))
    return found
