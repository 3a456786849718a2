"""Arithmetic errors of PostgreSQL, by the C function that failed: `source_function` of an error.

It is more specific than the SQLSTATE, which is the same for all values out of range, and is not translated,
unlike the message.
"""

_AT_THE_ENDS = "CASE WHEN x BETWEEN -1 AND 1 THEN {0}(x) END is NULL for other values."
ARITHMETIC: dict[str, tuple[str, str | None]] = {
    "dsqrt": (
        "The query takes the square root of a negative number.",
        "CASE WHEN x >= 0 THEN SQRT(x) END is NULL for other values.",
    ),
    "dpow": (
        "The query raises zero to a negative power, or a negative number to a fractional power.",
        "CASE WHEN x > 0 THEN POWER(x, y) END is NULL for other values.",
    ),
    "dasin": (
        "The query takes the arc sine of a number that is not between -1 and 1.",
        _AT_THE_ENDS.format("ASIN"),
    ),
    "dacos": (
        "The query takes the arc cosine of a number that is not between -1 and 1.",
        _AT_THE_ENDS.format("ACOS"),
    ),
    "float_overflow_error": (
        "A number in the query is too large: the largest DOUBLE PRECISION is 1.8e308, the largest REAL"
        " 3.4e38.",
        None,
    ),
    "float_underflow_error": (
        "A number in the query is too close to 0: the smallest positive DOUBLE PRECISION is 5e-324, the"
        " smallest positive REAL 1e-45.",
        "For example, CASE WHEN x > -700 THEN EXP(x) ELSE 0 END avoids such numbers.",
    ),
    "MemoryContextSizeFailure": ("A text in the query is longer than the server supports.", None),
}
ARITHMETIC |= dict.fromkeys(
    ("dsin", "dcos", "dtan", "dcot"),
    ("The query takes a sine, cosine or tangent of an infinite number.", None),
)
ARITHMETIC |= dict.fromkeys(
    ("dsind", "dcosd"), ("The query has a position with an infinite coordinate.", None)
)
ARITHMETIC |= dict.fromkeys(
    ("dtoi2", "dtoi4", "dtoi8", "ftoi2", "ftoi4", "ftoi8"),
    (
        "The query converts a number that is infinite, NaN or too large to a whole number.",
        None,
    ),
)
"""The message for the user, and a hint."""
