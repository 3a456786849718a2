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
    "2201F": "The query raises a number to a power that has no real value.",
    "2201B": "The query has a regular expression that is none.",
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
    "22012": "NULLIF(x, 0) is NULL where x is 0.",
    "22003": "CAST(x AS DOUBLE PRECISION) computes with larger numbers.",
    "22P02": "prov_number(text) is NULL where the text spells no number.",
}
# Rules that only several documents together can break, by the name of the constraint.
_RULES = {
    "activity_check": "an activity would end before it starts",
    "entity_check1": "an entity would end before it was generated",
}
_TRIGGERS = {"23000", "23514"}
"""Where no constraint is named, the triggers of schema/ speak, in sentences about the document."""
_AGAIN = {"40001", "40P01", "55P03"}
_CONNECTION = ("08", "57P", "25P03", "53300")  # 25P03: idle in a transaction for too long


def query_failure(error: psycopg2.Error) -> ProvtapError:
    """Return what to tell the user whose valid query failed while PostgreSQL ran it."""
    code = error.pgcode
    if code == "57014":
        return out_of_time()
    if is_connection_failure(error):
        return DatabaseUnavailable("The connection to PostgreSQL was lost while the query ran.")
    if is_recovery_conflict(error):
        return DatabaseUnavailable(
            "The query was stopped because rows that it read were removed meanwhile.", hint="Try again."
        )
    if _is_memory(error):
        return QueryError(
            "The query needs more memory than this service allows one query.",
            hint="Ask for fewer or shorter values at once.",
        )
    if code == "53100":
        return DatabaseUnavailable("The server has no disk left for this query.", hint="Try again later.")
    if code in _QUERY:
        return QueryError(_QUERY[code], hint=_HINTS.get(code))
    return QueryError(f"The query could not be run (SQLSTATE {code or 'unknown'}).")


def out_of_time() -> QueryTimeout:
    """Return the error for a query that did not end in time."""
    return QueryTimeout("The query was stopped at its time limit.")


def _is_memory(error: psycopg2.Error) -> bool:
    """Tell whether a limit on memory stopped a query: that of its process, or PostgreSQL's of 1 GB a value.

    A full table of locks has the same code, but does not depend on the query.
    """
    text = _primary(error)
    return (error.pgcode == "53200" and "shared memory" not in text) or "memory alloc" in text


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
    if _is_memory(error):
        return DatabaseUnavailable(
            "PostgreSQL has too little memory for it; nothing was stored.",
            hint="Raise PROVTAP_BACKEND_BYTES, or the limit of your own PostgreSQL.",
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
