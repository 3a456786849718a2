"""The optional features of ADQL that this service supports, as declared in the capabilities.

Source: ADQL 2.1, section 4; TAPRegExt 1.0, section 2.3.
"""

from dataclasses import dataclass

from provtap.adql.functions.builtin import TEXT_FUNCTIONS
from provtap.adql.functions.geometry import GEOMETRY
from provtap.adql.functions.user_defined import USER_FUNCTIONS

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


def language_features(*, declare_coalesce: bool = False) -> dict[str, tuple[Feature, ...]]:
    """Return all features, by the type under which they are declared.

    COALESCE is supported but not declared: current validators don't know its type in ADQL 2.1.
    """
    features = {
        "udf": tuple(Feature(f.signature, f.description) for f in USER_FUNCTIONS),
        "adqlgeo": tuple(Feature(f.name, f.description) for f in GEOMETRY),
        "adql-string": (*(Feature(f.name, f.description) for f in TEXT_FUNCTIONS), _ILIKE),
        **{type_: tuple(map(Feature, forms)) for type_, forms in _FORMS.items()},
    }
    if declare_coalesce:
        features["adql-conditional"] = (Feature("COALESCE"),)
    return {_TYPE + type_: members for type_, members in features.items()}
