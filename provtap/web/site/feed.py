"""/feed: what was withdrawn, and what is affected by that, for readers who come back.

Notices are numbered in the order in which they became visible. A reader that asks for those after the last
number it has got gets each once, whichever process or server answers.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from lxml import etree

from provtap import __version__
from provtap.errors import NotFound, ParameterError
from provtap.provsap.naming import legal
from provtap.web.http.context import service
from provtap.web.http.negotiation import wanted
from provtap.web.site import frame
from provtap.web.site.store import Store, argument, asking, statements

bp = Blueprint("feed", __name__)
SQL = statements("feed.sql")

FORMS = {"atom": "application/atom+xml", "json": "application/feed+json"}
ROWS = 100
"""Notices of one answer, unless `limit` says another number."""
MOST = 1_000
HEADER = "X-ProvTAP-After"
"""Has the number to ask for next, also where no notice passed the filter."""
_ATOM = "http://www.w3.org/2005/Atom"
_NAMESPACES: Any = {None: _ATOM}


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One entry. Times are UTC."""

    number: int
    time: datetime
    event: str
    """`withdrawn`, `affected`, `reinstated` or `cleared`."""
    product: str
    name: str | None
    location: str | None
    withdrawn: str | None
    """What it was made from; None: one of several."""
    withdrawn_name: str | None
    activity: str
    kind: str | None
    """Of the withdrawal; None, as all that follows, once its document was undone."""
    reason: str | None
    since: datetime | None
    withdrawn_at: datetime | None
    until: datetime | None
    successor: str | None
    successor_name: str | None
    agent: str | None
    agent_name: str | None
    owners: str | None

    @property
    def title(self) -> str:
        """What happened, in one line."""
        name = self.name or self.product
        source = self.withdrawn_name or self.withdrawn or "something"
        match self.event:
            case "withdrawn":
                return f"{name} was withdrawn{f' ({self.kind})' if self.kind else ''}"
            case "affected":
                return f"{name} was made from {source}, which was withdrawn"
            case "reinstated":
                return f"{name} is no longer withdrawn"
        return f"{name} is no longer affected by the withdrawal of {source}"

    @property
    def text(self) -> str:
        """Why, by whom, and what to use instead."""
        who, on = self.agent_name or self.agent, self.withdrawn_at
        sentences = [f"{self.title}."]
        if self.reason:
            sentences.append(self.reason)
        if who and on:
            sentences.append(f"Withdrawn by {who} on {on.isoformat(timespec='seconds')}Z.")
        if self.successor:
            sentences.append(f"Use {self.successor_name or self.successor} instead.")
        if self.owners:
            sentences.append(f"Owners: {self.owners}.")
        return " ".join(sentences)

    @property
    def url(self) -> str:
        """The page of the product."""
        return service().base_url + frame.url("entity", self.product)[len(service().root_path) :]

    @property
    def id(self) -> str:
        """The same for each reader, for ever."""
        return f"{service().base_url}/feed?after={self.number - 1}&limit=1"


@dataclass(frozen=True)
class Feed:
    """Notices, and where to go on."""

    notices: tuple[Notice, ...]
    after: int
    """The number to ask for next."""
    more: bool
    """Whether there are more notices already."""


@bp.get("/feed")
@bp.get("/feed.<any(atom, json):suffix>")
def feed(suffix: str | None = None) -> Response:
    """Tell what was withdrawn or is affected after the number `after`, or what is newest without it."""
    after, limit = _number("after", None), _number("limit", ROWS)
    form = wanted(FORMS | {"html": "text/html"}, suffix)
    with asking() as store:
        found = _read(store, after, min(max(limit or 1, 1), MOST))
    parameters = {name: value for name, value in request.args.items() if name not in {"after", "format"}}
    answer = _json(found, parameters) if form == "json" else _atom(found, parameters)
    answer.headers[HEADER] = str(found.after)
    return frame.tagged(answer)


def _read(store: Store, after: int | None, limit: int) -> Feed:
    conditions, values = ["true"], dict[str, Any]()
    if agent := argument("agent"):
        values["agents"] = [row.id for row in store.rows(SQL["agents"], needed=True, agent=agent)]
        if not values["agents"]:
            raise NotFound(f"No agent has the id, name or e-mail address {agent[:200]}.")
        conditions.append(SQL["of_agent"])
    if kind := argument("kind"):
        conditions.append(SQL["of_kind"])
        values["kind"] = kind
    order = "DESC" if after is None else "ASC"
    statement = SQL["notices"].replace("{only}", " AND ".join(conditions)).replace("{order}", order)
    last = store.rows(SQL["last"], needed=True)[0].number
    rows = store.rows(statement, needed=True, after=after or 0, limit=limit + 1, **values)
    notices = tuple(Notice(**dict(zip(_FIELDS, row, strict=True))) for row in rows[:limit])
    more = after is not None and len(rows) > limit
    return Feed(notices, notices[-1].number if more else max(last, after or 0), more)


_FIELDS = tuple(Notice.__dataclass_fields__)


def _number(name: str, default: int | None) -> int | None:
    text = request.args.get(name)
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ParameterError(f"{name} must be a number, not {text[:40]!r}.")
    return int(text)


def _address(suffix: str, parameters: dict[str, str], **more: int) -> str:
    asked = urlencode({**parameters, **more})
    return f"{service().base_url}/feed.{suffix}{'?' if asked else ''}{asked}"


def _json(found: Feed, parameters: dict[str, str]) -> Response:
    """Return a JSON Feed 1.1."""
    content: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{service().settings.name}: withdrawn products",
        "home_page_url": f"{service().base_url}/",
        "feed_url": _address("json", parameters),
        "items": [_item(each) for each in found.notices],
        "_provtap": {"after": found.after, "more": found.more},
    }
    if found.more:
        content["next_url"] = _address("json", parameters, after=found.after)
    text = json.dumps(content, ensure_ascii=False, default=_stamp)
    return Response(f"{text}\n", content_type=FORMS["json"])


def _item(each: Notice) -> dict[str, Any]:
    own = ("number", "event", "product", "withdrawn", "kind", "reason", "since", "until", "successor")
    return {
        "id": each.id,
        "url": each.url,
        "title": each.title,
        "content_text": each.text,
        "date_published": _stamp(each.time),
        "tags": [each.event, *([each.kind] if each.kind else [])],
        "_provtap": {name: getattr(each, name) for name in (*own, "agent", "activity", "owners")},
    }


def _atom(found: Feed, parameters: dict[str, str]) -> Response:
    """Return an Atom feed (RFC 4287)."""
    ours = service()
    updated = max((each.time for each in found.notices), default=datetime(1970, 1, 1))
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap=_NAMESPACES)
    _add(root, "title", f"{ours.settings.name}: withdrawn products")
    _add(root, "id", f"{ours.base_url}/feed")
    _add(root, "updated", _stamp(updated))
    _add(root, "generator", "ProvTAP", version=__version__)
    _add(_add(root, "author"), "name", ours.settings.name)
    _add(root, "link", rel="self", href=_address("atom", parameters))
    if found.more:
        _add(root, "link", rel="next", href=_address("atom", parameters, after=found.after))
    for each in found.notices:
        entry = _add(root, "entry")
        _add(entry, "title", each.title)
        _add(entry, "id", each.id)
        _add(entry, "updated", _stamp(each.time))
        _add(entry, "link", rel="alternate", href=each.url)
        for term in (each.event, each.kind):
            if term:
                _add(entry, "category", term=term)
        _add(entry, "summary", each.text)
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return Response(content, content_type=f"{FORMS['atom']}; charset=utf-8")


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    legal_ones = {key: str(legal(value)) for key, value in attributes.items()}
    element = etree.SubElement(parent, f"{{{_ATOM}}}{name}", legal_ones)
    element.text = None if text is None else str(legal(text))
    return element


def _stamp(time: datetime) -> str:
    return time.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
