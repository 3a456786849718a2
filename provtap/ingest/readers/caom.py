"""CAOM: the provenance of the planes of an observation, in the Common Archive Observation Model as XML.

A plane is one data product, identified by its URI `caom:COLLECTION/OBSERVATION/PRODUCT`; its artifacts are
its files. Its provenance names its program, and the planes that the program used. Source: CAOM 2.0 to 2.5
(opencadc/caom2); each version has its own namespace.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime

from lxml import etree

from provtap.errors import DocumentError, NoProvenance
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    Alias,
    Entity,
    Hash,
    Location,
    Rank,
    Reading,
    Record,
    RecordSet,
    Relation,
    WasAssociatedWith,
    WasGeneratedBy,
)
from provtap.ingest.parsing import xml as xml_tree
from provtap.ingest.parsing.bounded import NO_LIMIT, bounded
from provtap.ingest.readers.prov.statements import read_time, utc

_OBSERVATION = re.compile(r"\{[^}]*caom[^}]*\}Observation", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CHECKSUM = re.compile(r"([A-Za-z][A-Za-z0-9-]{1,99}):([0-9A-Fa-f]{8,128})")
_WEB = ("http://", "https://")


def looks_like(content: bytes) -> bool:
    """Return whether *content* is an observation."""
    return _OBSERVATION.fullmatch(xml_tree.root_tag(content) or "") is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the single set of records of an observation, at most *most* records.

    Raises: DocumentError, with the line number; NoProvenance if no plane has any.
    """
    observation = xml_tree.parse(content)
    if not _OBSERVATION.fullmatch(str(observation.tag)):
        raise DocumentError(f"this is not a CAOM observation, but {xml_tree.where(observation)}")
    planes = [plane for plane in _each(observation, "planes/plane") if _find(plane, "provenance") is not None]
    if not planes:
        raise NoProvenance("this CAOM observation has no plane with provenance")
    warnings: list[str] = []
    found = (record for plane in planes for record in _plane(observation, plane, site, warnings))
    records = tuple(bounded(found, most))
    yield RecordSet(None, hashlib.sha256(content).hexdigest(), records, tuple(warnings))


def _plane(
    observation: etree._Element, plane: etree._Element, site: str, warnings: list[str]
) -> Iterator[Record]:
    """Yield a product, its run, and its origins."""
    base = _observation_uri(observation)
    id = _uri(plane, _text(plane, "uri") or f"{base}/{_given(plane, 'productID')}")
    [provenance, *_] = _each(plane, "provenance")
    end = _time(provenance, "lastExecuted")
    yield Entity(
        rank=Rank.HEADER,
        id=id,
        name=id.rpartition(":")[2].encode()[:NAME_BYTES].decode(errors="ignore"),
        generated_at_time=end,
    )
    yield from _artifacts(plane, id, site, warnings)
    for uri in _texts(observation, "members/observationURI") + _texts(observation, "members/member"):
        yield Relation(kind="hadPrimarySource", subject_id=id, object_id=_uri(observation, uri))
    activity_id = _activity_id(provenance, id)
    yield from _activity(provenance, activity_id, end)
    yield WasGeneratedBy(rank=Rank.HEADER, entity_id=id, activity_id=activity_id)
    inputs = _texts(provenance, "inputs/planeURI") + _texts(provenance, "inputs/input")
    for uri in dict.fromkeys(_uri(provenance, text) for text in inputs):
        if uri == id:
            warnings.append(f"{id} is an input of itself: that was ignored")
            continue
        yield Entity(rank=Rank.MENTION, id=uri, name=uri.rpartition(":")[2][:NAME_BYTES])
        yield Reading(activity_id=activity_id, entity_id=uri)


def _activity_id(provenance: etree._Element, plane_id: str) -> str:
    run = _text(provenance, "runID") or ""
    if _UUID.fullmatch(run):
        return identity.given(run.lower())
    return identity.recipe(plane_id, _given(provenance, "name"))


def _activity(provenance: etree._Element, id: str, end: datetime | None) -> Iterator[Record]:
    name = _given(provenance, "name", NAME_BYTES)
    version = _text(provenance, "version", ROLE_BYTES)
    reference = _text(provenance, "reference")
    run = _text(provenance, "runID", NAME_BYTES)
    described = identity.activity_description(name, version)
    yield ActivityDescription(id=described, name=name, version=version, docurl=reference)
    yield Activity(
        rank=Rank.HEADER,
        id=id,
        name=name,
        end_time=end,
        comment=f"run {run}" if run and not _UUID.fullmatch(run) else None,
        activity_description_id=described,
    )
    if producer := _text(provenance, "producer", NAME_BYTES):
        agent = Agent(id=identity.contact(None, None, producer), name=producer, type="Organization")
        yield agent
        yield WasAssociatedWith(activity_id=id, agent_id=agent.id, role="Provider")


def _artifacts(plane: etree._Element, entity_id: str, site: str, warnings: list[str]) -> Iterator[Record]:
    """Yield the names of the files of a product, and the checksum if there is only one file."""
    artifacts = list(_each(plane, "artifacts/artifact"))
    for artifact in artifacts:
        uri = _given(artifact, "uri")
        if uri.startswith(_WEB):
            yield Location(entity_id=entity_id, url=uri, storage=identity.storage(uri, site))
        else:
            yield Alias(entity_id=entity_id, kind="artifact", value=uri, valid_from=None)
        checksum = _text(artifact, "contentChecksum")
        if checksum is None or len(artifacts) > 1:
            continue
        if not (found := _CHECKSUM.fullmatch(checksum)):
            warnings.append(f"{uri} has the checksum {checksum[:60]!r}, which was ignored")
            continue
        size = _text(artifact, "contentLength") or ""
        yield Hash(
            entity_id=entity_id,
            algorithm=found[1].lower(),
            digest=found[2].lower(),
            size=int(size) if size.isdecimal() and len(size) < 19 else None,
        )


def _observation_uri(observation: etree._Element) -> str:
    if uri := _text(observation, "uri"):
        return uri
    return f"caom:{_given(observation, 'collection')}/{_given(observation, 'observationID')}"


# Elements by their local names: each version of the model has another namespace.


def _each(element: etree._Element, path: str) -> list[etree._Element]:
    return element.findall("/".join(f"{{*}}{step}" for step in path.split("/")))


def _find(element: etree._Element, name: str) -> etree._Element | None:
    return next(iter(_each(element, name)), None)


def _texts(element: etree._Element, path: str) -> list[str]:
    return [text for each in _each(element, path) if (text := (each.text or "").strip())]


def _text(element: etree._Element, name: str, limit: int | None = None) -> str | None:
    text = next(iter(_texts(element, name)), None)
    if text and limit and (size := len(text.encode())) > limit:
        raise DocumentError(f"{name} in line {element.sourceline} has {size} bytes; the limit is {limit}")
    return text


def _given(element: etree._Element, name: str, limit: int | None = None) -> str:
    text = _text(element, name, limit)
    if text is None:
        raise DocumentError(f"{xml_tree.where(element)} has no {name}")
    return text


def _uri(element: etree._Element, uri: str) -> str:
    if len(uri.encode()) > identity.MAX_BYTES:
        raise DocumentError(
            f"{xml_tree.where(element)}: the URI {uri[:60]}... has more than {identity.MAX_BYTES} bytes"
        )
    return uri


def _time(element: etree._Element, name: str) -> datetime | None:
    text = _text(element, name)
    at = f"{name} in line {element.sourceline}"
    return utc(read_time(text, at), at) if text else None
