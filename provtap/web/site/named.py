"""The thing in the address of a page: an unchanged id, otherwise an id before a known suffix."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Response, g, redirect, request

from provtap.addresses import with_both_slashes
from provtap.errors import NotFound, ParameterError
from provtap.query.names import Closeness, Meaning, find
from provtap.web.http.negotiation import is_browser
from provtap.web.site import frame
from provtap.web.site.search import LONGEST, matches
from provtap.web.site.store import Store, statements

SQL = statements("named.sql")


@dataclass(frozen=True)
class Thing:
    """The thing that a page shows."""

    kind: str
    """`entity`, `activity` or `agent`."""
    id: str
    name: str | None


@dataclass(frozen=True)
class Asked:
    """The thing and form in an address."""

    meaning: Meaning
    suffix: str | None = None


def asked(store: Store, page: str, id_: str | None, forms: Iterable[str], *kinds: str) -> Asked | None:
    """Return the thing in the address of a *page*, preferably of one of these *kinds*, or None.

    *forms* are the suffixes that may follow an id.

    Raises: ParameterError if the address has no id.
    """
    name = request.args.get("id") if id_ is None else id_
    if not name:
        raise ParameterError("id is missing.", hint=f"Write /{page}/ID or /{page}?id=ID.")
    suffix = re.compile(rf"(.+)\.({'|'.join(form for form in forms if form != 'html')})", re.DOTALL)
    whole = dict.fromkeys((name, with_both_slashes(name)))
    cut = [match for match in map(suffix.fullmatch, whole) if match]
    suffixes = dict.fromkeys(whole) | {match[1]: match[2] for match in cut if match[1] not in whole}
    meanings = (
        store.within(lambda asking: find(asking, _legal(suffixes), Closeness.CHECKSUM), needed=True) or []
    )
    for given, form in suffixes.items():
        found = [meaning for meaning in meanings if meaning.given == given]
        found.sort(key=lambda meaning: (meaning.closeness, meaning.kind not in kinds))
        if found:
            return Asked(found[0], form)
    return None


def thing(store: Store, meaning: Meaning) -> Thing:
    """Return the thing shown at the head of a page."""
    row = store.one(SQL[meaning.kind], needed=True, id=meaning.id)
    return Thing(meaning.kind, meaning.id, row and row.name)


def _legal(names: Iterable[str]) -> list[str]:
    """Return the *names* that PostgreSQL accepts: names in the store have no NUL and no half character."""
    return [name for name in names if "\0" not in name and _encodable(name)]


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def elsewhere(page: str, found: Meaning, **parameters: str | None) -> Response:
    """Redirect to the page of a thing that was requested by another name, or as another class."""
    kept = {name: value for name, value in request.args.items() if name != "id"}
    response = redirect(frame.url(page, found.id, **(kept | parameters)), 302)
    response.vary.add("Accept")
    return response  # type: ignore[return-value]


def nothing(id_: str | None) -> Response:
    """Return the page for an unknown id, with suggestions."""
    name = id_ or request.args.get("id", "")
    if not is_browser():
        raise NotFound(f"Nothing has the name {name[:200]}.", hint="Search for its name, path or checksum.")
    store: Store = g.store
    found = store.within(lambda _: matches(store, name)) if _legal([name]) and len(name) <= LONGEST else None
    return frame.render("nothing.html", 404, asked_for=name, found=found)
