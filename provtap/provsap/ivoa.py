"""MODEL=IVOA: the graph as a PROV document with the terms of the IVOA's model.

It is standard PROV for all readers. Attributes have their names from ProvenanceDM 1.0 in the namespace
`voprov`. Classes without a counterpart in PROV (parameters, descriptions) are entities with a type of this
namespace, related to their owner by a `wasInfluencedBy` with such a type.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from prov.constants import PROV
from prov.identifier import QualifiedName
from prov.model import ProvDocument

from provtap.provsap.graph import Graph, Key, Row
from provtap.provsap.naming import PROVTAP, VOPROV, Names, legal
from provtap.provsap.provjson import JsonDocument
from provtap.tableset import Table

Attributes = list[tuple[QualifiedName, Any]]

_AGENT_TYPES = {name: PROV[name] for name in ("Person", "Organization", "SoftwareAgent")}
_DESCRIBED = {  # table -> id column, class, table and columns of what it describes
    "activitydescription": ("ad_id", "ActivityDescription", "activity", "a_id", "a_activitydescription_id"),
    "entitydescription": ("ed_id", None, "entity", "e_id", "e_entitydescription_id"),
    "usagedescription": ("ud_id", "UsageDescription", "used", "u_activity_id", "u_usagedescription_id"),
    "generationdescription": (
        "gd_id",
        "GenerationDescription",
        "wasgeneratedby",
        "wgb_entity_id",
        "wgb_generationdescription_id",
    ),
    "parameterdescription": (
        "pd_id",
        "ParameterDescription",
        "parameter",
        "p_id",
        "p_parameterdescription_id",
    ),
    "configfiledescription": (
        "cfd_id",
        "ConfigFileDescription",
        "configfile",
        "cf_id",
        "cf_configfiledescription_id",
    ),
}
_ARTEFACTS = {
    "parameter": ("p_id", "p_activity_id", "Parameter"),
    "configfile": ("cf_id", "cf_activity_id", "ConfigFile"),
}


class IvoaDocument:
    """The document with the terms of ProvenanceDM 1.0."""

    def __init__(self, graph: Graph, document: ProvDocument | JsonDocument) -> None:
        self._graph = graph
        self._document = document
        self._name = Names(document)
        self._runs = {row.r_activity_id: row for row in graph.of("run")}
        self._terms = {name: self._terms_of(table) for name, table in graph.tables.items()}

    def write(self) -> None:
        """Write the whole document: things, then their relations."""
        for table, write in self._writers().items():
            for row in self._graph.of(table):
                write(row)
        for table in _ARTEFACTS:
            for row in self._graph.of(table):
                self._artefact(table, row)
        for table in _DESCRIBED:
            self._describe(table)

    def _writers(self) -> Mapping[str, Callable[[Row], None]]:
        return {
            "entity": self._entity,
            "activity": self._activity,
            "agent": self._agent,
            "used": self._used,
            "wasgeneratedby": self._was_generated_by,
            "wasderivedfrom": self._was_derived_from,
            "wasinformedby": self._was_informed_by,
            "hadmember": self._had_member,
            "wasassociatedwith": self._was_associated_with,
            "wasattributedto": self._was_attributed_to,
        }

    # Things

    def _entity(self, row: Row) -> None:
        key = Key("entity", row.e_id)
        type_ = [] if row.e_class == "Entity" else [(PROV["type"], self._entity_type(row.e_class))]
        attributes = self._all_attributes("entity", row)
        self._document.entity(self._name(row.e_id), [*type_, *attributes, *self._marks(key)])

    def _entity_type(self, class_: str) -> QualifiedName:
        return VOPROV[class_]

    def _activity(self, row: Row) -> None:
        key = Key("activity", row.a_id)
        run = self._runs.get(row.a_id)
        self._document.activity(
            self._name(row.a_id),
            utc(row.a_starttime),
            utc(row.a_endtime),
            [
                *self._all_attributes("activity", row, leave_out=("startTime", "endTime")),
                *(self._attributes("run", run) if run else ()),
                *self._marks(key),
            ],
        )

    def _agent(self, row: Row) -> None:
        type_ = [(PROV["type"], _AGENT_TYPES[row.ag_type])] if row.ag_type else []
        attributes = self._all_attributes("agent", row, leave_out=("type",))
        self._document.agent(
            self._name(row.ag_id), [*type_, *attributes, *self._marks(Key("agent", row.ag_id))]
        )

    # Relations

    def _used(self, row: Row) -> None:
        attributes = self._attributes("used", row, leave_out=("time",))
        self._document.used(
            self._name(row.u_activity_id), self._name(row.u_entity_id), utc(row.u_time), None, attributes
        )

    def _was_generated_by(self, row: Row) -> None:
        self._document.wasGeneratedBy(
            self._name(row.wgb_entity_id),
            self._name(row.wgb_activity_id),
            other_attributes=self._attributes("wasgeneratedby", row),
        )

    def _was_derived_from(self, row: Row) -> None:
        self._document.wasDerivedFrom(
            self._name(row.wdf_generatedentity_id), self._name(row.wdf_usedentity_id)
        )

    def _was_informed_by(self, row: Row) -> None:
        self._document.wasInformedBy(self._name(row.wib_informed_id), self._name(row.wib_informant_id))

    def _had_member(self, row: Row) -> None:
        self._document.hadMember(self._name(row.hm_collection_id), self._name(row.hm_entity_id))

    def _was_associated_with(self, row: Row) -> None:
        self._document.wasAssociatedWith(
            self._name(row.waw_activity_id),
            self._name(row.waw_agent_id),
            other_attributes=self._attributes("wasassociatedwith", row),
        )

    def _was_attributed_to(self, row: Row) -> None:
        self._document.wasAttributedTo(
            self._name(row.wat_entity_id),
            self._name(row.wat_agent_id),
            other_attributes=self._attributes("wasattributedto", row),
        )

    # Classes without a counterpart in PROV

    def _artefact(self, table: str, row: Row) -> None:
        """Write a parameter or configuration file of an activity."""
        id_, activity, class_ = _ARTEFACTS[table]
        name = self._name(getattr(row, id_))
        self._document.entity(name, [(PROV["type"], VOPROV[class_]), *self._all_attributes(table, row)])
        self._configure(self._name(getattr(row, activity)), name, class_)

    def _configure(self, activity: QualifiedName, artefact: QualifiedName, class_: str) -> None:
        self._influence(activity, artefact, "WasConfiguredBy", [(VOPROV["artefactType"], class_)])

    def _describe(self, table: str) -> None:
        """Write the descriptions of one class, and links to the described things."""
        id_, class_, described, subject, reference = _DESCRIBED[table]
        for row in self._graph.of(table):
            type_ = self._description_type(class_ or row.ed_class)
            self._document.entity(self._name(getattr(row, id_)), [*type_, *self._all_attributes(table, row)])
        known = {getattr(row, id_) for row in self._graph.of(table)}
        pairs = [(getattr(row, subject), getattr(row, reference)) for row in self._graph.of(described)]
        for thing, description in dict.fromkeys(pairs):
            if description in known:
                self._is_described_by(table, self._name(thing), self._name(description))

    def _description_type(self, class_: str) -> Attributes:
        return [(PROV["type"], VOPROV[class_])]

    def _is_described_by(self, table: str, thing: QualifiedName, description: QualifiedName) -> None:
        self._influence(thing, description, "IsDescribedBy", [])

    def _influence(self, thing: QualifiedName, by: QualifiedName, type_: str, attributes: Attributes) -> None:
        self._document.wasInfluencedBy(
            thing, by, other_attributes=[(PROV["type"], VOPROV[type_]), *attributes]
        )

    # Attributes

    def _all_attributes(self, table: str, row: Row, leave_out: tuple[str, ...] = ()) -> Attributes:
        """Return the attributes of a thing, including its id (the first column) if its name differs."""
        return [*self._attributes(table, row, leave_out), *self._name.verbatim(row[0])]

    def _attributes(self, table: str, row: Row, leave_out: tuple[str, ...] = ()) -> Attributes:
        """Return the values of a row by their names in the model, without relations."""
        return [
            (term, _value(value))
            for (member, term), value in zip(self._terms[table], row, strict=True)
            if value is not None and term is not None and member not in leave_out
        ]

    def _terms_of(self, table: Table) -> list[tuple[str, QualifiedName | None]]:
        """Return the attribute of each column, and its name; nothing for references."""
        return [(member, self._term(member, ours) if member else None) for member, ours in _members(table)]

    def _term(self, member: str, ours: bool) -> QualifiedName:
        return PROVTAP[member] if ours else VOPROV[member]

    def _marks(self, key: Key) -> Attributes:
        node = self._graph.nodes[key]
        truncated = [(PROVTAP["truncated"], node.truncated)] if node.truncated else []
        return [*truncated, *self._withdrawal(key.id)] if key.kind == "entity" else truncated

    def _withdrawal(self, entity: str) -> Attributes:
        """Return that an entity is withdrawn, and from which withdrawn ones it was made."""
        found: Attributes = [
            (PROVTAP["affectedBy"], legal(id_)) for id_ in self._graph.marks.affected.get(entity, ())
        ]
        if withdrawal := self._graph.marks.withdrawn.get(entity):
            told = {
                "withdrawn": withdrawal.kind,
                "withdrawnReason": withdrawal.reason,
                "withdrawnSince": withdrawal.since,
                "withdrawnBy": withdrawal.agent_id,
                "successor": withdrawal.successor_id,
            }
            found += [(PROVTAP[name], _value(value)) for name, value in told.items() if value is not None]
        return found


def _members(table: Table) -> Iterator[tuple[str, bool]]:
    """Yield the attribute of each column, and whether it is our own; '' for references."""
    for column in table.columns:
        if column.name.endswith(("_id", "_class")):
            yield "", False
        elif column.utype:
            yield column.utype.rpartition(".")[2], False
        else:
            yield column.name.partition("_")[2], True


def _value(value: Any) -> Any:
    return utc(value) if isinstance(value, datetime) else legal(value)


def utc(time: datetime | None) -> datetime | None:
    """Return *time* with the zone UTC, as for all times of the store."""
    return time and time.replace(tzinfo=UTC)
