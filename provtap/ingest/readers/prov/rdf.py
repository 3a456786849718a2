"""Reads RDF as triples in the order of the document: Turtle, TriG, N-Triples and JSON-LD, with rdflib.

rdflib is the extra `rdf`. It is used only as parser: nothing is fetched from the network, triples are counted
while they are read, and no graph is built.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provtap.errors import DocumentError, FormatNotRead
from provtap.ingest.parsing.bounded import NO_LIMIT, TooMany
from provtap.ingest.parsing.json import canonical, decode, parse
from provtap.ingest.readers.prov.statements import Value, name_of

_BASE = "http://document.invalid/"
"""The base of relative IRIs, which are local to the document, like blank nodes."""
_TRIPLES = 50
"""Maximum triples of a document for each allowed record."""
_NO_IRI = re.compile(r'[\x00-\x20<>"{}|\\^`\ud800-\udfff]')
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
"""Characters that escapes can express, but that can't be stored."""


@dataclass(frozen=True, slots=True)
class Triple:
    """A subject, a property and a value, in a named graph or the default one."""

    subject: str
    """An IRI, or the label of a blank node: `_:1` for the first one of the document."""
    property: str
    value: Value
    """A literal or a name; a blank node is a name."""
    graph: str | None = None


@dataclass
class _Names:
    """The labels of blank nodes, numbered in the order of the document."""

    labels: dict[str, str] = field(default_factory=dict)

    def text(self, term: Any) -> str:
        """Return the IRI or label of a term."""
        from rdflib import BNode

        if isinstance(term, BNode):
            return self.labels.setdefault(str(term), f"_:{len(self.labels) + 1}")
        text = str(term)
        if _NO_IRI.search(text):
            raise DocumentError(f"<{text[:60]}> is not an IRI")
        return f"_:/{text.removeprefix(_BASE)}" if text.startswith(_BASE) else text


def triples(content: bytes, most: float = NO_LIMIT) -> Iterator[Triple]:
    """Yield the triples of a document, in order.

    Raises: DocumentError; FormatNotRead without rdflib; TooMany for more than 50 times *most*.
    """
    notation, text = _notation(content)
    try:
        read = _parse(text, notation, most * _TRIPLES)
    except ImportError as error:
        raise FormatNotRead(
            "this is RDF, and the package rdflib, which reads it, is not installed",
            hint="pip install 'provtap[rdf]'",
        ) from error
    except RecursionError as error:
        raise DocumentError("this is nested too deeply") from error
    except (DocumentError, TooMany):
        raise
    except Exception as error:  # the parsers of rdflib raise IndexError and others for unexpected input
        raise DocumentError(f"this is not {notation}: {_reason(error)}") from error
    names = _Names()
    for subject, property, value, graph in read:
        yield Triple(
            names.text(subject), names.text(property), _value(value, names), graph and names.text(graph)
        )


def _notation(content: bytes) -> tuple[str, str]:
    """Return the name of the notation and the text to parse."""
    text = decode(content)
    if text.lstrip()[:1] in {"{", "["} and not text.lstrip().startswith(("[]", "[ ]")):
        values = list(parse(content))
        if len(values) > 1:
            raise DocumentError("JSON-LD must be one value, but several follow each other")
        _refuse_remote(values[0])
        return "JSON-LD", canonical(values[0])
    return "Turtle", text  # TriG contains Turtle, which contains N-Triples


def _refuse_remote(value: Any) -> None:
    """Reject a remote context: nothing is fetched from the network."""
    rest = [value]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            contexts = node.get("@context")
            for context in contexts if isinstance(contexts, list) else [contexts]:
                if isinstance(context, dict) and "@import" in context:
                    context = context["@import"]
                if isinstance(context, str):
                    raise DocumentError(
                        f"its @context is at {context[:200]!r}, and nothing is fetched from the network",
                        hint="Write the context itself into the document.",
                    )
        rest += node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()


def _parse(text: str, notation: str, most: float) -> list[tuple[Any, ...]]:
    import rdflib
    from rdflib.store import Store

    class Triples(Store):
        """Keeps the triples in the order in which a parser adds them."""

        context_aware = True
        graph_aware = True

        def __init__(self) -> None:
            super().__init__()
            self.read: list[tuple[Any, ...]] = []

        def add(self, triple: Any, context: Any, quoted: bool = False) -> None:
            if len(self.read) >= most:
                raise TooMany
            graph = getattr(context, "identifier", None)
            self.read.append((*triple, None if graph == default else graph))

        def add_graph(self, graph: Any) -> None:
            """Do nothing: graphs are known from their triples."""

        def triples(self, triple_pattern: Any, context: Any = None) -> Any:
            return iter(())

        def contexts(self, triple: Any = None) -> Any:
            return iter(())

        def namespace(self, prefix: str) -> None:
            """Do nothing: names are complete, without prefixes."""

        def prefix(self, namespace: Any) -> None:
            """Return nothing: prefixes are not stored."""

    rdflib.NORMALIZE_LITERALS = False  # keep the texts of literals as written
    logging.getLogger("rdflib").setLevel(logging.CRITICAL)  # it warns of each literal that it cannot convert
    default = rdflib.graph.DATASET_DEFAULT_GRAPH_ID
    store = Triples()
    format = {"JSON-LD": "json-ld", "Turtle": "trig"}[notation]
    rdflib.Graph(store, default).parse(data=text, format=format, publicID=_BASE)
    return store.read


def _value(term: Any, names: _Names) -> Value:
    from rdflib import Literal

    if not isinstance(term, Literal):
        text = names.text(term)
        return Value(text, name=name_of(text))
    type_ = name_of(str(term.datatype)) if term.datatype else None
    if _NO_TEXT.search(term):
        raise DocumentError(f"the text {str(term)[:60]!r} contains a character that cannot be stored")
    return Value(str(term), type_, term.language)


def _reason(error: Exception) -> str:
    reason = getattr(error, "_why", None) or str(error) or type(error).__name__
    text = " ".join(str(reason).split())[:200].rstrip(".")
    before = getattr(error, "lines", None)  # of notation3.BadSyntax
    return f"{text}, in line {before + 1}" if isinstance(before, int) else text
