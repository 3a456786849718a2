"""Ids of the store as qualified names of PROV with the IRI of the id."""

import re
from typing import Any

from prov.identifier import Namespace, QualifiedName
from prov.model import ProvDocument

from provtap import iris
from provtap.provsap.provjson import JsonDocument

VOPROV = Namespace("voprov", "http://www.ivoa.net/documents/ProvenanceDM/index.html#")
PROVTAP = Namespace("provtap", "urn:x-provtap:term:")
DCTERMS = Namespace("dcterms", "http://purl.org/dc/terms/")
_PREFIXES = {"urn:uuid:": "uuid", "urn:x-provtap:id:": "id"}
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Names:
    """The names in one document, and their namespaces."""

    def __init__(self, document: ProvDocument | JsonDocument) -> None:
        self._document = document
        self._namespaces: dict[str, Namespace] = {}
        self._names: dict[str, QualifiedName] = {}
        for namespace in (VOPROV, PROVTAP, DCTERMS):
            document.add_namespace(namespace)

    def __call__(self, id: str) -> QualifiedName:
        """Return the name of the thing *id*, unique for each id."""
        if id not in self._names:
            start, local = iris.split(iris.iri(id))
            self._names[id] = self._namespace(start)[local]
        return self._names[id]

    def verbatim(self, id: str) -> list[tuple[QualifiedName, str]]:
        """Return the attribute with the unchanged id, if the name differs from it."""
        return [] if self(id).uri == id else [(VOPROV["id"], legal(id))]

    def _namespace(self, start: str) -> Namespace:
        if start not in self._namespaces:
            prefix = _PREFIXES.get(start, f"ns{len(self._namespaces)}")
            self._namespaces[start] = self._document.add_namespace(prefix, start)
        return self._namespaces[start]


def legal(value: Any) -> Any:
    """Return a text without the control characters that XML can't express (XML 1.0, section 2.2)."""
    return _ILLEGAL.sub("", value) if isinstance(value, str) else value
