"""Queries that nobody would write, with lineages anywhere in them: by chance, from a seed."""

import random

ENTITIES = "e:0", "e:1", "e:2", "e:3"
SOURCES = {
    "lineage": (["l_descendant_id", "l_ancestor_id"], ["l_distance", "l_main"]),
    "activity_lineage": (["acl_descendant_id", "acl_ancestor_id"], ["acl_distance", "acl_main"]),
    "entity": (["e_id"], []),
    "wasgeneratedby": (["wgb_entity_id", "wgb_activity_id"], []),
    "used": (["u_entity_id", "u_activity_id"], []),
    "(SELECT e_id AS i FROM entity WHERE e_name = 'odd')": (["i"], []),
    "(SELECT TOP 2 e_id AS i FROM entity ORDER BY e_id DESC)": (["i"], []),
    "(SELECT l_ancestor_id AS i, COUNT(*) AS n FROM lineage WHERE l_distance < 3 GROUP BY l_ancestor_id)": (
        ["i"],
        ["n"],
    ),
    "(SELECT l_descendant_id AS i, l_main AS n FROM lineage WHERE l_ancestor_id = 'e:1')": (["i"], ["n"]),
}
"""Tables, the columns of ids and those of numbers that each has."""
CONDITIONS = """
{id} = {id}
{id} = {text}
{id} IN ({text}, {text}, 'nothing')
{number} {operator} {limit}
{limit} {operator} {number}
{number} BETWEEN {limit} AND {limit}
{id} LIKE 'e:%'
{id} IS NULL
COALESCE({id}, {text}) = {id}
({condition} OR {condition})
NOT ({condition} AND {condition})
{id} NOT IN (SELECT {subquery})
{id} IN (SELECT {subquery})
EXISTS (SELECT {correlated})
NOT EXISTS (SELECT {correlated})
""".strip().splitlines()
SIMPLE = 9
"""Conditions without others in them."""


class LineageWriter:
    """Writes queries whose columns are ids and numbers of the tables in them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.tables = 0
        self.depth = 0

    def query(self) -> str:
        """Return one query."""
        joined, ids, numbers = self.joined(2)
        conditions = [self.condition(ids, numbers) for _ in range(self.random.randint(0, 2))]
        if self.chance(0.3):
            other, its_ids, its_numbers = self.joined(1)
            conditions.append(f"{self.random.choice(ids)} = {self.random.choice(its_ids)}")
            joined, ids, numbers = f"{joined}, {other}", ids + its_ids, numbers + its_numbers
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        if self.chance(0.2):
            group, number = self.random.choice(ids), self.random.choice(numbers or ["1"])
            return f"SELECT {group}, COUNT(*), MAX({number}) FROM {joined}{where} GROUP BY {group}"
        values = self.random.sample(ids + numbers, k=min(len(ids + numbers), 3))
        return f"SELECT {self.random.choice(['', 'DISTINCT '])}{', '.join(values)} FROM {joined}{where}"

    def joined(self, depth: int) -> tuple[str, list[str], list[str]]:
        """Return a table, or some that are joined, and their columns of ids and of numbers."""
        if depth == 0 or self.chance(0.3):
            return self.table()
        left, ids, numbers = self.joined(depth - 1)
        right, its_ids, its_numbers = self.joined(depth - 1)
        right = f"({right})" if " ON " in right else right
        on = f"{self.random.choice(ids)} = {self.random.choice(its_ids)}"
        ids, numbers = ids + its_ids, numbers + its_numbers
        if self.chance(0.5):
            on += f" AND {self.condition(ids, numbers)}"
        kind = self.random.choice(["", "", "LEFT ", "RIGHT ", "FULL "])
        return f"{left} {kind}JOIN {right} ON {on}", ids, numbers

    def table(self) -> tuple[str, list[str], list[str]]:
        """Return a table under a name of its own, and its columns."""
        self.tables += 1
        name = self.random.choice(["lineage", *SOURCES])
        ids, numbers = ([f"t{self.tables}.{c}" for c in columns] for columns in SOURCES[name])
        return f"{name} AS t{self.tables}", ids, numbers

    def condition(self, ids: list[str], numbers: list[str]) -> str:
        """Return a condition on some columns."""
        self.depth += 1
        form = self.random.choice(CONDITIONS[:SIMPLE] if self.depth > 2 else CONDITIONS)
        while "{" in form:
            before, _, rest = form.partition("{")
            name, _, after = rest.partition("}")
            form = f"{before}{self.part(name, ids, numbers)}{after}"
        self.depth -= 1
        return form

    def part(self, name: str, ids: list[str], numbers: list[str]) -> str:
        """Return what stands for one name in braces."""
        match name:
            case "id":
                return self.random.choice(ids)
            case "text":
                return f"'{self.random.choice(ENTITIES)}'"
            case "number":
                return self.random.choice(numbers or ["1"])
            case "limit":
                return self.random.choice(["0", "1", "2", "2.5"])
            case "operator":
                return self.random.choice(["=", "<", "<=", ">", ">=", "<>"])
            case "condition":
                return self.condition(ids, numbers)
        joined, its_ids, its_numbers = self.joined(1)
        condition = self.condition(its_ids, its_numbers)
        if name == "correlated":
            condition += f" AND {self.random.choice(its_ids)} = {self.random.choice(ids)}"
        return f"{self.random.choice(its_ids)} FROM {joined} WHERE {condition}"

    def chance(self, probability: float) -> bool:
        """Tell yes as often as *probability* says."""
        return self.random.random() < probability
