"""Uploads: the tables of a request are fetched, read in any serialization, and added to the tableset.

Other modules use `read_uploads`. Nothing is stored: the tables are in memory, and then in the text of one SQL
statement.
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
"""Number of bytes to read at once."""


class Part(Protocol):
    """A source of the bytes of one part of a request, which can be read once."""

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes, empty at the end."""


def read_uploads(
    values: Sequence[str],
    parts: Mapping[str, Part],
    settings: Settings,
    *,
    client: str = "",
    wait: float = 30.0,
) -> tuple[UploadedTable, ...]:
    """Return the tables in the *values* of UPLOAD; those with `param:` URIs are in *parts*.

    Large ones wait up to *wait* seconds for others of the same *client*, and of other clients.

    Raises: ParameterError for an invalid UPLOAD; UploadError for a table that can't be fetched or read;
    TooLarge for one over a limit; Busy.
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
    """Return the *tableset* with these uploaded *tables*."""
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
    """The maximum total size of the tables of one request."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._left = limit

    def pieces(self, part: Part, budget: Budget) -> Iterator[bytes]:
        """Yield the bytes of *part*; other uploads may be read while it waits.

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
    """Yield the same pieces, unless the first one shows that this is not a VOTable."""
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
"""Blanks, byte order marks, and the NUL bytes of UTF-16."""
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
