"""The parameters of a query, with their names in TAP."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from provtap.errors import ParameterError
from provtap.uploads import Part

URL_CHARACTERS = 4_000
"""Maximum length of the parameters in a URL: longer ones are not accepted everywhere."""

REPEATED = ("LANG", "QUERY", "RESPONSEFORMAT", "FORMAT", "MAXREC", "UPLOAD")
"""The parameters that a URL needs to repeat a query."""


@dataclass(frozen=True, kw_only=True)
class QueryRequest:
    """The parameters of a query, with the names of TAP 1.1 (section 2.7)."""

    query: str
    lang: str = "ADQL"
    responseformat: str | None = None
    maxrec: int | None = None
    """Maximum rows; None: the default of the service."""
    run_id: str | None = None
    uploads: Sequence[str] = ()
    """The values of UPLOAD."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """The files that came with the request, by their names."""
    url: str | None = None
    """The URL that repeats the request, or that of a job of an account; None if it did not come over HTTP."""

    @classmethod
    def from_parameters(
        cls, parameters: Mapping[str, Sequence[str]], parts: Mapping[str, Part] | None = None
    ) -> "QueryRequest":
        """Read the parameters of a request, with names in upper case; others are ignored.

        Raises: ParameterError for a missing, repeated or invalid parameter.
        """
        query = _single(parameters, "QUERY")
        if query is None or not query.strip():
            raise ParameterError("QUERY is missing.", hint="Set it to the text of an ADQL query.")
        return cls(
            query=query,
            lang=_single(parameters, "LANG") or "ADQL",
            responseformat=_single(parameters, "RESPONSEFORMAT") or _single(parameters, "FORMAT"),
            maxrec=_maxrec(_single(parameters, "MAXREC")),
            run_id=_single(parameters, "RUNID"),
            uploads=parameters.get("UPLOAD", ()),
            parts=parts or {},
        )

    def sent_to(self, address: str) -> "QueryRequest":
        """Return the request with the URL at *address* that repeats it, without long parameters."""
        given = {
            "LANG": self.lang,
            "QUERY": self.query,
            "RESPONSEFORMAT": self.responseformat,
            "MAXREC": self.maxrec,
            "UPLOAD": self.uploads,
        }
        return replace(self, url=request_url(address, given))


def request_url(address: str, parameters: Mapping[str, Any]) -> str:
    """Return the URL of a request with *parameters*, or only its address if they are long."""
    given = {name: value for name, value in parameters.items() if value not in (None, ())}
    query = urlencode(given, doseq=True, errors="replace")
    return f"{address}?{query}" if query and len(query) <= URL_CHARACTERS else address


def _single(parameters: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = parameters.get(name, ())
    if len(values) > 1:
        raise ParameterError(f"{name} was given {len(values)} times; give it once.")
    return values[0] if values else None


def _maxrec(text: str | None) -> int | None:
    if text is None or not text.strip():
        return None
    if not re.fullmatch(r"\+?[0-9]{1,1000}", text.strip()):
        raise ParameterError(f"MAXREC must be a whole number of rows, 0 or more, not {text[:40]!r}.")
    return int(text)
