"""The description of a function: its parameters, result, SQL and documentation."""

from dataclasses import dataclass
from enum import Enum

from provtap.adql.plan.types import Type


class Kind(Enum):
    """The kinds of arguments."""

    NUMBER = "a number"
    TEXT = "a text"
    TIMESTAMP = "a timestamp"
    ANY = "a number, a text or a timestamp"
    WHOLE = "a whole number as a literal"
    INTEGER = "a whole number"
    POINT = "a point"
    GEOMETRY = "a point or circle"

    @property
    def adql_name(self) -> str:
        """The type in a signature; if any type is accepted, the type it is converted to."""
        return _ADQL_NAMES[self]

    def takes(self, type_: Type) -> bool:
        """Whether a value of this type can be the argument; NULL is accepted except for a point or circle."""
        match self:
            case Kind.NUMBER | Kind.WHOLE:
                return type_.is_number or type_ is Type.NULL
            case Kind.INTEGER:
                return type_ in {Type.SHORT, Type.INT, Type.LONG, Type.NULL}
            case Kind.TEXT:
                return type_ in {Type.TEXT, Type.NULL}
            case Kind.TIMESTAMP:
                return type_ in {Type.TIMESTAMP, Type.NULL}
            case Kind.ANY:
                return type_.is_comparable and type_ is not Type.BOOLEAN
            case Kind.POINT:
                return type_ is Type.POINT
        return type_.is_geometry


_ADQL_NAMES = {
    Kind.NUMBER: "DOUBLE PRECISION",
    Kind.TEXT: "VARCHAR",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.ANY: "VARCHAR",
    Kind.WHOLE: "INTEGER",
    Kind.INTEGER: "INTEGER",
    Kind.POINT: "POINT",
    Kind.GEOMETRY: "GEOMETRY",
}


@dataclass(frozen=True)
class FunctionParameter:
    """One argument of a function."""

    name: str
    kind: Kind = Kind.NUMBER


X = (FunctionParameter("x"),)
XY = (FunctionParameter("x"), FunctionParameter("y"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Function:
    """A function, described once in one of the tables that `functions.registry` joins."""

    name: str
    """In upper case if it is a reserved word of ADQL, otherwise in lower case."""
    sql: str
    """PostgreSQL, with {0}, {1} for the arguments, each used once: otherwise nested calls would double."""
    description: str
    parameters: tuple[FunctionParameter, ...] = X
    optional: int = 0
    """The number of last parameters that are optional."""
    missing: int = 0
    """The defaults of optional parameters."""
    is_exact: bool = False
    """Whether number arguments are cast to numeric, with all digits, instead of double precision."""
    result: Type = Type.DOUBLE
    unit: str | None = None
    """Unit of its values; `=` means the unit of the first argument."""
    is_condition: bool = False
    """Whether *sql* is a condition, which is 1 or 0 in ADQL."""
    choice: str | None = None
    """An alternative to *sql* for choosing rows, which can use an index; false where *sql* may be NULL."""
    is_aggregate: bool = False
    is_volatile: bool = False
    """Whether calls with the same arguments may return different values."""
    forms: tuple[str, ...] = ()
    """Forms of a call, if they differ from the *parameters*."""

    @property
    def signature(self) -> str:
        """The form to declare: `name(argument TYPE, ...) -> TYPE` (TAPRegExt 1.0, section 2.3)."""
        arguments = ", ".join(f"{p.name} {p.kind.adql_name}" for p in self.parameters)
        return f"{self.name}({arguments}) -> {self.result.adql_name}"
