"""The optional features of ADQL that this service supports, as declared in the capabilities.

Source: ADQL 2.1, section 4; TAPRegExt 1.0, section 2.3.
"""

from dataclasses import dataclass

from provtap.adql.functions.builtin import TEXT_FUNCTIONS
from provtap.adql.functions.geometry import GEOMETRY
from provtap.adql.functions.user_defined import USER_FUNCTIONS
from provtap.adql.syntax.extensions import Extension

_TYPE = "ivo://ivoa.net/std/TAPRegExt#features-"
"""As spelled in TAPRegExt; ADQL 2.1 uses lower case, but some clients compare case-sensitively."""


@dataclass(frozen=True)
class Feature:
    """One feature."""

    form: str
    description: str | None = None


_ILIKE = Feature("ILIKE", "value ILIKE pattern: LIKE that ignores case.")
_FORMS = {
    "adql-sets": ("UNION", "EXCEPT", "INTERSECT"),
    "adql-common-table": ("WITH",),
    "adql-type": ("CAST",),
    "adql-unit": ("IN_UNIT",),
    "adql-offset": ("OFFSET",),
}


def language_features(
    *, declare_coalesce: bool = False, authority: str | None = None, strict: bool = False
) -> dict[str, tuple[Feature, ...]]:
    """Return all features, by the type to declare them under.

    COALESCE works in any case; validators of today don't know the type that it has in ADQL 2.1. Extensions of
    the grammar have no type of the IVOA (UDF-4), so they get one under the *authority* of the service
    (`ivo://org.example`), if it has any and does not refuse them (*strict*).
    """
    features = {
        "udf": tuple(Feature(f.signature, f.description) for f in USER_FUNCTIONS),
        "adqlgeo": tuple(Feature(f.name, f.description) for f in GEOMETRY),
        "adql-string": (*(Feature(f.name, f.description) for f in TEXT_FUNCTIONS), _ILIKE),
        **{type_: tuple(map(Feature, forms)) for type_, forms in _FORMS.items()},
    }
    if declare_coalesce:
        features["adql-conditional"] = (Feature("COALESCE"),)
    declared = {_TYPE + type_: members for type_, members in features.items()}
    if authority and not strict:
        declared[f"{authority}/provtap/exts#adql"] = tuple(Feature(e.form, e.description) for e in Extension)
    return declared
