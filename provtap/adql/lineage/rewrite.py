"""Rewrites the lineages of one SELECT as SQL: each as the walk that suits the conditions of the SELECT.

An example. This SELECT, in which entity is t1 and lineage is t2,

    SELECT e.e_name, l.l_ancestor_id, l.l_distance
    FROM entity AS e JOIN lineage AS l ON l.l_descendant_id = e.e_id
    WHERE e.e_name LIKE 'flat%' AND l.l_distance <= 2

goes through these steps:

1. `extracted` (see `volatility`): a subquery with TOP or RAND would become a table of WITH here.
2. `_flatten`: there are only inner joins, so all conditions are put into one list, which can be divided:

       FROM t1, t2 WHERE t1.e_name LIKE 'flat%' AND t2.l_distance <= 2 AND t2.l_descendant_id = t1.e_id

3. `_walk_start`: the query has no condition on ancestors, but the descendants are the t1.e_id WHERE
   t1.e_name LIKE 'flat%' (see `seeds`). So the walk starts at these and goes back in time.
4. `_share_rows`: t1 is needed twice, for the seeds and for t1.e_name. It is searched once, in advance:

       WITH t2_rows AS MATERIALIZED (
           SELECT t1.e_name AS c1, t1.e_id AS c2 FROM provenance.entity AS t1 WHERE t1.e_name LIKE 'flat%')

   (and `_NO_ROWS` after it, for the planner). Now FROM contains `t2_rows` under the name t1, and WHERE no
   longer contains the condition on t1. Where rows can't be shared (next to an outer join, in a correlated
   subquery) or need not be (t1 is already a table of WITH), the seeds have copies of t1 and of its
   conditions. A copy must have the same rows as the original, so volatile parts are never copied
   (`is_light`).
5. `_needs`: the query needs l_distance, up to 2; it does not use l_main, so l_main is not computed.
6. `_walk`: `walk_sql` (see `recursion`) writes the walk, which replaces t2:

       WITH t2_rows AS MATERIALIZED (...)
       SELECT t1.e_name AS c1, t2.l_ancestor_id AS c2, t2.l_distance AS c3
       FROM t2_rows AS t1, (
           WITH RECURSIVE t2_walk (start, id, kind, zero) AS (
               SELECT id, id, 0, interval '0' FROM (SELECT t1.e_id FROM t2_rows AS t1) AS seed (id)
                UNION SELECT (a step back) FROM t2_walk ... WHERE (its distance is less than 2))
           SELECT start AS l_descendant_id, id AS l_ancestor_id, ... AS l_distance FROM t2_walk ...) AS t2
       WHERE t2.l_distance <= 2 AND t2.l_descendant_id = t1.e_id

With a second lineage, this one becomes a table of WITH, `t2_pairs`, from which the second walk may start.

If activity a1 used the entity raw and generated cal, and a2 used cal and generated flat, named 'flat 7', then

    t2_rows (c1, c2)                 has  ('flat 7', flat)
    t2_walk (start, id, kind, zero)  has  (flat, flat, 0, 0 days), (flat, a2, 1, -30 days),
                                          (flat, cal, 0, -60 days), (flat, a1, 1, -90 days),
                                          (flat, raw, 0, -120 days), where it ends
    t2                               has  (flat, cal, 1), (flat, raw, 2)
    the result                       is   ('flat 7', cal, 1), ('flat 7', raw, 2)
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from provtap.adql.lineage.recursion import (
    BACK,
    FARTHEST,
    FORTH,
    LINEAGES,
    Lineage,
    Needs,
    fewer_sql,
    walk_sql,
)
from provtap.adql.lineage.seeds import Bound, FromClause, Seeds, aliases, is_light
from provtap.adql.plan import tree as plan
from provtap.adql.plan.literals import literal_number
from provtap.adql.plan.tree import (
    ColumnValue,
    Expression,
    LineageTable,
    Operation,
    Output,
    RawTable,
    Select,
    SharedRows,
    TableExpression,
    conjunction,
    conjuncts,
)
from provtap.adql.plan.types import Type
from provtap.adql.plan.volatility import extracted, is_volatile
from provtap.adql.syntax.quoting import quote_name

SelectWriter = Callable[[Select], str]
TableWriter = Callable[[plan.WithQuery], str]


@dataclass(frozen=True, slots=True)
class WalkStart:
    """Where to start the walk: at one end, or at the end with fewer seeds."""

    table: LineageTable
    seeds: dict[str, Seeds]

    @property
    def bound(self) -> Bound:
        """How much the seeds are narrowed."""
        return max(seeds.bound for seeds in self.seeds.values())


def without_lineages(
    select: Select, write: SelectWriter, write_table: TableWriter
) -> tuple[list[str], Select]:
    """Return *select* without its lineages, and the tables of a WITH that it needs before it.

    *write* converts a SELECT without lineages to SQL, *write_table* a table of WITH with or without.
    """
    return LineageRewrite(select, write, write_table).rewritten()


class LineageRewrite:
    """The rewriting of one SELECT, lineage by lineage."""

    def __init__(self, select: Select, write: SelectWriter, write_table: TableWriter) -> None:
        self.select = select
        self.write = write
        self.write_table = write_table
        self.common: list[str] = []
        """The tables of WITH, each after the tables that it uses."""

    def rewritten(self) -> tuple[list[str], Select]:
        """Return the tables of WITH, and the SELECT that uses them."""
        waiting = list(_lineages(self.select.tables))
        if waiting:
            volatile, self.select = extracted(self.select, waiting[0].alias)
            self.common += map(self.write_table, volatile)
            self._flatten()
        while waiting:
            # The best bound lineage comes first: it may bind the next one.
            start = max((self._walk_start(table) for table in waiting), key=lambda start: start.bound)
            waiting.remove(start.table)
            self._walk(start, is_last=not waiting)
        return self.common, self.select

    def _flatten(self) -> None:
        """Turn a FROM clause without outer joins into a list of tables, whose conditions can be moved."""
        if all(map(_is_inner, self.select.tables)):
            tables, conditions = [], conjuncts(self.select.where)
            for table in self.select.tables:
                found, on = _flat(table)
                tables += found
                conditions += on
            self.select = replace(self.select, tables=tuple(tables), where=conjunction(conditions))

    def _walk_start(self, table: LineageTable) -> WalkStart:
        """Return where to start: the end with the most conditions, or both ends if tables narrow each."""
        clause, lineage = FromClause(self.select, table), LINEAGES[table.name]
        moves = self._movable(clause)
        seeds = {way: clause.seeds(lineage.start(way), moves) for way in (BACK, FORTH)}
        bounds = {way: found.bound for way, found in seeds.items()}
        best = max(bounds.values())
        if set(bounds.values()) == {Bound.BY_TABLES}:
            light = {way: clause.seeds(lineage.start(way), is_light) for way in seeds}
            return WalkStart(table, dict(sorted(light.items(), key=lambda item: -item[1].indexed)))
        way = next(way for way, bound in bounds.items() if bound is best)
        return WalkStart(table, {way: seeds[way]})

    def _movable(self, clause: FromClause) -> Callable[[object], bool]:
        """Return the test whether a part of the query can narrow the seeds.

        It can if it may be written twice, or if it moves from the query to the seeds.
        """
        alone, can_share = self._alone(clause), self._can_share

        def allowed(part: object) -> bool:
            if is_light(part):
                return True
            if isinstance(part, Expression):
                return part in alone or (can_share and clause.alias not in clause.local(part))
            return can_share

        return allowed

    def _alone(self, clause: FromClause) -> list[Expression]:
        """Return the conditions of WHERE on the lineage alone that can be tested on the seeds instead.

        A volatile condition is tested on each pair.
        """
        if clause.alias not in clause.around.sure:
            return []
        alone = (c for c in conjuncts(self.select.where) if clause.local(c) == {clause.alias})
        return [c for c in alone if not is_volatile(c)]

    def _walk(self, start: WalkStart, is_last: bool) -> None:
        """Replace a lineage by its pairs."""
        table = start.table
        clause, lineage = FromClause(self.select, table), LINEAGES[table.name]
        needs = _needs(clause, lineage, _columns(self.select))
        if len(start.seeds) == 1:
            ((way, seeds),) = start.seeds.items()
            self._drop([c for c in self._alone(clause) if c in seeds.conditions])
            seeds = self._share_rows(clause, seeds)
            sql = walk_sql(lineage, needs, way, self._seeds_sql(table, way, seeds), f"{table.alias}_walk")
        else:
            ready = {way: self._seeds_sql(table, way, seeds) for way, seeds in start.seeds.items()}
            sql = fewer_sql(lineage, needs, ready, table.alias)
        if not is_last:  # the seeds of the next one may use it
            self.common.append(f"{table.alias}_pairs AS ({sql})")
        pairs = RawTable(table.alias, f"({sql})" if is_last else f"{table.alias}_pairs")
        self.select = replace(self.select, tables=tuple(_put(pairs, t) for t in self.select.tables))

    def _seeds_sql(self, table: LineageTable, way: str, seeds: Seeds) -> str:
        lineage = LINEAGES[table.name]
        end = lineage.start(way)
        linked, others = seeds.linked(table.alias)
        if linked:
            select = Select(outputs=(Output(end, linked),), tables=seeds.tables, where=conjunction(others))
        else:
            ids = RawTable(table.alias, f"({lineage.ids.format(quote_name(end))})")
            output = Output(end, ColumnValue(Type.TEXT, table=table.alias, column=end))
            where = conjunction(seeds.conditions)
            select = Select(outputs=(output,), tables=(ids, *seeds.tables), where=where)
        return self.write(select)

    def _drop(self, conditions: Sequence[Expression]) -> None:
        """Remove from WHERE the conditions that were already tested."""
        rest = [c for c in conjuncts(self.select.where) if c not in conditions]
        self.select = replace(self.select, where=conjunction(rest))

    @property
    def _can_share(self) -> bool:
        """Whether tables can be joined in advance: not where each row of an outer query would repeat it."""
        own = frozenset[str]().union(*map(aliases, self.select.tables))
        is_flat = not any(isinstance(table, plan.JoinedTable) for table in self.select.tables)
        return is_flat and all(column.table in own for column in _columns(self.select))

    def _share_rows(self, clause: FromClause, seeds: Seeds) -> Seeds:
        """Join the tables of the seeds in advance, unless all of it may as well be written twice."""
        own = [c for c in seeds.conditions if clause.alias not in clause.local(c)]
        if not self._can_share or not any(map(_is_searched, seeds.tables)) and all(map(is_light, own)):
            return seeds
        self._drop(own)
        names = frozenset[str]().union(*map(aliases, seeds.tables))
        columns = tuple(dict.fromkeys(c for c in _columns(self.select) if c.table in names))
        outputs = tuple(Output(column.column, column) for column in columns)
        rows = Select(outputs=outputs, tables=seeds.tables, where=conjunction(own))
        shared = SharedRows(f"{clause.alias}_rows", columns)
        nulls = ", ".join(["NULL"] * len(columns))
        self.common.append(
            f"{shared.rows} AS MATERIALIZED ({self.write(rows)} UNION ALL SELECT {nulls} FROM {_NO_ROWS})"
        )
        others = (table for table in self.select.tables if table not in seeds.tables)
        self.select = replace(self.select, tables=(shared, *others))
        return replace(seeds, tables=(shared,), conditions=tuple(c for c in seeds.conditions if c not in own))


_NO_ROWS = "generate_series(1, (SELECT 0))"
"""No rows, which PostgreSQL estimates as a thousand. Otherwise it may estimate the shared rows as a single
one, and read all pairs once for each of them instead of using a hash join."""


def _lineages(tables: Iterable[TableExpression]) -> Iterator[LineageTable]:
    for table in tables:
        match table:
            case LineageTable():
                yield table
            case plan.JoinedTable():
                yield from _lineages([table.first, *(join.table for join in table.joins)])


def _is_inner(table: TableExpression) -> bool:
    if not isinstance(table, plan.JoinedTable):
        return True
    return _is_inner(table.first) and all(j.kind == "INNER" and _is_inner(j.table) for j in table.joins)


def _flat(table: TableExpression) -> tuple[list[TableExpression], list[Expression]]:
    """Return the tables of inner joins, and all conditions that join them."""
    if not isinstance(table, plan.JoinedTable):
        return [table], []
    tables, conditions = _flat(table.first)
    for join in table.joins:
        inner, on = _flat(join.table)
        tables += inner
        conditions += [*on, *conjuncts(join.condition)]
    return tables, conditions


def _put(pairs: RawTable, table: TableExpression) -> TableExpression:
    """Return *table* with *pairs* in the place of the lineage of that alias."""
    match table:
        case LineageTable(alias=pairs.alias):
            return pairs
        case plan.JoinedTable():
            joins = tuple(replace(join, table=_put(pairs, join.table)) for join in table.joins)
            return plan.JoinedTable(_put(pairs, table.first), joins)
    return table


def _is_searched(table: TableExpression) -> bool:
    """Whether reading *table* twice costs twice: the rows of a WITH are already computed."""
    return isinstance(table, plan.PublishedTable | plan.DerivedTable)


def _columns(select: Select) -> Iterator[ColumnValue]:
    """Yield the columns that *select* uses, those of outer queries included."""
    values = [output.value for output in select.outputs]
    values += [*conjuncts(select.where), *select.group_by, *conjuncts(select.having)]
    values += [sort.value for sort in select.order_by]
    for table in select.tables:
        values += _conditions(table)
    for value in values:
        yield from value.columns()


def _conditions(table: TableExpression) -> list[Expression]:
    """Return the conditions of all joins in *table*."""
    if not isinstance(table, plan.JoinedTable):
        return []
    found = _conditions(table.first)
    for join in table.joins:
        found += [*_conditions(join.table), *conjuncts(join.condition)]
    return found


def _needs(clause: FromClause, lineage: Lineage, used: Iterable[ColumnValue]) -> Needs:
    columns = {column.column for column in used if column.table == clause.alias}
    alone = [c for c in clause.around.conditions if clause.local(c) == {clause.alias}]
    distance, main = lineage.distance in columns, lineage.main in columns
    only_main = not distance and any(_limit(c, (clause.alias, lineage.main), {"="}) == 1 for c in alone)
    limits = [_limit(c, (clause.alias, lineage.distance), _UPPER) for c in alone]
    most = min((limit for limit in limits if limit is not None), default=None)
    return Needs(distance, main, None if most is None or most > FARTHEST else int(most), only_main)


_UPPER = {"=", "<", "<="}
_MIRRORED = {">": "<", ">=": "<=", "=": "="}


def _limit(condition: Expression, column: tuple[str, str], operators: set[str]) -> float | None:
    """Return the limit that *condition* sets on a column; None if it is a different condition.

    The column belongs to one table: an outer query may have a lineage as well.
    """
    if not isinstance(condition, Operation):
        return None
    match condition:
        case Operation(operator="BETWEEN", operands=(value, _, high)) if _is(value, column):
            return literal_number(high) if "<=" in operators else None
        case Operation(operator=operator, operands=(value, bound)) if _is(value, column):
            return literal_number(bound) if operator in operators else None
        case Operation(operator=operator, operands=(bound, value)) if _is(value, column):
            return literal_number(bound) if _MIRRORED.get(operator) in operators else None
    return None


def _is(value: Expression, column: tuple[str, str]) -> bool:
    return isinstance(value, ColumnValue) and (value.table, value.column) == column
