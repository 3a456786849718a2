"""The types of ADQL, for published columns and for expressions."""

from enum import Enum

from provtap.tableset import Column


class Type(Enum):
    """The types of ADQL 2.1, section 3, by their VOTable names, and types that can only be selected."""

    SHORT = "short"
    INT = "int"
    LONG = "long"
    FLOAT = "float"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    TEXT = "char"
    TIMESTAMP = "timestamp"
    NULL = "null"
    CONDITION = "condition"
    POINT = "point"
    CIRCLE = "circle"
    OTHER = "other"

    @property
    def is_number(self) -> bool:
        """Whether arithmetic is possible."""
        return self in _NUMBERS

    @property
    def is_geometry(self) -> bool:
        """Whether it is a point or circle: an array of double precision in the database, in degrees."""
        return self in _SHAPES

    @property
    def is_comparable(self) -> bool:
        """Whether values can be compared, sorted and concatenated with texts."""
        return self not in {Type.POINT, Type.CIRCLE, Type.OTHER}

    @property
    def adql_name(self) -> str:
        """Its name in ADQL, if it has one."""
        return _ADQL_NAMES.get(self, self.noun)

    @property
    def noun(self) -> str:
        """Its name in messages."""
        return "a number" if self.is_number else _NOUNS[self]


_NUMBERS = {Type.SHORT: 0, Type.INT: 1, Type.LONG: 2, Type.FLOAT: 3, Type.DOUBLE: 4}
_NOUNS = {
    Type.BOOLEAN: "a truth value",
    Type.TEXT: "text",
    Type.TIMESTAMP: "a timestamp",
    Type.NULL: "NULL",
    Type.CONDITION: "a condition",
    Type.POINT: "a point",
    Type.CIRCLE: "a circle",
    Type.OTHER: "a value that can only be selected",
}
_ADQL_NAMES = {
    Type.SHORT: "SMALLINT",
    Type.INT: "INTEGER",
    Type.LONG: "BIGINT",
    Type.FLOAT: "REAL",
    Type.DOUBLE: "DOUBLE PRECISION",
    Type.BOOLEAN: "BOOLEAN",
    Type.TEXT: "VARCHAR",
    Type.TIMESTAMP: "TIMESTAMP",
    Type.POINT: "POINT",
    Type.CIRCLE: "CIRCLE",
}
_SHAPES = {Type.POINT: 2, Type.CIRCLE: 3}
"""Numbers of one value: longitude, latitude and, for a circle, the radius (DALI 1.1, section 3.3)."""
_BY_DATATYPE = {t.value: t for t in (*_NUMBERS, Type.BOOLEAN)} | {
    "bit": Type.SHORT,
    "unsignedByte": Type.SHORT,
    "char": Type.TEXT,
    "unicodeChar": Type.TEXT,
}
_TIMESTAMPS = frozenset({"timestamp", "adql:timestamp"})
"""Values of xtype, in lower case; the second is from TAP 1.0."""


def column_type(column: Column) -> Type:
    """Return the type of a table's column in expressions."""
    type_ = _BY_DATATYPE.get(column.datatype, Type.OTHER)
    if type_ is Type.TEXT:
        return Type.TIMESTAMP if (column.xtype or "").lower() in _TIMESTAMPS else type_
    if column.arraysize is None:
        return type_
    if column.datatype == "double" and column.xtype in {"point", "circle"}:
        return Type(column.xtype)
    return Type.OTHER


def arithmetic_type(types: list[Type]) -> Type:
    """Return the common type of numbers of these types, as in PostgreSQL."""
    if len(set(types)) == 1:
        return types[0]
    widest = max(types, key=_NUMBERS.__getitem__)
    return Type.DOUBLE if widest is Type.FLOAT else widest


def typed_column(type_: Type, name: str = "", *, is_ascii: bool = True, **metadata: str | None) -> Column:
    """Return the description of values of this type, with this *metadata*."""
    if type_.is_number or type_ is Type.BOOLEAN:
        return Column(name=name, datatype=type_.value, **metadata)  # type: ignore[arg-type]
    if type_.is_geometry:
        traits = {"arraysize": str(_SHAPES[type_]), "xtype": type_.value, "unit": "deg", **metadata}
        return Column(name=name, datatype="double", **traits)
    xtype = "timestamp" if type_ is Type.TIMESTAMP else None
    datatype = "char" if is_ascii else "unicodeChar"
    return Column(name=name, datatype=datatype, arraysize="*", xtype=xtype, **metadata)  # type: ignore[arg-type]
