"""ProvTAP: store, search and retrace the provenance of astronomical data products."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provtap.client import ProvClient
    from provtap.client.delivery import ProvError, ProvNotFound, ProvUnavailable
    from provtap.client.recorder import activity
    from provtap.client.store import connect

__version__ = "0.2.0"
__all__ = ["ProvClient", "ProvError", "ProvNotFound", "ProvUnavailable", "activity", "connect"]

_LATE = {
    "ProvClient": "provtap.client",
    "ProvError": "provtap.client.delivery",
    "ProvNotFound": "provtap.client.delivery",
    "ProvUnavailable": "provtap.client.delivery",
    "activity": "provtap.client.recorder",
    "connect": "provtap.client.store",
}


def __getattr__(name: str) -> Any:
    """Import the functions for pipelines on first use, so that `import provtap` is fast."""
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATE[name]), name)
