"""PROV-VOTable: a VOTable with one TABLE for each class with rows, in the form of the published tables."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from provtap.provsap.graph import Graph
from provtap.query.origin import instant
from provtap.results.votable import TAIL, Info, write_head, write_table
from provtap.tableset import Column, Table

_NODE = Table(
    schema_name="provsap",
    name="node",
    description="The things in the response, and their distance from the requested ones.",
    columns=(
        Column(name="kind", datatype="char", arraysize="*", ucd="meta.code.class"),
        Column(name="id", datatype="char", arraysize="*", ucd="meta.id;meta.main"),
        Column(
            name="depth",
            datatype="int",
            ucd="meta.number",
            description="Relations from the nearest requested thing.",
        ),
        Column(
            name="truncated",
            datatype="char",
            arraysize="*",
            ucd="meta.code",
            description="Why some of its relations are missing: depth or limit; empty if none are.",
        ),
        Column(
            name="withdrawn",
            datatype="char",
            arraysize="*",
            ucd="meta.code.class",
            description="Why it was withdrawn; empty: it is valid.",
        ),
        Column(
            name="affected_by",
            datatype="unicodeChar",
            arraysize="*",
            ucd="meta.id",
            description="Withdrawn entities that it was made from, separated by blanks (%20 in an id).",
        ),
    ),
)


def prov_votable(graph: Graph, infos: Iterable[Info] = ()) -> bytes:
    """Return the whole document, in UTF-8."""
    return "".join(_pieces(graph, infos)).encode()


def _pieces(graph: Graph, infos: Iterable[Info]) -> Iterator[str]:
    unknown = (Info("UNKNOWN_ID", name, "Nothing has the name so.") for name in graph.unknown)
    known = (
        [] if graph.known is None else [Info("AS_OF", instant(graph.known.time), f"{graph.known.sentence}.")]
    )
    yield write_head([Info("QUERY_STATUS", "OK"), *unknown, *known, *infos])
    yield _table(_NODE, _nodes(graph))
    for name, rows in graph.rows.items():
        if rows:
            yield _table(graph.tables[name], rows)
    yield TAIL


def _nodes(graph: Graph) -> Iterator[tuple[Any, ...]]:
    withdrawn, affected = graph.marks.withdrawn, graph.marks.affected
    for node in graph.nodes.values():
        is_entity = node.key.kind == "entity"
        withdrawal = withdrawn.get(node.key.id) if is_entity else None
        behind = affected.get(node.key.id, ()) if is_entity else ()
        yield (
            *(node.key.kind, node.key.id, node.depth, node.truncated),
            withdrawal and withdrawal.kind,
            " ".join(id_.replace(" ", "%20") for id_ in behind) or None,
        )


def _table(table: Table, rows: Iterable[Iterable[Any]]) -> str:
    return write_table(table, ([_cell(value) for value in row] for row in rows))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
