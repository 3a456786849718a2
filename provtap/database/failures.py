"""PostgreSQL's errors as sentences for users: about their query or their settings, never about our SQL."""

import psycopg2

from provtap.errors import (
    Contended,
    DatabaseUnavailable,
    DocumentError,
    ProvtapError,
    QueryError,
    QueryTimeout,
)

# SQLSTATE -> what the user's query did. PostgreSQL's own text speaks of the SQL we made of it.
_QUERY = {
    "0A000": "The query joins tables in a way that the server can't, such as a FULL JOIN by random numbers.",
    "22012": "The query divides by zero.",
    "22003": "A number of the query's result is too large or too small for its type.",
    "22P02": "The query turns a text into a number that it does not spell.",
    "22007": "The query turns a text into a timestamp that it does not spell.",
    "22008": "The query has a timestamp out of range.",
    "2201E": "The query takes the logarithm of zero or of a negative number.",
    "2201F": "The query takes a root or a power that is not a real number.",
    "2201B": "The query contains an invalid regular expression.",
    "22023": "The query gives a function a value that it can't take.",
    "22001": "A text of the query's result is too long for its type.",
    "22011": "The query takes a substring of negative length.",
    "22019": "The query has an ESCAPE that is not one character.",
    "22025": "The query has a LIKE pattern that ends with its escape character.",
    "22021": "The query has a character that can't be stored.",
    "21000": "A subquery used as a value gave more than one row.",
    "42501": "The query reads something that is not published.",
    "53400": "The query needs more temporary disk than one query may have.",
    "54001": "The query is nested too deeply for the server.",
    "54000": "The query is over a limit of the server.",
    "55P03": "The query waited too long for a table that is being changed; please try again.",
    "40P01": "The query met a concurrent change; please try again.",
}
_HINTS = {
    "2201E": "CASE WHEN x > 0 THEN LOG(x) END is NULL for the others.",
    "22012": "NULLIF(x, 0) is NULL where x is 0.",
    "22003": "CAST(x AS DOUBLE PRECISION) computes with larger numbers.",
    "22P02": "prov_number(text) is NULL where the text spells no number.",
}
# The C function of PostgreSQL that failed -> the same, and a hint. It says more than the SQLSTATE, and is
# not translated, as the message is.
_AT_THE_ENDS = "CASE WHEN x BETWEEN -1 AND 1 THEN ASIN(x) END is NULL for the others."
_BY_FUNCTION: dict[str, tuple[str, str | None]] = {
    "dsqrt": (
        "The query takes the square root of a negative number.",
        "CASE WHEN x >= 0 THEN SQRT(x) END is NULL for the others.",
    ),
    "dpow": (
        "The query raises zero to a negative power, or a negative number to a power that is not whole.",
        "CASE WHEN x > 0 THEN POWER(x, y) END is NULL for the others.",
    ),
    "dasin": ("The query takes the arc sine of a number that is not between -1 and 1.", _AT_THE_ENDS),
    "dacos": (
        "The query takes the arc cosine of a number that is not between -1 and 1.",
        _AT_THE_ENDS.replace("ASIN", "ACOS"),
    ),
    "float_overflow_error": (
        "A number of the query becomes too large: DOUBLE PRECISION ends at 1.8e308, REAL at 3.4e38.",
        None,
    ),
    "float_underflow_error": (
        "A number of the query becomes too small: it is not 0, but closer to it than the smallest DOUBLE"
        " PRECISION, 5e-324, or the smallest REAL, 1e-45.",
        "CASE WHEN x > -700 THEN EXP(x) ELSE 0 END is an example of leaving such numbers out.",
    ),
    "MemoryContextSizeFailure": ("A text of the query becomes longer than the server can hold.", None),
}
_BY_FUNCTION |= dict.fromkeys(
    ("dsin", "dcos", "dtan", "dcot"),
    ("The query takes a sine, cosine or tangent of an infinite number.", None),
)
_BY_FUNCTION |= dict.fromkeys(
    ("dsind", "dcosd"), ("The query has a place on the sky with an infinite coordinate.", None)
)
_BY_FUNCTION |= dict.fromkeys(
    ("dtoi2", "dtoi4", "dtoi8", "ftoi2", "ftoi4", "ftoi8"),
    ("The query makes a whole number of one that is too large for its type, infinite or NaN.", None),
)
# Rules that only several documents together can break, by the name of the constraint.
_RULES = {
    "activity_check": "an activity would end before it starts",
    "entity_check1": "an entity would end before it was generated",
}
_TRIGGERS = {"23000", "23514"}
"""Where no constraint is named, the triggers of schema/ speak, in sentences about the document."""
_FULL = {"53100": "disk", "53200": "memory"}
_AGAIN = {"40001", "40P01", "55P03"}
_CONNECTION = ("08", "57P", "25P03", "53300")  # 25P03: idle in a transaction for too long


def query_failure(error: psycopg2.Error) -> ProvtapError:
    """Return what to tell the user whose valid query failed while PostgreSQL ran it."""
    code = error.pgcode
    if code == "57014":
        return QueryTimeout("The query was stopped at its time limit.")
    if is_connection_failure(error):
        return DatabaseUnavailable("The connection to PostgreSQL was lost while the query ran.")
    if is_recovery_conflict(error):
        return DatabaseUnavailable(
            "The query was stopped because rows that it read were removed meanwhile.", hint="Try again."
        )
    if code in _FULL:
        return DatabaseUnavailable(
            f"The server has no {_FULL[code]} left for this query.", hint="Try again later."
        )
    if error.diag.source_function in _BY_FUNCTION:
        message, hint = _BY_FUNCTION[error.diag.source_function]
        return QueryError(message, hint=hint)
    if code in _QUERY:
        return QueryError(_QUERY[code], hint=_HINTS.get(code))
    return QueryError(f"The query could not be run (SQLSTATE {code or 'unknown'}).")


def write_failure(error: psycopg2.Error) -> ProvtapError:
    """Return what to tell who stores something that PostgreSQL refuses: its rules are the model's."""
    code = error.pgcode or ""
    if is_connection_failure(error):
        return DatabaseUnavailable("The connection to PostgreSQL was lost; nothing was stored.")
    if code in _AGAIN:
        return Contended("Another process is changing the same rows; nothing was stored.", hint="Try again.")
    if code == "42501":
        return DatabaseUnavailable(f"PostgreSQL refuses: {_primary(error)}.", hint="Run provtap init.")
    if code in {"3F000", "42P01", "42703"}:
        return DatabaseUnavailable("The database is not set up for this version.", hint="Run provtap init.")
    if code == "53100":
        return DatabaseUnavailable(
            "PostgreSQL's disk is full; nothing was stored.", hint="Make room, and give the same again."
        )
    if code.startswith(("53", "57")):
        return DatabaseUnavailable(f"PostgreSQL could not store it: {_primary(error)}.")
    if error.diag.constraint_name in _RULES:
        return DocumentError(f"together with what is known, {_RULES[error.diag.constraint_name]}")
    if code in _TRIGGERS and error.diag.constraint_name is None:
        return DocumentError(_primary(error))
    detail = error.diag.message_detail
    return DocumentError(f"PostgreSQL refuses it: {_primary(error)}." + (f" {detail}" if detail else ""))


def is_connection_failure(error: psycopg2.Error) -> bool:
    """Tell a lost connection or a server going down from an error in what was asked."""
    if error.pgcode is None:  # the bare DatabaseError: a COPY that ends in the midst, without a word
        lost = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
        return lost or type(error) is psycopg2.DatabaseError
    return error.pgcode.startswith(_CONNECTION)


def is_recovery_conflict(error: BaseException | None) -> bool:
    """Tell whether a standby stopped a query to follow its primary.

    In a transaction that only reads nothing else is a serialization failure (PostgreSQL documentation,
    "Handling Query Conflicts").
    """
    return isinstance(error, psycopg2.Error) and error.pgcode == "40001"


def setup_failure(error: psycopg2.Error) -> ProvtapError:
    """Return what to tell an operator whose `provtap init` failed: PostgreSQL's own words."""
    if error.pgcode == "42501":
        return DatabaseUnavailable(
            f"The login of PROVTAP_DATABASE_URL may not set up the database: {_primary(error)}.",
            hint="Let a superuser run what `provtap init --print-sql` prints.",
        )
    return DatabaseUnavailable(f"The database can't be set up: {_primary(error)}.")


def _primary(error: psycopg2.Error) -> str:
    text = error.diag.message_primary or str(error) or type(error).__name__
    return text.strip().rstrip(".")
