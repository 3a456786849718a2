"""Random queries from a seed on the lab's tables, most of them valid."""

import random
import re

VALUES = """
number: k.k_short | k_int | k_long | k_float | k.k_double | 1 | 2.5 | 3e0 | 99999999999 | s_ra | s_id
text: k_text | 'a' | '2026-01-01' | '1 2' | '' | k.k_text | k_text
time: k_time | k.k_time | '2026-01-01T12:00:00'
point: s_point | POINT(s_ra, s_dec) | POINT('ICRS', 1, 2)
circle: s_circle | CIRCLE(s_point, 1) | CIRCLE(1, 2, 3)
flag: k_flag | k.k_flag
other: k_flag | k_array | NULL | q.n | o.k_int | nope
"""
LARGER_VALUES = """
number: {number} + {number} | {number} - {number} - {number} | {number} * ({number} / {number}) | -({number})
number: ABS({number}) | ROUND({number}, -1) | POWER({number}, {number}) | MOD({number}, 3) | PI() | RAND(5)
number: CASE WHEN {condition} THEN {number} ELSE {number} END | COALESCE({number}, {number}, 1) | +({number})
number: CAST({text} AS INTEGER) | CAST({number} AS REAL) | CAST({number} AS BIGINT) | NULLIF({number}, 1)
number: prov_number({text}) | ivo_to_mjd({time}) | gavo_match({text}, {text})
number: CASE {text} WHEN 'a' THEN 1 END | CASE {flag} WHEN 1 THEN 1 ELSE {number} END
flag: COALESCE({flag}, 0) | NULLIF({flag}, 1) | CASE WHEN {condition} THEN {flag} ELSE {flag} END
number: DISTANCE({point}, {point}) | CONTAINS({point}, {circle}) | COORD1({point})
number: INTERSECTS({circle}, {circle})
number: IN_UNIT(k_int, 'h') | ivo_hasword({text}, {text}) | ivo_nocasematch({text}, {text}) | {aggregate}
number: (SELECT {number} FROM {tables}) | (SELECT MAX({number}) FROM {tables} WHERE {condition}) | ({query})
number: CHAR_LENGTH({text}) | LENGTH({text}) | ABS(({query}))
text: SUBSTRING({text} FROM k_int FOR 3) | SUBSTRING({text}, 2, k_short) | SUBSTRING({text}, -1)
text: (SELECT {text} FROM lab.other AS i WHERE i.k_int = {number}) | ({query})
time: CURRENT_TIMESTAMP | CURRENT_DATE | (SELECT MAX({time}) FROM {tables})
flag: (SELECT {flag} FROM {tables}) | ({query})
point: (SELECT {point} FROM {tables}) | POINT((SELECT {number} FROM {tables}), 2)
aggregate: COUNT(*) | MAX({number}) | SUM({number}) | AVG({number}) | COUNT(DISTINCT {text})
aggregate: MIN({number}) + 1 | COUNT(DISTINCT {flag})
text: ({text}) || ({number}) | LOWER({text}) | UPPER({text}) | CAST({number} AS VARCHAR(5))
text: NULLIF({text}, 'a') | ({flag}) || {text}
text: CAST({time} AS CHAR) | COALESCE({text}, 'x') | CASE WHEN {condition} THEN {text} END | ({time}) || ''
text: CAST({text} AS CHAR(3)) | {text_aggregate}
text_aggregate: ivo_string_agg({text}, ',') | MIN({text})
time: CAST({text} AS TIMESTAMP) | COALESCE({time}, {time}) | MAX({time})
point: POINT({number}, {number}) | COALESCE({point}, {point})
circle: CIRCLE({point}, {number}) | CIRCLE({number}, {number}, {number})
other: {number} | {text} | {time} | {point} | {circle}
"""
CONDITIONS = """
condition: {number} < {number} | {number} <> {number} | {text} = {text} | {time} >= {time} | {other} = {other}
condition: {number} BETWEEN {number} AND {number} | {text} NOT IN ({text}, 'b') | {number} IN ({number}, NULL)
condition: {flag} = 'True' | 'false' <> {flag}
condition: {text} LIKE 'a!_%' ESCAPE '!' | {text} ILIKE {text} ESCAPE 'a'
condition: {number} = ({query}) | {text} IN (({query}), {text}) | ({query}) BETWEEN {number} AND ({query})
condition: DISTANCE({point}, {point}) < {number} | {number} >= DISTANCE(s_ra, s_dec, {number}, {number})
condition: 60 * DISTANCE(s_ra, s_dec, k.k_double, k_float) < {number}
condition: 1 = CONTAINS(POINT(s_ra, s_dec), {circle})
condition: {text} LIKE 'a%' | {text} NOT ILIKE {text} | {other} IS NOT NULL | NOT ({condition})
condition: ({condition} OR {condition}) | ({condition} AND {condition})
condition: {flag} = 1 | {flag} IN (0, {flag}) | 0 IN (SELECT {flag} FROM {tables}) | {flag} <> {flag}
condition: {flag} IN (SELECT {flag} FROM {tables}) | {flag} IN (SELECT 1 FROM {tables}) | {flag} IN ({query})
condition: {time} BETWEEN '2026-01-01' AND {time}
condition: {number} IN (SELECT NULL FROM {tables}) | {time} IN ({query})
condition: {number} IN (SELECT {number} FROM {tables}) | {text} NOT IN ({query}) | EXISTS ({query})
condition: EXISTS (SELECT 1 FROM lab.other AS i WHERE i.k_int = {number}) | CONTAINS({point}, {circle}) = 1
"""
TABLES = """
tables: kinds AS k, sky | kinds AS k, lab.other AS o, sky | lab.other o NATURAL RIGHT JOIN kinds k, sky
tables: kinds AS k LEFT JOIN sky ON k.k_int = s_id AND {condition} | sky, kinds k, ({query}) AS q
tables: kinds k FULL JOIN lab.other o USING (k_int), sky
tables: (kinds k JOIN sky ON {condition}) JOIN q ON {condition}
tables: (SELECT * FROM kinds) AS k JOIN (SELECT k_int FROM lab.other) AS o ON {condition}, sky
tables: kinds AS k CROSS JOIN sky | kinds k CROSS JOIN sky JOIN lab.other o ON {condition}
tables: kinds AS k, sky, q | kinds k RIGHT JOIN sky ON s_id = k.k_int | (SELECT * FROM kinds, sky) AS k
"""


def _forms(text: str) -> dict[str, list[str]]:
    """Return the forms of each name, which a bar between blanks separates."""
    forms: dict[str, list[str]] = {}
    for line in text.strip().splitlines():
        name, _, alternatives = line.partition(": ")
        forms.setdefault(name, []).extend(alternatives.split(" | "))
    return forms


SMALL = _forms(VALUES)
LARGE = _forms(LARGER_VALUES + CONDITIONS + TABLES)


class Writer:
    """Writes queries, deeper ones less often."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.depth = 0

    def whole(self) -> str:
        """Return one query."""
        start = f"WITH q AS ({self.query()}) " if self.chance(0.3) else ""
        return start + self.query()

    def query(self) -> str:
        """Return a query without WITH."""
        self.depth += 1
        kinds = self.random.choices(list(SMALL), k=1 if self.depth > 1 else self.random.randint(1, 3))
        text = self.select(kinds)
        while self.chance(0.2):
            operator = self.random.choice(["UNION", "UNION ALL", "EXCEPT", "INTERSECT", "INTERSECT ALL"])
            text = f"{text} {operator} {self.select(kinds)}"
        if self.chance(0.3):
            text += f" ORDER BY {self.random.choice(['1', '1 DESC', 'n', 'n + 1', self.value('number')])}"
        if self.chance(0.1):
            text += " OFFSET 1"
        self.depth -= 1
        return f"({text})" if self.chance(0.05) else text

    def select(self, kinds: list[str]) -> str:
        """Return one SELECT with a column of each of these kinds."""
        quantifier = self.random.choice(["", "", "", "DISTINCT ", "TOP 3 "])
        values = list(map(self.value, kinds))
        items = ", ".join(value + self.random.choice(["", " AS n"]) for value in values)
        clauses = [f"SELECT {quantifier}{items} FROM {self.named('tables')}"]
        if self.chance(0.4):
            clauses.append(f"WHERE {self.named('condition')}")
        if self.chance(0.2):
            number = self.value("number")
            terms = [value if self.chance(0.7) else str(n) for n, value in enumerate(values, start=1)]
            clauses.append(f"GROUP BY {', '.join([*terms, number])} HAVING COUNT(*) > 1 OR {number} < 1")
        elif self.chance(0.05):
            clauses.append(f"HAVING {self.named('condition')}")
        return " ".join(clauses)

    def value(self, kind: str) -> str:
        """Return a value of one kind."""
        if kind in SMALL and (self.depth > 4 or self.chance(0.5)):
            return self.random.choice(SMALL[kind])
        return self.filled(self.random.choice(LARGE[kind]))

    def filled(self, form: str) -> str:
        """Return *form* with something in place of each name in braces."""
        self.depth += 1
        parts = re.split(r"{(\w+)}", form)
        parts[1::2] = map(self.named, parts[1::2])
        self.depth -= 1
        return "".join(parts)

    def named(self, name: str) -> str:
        """Return what stands for one name in braces."""
        match name:
            case "condition" if self.depth > 4:
                return "1 = 1"
            case "query":
                return "SELECT k_int AS n FROM kinds" if self.depth > 3 else self.query()
            case "tables" if self.depth > 3 or self.chance(0.4):
                return "kinds AS k, sky"
        return self.value(name)

    def chance(self, probability: float) -> bool:
        """Tell yes as often as *probability* says."""
        return self.random.random() < probability
