"""The complete list of extensions of ADQL 2.1 in this service.

The parser and the resolver note where a query uses an extension; with the setting PROVTAP_ADQL_STRICT this is
an error. The capabilities declare the same list, and the reference page shows it.

No extension changes the meaning of a query in ADQL 2.1.
"""

from enum import Enum

from provtap.adql.syntax.lexer import Position, problem
from provtap.errors import AdqlError


class Extension(Enum):
    """One extension: its form, its meaning, and the equivalent in standard ADQL, if any."""

    ASTERISK = (
        "SELECT *, expression",
        "An asterisk without a table beside other columns.",
        "Write table.* beside other columns.",
    )
    CASE = (
        "CASE",
        "CASE WHEN condition THEN a ... ELSE b END, and CASE value WHEN x THEN a ... ELSE b END.",
        None,
    )
    CHAR_LENGTH = (
        "CHAR_LENGTH(text)",
        "The number of characters of a text; also as CHARACTER_LENGTH and LENGTH.",
        None,
    )
    CROSS_JOIN = ("CROSS JOIN", "All pairs of rows of two tables.", "Write a comma between the tables.")
    CURRENT_TIMESTAMP = (
        "CURRENT_TIMESTAMP",
        "The time of the query, in UTC; CURRENT_DATE is midnight of that day.",
        "Write the time as text, '2026-01-31T12:00:00'.",
    )
    ESCAPE = (
        "LIKE pattern ESCAPE character",
        "A character before % and _ that makes them mean themselves; also with ILIKE.",
        None,
    )
    GROUP_BY_OUTPUT = (
        "GROUP BY of an output column",
        "GROUP BY accepts the position of an output column, and its name if no table of the SELECT has a"
        " column of that name.",
        "Repeat the expression in GROUP BY.",
    )
    IN_ONE_VALUE = ("IN with one value", "value IN (a), a list of one value.", "Write value = a.")
    IS_NULL = (
        "IS NULL of an expression",
        "IS NULL and IS NOT NULL of any value, not only of a column.",
        "Compute it in a subquery of FROM.",
    )
    NULL_SYSTEM = (
        "NULL as coordinate system",
        "POINT(NULL, lon, lat), and likewise in other functions of geometry.",
        "Leave it out.",
    )
    NULLIF = ("NULLIF(a, b)", "a, or NULL if a = b.", None)
    SUBQUERY = (
        "a subquery as a value",
        "(SELECT ...) of one column and at most one row, in any expression; NULL without a row.",
        "Put it among the tables: FROM t, (SELECT MAX(x) AS m FROM t) AS q.",
    )
    SUBSTRING = (
        "SUBSTRING(text, start, length)",
        "Part of a text, from a character on, counted from 1; also SUBSTRING(text FROM start FOR length). The"
        " length may be omitted.",
        "CAST(text AS VARCHAR(n)) has the first n characters.",
    )
    TRUTH = (
        "truth values as texts",
        "Comparison of a truth value with 'true' or 'false', in any case, besides 1 and 0.",
        "Compare it with 0 or 1.",
    )

    def __init__(self, form: str, description: str, instead: str | None) -> None:
        self.form = form
        self.description = description
        self.instead = instead


def refused(extension: Extension, at: Position) -> AdqlError:
    """Return the error about an extension, if the service accepts only standard ADQL."""
    form = extension.form[0].upper() + extension.form[1:]
    message = f"{form} is an extension of ADQL 2.1; this service is set to accept none."
    return problem(message, at, extension.instead)
