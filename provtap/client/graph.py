"""Provenance as a graph, read from a service's PROV-JSON. Standard library only."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provtap.client.delivery import ProvError
from provtap.client.notebook import html_picture, html_table, library, text
from provtap.client.tables import Table, table_of

if TYPE_CHECKING:
    from provtap.client.service import Service

_THINGS = ("entity", "activity", "agent")
_RELATIONS = {
    "used": ("prov:activity", "prov:entity"),
    "wasGeneratedBy": ("prov:entity", "prov:activity"),
    "wasDerivedFrom": ("prov:generatedEntity", "prov:usedEntity"),
    "wasInformedBy": ("prov:informed", "prov:informant"),
    "wasAttributedTo": ("prov:entity", "prov:agent"),
    "wasAssociatedWith": ("prov:activity", "prov:agent"),
    "hadMember": ("prov:collection", "prov:entity"),
}
"""The attributes of each relation that name its ends; it goes from the first to the second."""
_NOT_DRAWN = {"AGENTS", "CONTEXT", "RESPONSEFORMAT", "CONFIGURATION"}
_DESCRIPTION = ("Description", "Parameter", "ConfigFile")
"""How types end that are no things of their own in this model."""


@dataclass(frozen=True)
class Node:
    """An entity, an activity or an agent."""

    id: str
    kind: str
    """`entity`, `activity` or `agent`."""
    attributes: Mapping[str, Any] = field(hash=False)
    """By their names without prefix, such as `location`."""

    @property
    def name(self) -> str | None:
        """Its name, such as that of a file or a program."""
        return self.attributes.get("name")


@dataclass(frozen=True)
class Edge:
    """A relation between two nodes, from the later one to the earlier one."""

    source: str
    target: str
    relation: str
    """The name of PROV, such as `used`."""
    role: str | None = None


class Graph:
    """Where a thing came from, or what came from it.

    *parameters* are those of ProvSAP under which the service gives it.
    """

    def __init__(self, service: "Service", parameters: Mapping[str, str]) -> None:
        self._service = service
        self._parameters = dict(parameters)
        answer = service.ask("provsap", list(self._parameters.items()))
        self._content = b"".join(answer.blocks())
        self.overflow = int(answer.headers.get("X-ProvTAP-Overflow", 0)) > 0
        """Whether only the nearest things are there, since the service gives no more."""
        document = json.loads(self._content)
        names = _Names(document)
        self.nodes: dict[str, Node] = {node.id: node for node in names.nodes()}
        """All things, by their ids."""
        self.edges: tuple[Edge, ...] = tuple(
            edge for edge in names.edges() if edge.source in self.nodes and edge.target in self.nodes
        )
        """All relations between them."""

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Graph of {self._counted()}>"

    def _counted(self) -> str:
        more = " (the nearest ones)" if self.overflow else ""
        return f"{len(self.nodes):,} things{more} and {len(self.edges):,} relations"

    @property
    def table(self) -> Table:
        """The things, one a row."""
        names = ("id", "kind", "name", "location", "startTime", "endTime", "generatedAtTime")
        return table_of(
            names,
            ((n.id, n.kind, *(n.attributes.get(name) for name in names[2:])) for n in self.nodes.values()),
        )

    def to_table(self) -> Any:
        """Return the things as an astropy.table.Table."""
        return self.table.to_table()

    def to_pandas(self) -> Any:
        """Return the things as a pandas.DataFrame."""
        return self.table.to_pandas()

    def to_networkx(self) -> Any:
        """Return a networkx.MultiDiGraph, whose edges go from the later thing to the earlier one."""
        graph = library("networkx", "to_networkx").MultiDiGraph()
        for node in self.nodes.values():
            graph.add_node(node.id, kind=node.kind, attributes=dict(node.attributes), name=node.name)
        for edge in self.edges:
            graph.add_edge(edge.source, edge.target, key=None, relation=edge.relation, role=edge.role)
        return graph

    def to_prov(self) -> Any:
        """Return a prov.model.ProvDocument."""
        return library("prov.model", "to_prov").ProvDocument.deserialize(content=self._content, format="json")

    @property
    def svg(self) -> bytes:
        """The picture, as the service draws it.

        Raises: ProvError.
        """
        return draw(self._service, self._parameters)

    def _repr_html_(self) -> str:
        shown = picture(self._service, self._parameters, f"Graph of {self._counted()}")
        return shown + html_table(self._counted(), self.table.names, self.table.rows)


def draw(service: "Service", parameters: Mapping[str, str]) -> bytes:
    """Return the picture of a graph (SVG), which shows neither agents nor environments nor parameters.

    Raises: ProvError.
    """
    asked = {name: value for name, value in parameters.items() if name not in _NOT_DRAWN}
    return b"".join(service.ask("provsap", [*asked.items(), ("RESPONSEFORMAT", "PROV-SVG")]).blocks())


def picture(service: "Service", parameters: Mapping[str, str], alternative: str) -> str:
    """Return the picture of a graph as HTML, or a sentence that says why there is none."""
    try:
        return html_picture(draw(service, parameters), alternative)
    except ProvError as error:
        return f"<p>{text(error)}</p>"


class _Names:
    """A document of PROV-JSON, with the ids of the store for its names."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._prefixes: Mapping[str, str] = document.get("prefix", {})
        self._verbatim = {
            name: record["voprov:id"]
            for kind in _THINGS
            for name, record in self._records(kind)
            if "voprov:id" in record
        }

    def _records(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for name, records in self._document.get(kind, {}).items():
            for record in records if isinstance(records, list) else [records]:
                yield name, record

    def id(self, name: str) -> str:
        """Return the id that a qualified name stands for."""
        prefix, colon, local = name.partition(":")
        start = self._prefixes.get(prefix)
        return str(self._verbatim.get(name, f"{start}{local}" if start is not None and colon else name))

    def nodes(self) -> Iterator[Node]:
        for kind in _THINGS:
            for name, record in self._records(kind):
                attributes = {key.partition(":")[2]: _value(each) for key, each in record.items()}
                if not str(attributes.get("type", "")).endswith(_DESCRIPTION):
                    yield Node(self.id(name), kind, attributes)

    def edges(self) -> Iterator[Edge]:
        for relation, (source, target) in _RELATIONS.items():
            for _, record in self._records(relation):
                if source in record and target in record:
                    role = _value(record.get("voprov:role", record.get("prov:role")))
                    yield Edge(self.id(record[source]), self.id(record[target]), relation, role)


def _value(value: Any) -> Any:
    """Return a value of PROV-JSON without its type, of a list all."""
    if isinstance(value, list):
        return [_value(each) for each in value]
    return value["$"] if isinstance(value, dict) and "$" in value else value
