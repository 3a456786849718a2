"""Dictionaries of PROV: collections whose members have keys (PROV-DICTIONARY, W3C Note of 2013-04-30).

The model has no keys. A membership is stored as membership in the collection, and as a relation with the key
as role; an insertion or removal as a derivation and a relation. Inserted entities become members (inference
3).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from provtap.ingest.readers.prov.statements import PROV, Name, Statement, Value

MEMBERSHIP = "hadDictionaryMember"
KEY_SETS = {"derivedByInsertionFrom", "derivedByRemovalFrom"}
"""The statements with a set of keys, or of pairs of a key and an entity, as last argument."""
DICTIONARIES = {MEMBERSHIP, *KEY_SETS}
KEY = Name(PROV, "pairKey", "prov")
_REMOVED = Name(PROV, "removedKey", "prov")


@dataclass(frozen=True, slots=True)
class Pair:
    """A member of a dictionary, and its key."""

    key: Value
    entity: Name


def with_keys(statement: Statement, keys: Iterable[Value], pairs: Iterable[Pair]) -> Iterator[Statement]:
    """Yield *statement* with its keys as attributes, and a membership for each pair."""
    name = KEY if statement.kind == MEMBERSHIP else _REMOVED
    keyed = replace(statement, attributes=(*statement.attributes, *((name, key) for key in keys)))
    pairs = list(pairs)
    if statement.kind != MEMBERSHIP or not pairs:
        yield keyed
    subject = "dictionary" if statement.kind == MEMBERSHIP else "after"
    for pair in pairs:
        ends = {"entity": pair.entity}
        if subject in statement.arguments:
            ends["dictionary"] = statement.arguments[subject]
        yield Statement(
            MEMBERSHIP,
            statement.where,
            statement.id if statement.kind == MEMBERSHIP else None,
            ends,
            attributes=((KEY, pair.key), *(statement.attributes if statement.kind == MEMBERSHIP else ())),
            bundle=statement.bundle,
        )
