"""Quotes texts and names for SQL; nothing else puts a user's text into SQL."""

from provtap.errors import AdqlError


def quote_text(text: str) -> str:
    """Return *text* as SQL literal, for a server with standard_conforming_strings on (its default).

    Raises: AdqlError if it contains a NUL character, which PostgreSQL can't store.
    """
    if "\0" in text:
        raise AdqlError("A text with a NUL character cannot be compared with anything.")
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Return *name* as SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
