"""The PostgreSQL type behind each type of ADQL, and the text that a result shows of its values."""

from provtap.adql.datatypes import Type

SQL_TYPES = {
    Type.SHORT: "smallint",
    Type.INT: "integer",
    Type.LONG: "bigint",
    Type.FLOAT: "real",
    Type.DOUBLE: "double precision",
    Type.TEXT: "text",
    Type.TIMESTAMP: "timestamp",
    Type.NULL: "text",
}


def wire_form(cell: str, type_: Type) -> str:
    """Return the SQL for one cell as DALI 1.1, section 3.3, writes it: `T` in timestamps, `+Inf`."""
    if type_ is Type.TIMESTAMP:
        return f"replace({cell}::text, ' ', 'T')"
    if type_ in {Type.FLOAT, Type.DOUBLE}:
        return f"CASE {cell} WHEN 'Infinity' THEN '+Inf' WHEN '-Infinity' THEN '-Inf' ELSE {cell}::text END"
    return cell
