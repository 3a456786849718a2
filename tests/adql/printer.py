"""Writes a tree as ADQL, so that parsing the text can be compared with the tree."""

from provtap.adql.syntax import tree as nodes
from provtap.adql.syntax.kinds import CHARACTERS, FORMS, INTEGER, NUMBERS, SIGNED_INTEGER, kind_of


def query(tree: nodes.Query | nodes.Select | nodes.SetOperation) -> str:
    """Return the text of a query."""
    match tree:
        case nodes.Select():
            return select(tree)
        case nodes.SetOperation():
            first, *others = (f"({query(operand)})" for operand in tree.operands)
            return first + "".join(f" {o} {q}" for o, q in zip(tree.operators, others, strict=True))
    parts = [query(tree.body) if isinstance(tree.body, nodes.Select) else _set_body(tree.body)]
    if tree.with_queries:
        parts.insert(
            0, "WITH " + ", ".join(f"{name(w.name)} AS ({query(w.query)})" for w in tree.with_queries)
        )
    if tree.order_by:
        parts.append("ORDER BY " + ", ".join(map(_sort, tree.order_by)))
    if tree.offset is not None:
        parts.append(f"OFFSET {tree.offset}")
    return " ".join(parts)


def _set_body(body: nodes.SetOperation | nodes.Query) -> str:
    return f"({query(body)})" if isinstance(body, nodes.Query) else query(body)


def _sort(term: nodes.SortTerm) -> str:
    return value(term.value) + (" DESC" if term.descending else "")


def select(tree: nodes.Select) -> str:
    """Return the text of one SELECT."""
    clauses = ["SELECT", "DISTINCT" if tree.distinct else "", "" if tree.top is None else f"TOP {tree.top}"]
    clauses += [", ".join(map(_item, tree.items)), "FROM", ", ".join(map(table, tree.tables))]
    if tree.where:
        clauses += ["WHERE", condition(tree.where)]
    if tree.group_by:
        clauses += ["GROUP BY", _values(tree.group_by)]
    if tree.having:
        clauses += ["HAVING", condition(tree.having)]
    return " ".join(filter(None, clauses))


def _item(item: nodes.SelectItem | nodes.AllColumns) -> str:
    if isinstance(item, nodes.AllColumns):
        return ".".join([*map(name, item.qualifiers), "*"])
    return value(item.value) + (f" AS {name(item.alias)}" if item.alias else "")


def name(tree: nodes.Name) -> str:
    """Return the text of one name."""
    return '"' + tree.text.replace('"', '""') + '"' if tree.delimited else tree.text


def table(tree: nodes.TableReference) -> str:
    """Return the text of one table of FROM."""
    match tree:
        case nodes.TableName():
            alias = f" AS {name(tree.alias)}" if tree.alias else ""
            return ".".join(map(name, tree.names)) + alias
        case nodes.DerivedTable():
            return f"({query(tree.query)}) AS {name(tree.alias)}"
        case nodes.JoinedTable():
            return _bracketed_join(tree.first) + "".join(map(_join, tree.joins))


def _bracketed_join(tree: nodes.TableReference) -> str:
    return f"({table(tree)})" if isinstance(tree, nodes.JoinedTable) else table(tree)


def _join(join: nodes.Join) -> str:
    if join.kind == "CROSS":
        return f" CROSS JOIN {_bracketed_join(join.table)}"
    text = f"{' NATURAL' if join.natural else ''} {join.kind} JOIN {_bracketed_join(join.table)}"
    if join.on:
        return f"{text} ON {condition(join.on)}"
    return f"{text} USING ({', '.join(map(name, join.using))})" if join.using else text


def condition(tree: nodes.Condition) -> str:
    """Return the text of a condition."""
    negated = "NOT " if getattr(tree, "negated", False) else ""
    match tree:
        case nodes.Junction():
            return f" {tree.operator} ".join(map(_member, tree.operands))
        case nodes.Not():
            return f"NOT {_member(tree.operand)}"
        case nodes.Comparison():
            return f"{value(tree.left)} {tree.operator} {value(tree.right)}"
        case nodes.Between():
            return f"{value(tree.value)} {negated}BETWEEN {value(tree.low)} AND {value(tree.high)}"
        case nodes.Like():
            operator = "ILIKE" if tree.ignore_case else "LIKE"
            escape = f" ESCAPE {value(tree.escape)}" if tree.escape else ""
            return f"{value(tree.value)} {negated}{operator} {value(tree.pattern)}{escape}"
        case nodes.IsNull():
            return f"{value(tree.value)} IS {negated}NULL"
        case nodes.Exists():
            return f"EXISTS ({query(tree.query)})"
        case nodes.In(values=nodes.Query() as subquery):
            return f"{value(tree.value)} {negated}IN ({query(subquery)})"
    values = tree.values.literals if isinstance(tree.values, nodes.LongList) else tree.values
    return f"{value(tree.value)} {negated}IN ({_values(values)})"


def _member(tree: nodes.Condition) -> str:
    return f"({condition(tree)})" if isinstance(tree, nodes.Junction | nodes.Not) else condition(tree)


def _values(trees: tuple[nodes.Value, ...]) -> str:
    return ", ".join(map(value, trees))


def value(tree: nodes.Value) -> str:
    """Return the text of a value."""
    match tree:
        case nodes.Literal():
            return "'" + tree.text.replace("'", "''") + "'" if tree.kind == "string" else tree.text
        case nodes.ColumnReference():
            return ".".join(map(name, tree.names))
        case nodes.Sign():
            return tree.sign + _operand(tree.operand, NUMBERS - {SIGNED_INTEGER, "c"})
        case nodes.Arithmetic():
            first, *others = (_operand(operand, NUMBERS - {"c"}) for operand in tree.operands)
            return first + "".join(f" {o} {v}" for o, v in zip(tree.operators, others, strict=True))
        case nodes.Concatenation():
            return " || ".join(_operand(operand, CHARACTERS) for operand in tree.operands)
        case nodes.ScalarSubquery():
            return f"({query(tree.query)})"
        case nodes.FunctionCall() | nodes.SetFunction():
            return _call(tree)
        case nodes.Cast():
            length = "" if tree.length is None else f"({tree.length})"
            return f"CAST({value(tree.value)} AS {tree.type_name}{length})"
        case nodes.Case():
            return _case(tree)
    raise TypeError(tree)


def _call(tree: nodes.FunctionCall | nodes.SetFunction) -> str:
    if isinstance(tree, nodes.SetFunction):
        distinct = "DISTINCT " if tree.distinct else ""
        return f"{tree.name}({distinct}{'*' if tree.argument is None else value(tree.argument)})"
    if tree.name in {"CURRENT_TIMESTAMP", "CURRENT_DATE"}:
        return tree.name
    return f"{tree.name}({', '.join(_arguments(tree))})"


def _operand(tree: nodes.Value, kinds: frozenset[str]) -> str:
    return value(tree) if kind_of(tree) in kinds else f"({value(tree)})"


def _arguments(call: nodes.FunctionCall) -> list[str]:
    """Return the arguments, in brackets those that had some: the form would not fit otherwise."""
    kinds = "".join(map(kind_of, call.arguments))
    if call.name not in FORMS or FORMS[call.name].fits(kinds):
        return list(map(value, call.arguments))
    return [
        f"({value(a)})" if kind not in {"s", "r", INTEGER} else value(a)
        for a, kind in zip(call.arguments, kinds, strict=True)
    ]


def _case(tree: nodes.Case) -> str:
    words = ["CASE", value(tree.operand) if tree.operand else ""]
    for looked_for, then in tree.branches:
        found = value(looked_for) if isinstance(looked_for, nodes.Value) else condition(looked_for)
        words.append(f"WHEN {found} THEN {value(then)}")
    words += [f"ELSE {value(tree.otherwise)}" if tree.otherwise else "", "END"]
    return " ".join(filter(None, words))
