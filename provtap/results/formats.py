"""RESPONSEFORMAT: its values, and the writer of each (DALI 1.1, section 3.4.3; TAP 1.1, section 2.7.2)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol

from provtap.errors import ParameterError
from provtap.results.delimited import write_csv, write_tsv
from provtap.results.votable import Info, write_votable
from provtap.tableset import Column


class Writer(Protocol):
    """Turns the blocks of a COPY into a document, piece by piece; knows neither database nor HTTP."""

    def __call__(
        self,
        columns: Sequence[Column],
        blocks: Iterable[tuple[int, bytes]],
        maxrec: int,
        infos: Sequence[Info],
    ) -> Iterator[bytes]:
        """Yield the document; *blocks* hold one row more than *maxrec* if the result has more."""


@dataclass(frozen=True)
class Format:
    """One way to write a result, as capabilities declare it."""

    mime: str
    """Media type with parameters: asked for by clients, and sent as Content-Type."""
    aliases: tuple[str, ...]
    copy: Literal["text", "csv"]
    """The form of COPY that *write* starts from."""
    write: Writer
    ivo_id: str | None = None
    """Standard identifier of the format, where TAPRegExt 1.0 has one."""


FORMATS: tuple[Format, ...] = (
    Format("application/x-votable+xml", ("votable",), "text", write_votable),
    Format(
        "application/x-votable+xml;serialization=TABLEDATA",
        ("votable/td", "votabletd"),
        "text",
        write_votable,
        "ivo://ivoa.net/std/TAPRegExt#output-votable-td",
    ),
    Format("text/xml", (), "text", write_votable),
    Format("text/csv;header=present", ("csv", "text/csv"), "csv", write_csv),
    Format("text/csv;header=absent", (), "csv", partial(write_csv, header=False)),
    Format("text/tab-separated-values", ("tsv",), "text", write_tsv),
)
"""The formats on offer, the default first."""


def choose(responseformat: str | None) -> Format:
    """Return the format that RESPONSEFORMAT (or FORMAT) asks for; without one, VOTable.

    Case does not matter, nor blanks round `;`, nor a `+` that arrived as a blank, nor `charset=utf-8`,
    which is what is sent anyway.

    Raises: ParameterError, listing what is offered.
    """
    if not responseformat or not responseformat.strip():
        return FORMATS[0]
    try:
        return _BY_NAME[_key(responseformat)]
    except KeyError:
        offered = ", ".join(name for f in FORMATS for name in (f.mime, *f.aliases))
        raise ParameterError(
            f"RESPONSEFORMAT {responseformat!r} is not offered.", hint=f"Offered are: {offered}."
        ) from None


def _key(name: str) -> str:
    """Return *name* in the one spelling that the formats are found by."""
    media_type, *parameters = (part.strip() for part in name.lower().split(";"))
    meant = (re.sub(r"\s*=\s*\"?([^\"]*)\"?", r"=\1", p) for p in parameters if p)
    return ";".join([media_type.replace(" ", "+"), *(p for p in meant if p != "charset=utf-8")])


_BY_NAME = {_key(name): f for f in FORMATS for name in (f.mime, *f.aliases)}
