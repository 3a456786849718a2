"""The common parts of all pages: rendering, and the functions of templates."""

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
"""The forms of a page without its own documents, for `negotiation.wanted`."""
NAVIGATION = (
    ("/query", "Query"),
    ("/jobs", "Jobs"),
    ("/schema", "Tables"),
    ("/tap/examples", "Examples"),
    ("/help", "Help"),
)
"""Pages linked in the header of all pages."""


def register(app: Flask) -> None:
    """Register the filters, functions and global values of templates with *app*."""
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
    """Return the path of the page *kind* about *id_*, which works under all names of the host."""
    return service().root_path + addresses.page(kind, id_, **parameters)


def program_url(name: str, version: str | None = None) -> str:
    """Return the address of the page of a program, or of one of its versions."""
    return service().root_path + addresses.program(name, version)


def cite_url(id_: str, form: str) -> str:
    """Return the address of what to cite for a product."""
    return service().root_path + addresses.cite(id_, form)


def query_url(adql: str) -> str:
    """Return the address of a page to read, change and run a query."""
    page = "query" if offers("query") else "result"
    return f"{service().root_path}/{page}?{urlencode({'QUERY': adql}, quote_via=quote)}"


def offers(page: str) -> bool:
    """Return whether the site has pages `/<page>`."""
    return any(rule.rule.split("/")[1] == page for rule in current_app.url_map.iter_rules())


def render(template: str, status: int = 200, **context: Any) -> Response:
    """Return a page. Its ETag is a digest of its text, so that a browser gets no second copy.

    It changes with the store, so caches must revalidate each time.
    """
    response = Response(render_template(template, **context), status, content_type="text/html; charset=utf-8")
    return tagged(response)


def present(template: str, page: "DataclassInstance", form: str = "html", **more: Any) -> Response:
    """Return a page whose template gets the fields of *page*; for the form `json`, the fields as JSON.

    The template also gets *more* values that are not data, such as pictures.
    """
    if form != "json":
        return render(template, **{each.name: getattr(page, each.name) for each in fields(page)}, **more)
    text = json.dumps(asdict(page), default=_as_json, ensure_ascii=False)
    return tagged(Response(f"{text}\n", content_type="application/json"))


def _as_json(value: object) -> str:
    """Return a JSON value for other types; times are in UTC."""
    return f"{value.isoformat()}Z" if isinstance(value, datetime) else str(value)


def tagged(response: Response) -> Response:
    """Add the ETag of its content to a complete *response*; return 304 to clients that have it."""
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
    """Return the current maintenance, during which pages remain readable with a notice."""
    known = last_maintenance()
    return known if known is not None and known.is_on() else None


def _contact(given: str | None) -> str | None:
    """Return the address of the link to the contact."""
    return f"mailto:{given}" if given and "://" not in given else given
