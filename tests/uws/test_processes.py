"""Jobs on live processes, which are stopped, killed, and short of disk or of a database."""

import os
import resource
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from provtap import metadata
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.database.embedded import EmbeddedServer
from provtap.install import init
from provtap.uws.job import Client, Phase
from provtap.uws.results import ResultDirectory
from provtap.uws.store import JobStore
from tests.live import command, environment, live_server
from tests.uws.conftest import FLOOD, QUERY, SILENT, awaited

pytestmark = pytest.mark.database

HERE = Client(None, "127.0.0.1")


@pytest.fixture
def own(settings, tmp_path):
    return replace(settings, data_dir=tmp_path, worker_lost=1.5)


@pytest.fixture
def serve(own, store, tmp_path):
    """Return a function that starts a service."""
    with ExitStack() as stack:
        count = iter(range(9))

        def start(*options, **changes):
            log = tmp_path / f"serve{next(count)}.log"
            return stack.enter_context(live_server(replace(own, **changes), log, *options))

        yield start


@contextmanager
def worker_process(settings, log, **options):
    """Run `provtap worker`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command("worker"), env=environment(settings, 1), stdout=output, stderr=output, **options
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def post(url, **parameters):
    """Send a form, and return the address that the answer leads to."""
    with urllib.request.urlopen(url, urllib.parse.urlencode(parameters).encode(), timeout=60) as response:
        return response.url


def get(url):
    with urllib.request.urlopen(url, timeout=90) as response:
        return response.read().decode()


def submit(live, query=QUERY, **more):
    """Create a job, run it, and return its address."""
    return post(f"{live.url}/tap/async", QUERY=query, PHASE="RUN", MAXREC=10**7, **more)


def ended(job):
    """Return the phase that a job ends in."""
    assert awaited(lambda: get(f"{job}/phase") not in {"QUEUED", "EXECUTING"}, 40)
    return get(f"{job}/phase")


def test_a_job_runs_from_creation_to_result(serve):
    """D6: created, run, awaited, fetched."""
    job = submit(serve(), FORMAT="csv")

    assert "<uws:phase>COMPLETED" in get(f"{job}?WAIT=-1")
    assert get(f"{job}/results/result") == "schema_name\nivoa\nprovenance\nprovext\ntap_schema\n"


def test_any_node_stops_a_job(serve, running):
    """ABORT and DELETE reach the worker from every web node."""
    first, second = serve(), serve("--no-worker")
    assert (len(first.job_processes()), len(second.job_processes())) == (1, 0)
    jobs = [submit(first, SILENT) for _ in range(2)]
    assert awaited(lambda: running() == 2)
    there = [job.replace(first.url, second.url) for job in jobs]

    post(f"{there[0]}/phase", PHASE="ABORT")
    assert awaited(lambda: running() == 1)
    post(there[1], ACTION="DELETE")
    assert awaited(lambda: running() == 0)


def test_a_worker_may_run_alone(serve, own, tmp_path):
    """`serve --no-worker` and `provtap worker` together are equivalent to `serve`."""
    live = serve("--no-worker")
    job = submit(live)
    with worker_process(own, tmp_path / "worker.log") as worker:
        assert ended(job) == "COMPLETED"
        worker.terminate()
        assert worker.wait(60) == 0

    assert "Traceback" not in (tmp_path / "worker.log").read_text()


def test_jobs_and_sync_do_not_wait_for_each_other(serve, running):
    """Section 4: each has connections of its own."""
    live = serve(job_connections=1, read_connections=1)
    clients = [begin_sync(live, SILENT) for _ in range(8)]  # more than all connections of all processes
    assert awaited(lambda: running() >= 1)
    assert "COMPLETED" in get(f"{submit(live)}?WAIT=-1")
    for client in clients:
        client.close()
    assert awaited(lambda: running() == 0)

    submit(live, SILENT)
    submit(live, SILENT)
    assert awaited(lambda: running() == 1)
    assert "schema_name" in get(f"{live.url}/tap/sync?{urllib.parse.urlencode({'QUERY': QUERY})}")


def begin_sync(live, query):
    """Send a query to /sync, and return the socket, on which no answer is read."""
    client = socket.create_connection(("127.0.0.1", live.port))
    path = f"/tap/sync?{urllib.parse.urlencode({'QUERY': query})}"
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


# Ends of processes


def test_sigterm_gives_jobs_back_and_answers_who_waits(serve, store, running):
    """An orderly end: the job is in the queue again, without a wait of 30 seconds, exit code 0."""
    live = serve()
    job = submit(live, SILENT)
    assert awaited(lambda: running() == 1)
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(get(f"{job}?WAIT=-1&PHASE=EXECUTING")))
    waiting.start()
    time.sleep(0.5)

    assert live.stop() == 0
    waiting.join()
    assert "<uws:job " in answers[0]
    assert running() == 0
    assert store.phase(job.rpartition("/")[2], HERE) == Phase.QUEUED
    assert "Traceback" not in live.log.read_text()


def test_a_killed_worker_is_replaced_and_its_job_runs_again(serve, sql, running):
    """D6: kill -9; the query ends, the job is restarted, and can still be stopped."""
    live = serve()
    job = submit(live, SILENT)
    assert awaited(lambda: running() == 1)
    [before] = live.job_processes()
    os.kill(before, signal.SIGKILL)

    assert awaited(lambda: sql("SELECT losses, phase FROM uws.job") == [(1, "EXECUTING")])
    assert awaited(lambda: running() == 1)
    assert before not in live.job_processes()
    post(f"{job}/phase", PHASE="ABORT")
    assert awaited(lambda: running() == 0)


def test_a_job_that_kills_its_workers_fails(serve, sql, running):
    """D6: one more attempt, and not another."""
    live = serve()
    job = submit(live, SILENT)
    for losses in range(2):
        assert awaited(lambda n=losses: sql("SELECT losses, phase FROM uws.job") == [(n, "EXECUTING")])
        assert awaited(lambda: running() == 1)
        os.kill(live.job_processes()[-1], signal.SIGKILL)

    assert ended(job) == "ERROR"
    assert "The process that ran the job was lost, twice." in get(f"{job}/error")
    assert awaited(lambda: running() == 0)


def test_a_killed_web_process_ends_no_job(serve, running):
    """The job is the worker's."""
    live = serve()
    job = submit(live, "SELECT a.column_name FROM tap_schema.columns AS a, tap_schema.columns AS b")
    for pid in live.workers():
        os.kill(pid, signal.SIGKILL)

    assert awaited(lambda: len(live.workers()) >= 2)
    assert ended(job) == "COMPLETED"


def test_without_its_master_no_process_is_left(serve, running):
    """Kill -9 of the master: its worker ends, and so do the queries."""
    live = serve()
    submit(live, SILENT)
    assert awaited(lambda: running() == 1)
    [worker] = live.job_processes()
    live.process.kill()

    assert awaited(lambda: running() == 0)
    assert awaited(lambda: not alive(worker))


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# Waiting


def test_waits_leave_threads_for_others(serve):
    """UWS-18: one thread in four may be held; who comes then is answered at once."""
    live = serve(threads=4, workers=2)
    job = post(f"{live.url}/tap/async", QUERY=QUERY)
    threads = [threading.Thread(target=get, args=[f"{job}?WAIT=-1"]) for _ in range(8)]
    for thread in threads:
        thread.start()

    assert awaited(lambda: sum(thread.is_alive() for thread in threads) <= 2)
    assert get(f"{live.url}/tap/availability")
    post(f"{job}/phase", PHASE="ABORT")
    for thread in threads:
        thread.join()


# Faults


def test_a_full_disk_fails_the_job_and_nothing_else(serve, own, tmp_path):
    """No result is cut off silently: here no file may have more than 200 kB."""
    live = serve("--no-worker")

    def little_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    with worker_process(own, tmp_path / "worker.log", preexec_fn=little_disk):
        large = submit(live, FLOOD)
        assert ended(large) == "ERROR"
        assert ended(submit(live)) == "COMPLETED"

    assert "The server has not enough disk space to store the result." in get(f"{large}/error")
    assert get(large).count('type="transient"') == 1
    names = list(ResultDirectory(own.data_dir / "results").names(-60))
    assert [name for name in names if large.rpartition("/")[2] in name] == []


@pytest.fixture
def crashing(tmp_path):
    """A PostgreSQL of its own, and a function that kills it and starts it anew."""
    directory = tmp_path / "data"
    server = EmbeddedServer(directory)
    server.start()
    servers = [server]

    def crash():
        pid = int((directory / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)
        again = EmbeddedServer(directory)
        again.start()
        servers.append(again)

    settings = Settings(database_url=server.url, data_dir=directory, worker_lost=1.5)
    init(settings, metadata.load(None))
    yield settings, crash
    for started in servers:
        started.stop()


def test_a_database_that_crashes_under_jobs(crashing, tmp_path):
    """Every job ends in a truthful phase, and nothing needs a hand on the database."""
    settings, crash = crashing
    with (
        live_server(settings, tmp_path / "serve.log") as live,
        open_database(settings) as database,
    ):
        store = JobStore(database, settings)
        long, other = submit(live, SILENT), submit(live, FLOOD)
        assert awaited(lambda: {get(f"{job}/phase") for job in (long, other)} == {"EXECUTING"})
        crash()

        assert awaited(lambda: store.job(long.rpartition("/")[2], HERE).phase == Phase.EXECUTING, 60)
        for job in (long, other):
            post(f"{job}/phase", PHASE="ABORT")
        assert "COMPLETED" in get(f"{submit(live)}?WAIT=-1")
