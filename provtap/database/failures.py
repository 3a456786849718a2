"""Turns PostgreSQL's errors into sentences for users about their query or document, not about our SQL.

Each SQLSTATE has a status, and determines whether a repetition helps. PostgreSQL's own message may contain
roles, files and settings, so it is only part of the error's detail, for the operator.

Source: PostgreSQL documentation, Appendix A, "PostgreSQL Error Codes".
"""

import psycopg2

from provtap.database.arithmetic import ARITHMETIC
from provtap.errors import (
    Contended,
    DatabaseUnavailable,
    DocumentError,
    InternalError,
    Outage,
    ProvtapError,
    QueryError,
    QueryStopped,
    QueryTimeout,
    Unconfirmed,
)

# SQLSTATE -> message about the user's query.
_QUERY = {
    "0A000": "The query joins tables in a way that the server does not support, such as a FULL JOIN on"
    " random numbers.",
    "22012": "The query divides by zero.",
    "22003": "A number in the query is out of the range of its type.",
    "22P02": "The query converts a text to a number, but the text is not a valid number.",
    "22007": "The query converts a text to a timestamp, but the text is not a valid timestamp.",
    "22008": "A timestamp in the query is out of range.",
    "2201E": "The query takes the logarithm of zero or of a negative number.",
    "2201F": "The query takes a root or a power that is not a real number.",
    "2201B": "The query contains an invalid regular expression.",
    "22023": "The query passes an invalid value to a function.",
    "22001": "A text in the query is too long for its type.",
    "22011": "The query takes a substring of negative length.",
    "22019": "The query has an ESCAPE that is not a single character.",
    "22025": "The query has a LIKE pattern that ends with its escape character.",
    "22021": "The query contains a character that cannot be stored.",
    "21000": "A subquery used as a value returned more than one row.",
    "25006": "The query tries to change data; queries can only read.",
    "42501": "The query reads something that is not published.",
    "53400": "The query needs more temporary disk space than one query may use.",
    "54001": "The query is nested too deeply for the server.",
    "54011": "The query has too many columns for the server.",
    "54023": "The query passes too many arguments to a function.",
}
_QUERY_CLASSES = {
    "22": "The query contains a value that one of its operations does not accept.",
    "54": "The query exceeds a limit of the server.",
}
"""By the first two characters, for codes that are not in _QUERY."""
_HINTS = {
    "2201E": "CASE WHEN x > 0 THEN LOG(x) END is NULL for other values.",
    "22012": "NULLIF(x, 0) is NULL where x is 0.",
    "22003": "CAST(x AS DOUBLE PRECISION) allows larger numbers.",
    "21000": "Compare with IN (SELECT ...), or select MAX(...) or TOP 1 in the subquery.",
    "22P02": "prov_number(text) is NULL where the text is not a number.",
}
# SQLSTATE -> error in a document, after its name and a colon.
_DOCUMENT = {
    "22003": "a number is too large or too small to be stored",
    "22007": "a text is not a timestamp",
    "22008": "a timestamp is out of range",
    "22001": "a text is too long to be stored",
    "22021": "a text contains the character NUL or is not UTF-8",
    "22P05": "a text contains the character NUL",
    "54001": "it is nested too deeply",
    "54000": "a value is too long to be stored",
}
_DOCUMENT_CLASSES = {
    "22": "a value cannot be stored",
    "54": "it exceeds a limit of the database",
}
# Rules that only several documents together can violate, by the name of the constraint.
_RULES = {
    "activity_check": "an activity would end before it starts",
    "entity_check1": "an entity would end before it was generated",
}
_TRIGGERS = {"23000", "23503", "23514"}
"""Without the name of a constraint, the error comes from a trigger of schema/, with a sentence."""
_FULL = {"53100": "disk", "53200": "memory"}
_AGAIN = {"40001", "40P01", "55P03"}
_NOT_SET_UP = {"3F000", "42501", "42703", "42704", "42883", "42P01"}
_POOLED = {"26000", "42P05"}
"""A prepared statement is missing, or exists already: a pooler in transaction mode swaps sessions."""
_CONNECTION = ("08", "25P03", "25P04", "53300", "57P")
"""25P03, 25P04: the session ended at a time limit for transactions."""
_TRY_LATER = "Try again later."
_NOTHING_STORED = "nothing was stored"


def query_failure(error: psycopg2.Error, *, overdue: bool) -> ProvtapError:
    """Return the error for the user of a valid query that failed in PostgreSQL.

    *overdue*: whether its time limit has passed, because PostgreSQL has the same code for a cancel.
    """
    code = error.pgcode or ""
    if code == "57014":
        stopped = QueryStopped("The query was cancelled by the operator of the database.")
        return out_of_time() if overdue else stopped
    if code == "57P01":  # rare: psycopg2 usually reports only a lost connection
        return DatabaseUnavailable(
            "The database was shut down, or its operator ended the query's connection.", hint=_TRY_LATER
        )
    if is_connection_failure(error):
        return DatabaseUnavailable(
            "The connection to the database was lost while the query ran.",
            hint=_TRY_LATER,
            detail=_detail("The connection to PostgreSQL was lost while the query ran", error),
        )
    if is_recovery_conflict(error):
        return DatabaseUnavailable(
            "The query was stopped because rows that it read were removed meanwhile.", hint="Try again."
        )
    if _is_memory(error):
        return QueryError(
            "The query needs more memory than this service allows one query.",
            hint="Select fewer or shorter values.",
        )
    if code in _AGAIN:
        return Contended("The query waited too long for a table that is being changed.", hint="Try again.")
    if code in _FULL:
        return DatabaseUnavailable(f"The server has no {_FULL[code]} left for this query.", hint=_TRY_LATER)
    return _explained(error, code) or _unforeseen("The query could not be run", error)


def _explained(error: psycopg2.Error, code: str) -> QueryError | None:
    """Return the error about an unsupported operation of a query, if it is a known one."""
    if error.diag.source_function in ARITHMETIC:
        message, hint = ARITHMETIC[error.diag.source_function]
        return QueryError(message, hint=hint)
    if code in _QUERY:
        return QueryError(_QUERY[code], hint=_HINTS.get(code))
    if code[:2] in _QUERY_CLASSES:
        return QueryError(_QUERY_CLASSES[code[:2]])
    return None


def out_of_time() -> QueryTimeout:
    """Return the error for a query that exceeded its time limit."""
    return QueryTimeout("The query was stopped at its time limit.")


def _is_memory(error: psycopg2.Error) -> bool:
    """Return whether a memory limit stopped a query: of its process, or PostgreSQL's 1 GB for each value.

    A full lock table has the same code, but does not depend on the query.
    """
    text = _primary(error)
    return (error.pgcode == "53200" and "shared memory" not in text) or "memory alloc" in text


def write_failure(error: psycopg2.Error) -> ProvtapError:
    """Return the error for rows that PostgreSQL rejects: its rules are those of the model."""
    code = error.pgcode or ""
    if code.startswith("23"):
        return _broken_rule(error)
    if code in _DOCUMENT:
        return DocumentError(_DOCUMENT[code])
    if code in _NOT_SET_UP:
        return _out_of_order(error, "Run provtap init.")
    if code in _POOLED:
        return _out_of_order(error, "PROVTAP_DATABASE_URL must not lead to a pooler in transaction mode.")
    if code[:2] in _DOCUMENT_CLASSES:
        return DocumentError(_DOCUMENT_CLASSES[code[:2]])
    return _obstacle(error) or _unforeseen(f"It could not be stored; {_NOTHING_STORED}", error)


def _broken_rule(error: psycopg2.Error) -> DocumentError:
    rule = error.diag.constraint_name
    if rule in _RULES:
        return DocumentError(f"together with the stored records, {_RULES[rule]}")
    if error.pgcode in _TRIGGERS and rule is None:
        return DocumentError(_primary(error))
    detail = error.diag.message_detail
    return DocumentError(f"the database rejected it: {_primary(error)}." + (f" {detail}" if detail else ""))


def _obstacle(error: psycopg2.Error) -> ProvtapError | None:
    """Return the error if PostgreSQL can't store anything at the moment, or None."""
    code = error.pgcode or ""
    if code in _AGAIN:
        return Contended(f"Another process is changing the same rows; {_NOTHING_STORED}.", hint="Try again.")
    kind: type[DatabaseUnavailable] = DatabaseUnavailable
    if is_connection_failure(error):
        kind, what = Outage, "The connection to the database was lost"
    elif code == "25006":  # a standby, or a primary that has been demoted
        kind, what = Outage, "The database is read-only at the moment"
    elif code == "57014":
        what = "The database cancelled the change"
    elif code in _FULL:
        what = f"The database has no {_FULL[code]} left"
    else:
        return None
    message = f"{what}; {_NOTHING_STORED}"
    return kind(f"{message}.", hint="Send it again later.", detail=_detail(message, error))


def commit_failure(error: psycopg2.Error) -> ProvtapError:
    """Return the error if PostgreSQL fails during COMMIT."""
    if is_connection_failure(error):
        return Unconfirmed(
            "The connection to the database was lost before it confirmed the change:"
            " it is not known whether the change was stored.",
            detail=_detail(
                "The connection to PostgreSQL was lost during COMMIT: it is not known whether the change was"
                " stored",
                error,
            ),
        )
    return write_failure(error)


def is_connection_failure(error: psycopg2.Error) -> bool:
    """Return whether the error is a lost connection or a server shutdown, not an error of the statement."""
    if error.pgcode is None:  # the bare DatabaseError: a COPY that ends early without a message
        lost = isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
        return lost or type(error) is psycopg2.DatabaseError
    return error.pgcode.startswith(_CONNECTION)


def is_recovery_conflict(error: BaseException | None) -> bool:
    """Return whether a standby stopped a query to follow its primary.

    In a read-only transaction this is the only serialization failure (PostgreSQL documentation, "Handling
    Query Conflicts").
    """
    return isinstance(error, psycopg2.Error) and error.pgcode == "40001"


def setup_failure(error: psycopg2.Error) -> ProvtapError:
    """Return the error for an operator whose `provtap init` failed, with PostgreSQL's message."""
    if error.pgcode == "42501":
        return DatabaseUnavailable(
            f"The login of PROVTAP_DATABASE_URL may not set up the database: {_primary(error)}.",
            hint="Let a superuser run what `provtap init --print-sql` prints.",
        )
    return DatabaseUnavailable(f"The database cannot be set up: {_primary(error)}.")


def _out_of_order(error: psycopg2.Error, remedy: str) -> DatabaseUnavailable:
    """Return the error for a database that only its operator can repair."""
    return DatabaseUnavailable(
        f"The database of this service has a fault; {_NOTHING_STORED}.",
        detail=f"{_detail('PostgreSQL refuses', error)} {remedy}",
    )


def _unforeseen(message: str, error: psycopg2.Error) -> ProvtapError:
    """Return the error for a fault of the server, or of our SQL."""
    detail = _detail(message, error)
    if (error.pgcode or "").startswith(("53", "55", "57", "58")):  # the state of the server, which may change
        return DatabaseUnavailable(f"{message}: the database has a fault.", hint=_TRY_LATER, detail=detail)
    return InternalError(detail)


def _detail(message: str, error: psycopg2.Error) -> str:
    return f"{message}: {_primary(error)} (SQLSTATE {error.pgcode or 'unknown'})."


def _primary(error: psycopg2.Error) -> str:
    text = error.diag.message_primary or str(error) or type(error).__name__
    return " ".join(text.split()).rstrip(".")
