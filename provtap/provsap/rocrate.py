"""Writes a Workflow Run RO-Crate with the profile Process Run Crate: the runs with their inputs and outputs.

The crate contains only metadata. Inputs and outputs are not in it, so they are described as CreativeWork with
an absolute id, not as File. The two other profiles would require a workflow that was run, as a file in the
crate. `provtap.ingest.readers.rocrate` finds the same ids and values again, `crate_rules` lists the others.

Source: Process Run Crate 0.5, RO-Crate 1.1.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from provtap import iris
from provtap.errors import DocumentError
from provtap.provsap.crate_rules import (
    ALGORITHMS,
    COMMAND_LINE,
    CREATOR,
    OPERATOR,
    STATUSES,
    Licences,
    Programs,
    Use,
    agent_text,
    alias_text,
    checksums,
    content_size,
    is_remote,
    made_up_description,
)
from provtap.provsap.graph import ENDS, Graph, Row

_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
_ROOT, _DESCRIPTOR = "./", "ro-crate-metadata.json"
_CRATE = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_LICENSE = "#license"
_NO_LICENCE = {
    "@id": _LICENSE,
    "@type": "CreativeWork",
    "name": "Licence not stated",
    "description": "Contact the service that exported this provenance for its terms of use.",
}
_VOPROV = "http://www.ivoa.net/documents/ProvenanceDM/index.html#"
_TYPES = {"Collection": "Collection", "ValueEntity": "PropertyValue"}
_AGENTS = {"Person": "Person", "Organization": "Organization", "SoftwareAgent": "SoftwareApplication"}
_SOURCES = ("used", "wasgeneratedby", "wasassociatedwith", "run", "parameter")
_OF_THINGS = ("hash", "location", "alias", "rights", "agent_id", "wasattributedto")

Thing = dict[str, Any]


def crate_metadata(graph: Graph, publisher: str | None = None, licence: str | None = None) -> bytes:
    """Return the `ro-crate-metadata.json` of a graph, in UTF-8; *licence* is a URI.

    Raises: DocumentError for a graph without activities.
    """
    if not graph.of("activity"):
        about = ", ".join(sorted(key.id for key in graph.roots)[:5])
        raise DocumentError(
            f"The provenance of {about} contains no run, and a Process Run Crate describes runs.",
            hint="Use another format, a greater DEPTH, or DIRECTION=BOTH.",
        )
    crate = _Crate(graph).document(publisher, licence)
    return json.dumps(crate, ensure_ascii=False, indent=1).encode()


class _Crate:
    """The things of a crate by their ids, in the order of their first mention."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._things: dict[str, Thing] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._taken = {_ROOT, _DESCRIPTOR, _CRATE, _PROFILE, _LICENSE}
        self._programs = Programs(graph)
        self._licences = Licences(graph)
        self._descriptions = {row.ad_id: row for row in graph.of("activitydescription")}
        self._rows: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
        for table in (*_SOURCES, *_OF_THINGS):
            column = next(
                name for name, kind in ENDS[table].items() if table not in _SOURCES or kind == "activity"
            )
            for row in graph.of(table):
                self._rows[table, getattr(row, column)].append(row)
        for key in sorted(graph.nodes, key=lambda key: key.kind == "agent"):
            self._id(*key)  # if an agent has the id of something else, the agent gets another one
        for id in self._descriptions:
            self._id("program", id)
        for row in graph.of("parameter"):
            self._id("parameter", row.p_id)

    def document(self, publisher: str | None, licence: str | None) -> Thing:
        """Return the whole document."""
        for row in self._graph.of("agent"):
            self._agent(row)
        for row in self._graph.of("entity"):
            self._entity(row)
        for row in self._graph.of("activity"):
            self._action(row)
        self._relate("hadmember", "hm_collection_id", "hm_entity_id", "hasPart")
        self._relate("wasderivedfrom", "wdf_generatedentity_id", "wdf_usedentity_id", "isBasedOn")
        things = [*self._head(publisher, licence), *self._things.values()]
        return {"@context": _CONTEXT, "@graph": [_single(thing) for thing in things]}

    def _head(self, publisher: str | None, licence: str | None) -> list[Thing]:
        """Return the description of the crate itself, after its actions and contents are known."""
        names = sorted(self._name(key.kind, key.id) for key in self._graph.roots)
        about = ", ".join(names[:10]) + (" and more" if len(names) > 10 else "") or "nothing"
        published_by = {"publisher": self._organization(publisher)} if publisher else {}
        if licence is not None:
            self._add(licence, "CreativeWork")
        return [
            {
                "@id": _DESCRIPTOR,
                "@type": "CreativeWork",
                "conformsTo": _reference(_CRATE),
                "about": _reference(_ROOT),
            },
            {
                "@id": _ROOT,
                "@type": "Dataset",
                "name": f"Provenance of {about}",
                "description": f"The runs and products in the provenance of {about}.{self._known()}",
                "datePublished": self._date(),
                "license": _reference(licence or _LICENSE),
                **published_by,
                "conformsTo": _reference(_PROFILE),
                "mentions": list(self._mentioned()),
            },
            {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
            *([] if licence else [_NO_LICENCE]),
        ]

    def _known(self) -> str:
        return f" {self._graph.known.sentence}." if self._graph.known is not None else ""

    def _mentioned(self) -> Iterator[Thing]:
        yield from (_reference(self._id("activity", row.a_id)) for row in self._graph.of("activity"))
        collections = (row for row in self._graph.of("entity") if row.e_class == "Collection")
        yield from (_reference(self._id("entity", row.e_id)) for row in collections)
        yield from (_reference(self._id("agent", row.ag_id)) for row in self._graph.of("agent"))

    def _date(self) -> str:
        """Return the day of the latest event, so that the same provenance gives the same crate."""
        times = [row.a_endtime or row.a_starttime for row in self._graph.of("activity")]
        times += [row.e_generatedattime for row in self._graph.of("entity")]
        latest = max(filter(None, times), default=None) or datetime.now(UTC)
        return str(latest.date().isoformat())

    def _name(self, kind: str, id: str) -> str:
        return str(self._things.get(self._id(kind, id), {}).get("name", id))

    # Things

    def _id(self, kind: str, id: str) -> str:
        """Return the id of a thing in the crate, another one for each kind of thing with the same id.

        Only agents and runs keep an id that begins with http: a file with such an id would be a file there.
        """
        if (kind, id) not in self._names:
            usual = iris.iri(id)
            keeps = kind in {"agent", "activity"} and usual.startswith(("http://", "https://"))
            candidates = [usual if keeps else iris.urn(id), iris.encoded(id), iris.encoded(id).lower()]
            free = (each for each in candidates if each not in self._taken)
            found = next((each for each in free if not each.startswith(iris.PROGRAM)), candidates[-1])
            self._taken.add(found)
            self._names[kind, id] = found
        return self._names[kind, id]

    def _add(self, id: str, type_: str, **properties: Any) -> Thing:
        given = {name: value for name, value in properties.items() if value is not None}
        return self._things.setdefault(id, {"@id": id, "@type": type_, **given})

    def _agent(self, row: Row) -> None:
        self._add(
            self._id("agent", row.ag_id),
            _AGENTS.get(row.ag_type or "", "Thing"),
            name=row.ag_name,
            description=row.ag_comment,
            email=row.ag_email,
            affiliation=self._organization(row.ag_affiliation) if row.ag_affiliation else None,
            telephone=row.ag_phone,
            address=row.ag_address,
            url=row.ag_url,
            identifier=_known(map(agent_text, self._rows["agent_id", row.ag_id])),
        )

    def _organization(self, name: str) -> Thing:
        """Return an organization of which only the name is known."""
        id = self._id("organization", f"urn:x-provtap:organization:{quote(name, safe='')}")
        return _reference(self._add(id, "Organization", name=name)["@id"])

    def _entity(self, row: Row) -> None:
        hashes = checksums(self._rows["hash", row.e_id])
        rights = self._licences.of(row.e_id)
        self._add(
            self._id("entity", row.e_id),
            _TYPES.get(row.e_class, "CreativeWork"),
            additionalType=f"{_VOPROV}{row.e_class}" if row.e_class in {"Entity", "ValueEntity"} else None,
            name=row.e_name,
            value=row.e_value,
            alternateName=row.e_location,
            description=row.e_comment,
            dateCreated=_time(row.e_generatedattime),
            expires=_time(row.e_invalidatedattime),
            creativeWorkStatus=self._state(row.e_id),
            contentUrl=[each.loc_url for each in self._rows["location", row.e_id] if is_remote(each)] or None,
            contentSize=None if (size := content_size(hashes)) is None else str(size),
            **{name: [h.h_digest for h in hashes if h.h_algorithm == name] or None for name in ALGORITHMS},
            license=[self._licence(each) for each in rights if each.ri_uri or each.ri_text] or None,
            copyrightHolder=next((each.ri_holder for each in rights), None),
            identifier=_known(map(alias_text, self._rows["alias", row.e_id])),
            author=self._credited(row.e_id, True),
            contributor=self._credited(row.e_id, False),
            exampleOfWork=[_reference(each) for each in self._formal_parameters(row)] or None,
        )

    def _state(self, id: str) -> str | None:
        """Return whether an entity is withdrawn, and why, or was made from something withdrawn."""
        word = self._graph.marks.word(id)
        if id in self._graph.marks.withdrawn:
            return f"{word}: {self._graph.marks.withdrawn[id].reason}"
        return word or None

    def _licence(self, rights: Row) -> Thing | str:
        if rights.ri_uri is None or rights.ri_uri in self._taken:
            return str(rights.ri_uri or rights.ri_text)
        return _reference(self._add(rights.ri_uri, "CreativeWork", name=rights.ri_text)["@id"])

    def _credited(self, entity: str, creators: bool) -> list[Thing] | None:
        """Return the creators of an entity, or the others to whom it is attributed."""
        rows = (row for row in self._rows["wasattributedto", entity] if (row.wat_role == CREATOR) == creators)
        return _distinct(_reference(self._id("agent", row.wat_agent_id)) for row in rows)

    def _formal_parameters(self, row: Row) -> Iterator[str]:
        """Yield the inputs and outputs of programs that an entity was: the profile's form of a role."""
        type_ = _TYPES.get(row.e_class, "File")
        for use, role in self._programs.uses(row.e_id):
            id = self._formal(use, role)
            self._add(id, "FormalParameter", name=role, additionalType=type_)
            yield id

    def _formal(self, use: Use, role: str) -> str:
        return f"{self._program(use.program)}#{use.direction}/{quote(role, safe='')}"

    def _program(self, program: str) -> str:
        return self._id("program", program) if self._programs.is_described(program) else program

    def _relate(self, table: str, subject: str, object_: str, name: str) -> None:
        for row in self._graph.of(table):
            thing = self._things[self._id("entity", getattr(row, subject))]
            thing.setdefault(name, []).append(_reference(self._id("entity", getattr(row, object_))))

    # Actions

    def _action(self, row: Row) -> None:
        def of(table: str) -> list[Row]:
            return self._rows[table, row.a_id]

        parameters = [self._parameter(each) for each in of("parameter")]
        used = [_reference(self._id("entity", each.u_entity_id)) for each in of("used")]
        made = [_reference(self._id("entity", each.wgb_entity_id)) for each in of("wasgeneratedby")]
        agents = of("wasassociatedwith")
        command = (each.p_value for each in of("parameter") if each.p_name == COMMAND_LINE)
        self._add(
            self._id("activity", row.a_id),
            "CreateAction",
            name=row.a_name or row.a_id,
            description=row.a_comment or next(command, made_up_description(row)),
            startTime=_time(row.a_starttime),
            endTime=_time(row.a_endtime),
            instrument=_reference(self._instrument(row)),
            agent=self._people(each for each in agents if each.waw_role in {None, OPERATOR}),
            participant=self._people(each for each in agents if each.waw_role != OPERATOR),
            object=_distinct([*used, *parameters]),
            result=_distinct(made),
            actionStatus=next((STATUSES.get(each.r_status or "") for each in of("run")), None),
        )

    def _people(self, rows: Iterable[Row]) -> list[Thing] | None:
        return _distinct(_reference(self._id("agent", row.waw_agent_id)) for row in rows)

    def _instrument(self, activity: Row) -> str:
        """Return the id of the program: the description of the activity, or only its name."""
        program = self._programs.of(activity)
        sides = {
            side: [_reference(self._formal(use, role)) for role in self._programs.roles(use)] or None
            for side in ("input", "output")
            for use in [Use(side, program)]
        }
        known = self._descriptions.get(program)
        return str(
            self._add(
                self._program(program),
                "SoftwareApplication",
                name=known.ad_name if known else activity.a_name or activity.a_id,
                softwareVersion=known.ad_version if known else None,
                description=known.ad_description if known else None,
                url=known.ad_docurl if known else None,
                **sides,
            )["@id"]
        )

    def _parameter(self, row: Row) -> Thing:
        id = self._id("parameter", row.p_id)
        return _reference(self._add(id, "PropertyValue", name=row.p_name, value=row.p_value)["@id"])


def _reference(id: str) -> Thing:
    return {"@id": id}


def _known(texts: Iterable[str | None]) -> list[str] | None:
    return [text for text in texts if text is not None] or None


def _distinct(references: Iterable[Thing]) -> list[Thing] | None:
    """Return the distinct references; None if there are none."""
    return list({each["@id"]: each for each in references}.values()) or None


def _single(thing: Thing) -> Thing:
    """Return *thing* with single values instead of lists of one value."""
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in thing.items()
    }


def _time(time: datetime | None) -> str | None:
    if time is None:
        return None
    # The validator of the profile accepts up to three decimals.
    precision = "auto" if time.microsecond % 1000 or not time.microsecond else "milliseconds"
    return time.replace(tzinfo=UTC).isoformat(timespec=precision)
