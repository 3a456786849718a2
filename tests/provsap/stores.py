"""Graphs written straight into a store: things are made of the ids that relations name."""

from collections.abc import Iterable, Sequence
from typing import Any

import networkx

from provtap.database.connect import Database
from provtap.provsap.graph import ENDS, Graph

_CREATED = {
    "entity": ("provenance.entity", ("e_id", "e_class")),
    "activity": ("provenance.activity", ("a_id", "a_name")),
    "agent": ("provenance.agent", ("ag_id", "ag_name")),
}
_ROLES = {"used": "u_role", "wasgeneratedby": "wgb_role"}

LOOPS: dict[str, Sequence[Sequence[str]]] = {
    "used": [("run", "log", "in"), ("run", "log", "state"), ("again", "log", "in")],
    "wasgeneratedby": [("log", "run", "out"), ("set", "again", "out")],
    "wasderivedfrom": [("one", "two"), ("two", "three"), ("three", "one"), ("log", "one")],
    "wasinformedby": [("run", "again"), ("again", "run")],
    "hadmember": [("set", "set"), ("set", "log"), ("set", "group"), ("group", "set")],
    "wasassociatedwith": [("run", "log")],
    "wasattributedto": [("log", "log"), ("set", "log")],
}
"""All the circles that the tables admit: a run uses what it made, collections hold themselves and each other,
derivations and runs follow each other round; and an agent is called as an entity is.
"""
COLLECTIONS = ("set", "group")


def write_store(
    database: Database, collections: Iterable[str] = (), **relations: Sequence[Sequence[Any]]
) -> None:
    """Store the pairs (subject, object) of each relation, or triples with a role, and what they relate."""
    things: dict[str, set[str]] = {"entity": set(collections), "activity": set(), "agent": set()}
    for table, rows in relations.items():
        for kind, ids in zip(ENDS[table].values(), list(zip(*rows, strict=True))[:2], strict=True):
            things[kind].update(ids)
    with database.transaction() as transaction:
        for kind, (table, columns) in _CREATED.items():
            second = (lambda i: "Collection" if i in collections else "Entity") if kind == "entity" else str
            transaction.copy(table, columns, [(i, second(i)) for i in sorted(things[kind])])
        for table, rows in relations.items():
            columns = [*ENDS[table], *([_ROLES[table]] if rows and len(rows[0]) > 2 else [])]
            transaction.copy(f"provenance.{table}", columns, rows)


def as_networkx(graph: Graph) -> networkx.DiGraph:
    """Return the relations of *graph*, from later to earlier."""
    directed = networkx.DiGraph()
    directed.add_nodes_from(graph.nodes)
    directed.add_edges_from((edge.subject, edge.object) for edge in graph.edges())
    return directed


def ids(graph: Graph) -> set[str]:
    return {key.id for key in graph.nodes}
