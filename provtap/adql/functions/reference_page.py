"""The reference page of all functions, in Markdown, for `make pages`."""

from collections.abc import Iterable, Iterator

from provtap.adql.functions.builtin import EXTENSIONS, MATHEMATICS, TEXT_FUNCTIONS
from provtap.adql.functions.geometry import GEOMETRY
from provtap.adql.functions.registry import NOT_OFFERED
from provtap.adql.functions.user_defined import USER_FUNCTIONS
from provtap.adql.plan.functions import Function
from provtap.adql.syntax.extensions import Extension

_INTRODUCTION = """\
# Functions

The functions for queries, besides the set functions COUNT, SUM, AVG, MIN and MAX. Names ignore case. This
page is generated from the tables of functions with which the translator checks calls.

- A function of NULL is NULL.
- Functions of numbers accept all numeric types and compute in double precision. MOD, ROUND and TRUNCATE
  compute with the decimal number that a result shows, with all its digits: `MOD(0.3, 0.1)` is 0.
- Instead of a timestamp, a text literal is accepted, such as `'2026-01-31T12:00:00'`, in UTC. It may omit the
  seconds, and end with `Z` or `+00:00`.
- Compare a function that returns 1 or 0 with one of these: `WHERE 1 = ivo_hasword(a_comment, 'muon')`."""

_GEOMETRY_NOTE = f"""\
Points and circles on the sphere. A result contains them as DALI arrays, `83.6 22` and `83.6 22 0.5`. ADQL's
functions {", ".join(sorted(NOT_OFFERED)[:-1])} and {max(NOT_OFFERED)} are not supported.

Conditions such as `1 = CONTAINS(POINT(ra, dec), CIRCLE(...))` and `DISTANCE(ra, dec, ...) < radius`, in any
order of their operands, use an [index on positions](../how-to/operate.md#publish-your-own-tables), in cone
searches and in cross-matches of two tables."""

_CONVERSIONS = """\
## Types, units, conditions

| form | result | meaning |
|---|---|---|
| `CAST(value AS type)` | the type | SMALLINT, INTEGER, BIGINT, REAL, DOUBLE PRECISION, CHAR, CHAR(n), \
VARCHAR, VARCHAR(n), TIMESTAMP; a text literal also becomes a POINT or CIRCLE. CAST to a whole \
number rounds halves to even. Texts longer than n are cut; CHAR(n) pads with blanks, CHAR alone means \
VARCHAR. A timestamp becomes a text with a `T`. Unit and UCD are kept. |
| `IN_UNIT(x, 'unit')` | DOUBLE PRECISION | x converted to another unit, in the syntax of VOUnits. \
x must have a unit: a column with one, or an expression of such columns. |
| `COALESCE(a, ...)` | widest type | The first argument that is not NULL. All must be numbers, \
texts or timestamps; the type of numbers is the widest. |
| `value [NOT] ILIKE 'pattern'` | condition | LIKE that ignores case: `%` matches any characters, `_` any \
single one. |
| `NULLIF(a, b)` | type of a | a, or NULL if a = b. |
| `CASE WHEN condition THEN a ... ELSE b END` | widest type | The value of the first condition that holds. \
Without ELSE, NULL. The types are those of COALESCE. |
| `CASE value WHEN x THEN a ... ELSE b END` | widest type | The same for value = x. |

In comparisons with a CHAR(n), trailing blanks are ignored (SQL-92): `CAST(c AS CHAR(4)) = 'x'` is
true for `x`.

## Extensions

These are not part of ADQL 2.1, and other services may not accept them. The capabilities declare them if the
service has an IVOID. With the setting `PROVTAP_ADQL_STRICT`, the service refuses them.

{}

COALESCE belongs to ADQL 2.1; it is declared with the setting `PROVTAP_DECLARE_COALESCE`."""


def functions_page() -> str:
    """Return the page: one section for each group, one line for each function."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    extensions = "\n".join(f"- {_named(extension)}: {extension.description}" for extension in Extension)
    yield from (_INTRODUCTION, "", _CONVERSIONS.format(extensions))
    yield from _section("Mathematics", MATHEMATICS)
    yield from _section("Texts", TEXT_FUNCTIONS)
    yield from _section("Texts and times beyond ADQL 2.1", EXTENSIONS)
    yield from _section("User defined functions", USER_FUNCTIONS)
    yield from _section("Geometry", GEOMETRY)
    yield from ("", _GEOMETRY_NOTE)


def _named(extension: Extension) -> str:
    """Return the form of an extension; in a fixed width where it is ADQL."""
    return f"`{extension.form}`" if extension.form[0].isupper() else extension.form.capitalize()


def _section(title: str, functions: Iterable[Function]) -> Iterator[str]:
    yield from ("", f"## {title}", "", "| form | result | meaning |", "|---|---|---|")
    for function in functions:
        forms = "<br>".join(f"`{form}`" for form in _forms(function))
        unit = f" [{function.unit}]" if function.unit not in {None, "="} else ""
        meaning = function.description.replace("|", "\\|")
        yield f"| {forms} | {function.result.adql_name}{unit} | {meaning} |"


def _forms(function: Function) -> tuple[str, ...]:
    """Return the form of a call, with optional arguments in square brackets."""
    if function.forms:
        return function.forms
    names = [parameter.name for parameter in function.parameters]
    count = len(names) - function.optional
    needed = ", ".join(names[:count])
    left_out = "".join(f"[{', ' if needed else ''}{name}]" for name in names[count:])
    return (f"{function.name}({needed}{left_out})",)
