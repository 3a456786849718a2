"""Formats that are recognised but not supported: what each is, and what to ingest instead."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_START = 65536
"""Bytes at the start of a document that are searched for its marks."""


@dataclass(frozen=True)
class UnreadFormat:
    """A format, how it is recognised, and a hint."""

    what: str
    is_it: Callable[[bytes], bool]
    """Returns whether the start of a document is in this format."""
    instead: str | None = None


def recognise(content: bytes) -> UnreadFormat | None:
    """Return the unsupported format of *content*, if it is one."""
    start = content[:_START].removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((known for known in UNREAD if known.is_it(start)), None)


def _json(*patterns: bytes) -> Callable[[bytes], bool]:
    """Return a test for JSON that contains all *patterns*."""
    compiled = [re.compile(pattern) for pattern in patterns]
    return lambda start: start[:1] in (b"{", b"[") and all(each.search(start) for each in compiled)


def _text(pattern: bytes) -> Callable[[bytes], bool]:
    """Return a test for text that contains *pattern*."""
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda start: compiled.search(start) is not None


is_n_quads = _text(
    rb"""^(?:<[^<>\s]*>|_:\S+)\s+<[^<>\s]*>\s+(?:<[^<>\s]*>|_:\S+|"(?:[^"\\\n]|\\.)*"(?:@[\w-]+|\^\^<[^<>\s]*>)?)"""
    rb"""\s+(?:<[^<>\s]*>|_:\S+)\s*\.\s*$"""
)
"""Recognise a line of four terms: TriG, which contains N-Triples, does not contain N-Quads."""
_SNAKEMAKE = "Run Snakemake with the logger plugin of ProvTAP: snakemake --logger provtap."
UNREAD = (
    UnreadFormat(
        "RDF in XML",
        _text(rb"<(?:\w+:)?RDF\b[^>]*http://www\.w3\.org/1999/02/22-rdf-syntax-ns#"),
        "Convert it to Turtle.",
    ),
    UnreadFormat(
        "RDF in N-Quads",
        is_n_quads,
        "Convert it to TriG.",
    ),
    UnreadFormat("RDF without terms of PROV", _text(rb"\A(?:#[^\n]*\n\s*)*(?:@prefix|PREFIX)\s[^\n]*<")),
    UnreadFormat(
        "an association of JWST: a plan, not a record of what was done",
        _json(rb'"asn_rule"\s*:'),
        "Ingest the products.",
    ),
    UnreadFormat(
        "a record of con-duct",
        _json(rb'"command"\s*:', rb'"duct_version"\s*:'),
        "Run the command with `provtap run`.",
    ),
    UnreadFormat(
        "Snakemake's record of one output",
        _json(rb'"record_format_version"\s*:', rb'"job_hash"\s*:'),
        _SNAKEMAKE,
    ),
    UnreadFormat("a file of events of Snakemake", _json(rb'"snakemake_version"\s*:'), _SNAKEMAKE),
    UnreadFormat(
        "a run record of DataLad",
        _text(rb"^=== Do not change lines below ===\s*$"),
        "Run the command with `provtap run`.",
    ),
    UnreadFormat(
        "the metadata of an SKA data product: it names no inputs",
        _text(rb"^interface:\s*\S*ska-data-product-meta"),
        "Record the run that made it with `provtap run`.",
    ),
    UnreadFormat(
        "the YAML of voprov",
        _text(rb"\A(?:activity|entity|agent|used|wasGeneratedBy|hadMember):\s*$"),
        "Let voprov write PROV-JSON.",
    ),
    UnreadFormat(
        "a quantum graph of Rubin",
        lambda start: start.startswith(b"PK\x03\x04") and b"header.json.zst" in start[:4096],
        "Ingest its provenance report or its products.",
    ),
)
"""In the order of recognition."""
