"""The metrics that the processes of a service count while they answer queries, for Prometheus.

Each process counts in its own files, and `/metrics` adds them up. Outside of `collected` nothing is counted
and the library is not imported, so that commands start fast.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from provtap.errors import SettingsError

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

GONE = 499
"""Status of a query whose client has disconnected, as in nginx; HTTP has none."""
_SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 600.0, 3600.0)
_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


class _Counters:
    """The metrics counted by processes; metrics from the store are in `provtap.monitoring`."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Histogram

        self.requests = Counter(
            "provtap_requests", "HTTP requests that were answered.", ["status"], registry=None
        )
        self.queries = Counter(
            "provtap_queries",
            "Queries that ended, of requests and jobs, by format and by HTTP status.",
            ["format", "status"],
            registry=None,
        )
        self.rows = Counter("provtap_query_rows", "Rows that queries returned.", registry=None)
        self.sql = Histogram(
            "provtap_query_sql_seconds", "Time of queries in PostgreSQL.", buckets=_SECONDS, registry=None
        )
        self.waits = Histogram(
            "provtap_query_wait_seconds",
            "Time that queries waited for a connection to PostgreSQL.",
            buckets=_SECONDS,
            registry=None,
        )


_counters: _Counters | None = None


@contextmanager
def collected() -> Iterator[None]:
    """Count in this process and its forks during the block.

    Raises: SettingsError if the library is not installed.
    """
    global _counters
    with tempfile.TemporaryDirectory(prefix="provtap-metrics-", ignore_cleanup_errors=True) as directory:
        os.environ[_DIRECTORY] = directory  # must be set before the library is imported
        try:
            _counters = _Counters()
        except ImportError as error:
            raise SettingsError(
                "PROVTAP_ADMIN_PORT needs the package prometheus-client, which is not installed.",
                hint="pip install 'provtap[monitoring]'",
            ) from error
        try:
            yield
        finally:
            _counters = None
            del os.environ[_DIRECTORY]


def collector() -> "Collector":
    """Return the collector that adds up the counts of all processes, within `collected`."""
    from prometheus_client.multiprocess import MultiProcessCollector

    found: Collector = MultiProcessCollector(None)  # type: ignore[no-untyped-call]
    return found


def count_request(status: int) -> None:
    """Count an HTTP request with its response *status*."""
    if _counters is not None:
        _counters.requests.labels(str(status)).inc()


def count_query(form: str, status: int, *, rows: int, sql_time: float | None, waited: float | None) -> None:
    """Count a finished query: its format, its outcome as HTTP status, rows, and seconds."""
    if _counters is None:
        return
    _counters.queries.labels(form, str(status)).inc()
    if rows:
        _counters.rows.inc(rows)
    if sql_time is not None:
        _counters.sql.observe(sql_time)
    if waited is not None:
        _counters.waits.observe(waited)
