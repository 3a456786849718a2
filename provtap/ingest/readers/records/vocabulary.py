"""What a class is made of in a document of records: attributes, and the columns that hold them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES

Rules = dict[str, Any]

ID: Rules = {"kind": "id", "limit": identity.MAX_BYTES}
NAME: Rules = {"limit": NAME_BYTES}
ROLE: Rules = {"limit": ROLE_BYTES}
TIME: Rules = {"kind": "time"}
NEEDED: Rules = {"needed": True}


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """One attribute or reference of a class."""

    name: str
    column: str | None = None
    """The published column that holds it, which also says what it means; None: it has none."""
    kind: str = "text"
    """`id`, `text`, `time`, `whole`, `number`; `value`: a text, or any JSON; `texts` and `ids` are arrays."""
    needed: bool = False
    limit: int | None = None
    """Bytes."""
    choices: tuple[str, ...] = ()
    refers: str | None = None
    """The kind of thing whose id it is."""
    about: str = ""
    """What it means, where no column says it."""


@dataclass(frozen=True, kw_only=True)
class Class:
    """A class or relation of the model."""

    name: str
    path: str
    """Its last step in an address of the API."""
    table: str
    """The published table that holds it."""
    attributes: tuple[Attribute, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Values of further columns: the class of an entity."""
    thing: str | None = None
    """What its id is the id of, when others refer to it."""
    links: tuple[str, str, str] | None = None
    """Table and its two columns that hold the attribute of kind `ids`."""
    about: str = ""
    """What it is, where its table does not say it."""

    @property
    def general(self) -> bool:
        """Whether its records are those of its subclasses, too."""
        return self.name in {"Entity", "EntityDescription"}

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute of this name, or None."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)


def attributes(prefix: str, **rules: Rules) -> tuple[Attribute, ...]:
    """Return attributes by their names; the column is made of *prefix* and the name, as it is everywhere."""
    return tuple(_attribute(prefix, name, rule) for name, rule in rules.items())


def _attribute(prefix: str, name: str, rules: Rules) -> Attribute:
    column = f"{prefix}{name.lower()}{'_id' if 'refers' in rules else ''}"
    defaults: Rules = {"name": name, "column": column}
    return Attribute(**(defaults | rules))


def to(thing: str, **rules: Any) -> Rules:
    """Return the rules of an attribute that refers to a thing."""
    return ID | {"refers": thing} | rules


def column_attributes(each: Class) -> Iterator[tuple[str, Attribute]]:
    """Yield the attributes of a class that a published column of its own holds, by the column."""
    return ((attribute.column, attribute) for attribute in each.attributes if attribute.column is not None)
