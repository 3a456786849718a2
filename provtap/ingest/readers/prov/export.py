"""Exports a whole PROV document as ingested, as a document of the `prov` library, which writes all notations.

It contains all statements, including those without a place in the tables and those contradicted by others.
Statements of the IVOA's dialect are converted to W3C PROV: entities and influences with a type.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from provtap import iris
from provtap.errors import DocumentError
from provtap.ingest.readers.prov import json as prov_json
from provtap.ingest.readers.prov import jsonld as prov_jsonld
from provtap.ingest.readers.prov import prov_o, provn
from provtap.ingest.readers.prov import xml as prov_xml
from provtap.ingest.readers.prov.dictionary import MEMBERSHIP
from provtap.ingest.readers.prov.statements import (
    ARGUMENTS,
    ELEMENTS,
    PROV,
    TIMES,
    VOPROV,
    Name,
    Statement,
    Value,
)

if TYPE_CHECKING:
    from prov.identifier import QualifiedName
    from prov.model import ProvBundle, ProvDocument

READERS: Mapping[str, Callable[[bytes], Iterator[Statement]]] = {
    "prov-json": prov_json.statements,
    "prov-xml": prov_xml.statements,
    "provn": provn.statements,
    "jsonld": prov_jsonld.statements,
    "prov-o": prov_o.statements,
}
_DERIVATIONS = {
    "wasRevisionOf": "Revision",
    "wasQuotedFrom": "Quotation",
    "hadPrimarySource": "PrimarySource",
    "derivedByInsertionFrom": "Insertion",
    "derivedByRemovalFrom": "Removal",
}
_INFLUENCES = {
    "isDescribedBy": "IsDescribedBy",
    "isRelatedTo": "IsRelatedTo",
    "wasConfiguredBy": "WasConfiguredBy",
    "hadReference": "HadReference",
}
_PLAIN = {"entity", "activity", "agent"}
_XML = "http://www.w3.org/XML/1998/namespace"  # in XML it has one prefix, which is declared already
_PREFIX = re.compile(r"(?!xml|default$)[A-Za-z][A-Za-z0-9_-]*", re.IGNORECASE)
"""Matches a prefix that can be declared in every notation."""
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_LOCAL = re.compile(r"(?!//)[A-Za-z0-9_].*")


def prov_document(content: bytes, format: str) -> "ProvDocument":
    """Return the document in *content*, whose *format* is one of READERS.

    Raises: DocumentError, also if the library does not support a statement.
    """
    if format not in READERS:
        raise DocumentError(
            f"a document in the format {format} is not a PROV document.",
            hint=f"PROV formats are {', '.join(READERS)}.",
        )
    from prov import Error

    try:
        return _Writer().write(READERS[format](content))
    except (Error, ValueError, TypeError, OverflowError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise DocumentError(f"the document cannot be written as PROV: {reason}") from error


class _Writer:
    """One document, and the namespaces that it declares."""

    def __init__(self) -> None:
        from prov.model import ProvDocument

        self._document = ProvDocument()
        self._namespaces: dict[str, Any] = {}

    def write(self, statements: Iterator[Statement]) -> "ProvDocument":
        """Return the document with all *statements*."""
        bundles: dict[str, ProvBundle] = {}
        for statement in statements:
            container: ProvBundle = self._document
            if statement.bundle is not None:
                id = statement.bundle.id
                if id not in bundles:
                    bundles[id] = self._document.bundle(self._name(statement.bundle))
                container = bundles[id]
            self._add(container, statement)
        return self._document

    def _add(self, container: "ProvBundle", statement: Statement) -> None:
        from prov.constants import PROV as PROV_TERMS
        from prov.constants import PROV_RECORD_IDS_MAP

        kind, type_ = _plain(statement)
        formal: dict[Any, Any] = {
            PROV_TERMS[argument]: self._name(name)
            for argument, name in _arguments(statement.kind, kind, statement.arguments)
        }
        times: dict[Any, Any] = {PROV_TERMS[argument]: time for argument, time in statement.times.items()}
        attributes = [(self._name(name), self._value(value)) for name, value in statement.attributes]
        types = [(PROV_TERMS["type"], self._name(type_))] if type_ else []
        container.new_record(
            PROV_RECORD_IDS_MAP[kind],
            self._name(statement.id) if statement.id else None,
            {**formal, **times},
            [*types, *attributes],
        )

    def _name(self, name: Name) -> "QualifiedName":
        """Return the same name, with another prefix if its own is already used for another namespace.

        Characters not allowed in names (a blank, a quote) are percent-encoded, as in all exports.
        """
        from prov.identifier import Namespace

        whole = iris.iri(name.id)
        kept = (
            whole == name.iri
            and name.namespace
            and name.namespace.isascii()
            and name.namespace != _XML
            and _LOCAL.fullmatch(name.local)
        )
        start, local = (name.namespace, name.local) if kept else iris.split(whole)
        if start not in self._namespaces:
            given = kept and _PREFIX.fullmatch(name.prefix)
            prefix = name.prefix if given else f"ns{len(self._namespaces)}"
            self._namespaces[start] = self._document.add_namespace(Namespace(prefix, start))
        return self._namespaces[start][local]  # type: ignore[no-any-return]

    def _value(self, value: Value) -> Any:
        from prov.model import Literal

        if value.name is not None and value.name.namespace:
            return self._name(value.name)
        if value.language and _LANGUAGE.fullmatch(value.language):
            return Literal(value.text, langtag=value.language)
        if value.type is not None and value.type.term not in {"xsd:QName", "prov:QUALIFIED_NAME"}:
            return Literal(value.text, self._name(value.type))
        return value.text


def _plain(statement: Statement) -> tuple[str, Name | None]:
    """Return the kind of statement of W3C PROV in which a statement is written, and its type."""
    kind = statement.kind
    if kind in ELEMENTS and kind not in _PLAIN:
        return "entity", Name(VOPROV, kind, "voprov")
    if kind in _INFLUENCES:
        return "wasInfluencedBy", Name(VOPROV, _INFLUENCES[kind], "voprov")
    if kind == MEMBERSHIP:
        return "wasInfluencedBy", Name(PROV, "DictionaryMembership", "prov")
    if kind in _DERIVATIONS:
        return "wasDerivedFrom", Name(PROV, _DERIVATIONS[kind], "prov")
    return kind, None


def _arguments(kind: str, plain: str, arguments: Mapping[str, Name]) -> Iterator[tuple[str, Name]]:
    """Yield the arguments of a statement, with their names in the kind *plain*."""
    names = (name for name in ARGUMENTS.get(kind, ()) if name not in TIMES)
    called = (name for name in ARGUMENTS[plain] if name not in TIMES)
    for name, new in zip(names, called, strict=False):
        if name in arguments:
            yield new, arguments[name]
