"""The user defined functions: of the IVOA's catalogue, of other services, and our own.

Sources: Catalogue of ADQL User Defined Functions 1.2 (ivo_...); DaCHS (gavo_...).
"""

from provtap.adql.functions.ancestry import DERIVED_FROM
from provtap.adql.plan.functions import Function, FunctionParameter, Kind
from provtap.adql.plan.types import Type

_MOMENT = (FunctionParameter("d", Kind.TIMESTAMP),)

USER_FUNCTIONS = (
    Function(
        name="prov_number",
        parameters=(FunctionParameter("value", Kind.TEXT),),
        sql="provext.prov_number({0})",
        description="The number in a text, as the nearest double; NULL if the text is not a number. Use it"
        " to compare values of parameters, which are texts, as numbers. Surrounding blanks are ignored;"
        " 1e999 and"
        " inf are infinite; NaN, 0x10, 1_000 and 5 m are not numbers.",
    ),
    DERIVED_FROM,
    Function(
        name="ivo_string_agg",
        parameters=(FunctionParameter("expression", Kind.ANY), FunctionParameter("delimiter", Kind.TEXT)),
        result=Type.TEXT,
        sql="string_agg({0}, {1})",
        is_aggregate=True,
        is_volatile=True,
        description="All texts of a group, joined with the delimiter in no particular order; NULLs are left"
        " out.",
    ),
    # All other characters separate words here; PostgreSQL itself would treat a path or URL as one word.
    Function(
        name="ivo_hasword",
        parameters=(FunctionParameter("haystack", Kind.TEXT), FunctionParameter("needle", Kind.TEXT)),
        result=Type.INT,
        sql="(to_tsvector('simple', provext.words({0})) @@ plainto_tsquery('simple', provext.words({1})))",
        is_condition=True,
        description="1 if the haystack contains each word of the needle, else 0; case is ignored. Words are"
        " sequences of letters and digits.",
    ),
    Function(
        name="ivo_nocasematch",
        parameters=(FunctionParameter("value", Kind.TEXT), FunctionParameter("pattern", Kind.TEXT)),
        result=Type.INT,
        sql='({0} COLLATE "default" ILIKE {1} COLLATE "default" ESCAPE \'\')',
        is_condition=True,
        description="1 if the value matches the pattern (% matches any characters, _ any single one), else 0;"
        " case is ignored.",
    ),
    Function(
        name="ivo_hashlist_has",
        parameters=(FunctionParameter("hashlist", Kind.TEXT), FunctionParameter("item", Kind.TEXT)),
        result=Type.INT,
        sql="provext.hashlist_has({0}, {1})",
        is_condition=True,
        description="1 if the item is one of those between the hash signs of the list, whatever its case,"
        " else 0.",
    ),
    Function(
        name="ivo_interval_overlaps",
        parameters=tuple(map(FunctionParameter, ("a1", "b1", "a2", "b2"))),
        result=Type.INT,
        sql="provext.interval_overlaps_or_null({0}, {1}, {2}, {3})",
        choice="provext.interval_overlaps({0}, {1}, {2}, {3})",
        is_condition=True,
        description="1 if the intervals a1 to b1 and a2 to b2, ends included, have a number in common,"
        " else 0; 0 as well if one ends before it starts.",
    ),
    Function(
        name="ivo_to_mjd",
        parameters=_MOMENT,
        sql="(extract(epoch FROM {0}) / 86400 + 40587)::double precision",
        unit="d",
        description="The modified Julian date of a moment.",
    ),
    Function(
        name="ivo_to_jd",
        parameters=_MOMENT,
        sql="(extract(epoch FROM {0}) / 86400 + 2440587.5)::double precision",
        unit="d",
        description="The Julian date of a moment.",
    ),
    Function(
        name="gavo_match",
        parameters=(FunctionParameter("pattern", Kind.TEXT), FunctionParameter("string", Kind.TEXT)),
        result=Type.INT,
        sql='({1} COLLATE "default" ~ {0} COLLATE "default")',
        is_condition=True,
        description="1 if the POSIX regular expression matches anywhere in the string, else 0.",
    ),
)
