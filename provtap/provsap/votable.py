"""PROV-VOTable: a VOTable with one TABLE for each class that has rows, as the tables are published."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from provtap.provsap.graph import Graph
from provtap.results.votable import TAIL, Info, write_head, write_table
from provtap.tableset import Column, Table

_NODE = Table(
    schema_name="provsap",
    name="node",
    description="What the answer holds, and how far it is from what was asked for.",
    columns=(
        Column(name="kind", datatype="char", arraysize="*", ucd="meta.code.class"),
        Column(name="id", datatype="char", arraysize="*", ucd="meta.id;meta.main"),
        Column(name="depth", datatype="int", ucd="meta.number", description="Relations from what was asked."),
        Column(
            name="truncated",
            datatype="char",
            arraysize="*",
            ucd="meta.code",
            description="Why what lies behind it is not all here: depth or limit; empty: it is.",
        ),
    ),
)


def prov_votable(graph: Graph) -> bytes:
    """Return the whole document, in UTF-8."""
    return "".join(_pieces(graph)).encode()


def _pieces(graph: Graph) -> Iterator[str]:
    unknown = (Info("UNKNOWN_ID", name, "Nothing has the name so.") for name in graph.unknown)
    yield write_head([Info("QUERY_STATUS", "OK"), *unknown])
    nodes = ((n.key.kind, n.key.id, n.depth, n.truncated) for n in graph.nodes.values())
    yield _table(_NODE, nodes)
    for name, rows in graph.rows.items():
        if rows:
            yield _table(graph.tables[name], rows)
    yield TAIL


def _table(table: Table, rows: Iterable[Iterable[Any]]) -> str:
    return write_table(table, ([_cell(value) for value in row] for row in rows))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value)
