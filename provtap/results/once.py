"""Texts that are made once: answer after answer describes the same columns."""

from collections.abc import Callable, Hashable

MOST = 2_000
"""Texts to keep; it is quicker to begin anew than to find out which one to forget."""
LONGEST = 10_000
"""Characters of a text to keep: what clients choose, such as names, may be long."""

_kept: dict[tuple[Hashable, ...], str] = {}


def once(form: Callable[..., str], *arguments: Hashable) -> str:
    """Return what *form* makes of *arguments*, which come again and again, and of nothing else."""
    key = (form, *arguments)
    made = _kept.get(key)
    if made is None:
        made = form(*arguments)
        if len(made) <= LONGEST:
            if len(_kept) >= MOST:
                _kept.clear()
            _kept[key] = made
    return made
