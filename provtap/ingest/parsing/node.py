"""A JSON value with its path in the document, which readers use in error messages."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from provtap.errors import DocumentError

_PLAIN_KEY = re.compile(r"\w+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
KINDS: Mapping[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}
"""Names of the types of JSON in messages."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its path (`[0].input[1].role`); missing values are null.

    All reading methods raise DocumentError, with the path, if the value has another type.
    """

    value: Any
    path: str

    def __getitem__(self, key: str) -> "Node":
        """Return the member *key* of this object; null if it is missing."""
        step = f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
        return Node(self._object().get(key), f"{self.path}{step}")

    def __contains__(self, key: object) -> bool:
        """Return whether this object has the member *key*; null has none."""
        return key in self._object()

    def __iter__(self) -> Iterator[str]:
        """Yield the keys of this object; null has none."""
        return iter(self._object())

    def members(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the keys and members of this object; null has none."""
        return ((key, self[key]) for key in self._object())

    def items(self) -> Iterator["Node"]:
        """Yield the items of this array; null has none."""
        if self.value is not None and not isinstance(self.value, list):
            raise self.wrong("must be an array")
        return (Node(item, f"{self.path}[{at}]") for at, item in enumerate(self.value or ()))

    def text(self, limit: int | None = None) -> str | None:
        """Return the text, of at most *limit* bytes, or None for null."""
        if self.value is not None and not isinstance(self.value, str):
            raise self.wrong("must be a text or null")
        if limit is not None and self.value is not None and (size := len(self.value.encode())) > limit:
            raise DocumentError(f"{self.path} has {size} bytes; the limit is {limit}")
        return self.value

    def given_text(self, limit: int | None = None) -> str:
        """Return the text, which must not be missing or empty."""
        if self.value is None:
            raise DocumentError(f"{self.path} is missing")
        text = self.text(limit)
        if not text:
            raise DocumentError(f"{self.path} is empty")
        return text

    def uuid(self) -> str | None:
        """Return the UUID in lower case, or None for null or an empty text."""
        text = self.text()
        if text and not _UUID.fullmatch(text):
            raise DocumentError(f"{self.path} is not a UUID: {_short(text)}")
        return text.lower() if text else None

    def instant(self) -> datetime | None:
        """Return the ISO 8601 time in UTC, without a zone, or None for null or an empty text.

        A time without zone is in UTC, as ctapipe writes it.
        """
        text = self.text()
        if not text:
            return None
        try:
            return utc(text)
        except ValueError as error:
            raise DocumentError(f"{self.path} {error}") from error

    def whole_number(self, bits: int = 32) -> int | None:
        """Return the integer, of at most *bits* bits including its sign, or None for null."""
        if self.value is None:
            return None
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong("must be a whole number or null")
        if not -(2 ** (bits - 1)) <= self.value < 2 ** (bits - 1):
            raise DocumentError(f"{self.path} is out of range")
        return self.value

    def wrong(self, rule: str) -> DocumentError:
        """Return the error for a value of the wrong type."""
        return DocumentError(f"{self.path} {rule}, not {KINDS[type(self.value)]}")

    def _object(self) -> dict[str, Any]:
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.wrong("must be an object")
        return self.value


def utc(text: str) -> datetime:
    """Return the ISO 8601 time *text* in UTC, without a zone.

    Raises: ValueError with the end of a sentence about the text.
    """
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError) as error:
        raise ValueError(f"is not a time of the years 1 to 9999: {_short(text)}") from error


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
