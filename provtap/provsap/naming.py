"""Ids of the store as names of PROV: qualified names, whose IRI is the id itself wherever it is one."""

import re
from typing import Any
from urllib.parse import quote

from prov.identifier import Namespace, QualifiedName
from prov.model import ProvDocument

from provtap.provsap.provjson import JsonDocument

VOPROV = Namespace("voprov", "http://www.ivoa.net/documents/ProvenanceDM/index.html#")
PROVTAP = Namespace("provtap", "urn:x-provtap:term:")
DCTERMS = Namespace("dcterms", "http://purl.org/dc/terms/")
_OURS = "urn:x-provtap:id:"
_IRI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:(?:[\w!#$%&'()*+,/:;=?@~.-]*[/#:])?)([^/#:]+)", re.ASCII)
_PREFIXES = {"urn:uuid:": "uuid", _OURS: "id"}
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Names:
    """The names of one document, and the namespaces it declares for them."""

    def __init__(self, document: ProvDocument | JsonDocument) -> None:
        self._document = document
        self._namespaces: dict[str, Namespace] = {}
        self._names: dict[str, QualifiedName] = {}
        for namespace in (VOPROV, PROVTAP, DCTERMS):
            document.add_namespace(namespace)

    def __call__(self, id: str) -> QualifiedName:
        """Return the name of the thing *id*; different ids have different names.

        An id that is an IRI is split after its last `/`, `#` or `:`. What can't stand in a name of every
        form of PROV is percent-encoded; `verbatim` then keeps the id.
        """
        if id not in self._names:
            self._names[id] = self._new(id)
        return self._names[id]

    def _new(self, id: str) -> QualifiedName:
        found = None if id.startswith(_OURS) else _IRI.fullmatch(id)
        start, local = (found[1], found[2]) if found else (_OURS, id)
        return self._namespace(start)[quote(local, safe="")]

    def verbatim(self, id: str) -> list[tuple[QualifiedName, str]]:
        """Return the attribute that tells the id as it is, where the name does not."""
        return [] if self(id).uri == id else [(VOPROV["id"], legal(id))]

    def _namespace(self, start: str) -> Namespace:
        if start not in self._namespaces:
            prefix = _PREFIXES.get(start, f"ns{len(self._namespaces)}")
            self._namespaces[start] = self._document.add_namespace(prefix, start)
        return self._namespaces[start]


def legal(value: Any) -> Any:
    """Return a text without the control characters that XML has no way to write (XML 1.0, section 2.2)."""
    return _ILLEGAL.sub("", value) if isinstance(value, str) else value
