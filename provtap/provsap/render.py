"""Converts DOT to a PNG, or to the coordinates of its nodes, with Graphviz in a child process.

Graphviz is not thread-safe, does not free its memory, and may take long for a large graph. A child process
avoids these problems and can be killed. It runs `graphviz.py`.
"""

import subprocess
import sys
import threading

from provtap.errors import Busy, QueryTimeout, TooLarge
from provtap.provsap import graphviz

DURATION = 60.0
"""Maximum seconds of a layout."""
PATIENCE = 30.0
"""Maximum seconds that a request waits for other pictures, which occupies a thread."""
_AT_ONCE = threading.BoundedSemaphore(2)  # pictures in each process: each keeps a core busy


def render(dot: str, form: str, patience: float = PATIENCE) -> bytes:
    """Return the picture of *dot*; *form* is png, or json for the coordinates.

    *patience*: maximum seconds to wait before it can begin.

    Raises: Busy; QueryTimeout; TooLarge if Graphviz can't draw it.
    """
    command = [sys.executable, "-P", graphviz.__file__, form]
    if not _AT_ONCE.acquire(timeout=patience):
        raise Busy("Too many pictures are being drawn.", hint="Try again in a minute.")
    try:
        done = subprocess.run(command, input=dot.encode(), capture_output=True, timeout=DURATION)
    except subprocess.TimeoutExpired as error:
        raise QueryTimeout("The picture took too long to draw.", hint="Use a smaller DEPTH.") from error
    finally:
        _AT_ONCE.release()
    if done.returncode != 0:
        raise TooLarge("The graph is too large to draw.", hint="Use a smaller DEPTH.")
    return done.stdout
