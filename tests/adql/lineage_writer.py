"""Random queries from a seed, with lineages and volatile subqueries in any place.

All possible outcomes of each volatile subquery are known. So the possible results of a query are known as
well: those of the query with one outcome in place of each volatile subquery.
"""

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ENTITIES = "e:0", "e:1", "e:2", "e:3"
SOURCES = {
    "lineage": (["l_descendant_id", "l_ancestor_id"], ["l_distance", "l_main"]),
    "activity_lineage": (["acl_descendant_id", "acl_ancestor_id"], ["acl_distance", "acl_main"]),
    "entity": (["e_id"], []),
    "wasgeneratedby": (["wgb_entity_id", "wgb_activity_id"], []),
    "used": (["u_entity_id", "u_activity_id"], []),
    "tap_upload.mine": (["i", "a"], ["n"]),
    "(SELECT e_id AS i FROM entity WHERE e_name = 'odd')": (["i"], []),
    "(SELECT TOP 2 e_id AS i FROM entity ORDER BY e_id DESC)": (["i"], []),
    "(SELECT l_ancestor_id AS i, COUNT(*) AS n FROM lineage WHERE l_distance < 3 GROUP BY l_ancestor_id)": (
        ["i"],
        ["n"],
    ),
    "(SELECT l_descendant_id AS i, l_main AS n FROM lineage WHERE l_ancestor_id = 'e:1')": (["i"], ["n"]),
}
"""Tables, the columns of ids and those of numbers that each has."""
_ONE = "SELECT e_id AS i FROM entity WHERE e_id = '{}'"
_NONE = "SELECT e_id AS i FROM entity WHERE 1 = 0"
_TWO = "SELECT e_id AS i FROM entity WHERE e_id IN ('e:1', 'e:2')"
_ANCESTORS = "SELECT {} AS i FROM lineage WHERE l_descendant_id = 'e:3'"
VOLATILE = {
    f"SELECT TOP 1{_TWO[6:]} ORDER BY RAND()": [_ONE.format("e:1"), _ONE.format("e:2")],
    f"{_TWO} ORDER BY RAND() OFFSET 1": [_ONE.format("e:1"), _ONE.format("e:2")],
    f"{_TWO} AND RAND() < 0.5": [_ONE.format("e:1"), _ONE.format("e:2"), _TWO, _NONE],
    "SELECT d.i FROM (SELECT e_id AS i, RAND() AS r FROM entity WHERE e_id = 'e:1') AS d WHERE d.r < 0.5": [
        _ONE.format("e:1"),
        _NONE,
    ],
    "SELECT CASE WHEN MAX(RAND()) < 0.9 THEN 'e:1' ELSE 'e:2' END AS i FROM entity": [
        _ONE.format("e:1"),
        _ONE.format("e:2"),
    ],
    "SELECT TOP 1 i FROM tap_upload.mine WHERE n > 1 ORDER BY RAND()": [
        "SELECT i FROM tap_upload.mine WHERE n = 2",
        "SELECT i FROM tap_upload.mine WHERE n = 3",
    ],
    f"SELECT TOP 1 d.i FROM ({_ANCESTORS.format('MIN(l_ancestor_id)')}"
    f" UNION ALL {_ANCESTORS.format('MAX(l_ancestor_id)')}) AS d ORDER BY RAND()": [
        _ANCESTORS.format("MIN(l_ancestor_id)"),
        _ANCESTORS.format("MAX(l_ancestor_id)"),
    ],
    f"{_ONE.format('e:1')} UNION {_ONE.format('e:2')} ORDER BY RAND() OFFSET 1": [
        _ONE.format("e:1"),
        _ONE.format("e:2"),
    ],
}
"""Subqueries with one column of ids, and all outcomes of each."""
BOUNDS = """
{number} {operator} {limit}
{limit} {operator} {number}
{number} {operator} {number}
{number} BETWEEN {limit} AND {limit}
{number} BETWEEN {number} - 9 AND {limit}
{number} + RAND() < 2
""".strip().splitlines()
SIMPLE = """
{id} = {id}
{id} = {text}
{id} IN ({text}, {text}, 'nothing')
{id} LIKE '%:%'
{id} LIKE '%:%'
{id} IS NULL
COALESCE({id}, {text}) = {id}
{id} IN ({volatile})
{id} IN ({volatile})
{id} IN ({volatile})
{bound}
{bound}
{bound}
""".strip().splitlines()
CONDITIONS = """
({condition} OR {condition})
NOT ({condition} AND {condition})
{id} NOT IN (({volatile}) UNION {query})
{id} NOT IN ({query})
{id} IN ({query})
EXISTS ({correlated})
EXISTS ({correlated})
NOT EXISTS ({correlated})
EXISTS ({correlated} INTERSECT {query})
{id} IN ({certain})
CASE WHEN EXISTS ({correlated}) THEN 1 ELSE 0 END {operator} {limit}
""".strip().splitlines()
"""Conditions. RAND and TOP in them make no difference: each has one outcome."""
SETS = "UNION", "UNION ALL", "EXCEPT", "INTERSECT"


@dataclass(frozen=True)
class RandomQuery:
    """A query whose volatile subqueries are marked by their numbers."""

    marked: str
    subqueries: list[str]

    @property
    def text(self) -> str:
        """The query as a user writes it."""
        return self._filled(self.subqueries)

    def outcomes(self) -> Iterator[str]:
        """Yield the query with each outcome of its volatile subqueries in their places."""
        return map(self._filled, itertools.product(*(VOLATILE[query] for query in self.subqueries)))

    def _filled(self, queries: Sequence[str]) -> str:
        return re.sub(r"<volatile (\d+)>", lambda mark: queries[int(mark[1])], self.marked)


@dataclass(frozen=True)
class Columns:
    """The columns that can be used in some place."""

    ids: list[str]
    numbers: list[str]

    def __add__(self, other: "Columns") -> "Columns":
        return Columns(self.ids + other.ids, self.numbers + other.numbers)


NO_COLUMNS = Columns([], [])


def random_query(seed: int) -> RandomQuery:
    """Return the query of a seed, which has one to ten lineages."""
    queries = (LineageWriter(1_000 * seed + number).query() for number in itertools.count())
    return next(query for query in queries if 0 < query.text.count("lineage ") <= 10)


class LineageWriter:
    """Writes one query with ids and numbers of its tables as columns."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.room = self.random.choice([2, 3, 4, 5, 8])
        """How many tables it has, but for those that a condition or a join must have."""
        self.tables = 0
        self.subqueries: list[str] = []
        self.sources = dict(SOURCES)

    def query(self) -> RandomQuery:
        """Return the query."""
        common = [self.common_table(f"w{n}") for n in range(self.random.choice([0, 0, 1, 2]))]
        start = f"WITH {', '.join(common)} " if common else ""
        query = self.ids() if self.chance(0.1) else self.select()
        return RandomQuery(start + query, self.subqueries)

    def common_table(self, name: str) -> str:
        """Return a table of WITH, which can be used from now on."""
        query = self.volatile() if self.chance(0.3) else self.ids()
        self.sources[name] = (["i"], [])
        return f"{name} AS ({query})"

    def select(self) -> str:
        """Return a SELECT of up to three columns."""
        joined, columns = self.joined(self.random.choice([1, 1, 2]))
        conditions = [self.condition(columns) for _ in range(self.random.randint(0, 2))]
        if self.chance(0.3):
            conditions.append(self.filled("{id} IN ({volatile})", columns))
        if self.tables < self.room and self.chance(0.3):
            other, its = self.joined(1)
            conditions.append(self.link(columns, its))
            joined, columns = f"{joined}, {other}", columns + its
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        if self.chance(0.2):
            group, number = self.random.choice(columns.ids), self.random.choice(columns.numbers or ["1"])
            having = f" HAVING {self.condition(Columns([group], []))}" if self.chance(0.5) else ""
            return f"SELECT {group}, COUNT(*), MAX({number}) FROM {joined}{where} GROUP BY {group}{having}"
        values = columns.ids + columns.numbers
        chosen = self.random.sample(values, k=min(len(values), 3))
        return f"SELECT {self.random.choice(['', 'DISTINCT '])}{', '.join(chosen)} FROM {joined}{where}"

    def ids(self, outer: Columns = NO_COLUMNS) -> str:
        """Return a query of one column of ids, which may use columns of queries around it."""
        joined, columns = self.joined(1, outer)
        query = (
            f"SELECT {self.random.choice(columns.ids)} AS i FROM {joined}"
            f" WHERE {self.condition(columns + outer)}"
        )
        if outer.ids and self.chance(0.8):
            query += f" AND {self.link(outer, columns)}"
        if outer.numbers and self.chance(0.4):
            query += f" AND {self.filled('{bound}', columns + outer)}"
        if self.tables < self.room and self.chance(0.15):
            return f"{query} {self.random.choice(SETS)} {self.ids(outer)}"
        return query

    def joined(self, depth: int, outer: Columns = NO_COLUMNS, form: str = "{}") -> tuple[str, Columns]:
        """Return a table, or some that are joined in this *form*, and their columns."""
        if depth == 0 or self.tables >= self.room or self.chance(0.2):
            return self.table(outer)
        left, columns = self.joined(depth - 1, outer)
        right, its = self.joined(depth - 1, outer, "({})")
        on, columns = self.link(columns, its), columns + its
        if self.chance(0.5):
            on += f" AND {self.condition(columns + outer)}"
        kind = self.random.choice(["", "", "", "LEFT ", "RIGHT ", "FULL "])
        return form.format(f"{left} {kind}JOIN {right} ON {on}"), columns

    def table(self, outer: Columns) -> tuple[str, Columns]:
        """Return a table under a name of its own, and its columns."""
        self.tables += 1
        alias = f"t{self.tables}"
        if self.tables < self.room and self.chance(0.1):
            query = self.volatile() if self.chance(0.5) else self.ids(outer)
            return f"({query}) AS {alias}", Columns([f"{alias}.i"], [])
        common = [name for name in self.sources if name not in SOURCES]
        names = ["lineage"], [*common, "entity", "tap_upload.mine"], list(self.sources)
        name = self.random.choice(self.random.choice(names))
        ids, numbers = ([f"{alias}.{c}" for c in columns] for columns in self.sources[name])
        return f"{name} AS {alias}", Columns(ids, numbers)

    def volatile(self) -> str:
        """Return the mark of a volatile subquery; a query has two at most."""
        if len(self.subqueries) == 2:
            return "SELECT TOP 1 e_id AS i FROM entity ORDER BY e_id"
        self.subqueries.append(self.random.choice(list(VOLATILE)))
        return f"<volatile {len(self.subqueries) - 1}>"

    def link(self, some: Columns, others: Columns) -> str:
        """Return an equality of two columns, most often of the same kind."""
        column = self.random.choice(some.ids)
        return f"{column} = {self.like(column, others.ids)}"

    def like(self, column: str, others: list[str]) -> str:
        """Return one of *others*, an activity if *column* is one, most often."""
        alike = [other for other in others if is_activity(other) == is_activity(column)]
        return self.random.choice(alike if alike and self.chance(0.9) else others)

    def condition(self, columns: Columns) -> str:
        """Return a condition on some columns."""
        is_simple = self.tables >= self.room or self.chance(0.5)
        return self.filled(self.random.choice(SIMPLE if is_simple else CONDITIONS), columns)

    def filled(self, form: str, columns: Columns) -> str:
        """Return a form with something in place of each name in braces."""
        while "{" in form:
            before, _, rest = form.partition("{")
            name, _, after = rest.partition("}")
            form = f"{before}{self.part(name, columns)}{after}"
        return form

    def part(self, name: str, columns: Columns) -> str:
        """Return what stands for one name in braces."""
        choices = {
            "id": columns.ids,
            "text": [f"'{entity}'" for entity in ENTITIES],
            "number": columns.numbers or ["1"],
            "limit": ["0", "1", "2", "2.5"],
            "operator": ["=", "<", "<=", ">", ">=", "<>"],
        }
        if name in choices:
            return self.random.choice(choices[name])
        match name:
            case "bound":
                return self.filled(self.random.choice(BOUNDS), columns)
            case "condition":
                return self.condition(columns)
            case "volatile":
                return self.volatile()
            case "query":
                return self.ids()
            case "certain":  # there is one id only to take
                joined, its = self.joined(1, columns)
                column = self.random.choice(its.ids)
                other = self.like(column, columns.ids)
                return f"SELECT TOP 1 {column} FROM {joined} WHERE {column} = {other} ORDER BY RAND()"
        return self.ids(columns)

    def chance(self, probability: float) -> bool:
        """Tell yes as often as *probability* says."""
        return self.random.random() < probability


def is_activity(column: str) -> bool:
    """Whether the ids of a column are those of activities."""
    return "acl_" in column or "activity" in column or column.endswith(".a")
