"""A service with the embedded PostgreSQL: its processes are killed, frozen, and run out of memory."""

import os
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg2
import pytest

from provtap.config import Settings
from provtap.database.embedded.cluster import Cluster
from tests.live import awaited, live_server

QUERY = "SELECT COUNT(*) AS n FROM tap_schema.tables"
LARGE = (
    "SELECT ivo_string_agg(a.description || b.description, '') AS x"
    " FROM tap_schema.columns AS a, tap_schema.columns AS b,"
    " (SELECT TOP 4 table_name FROM tap_schema.tables) AS c"
)
"""One cell of about 40 MB."""
TOO_LARGE = LARGE.replace("TOP 4", "TOP 40").replace("a.description ||", "a.description || a.description ||")
PATIENCE = 30
"""Seconds for a response that needs a few, on a busy machine."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service whose PostgreSQL may take 300 MB a process."""
    directory = tmp_path_factory.mktemp("outages")
    settings = Settings(data_dir=directory, backend_bytes=300 << 20, workers=2)
    with live_server(settings, directory / "serve.log") as running:
        running.cluster = Cluster(directory / "postgres")
        yield running


def ask(service, query=QUERY, **more):
    """Return status, headers and body of an answer, which comes within PATIENCE."""
    body = urllib.parse.urlencode({"LANG": "ADQL", "QUERY": query} | more).encode()
    try:
        with urllib.request.urlopen(f"{service.url}/tap/sync", body, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def availability(service):
    with urllib.request.urlopen(f"{service.url}/tap/availability", timeout=PATIENCE) as answer:
        return b"available>true<" in answer.read()


def every_process_answers(service):
    """Whether many queries at once are answered: each process finds out alone that PostgreSQL is back."""
    with ThreadPoolExecutor(12) as clients:
        return {status for status, *_ in clients.map(lambda _: ask(service), range(12))} == {200}


@contextmanager
def frozen(cluster):
    """Stop all processes of PostgreSQL, as a hypervisor does with a machine."""
    processes = cluster.processes()
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_postgresql_that_was_killed_is_started_again(service):
    """With the same data, for the same clients, which get Retry-After meanwhile."""
    before = service.cluster.postmaster().pid
    assert ask(service)[0] == 200
    os.kill(before, signal.SIGKILL)
    told = []

    assert awaited(lambda: told.append(ask(service)) or told[-1][0] == 200, 90)
    assert service.cluster.postmaster().pid != before
    refused = [(status, headers["Retry-After"]) for status, headers, _ in told if status != 200]
    assert set(refused) <= {(503, "10")}
    assert awaited(lambda: every_process_answers(service), PATIENCE)
    assert awaited(lambda: availability(service), PATIENCE)


def test_a_killed_backend_interrupts_other_queries_only_briefly(service):
    """Like the kernel when memory runs out: PostgreSQL restarts its other processes."""
    ask(service)
    os.kill(service.cluster.processes("[local]")[0], signal.SIGKILL)

    assert awaited(lambda: every_process_answers(service), 90)


def test_frozen_postgresql_is_reported_within_seconds(service):
    """The driver alone would wait for as long as the other end keeps the connection (D15)."""
    assert ask(service)[0] == 200
    with frozen(service.cluster):
        status, headers, body = ask(service)
        assert (status, headers["Retry-After"]) == (503, "10")
        assert b"QUERY_STATUS" in body
        assert not availability(service)

    assert awaited(lambda: every_process_answers(service), PATIENCE)
    assert awaited(lambda: availability(service), PATIENCE)


def test_queries_that_run_in_a_frozen_postgresql_are_answered(service):
    """The wait ends before their time limit, and clients do not wait for each other (D15)."""
    told = []
    queries = [threading.Thread(target=lambda: told.append(ask(service, _endless()))) for _ in range(6)]
    for query in queries:
        query.start()
    assert awaited(lambda: len(service.cluster.processes("COPY")) == 6)
    with frozen(service.cluster):
        for query in queries:
            query.join(PATIENCE)

        assert [status for status, *_ in told] == 6 * [503]
    assert awaited(lambda: every_process_answers(service), PATIENCE)


def _endless():
    tables = ", ".join(f"tap_schema.columns AS {name}" for name in "abcde")
    return f"SELECT COUNT(*) AS n FROM {tables}"


def test_query_over_the_limit_of_memory_is_one_sentence(service):
    """400, in the form of TAP, while PostgreSQL keeps running (D15)."""
    status, _, body = ask(service, TOO_LARGE)

    assert status == 400
    assert b"needs more memory than this service allows one query" in body


def test_job_over_the_limit_of_memory_is_not_tried_again(service):
    """The same query would need the same memory (UWS 1.1, errorSummary: fatal)."""
    form = {"LANG": "ADQL", "QUERY": TOO_LARGE, "PHASE": "RUN"}
    with urllib.request.urlopen(f"{service.url}/tap/async", urllib.parse.urlencode(form).encode()) as created:
        job = created.url
    told = []

    assert awaited(lambda: told.append(document(job)) or b"<uws:phase>ERROR<" in told[-1], PATIENCE)
    assert b'type="fatal"' in told[-1]
    assert b"needs more memory than this service allows one query" in told[-1]


def document(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read()


def test_web_processes_give_the_memory_of_large_cells_back(service):
    """Otherwise a few cells a thread would stay for good: 72 MB became 838 MB."""
    for form in ("votable", "csv", "json"):
        threads = [
            threading.Thread(target=ask, args=[service, LARGE], kwargs={"FORMAT": form}) for _ in "abc"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert ask(service)[0] == 200
    assert awaited(lambda: max(map(resident, service.workers())) < 120 << 20)


def test_web_processes_give_the_memory_of_uploads_back(service):
    """A table of 10 MB takes several times as much while it is read."""
    rows = "".join(f"<TR><TD>{n}</TD><TD>{'x' * 80}</TD></TR>" for n in range(80_000))
    table = (
        '<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        '<FIELD name="n" datatype="int"/><FIELD name="t" datatype="char" arraysize="*"/>'
        f"<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    assert upload(service, table) == 200
    assert awaited(lambda: max(map(resident, service.workers())) < 150 << 20)


def upload(service, table):
    fields = {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) AS n FROM tap_upload.t", "UPLOAD": "t,param:file"}
    parts = [f'name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts.append(f'name="file"; filename="file"\r\n\r\n{table}')
    body = (
        "".join(f"--border\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
        + "--border--\r\n"
    )
    request = urllib.request.Request(
        f"{service.url}/tap/sync", body.encode(), {"Content-Type": "multipart/form-data; boundary=border"}
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        return answer.status


def resident(process):
    """Return the bytes of memory that a process has."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_end_does_not_wait_for_a_backend_that_does_not_hear(service):
    """Within the 10 s after which a container is killed; PostgreSQL plans without listening (D15)."""
    sockets = service.cluster.postmaster().socket_directory
    with closing(psycopg2.connect(host=sockets, user="postgres", dbname="provtap")) as connection:
        os.kill(connection.info.backend_pid, signal.SIGSTOP)
        begun = time.monotonic()
        service.stop()

        assert time.monotonic() - begun < 10
    assert service.cluster.processes() == []
