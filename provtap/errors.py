"""Errors. Each has a message of one sentence that names the thing, its position and a solution."""

import logging
import secrets
from collections.abc import Iterable
from difflib import get_close_matches


def nearest(given: str, known: Iterable[str]) -> str | None:
    """Return a question with the most similar name of *known*, if one is similar."""
    near = get_close_matches(given, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else None


class ProvtapError(Exception):
    """An error with a text that may be shown to any user, in the form required by the protocol.

    The text is *message*, then the position ("(line 1, column 8)") if there is one, then the hint. Lines and
    columns count from 1.

    *detail* is the message for the operator, which may contain hosts, roles, files and settings. The text for
    users then ends with a reference, under which the detail is written to the log.
    """

    status = 400
    """HTTP status of the response with this error."""
    retry_after: int | None = None
    """Seconds after which a repetition of the request may succeed."""

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
        """Return the text for the command line and the log of the service, not for users."""
        return self.detail or str(self)

    def record(self, log: logging.Logger) -> None:
        """Write the detail, if any, to *log*, before a user gets the text."""
        if self.detail:
            log.error("%s: %s", self.reference, self.detail)


class SettingsError(ProvtapError):
    """A PROVTAP_* setting, a file that it names, or an installed reader cannot be used."""

    status = 500


class AdqlError(ProvtapError):
    """A query is not valid ADQL, or uses names that are not published.

    Its text is followed by the texts of *further* errors of the same query, each with its position.
    """

    further: "tuple[AdqlError, ...]" = ()
    end: tuple[int, int] | None = None
    """Line and column after the wrong text; None if it is the single word or symbol at the position."""
    fixes: tuple[str, ...] = ()
    """Replacements for the wrong text, the most likely first."""

    def __str__(self) -> str:
        return " ".join([super().__str__(), *map(str, self.further)])


class ParameterError(ProvtapError):
    """A request parameter is missing, repeated or invalid."""


class NotFound(ProvtapError):
    """The requested thing does not exist."""

    status = 404


class Forbidden(ProvtapError):
    """The client may not do this, or not so often."""

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
    """PostgreSQL can't be reached, is not set up, or does not match this version."""

    status = 503
    retry_after = 10


class Outage(DatabaseUnavailable):
    """PostgreSQL is being restarted, or another server becomes the primary: it will be back."""


class NotConnected(Outage):
    """No connection to PostgreSQL could be made; nothing was sent."""


class Unconfirmed(Outage):
    """The connection was lost during COMMIT: everything may have been stored, or nothing."""


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
    """ProvTAP itself failed, or PostgreSQL failed on SQL made by ProvTAP."""

    status = 500

    def __init__(self, detail: str = "") -> None:
        super().__init__("The service failed to answer this request.", detail=detail)

    @classmethod
    def of(cls, error: Exception, log: logging.Logger, what: str) -> "InternalError":
        """Return the error for an unexpected exception; *what* and the traceback are written to *log*."""
        told = cls()
        log.error("%s: %s failed", told.reference, what, exc_info=error)
        return told


class DocumentError(ProvtapError):
    """A provenance document can't be read or loaded; nothing was stored."""

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
        """Position in a JSON document as a JSON pointer (RFC 6901), if there is one."""


class KeyReused(ProvtapError):
    """An Idempotency-Key was already used with a different request."""

    status = 422


class UnsupportedMediaType(ProvtapError):
    """A body has an encoding or type that is not accepted."""

    status = 415


class UploadError(ProvtapError):
    """An uploaded table cannot be fetched or read."""


class NoProvenance(DocumentError):
    """A document contains no provenance, or has an unknown format."""


class FormatNotRead(NoProvenance):
    """A document has a known format that is not supported."""
