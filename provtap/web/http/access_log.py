"""The access log: one line of JSON for each request, including interrupted ones.

For a query it contains the length and a digest, which identifies repeated queries, but not the text. The
sentence of an error may name tables and columns of the query.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flask import request

from provtap.config import Settings
from provtap.database.stream import Tally
from provtap.errors import SettingsError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

LONGEST = 500
"""Maximum characters of a text from a client."""
_FACTS = "provtap.facts"
_STDOUT = 1


def note(**facts: Any) -> None:
    """Add the owner, query, run_id, tally or error of the current request, for its line in the log."""
    request.environ.setdefault(_FACTS, {}).update(facts)


def logged(application: "WSGIApplication", settings: Settings) -> "WSGIApplication":
    """Return *application* with logging of its requests, if *settings* ask for it."""
    target = settings.access_log
    if target is None:
        return application

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        exchange = _Exchange(environ, target)
        exchange.pieces = application(environ, exchange.starting(start_response))
        return exchange

    return answer


def probe(target: str) -> None:
    """Check that lines can be written to *target*, a path or `-`.

    Raises: SettingsError if not.
    """
    try:
        _write(target, b"")
    except OSError as error:
        raise SettingsError(f"PROVTAP_ACCESS_LOG cannot be written: {error.strerror}: {target}.") from error


def _write(target: str, line: bytes) -> None:
    """Append *line* in one write: processes share the file; a file that was moved away is created again."""
    if target == "-":
        os.write(_STDOUT, line)
        return
    file = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(file, line)
    finally:
        os.close(file)


class _Exchange:
    """One request and its response: a WSGI body, whose `close` is called whatever happens."""

    pieces: Iterable[bytes] = ()

    def __init__(self, environ: "WSGIEnvironment", target: str) -> None:
        self._environ = environ
        self._target = target
        self._time = datetime.now(UTC)
        self._begun = time.monotonic()
        self._status: int | None = None
        self._format: str | None = None
        self._bytes = 0
        self._complete = False

    def starting(self, start_response: "StartResponse") -> "StartResponse":
        """Return a start_response that notes the status and the format."""

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            self._status = int(status[:3])
            self._format = dict(headers).get("Content-Type")
            return start_response(status, headers, exc_info)

        return start

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self._bytes += len(piece)
            yield piece
        self._complete = True

    def close(self) -> None:
        """Close the body, and write the line."""
        try:
            getattr(self.pieces, "close", lambda: None)()
        finally:
            self._end()

    def _end(self) -> None:
        line = self._request() | self._answer()
        text = json.dumps({name: _short(value) for name, value in line.items()})
        try:
            _write(self._target, f"{text}\n".encode())
        except OSError as error:  # a full disk must not fail the request
            log.warning("A line of the access log was lost: %s", error)

    def _request(self) -> dict[str, Any]:
        environ, facts = self._environ, self._facts()
        query = facts.get("query", "").encode(errors="replace")
        return {
            "time": self._time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "client": environ.get("REMOTE_ADDR"),
            "forwarded": environ.get("HTTP_X_FORWARDED_FOR"),
            "owner": facts.get("owner"),
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"].encode("latin-1").decode(errors="replace"),
            "user_agent": environ.get("HTTP_USER_AGENT"),
            "run_id": facts.get("run_id"),
            "query_bytes": len(query) or None,
            "query_sha256": sha256(query).hexdigest() if query else None,
        }

    def _answer(self) -> dict[str, Any]:
        facts = self._facts()
        tally = facts.get("tally", Tally())
        return {
            "status": self._status,
            "format": self._format,
            "rows": tally.rows,
            "bytes": self._bytes,
            "sql_time": tally.sql_time,
            "duration": round(time.monotonic() - self._begun, 4),
            "complete": self._complete,
            "error": facts.get("error") or (tally.failure and str(tally.failure)),
        }

    def _facts(self) -> MutableMapping[str, Any]:
        facts: MutableMapping[str, Any] = self._environ.get(_FACTS, {})
        return facts


def _short(value: Any) -> Any:
    return value[:LONGEST] if isinstance(value, str) else value
