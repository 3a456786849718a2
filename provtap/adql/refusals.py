"""What to say about a token that can't stand where it does: what was due, and how ADQL says it."""

from provtap.adql.arguments import FORMS
from provtap.adql.lexer import Token, problem
from provtap.adql.reserved import RESERVED
from provtap.errors import AdqlError

EXPECTED = {
    "identifier": "a name",
    "integer": "a whole number without sign",
    "end": "the end of the query",
}
"""Types of tokens in words; the others are shown as they are."""

# Words that go on with the query: found where something else is due, they are never meant as names.
_STRUCTURE = frozenset(
    {"ALL", "AND", "AS", "ASC", "BETWEEN", "BY", "CASE", "DESC", "DISTINCT", "ELSE", "END", "EXCEPT"}
    | {"EXISTS", "FROM", "FULL", "GROUP", "HAVING", "ILIKE", "IN", "INNER", "INTERSECT", "IS", "JOIN"}
    | {"LEFT", "LIKE", "NATURAL", "NOT", "NULL", "OFFSET", "ON", "OR", "ORDER", "OUTER", "RIGHT", "SELECT"}
    | {"THEN", "TOP", "UNION", "USING", "WHEN", "WHERE", "WITH"}
)
# What other dialects have.
_NOT_ADQL = {
    "ANY": ("ADQL has no ANY.", "Write IN (SELECT ...) or EXISTS (SELECT ...)."),
    "CHAR_LENGTH": ("ADQL has no CHAR_LENGTH.", None),
    "CROSS": ("ADQL has no CROSS JOIN.", "Write a comma between the tables."),
    "CURRENT_DATE": ("ADQL has no CURRENT_DATE.", "Write the date as text, '2026-01-31'."),
    "CURRENT_TIMESTAMP": ("ADQL has no CURRENT_TIMESTAMP.", "Write the time as text, '2026-01-31T12:00:00'."),
    "DELETE": ("Queries only read: there is no DELETE.", None),
    "DROP": ("Queries only read: there is no DROP.", None),
    "ESCAPE": ("LIKE has no ESCAPE in ADQL.", None),
    "EXTRACT": ("ADQL has no EXTRACT.", None),
    "FALSE": ("ADQL has no truth values.", "Compare with 0 or 1."),
    "FETCH": ("ADQL has no FETCH.", "Write SELECT TOP n."),
    "INSERT": ("Queries only read: there is no INSERT.", None),
    "INTERVAL": ("ADQL has no intervals of time.", "Compare with a moment as text, '2026-01-31T12:00:00'."),
    "SOME": ("ADQL has no SOME.", "Write IN (SELECT ...) or EXISTS (SELECT ...)."),
    "SUBSTRING": ("ADQL has no SUBSTRING.", None),
    "TRIM": ("ADQL has no TRIM.", None),
    "TRUE": ("ADQL has no truth values.", "Compare with 0 or 1."),
    "UPDATE": ("Queries only read: there is no UPDATE.", None),
    "WITH": ("WITH stands at the very beginning of a query only.", None),
}


def unexpected(token: Token, last: Token, expected: str) -> AdqlError:
    """Return the error about *token*, which follows *last*, where *expected* was due."""
    if token.type in _NOT_ADQL:
        message, hint = _NOT_ADQL[token.type]
        return problem(message, token.at, hint)
    if token.type in RESERVED and (token.type not in _STRUCTURE or last.type in {"AS", "."}):
        name = token.text.lower()
        hint = f'As a name, write it as "{name}" in double quotes.'
        if token.type in FORMS:
            hint = f'As a function it needs brackets; as a name, write it as "{name}" in double quotes.'
        return problem(f"{token.text} is a reserved word of ADQL; {expected} is due here.", token.at, hint)
    for word in (last, token):
        if word.type == "identifier" and word.text.upper() == "LIMIT":
            rows = token.text[:20] if token.type == "integer" else "n"
            return problem("ADQL has no LIMIT.", word.at, f"Write SELECT TOP {rows}.")
    return problem(f"Expected {expected}, found {shown(token)}.", token.at, _hint(token, last))


def _hint(token: Token, last: Token) -> str | None:
    """Return what was probably meant by *token* after *last*."""
    match last.type, token.type:
        case "=", "=":
            return "Equality is a single =."
        case ",", _:
            return "Is the comma before it one too many?"
        case "string", "identifier":
            return "A quote inside a text is written twice: 'it''s'."
        case "integer", "DISTINCT" | "ALL":
            return f"{token.type} stands before TOP."
        case _, "UNION" | "EXCEPT" | "INTERSECT":
            return "A SELECT with its own ORDER BY or OFFSET needs brackets."
        case "identifier", _ if last.text.upper() == "RECURSIVE":
            return "ADQL has no recursion."
    return None


def shown(token: Token) -> str:
    """Return a token as it was written, for a message."""
    match token.type:
        case "end":
            return EXPECTED["end"]
        case "string":
            return f"the text '{token.text[:40]}'"
        case "delimited":
            return f'"{token.text[:40]}"'
    return token.text[:40]
