"""Detects whether the client of a request is still connected."""

import select
from collections.abc import Callable, Mapping
from typing import Any

_GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR
"""A client that closed only its sending half counts as gone: HTTP clients do this only when they leave."""


def hangup(environ: Mapping[str, Any]) -> Callable[[], bool]:
    """Return a fast function that returns whether the client of this request has disconnected.

    It uses the socket that gunicorn puts into the WSGI environment; without one it always returns False.
    """
    connection = environ.get("gunicorn.socket")
    if connection is None:
        return lambda: False
    poll = select.poll()
    poll.register(connection, _GONE)
    return lambda: bool(poll.poll(0))
