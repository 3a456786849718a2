"""The formats of documents: how they are recognised, and their readers.

Other packages add readers by entry points of the group `provtap.readers`, each for a `Reader`.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from provtap.errors import DocumentError, FormatNotRead, NoProvenance, SettingsError
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.json import parse, wide_encoding
from provtap.ingest.readers import caom, command_run, km3net, openlineage, rocrate, rubin_report, withdrawal
from provtap.ingest.readers import opus as activity_description
from provtap.ingest.readers.ctapipe import log as ctapipe_log
from provtap.ingest.readers.cwlprov import document as cwlprov
from provtap.ingest.readers.headers import files as product_file
from provtap.ingest.readers.headers import products as product_header
from provtap.ingest.readers.logprov import log as logprov_log
from provtap.ingest.readers.lstosa import json as lstosa_json
from provtap.ingest.readers.lstosa import log as lstosa_log
from provtap.ingest.readers.prov import json as prov_json
from provtap.ingest.readers.prov import jsonld as prov_jsonld
from provtap.ingest.readers.prov import prov_o, provn
from provtap.ingest.readers.prov import xml as prov_xml
from provtap.ingest.readers.prov.records import reader
from provtap.ingest.readers.records import reader as record_document
from provtap.ingest.readers.records import votable as prov_votable
from provtap.ingest.readers.unread import recognise


@dataclass(frozen=True)
class Reader:
    """The reader of a format, by the name of the format on the command line."""

    name: str
    looks_like: Callable[[bytes], bool]
    """Quickly checks whether a document may be in this format; errors in it are reported by `read`."""
    read: Callable[[bytes, str, float], Iterator[RecordSet]]
    """Yields the sets of records of a document, given its bytes, its site and its maximum number of records.

    Raises TooMany as soon as more records are counted, before they are processed.
    """


# In the order of recognition: a document that starts like JSON may be in one of four formats.
OWN = (
    Reader("header", product_header.looks_like, product_header.read),
    Reader("records", record_document.looks_like, record_document.read),
    Reader("withdrawal", withdrawal.looks_like, withdrawal.read),
    Reader("run", command_run.looks_like, command_run.read),
    Reader("openlineage", openlineage.looks_like, openlineage.read),
    Reader("rocrate", rocrate.looks_like, rocrate.read),
    Reader("rubin-report", rubin_report.looks_like, rubin_report.read),
    Reader("lstosa", lstosa_log.looks_like, lstosa_log.read),
    Reader("lstosa-json", lstosa_json.looks_like, lstosa_json.read),
    Reader("cwlprov", cwlprov.looks_like, cwlprov.read),
    Reader("prov-o", prov_o.looks_like, prov_o.read),
    Reader("jsonld", prov_jsonld.looks_like, prov_jsonld.read),
    Reader("km3net", km3net.looks_like, km3net.read),
    Reader("ctapipe", ctapipe_log.looks_like, ctapipe_log.read),
    Reader("prov-json", prov_json.looks_like, reader(prov_json.statements)),
    Reader("prov-xml", prov_xml.looks_like, reader(prov_xml.statements)),
    Reader("caom", caom.looks_like, caom.read),
    Reader("votable", prov_votable.looks_like, prov_votable.read),
    Reader("opus", activity_description.looks_like, activity_description.read),
    Reader("logprov", logprov_log.looks_like, logprov_log.read),
    Reader("provn", provn.looks_like, reader(provn.statements)),
)
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*["}]|\[\s*[\[\]{"])')
"""Matches the beginning of JSON, but not of a log with times in brackets."""
GROUP = "provtap.readers"


@cache
def installed() -> tuple[Reader, ...]:
    """Return the readers of other packages, by name; loaded late, because they import this module.

    Raises: SettingsError for an unusable reader.
    """
    return tuple(_load(point) for point in sorted(entry_points(group=GROUP)))


def _load(point: EntryPoint) -> Reader:
    try:
        reader = point.load()
    except Exception as error:  # of any package
        raise SettingsError(f"The reader {point.name} ({point.value}) cannot be loaded: {error}.") from error
    if not isinstance(reader, Reader):
        raise SettingsError(f"The reader {point.name} ({point.value}) is not a Reader of {__name__}.")
    if reader.name in {"auto", "sql", *(own.name for own in OWN)}:
        raise SettingsError(
            f"The reader {point.name} ({point.value}) has the name {reader.name},"
            " which is one of ProvTAP's own."
        )
    return reader


def readers() -> tuple[Reader, ...]:
    """Return all readers in the order of recognition, our own first."""
    return (*OWN, *installed())


def names() -> tuple[str, ...]:
    """Return the names of the formats that can be selected."""
    return ("auto", *(known.name for known in readers()))


def find(name: str, content: bytes) -> Reader:
    """Return the reader of the format *name*; with `auto`, the first one that recognises *content*.

    Raises: DocumentError; SettingsError for an unusable installed reader.
    """
    if name not in names():
        raise DocumentError(f"unknown format {name!r}", hint=f"The formats are {', '.join(names())}.")
    if not content.strip():
        raise NoProvenance("the document is empty")
    for known in readers():
        if name == known.name or name == "auto" and known.looks_like(content):
            return known
    raise _unknown(content)


def _unknown(content: bytes) -> DocumentError:
    """Return the reason why no reader accepts *content*."""
    if known := recognise(content):
        return FormatNotRead(f"this is {known.what}, which is not supported", hint=known.instead)
    if form := product_file.form_of(content):
        return FormatNotRead(f"this is a data product ({form}), not a document", hint=product_file.BY_PATH)
    if wide := wide_encoding(content):
        return FormatNotRead(f"this is {wide}, but it must be UTF-8", hint=f"iconv -f {wide} -t UTF-8")
    if packed := next((name for mark, name in _PACKED.items() if content.startswith(mark)), None):
        return FormatNotRead(f"this is compressed ({packed})", hint="Decompress it first.")
    if _JSON.match(content):
        try:
            deque(parse(content, as_python=True), maxlen=0)
        except DocumentError as error:
            return error
        return NoProvenance("this is JSON, but not in a format of provenance")
    readable = ", ".join(reader.name for reader in readers())
    return NoProvenance(f"the format was not recognised; it must be one of {readable}")
