"""Compression of responses, for clients that accept it (RFC 9110, section 12.5.3).

Streams remain streams: each piece is compressed and sent as it arrives.
"""

import zlib
from collections.abc import Iterable, Iterator

from flask import request
from werkzeug.datastructures import Accept
from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator

LEVEL = 2
"""Level, up to 9. Level 1 is not faster; from 4 on, time doubles for a tenth of the size (bench_gzip.py)."""
LEAST = 1_000
"""Minimum size of a compressed body, in bytes."""
_GZIP = zlib.MAX_WBITS + 16
_WORTH = ("text/", "application/json", "application/fits", "image/svg")


def compress(response: Response) -> Response:
    """Compress *response* with gzip if the client accepts it and the body is neither small nor compressed."""
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
    """Return whether a body is worth compressing, and not a file that the server sends itself."""
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
    """Return whether the client accepts gzip, with at least the preference of no compression."""
    qualities = {name.lower(): quality for name, quality in accepted}
    gzip = max(qualities.get("gzip", 0), qualities.get("x-gzip", 0))
    return gzip > 0 and gzip >= qualities.get("identity", 0)


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield each piece as it arrives; each flush costs about five bytes."""
    compressor = zlib.compressobj(LEVEL, wbits=_GZIP)
    for piece in pieces:
        yield compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()
