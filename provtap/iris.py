"""Converts ids to the IRIs in PROV's notations, and IRIs to ids.

An id that is an IRI is not changed. Any other id is appended to `urn:x-provtap:id:`, unchanged if its
characters are allowed in an IRI, otherwise percent-encoded after `urn:x-provtap:encoded:`. So all ids survive
a round trip through all notations.
"""

import re
from urllib.parse import quote, unquote

PROGRAM = "urn:x-provtap:program:"
"""Prefix of the URN of a program that is known only from the name of a run, in documents that need one."""
_PLAIN = "urn:x-provtap:id:"
_AUTHORITY = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_AUTHORITY_CHARACTERS = 500
_ENCODED = "urn:x-provtap:encoded:"
# The non-ASCII characters of local names in PROV-N (PROV-N, PN_CHARS); IRIs allow more.
_LETTERS = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_MARKS = "\u00b7\u0300-\u036f\u203f-\u2040"
"""Characters that can't begin a local name: combining accents."""
_IRI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?#\[\]{_LETTERS}-]++|%[0-9A-Fa-f]{{2}}|(?<![/#:])[{_MARKS}])+"
)
_PARTS = re.compile(
    r"""([A-Za-z][A-Za-z0-9+.-]*:
         (?://[A-Za-z0-9._~!$&'()*+,;=@%-]*(?::[0-9]{0,5})?/|(?!//))
         (?:[A-Za-z0-9._~!$&'()*+,;=:@%?/-]*[/:#])?)
        ([^/#:].*)""",
    re.VERBOSE,
)


def iri(id: str) -> str:
    """Return the IRI of the thing *id*, unique for each id."""
    ours = id.startswith((_PLAIN, _ENCODED))
    for candidate in (id, _PLAIN + id):
        if not ours and _PARTS.fullmatch(candidate) and _IRI.fullmatch(candidate):
            return candidate
    return _ENCODED + quote(id, safe="")


def urn(id: str) -> str:
    """Return a URN of the thing *id*, unique for each id; `id_of` returns the id."""
    found = iri(id)
    return found if found.startswith("urn:") else _PLAIN + found


def encoded(id: str) -> str:
    """Return another URN of the thing *id*, for documents in which the usual one names something else."""
    return _ENCODED + "".join(f"%{byte:02X}" for byte in id.encode())


def authority(url: str) -> str | None:
    """Return the scheme and authority of a URL, or None for a path or file: it is at no host."""
    found = _AUTHORITY.match(url)
    return found.group()[:_AUTHORITY_CHARACTERS] if found else None


def id_of(iri: str) -> str:
    """Return the id for *iri*: the IRI itself, unless it has one of our prefixes."""
    if iri.startswith(_PLAIN):
        return iri.removeprefix(_PLAIN)
    return unquote(iri.removeprefix(_ENCODED)) if iri.startswith(_ENCODED) else iri


def split(iri: str) -> tuple[str, str]:
    """Return the namespace and local part of an IRI from `iri`.

    A namespace is a URI, as required by XML, and ends in `/`, `#` or `:`, so that JSON-LD accepts its prefix.
    A local part begins with another character, so that `prefix://` is not mistaken for the start of a URL.
    """
    parts = _PARTS.fullmatch(iri)
    if parts is None:
        raise ValueError(iri)
    return parts[1], parts[2]
