"""The formats of provenance documents."""

from dataclasses import dataclass, replace

from provtap.errors import ParameterError


@dataclass(frozen=True)
class GraphFormat:
    """One format, and its names for clients."""

    name: str
    """The name in the IVOA's drafts."""
    mime: str
    """Sent as Content-Type."""
    aliases: tuple[str, ...] = ()
    """Further media types, and the names on the command line."""
    picture: bool = False
    """Whether it is a picture: agents and context are then left out unless requested."""
    extended: bool = False
    """Whether it also contains checksums, locations, names and rights, and reports what it cannot contain."""
    serializer: str | None = None
    """Its name in the `prov` library."""


FORMATS = (
    GraphFormat("PROV-JSON", "application/json", ("application/prov+json", "prov-json"), serializer="json"),
    GraphFormat(
        "PROV-N",
        "text/plain;charset=utf-8",
        ("text/plain", "text/provenance-notation", "provn"),
        serializer="provn",
    ),
    GraphFormat(
        "PROV-XML",
        "application/xml",
        ("text/xml", "application/provenance+xml", "prov-xml"),
        serializer="xml",
    ),
    GraphFormat("PROV-JSONLD", "application/ld+json", ("jsonld", "prov-jsonld"), serializer="jsonld"),
    GraphFormat("PROV-VOTABLE", "application/x-votable+xml", ("votable", "prov-votable")),
    GraphFormat(
        "RO-CRATE",
        'application/ld+json;profile="https://w3id.org/ro/crate"',
        ("ro-crate", "rocrate"),
        extended=True,
    ),
    GraphFormat("PROV-SVG", "image/svg+xml", ("svg", "prov-svg"), picture=True),
    GraphFormat("PROV-PNG", "image/png", ("png", "prov-png"), picture=True),
    GraphFormat("PROV-DOT", "text/vnd.graphviz", ("dot", "prov-dot"), picture=True),
    GraphFormat("PROV-TREE", "text/x-prov-tree;charset=utf-8", ("text/x-prov-tree", "tree", "prov-tree")),
)
"""The supported formats, the default first."""


def choose(responseformat: str | None) -> GraphFormat:
    """Return the format for RESPONSEFORMAT; the response has the requested media type (DALI-6).

    Raises: ParameterError, with a list of the supported formats.
    """
    if responseformat is None:
        return FORMATS[0]
    for form in FORMATS:
        if responseformat in {form.name, form.mime, *form.aliases}:
            return replace(form, mime=responseformat) if "/" in responseformat else form
    raise ParameterError(
        f"RESPONSEFORMAT {responseformat[:40]!r} is not supported.",
        hint=f"Supported are {', '.join(name for f in FORMATS for name in (f.name, f.mime))}.",
    )
