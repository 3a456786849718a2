"""Random queries from a seed, with nested and repeated parts that grow in a translator or planner."""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

Columns = tuple[str, ...]
Form = TypeVar("Form")

LENGTH = 2_000
"""Characters of a query at most."""
SOURCES = (
    ("entity", ("e_id", "e_name", "e_location")),
    ("used", ("u_role", "u_entity_id", "u_activity_id")),
    ("hadmember", ("hm_collection_id", "hm_entity_id")),
    ("entity_origin", ("eo_entity_id", "eo_agents", "eo_activity_id")),
    ("wasconfiguredby", ("wcb_activity_id", "wcb_parameter_id")),
    ("valueentity", ("ve_id", "ve_name")),
    ("lineage", ("l_descendant_id", "l_ancestor_id")),
    ("activity_lineage", ("acl_descendant_id", "acl_ancestor_id")),
)
"""Tables and columns of text in them."""
VALUES = """
{x} || {x}
LOWER({x}) || UPPER({x})
CASE WHEN {c} THEN {x} ELSE {x} END
CASE {x} WHEN {x} THEN {x} ELSE {x} END
COALESCE({x}, {x}, {x})
NULLIF({x}, {x})
SUBSTRING({x} || {x}, CHAR_LENGTH({x}), 3)
({s})
({s}) || ({s})
COALESCE(({s}), {x})
CAST(ABS(prov_number({x})) AS CHAR(20)) || {x}
CAST(CONTAINS(POINT(prov_number({x}), 1), CIRCLE(prov_number({x}), 2, 3)) AS CHAR) || {x}
CAST(MOD(prov_number({x}), 7) + ivo_hasword({x}, {x}) AS VARCHAR)
{x}
""".strip().splitlines()
CONDITIONS = """
{x} = {x}
{x} = 'a'
{x} BETWEEN {x} AND {x}
{x} IN ({x}, {x}, 'b')
{x} NOT IN ({x}, 'a', {x})
({c} OR {c})
({c} AND {c})
NOT ({c})
{x} LIKE 'a%'
{x} = ({s})
({s}) BETWEEN {x} AND ({s})
({s}) IN ({x}, ({s}), 'b')
{x} LIKE {x} ESCAPE '!'
DISTANCE(prov_number({x}), prov_number({x}), prov_number({x}), 1) < prov_number({x})
{x} IN ({q})
{x} NOT IN ({q})
EXISTS ({e})
1 = prov_derived_from({x}, 'a')
ivo_nocasematch({x}, 'a%') = 1
""".strip().splitlines()
LAYERS = "plain", "plain", "joined", "united", "grouped", "starred", "ordered"


class NestingWriter:
    """Writes queries with a taste of their own: each seed has its favourite ways to grow."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names = 0
        self.common: list[tuple[str, Columns]] = []
        self.choose()

    def choose(self) -> None:
        """Choose favourites: forms of values, conditions and layers, tables, and a number of columns."""
        self.values = self.some(VALUES)
        self.conditions = self.some(CONDITIONS)
        self.sources = self.some(SOURCES)
        self.layers = self.some([getattr(self, layer) for layer in LAYERS])
        self.width = self.random.choice([1, 1, 2, 3, 8])

    def some(self, forms: Sequence[Form]) -> list[Form]:
        """Return a few of *forms*."""
        return self.random.sample(forms, k=self.random.randint(1, 3))

    def query(self) -> str:
        """Return one query."""
        text = self.whole(1)
        while len(text) > LENGTH:
            self.choose()  # with some favourites a single layer is always too long
            text = self.whole(1)
        for size in (2, 3, 5, 8, 12, 18, 26, 40, 60):
            longer = self.whole(size)
            if len(longer) > LENGTH:
                break
            text = longer
        return text

    def whole(self, size: int) -> str:
        """Return a query of so many layers, in common tables or in derived ones."""
        self.names, self.common, parts = 0, [], []
        if self.random.random() < 0.3:
            for _ in range(size):
                name = self.name("w")
                query, columns = self.random.choice(self.layers)(*self.source())
                parts.append(f"{name} AS ({query})")
                self.common.append((name, columns))
            text, columns = self.plain(*self.source())
            return f"WITH {', '.join(parts)} {text}"
        text, columns = self.layers[0](*self.source())
        for _ in range(size - 1):
            text, columns = self.random.choice(self.layers)(f"({text})", columns)
        return text

    def name(self, letter: str = "t") -> str:
        self.names += 1
        return f"{letter}{self.names}"

    def source(self) -> tuple[str, Columns]:
        """Return a table, the last common one rather than others."""
        if self.common and self.random.random() < 0.9:
            return self.common[-1]
        return self.random.choice(self.sources)

    def plain(self, table: str, columns: Columns) -> tuple[str, Columns]:
        """Return a layer that computes with the columns of a table."""
        name = self.name()
        seen = [f"{name}.{column}" for column in columns]
        outputs = tuple(f"x{n}" for n in range(self.width))
        items = ", ".join(f"{self.value(seen)} AS {output}" for output in outputs)
        where = f" WHERE {self.condition(seen)}" if self.random.random() < 0.5 else ""
        return f"SELECT {items} FROM {table} AS {name}{where}", outputs

    def joined(self, table: str, columns: Columns) -> tuple[str, Columns]:
        """Return a layer that joins a table to others."""
        name = self.name()
        seen = [f"{name}.{column}" for column in columns]
        joins, kind = f"{table} AS {name}", self.random.choice(["", "", "LEFT ", "RIGHT ", "FULL ", ","])
        conditions = []
        for _ in range(self.random.choice([1, 1, 2, 6, 12])):
            other, its_columns = self.source()
            alias = self.name()
            its = [f"{alias}.{column}" for column in its_columns]
            condition = f"{self.random.choice(seen)} = {self.random.choice(its)}"
            if kind == ",":
                joins += f", {other} AS {alias}"
                conditions.append(condition)
            else:
                joins += f" {kind}JOIN {other} AS {alias} ON {condition}"
            seen += its
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        outputs = tuple(f"x{n}" for n in range(self.width))
        items = ", ".join(f"{self.random.choice(seen)} AS {output}" for output in outputs)
        return f"SELECT {items} FROM {joins}{where}", outputs

    def united(self, table: str, columns: Columns) -> tuple[str, Columns]:
        """Return a layer that is a set operation."""
        operator = self.random.choice(["UNION ALL", "UNION ALL", "UNION", "EXCEPT", "INTERSECT"])
        first, outputs = self.plain(table, columns)
        others = [self.plain(*self.source())[0] for _ in range(self.random.choice([1, 1, 3]))]
        return f" {operator} ".join([first, *others]), outputs

    def grouped(self, table: str, columns: Columns) -> tuple[str, Columns]:
        """Return a layer of groups."""
        name = self.name()
        seen = [f"{name}.{column}" for column in columns]
        value, other = self.value(seen), self.value(seen)
        aggregate = self.random.choice([f"MAX({other})", f"ivo_string_agg({other}, ',')"])
        having = f" HAVING {self.condition([value])}" if self.random.random() < 0.3 else ""
        text = f"SELECT {value} AS x0, {aggregate} AS x1 FROM {table} AS {name} GROUP BY {value}{having}"
        return text, ("x0", "x1")

    def starred(self, table: str, columns: Columns) -> tuple[str, Columns]:
        """Return a layer that repeats all columns."""
        name, other = self.name(), self.name()
        beside = f", {self.source()[0]} AS {other}" if self.random.random() < 0.5 else ""
        more = ", ".join(f"{name}.{columns[0]} AS {self.name('y')}" for _ in range(self.width))
        return f"SELECT {name}.*, {more} FROM {table} AS {name}{beside}", columns

    def ordered(self, table: str, columns: Columns) -> tuple[str, Columns]:
        """Return a layer that takes some rows."""
        name, top = self.name(), self.random.choice(["", "TOP 9 ", "DISTINCT "])
        return f"SELECT {top}{', '.join(columns)} FROM {table} AS {name} ORDER BY {columns[0]}", columns

    def value(self, seen: list[str]) -> str:
        """Return a value made of these columns."""
        return self.filled(self.random.choice(self.values), seen)

    def condition(self, seen: list[str], depth: int = 0) -> str:
        """Return a condition on these columns."""
        return self.filled(self.random.choice(self.conditions), seen, depth)

    def filled(self, form: str, seen: list[str], depth: int = 0) -> str:
        """Return *form* with something in place of each name in braces."""
        parts: dict[str, Callable[[], str]] = {
            "x": lambda: self.random.choice(seen),
            "c": lambda: (
                self.condition(seen, depth + 1) if depth < 3 else f"{self.random.choice(seen)} = 'c'"
            ),
            "q": lambda: self.subquery(seen, "{c}"),
            "e": lambda: self.subquery(seen, "{c} = {x}"),
            "s": lambda: self.subquery(seen, self.random.choice(["{c}", "{x}"]), "MAX"),
        }
        while "{" in form:
            before, _, rest = form.partition("{")
            name, _, after = rest.partition("}")
            form = f"{before}{parts[name]()}{after}"
        return form

    def subquery(self, seen: list[str], where: str, aggregate: str = "") -> str:
        """Return a subquery, correlated or not; with an *aggregate* a value."""
        table, columns = self.source()
        name = self.name()
        column = f"{name}.{self.random.choice(columns)}"
        other = self.random.choice(seen) if "{x}" in where or self.random.random() < 0.5 else "'d'"
        selected = f"{aggregate}({column})" if aggregate else column
        return f"SELECT {selected} FROM {table} AS {name} WHERE {column} = {other}"
