"""/lineage/ID: the ancestors and descendants of a thing, as a picture with links, and as a list."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, request
from markupsafe import Markup

from provtap import addresses
from provtap.errors import ParameterError, QueryTimeout
from provtap.history import retrieve
from provtap.provsap import write
from provtap.provsap.dot import dot_lines
from provtap.provsap.graph import Graph, Key
from provtap.provsap.picture import Shape
from provtap.provsap.render import render as rendered
from provtap.provsap.request import MAX_DEPTH, Direction, ProvsapRequest
from provtap.provsap.svg import svg, svg_document
from provtap.provsap.traverse import graph_around
from provtap.query.names import Closeness
from provtap.web.http.context import service
from provtap.web.http.negotiation import wanted
from provtap.web.site.frame import render, tagged
from provtap.web.site.named import Thing, asked, elsewhere, nothing, thing
from provtap.web.site.sketch import GROUP, Filters, Sketch
from provtap.web.site.store import SECONDS, asking, readable

bp = Blueprint("lineage", __name__)
THINGS = 10_000
"""Maximum things of the walk."""
_DIRECTIONS = {"back": Direction.BACK, "forth": Direction.FORTH, "both": Direction.BOTH}
_PROVSAP = {
    "provn": "PROV-N",
    "xml": "PROV-XML",
    "jsonld": "PROV-JSONLD",
    "vot": "PROV-VOTABLE",
    "prov-json": "PROV-JSON",
}
FORMS = {
    "html": "text/html",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "dot": "text/vnd.graphviz",
    "provn": "text/provenance-notation",
    "xml": "application/provenance+xml",
    "jsonld": "application/ld+json",
    "vot": "application/x-votable+xml",
    "prov-json": "application/prov+json",
}
"""Media types by suffixes."""
_DEFAULTS: dict[str, Any] = {
    "direction": "back",
    "by": "step",
    **dict.fromkeys(("depth", "open", "asof", "role", "program", "status")),
}
"""Defaults of the parameters in the address."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The parameters of the address."""

    direction: str = "back"
    depth: int | None = None
    """Number of relations, two for each run; None for all."""
    by: str = "step"
    """Layout of the picture: by `step` or by `time`."""
    open: str | None = None
    """The group that is shown with all members: the id of its first member."""
    agents: bool = False
    asof: str | None = None
    """The date or time as of which the lineage is shown; None: at present."""
    filters: Filters = Filters()

    @classmethod
    def of_request(cls) -> "Choice":
        """Read the parameters of the address. Raises: ParameterError."""
        given = {name: value.replace("\0", "") for name, value in request.args.items() if value}
        depth = given.get("depth", "ALL")
        if depth.upper() != "ALL" and not re.fullmatch("[0-9]{1,9}", depth):
            raise ParameterError(f"depth must be a number of relations, or ALL, not {depth[:40]!r}.")
        return cls(
            direction=_one_of("direction", given.get("direction", "back"), _DIRECTIONS),
            depth=None if depth.upper() == "ALL" else int(depth),
            by=_one_of("by", given.get("by", "step"), ("step", "time")),
            open=given["open"].removeprefix(GROUP) if "open" in given else None,
            agents=_one_of("agents", given.get("agents", "0"), ("0", "1")) == "1",
            asof=given.get("asof"),
            filters=Filters(given.get("role"), given.get("program"), given.get("status")),
        )

    def address(self, id_: str, **changes: Any) -> str:
        """Return the address of the page of a thing with these parameters and *changes*."""
        chosen = {**vars(self), **vars(self.filters), "format": None} | changes
        agents = {"agents": 1} if chosen.pop("agents") else {}
        given = {n: value for n, value in chosen.items() if n != "filters" and value != _DEFAULTS.get(n)}
        return service().root_path + addresses.lineage(id_, **given, **agents)

    def request(self, id_: str, **more: str) -> ProvsapRequest:
        """Return the equivalent request of ProvSAP."""
        given = {
            "ID": id_,
            "DIRECTION": self.direction.upper(),
            "DEPTH": "ALL" if self.depth is None else str(min(self.depth, MAX_DEPTH)),
        }
        if self.asof is not None:
            given["ASOF"] = self.asof
        return ProvsapRequest.from_parameters({name: [value] for name, value in (given | more).items()})


def _one_of(name: str, value: str, values: Iterable[str]) -> str:
    if value not in values:
        raise ParameterError(f"{name} cannot be {value[:40]!r}.", hint=f"It is one of {', '.join(values)}.")
    return value


@bp.get("/lineage")
@bp.get("/lineage/<id:id_>")
def page(id_: str | None = None) -> Response:
    """Show the picture, or send it in another form."""
    with asking() as store:
        named = asked(store, "lineage", id_, FORMS, "entity", "activity")
        if named is None:
            return nothing(id_)
        found, form = named.meaning, wanted(FORMS, named.suffix)
        if found.closeness != Closeness.ID or found.kind == "agent":
            leads = "agent" if found.kind == "agent" else "lineage"
            return elsewhere(leads, found, format=None if form == "html" else form)
        choice = Choice.of_request()
        subject = thing(store, found)
        more = {"RESPONSEFORMAT": _PROVSAP[form]} if form in _PROVSAP else {"RESPONSEFORMAT": "PROV-SVG"}
        if form not in _PROVSAP:
            more |= {"AGENTS": "1" if choice.agents else "0", "CONFIGURATION": "0"}
        wish = choice.request(found.id, **more)
        if wish.asof is None:
            graph = store.within(lambda at: graph_around(at, wish, service().tableset, THINGS))
    if wish.asof is not None:
        graph = _as_of(wish)
    if form in _PROVSAP:
        return _document(graph, wish)
    return _shown(subject, choice, graph, form)


def _as_of(wish: ProvsapRequest) -> Graph | None:
    """Return the graph as of the time of *wish*; None if that takes too long for a page."""
    ours = service()
    limits = replace(ours.settings, provsap_nodes=THINGS, sync_duration=SECONDS, connection_wait=SECONDS)
    try:
        return retrieve(wish, readable(), ours.tableset, limits)
    except QueryTimeout:
        return None


def _document(graph: Graph | None, wish: ProvsapRequest) -> Response:
    if graph is None:
        raise QueryTimeout("It took too long to find all of this.", hint="Ask for a smaller depth.")
    document = write(graph, wish, service().base_url)
    return tagged(Response(document, content_type=wish.responseformat.mime))


def _shown(subject: Thing, choice: Choice, graph: Graph | None, form: str) -> Response:
    if graph is None:
        return render("lineage.html", thing=subject, choice=choice, sketch=None)
    sketch = Sketch(graph, choice.by, choice.open, choice.filters, choice.direction != "forth")
    match form:
        case "dot" | "png":
            dot = "".join(f"{line}\n" for line in dot_lines(sketch.picture, "RL", _absolute))
            body = dot.encode() if form == "dot" else rendered(dot, "png")
        case "svg":
            body = svg_document(sketch.layout, _absolute, "Provenance", sketch.matches)
        case "json":
            body = json.dumps(sketch.as_graph(), ensure_ascii=False).encode()
        case _:
            fits = {node.shape for node in sketch.nodes if node.fits}

            def unfolded(shape: Shape) -> str:
                leads = choice.address(subject.id, open=shape.members[0].id)
                return leads if shape.name in fits else f"#{shape.name}"

            picture = svg(sketch.layout, _address, "Lineage", sketch.matches, unfolded)
            return render(
                "lineage.html", thing=subject, choice=choice, sketch=sketch, picture=Markup(picture)
            )
    return tagged(Response(body, content_type=FORMS[form]))


def _address(key: Key) -> str:
    return service().root_path + addresses.page(key.kind, key.id)


def _absolute(key: Key) -> str:
    return service().base_url + addresses.page(key.kind, key.id)
