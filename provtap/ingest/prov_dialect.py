"""The IVOA's dialect of W3C PROV: two ways to write a class of ProvenanceDM, of which one is ours to read.

voprov writes `parameter(...)` and `isDescribedBy(...)`, or, as W3C PROV, an entity with the type
`voprov:Parameter` and a `wasInfluencedBy` with the type `voprov:DescriptionRelation`. Both become the former.
"""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote

from provtap.ingest.statement import ARGUMENTS, ELEMENTS, VO_CLASSES, Name, Statement

_CLASSES = {f"voprov:{name}": name for name in VO_CLASSES.values()} | {
    "prov:Collection": "Collection",
    "prov:collection": "Collection",
    "prov:EmptyCollection": "Collection",
    "prov:Dictionary": "Collection",
    "prov:EmptyDictionary": "Collection",
    "voprov:Configfile": "ConfigFile",  # so in the VO-DML file
    "File": "DatasetEntity",  # logprov
}
_INFLUENCES = {
    "voprov:DescriptionRelation": "isDescribedBy",
    "voprov:IsDescribedBy": "isDescribedBy",
    "voprov:ConfigurationRelation": "wasConfiguredBy",
    "voprov:WasConfiguredBy": "wasConfiguredBy",
    "voprov:RelatedToRelation": "isRelatedTo",
    "voprov:IsRelatedTo": "isRelatedTo",
    "voprov:HadReferenceRelation": "hadReference",
    "voprov:HadReference": "hadReference",
}


def normal(statement: Statement) -> Statement:
    """Return the statement of its own class that *statement* stands for, or itself."""
    if statement.kind == "entity":
        classes = [_CLASSES[type_] for type_ in statement.types() if type_ in _CLASSES]
        return replace(statement, kind=classes[0]) if classes else statement
    if statement.kind == "wasInfluencedBy":
        for type_ in statement.types():
            if type_ in _INFLUENCES:
                return _relation(statement, _INFLUENCES[type_])
    return statement


def _relation(statement: Statement, kind: str) -> Statement:
    ends = zip(ARGUMENTS[kind], ARGUMENTS[statement.kind], strict=True)
    arguments = {new: statement.arguments[old] for new, old in ends if old in statement.arguments}
    return replace(statement, kind=kind, arguments=arguments)


def with_own_ids(statements: Sequence[Statement]) -> Sequence[Statement]:
    """Return the statements with the ids that `voprov:id` gives, where a name has one only percent-encoded.

    Earlier releases wrote them so: `a%2520b` was the name of `a%20b`.
    """
    known = {
        statement.id.iri: Name("", value.text)
        for statement in statements
        if statement.id is not None and statement.kind in ELEMENTS
        for value in statement.values.get("voprov:id", ())
        if value.text and unquote(statement.id.iri).endswith(value.text)
    }
    if not known:
        return statements
    return [
        replace(
            statement,
            id=statement.id and known.get(statement.id.iri, statement.id),
            arguments={word: known.get(name.iri, name) for word, name in statement.arguments.items()},
        )
        for statement in statements
    ]
