"""Converts the recorded location of a file to a URL for downloads."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

from provtap.errors import SettingsError

SETTING = "PROVTAP_DOWNLOAD_URLS"
_EXAMPLE = "Write PREFIX=URL pairs with ; between them, such as /data/=https://data.example.org/."
_TARGET = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", re.IGNORECASE)
_PUBLIC = re.compile(r"https?://[^\s/?#@\"<>\\]+(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_FILE = re.compile(r"file:(?://)?(?=/[^/])", re.IGNORECASE)
_RESERVED = "!#$%&'()*+,/:;=?@[]~"
"""Characters that are not changed in a URL from a document."""


@dataclass(frozen=True)
class Downloads:
    """An operator's URLs for locations with certain prefixes."""

    prefixes: tuple[tuple[str, str], ...] = ()
    """Pairs of a prefix and its URL, the longest prefix first; both end at the end of a path segment."""
    site: str = "local"
    """The scope of the local paths."""

    @classmethod
    def of(cls, text: str, site: str) -> "Downloads":
        """Read `PREFIX=URL` pairs separated by `;`.

        Raises: SettingsError.
        """
        urls: dict[str, str] = {}
        for pair in filter(None, map(str.strip, text.split(";"))):
            prefix, url = _pair(pair)
            if prefix in urls:
                raise SettingsError(f"{SETTING} has the prefix {prefix} twice.")
            urls[prefix] = url
        return cls(tuple(sorted(urls.items(), key=lambda pair: (-len(pair[0]), pair))), site)

    def url(self, location: str, storage: str | None = None) -> str | None:
        """Return the URL for downloading the file at *location*, or None.

        *storage* is the scope of a local path, if known: the same path at another site is another file. A
        location that is an http or https URL is returned unchanged.
        """
        if _FILE.match(location):
            location = unquote(_FILE.sub("", location))
        if _PUBLIC.fullmatch(location):
            return quote(location, safe=_RESERVED)
        if not _SCHEME.match(location) and storage not in {None, self.site}:
            return None
        for prefix, url in self.prefixes:
            if location.startswith(prefix):
                path = _path(location[len(prefix) :].split("/"))
                return None if path is None else url + path
        return None


def _pair(text: str) -> tuple[str, str]:
    prefix, equals, url = map(str.strip, text.partition("="))
    if not prefix or not equals or not url:
        raise SettingsError(f"{SETTING}: {text[:200]!r} is not a prefix with its URL.", hint=_EXAMPLE)
    if prefix.lower().startswith(("http:", "https:")):
        raise SettingsError(
            f"{SETTING}: the prefix {prefix[:200]} begins with http.",
            hint="Files with such a location need no other URL.",
        )
    if not _TARGET.fullmatch(url) or not {".", ".."}.isdisjoint(url.split("/")):
        raise SettingsError(
            f"{SETTING}: the URL of {prefix[:200]} must be an http or https URL without login, query and"
            f" fragment, not {url[:200]!r}.",
            hint=_EXAMPLE,
        )
    return prefix if prefix.endswith(("/", ":")) else f"{prefix}/", f"{url.rstrip('/')}/"


def _path(segments: Iterable[str]) -> str | None:
    """Return the rest of a path, percent-encoded; None if it could lead out of its directory."""
    named = [segment for segment in segments if segment]
    if not named or not {".", ".."}.isdisjoint(named):
        return None
    return "/".join(quote(segment, safe="") for segment in named)
