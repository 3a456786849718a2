"""Documents that do not change while a server runs: made once, and sent only to clients without a copy.

Their content comes from settings and metadata files, which are read when the server starts.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Response, current_app, request

from provtap.web.http.context import service


@dataclass(frozen=True)
class CachedDocument:
    """A document and its ETag."""

    body: bytes
    etag: str


def cached_document(
    name: str,
    make: Callable[[], bytes],
    content_type: str = "application/xml",
    modified: datetime | None = None,
) -> Response:
    """Return the document *name*, which *make* renders if this process has not sent it before.

    *modified* is when it last changed, if this differs from the metadata.

    The answer has an ETag and a Last-Modified, and is 304 without a body for clients that have the
    document (VOSI 1.1, section 2; RFC 9110, section 13). Caches must ask each time: a change is seen at once.
    """
    known: dict[str, CachedDocument] = current_app.extensions.setdefault("provtap.documents", {})
    if name not in known:
        body = make()
        known[name] = CachedDocument(body, hashlib.sha256(body).hexdigest()[:32])
    response = Response(known[name].body, content_type=content_type)
    response.set_etag(known[name].etag, weak=True)  # the same document however it is compressed
    response.last_modified = modified or service().modified
    response.cache_control.no_cache = True
    response.make_conditional(request)
    response.headers.pop("Date", None)  # the server adds it
    return response
