"""Persistent identifiers: DOI, ARK, bibcode, IVOID of things; ORCID, ROR, ISNI of people and organizations.

Each is stored in one spelling, whether a source writes it as a URL, with a prefix or bare.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

from provtap.ingest.model.records import Agent, AgentId, Alias, Entity, Record

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
_URL = re.compile("https?://(?:dx.)?doi.org/|doi:|ark:|https?://[^/]+/ark:|ivo://", re.IGNORECASE)
"""How the id of an entity begins that is a persistent identifier: bare numbers may be anything."""


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


def alias(entity_id: str, text: str) -> Alias | None:
    """Return the persistent identifier in *text* as a name of an entity; None if it is none, or the id."""
    found = of_thing(text)
    if found is None or found.value == entity_id:
        return None
    return Alias(entity_id=entity_id, kind=found.scheme, value=found.value, valid_from=None)


def agent_id(id: str, text: str) -> AgentId | None:
    """Return the persistent identifier of an agent in *text*; None if it is none."""
    found = of_agent(text)
    return AgentId(agent_id=id, scheme=found.scheme, value=found.value) if found else None


def with_identifiers(records: Iterable[Record]) -> Iterator[Record]:
    """Yield *records*, and the persistent identifiers in the ids of their agents and entities.

    Documents often use an ORCID as the id of a person, or a DOI as that of a data set.
    """
    for record in records:
        yield record
        if type(record) is Agent:
            for text in filter(None, (record.id, record.url)):
                if ":" in text and (found := agent_id(record.id, text)):
                    yield found
        elif type(record) is Entity and _URL.match(record.id) and (name := alias(record.id, record.id)):
            yield name
