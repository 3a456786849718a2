"""`provenance.lineage`: ancestors and descendants over any number of steps, as a recursion in PostgreSQL.

ADQL has no recursion. Each use of a lineage in a query becomes a walk through the graph of provenance that
starts at the things the query asks about (`seeds`): back in time from descendants, or forth from ancestors.
It needs no function and no temporary table, so that it runs on a standby as well.

The walk goes from entities to activities and on to entities, so that each activity is gone through once,
however many files it read and wrote. It is breadth-first: UNION drops what was met before, hence it ends on
cycles, and what it keeps was reached in the least number of steps. That number must not take part in the test
for duplicates, so it travels as the days of an interval that is always zero: PostgreSQL compares intervals
with 30 days to the month (Documentation, section 8.5.4), and so 3 months less 90 days are no more than
nothing. They can count 35 million activities.
"""

from dataclasses import dataclass

from provtap.adql.syntax.quoting import quote_name

BACK, FORTH = "back", "forth"
"""The directions of a walk: from descendants, or from ancestors."""

_STEP = "interval '1 month -30 days'"
_DAYS = 60
"""Steps of a walk for one activity."""
FARTHEST = 10_000_000
"""Activities; a larger limit in a query counts as no limit."""

_DATASET = "EXISTS (SELECT FROM provenance.entity WHERE e_id = {0} AND e_class = 'DatasetEntity')"
_MAIN_USE = (
    f"CASE WHEN u_usagedescription_id IS NULL THEN {_DATASET.format('u_entity_id')}"
    " ELSE EXISTS (SELECT FROM provenance.usagedescription"
    " WHERE ud_id = u_usagedescription_id AND ud_type = 'Main') END"
)
_ENTITY, _ACTIVITY, _PAUSE = 0, 1, 2
"""Kinds of nodes; a relation without activity leads to a kind + 2, of which one step more makes the kind."""


@dataclass(frozen=True, slots=True)
class _Relation:
    """A table of relations, and the way back over it."""

    table: str
    descendant: str
    ancestor: str
    kinds: tuple[int, int]
    """The kinds of the descendant and the ancestor."""
    main: str = "true"
    """Whether it carries the main flow of data."""

    def step(self, way: str, walk: str, *, paused: bool, main: bool, only_main: bool) -> str:
        """Return the nodes to which it leads from the current node of *walk*."""
        ends = [(self.descendant, self.kinds[0]), (self.ancestor, self.kinds[1])]
        (here, kind), (there, next_kind) = ends if way == BACK else ends[::-1]
        if paused and self.kinds[0] == self.kinds[1]:
            next_kind += _PAUSE
        cells = [f"{there}::text", str(next_kind), *([self.main] if main else [])]
        only = f" AND {self.main}" if only_main and self.main != "true" else ""
        return (
            f"SELECT {', '.join(cells)} FROM provenance.{self.table}"
            f" WHERE {walk}.kind = {kind} AND {here} = {walk}.id{only}"
        )


_RELATIONS = (
    _Relation("wasgeneratedby", "wgb_entity_id", "wgb_activity_id", (_ENTITY, _ACTIVITY)),
    _Relation("used", "u_activity_id", "u_entity_id", (_ACTIVITY, _ENTITY), _MAIN_USE),
    _Relation(
        "wasderivedfrom",
        "wdf_generatedentity_id",
        "wdf_usedentity_id",
        (_ENTITY, _ENTITY),
        _DATASET.format("wdf_usedentity_id"),
    ),
)
_COMMUNICATION = _Relation(
    "wasinformedby", "wib_informed_id", "wib_informant_id", (_ACTIVITY, _ACTIVITY), "false"
)


@dataclass(frozen=True, slots=True)
class Lineage:
    """One of the virtual tables, by the names of its columns."""

    descendant: str
    ancestor: str
    distance: str
    main: str
    ids: str
    """SQL of all that can be a descendant or an ancestor."""
    kind: int
    """Of these."""
    relations: tuple[_Relation, ...]

    def start(self, way: str) -> str:
        """Return the column of that end from which to go this *way*."""
        return self.descendant if way == BACK else self.ancestor


LINEAGES = {
    "provenance.lineage": Lineage(
        "l_descendant_id",
        "l_ancestor_id",
        "l_distance",
        "l_main",
        "SELECT e_id AS {0} FROM provenance.entity",
        _ENTITY,
        _RELATIONS,
    ),
    "provenance.activity_lineage": Lineage(
        "acl_descendant_id",
        "acl_ancestor_id",
        "acl_distance",
        "acl_main",
        "SELECT a_id AS {0} FROM provenance.activity",
        _ACTIVITY,
        (*_RELATIONS, _COMMUNICATION),
    ),
}
"""The virtual tables, by their published names."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a query needs of a lineage; nothing else is computed."""

    distance: bool
    main: bool
    most: int | None = None
    """The maximum distance needed, in activities."""
    only_main: bool = False
    """Whether only pairs with an all-main path are needed, without distances."""


def walk_sql(lineage: Lineage, needs: Needs, way: str, seeds: str, name: str) -> str:
    """Return the pairs that a walk this *way* finds from the ids of the query *seeds*.

    *name* is one that nothing else in the query has. Each pair occurs once, and no id is paired with itself.
    """
    tracks_main = needs.main and not needs.only_main
    first = ['id COLLATE "C"', 'id COLLATE "C"', str(lineage.kind)]
    following = [f"{name}.start", "there.id", "there.kind"]
    columns = ["start", "id", "kind"]
    if needs.distance:
        columns.append("zero")
        first.append("interval '0'")
        following.append(f"{name}.zero + {_STEP}")
    if tracks_main:
        columns.append("main")
        first.append("true")
        following.append(f"{name}.main AND there.main")
    steps = _steps(lineage, needs, way, name, tracks_main)
    there = ", ".join(["id", "kind", *(["main"] if tracks_main else [])])
    return (
        f"WITH RECURSIVE {name} ({', '.join(columns)}) AS ("
        f"SELECT {', '.join(first)} FROM ({seeds}) AS seed (id)"
        f" UNION SELECT {', '.join(following)} FROM {name}"
        f" CROSS JOIN LATERAL ({' UNION ALL '.join(steps)}) AS there ({there}){_bound(needs, name)})"
        f" {_pairs_sql(lineage, needs, way, name, tracks_main)}"
    )


def steps_sql(way: str, walk: str) -> str:
    """Return the entities and activities (id, kind) one step this *way* from the current node of *walk*."""
    steps = (relation.step(way, walk, paused=False, main=False, only_main=False) for relation in _RELATIONS)
    return " UNION ALL ".join(steps)


def _steps(lineage: Lineage, needs: Needs, way: str, name: str, tracks_main: bool) -> list[str]:
    steps = [
        relation.step(way, name, paused=needs.distance, main=tracks_main, only_main=needs.only_main)
        for relation in lineage.relations
    ]
    if needs.distance:
        cells = [f"{name}.id", f"{name}.kind - {_PAUSE}", *(["true"] if tracks_main else [])]
        steps.append(f"SELECT {', '.join(cells)} WHERE {name}.kind >= {_PAUSE}")
    return steps


def _bound(needs: Needs, name: str) -> str:
    """Return where the walk ends: at the distance wanted, but a main path may come from farther away."""
    if needs.most is None:
        return ""
    within = f"extract(day FROM {name}.zero) > {-_DAYS * needs.most}"
    return f" WHERE ({within} OR {name}.main)" if needs.main else f" WHERE {within}"


def _pairs_sql(lineage: Lineage, needs: Needs, way: str, name: str, tracks_main: bool) -> str:
    ends = ("start", "id") if way == BACK else ("id", "start")
    distance = f"(extract(day FROM zero) / {-_DAYS})::integer"
    cells = [
        f"{cell} AS {quote_name(column)}"
        for cell, column in zip(ends, (lineage.descendant, lineage.ancestor), strict=True)
    ]
    if needs.distance:
        cell = f"min({distance})" if tracks_main else distance
        cells.append(f"{cell} AS {quote_name(lineage.distance)}")
    if needs.main:
        cell = "max(main::integer)" if tracks_main else "1"
        cells.append(f"{cell} AS {quote_name(lineage.main)}")
    group = " GROUP BY start, id" if tracks_main else ""
    return f"SELECT {', '.join(cells)} FROM {name} WHERE kind = {lineage.kind} AND id <> start{group}"


SEEDS_COUNTED = 100_000
"""Seeds that are counted, to go from the end that has fewer of them."""


def fewer_sql(lineage: Lineage, needs: Needs, seeds: dict[str, str], name: str) -> str:
    """Return the pairs that a walk finds from that end of the lineage that has fewer seeds.

    *seeds* are those of both ways; the first, likely to be few, are counted first, and taken if the others
    are as many. The walk from those not taken starts nowhere.
    """
    first, second = seeds
    ready = [f"{name}_{way} (id) AS NOT MATERIALIZED ({sql})" for way, sql in seeds.items()]
    ready.append(
        f"{name}_count (n) AS (SELECT count(*)"
        f" FROM (SELECT FROM {name}_{first} LIMIT {SEEDS_COUNTED}) AS seed)"
    )
    ready.append(
        f"{name}_choice (is_second) AS (SELECT count(*) < (SELECT n FROM {name}_count)"
        f" FROM (SELECT FROM {name}_{second} LIMIT (SELECT n FROM {name}_count)) AS seed)"
    )
    chosen = f"(SELECT is_second FROM {name}_choice)"
    walks = []
    for way, condition in {first: f"NOT {chosen}", second: chosen}.items():
        # Both walks are planned, though one is not run: the last condition, always true and held to be rare,
        # keeps PostgreSQL from planning the whole query for all the seeds of that one.
        taken = f"SELECT id FROM {name}_{way} WHERE {condition} AND id || '' = id"
        walks.append(f"({walk_sql(lineage, needs, way, taken, f'{name}_walk')})")
    return f"WITH {', '.join(ready)} {' UNION ALL '.join(walks)}"


def set_sql(way: str, start: str, name: str) -> str:
    """Return the set of entities that a walk this *way* finds from one id, which is SQL itself."""
    lineage = LINEAGES["provenance.lineage"]
    # A subquery, so that an id that RAND() chooses is chosen once, not for each entity.
    seeds = f"SELECT e_id::text FROM provenance.entity WHERE e_id = (SELECT {start})"
    found = lineage.ancestor if way == BACK else lineage.descendant
    pairs = walk_sql(lineage, Needs(distance=False, main=False), way, seeds, name)
    return f"SELECT {quote_name(found)} FROM ({pairs}) AS pair"
