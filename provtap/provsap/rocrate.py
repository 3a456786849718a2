"""Writes a Workflow Run RO-Crate with the profile Process Run Crate: the runs with their inputs and outputs.

The crate contains only metadata. Inputs and outputs are not in it, so they are described as CreativeWork with
an absolute id, not as File. The two other profiles would require the workflow as a file in the crate.

Source: Process Run Crate 0.5, RO-Crate 1.1.
"""

import json
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from provtap import iris
from provtap.provsap.graph import ENDS, Graph, Key, Row

_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
_ROOT, _DESCRIPTOR = "./", "ro-crate-metadata.json"
_CRATE = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_LICENSE = "#license"
_STATUSES = {
    "completed": "http://schema.org/CompletedActionStatus",
    "error": "http://schema.org/FailedActionStatus",
    "interrupted": "http://schema.org/FailedActionStatus",
}
_AGENTS = {"Person": "Person", "Organization": "Organization", "SoftwareAgent": "SoftwareApplication"}

Thing = dict[str, Any]


def crate_metadata(graph: Graph) -> bytes:
    """Return the `ro-crate-metadata.json` of a graph, in UTF-8."""
    return json.dumps(_Crate(graph).document(), ensure_ascii=False, indent=1).encode()


class _Crate:
    """The things of a crate by their ids, in the order of their first mention."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._things: dict[str, Thing] = {}
        self._by_activity: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
        for table in ("used", "wasgeneratedby", "wasassociatedwith", "run", "parameter"):
            [column] = [name for name, kind in ENDS[table].items() if kind == "activity"]
            for row in graph.of(table):
                self._by_activity[table, getattr(row, column)].append(row)

    def document(self) -> Thing:
        """Return the whole document."""
        for row in self._graph.of("agent"):
            self._add("agent", row.ag_id, _AGENTS.get(row.ag_type or "", "Person"), name=row.ag_name)
        for row in self._graph.of("entity"):
            self._entity(row)
        for row in self._graph.of("activity"):
            self._action(row)
        self._relate("hadmember", "hm_collection_id", "hm_entity_id", "hasPart")
        self._relate("wasderivedfrom", "wdf_generatedentity_id", "wdf_usedentity_id", "isBasedOn")
        self._relate("wasattributedto", "wat_entity_id", "wat_agent_id", "author", other="agent")
        things = [*self._head(), *self._things.values()]
        return {"@context": _CONTEXT, "@graph": [_single(thing) for thing in things]}

    def _head(self) -> list[Thing]:
        """Return the description of the crate itself, after its actions and contents are known."""
        names = sorted(self._name(key.kind, key.id) for key in self._graph.roots)
        about = ", ".join(names[:10]) + (" and more" if len(names) > 10 else "") or "nothing"
        actions = [_reference(self._id("activity", row.a_id)) for row in self._graph.of("activity")]
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
                "description": f"The runs and products in the provenance of {about}.",
                "datePublished": self._date(),
                "license": _reference(_LICENSE),
                "conformsTo": _reference(_PROFILE),
                "mentions": actions,
            },
            {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
            {
                "@id": _LICENSE,
                "@type": "CreativeWork",
                "name": "Licence not stated",
                "description": "Contact the service that exported this provenance for its terms of use.",
            },
        ]

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
        """Return the id of a thing in the crate; one id may belong to both an entity and an agent."""
        if kind == "agent" and Key("entity", id) in self._graph.nodes:
            return f"#agent-{quote(id, safe='')}"
        return iris.iri(id)

    def _add(self, kind: str, id: str, type_: str, **properties: Any) -> Thing:
        given = {name: value for name, value in properties.items() if value is not None}
        return self._things.setdefault(
            self._id(kind, id), {"@id": self._id(kind, id), "@type": type_, **given}
        )

    def _entity(self, row: Row) -> None:
        name = row.e_name or (row.e_location or row.e_id).rstrip("/").rpartition("/")[2] or row.e_id
        if row.e_class == "ValueEntity":
            self._add("entity", row.e_id, "PropertyValue", name=name, value=row.e_value)
            return
        self._add(
            "entity",
            row.e_id,
            "Collection" if row.e_class == "Collection" else "CreativeWork",
            name=name,
            alternateName=row.e_location,
            description=row.e_comment,
            dateCreated=_time(row.e_generatedattime),
        )

    def _relate(self, table: str, subject: str, object_: str, name: str, other: str = "entity") -> None:
        for row in self._graph.of(table):
            thing = self._things[self._id("entity", getattr(row, subject))]
            thing.setdefault(name, []).append(_reference(self._id(other, getattr(row, object_))))

    # Actions

    def _action(self, row: Row) -> None:
        def of(table: str) -> list[Row]:
            return self._by_activity[table, row.a_id]

        parameters = [self._parameter(each) for each in of("parameter")]
        used = [_reference(self._id("entity", each.u_entity_id)) for each in of("used")]
        made = [_reference(self._id("entity", each.wgb_entity_id)) for each in of("wasgeneratedby")]
        agents = [_reference(self._id("agent", each.waw_agent_id)) for each in of("wasassociatedwith")]
        command = [each.p_value for each in of("parameter") if each.p_name == "command_line"]
        status = next((_STATUSES.get(each.r_status or "") for each in of("run")), None)
        self._add(
            "activity",
            row.a_id,
            "CreateAction",
            name=row.a_name or row.a_id,
            description=row.a_comment or next(iter(command), f"Run of {row.a_name or row.a_id}"),
            startTime=_time(row.a_starttime),
            endTime=_time(row.a_endtime),
            instrument=_reference(self._instrument(row)),
            agent=_distinct(agents),
            object=_distinct([*used, *parameters]),
            result=_distinct(made),
            actionStatus=status,
        )

    def _instrument(self, activity: Row) -> str:
        """Return the id of the program: the description of the activity, or only its name."""
        known = [
            each
            for each in self._graph.of("activitydescription")
            if each.ad_id == activity.a_activitydescription_id
        ]
        for each in known:
            return str(
                self._add(
                    "program",
                    each.ad_id,
                    "SoftwareApplication",
                    name=each.ad_name,
                    softwareVersion=each.ad_version,
                    description=each.ad_description,
                    url=each.ad_docurl,
                )["@id"]
            )
        name = activity.a_name or activity.a_id
        program = f"urn:x-provtap:software:{quote(name, safe='')}"
        return str(self._add("program", program, "SoftwareApplication", name=name)["@id"])

    def _parameter(self, row: Row) -> Thing:
        added = self._add("parameter", row.p_id, "PropertyValue", name=row.p_name, value=row.p_value)
        return _reference(added["@id"])


def _reference(id: str) -> Thing:
    return {"@id": id}


def _distinct(references: list[Thing]) -> list[Thing] | None:
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
