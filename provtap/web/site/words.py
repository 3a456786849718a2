"""The form of values on pages: the filters of the templates."""

import re
from collections.abc import Sequence
from datetime import datetime

from markupsafe import Markup, escape

from provtap.web.site.store import Total

MOST_CHARACTERS = 200
"""Maximum characters of a title; longer values are cut, with the whole value in the attribute `title`."""
_UUID = re.compile(r"(?:urn:uuid:)?([0-9a-fA-F]{8})-[0-9a-fA-F]{4}-[0-9a-fA-F-]{22}")
_LINK = re.compile(r"(?:https?|ftp)://[^\s/]", re.IGNORECASE)


def short(id_: str) -> str:
    """Return the distinctive part of an id: eight digits of a UUID, otherwise its head and tail."""
    if uuid := _UUID.fullmatch(id_):
        return uuid[1]
    return id_ if len(id_) <= 24 else f"{id_[:10]}…{id_[-12:]}"


def cut(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return *text*, cut after *most* characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def when(time: datetime) -> str:
    """Return day and minute, as in `28 Nov 2026, 22:15`."""
    return f"{time.day} {time:%b} {time.year}, {time:%H:%M}"


def day(time: datetime) -> str:
    """Return the day in full, as in `28 November 2026`."""
    return f"{time.day} {time:%B} {time.year}"


def clock(time: datetime) -> str:
    """Return the time of day, to the second."""
    return f"{time:%H:%M:%S}"


def duration(seconds: float) -> str:
    """Return a duration in two units at most, as in `1 min 32 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, lesser, lesser_unit in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // lesser
            return f"{whole // size} {unit}" + (f" {rest} {lesser_unit}" if rest else "")
    return f"{whole} s"


def number(value: int) -> str:
    """Return a count with thin spaces between thousands, as in `32 970`."""
    return f"{value:,}".replace(",", "\u202f")


def size(value: int) -> str:
    """Return a number of bytes in the largest unit that leaves 1 or more."""
    amount = float(value)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.3g} {unit}"


def total(count: Total) -> str:
    """Return a total, as in `29` or `more than 1 000`."""
    return f"more than {number(count.number)}" if count.more else number(count.number)


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return *count* with its noun, as in `1 file`, `29 files`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def marked(text: str, words: Sequence[str]) -> Markup:
    """Return *text* as HTML with each of *words* marked, ignoring case."""
    parts = [re.escape(word) for word in words if word]
    if not parts:
        return escape(text)
    pieces = re.split(f"({'|'.join(parts)})", text, flags=re.IGNORECASE)
    wrapped = (Markup("<mark>{}</mark>").format(p) if i % 2 else escape(p) for i, p in enumerate(pieces))
    return Markup("").join(wrapped)


def is_link(text: str | None) -> bool:
    """Return whether a text of the store may be a link: never `javascript:`, `data:` or a local path."""
    return text is not None and _LINK.match(text) is not None


FILTERS = {
    f.__name__: f for f in (short, cut, when, day, clock, duration, number, total, size, plural, marked)
}
