"""Documents of CWLProv: one document of a workflow run, or all documents of a research object as one.

cwltool writes a document for the workflow (`primary`) and for each nested workflow, in several notations of
W3C PROV. The folder or zip of a research object is read as one JSON object with one notation of each
document: `{"cwlprov": {"primary": {"notation": "json", "content": ...}, ...}}`.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping

from provtap.errors import DocumentError
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT, bounded
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.cwlprov.runs import Runs
from provtap.ingest.readers.prov import json as prov_json
from provtap.ingest.readers.prov import prov_o, provn
from provtap.ingest.readers.prov import xml as prov_xml
from provtap.ingest.readers.prov.statements import Statement

NOTATIONS: Mapping[str, Callable[[bytes], Iterator[Statement]]] = {
    "json": prov_json.statements,
    "provn": provn.statements,
    "xml": prov_xml.statements,
    "ttl": prov_o.statements,
    "nt": prov_o.statements,
    "jsonld": prov_o.statements,
}
"""In the order of preference, by the ends of the names of files."""
_LOOKS = {
    "json": prov_json.looks_like,
    "provn": provn.looks_like,
    "xml": prov_xml.looks_like,
    "ttl": prov_o.looks_like,
}
_NAMESPACE = b"https://w3id.org/cwl/prov#"
_RUN = re.compile(rb"wfprov[:#](?:Workflow|Process)Run")
_PACKED = re.compile(rb'\s*\{\s*"cwlprov"\s*:')
_RESEARCH_OBJECT = re.compile(r"arcp://uuid,([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})/")


def looks_like(content: bytes) -> bool:
    """Return whether *content* is a document of CWLProv or a packed research object."""
    if _PACKED.match(content):
        return True
    return _NAMESPACE in content and _RUN.search(content) is not None and _notation(content) is not None


def pack(documents: Mapping[str, tuple[str, str]]) -> bytes:
    """Return the document of a research object, from the notation and text of each document by name."""
    packed = {name: {"notation": notation, "content": text} for name, (notation, text) in documents.items()}
    return canonical({"cwlprov": packed}).encode()


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the single set of records of a document of at most *most* statements.

    Raises: DocumentError.
    """
    digest = hashlib.sha256(content).hexdigest()
    if _PACKED.match(content):
        documents = [*_unpacked(content)]
    else:
        notation = _notation(content)
        if notation is None:
            raise DocumentError("this is not a document of CWLProv in PROV-JSON, PROV-N, PROV-XML or PROV-O")
        documents = [("", notation, content)]
    statements: list[Statement] = []
    for name, notation, text in documents:
        left = most - len(statements)
        try:
            statements += bounded(NOTATIONS[notation](text), left)
        except DocumentError as error:
            raise (_named(error, name) if name else error) from error
    found = _RESEARCH_OBJECT.search(content.decode(errors="replace"))
    runs = Runs(statements, found[1].lower() if found else digest, site, whole=bool(_PACKED.match(content)))
    records = tuple(runs.records())
    yield RecordSet(None, digest, records, tuple(runs.warnings))


def _unpacked(content: bytes) -> Iterator[tuple[str, str, bytes]]:
    for value in parse(content):
        for name, node in Node(value, "the research object")["cwlprov"].members():
            notation = node["notation"].given_text()
            if notation not in NOTATIONS:
                raise DocumentError(
                    f"{node['notation'].path} is {notation[:60]!r}", hint=f"Valid are {', '.join(NOTATIONS)}."
                )
            yield name, notation, node["content"].given_text().encode()


def _named(error: DocumentError, name: str) -> DocumentError:
    return DocumentError(f"{name}: {error.message}", line=error.line, column=error.column, hint=error.hint)


def _notation(content: bytes) -> str | None:
    return next((name for name, looks in _LOOKS.items() if looks(content)), None)
