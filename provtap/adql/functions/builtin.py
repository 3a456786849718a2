"""The functions of ADQL 2.1 for numbers (section 2.3) and for texts (section 4.3).

Functions of numbers return double precision.

Names and ids have the collation "C", which knows only the case of ASCII letters. LOWER and UPPER therefore
use the collation of the database, Unicode if `provtap init` created it. Their results have the collation "C"
again, so that every server sorts them in the same order.
"""

from provtap.adql.plan.functions import XY, Function, FunctionParameter, Kind
from provtap.adql.plan.types import Type

_DIGITS = (FunctionParameter("x"), FunctionParameter("n", Kind.WHOLE))
_TEXT = (FunctionParameter("text", Kind.TEXT),)

MATHEMATICS = (
    Function(name="ABS", sql="abs({0})", unit="=", description="Absolute value."),
    Function(
        name="CEILING", sql="ceiling({0})", unit="=", description="The smallest whole number not below x."
    ),
    Function(
        name="DEGREES", sql="degrees({0})", unit="deg", description="An angle in degrees, from radians."
    ),
    Function(name="EXP", sql="exp({0})", description="e to the power of x."),
    Function(name="FLOOR", sql="floor({0})", unit="=", description="The largest whole number not above x."),
    # PostgreSQL's log(x) is the decimal logarithm.
    Function(name="LOG", sql="ln({0})", description="Natural logarithm."),
    Function(name="LOG10", sql="log10({0})", description="Decimal logarithm."),
    # PostgreSQL has no mod(double, double); a double is converted to the decimal number that a result shows.
    Function(
        name="MOD",
        parameters=XY,
        sql="mod({0}, {1})::double precision",
        is_exact=True,
        description="Remainder of x / y, with the sign of x.",
    ),
    Function(name="PI", parameters=(), sql="pi()", description="π."),
    Function(name="POWER", parameters=XY, sql="power({0}, {1})", description="x to the power of y."),
    Function(
        name="RADIANS", sql="radians({0})", unit="rad", description="An angle in radians, from degrees."
    ),
    Function(
        name="RAND",
        parameters=(FunctionParameter("seed", Kind.WHOLE),),
        optional=1,
        sql="random()",
        is_volatile=True,
        description="A random number, 0 <= r < 1, different in each row; the seed has no effect.",
    ),
    # As numeric: round(2.5) is 3 as in ADQL; as double precision it is 2.
    Function(
        name="ROUND",
        parameters=_DIGITS,
        optional=1,
        sql="round({0}, {1})::double precision",
        is_exact=True,
        unit="=",
        description="x rounded to n decimals, half away from zero; a negative n rounds to tens, hundreds ...",
    ),
    Function(name="SQRT", sql="sqrt({0})", description="Square root."),
    Function(
        name="TRUNCATE",
        parameters=_DIGITS,
        optional=1,
        sql="trunc({0}, {1})::double precision",
        is_exact=True,
        unit="=",
        description="x cut off after n decimals; n may be negative.",
    ),
    Function(name="ACOS", sql="acos({0})", unit="rad", description="Arc cosine, in radians."),
    Function(name="ASIN", sql="asin({0})", unit="rad", description="Arc sine, in radians."),
    Function(name="ATAN", sql="atan({0})", unit="rad", description="Arc tangent, in radians."),
    Function(
        name="ATAN2",
        parameters=(FunctionParameter("y"), FunctionParameter("x")),
        sql="atan2({0}, {1})",
        unit="rad",
        description="Arc tangent of y / x in its quadrant, in radians, -π to π.",
    ),
    Function(name="COS", sql="cos({0})", description="Cosine of x radians."),
    Function(name="COT", sql="cot({0})", description="Cotangent of x radians."),
    Function(name="SIN", sql="sin({0})", description="Sine of x radians."),
    Function(name="TAN", sql="tan({0})", description="Tangent of x radians."),
)

TEXT_FUNCTIONS = (
    Function(
        name="LOWER",
        parameters=_TEXT,
        result=Type.TEXT,
        sql='(lower({0} COLLATE "default") COLLATE "C")',
        description="The text in lower case.",
    ),
    Function(
        name="UPPER",
        parameters=_TEXT,
        result=Type.TEXT,
        sql='(upper({0} COLLATE "default") COLLATE "C")',
        description="The text in upper case.",
    ),
)

EXTENSIONS = (
    Function(
        name="CHAR_LENGTH",
        parameters=_TEXT,
        result=Type.INT,
        sql="char_length({0})",
        forms=("CHAR_LENGTH(text)", "CHARACTER_LENGTH(text)", "LENGTH(text)"),
        description="The number of characters of the text.",
    ),
    Function(
        name="SUBSTRING",
        parameters=(
            *_TEXT,
            FunctionParameter("start", Kind.INTEGER),
            FunctionParameter("length", Kind.INTEGER),
        ),
        optional=1,
        missing=2**31 - 1,
        result=Type.TEXT,
        sql="substring({0}, {1}, {2})",
        forms=("SUBSTRING(text, start[, length])", "SUBSTRING(text FROM start [FOR length])"),
        description="The characters of the text from number start on (the first is 1), at most length.",
    ),
    Function(
        name="CURRENT_TIMESTAMP",
        parameters=(),
        result=Type.TIMESTAMP,
        sql="(now() AT TIME ZONE 'UTC')",
        forms=("CURRENT_TIMESTAMP",),
        description="The time of the query, in UTC.",
    ),
    Function(
        name="CURRENT_DATE",
        parameters=(),
        result=Type.TIMESTAMP,
        sql="date_trunc('day', now() AT TIME ZONE 'UTC')",
        forms=("CURRENT_DATE",),
        description="Midnight of the day of the query, in UTC.",
    ),
)
"""Functions that ADQL 2.1 does not have (see `syntax.extensions`)."""
