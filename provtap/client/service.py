"""Access of the command line to one service: HTTP requests, streamed responses, errors as sentences."""

import json
import uuid
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from provtap.client.delivery import AWAY, Delivery, ProvError, ProvNotFound, ProvUnavailable, refusal
from provtap.client.spool import Letter

_LINE = 10_000
"""Bytes of an error in a line of text."""
_TIMEOUT = 600.0
"""Seconds without a byte after which the service counts as unavailable; queries may take long to start."""
_PATIENCE = 30.0
"""Seconds for which sending a document is repeated while the service is unavailable."""
_BLOCK = 1 << 16
_KINDS = {404: ProvNotFound} | dict.fromkeys(AWAY, ProvUnavailable)
"""Kinds of errors, by HTTP status."""
_INFO = "{http://www.ivoa.net/xml/VOTable/v1.3}INFO"


class Service:
    """The service at *url*: the root of its site, with or without `/tap`."""

    def __init__(self, url: str, token: str | None) -> None:
        try:
            self._delivery = Delivery(url.rstrip("/").removesuffix("/tap"), token, _PATIENCE)
        except ValueError as error:
            raise ProvError(str(error)) from error
        self._token = token

    def store(self, content: bytes, **options: str | Sequence[str]) -> dict[str, Any]:
        """Store a document, and return the report; *options* are those of the write API.

        Raises: ProvError, ProvUnavailable.
        """
        letter = Letter(f"documents?{urlencode(options, doseq=True)}", str(uuid.uuid4()), content)
        report: dict[str, Any] = self._delivery.post(letter)
        return report

    def describe(self, content: bytes, **options: str) -> dict[str, Any]:
        """Apply a set of descriptions, and return the report; *options* are those of the write API.

        Raises: ProvError, ProvUnavailable.
        """
        letter = Letter(f"descriptions?{urlencode(options)}", str(uuid.uuid4()), content)
        report: dict[str, Any] = self._delivery.post(letter)
        return report

    def act(self, path: str, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Send a *wish* to a path of the write API, and return the report.

        Raises: ProvError, ProvUnavailable.
        """
        letter = Letter(path, str(uuid.uuid4()), json.dumps(wish).encode())
        report: dict[str, Any] = self._delivery.post(letter)
        return report

    def ask(
        self, path: str, parameters: list[tuple[str, str]], files: Mapping[str, bytes] | None = None
    ) -> "Answer":
        """Send *parameters* and *files* to a path of the site as a form.

        Raises: ProvError, ProvUnavailable.
        """
        content, media_type = _form(parameters, files) if files else _urlencoded(parameters)
        return self._send(Request(f"{self._delivery.url}/{path}", content, {"Content-Type": media_type}))

    def fetch(self, path: str, parameters: list[tuple[str, str]]) -> "Answer":
        """Get a path of the site, with *parameters* in its address.

        Raises: ProvError, ProvUnavailable.
        """
        return self._send(Request(f"{self._delivery.url}/{path}?{urlencode(parameters)}"))

    def _send(self, request: Request) -> "Answer":
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            return Answer(urlopen(request, timeout=_TIMEOUT))
        except HTTPError as error:
            with error:
                raise _KINDS.get(error.code, ProvError)(_sentence(error), status=error.code) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise ProvUnavailable(
                f"The service at {self._delivery.url} cannot be reached: {reason}."
            ) from error


class Answer:
    """A response that has begun."""

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response
        self.headers = response.headers

    def blocks(self) -> Iterator[bytes]:
        """Yield the body as it arrives.

        Raises: ProvError if it ends too early.
        """
        early = "The connection to the service ended early: the output is incomplete."
        with self._response as response:
            try:
                while block := response.read1(_BLOCK):
                    yield block
            except (OSError, HTTPException) as error:
                raise ProvError(early) from error
            if response.length:  # the missing part of the Content-Length
                raise ProvError(early)


def _urlencoded(parameters: list[tuple[str, str]]) -> tuple[bytes, str]:
    return urlencode(parameters).encode(), "application/x-www-form-urlencoded"


def _form(parameters: list[tuple[str, str]], files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """Return a multipart form and its media type (RFC 7578)."""
    boundary = uuid.uuid4().hex
    parts = [
        *((f'name="{name}"', value.encode()) for name, value in parameters),
        *((f'name="{name}"; filename="{name}"', table) for name, table in files.items()),
    ]
    lines = [
        f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    ]
    body = b"".join([*lines, f"--{boundary}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={boundary}"


def _sentence(error: HTTPError) -> str:
    """Return the message of the service about a rejected request.

    Its API answers with JSON, protocols of the IVOA with a VOTable, as DALI 1.1 section 4.4 asks, and all
    else with a line of text.
    """
    if error.headers.get_content_type() == "application/json":
        return str(refusal(error))
    try:
        if error.headers.get_content_type() == "text/plain":
            text = error.read(_LINE).decode()
            if text.count("\n") == 1:
                return text.strip()
            return f"The service returned {error.code} {error.reason}."
        for info in ElementTree.fromstring(error.read()).iter(_INFO):
            if info.get("name") == "QUERY_STATUS" and info.text:
                return info.text
    except (ElementTree.ParseError, OSError, HTTPException, UnicodeDecodeError):
        pass  # not ours: a proxy's page
    return f"The service returned {error.code} {error.reason}."
