"""Requests to the write API, which are repeated while the service is unavailable.

HTTP modules are imported with the first request, so that a program that sends nothing starts fast.
"""

import json
import random
import time
from typing import TYPE_CHECKING, Any

from provtap.client.spool import Letter

if TYPE_CHECKING:
    from urllib.error import HTTPError

AWAY = {429, 502, 503, 504}
_TIMEOUT = 60.0
"""Seconds without a byte after which an attempt has failed."""
_FIRST_WAIT = 0.5


class ProvError(Exception):
    """The service rejected a request; nothing was stored. The text is the sentence of the service."""

    def __init__(self, message: str, *, status: int | None = None, pointer: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status, or None without a response."""
        self.pointer = pointer
        """Position in the document as a JSON pointer, if the service returned one."""


class ProvUnavailable(ProvError):
    """The service is unavailable: it can't be reached, is under maintenance, or has no database."""


class ProvNotFound(ProvError):
    """What the request names does not exist."""


class Delivery:
    """Sends requests to one service, and repeats them while it is unavailable."""

    def __init__(self, url: str, token: str | None, patience: float) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"The address of the service must be an http or https URL, not {url!r}.")
        self.url = url.rstrip("/")
        self._token = token
        self._patience = patience

    def post(self, letter: Letter) -> Any:
        """Send a document with its key, and return the response.

        Raises: ProvError, ProvUnavailable.
        """
        headers = {"Idempotency-Key": letter.key, "Content-Type": "application/octet-stream"}
        return self._patiently(letter.path, letter.content, headers)

    def get(self, path: str) -> Any:
        """Return the response to a GET request.

        Raises: ProvError, ProvUnavailable.
        """
        return self._patiently(path, None, {})

    def _patiently(self, path: str, content: bytes | None, headers: dict[str, str]) -> Any:
        end, wait = time.monotonic() + self._patience, _FIRST_WAIT
        while True:
            try:
                return self._once(path, content, headers)
            except _AwayError as away:
                pause = away.retry_after or wait * random.uniform(0.5, 1.5)
                if time.monotonic() + pause > end:
                    raise ProvUnavailable(str(away), status=away.status) from away
            time.sleep(pause)
            wait *= 2

    def _once(self, path: str, content: bytes | None, headers: dict[str, str]) -> Any:
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        request = Request(f"{self.url}/api/v1/{path}", content, headers)
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with urlopen(request, timeout=_TIMEOUT) as reply:
                return json.loads(reply.read())
        except HTTPError as error:
            with error:
                raise refusal(error) from error
        except (OSError, HTTPException, ValueError) as error:  # no connection, or a lost one
            reason = getattr(error, "reason", None) or error
            raise _AwayError(f"The service at {self.url} cannot be reached: {reason}.") from error


class _AwayError(Exception):
    def __init__(self, message: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


def refusal(error: "HTTPError") -> Exception:
    """Return the error for a response: ProvUnavailable if a repetition may help, otherwise ProvError."""
    from http.client import HTTPException

    try:
        refused = json.loads(error.read())["error"]
        message = " ".join(filter(None, [_placed(refused), refused.get("hint")]))
    except (OSError, HTTPException, ValueError, KeyError, TypeError):  # the page of a proxy
        refused, message = {}, f"The service returned {error.code} {error.reason}."
    if error.code in AWAY:
        after = error.headers.get("Retry-After") or ""
        return _AwayError(message, error.code, float(after) if after.isdecimal() else None)
    return ProvError(message, status=error.code, pointer=refused.get("pointer"))


def _placed(refused: dict[str, Any]) -> str:
    """Return the message of an error with its position, as printed by the local commands."""
    message: str = refused["message"]
    if "line" not in refused:
        return message
    return f"{message.removesuffix('.')} (line {refused['line']}, column {refused['column']})"
