"""The attributes of the model, each defined once: type, limit, choices and meaning.

`needed` and `optional` define the fields of records that a source may give. The checks of record documents
and of description files, their JSON schemas, the description of the write API, the reference pages and the
methods of `ProvClient` are made from them.
"""

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime
from types import NoneType
from typing import Any, get_args, get_type_hints

from provtap.ingest.model import identity

_KINDS: dict[Any, str] = {str: "text", int: "whole", float: "number", datetime: "time"}


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One attribute or reference of a class in documents."""

    name: str
    """Its name in documents, spelled as in the VO-DML of ProvenanceDM 1.0."""
    field: str
    """The field of the record."""
    about: str
    """Its meaning, in one sentence."""
    kind: str = "text"
    """`id`, `text`, `time`, `whole`, `number`, `bytes`; `value`: a text, or any JSON; `texts` and `ids` are
    arrays. `bytes` is a number of bytes.
    """
    needed: bool = False
    limit: int | None = None
    """Bytes."""
    choices: tuple[str, ...] = ()
    refers: str | None = None
    """The kind of thing that the id refers to."""
    of: str | None = None
    """The only class of its table with this attribute."""
    column: str | None = None
    """The published column; None if there is none."""


def needed(about: str, **rules: Any) -> Any:
    """Return a field that every record has; *rules* are fields of `Attribute`.

    With `needed=False` a source may omit it, because its reader finds the value. `column` is the published
    column without its prefix, if it differs from the attribute's name; `own_column` is the column of the
    record's own table, if it differs from the field.
    """
    return field(metadata={"about": about} | rules)


def optional(about: str, **rules: Any) -> Any:
    """Return a field that may be None; *rules* as for `needed`."""
    return field(default=None, metadata={"about": about} | rules)


def attributes(kind: type, prefix: str) -> Iterator[Attribute]:
    """Yield the attributes of a class of records, whose published columns begin with *prefix*."""
    types = get_type_hints(kind)
    return (_attribute(f, types[f.name], prefix) for f in fields(kind) if "about" in f.metadata)


def _attribute(f: Field[Any], type_: Any, prefix: str) -> Attribute:
    rules = {name: rule for name, rule in f.metadata.items() if name != "own_column"}
    stem = f.name.removesuffix("_id")
    name = rules.pop("name", camel(stem))
    if stem != f.name:
        rules = {"refers": stem.replace("_", " ")} | rules
    if "refers" in rules or name == "id":
        rules = {"kind": "id", "limit": identity.MAX_BYTES} | rules
    column = rules.pop("column", f"{name.lower()}{'_id' if 'refers' in rules else ''}")
    given: dict[str, Any] = {
        "name": name,
        "field": f.name,
        "kind": next(_KINDS[each] for each in get_args(type_) or (type_,) if each is not NoneType),
        "needed": f.default is MISSING,
        "column": None if column is None else prefix + column,
    }
    return Attribute(**(given | rules))


def camel(name: str) -> str:
    """Return the name in documents of a field: `content_type` is contentType."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
