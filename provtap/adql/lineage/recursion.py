"""`provenance.lineage`: ancestors and descendants over any number of steps, as a recursion in PostgreSQL.

ADQL has no recursion. Each use of a lineage in a query becomes a walk through the provenance graph that
starts at the ids that the query is about (`seeds`): back in time from descendants, or forth from ancestors.
It needs no function and no temporary table, so that it also runs on a standby.

The walk goes from entities to activities and on to entities, so that it visits each activity once, however
many files the activity read and wrote. It is breadth-first: UNION drops nodes that were reached before, so
the walk ends on cycles, and each node is kept with the least number of steps. UNION must not compare that
number, so it is stored as the days of an interval that always equals zero: PostgreSQL compares intervals with
30 days to the month (Documentation, section 8.5.4), so 3 months minus 90 days equal 0. Such an interval can
count 35 million activities.
"""

from dataclasses import dataclass

from provtap.adql.syntax.quoting import quote_name

BACK, FORTH = "back", "forth"
"""The directions of a walk: from descendants, or from ancestors."""

_STEP = "interval '1 month -30 days'"
_DAYS = 60
"""Steps of a walk through one activity."""
FARTHEST = 10_000_000
"""Activities; a larger limit in a query is treated as no limit."""

_DATASET = "EXISTS (SELECT FROM provenance.entity WHERE e_id = {0} AND e_class = 'DatasetEntity')"
_MAIN_USE = (
    f"CASE WHEN u_usagedescription_id IS NULL THEN {_DATASET.format('u_entity_id')}"
    " ELSE EXISTS (SELECT FROM provenance.usagedescription"
    " WHERE ud_id = u_usagedescription_id AND ud_type = 'Main') END"
)
_ENTITY, _ACTIVITY, _PAUSE = 0, 1, 2
"""Kinds of nodes; a relation without activity leads to kind + 2, and one more step to the kind itself."""


@dataclass(frozen=True, slots=True)
class _Relation:
    """A table of relations, and the way back over it."""

    table: str
    descendant: str
    ancestor: str
    kinds: tuple[int, int]
    """The kinds of the descendant and the ancestor."""
    main: str = "true"
    """Whether it is part of the main flow of data."""

    def step(self, way: str, walk: str, *, paused: bool, main: bool, only_main: bool) -> str:
        """Return the nodes that this relation leads to from the current node of *walk*."""
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
    """SQL of all possible descendants or ancestors."""
    kind: int
    """Of these."""
    relations: tuple[_Relation, ...]

    def start(self, way: str) -> str:
        """Return the column of the end at which a walk this *way* starts."""
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
    """The parts of a lineage that a query needs; nothing else is computed."""

    distance: bool
    main: bool
    most: int | None = None
    """The maximum distance needed, in activities."""
    only_main: bool = False
    """Whether only pairs with an all-main path are needed, without distances."""


def walk_sql(lineage: Lineage, needs: Needs, way: str, seeds: str, name: str) -> str:
    """Return the pairs that a walk this *way* finds from the ids of the query *seeds*.

    *name* must be unique in the query. Each pair occurs once, and no id is paired with itself.
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
    """Return the condition that ends the walk: at the maximum distance, but a main path may be longer."""
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
"""Seeds that are counted to find the end with fewer of them."""


def fewer_sql(lineage: Lineage, needs: Needs, seeds: dict[str, str], name: str) -> str:
    """Return the pairs that a walk finds from the end of the lineage that has fewer seeds.

    *seeds* has the seeds of both ways. The first, likely to be few, are counted first, and used unless the
    second are fewer. The walk from the other end gets no seeds.
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
        # Both walks are planned, but only one runs. The last condition is always true, but PostgreSQL
        # estimates it as rare, so it does not plan the query for all seeds of the walk that does not run.
        taken = f"SELECT id FROM {name}_{way} WHERE {condition} AND id || '' = id"
        walks.append(f"({walk_sql(lineage, needs, way, taken, f'{name}_walk')})")
    return f"WITH {', '.join(ready)} {' UNION ALL '.join(walks)}"


def set_sql(way: str, start: str, name: str) -> str:
    """Return the set of entities that a walk this *way* finds from one id, given as SQL."""
    lineage = LINEAGES["provenance.lineage"]
    # A subquery, so that RAND() in the id is evaluated once, not for each entity.
    seeds = f"SELECT e_id::text FROM provenance.entity WHERE e_id = (SELECT {start})"
    found = lineage.ancestor if way == BACK else lineage.descendant
    pairs = walk_sql(lineage, Needs(distance=False, main=False), way, seeds, name)
    return f"SELECT {quote_name(found)} FROM ({pairs}) AS pair"
