"""The texts that identify a person, and how they are found in documents and replaced.

A text is found as a whole word in each of the ways in which documents write it: as it is, with escapes of
JSON, XML or SQL, or percent-encoded. Documents are not parsed for this: all formats are treated alike,
with their comments.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlsplit

PSEUDONYM = re.compile(r"person-[0-9a-f]{8}")
_SHORTEST = 3
"""Minimum characters of a text: shorter ones occur in too many other words and numbers."""
_MARKS = rb"\xc2[\xa0-\xbf]|\xe2[\x80\x81][\x80-\xbf]|\xe3\x80[\x80-\xbf]"
"""Punctuation and spaces beyond ASCII, in UTF-8."""
_BEFORE = (
    rb"(?:(?<![A-Za-z0-9\x80-\xff])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})"
    + b"".join(b"|(?<=%s)" % mark for mark in _MARKS.split(b"|"))
    + b")"
)
_AFTER = rb"(?![A-Za-z0-9]|(?!" + _MARKS + rb")[\x80-\xff])"
_IN_ID = rb"(?<=[/#:])"
"""What is before the last part of an id, also of one with a prefix."""
_AFTER_ID = _AFTER + rb"(?![@_-]|\.[A-Za-z0-9])"
_SPACE = rb"(?:\s|%20|[+_.-]|\\[ntr]|&#32;|&nbsp;)+"
_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "Ae"}
)
"""Letters without a decomposition in Unicode."""
_ESCAPES = {
    '"': (rb"\\\"", b"&quot;", b'""'),
    "'": (b"''", rb"\\'", b"&apos;"),
    "&": (b"&amp;",),
    "<": (b"&lt;",),
    ">": (b"&gt;",),
    "\\": (rb"\\\\",),
    "/": (rb"\\/",),
}


@dataclass(frozen=True)
class PersonalText:
    """A text that identifies a person, and its replacement."""

    kind: str
    """What it is, such as `e-mail address`."""
    text: str
    by: str
    pattern: re.Pattern[bytes]

    @cached_property
    def probes(self) -> tuple[str, ...]:
        """Parts of the text, one of which is in each text that contains it, in any case: to search fast."""
        words = re.findall(r"[A-Za-z0-9]+", unicodedata.normalize("NFC", self.text))
        if words:  # these are written in one way only; the last of equal ones is of the family name
            return (max(reversed(words), key=len),)
        return (self.text, json.dumps(self.text)[1:-1], quote(self.text))

    def replace(self, content: bytes) -> tuple[bytes, int]:
        """Return *content* with the text replaced, and in how many places."""
        if len(self.probes) == 1 and self.probes[0].lower().encode() not in content.lower():
            return content, 0
        return self.pattern.subn(self.by.encode(), content)


@dataclass(frozen=True)
class PersonalTexts:
    """All texts that identify a person, in the order in which they are replaced."""

    texts: Sequence[PersonalText]

    def replace(self, content: bytes) -> tuple[bytes, int]:
        """Return *content* with all texts replaced, and in how many places."""
        total = 0
        for each in self.texts:
            content, number = each.replace(content)
            total += number
        return content, total

    def found_in(self, text: str) -> bool:
        """Return whether *text* contains one of them."""
        content = text.encode(errors="surrogateescape")
        return any(each.pattern.search(content) for each in self.texts)

    @property
    def probes(self) -> list[str]:
        """Patterns of ILIKE: a value without a match contains none of the texts."""
        return [f"%{_escaped(probe)}%" for each in self.texts for probe in each.probes]


def too_short(text: str) -> bool:
    """Return whether *text* occurs in too many other texts to be replaced."""
    return len(text) < _SHORTEST and text.isascii()


def orcid(value: str, pseudonym: str) -> PersonalText:
    """Return an ORCID or ISNI, of which the hyphens may be missing."""
    digits = re.sub(r"[^0-9Xx]", "", value)
    pattern = rb"[- ]?".join(map(re.escape, _fours(digits)))
    return PersonalText("identifier", value, pseudonym, _compiled(_BEFORE, pattern, _AFTER))


def _fours(digits: str) -> list[bytes]:
    return [digits[start : start + 4].encode() for start in range(0, len(digits), 4)]


def email(value: str, pseudonym: str) -> PersonalText:
    """Return an e-mail address."""
    pattern = _compiled(_BEFORE, _written(value), _AFTER)
    return PersonalText("e-mail address", value, f"{pseudonym}@forgotten.invalid", pattern)


def url(value: str, pseudonym: str) -> PersonalText:
    """Return a web address; without a path it is kept as the beginning of other addresses."""
    after = _AFTER if urlsplit(value).path.strip("/") else _AFTER + rb"(?!/[A-Za-z0-9])"
    pattern = _compiled(_BEFORE, _written(value.rstrip("/")), after)
    return PersonalText("web address", value, f"https://forgotten.invalid/{pseudonym}", pattern)


def name(value: str, pseudonym: str) -> Iterator[PersonalText]:
    """Yield a name, as it is and with the family name first or last, with and without diacritics."""
    words = value.replace(",", " ").split()
    last_first = f"{words[-1]}, {' '.join(words[:-1])}"
    first_last = f"{' '.join(words[1:])} {words[0]}"
    forms = [value] if len(words) == 1 else [value, first_last if "," in value else last_first]
    for form in dict.fromkeys([*forms, *map(_plain, forms)]):
        yield other("name", form, pseudonym)


def last_part(id_: str, names: Iterable[str], pseudonym: str) -> Iterator[PersonalText]:
    """Yield the last part of an id if it contains a word of the *names*.

    Documents shorten ids by prefixes, so that only the last part is certain to be in them.
    """
    part = re.split(r"[/#:]", id_)[-1]
    words = [word for name in names for word in re.findall(r"\w{3,}", _plain(name).casefold())]
    if any(word in _plain(part).casefold() for word in words) and not PSEUDONYM.search(part):
        yield PersonalText("id", part, pseudonym, _compiled(_IN_ID, _written(part), _AFTER_ID, exact=True))


def other(kind: str, value: str, pseudonym: str) -> PersonalText:
    """Return any other text; a single word must have the same case."""
    exact = len(value.split()) == 1
    spaced = unicodedata.category(value[:1] or " ") != "Lo"  # such as Chinese, where no space separates words
    pattern = _compiled(_BEFORE if spaced else b"", _written(value), _AFTER if spaced else b"", exact=exact)
    return PersonalText(kind, value, pseudonym, pattern)


def _plain(text: str) -> str:
    """Return *text* without diacritics."""
    letters = unicodedata.normalize("NFKD", text).translate(_LETTERS)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _compiled(before: bytes, text: bytes, after: bytes, *, exact: bool = False) -> re.Pattern[bytes]:
    return re.compile(before + text + after, 0 if exact else re.IGNORECASE)


def _written(value: str) -> bytes:
    """Return a pattern for *value* in all ways in which documents write it."""
    words = unicodedata.normalize("NFC", value).split()
    return _SPACE.join(b"".join(map(_character, word)) for word in words)


def _character(character: str) -> bytes:
    if character.isascii() and character.isalnum():
        return character.encode()
    forms: set[bytes] = set(_ESCAPES.get(character, ()))
    for same in {character, character.lower(), character.upper(), unicodedata.normalize("NFD", character)}:
        raw = same.encode()
        forms |= {re.escape(raw), b"".join(b"(?i:%%%02x)" % byte for byte in raw)}
        units = same.encode("utf-16-be")
        forms.add(
            b"".join(rb"\\u(?i:%s)" % units[at : at + 2].hex().encode() for at in range(0, len(units), 2))
        )
        forms.add(b"".join(b"&#(?:0*%d|(?i:x0*%x));" % (ord(part), ord(part)) for part in same))
    return b"(?:" + b"|".join(sorted(forms, reverse=True)) + b")"


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
