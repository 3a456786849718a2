"""PROV-JSONLD (openprovenance.org), as the `prov` library reads it."""

import re
import warnings
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from provtap.errors import DocumentError
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.readers.prov import prov_o
from provtap.ingest.readers.prov.records import reader
from provtap.ingest.readers.prov.statements import XSD, Name, Statement, Value

if TYPE_CHECKING:
    from prov.model import ProvDocument, ProvRecord

_CONTEXT = re.compile(rb'"@graph"')
_TYPES = {bool: "boolean", int: "int", float: "double", datetime: "dateTime"}
_one_at_a_time = Lock()  # filters for warnings are shared by all threads


def looks_like(content: bytes) -> bool:
    """Return whether *content* is JSON-LD; RDF in JSON-LD, such as PROV-O, is recognised before it."""
    starts = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}
    return starts and _CONTEXT.search(content) is not None and not prov_o.looks_like(content)


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the single set of records of a document of at most *most* statements.

    Raises: as `statements`.
    """
    return reader(partial(statements, most=most))(content, site, most)


def statements(content: bytes, *, most: float = NO_LIMIT) -> Iterator[Statement]:
    """Yield the statements of a document.

    Raises: DocumentError, also for statements that the library would omit; TooMany beyond *most*.
    """
    values = list(parse(content))
    if len(values) > 1:
        raise DocumentError("PROV-JSONLD must be one value, but several follow each other")
    graph = values[0].get("@graph") if isinstance(values[0], dict) else None
    refuse_beyond(most, len(graph) if isinstance(graph, list) else 0)
    document = _read(canonical(values[0]))
    for bundle in [document, *document.bundles]:
        name = _name(bundle.identifier) if bundle.identifier else None
        for number, record in enumerate(bundle.records, start=1):
            yield _statement(record, number, name)


def _read(text: str) -> "ProvDocument":
    from prov import Error
    from prov.model import ProvDocument, ProvWarning

    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("error", ProvWarning)
            return ProvDocument.deserialize(content=text, format="jsonld")
    except (Error, ProvWarning, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split()).partition(". prov 3")[0] or type(error).__name__
        raise DocumentError(f"this is not PROV-JSONLD: {reason}") from error


def _statement(record: "ProvRecord", number: int, bundle: Name | None) -> Statement:
    from prov.constants import PROV_N_MAP

    formal = {name.localpart: value for name, value in record.formal_attributes if value is not None}
    times = {argument: value for argument, value in formal.items() if isinstance(value, datetime)}
    ends = {argument: _name(value) for argument, value in formal.items() if argument not in times}
    return Statement(
        kind=PROV_N_MAP[record.get_type()],
        where=f"statement {number}",
        id=_name(record.identifier) if record.identifier else None,
        arguments=ends,
        times=times,
        attributes=tuple(sorted(_attributes(record), key=lambda pair: (pair[0].iri, pair[1].text))),
        bundle=bundle,
    )


def _attributes(record: "ProvRecord") -> Iterator[tuple[Name, Value]]:
    """Yield the attributes in an order that differs between processes, because the library uses sets."""
    return ((_name(name), _value(value)) for name, value in record.extra_attributes)


def _name(name: Any) -> Name:
    return Name(name.namespace.uri, name.localpart, name.namespace.prefix)


def _value(value: Any) -> Value:
    from prov.identifier import QualifiedName
    from prov.model import Literal

    if isinstance(value, QualifiedName):
        return Value(str(value), name=_name(value))
    if isinstance(value, Literal):
        return Value(value.value, _name(value.datatype) if value.datatype else None, value.langtag)
    for kind, type_ in _TYPES.items():
        if isinstance(value, kind):
            text = (
                value.isoformat()
                if isinstance(value, datetime)
                else canonical(value).replace("Infinity", "INF")
            )
            return Value(text, Name(XSD, type_, "xsd"))
    return Value(str(value))
