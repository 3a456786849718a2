"""What the address of a page about one thing names: the thing, and the suffix that its id stands before."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request

from provtap.errors import NotFound, ParameterError
from provtap.web.site.frame import url
from provtap.web.site.store import Store, statements

SQL = statements("named.sql")


@dataclass(frozen=True)
class Named:
    """A thing that has a page."""

    kind: str
    """`entity`, `activity` or `agent`."""
    id: str
    name: str | None


@dataclass(frozen=True)
class Asked:
    """A thing, and the form of its page that the end of the address names."""

    thing: Named
    suffix: str | None = None


def named(
    store: Store, page: str, id_: str | None, suffixes: Container[str], kinds: Sequence[str]
) -> Asked | Response:
    """Return what the address names: an id as it stands, else one before a known suffix.

    Another name leads to the page *page* of the thing that bears it; what is not of *kinds*, to its own page.

    Raises: NotFound, ParameterError.
    """
    given = (request.args.get("id") if id_ is None else id_) or ""
    if not given:
        raise ParameterError("id is missing.", hint="It names a file or a run.")
    stem, _, suffix = given.rpartition(".")
    forms = {given: None} | ({stem: suffix} if stem and suffix in suffixes else {})
    hits = store.rows(SQL["called"], needed=True, ids=[form.replace("\0", "") for form in forms])
    for form, ending in forms.items():
        for hit in (hit for hit in hits if hit.given == form):
            if hit.kind not in kinds:
                return _to(hit.kind, hit)
            thing = Named(hit.kind, hit.id, hit.name)
            return Asked(thing, ending) if hit.exact else _to(page, hit, format=ending)
    raise NotFound(f"Nothing here is called {given[:200]}.")


def _to(page: str, hit: Any, **parameters: str | None) -> Response:
    kept = {name: value for name, value in request.args.items() if name != "id"}
    return redirect(url(page, hit.id, **(kept | parameters)))  # type: ignore[return-value]
