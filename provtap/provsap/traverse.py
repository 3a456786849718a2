"""Retrieves the graph around ids: a walk in SQL, then the published rows of the nodes.

Only published tables are read, with the login for users' queries, so that it works on a standby and can't
show more than a query.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.sql import identifier, load_statements
from provtap.errors import NotFound, TooLarge
from provtap.provsap.graph import ENDS, RELATIONS, Graph, Key, Node, Row
from provtap.provsap.request import ProvsapRequest
from provtap.query.names import find_or_file, unknown_name
from provtap.query.withdrawals import marks
from provtap.tableset import Table, Tableset

SQL = load_statements("provtap.provsap", "traverse.sql")

_NEAREST = "ORDER BY depth, kind, id, way"
_ROWS = 10
"""Maximum rows for each node: all rows are in memory at once."""
_OTHER_WAY = {"back": "forth", "forth": "back"}
_CONFIGURATION = ("provenance.parameter", "provenance.configfile")
_EXTENSIONS = tuple(f"provext.{name}" for name in ("hash", "location", "alias", "rights", "agent_id"))
_ALWAYS = tuple(f"provenance.{name}" for name in ("entity", "activity", "agent", *RELATIONS))
_COUNTED: Mapping[str, Mapping[str, str]] = {
    "provext.attempt": {"at_activity_id": "activity"},
    "provext.copy": {"cp_entity_id": "entity"},
    "provext.notice": {"n_entity_id": "entity"},
    "provext.package": {"pk_entity_id": "entity"},
    "provext.product": {"pr_entity_id": "entity"},
    "provext.relation": {"rel_subject_id": "any"},
    "provext.withdrawal": {"w_entity_id": "entity"},
}
"""Tables of which only the rows about the nodes are counted."""
# For descriptions, the columns read before whose values select their ids.
_DESCRIPTIONS: tuple[dict[str, Mapping[str, str]], ...] = (
    {},
    {"provenance.activitydescription": {"ad_id": "a_activitydescription_id"}},
    {
        "provenance.activitydescription": {"ad_id": "a_activitydescription_id"},
        "provenance.entitydescription": {"ed_id": "e_entitydescription_id"},
        "provenance.usagedescription": {"ud_id": "u_usagedescription_id"},
        "provenance.generationdescription": {"gd_id": "wgb_generationdescription_id"},
        "provenance.parameterdescription": {"pd_id": "p_parameterdescription_id"},
        "provenance.configfiledescription": {"cfd_id": "cf_configfiledescription_id"},
    },
)

Met = Mapping[tuple[Key, str], int]
"""The depth of each node, by way: 'back' or 'forth'."""


def retrieve(request: ProvsapRequest, database: Database, tableset: Tableset, settings: Settings) -> Graph:
    """Return the graph around the ids of *request*.

    The nearest `provsap_nodes` nodes are returned; nodes with further relations are marked.

    Raises: NotFound if all ids are unknown, or there is no path to TO; ParameterError for the name of
    several files; TooLarge if the nodes have too many rows; QueryTimeout, DatabaseUnavailable.
    """
    with database.reading(settings.sync_duration) as transaction:
        return graph_around(transaction, request, tableset, settings.provsap_nodes)


def graph_around(transaction: Transaction, request: ProvsapRequest, tableset: Tableset, limit: int) -> Graph:
    """Return the graph of the nearest *limit* nodes around the ids of *request*. Raises: as `retrieve`."""
    roots, unknown = _find(transaction, request)
    nodes = _nodes(transaction, request, roots, limit)
    tables = _tables(request)
    published = {name: table for name in tables if (table := tableset.table(name))}
    rows = _rows(transaction, nodes, published, tables, _ROWS * limit)
    context = set() if request.context else _of_context(transaction, rows["used"])
    names = {table.name: table for table in published.values()}
    found = marks(transaction, (key.id for key in nodes if key.kind == "entity"))
    graph = Graph(nodes, frozenset(roots), names, rows, unknown, marks=found)
    graph = graph if request.context else graph.without_context(context)
    if request.responseformat.extended:
        graph = replace(graph, counts=_counts(transaction, graph, tableset))
    return graph


def nodes_around(transaction: Transaction, request: ProvsapRequest, limit: int) -> dict[Key, Node]:
    """Return only the nodes of `graph_around`. Raises: as `retrieve`."""
    return _nodes(transaction, request, _find(transaction, request)[0], limit)


def _nodes(
    transaction: Transaction, request: ProvsapRequest, roots: Sequence[Key], limit: int
) -> dict[Key, Node]:
    walk = _Walk(transaction, request, limit)
    return walk.between(roots) if request.to is not None else walk.around(roots)


def _find(transaction: Transaction, request: ProvsapRequest) -> tuple[list[Key], tuple[str, ...]]:
    """Return the things of the ids, and the unknown ids."""
    meanings = find_or_file(transaction, request.ids)
    known = {meaning.given for meaning in meanings}
    unknown = tuple(i for i in request.ids if i not in known)
    if not meanings:
        raise unknown_name(transaction, unknown[:5])
    return sorted({Key(meaning.kind, meaning.id) for meaning in meanings}), unknown


class _Walk:
    """Walks with the rules and the limit of one request."""

    def __init__(self, transaction: Transaction, request: ProvsapRequest, limit: int) -> None:
        self._transaction = transaction
        self._request = request
        self._limit = limit  # nodes
        straight = request.to is not None  # a path between two things follows only activities
        self._rules = {
            "steps": request.steps and not straight,
            "collections": not straight,
            "members": request.members and not straight,
            "agents": request.agents and not straight,
            "agent": request.agent and request.agents and not straight,
        }

    def around(self, roots: Sequence[Key]) -> dict[Key, Node]:
        """Return the nodes within the requested depth."""
        seeds = [(root, way) for way in self._request.direction.value for root in roots]
        met, overflow = self._meet(seeds)
        depths = _least(met)
        further = self._further(met, depths, overflow)
        why = "limit" if overflow else "depth"
        return {key: Node(key, depths[key], why if key in further else None) for key in _in_order(depths)}

    def between(self, roots: Sequence[Key]) -> dict[Key, Node]:
        """Return the nodes on the paths from *roots* to TO.

        Raises: NotFound.
        """
        (way,) = self._request.direction.value
        wanted = str(self._request.to)
        ends = sorted(
            {Key(meaning.kind, meaning.id) for meaning in find_or_file(self._transaction, [wanted])}
        )
        met, overflow = self._meet([(r, way) for r in roots] + [(e, _OTHER_WAY[way]) for e in ends])
        depths = {
            key: depth
            for (key, walked), depth in met.items()
            if walked == way and depth + met.get((key, _OTHER_WAY[way]), 1 << 30) <= self._request.depth
        }
        if not depths:
            cut = f" among the nearest {self._limit} nodes" if overflow else ""
            raise NotFound(
                f"No path of {self._request.depth} relations leads {way} to {wanted}{cut}.",
                hint="Try another DEPTH or DIRECTION.",
            )
        return {key: Node(key, depths[key], "limit" if overflow else None) for key in _in_order(depths)}

    def _meet(self, seeds: Iterable[tuple[Key, str]]) -> tuple[dict[tuple[Key, str], int], bool]:
        """Return the nodes of a walk, the nearest first, and whether there are more than the limit.

        If so, the last level is walked again completely, so that the choice of nodes does not depend on the
        order of rows in the store.
        """
        values: dict[str, Any] = self._rules | _columns(seeds)
        values["depth"] = self._request.depth
        rows = self._walk("", **values, limit=self._limit + 1)
        overflow = len(rows) > self._limit
        if overflow:
            rows = self._walk(_NEAREST, **values | {"depth": rows[-1].depth}, limit=self._limit)
        return {(Key(row.kind, row.id), row.way): row.depth for row in rows}, overflow

    def _walk(self, order: str, **values: Any) -> list[Row]:
        return self._transaction.rows(SQL["walk"].format(steps=SQL["steps"], order=order), **values)

    def _further(self, met: Met, depths: Mapping[Key, int], overflow: bool) -> set[Key]:
        """Return the nodes with relations to nodes that were not reached."""
        edge = [at for at, depth in met.items() if overflow or depth == self._request.depth]
        inside = [f"{key.kind} {key.id}" for key in depths]
        statement = SQL["further"].format(steps=SQL["steps"])
        rows = self._transaction.rows(statement, **self._rules, **_columns(edge), inside=inside)
        return {Key(row.kind, row.id) for row in rows}


def _columns(seeds: Iterable[tuple[Key, str]]) -> dict[str, list[str]]:
    nodes = [(key.kind, key.id, way) for key, way in seeds]
    return {name: [node[i] for node in nodes] for i, name in enumerate(("kinds", "ids", "ways"))}


def _least(met: Met) -> dict[Key, int]:
    depths: dict[Key, int] = {}
    for (key, _), depth in met.items():
        depths[key] = min(depth, depths.get(key, depth))
    return depths


def _in_order(depths: Mapping[Key, int]) -> list[Key]:
    return sorted(depths, key=lambda key: (depths[key], key))


def _tables(request: ProvsapRequest) -> dict[str, Mapping[str, str]]:
    """Return the tables to read for *request*, with the columns to compare with the nodes."""
    names = (*_ALWAYS, "provext.run", *(_CONFIGURATION if request.configuration else ()))
    names += _EXTENSIONS if request.responseformat.extended else ()
    return {name: ENDS[name.partition(".")[2]] for name in names} | _DESCRIPTIONS[request.descriptions]


def _rows(
    transaction: Transaction,
    nodes: Iterable[Key],
    published: Mapping[str, Table],
    tables: Mapping[str, Mapping[str, str]],
    limit: int,
) -> dict[str, list[Row]]:
    """Return the rows of each table with all published columns.

    Raises: TooLarge for more than *limit* rows.
    """
    values: dict[str, list[str]] = {"entity": [], "activity": [], "agent": []}
    for key in nodes:
        values[key.kind].append(key.id)
    rows: dict[str, list[Row]] = {}
    for name, table in published.items():
        given = {column: values.get(source, []) for column, source in tables[name].items()}
        rows[table.name] = transaction.rows(_select(table, given), **given, limit=limit + 1)
        limit -= len(rows[table.name])
        if limit < 0:
            raise TooLarge(
                f"The response is too large: the limit was reached in {table.name}.",
                hint="Use a smaller DEPTH, or CONFIGURATION=0.",
            )
        for column in (c.name for c in table.columns if c.name.endswith("description_id")):
            values[column] = sorted(
                {v for row in rows[table.name] if (v := getattr(row, column)) is not None}
            )
    return rows


def _counts(transaction: Transaction, graph: Graph, tableset: Tableset) -> dict[str, int]:
    """Return how many rows about the nodes are in tables that were not read."""
    ids: dict[str, list[str]] = {"any": [key.id for key in graph.nodes]}
    for key in graph.nodes:
        ids.setdefault(key.kind, []).append(key.id)
    counts: dict[str, int] = {}
    for name, columns in _COUNTED.items():
        if table := tableset.table(name):
            [(column, kind)] = columns.items()
            place = identifier(table.schema_name, table.name)
            statement = (
                f"SELECT count(*) AS n FROM {place} WHERE {identifier(column)} = ANY (%(ids)s::text[])"
            )
            counts[table.name] = transaction.rows(statement, ids=ids.get(kind, []))[0].n
    return counts


def _of_context(transaction: Transaction, used: Iterable[Row]) -> set[str]:
    """Return the descriptions of the usages *used* with the type Context."""
    ids = {row.u_usagedescription_id for row in used} - {None}
    return {row.ud_id for row in transaction.rows(SQL["of_context"], ids=list(ids))}


def _select(table: Table, given: Iterable[str]) -> str:
    columns = ", ".join(identifier(column.name) for column in table.columns)
    order = ", ".join(str(number) for number in range(1, len(table.columns) + 1))
    where = " AND ".join(f"{identifier(name)} = ANY (%({name})s::text[])" for name in given)
    place = identifier(table.schema_name, table.name)
    return f"SELECT {columns} FROM {place} WHERE {where} ORDER BY {order} LIMIT %(limit)s"
