"""The result of a ProvSAP request as values: nodes with their depth, and their published rows."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from provtap.query.withdrawals import UNMARKED, Marks
from provtap.tableset import Table

Row = Any
"""A named tuple with the published columns of its table."""


class Key(NamedTuple):
    """The key of a node: an id alone may belong to both an entity and an agent."""

    kind: str
    """`entity`, `activity` or `agent`."""
    id: str


@dataclass(frozen=True)
class Node:
    """A node and its distance."""

    key: Key
    depth: int
    """Relations from the nearest requested id."""
    truncated: str | None = None
    """Why some of its relations are not followed: `depth` or `limit`; None if all are."""


class Edge(NamedTuple):
    """One relation between two nodes, from the later to the earlier one, as in PROV."""

    relation: str
    """Its name in PROV: `used`, `wasGeneratedBy` and so on."""
    subject: Key
    object: Key
    role: str | None = None


@dataclass(frozen=True)
class Known:
    """When a graph was known so."""

    time: datetime
    """UTC."""
    undone: int
    """How many documents had arrived by then and were undone later: what they said is missing."""

    @property
    def sentence(self) -> str:
        """A sentence for users, without full stop."""
        said = f"As known on {self.time:%Y-%m-%d} at {self.time:%H:%M:%S} UTC"
        if not self.undone:
            return said
        missing = "a document" if self.undone == 1 else f"{self.undone} documents"
        return f"{said}, without {missing} undone since then"


@dataclass(frozen=True)
class Graph:
    """Nodes, and their rows in each table; relations are included only with both ends."""

    nodes: Mapping[Key, Node]
    """The nearest first, in an order that does not depend on the store."""
    roots: frozenset[Key]
    """The requested nodes."""
    tables: Mapping[str, Table]
    rows: Mapping[str, Sequence[Row]]
    """By the name of the table without its schema; other tables are missing."""
    unknown: tuple[str, ...] = ()
    """The ids that name nothing here."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Rows about the nodes in published tables that were not read, for formats that report them."""
    marks: Marks = UNMARKED
    """Which entities are withdrawn, or were made from something withdrawn."""
    known: Known | None = None
    """As of when; None: at present."""

    @property
    def overflow(self) -> bool:
        """Whether the limit of the service was reached."""
        return any(node.truncated == "limit" for node in self.nodes.values())

    def of(self, table: str) -> Sequence[Row]:
        """Return the rows of *table*."""
        return self.rows.get(table, ())

    def edges(self) -> Iterator[Edge]:
        """Yield all relations between two nodes."""
        for table, (relation, role) in RELATIONS.items():
            for row in self.of(table):
                subject, object_ = _ends(table, row)
                yield Edge(relation, subject, object_, getattr(row, role) if role else None)

    def only(self, keep: Container[Key]) -> "Graph":
        """Return the part of the graph with the nodes *keep*."""
        nodes = {key: node for key, node in self.nodes.items() if key in keep}
        rows = {
            table: [row for row in rows if all(end in nodes for end in _ends(table, row))]
            for table, rows in self.rows.items()
        }
        return replace(self, nodes=nodes, rows=rows)

    def joined(self, other: "Graph") -> "Graph":
        """Return the union of both graphs; a node that is cut in one of them is cut in the result."""
        nodes = dict(self.nodes)
        for key, node in other.nodes.items():
            known = nodes.get(key, node)
            nodes[key] = replace(
                known, depth=min(known.depth, node.depth), truncated=known.truncated or node.truncated
            )
        nearest = sorted(nodes, key=lambda key: (nodes[key].depth, key))
        tables = self.rows.keys() | other.rows.keys()
        return replace(
            self,
            nodes={key: nodes[key] for key in nearest},
            roots=self.roots | other.roots,
            marks=self.marks.joined(other.marks),
            rows={
                table: list(dict.fromkeys([*self.of(table), *other.of(table)])) for table in sorted(tables)
            },
        )

    def without_context(self, descriptions: Container[str]) -> "Graph":
        """Return the graph without values and environments.

        These are the ValueEntities, and entities used only as context: by usages with a description in
        *descriptions*, or without description and with the role `environment`. Requested nodes are kept.
        """
        used: set[Key] = set()
        otherwise: set[Key] = set()
        for table in RELATIONS:
            for row in self.of(table):
                context = table == "used" and _is_context(row, descriptions)
                (used if context else otherwise).update(_ends(table, row))
        values = {Key("entity", row.e_id) for row in self.of("entity") if row.e_class == "ValueEntity"}
        surroundings = {key for key in used - otherwise if key.kind == "entity"} | values
        return self.only(self.nodes.keys() - (surroundings - self.roots))


ENDS: Mapping[str, Mapping[str, str]] = {
    "entity": {"e_id": "entity"},
    "activity": {"a_id": "activity"},
    "agent": {"ag_id": "agent"},
    "used": {"u_activity_id": "activity", "u_entity_id": "entity"},
    "wasgeneratedby": {"wgb_entity_id": "entity", "wgb_activity_id": "activity"},
    "wasderivedfrom": {"wdf_generatedentity_id": "entity", "wdf_usedentity_id": "entity"},
    "wasinformedby": {"wib_informed_id": "activity", "wib_informant_id": "activity"},
    "hadmember": {"hm_collection_id": "entity", "hm_entity_id": "entity"},
    "wasassociatedwith": {"waw_activity_id": "activity", "waw_agent_id": "agent"},
    "wasattributedto": {"wat_entity_id": "entity", "wat_agent_id": "agent"},
    "run": {"r_activity_id": "activity"},
    "parameter": {"p_activity_id": "activity"},
    "configfile": {"cf_activity_id": "activity"},
    "hash": {"h_entity_id": "entity"},
    "location": {"loc_entity_id": "entity"},
    "alias": {"al_entity_id": "entity"},
    "rights": {"ri_entity_id": "entity"},
    "agent_id": {"ai_agent_id": "agent"},
}
"""For each table the columns with nodes, and their kinds: the subject of a relation, then its object."""
RELATIONS = {
    "used": ("used", "u_role"),
    "wasgeneratedby": ("wasGeneratedBy", "wgb_role"),
    "wasderivedfrom": ("wasDerivedFrom", None),
    "wasinformedby": ("wasInformedBy", None),
    "hadmember": ("hadMember", None),
    "wasassociatedwith": ("wasAssociatedWith", "waw_role"),
    "wasattributedto": ("wasAttributedTo", "wat_role"),
}
"""The name of each relation in PROV, and the column of its role."""


def _ends(table: str, row: Row) -> tuple[Key, ...]:
    return tuple(Key(kind, getattr(row, column)) for column, kind in ENDS.get(table, {}).items())


def _is_context(used: Row, descriptions: Container[str]) -> bool:
    if used.u_usagedescription_id is None:
        return bool(used.u_role == "environment")  # the role in runs of ctapipe and logprov
    return used.u_usagedescription_id in descriptions
