"""The state of a service as metrics, read for each scrape."""

from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from provtap import __version__
from provtap.config import Settings
from provtap.database.connect import Database
from provtap.errors import ProvtapError
from provtap.monitoring.shared import SharedQuestion
from provtap.monitoring.state import Documents, State, disks, read_hosts, state
from provtap.uws.job import Phase

PATIENCE = 4.0
"""Seconds that a scrape waits for PostgreSQL; Prometheus itself waits for 10."""


class StateCollector(Collector):
    """Yields gauges and counters; those read from PostgreSQL are missing while it is unavailable."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._documents = Documents()
        self._state = SharedQuestion(self._read, PATIENCE)
        self._hosts = SharedQuestion(lambda: read_hosts(database, settings), PATIENCE)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics."""
        yield _gauge("provtap_build_info", "Version of ProvTAP.", (1, {"version": __version__}))
        yield from self._disks()
        try:
            found = self._state.answer()
        except ProvtapError:
            yield _gauge("provtap_database_up", "Whether the primary PostgreSQL answers.", (0, {}))
        else:
            yield _gauge("provtap_database_up", "Whether the primary PostgreSQL answers.", (1, {}))
            yield from _of_database(found)
            yield from _of_jobs(found)
        yield from self._of_hosts()

    def _read(self) -> State:
        found = state(self._database, self._settings, self._documents)
        self._documents = found.documents
        return found

    def _disks(self) -> Iterator[Metric]:
        found = disks(self._settings)
        free = [(disk.free, {"use": disk.use}) for disk in found]
        size = [(disk.size, {"use": disk.use}) for disk in found]
        yield _gauge("provtap_disk_free_bytes", "Free space for one use of a disk.", *free)
        yield _gauge("provtap_disk_size_bytes", "Size of the file system for one use of a disk.", *size)

    def _of_hosts(self) -> Iterator[Metric]:
        try:
            found = self._hosts.answer()
        except ProvtapError:
            return
        if not found:
            return
        up = [(float(host.standby is not None), {"host": host.name}) for host in found]
        lags = [(host.lag, {"host": host.name}) for host in found if host.standby]
        yield _gauge("provtap_database_host_up", "Whether a host of PROVTAP_READ_URL answers.", *up)
        yield _gauge("provtap_standby_lag_seconds", "Age of the last change that a standby applied.", *lags)


def _of_database(found: State) -> Iterator[Metric]:
    documents, last = found.documents, found.documents.last_time
    yield _gauge("provtap_database_size_bytes", "Size of the database.", (found.size, {}))
    yield _counter("provtap_documents", "Documents that were stored.", documents.number)
    yield _counter("provtap_document_warnings", "Warnings about these documents.", documents.warnings)
    if last is not None:
        text = "When the last document was stored."
        yield _gauge("provtap_last_ingestion_timestamp_seconds", text, (last.timestamp(), {}))
    closed = found.maintenance is not None and found.maintenance.is_on()
    yield _gauge("provtap_maintenance", "Whether queries are refused for maintenance.", (float(closed), {}))


def _of_jobs(found: State) -> Iterator[Metric]:
    queue = found.queue
    phases = [(queue.jobs.get(phase, 0), {"phase": phase.value}) for phase in _PHASES]
    yield _gauge("provtap_jobs", "Jobs that exist, by phase.", *phases)
    waiting = (queue.longest_queued, _NONE)
    yield _gauge("provtap_job_queue_age_seconds", "Time that the first queued job has waited.", waiting)
    executing = (queue.longest_executing, _NONE)
    yield _gauge("provtap_job_execution_age_seconds", "Time that the longest job has executed.", executing)
    yield _gauge("provtap_workers", "Workers that are alive.", (len(queue.workers), {}))


_NONE: dict[str, str] = {}
_PHASES = (Phase.PENDING, Phase.QUEUED, Phase.EXECUTING, Phase.COMPLETED, Phase.ERROR, Phase.ABORTED)


def _gauge(name: str, text: str, *samples: tuple[float, dict[str, str]]) -> Metric:
    labels: Sequence[str] = list(samples[0][1]) if samples else []
    family = GaugeMetricFamily(name, text, labels=labels)
    for value, values in samples:
        family.add_metric(list(values.values()), value)
    return family


def _counter(name: str, text: str, value: float) -> Metric:
    family = CounterMetricFamily(name, text)
    family.add_metric([], value)
    return family
