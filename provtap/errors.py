"""Errors. Each has a message of one sentence that names the thing, its position and a solution."""

import logging
import secrets
from collections.abc import Iterable
from difflib import get_close_matches


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Return the question whether one of *known* was meant, if one is near."""
    near = get_close_matches(given, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else None


class ProvtapError(Exception):
    """An error whose text may be shown to any user, in the form that the protocol requires.

    The text is *message*, then the position ("(line 1, column 8)") where there is one, then the hint.
    Lines and columns count from 1.

    *detail* is the same for the operator: it may name hosts, roles, files and settings. The text for users
    then ends with a reference, under which whoever answers the user writes the detail to the log.
    """

    status = 400
    """HTTP status of the answer that reports this error."""
    retry_after: int | None = None
    """Seconds after which the same request may succeed."""

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
        detail: str | None = None,
    ) -> None:
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint
        self.detail = detail
        if detail is not None:
            self.reference = secrets.token_hex(4)
            logged = f"The log of the service gives the reason under {self.reference}."
            self.hint = logged if hint is None else f"{hint} {logged}"
        super().__init__(message)

    def __str__(self) -> str:
        where = "" if self.line is None else f" (line {self.line}, column {self.column})"
        hint = "" if self.hint is None else f" {self.hint}"
        return f"{self.message}{where}{hint}"

    def for_operator(self) -> str:
        """Return the text for the command line and the log of the service, never for users."""
        return self.detail or str(self)

    def record(self, log: logging.Logger) -> None:
        """Write the detail to *log*, if there is one, before a user gets the text."""
        if self.detail:
            log.error("%s: %s", self.reference, self.detail)


class SettingsError(ProvtapError):
    """A PROVTAP_* setting, what it points to, or an installed reader cannot be used."""

    status = 500


class AdqlError(ProvtapError):
    """A query is not valid ADQL, or uses something that is not published.

    Its text is followed by those of *further* errors of the same query, each with its own position.
    """

    further: "tuple[AdqlError, ...]" = ()
    end: tuple[int, int] | None = None
    """Line and column behind what is wrong; None: it is the one word or symbol at the position."""
    fixes: tuple[str, ...] = ()
    """What may stand there instead, the likeliest first."""

    def __str__(self) -> str:
        return " ".join([super().__str__(), *map(str, self.further)])


class ParameterError(ProvtapError):
    """A request parameter is missing, repeated or invalid."""


class NotFound(ProvtapError):
    """What the request names does not exist."""

    status = 404


class Forbidden(ProvtapError):
    """The client may not do this, or not as often."""

    status = 403


class IllegalTransition(Forbidden):
    """The phase of a job does not allow the request."""


class TooLarge(ProvtapError):
    """A request or document exceeds a published limit."""

    status = 413


class QueryError(ProvtapError):
    """A valid query failed while it ran (division by zero, overflow, a value that can't be cast)."""


class QueryTimeout(QueryError):
    """A query was stopped at its time limit."""


class QueryStopped(ProvtapError):
    """The operator of the database cancelled a query before its time limit."""

    status = 503


class QueryCancelled(QueryError):
    """A query was cancelled because its client disconnected."""


class DatabaseUnavailable(ProvtapError):
    """PostgreSQL can't be reached, or is not set up, or does not fit this version."""

    status = 503
    retry_after = 10


class NotConnected(DatabaseUnavailable):
    """No connection to PostgreSQL could be made; nothing was sent."""


class Unconfirmed(DatabaseUnavailable):
    """The connection was lost while PostgreSQL committed: it may have stored everything, or nothing."""


class Contended(DatabaseUnavailable):
    """Another process is changing the same rows; the same transaction may succeed a moment later."""


class Busy(ProvtapError):
    """The service is busy with other requests."""

    status = 503
    retry_after = 10


class DiskFull(ProvtapError):
    """There is not enough disk space for the files of a job."""

    status = 507
    retry_after = 600


class UnderMaintenance(ProvtapError):
    """The service is closed for maintenance."""

    status = 503

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unauthenticated(ProvtapError):
    """The request needs an account, or has invalid credentials."""

    status = 401


class InternalError(ProvtapError):
    """ProvTAP itself failed, or PostgreSQL on SQL that ProvTAP made."""

    status = 500

    def __init__(self, detail: str = "") -> None:
        super().__init__("The service failed to answer this request.", detail=detail)

    @classmethod
    def of(cls, error: Exception, log: logging.Logger, what: str) -> "InternalError":
        """Return the error for an unexpected exception; *log* gets *what* failed, with the traceback."""
        told = cls()
        log.error("%s: %s failed", told.reference, what, exc_info=error)
        return told


class DocumentError(ProvtapError):
    """A provenance document can't be read or loaded; nothing of it was stored."""

    def __init__(
        self,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
        pointer: str | None = None,
    ) -> None:
        super().__init__(message, line=line, column=column, hint=hint)
        self.pointer = pointer
        """Where in a JSON document, as a JSON pointer (RFC 6901), if the place has one."""


class KeyReused(ProvtapError):
    """An Idempotency-Key was already used with a different request."""

    status = 422


class UnsupportedMediaType(ProvtapError):
    """A body has an encoding or type that is not accepted."""

    status = 415


class UploadError(ProvtapError):
    """An uploaded table cannot be fetched or read."""


class NoProvenance(DocumentError):
    """A document holds no provenance, or is in no known format."""


class FormatNotRead(NoProvenance):
    """A document is in a format that is known but not read."""
