"""Search texts as patterns of LIKE, with all special characters of LIKE escaped."""

import re
from dataclasses import dataclass

_SPECIAL = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})
_IN_A_ROW = re.compile(r"[^\W_]{3}", re.ASCII)
"""Matches texts that the index of parts of names can find."""
_WILD = re.compile(r"[*?]")
_DIGEST = re.compile(r"(?:[A-Za-z][\w-]*:)?([0-9a-fA-F]{8,128})")
_UUID = re.compile(r"(?:urn:uuid:)?([0-9a-fA-F]{8}[0-9a-fA-F-]{0,28})")


@dataclass(frozen=True)
class Pattern:
    """A search text with the wildcards `*` and `?` of a shell."""

    text: str

    @property
    def is_wild(self) -> bool:
        """Whether it has a wildcard; it then matches whole names."""
        return _WILD.search(self.text) is not None

    @property
    def is_path(self) -> bool:
        """Whether it may be the beginning of a path."""
        return "/" in self.text

    @property
    def has_part(self) -> bool:
        """Whether the index of parts of names can find it."""
        return _IN_A_ROW.search(self.text) is not None

    @property
    def has_beginning(self) -> bool:
        """Whether it has a fixed beginning of names."""
        return self.text[:1] not in {"", "*", "?"}

    @property
    def beginning(self) -> str:
        """The pattern for names that begin with the text."""
        return self.whole if self.is_wild else f"{escaped(self.text)}%"

    @property
    def part(self) -> str:
        """The pattern for names that contain the text."""
        return self.whole if self.is_wild else f"%{escaped(self.text)}%"

    @property
    def whole(self) -> str:
        """The pattern for whole names, with wildcards."""
        return escaped(self.text).replace("*", "%").replace("?", "_")

    @property
    def digest(self) -> str | None:
        """The pattern for checksums that begin with the text, if it can be the beginning of one."""
        found = _DIGEST.fullmatch(self.text)
        return f"{found[1].lower()}%" if found else None

    @property
    def uuid(self) -> str | None:
        """The pattern for ids with a UUID that begins with the text: pages show eight digits."""
        found = _UUID.fullmatch(self.text)
        return f"urn:uuid:{found[1].lower()}%" if found else None

    @property
    def words(self) -> tuple[str, ...]:
        """The words to mark in a hit."""
        return tuple(word for word in _WILD.split(self.text) if word)

    def without_one_piece(self) -> list[str]:
        """Return patterns for names that differ in one part between dots, dashes and similar characters."""
        pieces = [found.span() for found in re.finditer(r"[^\W_]+", self.text)][:8]
        kept = [(self.text[:begin], self.text[end:]) for begin, end in pieces]
        return ["%".join(map(escaped, some)) for some in kept if _IN_A_ROW.search(" ".join(some))]


def escaped(text: str) -> str:
    """Return the pattern that matches only *text*."""
    return text.translate(_SPECIAL)
