"""ActivityDescription VOTables: inputs and outputs of a type of job, as in OPUS and a draft of 2018."""

import hashlib
import json
from collections.abc import Iterator

from lxml import etree

from provtap.errors import DocumentError, NoProvenance
from provtap.ingest.model import identity
from provtap.ingest.model.descriptions import (
    GeneratedKind,
    GenerationDescription,
    ParameterDescription,
    UsageDescription,
    UsedKind,
)
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import (
    ActivityDescription,
    Agent,
    EntityDescription,
    Record,
    RecordSet,
    Relation,
)
from provtap.ingest.parsing import xml as xml_tree
from provtap.ingest.parsing.bounded import NO_LIMIT, bounded

_UTYPE = "voprov:ActivityDescription"
_USED = {"Used", "InputEntities"}
_GENERATED = {"Generated", "OutputEntities"}


def looks_like(content: bytes) -> bool:
    """Return whether *content* is a VOTable that names the class."""
    tag = xml_tree.root_tag(content) or ""
    return tag.rpartition("}")[2] == "VOTABLE" and _UTYPE.encode() in content


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of each type of job in the document.

    Raises: DocumentError, with the line number.
    """
    found = (
        element
        for element in xml_tree.parse(content).iter("{*}RESOURCE")
        if element.get("utype", "").lower() == _UTYPE.lower()
    )
    resources = list(bounded(found, most))
    if not resources:
        raise NoProvenance(f"no RESOURCE of the VOTable has the utype {_UTYPE}")
    whole = hashlib.sha256(content + b"\n")
    for resource in resources:
        key = whole.copy()
        key.update(str(resource.sourceline).encode())
        yield RecordSet(None, key.hexdigest(), tuple(_Job(resource).records()))


class _Job:
    """One RESOURCE."""

    def __init__(self, resource: etree._Element) -> None:
        self._resource = resource
        self._name = _given(resource, "name", NAME_BYTES)
        self._version = _param(resource, "version", ROLE_BYTES)
        self._id = identity.activity_description(self._name, self._version)

    def records(self) -> Iterator[Record]:
        """Yield the descriptions of the activity and of its parts."""
        resource = self._resource
        yield ActivityDescription(
            id=self._id,
            name=self._name,
            version=self._version,
            description=_description(resource),
            docurl=_param(resource, "docurl") or _param(resource, "doculink"),
            type=_param(resource, "type", ROLE_BYTES),
            subtype=_param(resource, "subtype", ROLE_BYTES),
        )
        yield from self._contact()
        for group in resource.iterfind("{*}GROUP"):
            name = group.get("name", "")
            if name == "InputParams":
                yield from (self._parameter(param) for param in group.iterfind("{*}PARAM"))
            elif name in _USED:
                yield from self._roles(group, "usagedescription")
            elif name in _GENERATED:
                yield from self._roles(group, "generationdescription")

    def _contact(self) -> Iterator[Record]:
        name, email = (_param(self._resource, f"contact_{part}", NAME_BYTES) for part in ("name", "email"))
        if shown := name or email:
            agent = Agent(id=identity.contact(email, name, None), name=shown, type="Person", email=email)
            yield agent
            yield Relation(kind="wasInfluencedBy", subject_id=self._id, object_id=agent.id, role="contact")

    def _parameter(self, param: etree._Element) -> Record:
        name = _given(param, "name", NAME_BYTES)
        value_type = [param.get(part, "") for part in ("datatype", "arraysize", "xtype")]
        least, most = (param.find(f"{{*}}VALUES/{{*}}{end}") for end in ("MIN", "MAX"))
        options = [str(option.get("value", "")) for option in param.iterfind("{*}VALUES/{*}OPTION")]
        return ParameterDescription(
            id=self._part("parameterdescription", name),
            activity_description_id=self._id,
            name=name,
            value_type=";".join(part for part in value_type if part) or "char;*",
            unit=param.get("unit"),
            ucd=param.get("ucd"),
            utype=param.get("utype"),
            min=None if least is None else least.get("value"),
            max=None if most is None else most.get("value"),
            default=param.get("value") or None,
            options=json.dumps(options) if options else None,
            description=_description(param),
        )

    def _roles(self, group: etree._Element, kind: str) -> Iterator[Record]:
        for item in group.iterfind("{*}GROUP"):
            role = _param(item, "role", ROLE_BYTES) or _given(item, "name", ROLE_BYTES)
            id = self._part(kind, role)
            used = kind == "usagedescription"
            yield (UsageDescription if used else GenerationDescription)(
                id=id,
                activity_description_id=self._id,
                role=role,
                description=_description(item),
                multiplicity=_param(item, "multiplicity"),
            )
            if content_type := _param(item, "content_type", ROLE_BYTES):
                described = EntityDescription(
                    id=identity.dataset_description(None, None, None, content_type),
                    class_="DatasetDescription",
                    name=content_type,
                    content_type=content_type,
                )
                yield described
                if used:
                    yield UsedKind(usage_description_id=id, entity_description_id=described.id)
                else:
                    yield GeneratedKind(generation_description_id=id, entity_description_id=described.id)

    def _part(self, kind: str, name: str) -> str:
        return identity.part_description(kind, self._name, self._version, name)


def _param(parent: etree._Element, name: str, limit: int | None = None) -> str | None:
    """Return the value of the PARAM with this name; None if it is empty."""
    for param in parent.iterfind("{*}PARAM"):
        if param.get("name") == name:
            return _short(param, str(param.get("value") or ""), limit) or None
    return None


def _given(element: etree._Element, attribute: str, limit: int) -> str:
    value = str(element.get(attribute) or "")
    if not value:
        raise DocumentError(f"{xml_tree.where(element)} has no {attribute}")
    return _short(element, value, limit)


def _short(element: etree._Element, value: str, limit: int | None) -> str:
    if limit is not None and len(value.encode()) > limit:
        raise DocumentError(f"{xml_tree.where(element)} has a value of more than {limit} bytes")
    return value


def _description(element: etree._Element) -> str | None:
    found = element.find("{*}DESCRIPTION")
    text = "".join(str(part) for part in found.itertext()).strip() if found is not None else ""
    return text or None
