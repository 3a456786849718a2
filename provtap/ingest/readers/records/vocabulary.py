"""What a class is made of in a document of records: words, and the columns that hold them."""

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
class Word:
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
    words: tuple[Word, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Values of further columns: the class of an entity."""
    thing: str | None = None
    """What its id is the id of, when others refer to it."""
    links: tuple[str, str, str] | None = None
    """Table and its two columns that hold the word of kind `ids`."""
    about: str = ""
    """What it is, where its table does not say it."""

    @property
    def general(self) -> bool:
        """Whether its records are those of its subclasses, too."""
        return self.name in {"Entity", "EntityDescription"}

    def word(self, name: str) -> Word | None:
        """Return the word of this name, or None."""
        return next((word for word in self.words if word.name == name), None)


def words(prefix: str, **rules: Rules) -> tuple[Word, ...]:
    """Return words by their names; the column is made of *prefix* and the name, as it is everywhere."""
    return tuple(_word(prefix, name, rule) for name, rule in rules.items())


def _word(prefix: str, name: str, rules: Rules) -> Word:
    column = f"{prefix}{name.lower()}{'_id' if 'refers' in rules else ''}"
    told: Rules = {"name": name, "column": column}
    return Word(**(told | rules))


def to(thing: str, **rules: Any) -> Rules:
    """Return the rules of a word that refers to a thing."""
    return ID | {"refers": thing} | rules


def words_of(each: Class) -> Iterator[tuple[str, Word]]:
    """Yield the words of a class that a published column of its own holds, by the column."""
    return ((word.column, word) for word in each.words if word.column is not None)
