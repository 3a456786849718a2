"""Fetches tables from http and https URLs for any user.

A URL must not lead into the network of this service. So each host is resolved here, and the connection uses
exactly the checked address: a name that resolves to another address a moment later has no effect.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from provtap import __version__
from provtap.errors import UploadError

REDIRECTS = 5
"""Maximum number of redirects."""
SILENCE = 10.0
"""Maximum seconds to wait for a connection, or for the next bytes."""
_PORTS = {"http": 80, "https": 443}
_LEADS_ON = {301, 302, 303, 307, 308}
_HEADERS = {
    "Accept": "application/x-votable+xml, text/xml;q=0.9, */*;q=0.1",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": f"ProvTAP/{__version__} (IVOA-upload)",
}


@dataclass(frozen=True)
class Fetcher:
    """Fetches tables."""

    duration: float
    """Maximum seconds of one download."""
    is_allowed: Callable[[str], bool]
    """Returns whether this service may connect to an address."""

    @contextmanager
    def opened(self, url: str) -> Iterator["Download"]:
        """Yield the download of *url*.

        Raises: UploadError if it can't be fetched, also while the bytes are read.
        """
        end = time.monotonic() + self.duration
        for _ in range(REDIRECTS + 1):
            target = _split(url)
            with closing(Download(target, self.addresses(target), end)) as download:
                if download.answer.status not in _LEADS_ON:
                    download.check()
                    yield download
                    return
                url = urljoin(url, download.answer.headers.get("Location", ""))
        raise UploadError(f"{_shown(url)} is redirect number {REDIRECTS + 1}; the limit is {REDIRECTS}.")

    def addresses(self, target: SplitResult) -> list[tuple[str, int]]:
        """Return the permitted addresses of the host of *target*.

        Raises: UploadError, the same for an unknown host and for one that is not public.
        """
        host, port = target.hostname or "", target.port or _PORTS[target.scheme]
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        addresses = [str(address[0]) for *_, address in found]
        allowed = [a for a in dict.fromkeys(addresses) if self.is_allowed(a)]
        if not allowed:
            raise UploadError(
                f"{_shown(host)} is not the name of a public host.", hint="Send the table with the request."
            )
        return [(address, port) for address in allowed]


class Download:
    """The response to one GET, read within a time limit."""

    def __init__(self, target: SplitResult, addresses: list[tuple[str, int]], end: float) -> None:
        self._target = target
        self._end = end
        with self._failures():
            self._socket = _connect(addresses, end)
        self._alarm = threading.Timer(max(0.0, end - time.monotonic()), self._break_off)
        self._alarm.daemon = True
        self._alarm.start()
        self._answer: http.client.HTTPResponse | None = None
        try:
            with self._failures():
                self._answer = self.answer = self._ask()
        except BaseException:
            self.close()
            raise

    def read(self, size: int) -> bytes:
        """Return up to *size* bytes, empty at the end.

        Raises: UploadError.
        """
        with self._failures():
            piece = self.answer.read(size)
            if time.monotonic() >= self._end:
                raise TimeoutError
        if not piece and self.answer.length:
            raise UploadError(f"{_shown(self._target.geturl())} ended before all bytes had arrived.")
        return piece

    def check(self) -> None:
        """Reject a response other than a document.

        Raises: UploadError.
        """
        url, answer = _shown(self._target.geturl()), self.answer
        if answer.status != 200:
            raise UploadError(f"{url} returned {answer.status} {_shown(answer.reason)}.")
        coding = answer.headers.get("Content-Encoding", "identity")
        if coding != "identity":
            raise UploadError(f"{url} uses the content encoding {_shown(coding)}, which was not requested.")

    def close(self) -> None:
        """Close the connection."""
        self._alarm.cancel()
        if self._answer is not None:
            self._answer.close()
        self._socket.close()

    def _ask(self) -> http.client.HTTPResponse:
        host = self._target.hostname or ""
        if self._target.scheme == "https":
            self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=host)
        connection = http.client.HTTPConnection(host, self._target.port or _PORTS[self._target.scheme])
        connection.default_port = _PORTS[self._target.scheme]
        connection.sock = self._socket
        connection.request("GET", _path(self._target), headers=_HEADERS)
        return connection.getresponse()

    def _break_off(self) -> None:
        """Abort the download at its time limit, even while it waits."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn all errors of a download into one sentence."""
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError) as error:
            url = _shown(self._target.geturl())
            raise UploadError(f"{url} {_complaint(error, self._end)}.") from error


def _split(url: str) -> SplitResult:
    try:
        target = urlsplit(url)
        good = target.scheme in _PORTS and bool(target.hostname) and target.port != 0
    except ValueError:
        good = False
    if not good:
        raise UploadError(f"{_shown(url)} is not an http or https URL.")
    return target


def _path(target: SplitResult) -> str:
    path = quote(target.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(target.query, safe="/%:@!$&'()*+,;=~-._?")
    return f"{path}?{query}" if query else path


def _connect(addresses: list[tuple[str, int]], end: float) -> socket.socket:
    """Return a connection to the first address that answers."""
    failure: OSError = TimeoutError()
    for address in addresses:
        left = end - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection(address, timeout=min(SILENCE, left))
        except OSError as error:
            failure = error
    raise failure


def _complaint(error: Exception, end: float) -> str:
    if isinstance(error, TimeoutError) or time.monotonic() >= end:
        return "did not answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "has no valid certificate"
    return "cannot be reached" if isinstance(error, OSError) else "sent an invalid HTTP response"


def _shown(url: str) -> str:
    """Return *url* for a message: on one line, and shortened."""
    return "".join(c if c.isprintable() else "?" for c in url[:200])
