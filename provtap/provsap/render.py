"""DOT to a PNG, or to the places of its nodes, by Graphviz, in a process of its own.

Graphviz is not made for threads, keeps what it allocates, and may take long over a large graph: a child
process has none of these troubles, and can be ended. It runs `graphviz.py`.
"""

import subprocess
import sys
import threading

from provtap.errors import Busy, QueryTimeout, TooLarge
from provtap.provsap import graphviz

DURATION = 60.0
"""Seconds that a layout may take."""
PATIENCE = 30.0
"""Seconds that a request waits for others' pictures, which holds a thread."""
_AT_ONCE = threading.BoundedSemaphore(2)  # pictures a process: each keeps a core busy


def render(dot: str, form: str, patience: float = PATIENCE) -> bytes:
    """Return the picture of *dot*; *form* is png or json, which tells where everything is.

    *patience*: seconds to wait until it can begin.

    Raises: Busy; QueryTimeout; TooLarge when Graphviz can't draw it.
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
