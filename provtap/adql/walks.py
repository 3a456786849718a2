"""The lineages of one SELECT made ready as SQL: each with the walk that suits what the SELECT asks of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from provtap.adql import plan
from provtap.adql.conjunctions import conjunction, conjuncts
from provtap.adql.datatypes import Type
from provtap.adql.lineage import BACK, FARTHEST, FORTH, LINEAGES, Lineage, Needs, fewer_sql, walk_sql
from provtap.adql.literals import literal_number
from provtap.adql.plan import (
    Expression,
    Field,
    GatheredTables,
    LineageTable,
    Operation,
    Output,
    Select,
    TableExpression,
    WrittenTable,
)
from provtap.adql.quoting import quote_name
from provtap.adql.seeds import Bound, FromClause, Seeds, aliases, is_light, is_steady

SelectWriter = Callable[[Select], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Where to walk a lineage from: one way, or, with the seeds of both, the one with fewer of them."""

    table: LineageTable
    seeds: dict[str, Seeds]

    @property
    def bound(self) -> Bound:
        """How narrow the seeds are."""
        return max(seeds.bound for seeds in self.seeds.values())


def with_walks(select: Select, write: SelectWriter) -> tuple[list[str], Select]:
    """Return *select* without its lineages, and the tables of a WITH that it needs before it.

    *write* makes SQL of a SELECT without any.
    """
    return _Walks(select, write).ready()


class _Walks:
    def __init__(self, select: Select, write: SelectWriter) -> None:
        self.select = select
        self.write = write
        self.common: list[str] = []
        """What goes into WITH, each table after those that it uses."""

    def ready(self) -> tuple[list[str], Select]:
        waiting = list(_lineages(self.select.tables))
        if waiting:
            self.select = replace(self.select, tables=tuple(map(self._made_once, self.select.tables)))
            self._flatten()
        while waiting:
            # What is bound best comes first: it may bind the next one.
            choice = max((self._choice(table) for table in waiting), key=lambda choice: choice.bound)
            waiting.remove(choice.table)
            self._walk(choice, is_last=not waiting)
        return self.common, self.select

    def _flatten(self) -> None:
        """Make a FROM clause without outer joins a list of tables: their conditions can be moved then."""
        if all(map(_is_inner, self.select.tables)):
            tables, conditions = [], conjuncts(self.select.where)
            for table in self.select.tables:
                found, on = _flat(table)
                tables += found
                conditions += on
            self.select = replace(self.select, tables=tuple(tables), where=conjunction(conditions))

    def _made_once(self, table: TableExpression) -> TableExpression:
        """Return *table* with what may differ each time it is made, made beforehand."""
        match table:
            case plan.DerivedTable() if not is_steady(table.query):
                columns = enumerate(table.query.outputs, start=1)
                fields = (Field(o.value.type, table=table.alias, column=f"c{n}") for n, o in columns)
                outputs = tuple(Output(field.column, field) for field in fields)
                rows = self.write(Select(outputs=outputs, tables=(table,)))
                self.common.append(f"{table.alias}_once AS MATERIALIZED ({rows})")
                return WrittenTable(table.alias, f"{table.alias}_once")
            case plan.JoinedTable():
                joins = (replace(join, table=self._made_once(join.table)) for join in table.joins)
                return plan.JoinedTable(self._made_once(table.first), tuple(joins))
        return table

    def _choice(self, table: LineageTable) -> Choice:
        clause, lineage = FromClause(self.select, table), LINEAGES[table.name]
        moves = self._movable(clause)
        seeds = {way: clause.seeds(lineage.start(way), moves) for way in (BACK, FORTH)}
        bounds = {way: found.bound for way, found in seeds.items()}
        best = max(bounds.values())
        if set(bounds.values()) == {Bound.BY_TABLES}:
            light = {way: clause.seeds(lineage.start(way), is_light) for way in seeds}
            return Choice(table, dict(sorted(light.items(), key=lambda item: -item[1].indexed)))
        way = next(way for way, bound in bounds.items() if bound is best)
        return Choice(table, {way: seeds[way]})

    def _movable(self, clause: FromClause) -> Callable[[object], bool]:
        """Return what tells if a part of the query is written once, or so small that twice will do."""
        alone, gathers = self._alone(clause), self._gathers

        def allowed(part: object) -> bool:
            if is_light(part):
                return True
            if isinstance(part, Expression):
                return part in alone or (gathers and clause.alias not in clause.local(part))
            return gathers

        return allowed

    def _alone(self, clause: FromClause) -> list[Expression]:
        """Return the conditions of WHERE that are about the lineage alone."""
        if clause.alias not in clause.around.sure:
            return []
        return [c for c in conjuncts(self.select.where) if clause.local(c) == {clause.alias}]

    def _walk(self, choice: Choice, is_last: bool) -> None:
        """Put the pairs of a lineage in its place."""
        table = choice.table
        clause, lineage = FromClause(self.select, table), LINEAGES[table.name]
        needs = _needs(clause, lineage, _fields(self.select))
        if len(choice.seeds) == 1:
            ((way, seeds),) = choice.seeds.items()
            self._drop([c for c in self._alone(clause) if c in seeds.conditions])
            seeds = self._gathered(clause, seeds)
            sql = walk_sql(lineage, needs, way, self._seeds_sql(table, way, seeds), f"{table.alias}_walk")
        else:
            ready = {way: self._seeds_sql(table, way, seeds) for way, seeds in choice.seeds.items()}
            sql = fewer_sql(lineage, needs, ready, table.alias)
        if not is_last:  # the seeds of the next one may use it
            self.common.append(f"{table.alias}_pairs AS ({sql})")
        pairs = WrittenTable(table.alias, f"({sql})" if is_last else f"{table.alias}_pairs")
        self.select = replace(self.select, tables=tuple(_put(pairs, t) for t in self.select.tables))

    def _seeds_sql(self, table: LineageTable, way: str, seeds: Seeds) -> str:
        lineage = LINEAGES[table.name]
        end = lineage.start(way)
        linked, others = seeds.linked(table.alias)
        if linked:
            select = Select(outputs=(Output(end, linked),), tables=seeds.tables, where=conjunction(others))
        else:
            ids = WrittenTable(table.alias, f"({lineage.ids.format(quote_name(end))})")
            output = Output(end, Field(Type.TEXT, table=table.alias, column=end))
            where = conjunction(seeds.conditions)
            select = Select(outputs=(output,), tables=(ids, *seeds.tables), where=where)
        return self.write(select)

    def _drop(self, conditions: Sequence[Expression]) -> None:
        """Take from WHERE what is seen to before."""
        rest = [c for c in conjuncts(self.select.where) if c not in conditions]
        self.select = replace(self.select, where=conjunction(rest))

    @property
    def _gathers(self) -> bool:
        """Whether tables can be joined beforehand: not where each row of an outer query would do it anew."""
        own = frozenset[str]().union(*map(aliases, self.select.tables))
        is_flat = not any(isinstance(table, plan.JoinedTable) for table in self.select.tables)
        return is_flat and all(field.table in own for field in _fields(self.select))

    def _gathered(self, clause: FromClause, seeds: Seeds) -> Seeds:
        """Join the tables that give the seeds beforehand, so that they are not searched a second time."""
        if not self._gathers or not any(map(_is_searched, seeds.tables)):
            return seeds
        own = [c for c in seeds.conditions if clause.alias not in clause.local(c)]
        self._drop(own)
        names = frozenset[str]().union(*map(aliases, seeds.tables))
        columns = tuple(dict.fromkeys(f for f in _fields(self.select) if f.table in names))
        outputs = tuple(Output(column.column, column) for column in columns)
        rows = Select(outputs=outputs, tables=seeds.tables, where=conjunction(own))
        gathered = GatheredTables(f"{clause.alias}_rows", columns)
        nulls = ", ".join(["NULL"] * len(columns))
        self.common.append(
            f"{gathered.rows} AS MATERIALIZED ({self.write(rows)} UNION ALL SELECT {nulls} FROM {_NO_ROWS})"
        )
        others = (table for table in self.select.tables if table not in seeds.tables)
        self.select = replace(self.select, tables=(gathered, *others))
        return replace(
            seeds, tables=(gathered,), conditions=tuple(c for c in seeds.conditions if c not in own)
        )


_NO_ROWS = "generate_series(1, (SELECT 0))"
"""No rows, which PostgreSQL takes for a thousand: else it may take what was gathered for a single row, and go
through all pairs once for each of its rows instead of joining them by hash."""


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


def _put(pairs: WrittenTable, table: TableExpression) -> TableExpression:
    """Return *table* with *pairs* in the place of the lineage of that alias."""
    match table:
        case LineageTable(alias=pairs.alias):
            return pairs
        case plan.JoinedTable():
            joins = tuple(replace(join, table=_put(pairs, join.table)) for join in table.joins)
            return plan.JoinedTable(_put(pairs, table.first), joins)
    return table


def _is_searched(table: TableExpression) -> bool:
    """Whether reading *table* twice costs twice: what stands in a WITH is there already."""
    return isinstance(table, plan.PublishedTable | plan.DerivedTable)


def _fields(select: Select) -> Iterator[Field]:
    """Yield the columns that *select* uses, those of outer queries included."""
    values = [output.value for output in select.outputs]
    values += [*conjuncts(select.where), *select.group_by, *conjuncts(select.having)]
    values += [sort.value for sort in select.order_by]
    for table in select.tables:
        values += _conditions(table)
    for value in values:
        yield from value.fields()


def _conditions(table: TableExpression) -> list[Expression]:
    """Return the conditions of all joins in *table*."""
    if not isinstance(table, plan.JoinedTable):
        return []
    found = _conditions(table.first)
    for join in table.joins:
        found += [*_conditions(join.table), *conjuncts(join.condition)]
    return found


def _needs(clause: FromClause, lineage: Lineage, used: Iterable[Field]) -> Needs:
    columns = {field.column for field in used if field.table == clause.alias}
    alone = [c for c in clause.around.conditions if clause.local(c) == {clause.alias}]
    distance, main = lineage.distance in columns, lineage.main in columns
    only_main = not distance and any(_limit(c, lineage.main, {"="}) == 1 for c in alone)
    limits = [limit for c in alone if (limit := _limit(c, lineage.distance, _UPPER)) is not None]
    most = min(limits, default=None)
    return Needs(distance, main, None if most is None or most > FARTHEST else int(most), only_main)


_UPPER = {"=", "<", "<="}
_MIRRORED = {">": "<", ">=": "<=", "=": "="}


def _limit(condition: Expression, column: str, operators: set[str]) -> float | None:
    """Return the number that *condition* sets as limit to a column; None if it is no such condition."""
    if not isinstance(condition, Operation):
        return None
    match condition:
        case Operation(operator="BETWEEN", operands=(Field(column=name), _, high)) if name == column:
            return literal_number(high) if "<=" in operators else None
        case Operation(operator=operator, operands=(Field(column=name), value)) if name == column:
            return literal_number(value) if operator in operators else None
        case Operation(operator=operator, operands=(value, Field(column=name))) if name == column:
            return literal_number(value) if _MIRRORED.get(operator) in operators else None
    return None
