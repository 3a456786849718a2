"""Messages for syntax errors: what was expected, and the ADQL for what was probably meant."""

from difflib import get_close_matches

from provtap.adql.syntax.kinds import FORMS
from provtap.adql.syntax.lexer import COMPARISONS, Token, problem
from provtap.adql.syntax.reserved import RESERVED
from provtap.errors import AdqlError

EXPECTED = {
    "identifier": "a name",
    "integer": "a whole number without sign",
    "end": "the end of the query",
    "string": "a text in single quotes",
}
"""Names of types of tokens in messages; other types are shown unchanged."""

# Words that continue a query: they are never meant as names where something else is expected.
_STRUCTURE = frozenset(
    {"ALL", "AND", "AS", "ASC", "BETWEEN", "BY", "CASE", "DESC", "DISTINCT", "ELSE", "END", "EXCEPT"}
    | {"EXISTS", "FROM", "FULL", "GROUP", "HAVING", "ILIKE", "IN", "INNER", "INTERSECT", "IS", "JOIN"}
    | {"LEFT", "LIKE", "NATURAL", "NOT", "NULL", "OFFSET", "ON", "OR", "ORDER", "OUTER", "RIGHT", "SELECT"}
    | {"THEN", "TOP", "UNION", "USING", "WHEN", "WHERE", "WITH"}
)
# Words of other dialects.
_NOT_ADQL = {
    "ANY": ("ADQL has no ANY.", "Write IN (SELECT ...) or EXISTS (SELECT ...)."),
    "DELETE": ("Queries can only read; they cannot use DELETE.", None),
    "DROP": ("Queries can only read; they cannot use DROP.", None),
    "EXTRACT": ("ADQL has no EXTRACT.", "Compare timestamps: t >= '2026-01-01' AND t < '2027-01-01'."),
    "FALSE": ("ADQL has no boolean values.", "Compare with 0 or 1."),
    "FETCH": ("ADQL has no FETCH.", "Write SELECT TOP n."),
    "COLLATE": ("ADQL has no COLLATE.", None),
    "INSERT": ("Queries can only read; they cannot use INSERT.", None),
    "INTERVAL": (
        "ADQL has no time intervals.",
        "Compare days: ivo_to_mjd(t) > ivo_to_mjd(CURRENT_TIMESTAMP) - 1.",
    ),
    "INTO": ("Queries can only read; they cannot use INTO.", None),
    "SOME": ("ADQL has no SOME.", "Write IN (SELECT ...) or EXISTS (SELECT ...)."),
    "TRIM": ("ADQL has no TRIM.", None),
    "TRUE": ("ADQL has no boolean values.", "Compare with 0 or 1."),
    "UPDATE": ("Queries can only read; they cannot use UPDATE.", None),
    "WITH": ("WITH is only allowed at the beginning of a query.", None),
}


# Words of other dialects that are valid names in ADQL; these hints are given if the syntax is wrong.
FOREIGN_WORDS = {
    "GLOB": "Write LIKE, with % for any characters and _ for any one.",
    "LATERAL": "Join the subquery with ON.",
    "LIMIT": "Write SELECT TOP {n}.",
    "MINUS": "Write EXCEPT.",
    "NULLS": "NULL is sorted last, with DESC first.",
    "OVER": "ADQL has no window functions.",
    **dict.fromkeys(
        ("REGEXP", "RLIKE", "SIMILAR"),
        "Write 1 = gavo_match(pattern, text), with a POSIX regular expression.",
    ),
    "SYMMETRIC": "Write the smaller bound before AND.",
    "RECURSIVE": "Use provenance.lineage, which follows any number of steps.",
}
_MOMENTS = frozenset({"DATE", "TIME", "TIMESTAMP"})
_MISPLACED = {
    "ON": "ON belongs to a JOIN.",
    "TOP": "Write TOP after SELECT or SELECT DISTINCT.",
    "USING": "USING belongs to a JOIN.",
    **dict.fromkeys(
        ("WHERE", "GROUP", "HAVING", "ORDER"),
        "The order is FROM, WHERE, GROUP BY, HAVING, ORDER BY, OFFSET.",
    ),
    **dict.fromkeys(
        ("UNION", "EXCEPT", "INTERSECT"), "Put a SELECT with its own ORDER BY or OFFSET in brackets."
    ),
}
"""Hints for clauses in the wrong order."""
_CLAUSES = ("WHERE", "GROUP", "HAVING", "ORDER", "JOIN", "UNION", "OFFSET")


def unexpected(token: Token, last: Token, expected: str) -> AdqlError:
    """Return the error about *token*, found after *last* instead of *expected*."""
    if token.type in _NOT_ADQL:
        message, hint = _NOT_ADQL[token.type]
        return problem(message, token.at, hint)
    if expected == "SELECT" and token is last:
        return problem(
            f"A query starts with SELECT or WITH, not with {shown(token)}.", token.at, _first_hint(token)
        )
    is_name_due = last.type == "." or (last.type == "AS" and expected == EXPECTED["identifier"])
    if token.type in RESERVED and (token.type not in _STRUCTURE or is_name_due):
        message = f"{token.text} is a reserved word of ADQL; expected {expected}."
        return problem(message, token.at, _reserved_hint(token))
    for word in (last, token):
        if word.type == "identifier" and word.text.upper() in FOREIGN_WORDS:
            number = token.text[:20] if token.type == "integer" else "n"
            hint = FOREIGN_WORDS[word.text.upper()].format(n=number)
            return problem(f"ADQL has no {word.text}.", word.at, hint)
    fixes: tuple[str, ...] = ()
    hint = _hint(token, last) or _DUE.get((expected, token.type))
    if hint is None and (meant := _misspelling(token, last, expected)):
        word, near = meant
        hint = f"Did you mean {near} instead of {word.text}?"
        fixes = (near,) if word is token else ()
    if expected in {EXPECTED["end"], ")"}:
        hint = hint or _MISPLACED.get(token.type)
    return problem(f"Expected {expected}, found {shown(token)}.", token.at, hint, fixes=fixes)


def _first_hint(token: Token) -> str | None:
    """Return a hint about the first word of a query in another language."""
    is_about_tables = token.text.upper() in {"SHOW", "DESCRIBE", "DESC", "HELP"}
    return (
        "TAP_SCHEMA.tables and TAP_SCHEMA.columns list all tables and columns." if is_about_tables else None
    )


def _reserved_hint(token: Token) -> str:
    """Return a hint for the probable meaning of the reserved word *token*."""
    hint = f'As a name, write it as "{token.text.lower()}" in double quotes.'
    if token.type in FORMS:
        return f"As a function it needs brackets; {hint[0].lower()}{hint[1:]}"
    return (
        f"Write a timestamp as a plain text, '2026-01-31T12:00:00'. {hint}"
        if token.type in _MOMENTS
        else hint
    )


VALUE_DUE = "a column or an expression"
"""What a message calls a value that is missing."""
_DUE = {
    (VALUE_DUE, "LEFT"): "Write SUBSTRING(text, 1, length).",
    (VALUE_DUE, "RIGHT"): "Write SUBSTRING(text, start, length).",
    (")", ","): "ADQL has no rows as values: compare column by column, or write EXISTS (SELECT ...).",
}
"""What was probably meant by a type of token where another was due."""
_PAIRS = {
    ("=", "="): "Write a single = for equality.",
    ("string", "identifier"): "Write a quote inside a text twice: 'it''s'.",
    ("TOP", "("): "Write TOP n without brackets.",
    ("(", "SELECT"): "A subquery as an argument needs brackets of its own: ((SELECT ...)).",
    ("IS", "string"): "Write = to compare with a value.",
    ("NOT", "string"): "Write <> to compare with a value.",
    ("IS", "DISTINCT"): "To compare with NULL, write a = b OR a IS NULL AND b IS NULL.",
    ("NOT", "DISTINCT"): "To compare with NULL, write a = b OR a IS NULL AND b IS NULL.",
    ("DISTINCT", "ON"): "GROUP BY the columns that must differ, and use MIN or MAX of the others.",
    ("integer", "DISTINCT"): "Write DISTINCT before TOP.",
    ("integer", "ALL"): "Write ALL before TOP.",
}
"""Hints for pairs of types of tokens."""


def _hint(token: Token, last: Token) -> str | None:
    """Return a hint for the probable meaning of *token* after *last*."""
    if hint := _PAIRS.get((last.type, token.type)):
        return hint
    match last.type, token.type:
        case _, "ALL" if last.type in COMPARISONS:
            return "ADQL has no comparison with ALL: write NOT EXISTS (SELECT ...)."
        case ",", _:
            return "Is the comma before it superfluous?"
        case "AS", "string":
            return f'Write texts in single quotes, names in double quotes: "{token.text[:40]}".'
        case "UNION" | "EXCEPT" | "INTERSECT", "DISTINCT":
            return f"{last.type} without ALL removes duplicate rows."
    return None


def _misspelling(token: Token, last: Token, expected: str) -> tuple[Token, str] | None:
    """Return one of two names, and the word it was probably meant to be: the expected or a following word."""
    for word in (last, token):
        if word.type == "identifier":
            for near in get_close_matches(word.text.upper(), [expected, *_CLAUSES], n=1, cutoff=0.7):
                return word, near
    return None


def shown(token: Token) -> str:
    """Return a token as written, for a message."""
    match token.type:
        case "end":
            return EXPECTED["end"]
        case "string":
            return f"the text '{token.text[:40]}'"
        case "delimited":
            return f'"{token.text[:40]}"'
    return token.text[:40]
