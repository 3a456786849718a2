"""What all pages have in common: how they are rendered, and what their templates find there."""

import hashlib
import json
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, current_app, g, render_template, request

from provtap import __version__, addresses
from provtap.operation.maintenance import Maintenance
from provtap.web.http.closing import last_maintenance
from provtap.web.http.context import service
from provtap.web.site import marking, words
from provtap.web.site.static import static_url

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMS = {"html": "text/html", "json": "application/json"}
"""What a page without documents of its own can be, for `negotiation.wanted`."""
NAVIGATION = (
    ("/query", "Query"),
    ("/jobs", "Jobs"),
    ("/schema", "Tables"),
    ("/tap/examples", "Examples"),
    ("/help", "Help"),
)
"""Pages that the header of every page leads to."""


def register(app: Flask) -> None:
    """Give the templates of *app* their filters, functions and what is true of the whole site."""
    app.jinja_env.filters.update(words.FILTERS)
    app.jinja_env.tests["link"] = words.is_link
    app.jinja_env.globals.update(
        url=url,
        program_url=program_url,
        cite_url=cite_url,
        query_url=query_url,
        offers=offers,
        static_url=static_url,
        mark_of=marking.mark_of,
        version=__version__,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_context)


def url(kind: str, id_: str, **parameters: str | int | None) -> str:
    """Return the path of the page *kind* about *id_*, which works under every name of the host."""
    return service().root_path + addresses.page(kind, id_, **parameters)


def program_url(name: str, version: str | None = None) -> str:
    """Return the address of the page of a program, or of one of its versions."""
    return service().root_path + addresses.program(name, version)


def cite_url(id_: str, form: str) -> str:
    """Return the address of what to cite for a product."""
    return service().root_path + addresses.cite(id_, form)


def query_url(adql: str) -> str:
    """Return the address where a query of a page can be read, changed and run."""
    page = "query" if offers("query") else "result"
    return f"{service().root_path}/{page}?{urlencode({'QUERY': adql}, quote_via=quote)}"


def offers(page: str) -> bool:
    """Tell whether the site has pages `/<page>`."""
    return any(rule.rule.split("/")[1] == page for rule in current_app.url_map.iter_rules())


def render(template: str, status: int = 200, **context: Any) -> Response:
    """Return a page. Its tag is that of its text: a browser that has it gets no second copy.

    It changes as soon as the store does, so caches must ask each time.
    """
    response = Response(render_template(template, **context), status, content_type="text/html; charset=utf-8")
    return tagged(response)


def present(template: str, page: "DataclassInstance", form: str = "html", **more: Any) -> Response:
    """Return a page whose template finds the fields of *page*, or these as JSON for the form `json`.

    The template also finds *more*: what is no data, such as pictures.
    """
    if form != "json":
        return render(template, **{each.name: getattr(page, each.name) for each in fields(page)}, **more)
    text = json.dumps(asdict(page), default=_as_json, ensure_ascii=False)
    return tagged(Response(f"{text}\n", content_type="application/json"))


def _as_json(value: object) -> str:
    """Return what JSON has no type for: times are UTC."""
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else str(value)


def tagged(response: Response) -> Response:
    """Give a complete *response* the tag of its content, and answer 304 to whoever has it."""
    response.vary.add("Accept")
    response.cache_control.private = True
    response.cache_control.no_cache = True
    if response.status_code == 200:
        response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32], weak=True)
        response.make_conditional(request)
        response.headers.pop("Date", None)  # the server gives it, once
    return response


def _context() -> dict[str, Any]:
    ours = service()
    return {
        "service": ours,
        "root": ours.root_path,
        "navigation": NAVIGATION,
        "here": request.path,
        "maintenance": _closed_now(),
        "out_of_time": "store" in g and g.store.out_of_time,
        "contact": _contact(ours.settings.contact),
        "logo": static_url("logo"),
        "searchable": offers("search"),
    }


def _closed_now() -> Maintenance | None:
    """Return the maintenance that is on: pages stay readable, and say so."""
    known = last_maintenance()
    return known if known is not None and known.is_on() else None


def _contact(given: str | None) -> str | None:
    """Return the address of a link to whom to ask."""
    return f"mailto:{given}" if given and "://" not in given else given
