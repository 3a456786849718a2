"""What people type to find something, as patterns of LIKE. Every character of a name stands for itself."""

import re
from dataclasses import dataclass

_SPECIAL = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})
_IN_A_ROW = re.compile(r"[^\W_]{3}", re.ASCII)
"""What the index of parts of names can look for."""
_WILD = re.compile(r"[*?]")
_DIGEST = re.compile(r"(?:[A-Za-z][\w-]*:)?([0-9a-fA-F]{8,128})")
_UUID = re.compile(r"(?:urn:uuid:)?([0-9a-fA-F]{8}[0-9a-fA-F-]{0,28})")


@dataclass(frozen=True)
class Pattern:
    """A text to look for, in which `*` and `?` are those of a shell."""

    text: str

    @property
    def is_wild(self) -> bool:
        """Whether it has a `*` or `?`; it then means whole names."""
        return _WILD.search(self.text) is not None

    @property
    def is_path(self) -> bool:
        """Whether it may be the beginning of a path."""
        return "/" in self.text

    @property
    def has_part(self) -> bool:
        """Whether the index of parts of names can look for it."""
        return _IN_A_ROW.search(self.text) is not None

    @property
    def has_beginning(self) -> bool:
        """Whether it says how names begin."""
        return self.text[:1] not in {"", "*", "?"}

    @property
    def beginning(self) -> str:
        """For what begins so."""
        return self.whole if self.is_wild else f"{escaped(self.text)}%"

    @property
    def part(self) -> str:
        """For what it occurs in."""
        return self.whole if self.is_wild else f"%{escaped(self.text)}%"

    @property
    def whole(self) -> str:
        """For what it is, with wildcards."""
        return escaped(self.text).replace("*", "%").replace("?", "_")

    @property
    def digest(self) -> str | None:
        """For checksums that begin so, if it can be the beginning of one."""
        found = _DIGEST.fullmatch(self.text)
        return f"{found[1].lower()}%" if found else None

    @property
    def uuid(self) -> str | None:
        """For ids whose UUID begins so: pages show eight digits."""
        found = _UUID.fullmatch(self.text)
        return f"urn:uuid:{found[1].lower()}%" if found else None

    @property
    def words(self) -> tuple[str, ...]:
        """What to mark in a hit."""
        return tuple(word for word in _WILD.split(self.text) if word)

    def without_one_piece(self) -> list[str]:
        """Return patterns for names that differ in one piece between dots, dashes and the like."""
        pieces = [found.span() for found in re.finditer(r"[^\W_]+", self.text)][:8]
        kept = [(self.text[:begin], self.text[end:]) for begin, end in pieces]
        return ["%".join(map(escaped, some)) for some in kept if _IN_A_ROW.search(" ".join(some))]


def escaped(text: str) -> str:
    """Return *text* as a pattern that only it matches."""
    return text.translate(_SPECIAL)
