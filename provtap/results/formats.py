"""RESPONSEFORMAT: its values, and the writer of each (DALI 1.1, section 3.4.3; TAP 1.1, section 2.7.2)."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Literal, Protocol

from provtap.disk import Room
from provtap.errors import ParameterError
from provtap.results.binary import write_binary, write_binary2
from provtap.results.cells import only_numbers
from provtap.results.delimited import write_csv, write_tsv
from provtap.results.fits import write_fits
from provtap.results.html import write_html
from provtap.results.json import write_json
from provtap.results.parquet import write_parquet
from provtap.results.text import write_text
from provtap.results.votable import Info, write_votable
from provtap.tableset import Column


class Writer(Protocol):
    """Converts the blocks of a COPY to a document, piece by piece; uses neither database nor HTTP."""

    def __call__(
        self,
        columns: Sequence[Column],
        blocks: Iterable[tuple[int, bytes]],
        maxrec: int,
        infos: Sequence[Info],
    ) -> Iterator[bytes]:
        """Yield the document; *blocks* contains one row more than *maxrec* if there is an overflow."""


CopyForm = Literal["text", "marked", "csv", "binary"]


@dataclass(frozen=True)
class ResultFormat:
    """One format of results, as declared in the capabilities."""

    mime: str
    """Media type with parameters: requested by clients, and sent as Content-Type."""
    aliases: tuple[str, ...]
    extension: str
    """The suffix of file names, without the dot."""
    copy: CopyForm
    """The form of COPY that *write* needs."""
    write: Writer
    write_numbers: Writer | None = None
    """The writer for COPY's binary form, used if all columns are numbers."""
    is_on_disk: bool = False
    """Whether its writers need a file, and get the *room* for it."""
    ivo_id: str | None = None
    """Standard identifier of the format, if TAPRegExt 1.0 has one."""

    def file_name(self, *stems: str | None) -> str:
        """Return a name for a file of this format, from the first of *stems* with any safe characters."""
        safe = (re.sub("[^A-Za-z0-9._-]+", "_", stem or "")[:64].strip("._-") for stem in stems)
        return f"{next(filter(None, safe), 'result')}.{self.extension}"

    def writer(self, columns: Sequence[Column], room: Room) -> tuple[CopyForm, Writer]:
        """Return the writer for rows of these columns with this *room*, and the form of COPY it needs."""
        copy = self.copy
        write: Callable[..., Iterator[bytes]] = self.write
        if self.write_numbers and only_numbers(columns):
            copy, write = "binary", self.write_numbers
        return copy, partial(write, room=room) if self.is_on_disk else write


_VOTABLE = "application/x-votable+xml"
_TAPREGEXT = "ivo://ivoa.net/std/TAPRegExt"
_PARQUET = ResultFormat(
    "application/vnd.apache.parquet",
    ("parquet",),
    "parquet",
    "marked",
    write_parquet,
    partial(write_parquet, binary=True),
)

FORMATS: tuple[ResultFormat, ...] = (
    ResultFormat(_VOTABLE, ("votable",), "vot", "text", write_votable),
    ResultFormat(
        f"{_VOTABLE};serialization=TABLEDATA",
        ("votable/td", "votabletd"),
        "vot",
        "text",
        write_votable,
        ivo_id=f"{_TAPREGEXT}#output-votable-td",
    ),
    ResultFormat(
        f"{_VOTABLE};serialization=BINARY2",
        ("votable/b2", "votableb2"),
        "vot",
        "marked",
        write_binary2,
        partial(write_binary2, binary=True),
        ivo_id=f"{_TAPREGEXT}#output-votable-binary2",
    ),
    ResultFormat(
        f"{_VOTABLE};serialization=BINARY",
        ("votable/b", "votableb"),
        "vot",
        "marked",
        write_binary,
        partial(write_binary, binary=True),
        ivo_id=f"{_TAPREGEXT}#output-votable-binary",
    ),
    ResultFormat("text/xml", (), "xml", "text", write_votable),
    ResultFormat("text/csv;header=present", ("csv", "text/csv"), "csv", "csv", write_csv),
    ResultFormat("text/csv;header=absent", (), "csv", "csv", partial(write_csv, header=False)),
    ResultFormat("text/tab-separated-values", ("tsv",), "tsv", "text", write_tsv),
    ResultFormat(
        "text/tab-separated-values;header=absent", (), "tsv", "text", partial(write_tsv, header=False)
    ),
    ResultFormat("application/json", ("json",), "json", "marked", write_json),
    ResultFormat(
        "application/fits",
        ("fits",),
        "fits",
        "marked",
        write_fits,
        partial(write_fits, binary=True),
        is_on_disk=True,
    ),
    *([_PARQUET] if find_spec("pyarrow") else []),
    ResultFormat("text/plain;charset=utf-8", ("text", "text/plain"), "txt", "marked", write_text),
    ResultFormat("text/html;charset=utf-8", ("html", "text/html"), "html", "marked", write_html),
)
"""The available formats, the default first; Parquet only if pyarrow is installed."""


def choose(responseformat: str | None) -> ResultFormat:
    """Return the format for RESPONSEFORMAT (or FORMAT); the default is VOTable.

    Case, blanks around `;`, a `+` that arrived as a blank, and `charset=utf-8`, which is used anyway, are
    ignored.

    Raises: ParameterError, with a list of the available formats.
    """
    if not responseformat or not responseformat.strip():
        return FORMATS[0]
    try:
        return _BY_NAME[_key(responseformat)]
    except KeyError:
        offered = ", ".join(name for f in FORMATS for name in (f.mime, *f.aliases))
        raise ParameterError(
            f"RESPONSEFORMAT {responseformat!r} is not supported.", hint=f"Supported are {offered}."
        ) from None


def _key(name: str) -> str:
    """Return *name* in the normalized spelling for looking up formats."""
    media_type, *parameters = (part.strip() for part in name.lower().split(";"))
    meant = (re.sub(r"\s*=\s*\"?([^\"]*)\"?", r"=\1", p) for p in parameters if p)
    return ";".join([media_type.replace(" ", "+"), *(p for p in meant if p != "charset=utf-8")])


_BY_NAME = {_key(name): f for f in FORMATS for name in (f.mime, *f.aliases)}
