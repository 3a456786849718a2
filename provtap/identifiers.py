"""Persistent identifiers: DOI, ARK, bibcode, IVOID of things; ORCID, ROR, ISNI of people and organizations.

Each has one spelling here, whether a source writes it as a URL, with a prefix or bare.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

_DOI = re.compile(r"(?:(?:https?://(?:dx\.)?doi\.org/|doi:)\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_ARK = re.compile(r"(?:https?://[^/\s]+/)?ark:/?(\d{5,9}/\S+)", re.IGNORECASE)
_IVOID = re.compile(r"ivo://\w[\w.~!*'()+=-]{2,}(?:[/?#]\S*)?", re.ASCII)
_BIBCODE = re.compile(
    r"(?:bibcode:|https?://(?:ui\.)?adsabs\.harvard\.edu/(?:abs/|#abs/)?)?"
    r"([12]\d{3}[A-Za-z&.]{5}[A-Za-z0-9.]{4}[A-Za-z0-9.][A-Za-z0-9.]{4}[A-Z.])(?:/abstract)?"
)
_ISO_7064 = r"(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])"
_ORCID = re.compile(rf"(?:https?://(?:www\.)?orcid\.org/|orcid:)?{_ISO_7064}/?")
_ISNI = re.compile(rf"(?:https?://(?:www\.)?isni\.org/(?:isni/)?|isni:){_ISO_7064}/?")
_ROR = re.compile(r"(?:https?://ror\.org/|ror:)(0[a-hj-km-np-tv-z0-9]{6}\d{2})/?")


class Identifier(NamedTuple):
    """A persistent identifier."""

    scheme: str
    value: str


def of_thing(text: str) -> Identifier | None:
    """Return the DOI, ARK, bibcode or IVOID that *text* is, or None."""
    text = text.strip()
    if found := _DOI.fullmatch(text):
        return Identifier("doi", found[1].lower())
    if found := _ARK.fullmatch(text):
        return Identifier("ark", f"ark:/{found[1]}")
    if _IVOID.fullmatch(text):
        return Identifier("ivoid", text)
    if found := _BIBCODE.fullmatch(unquote(text)):
        return Identifier("bibcode", found[1])
    return None


def of_agent(text: str) -> Identifier | None:
    """Return the ORCID, ROR or ISNI that *text* is, or None."""
    text = text.strip()
    if (found := _ORCID.fullmatch(text)) and _is_checked("".join(found.groups())):
        return Identifier("orcid", "-".join(found.groups()).upper())
    if found := _ROR.fullmatch(text):
        return Identifier("ror", found[1])
    if (found := _ISNI.fullmatch(text)) and _is_checked("".join(found.groups())):
        return Identifier("isni", "".join(found.groups()).upper())
    return None


def _is_checked(digits: str) -> bool:
    """Whether the last of 16 digits is right (ISO 7064, MOD 11-2), as ORCID and ISNI have them."""
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2 % 11
    return digits[-1].upper() == "0123456789X"[(12 - total) % 11]


def url(identifier: Identifier) -> str:
    """Return the address that shows what *identifier* names."""
    return f"{_RESOLVERS[identifier.scheme]}{identifier.value}"


_RESOLVERS = {
    "doi": "https://doi.org/",
    "ark": "https://n2t.net/",
    "bibcode": "https://ui.adsabs.harvard.edu/abs/",
    "ivoid": "",
    "orcid": "https://orcid.org/",
    "ror": "https://ror.org/",
    "isni": "https://isni.org/isni/",
}
