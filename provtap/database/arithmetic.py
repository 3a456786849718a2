"""What PostgreSQL can't compute, by the C function of it that failed: `source_function` of an error.

That says more than the SQLSTATE, which is one for everything out of range, and is not translated, as the
message is.
"""

_AT_THE_ENDS = "CASE WHEN x BETWEEN -1 AND 1 THEN {0}(x) END is NULL for the others."
ARITHMETIC: dict[str, tuple[str, str | None]] = {
    "dsqrt": (
        "The query takes the square root of a negative number.",
        "CASE WHEN x >= 0 THEN SQRT(x) END is NULL for the others.",
    ),
    "dpow": (
        "The query raises zero to a negative power, or a negative number to a power that is not whole.",
        "CASE WHEN x > 0 THEN POWER(x, y) END is NULL for the others.",
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
        "A number of the query becomes too large: DOUBLE PRECISION ends at 1.8e308, REAL at 3.4e38.",
        None,
    ),
    "float_underflow_error": (
        "A number of the query becomes too small: it is not 0, but closer to it than the smallest DOUBLE"
        " PRECISION, 5e-324, or the smallest REAL, 1e-45.",
        "For example, CASE WHEN x > -700 THEN EXP(x) ELSE 0 END leaves such numbers out.",
    ),
    "MemoryContextSizeFailure": ("A text of the query becomes longer than the server can hold.", None),
}
ARITHMETIC |= dict.fromkeys(
    ("dsin", "dcos", "dtan", "dcot"),
    ("The query takes a sine, cosine or tangent of an infinite number.", None),
)
ARITHMETIC |= dict.fromkeys(
    ("dsind", "dcosd"), ("The query has a place on the sky with an infinite coordinate.", None)
)
ARITHMETIC |= dict.fromkeys(
    ("dtoi2", "dtoi4", "dtoi8", "ftoi2", "ftoi4", "ftoi8"),
    ("The query makes a whole number of one that is too large for its type, infinite or NaN.", None),
)
"""What to say to the user, and a hint."""
