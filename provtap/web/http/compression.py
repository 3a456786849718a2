"""Compression of responses, for clients that ask for it (RFC 9110, section 12.5.3).

A stream stays a stream: each piece is sent as it comes, compressed.
"""

import zlib
from collections.abc import Iterable, Iterator

from flask import request
from werkzeug.datastructures import Accept
from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator

LEVEL = 2
"""Of 9. The first one takes as long; from the fourth on time doubles to save a tenth (bench_gzip.py)."""
LEAST = 1_000
"""Bytes of a body from which compression is worth it."""
_GZIP = zlib.MAX_WBITS + 16
_WORTH = ("text/", "application/json", "application/fits", "image/svg")


def compress(response: Response) -> Response:
    """Let *response* be sent as gzip if the client wants that, and it is neither small nor compressed yet."""
    if not _compressible(response):
        return response
    response.vary.add("Accept-Encoding")
    if _wanted(request.accept_encodings):
        source = response.response
        close = [source.close] if hasattr(source, "close") else []
        response.response = ClosingIterator(_gzipped(response.iter_encoded()), close)
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("Content-Length", None)
    return response


def _compressible(response: Response) -> bool:
    """Tell whether a body is made here and worth it: a file that the server sends by itself is left alone."""
    media_type = response.mimetype or ""
    length = response.content_length if response.is_streamed else response.calculate_content_length()
    return (
        response.status_code == 200
        and not response.direct_passthrough
        and "Content-Encoding" not in response.headers
        and (length is None or length >= LEAST)
        and (media_type.startswith(_WORTH) or media_type.endswith(("xml", "+json")))
    )


def _wanted(accepted: Accept) -> bool:
    """Tell whether the client names gzip, and prefers it at least as much as no compression."""
    qualities = {name.lower(): quality for name, quality in accepted}
    gzip = max(qualities.get("gzip", 0), qualities.get("x-gzip", 0))
    return gzip > 0 and gzip >= qualities.get("identity", 0)


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each piece completely as it arrives; a flush costs about five bytes."""
    compressor = zlib.compressobj(LEVEL, wbits=_GZIP)
    for piece in pieces:
        yield compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()
