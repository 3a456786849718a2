"""What the objects of the store have in common in a notebook: HTML, and libraries that are optional."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from importlib import import_module
from typing import Any

from provtap.client.delivery import ProvError

SHOWN = 20
"""Rows of a table in a notebook."""
_CHARACTERS = 200
"""Of a value in a notebook."""


class MissingExtra(ProvError, ImportError):
    """A method needs a library that is not installed. The text says what to install."""


def library(name: str, method: str) -> Any:
    """Return an optional module.

    Raises: MissingExtra.
    """
    try:
        return import_module(name)
    except ImportError as error:
        needed = name.partition(".")[0]
        raise MissingExtra(
            f"{method}() needs {needed}: install it, or the extra notebook (provtap-client[notebook])."
        ) from error


def html_table(caption: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return the first rows as a table."""
    head = "".join(f"<th>{text(name)}</th>" for name in names)
    lines = [f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in rows[:SHOWN]]
    more = len(rows) - SHOWN
    after = f"<p>and {more:,} more {'row' if more == 1 else 'rows'}</p>" if more > 0 else ""
    return (
        f"<table><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>{after}"
    )


def html_facts(caption: str, facts: Iterable[tuple[str, Any]]) -> str:
    """Return names and values as a table, without those that are not known."""
    lines = [
        f"<tr><th>{text(name)}</th><td>{text(value)}</td></tr>"
        for name, value in facts
        if value not in (None, "")
    ]
    return f"<table><caption>{text(caption)}</caption><tbody>{''.join(lines)}</tbody></table>"


def html_picture(svg: bytes, alternative: str) -> str:
    """Return a picture as an image: a script in it would not run."""
    return (
        f'<img alt="{text(alternative)}" style="max-width: 100%"'
        f' src="data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"/>'
    )


def text(value: Any) -> str:
    """Return a value as HTML: whatever the store holds is text."""
    if value is None:
        return ""
    shown = str(value)
    return escape(shown if len(shown) <= _CHARACTERS else f"{shown[:_CHARACTERS]}…")
