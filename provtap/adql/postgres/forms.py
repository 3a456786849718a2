"""The PostgreSQL type of each type of ADQL, and the text form of its values in results."""

from collections.abc import Sequence

from provtap.adql.plan.types import Type, column_type
from provtap.tableset import Column

SQL_TYPES = {
    Type.SHORT: "smallint",
    Type.INT: "integer",
    Type.LONG: "bigint",
    Type.FLOAT: "real",
    Type.DOUBLE: "double precision",
    Type.BOOLEAN: "boolean",
    Type.TEXT: "text",
    Type.TIMESTAMP: "timestamp",
    Type.POINT: "double precision[]",
    Type.CIRCLE: "double precision[]",
    Type.NULL: "text",
}


def wire_form(cell: str, column: Column) -> str:
    """Return the SQL for one cell as DALI 1.1, section 3.3, writes it: `T` in timestamps, `+Inf`, arrays.

    *cell* is a plain name: it may occur several times in the SQL.
    """
    type_ = column_type(column)
    if type_ is Type.BOOLEAN:
        return text_form(cell, type_)
    if type_ in {Type.FLOAT, Type.DOUBLE}:
        return f"CASE {cell} WHEN 'Infinity' THEN '+Inf' WHEN '-Infinity' THEN '-Inf' ELSE {cell}::text END"
    if type_.is_geometry:  # a place with unknown coordinates is NULL
        return f"CASE WHEN array_position({cell}, NULL) IS NULL THEN {text_form(cell, type_)} END"
    if type_ is Type.OTHER and column.datatype in _ITEMS:
        return _array_form(cell, column)
    return text_form(cell, type_) if type_ is Type.TIMESTAMP else cell


def number_forms(cells: Sequence[str], columns: Sequence[Column]) -> list[str]:
    """Return the SQL for a row of numbers without nulls, after flags for the nulls, eight in each short.

    A flag is 1 for null, the first one the highest bit, as in BINARY2 (VOTable 1.4, section 5.4).
    """
    flags = [
        " + ".join(f"CASE WHEN {cell} IS NULL THEN {128 >> n} ELSE 0 END" for n, cell in enumerate(eight))
        for eight in (cells[start : start + 8] for start in range(0, len(cells), 8))
    ]
    types = map(column_type, columns)
    fillers = ("'NaN'" if type_ in {Type.FLOAT, Type.DOUBLE} else "'0'" for type_ in types)
    numbers = (f"coalesce({cell}, {filler})" for cell, filler in zip(cells, fillers, strict=True))
    return [*(f"({sum_})::smallint" for sum_ in flags), *numbers]


def text_form(value: str, type_: Type) -> str:
    """Return the SQL for a value as text, as in a result; *value* occurs in it once."""
    if type_ is Type.TIMESTAMP:
        return f"replace({value}::text, ' ', 'T')"
    if type_ in {Type.FLOAT, Type.DOUBLE}:
        return _with_short_infinities(f"{value}::text")
    if type_.is_geometry:
        return _with_short_infinities(f"array_to_string({value}, ' ')")
    return f"{value}::text"


def _with_short_infinities(text: str) -> str:
    return f"replace(replace({text}, '-Infinity', '-Inf'), 'Infinity', '+Inf')"


def sql_type(column: Column) -> str:
    """Return the PostgreSQL type of a column; several numbers or truth values in a cell are an array."""
    type_ = column_type(column)
    return f"{_ITEMS[column.datatype]}[]" if type_ is Type.OTHER else SQL_TYPES[type_]


def _array_form(cell: str, column: Column) -> str:
    """Return the SQL for an array: its items, separated by blanks."""
    if column.datatype == "boolean":
        return f"upper(array_to_string({cell}, ' ', '?'))"
    text = f"array_to_string({cell}, ' ', 'NaN')"
    if _ITEMS[column.datatype] in {"real", "double precision"}:
        return _with_short_infinities(text)
    return f"CASE WHEN strpos({text}, 'N') = 0 THEN {text} END"  # integers have no value for null


_ITEMS = {"boolean": "boolean", "bit": "smallint", "unsignedByte": "smallint"} | {
    "short": "smallint",
    "int": "integer",
    "long": "bigint",
    "float": "real",
    "double": "double precision",
    "floatComplex": "real",
    "doubleComplex": "double precision",
}
"""The PostgreSQL type of the items of an array, by datatype."""
