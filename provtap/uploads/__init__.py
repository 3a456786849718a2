"""Uploads: the tables of a request are fetched, read in any of their forms, and added to the tableset.

`read_uploads` is all that others need. Nothing is stored: the tables live in memory, and then in the text of
one SQL statement.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Protocol

from provtap.adql.plan.tree import UploadedTable
from provtap.config import Settings
from provtap.errors import ParameterError, TooLarge, UploadError
from provtap.tableset import Schema, Tableset
from provtap.uploads.addresses import is_any, is_public
from provtap.uploads.budget import Budget
from provtap.uploads.fetch import Fetcher
from provtap.uploads.names import Upload, uploads
from provtap.uploads.read_votable import read_votable

__all__ = ["Part", "Upload", "read_uploads", "uploads", "with_uploads"]

PIECE = 262_144
"""Bytes to read at once."""


class Part(Protocol):
    """What the bytes of one part of a request are read from, once."""

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes, none at the end."""


def read_uploads(
    values: Sequence[str],
    parts: Mapping[str, Part],
    settings: Settings,
    *,
    client: str = "",
    wait: float = 30.0,
) -> tuple[UploadedTable, ...]:
    """Return the tables that the *values* of UPLOAD name; those of `param:` URIs are among *parts*.

    Large ones wait for others of the same *client*, and for those of other clients, up to *wait* seconds.

    Raises: ParameterError for a wrong UPLOAD; UploadError for a table that can't be had or read; TooLarge
    for one over a limit; Busy.
    """
    allowance = _Allowance(settings.upload_bytes)
    tables = []
    with closing(Budget(settings, client, wait)) as budget:
        for upload in uploads(values, settings.upload_tables):
            with _opened(upload, parts, settings) as part:
                pieces = _checked(allowance.pieces(part, budget), upload)
                tables.append(read_votable(upload.name, pieces, budget))
    return tuple(tables)


def with_uploads(tableset: Tableset, tables: Sequence[UploadedTable]) -> Tableset:
    """Return the *tableset* of a request that brings these *tables*."""
    schema = Schema(name="tap_upload", description="The tables of this request.", tables=tuple(tables))
    return replace(tableset, schemas=(*tableset.schemas, schema)) if tables else tableset


@contextmanager
def _opened(upload: Upload, parts: Mapping[str, Part], settings: Settings) -> Iterator[Part]:
    scheme, _, name = upload.uri.partition(":")
    if scheme.lower() != "param":
        fetcher = Fetcher(settings.upload_duration, is_any if settings.upload_private else is_public)
        with fetcher.opened(upload.uri) as download:
            yield download
        return
    if name not in parts:
        raise ParameterError(
            f"The upload {upload.name} refers to the file {name[:80]!r}, which is not in the request.",
            hint=f"Its files are: {', '.join(parts) or 'none'}. A part of the form is a file if it has"
            " a file name.",
        )
    yield parts[name]


class _Allowance:
    """The bytes that the tables of one request may have together."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit

    def pieces(self, part: Part, budget: Budget) -> Iterator[bytes]:
        """Yield the bytes of *part*; others may read while they are waited for.

        Raises: TooLarge at the first byte over the limit.
        """
        while piece := self._next(part, budget):
            self._left -= len(piece)
            if self._left < 0:
                raise TooLarge(f"The uploads exceed the limit of {self._limit} bytes.")
            yield piece

    @staticmethod
    def _next(part: Part, budget: Budget) -> bytes:
        budget.pause()
        return part.read(PIECE)


def _checked(pieces: Iterator[bytes], upload: Upload) -> Iterator[bytes]:
    """Yield the same pieces, unless the first shows that this is no VOTable."""
    first = next(pieces, b"")
    for start, what in _OTHERS.items():
        if first.startswith(start):
            raise UploadError(f"The upload {upload.name} is {what}, not a VOTable.", hint="Convert it first.")
    if not first.strip():
        raise UploadError(f"The upload {upload.name} is empty.")
    if not first.lstrip(_BEFORE_XML).startswith(b"<"):
        line = first.decode("utf-8", "replace").strip().partition("\n")[0].strip()
        raise UploadError(
            f"The upload {upload.name} is not a VOTable; it begins with {line[:40]!r}.", hint=_TO_VOTABLE
        )
    yield first
    yield from pieces


_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
"""Blanks, byte order marks, and half a character of UTF-16."""
_TO_VOTABLE = (
    "Convert a table of text like CSV first: in TOPCAT, save it as VOTable; in Python, with"
    " astropy.table.Table.read(file, format='ascii.csv').write('t.vot', format='votable')."
)
_OTHERS = {
    b"\x1f\x8b": "compressed with gzip",
    b"SIMPLE  =": "a FITS file",
    b"PK\x03\x04": "compressed with zip",
    b"PAR1": "a Parquet file",
    b"\x89HDF": "an HDF5 file",
    b"# %ECSV": "an ECSV file",
}
