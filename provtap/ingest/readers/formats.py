"""The formats that documents come in: how to recognise one, and who reads it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provtap.errors import DocumentError, NoProvenance
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.json import wide_encoding
from provtap.ingest.readers import opus as activity_description
from provtap.ingest.readers.ctapipe import log as ctapipe_log
from provtap.ingest.readers.headers import files as product_file
from provtap.ingest.readers.headers import products as product_header
from provtap.ingest.readers.logprov import log as logprov_log
from provtap.ingest.readers.prov import json as prov_json
from provtap.ingest.readers.prov import jsonld as prov_jsonld
from provtap.ingest.readers.prov import provn
from provtap.ingest.readers.prov import xml as prov_xml
from provtap.ingest.readers.prov.records import reader
from provtap.ingest.readers.records import reader as record_document
from provtap.ingest.readers.records import votable as prov_votable


@dataclass(frozen=True)
class Format:
    """A format by its name on the command line."""

    name: str
    looks_like: Callable[[bytes], bool]
    """Tell cheaply whether a document may be of this format: its reader says what is wrong with it."""
    read: Callable[[bytes, str, float], Iterator[RecordSet]]
    """Yield the sets of records of a document (its bytes, its site, the most records that it may have).

    What has more raises TooMany as soon as they are counted, before they are looked at.
    """


# In the order of trial: what starts like JSON may be any of four.
FORMATS = (
    Format("header", product_header.looks_like, product_header.read),
    Format("records", record_document.looks_like, record_document.read),
    Format("jsonld", prov_jsonld.looks_like, prov_jsonld.read),
    Format("ctapipe", ctapipe_log.looks_like, ctapipe_log.read),
    Format("prov-json", prov_json.looks_like, reader(prov_json.statements)),
    Format("prov-xml", prov_xml.looks_like, reader(prov_xml.statements)),
    Format("votable", prov_votable.looks_like, prov_votable.read),
    Format("opus", activity_description.looks_like, activity_description.read),
    Format("logprov", logprov_log.looks_like, logprov_log.read),
    Format("provn", provn.looks_like, reader(provn.statements)),
)
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
NAMES = ("auto", *(known.name for known in FORMATS))


def find(name: str, content: bytes) -> Format:
    """Return the format *name*, or with `auto` the first one that *content* looks like.

    Raises: DocumentError.
    """
    if name not in NAMES:
        raise DocumentError(f"there is no format {name!r}", hint=f"Known are {', '.join(NAMES)}.")
    if not content.strip():
        raise DocumentError("the document is empty")
    for known in FORMATS:
        if name == known.name or name == "auto" and known.looks_like(content):
            return known
    if form := product_file.form_of(content):
        raise NoProvenance(f"this is a data product ({form}), not a document", hint=product_file.BY_PATH)
    if wide := wide_encoding(content):
        raise NoProvenance(f"this is {wide}, but it must be UTF-8", hint=f"iconv -f {wide} -t UTF-8")
    if packed := next((name for mark, name in _PACKED.items() if content.startswith(mark)), None):
        raise NoProvenance(f"this is packed ({packed})", hint="Unpack it first.")
    readable = ", ".join(known.name for known in FORMATS)
    raise NoProvenance(f"this is in no format that can be read ({readable})")
