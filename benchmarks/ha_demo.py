"""Lose machines, on one: three with PostgreSQL, Patroni and etcd, two services and two workers of ProvTAP.

The database runs with the files of deploy/patroni. While documents are stored, queries answered and jobs
run, the machine of the primary is killed, the next one is frozen, the primary is moved, and etcd loses its
majority. The exit status is 1 if a document is lost or stored twice, if a job is in a phase that is not true,
if a query gets a wrong answer, or if a process of ProvTAP has ended.
"""

import argparse
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from machines import ADDRESSES, Machine, family, here, lacking
from rounds import table
from store import free_port

from provtap.client import ProvClient
from provtap.client.delivery import Delivery, ProvError, ProvUnavailable
from provtap.client.spool import Letter
from provtap.database.embedded.binaries import UnixUser
from provtap.install import STILL_TO_RUN

SERVICES = ("A", "B")
WORKERS = 2
CALM = 3.0
"""Seconds of load before and after each event."""
AWAY = 24.0
"""Seconds for which a machine, or the majority of etcd, is away: longer than the ttl of Patroni."""
PATIENCE = 90.0
"""Seconds in which all machines must be back, and all jobs ended."""
FILES = 800
"""Documents of a campaign that one command loads during an event."""
QUERY = "SELECT COUNT(*) AS n FROM provenance.activity"
JOB = (
    "SELECT COUNT(*) AS n FROM tap_schema.columns AS a, tap_schema.columns AS b,"
    " (SELECT TOP {0} column_name FROM tap_schema.columns) AS c"
)
JOB_ROWS = (1, 40, 80)
"""Rows of `c` in one job after the other, so that they take from moments to seconds."""
STORED = (
    "SELECT in_source, count(*) FROM provext.ingestion WHERE in_source LIKE %s || '/%%' GROUP BY in_source"
)
"""How often each document of an event was stored."""
ROWS = """
WITH demo (ids) AS (VALUES ('urn:demo:' || %s || '/%%'))
SELECT (SELECT count(*) FROM provenance.activity, demo WHERE a_id LIKE ids),
       (SELECT count(*) FROM provenance.used, demo WHERE u_activity_id LIKE ids),
       (SELECT count(*) FROM provenance.wasgeneratedby, demo WHERE wgb_activity_id LIKE ids)
"""
"""What the documents of an event contain, by table."""
JOBS = "SELECT job_id, phase, error_message FROM uws.job"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BEGUN = time.monotonic()


def main() -> None:
    """Let it all happen, and print it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--only", choices=[*EVENTS], action="append", help="this event; can be repeated")
    options.add_argument("--keep", action="store_true", help="keep the files and logs")
    given = options.parse_args()
    logging.disable(logging.WARNING)  # of clients that save a document on disk; the table counts these
    for number in ENDING:
        signal.signal(number, stop)
    directory = Path(tempfile.mkdtemp(prefix="provtap-ha-"))
    directory.chmod(0o755)  # root's PostgreSQL runs as another user
    keep = True
    try:
        user = UnixUser.of(directory)
        if missing := list(lacking(user)):
            keep = False
            raise SystemExit("\n".join(missing))
        with Place(directory, user) as place:
            faults = place.story(given.only or [*EVENTS])
        keep = bool(given.keep or faults)
    finally:
        if keep:
            print(f"\nFiles and logs: {directory}", flush=True)
        else:
            shutil.rmtree(directory)
    if faults:
        raise SystemExit("\n".join(["", *faults]))
    print(
        "\nNothing was lost or stored twice, every job is in a true phase, no process was restarted by hand."
    )


def stop(number: int, frame: object) -> None:
    """End this process by SystemExit, which stops the others; further signals must not interrupt that."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(f"Stopped by {signal.Signals(number).name}.")


def say(what: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"{time.monotonic() - BEGUN:6.1f} s  {what}", flush=True)


def awaited(condition: Callable[[], Any], what: str) -> Any:
    """Return *condition* once it is true. Raises: SystemExit after PATIENCE."""
    end = time.monotonic() + PATIENCE
    while not (met := condition()):
        if time.monotonic() > end:
            raise SystemExit(f"After {PATIENCE:.0f} s there is still no {what}.")
        time.sleep(0.2)
    return met


def fetched(url: str) -> bytes | None:
    """Return the body at *url*; None if there is no good answer."""
    with suppress(OSError), urlopen(url, timeout=60) as answer:
        return bytes(answer.read())
    return None


class Place(ExitStack):
    """All machines: those of the database, and the services and workers."""

    def __init__(self, directory: Path, user: UnixUser) -> None:
        super().__init__()
        self.directory = directory
        self.machines = {name: Machine(name, directory, user) for name in ADDRESSES}
        self.urls = {name: f"http://127.0.0.1:{free_port()}" for name in SERVICES}
        self.token = ""
        self.known_jobs: set[str] = set()
        self._settings = directory / "provtap.toml"
        self._processes: dict[str, set[int]] = {}

    def __enter__(self) -> "Place":
        super().__enter__()
        try:
            self._start_database()
            self._start_services()
        except BaseException:
            self.close()
            raise
        return self

    def _start_database(self) -> None:
        for machine in self.machines.values():
            self.callback(machine.signal, signal.SIGKILL)
            machine.start()
        self.complete()
        primary = self.machines[self.primary()]
        for statement in filter(str.strip, here("provtap.sql").split(";")):
            primary.ask(statement, database="postgres")
        named = "SELECT 1 FROM pg_database WHERE datname = 'provtap_scratch'"  # the last one
        machines = self.machines.values()
        awaited(lambda: all(each.ask(named, database="postgres") for each in machines), "copy of it")
        results = str(self.directory / "results")
        self._settings.write_text(here("provtap.toml").replace("/net/provtap/results", results))
        _, _, for_superuser = self._run("init").partition(f"{STILL_TO_RUN}\n")
        for statement in takewhile(lambda line: line.endswith(";"), for_superuser.splitlines()):
            primary.ask(statement)
        primary.ask("ALTER ROLE provtap_reader PASSWORD 'READER-PASSWORD'")
        self.token = self._run("token", "create", "pipeline", "--scope", "read,write").split()[-1]
        say(f"Three machines run etcd, Patroni and PostgreSQL; {primary.name} has the primary.")

    def _start_services(self) -> None:
        commands = {f"worker {number + 1}": ("worker",) for number in range(WORKERS)}
        for name, url in self.urls.items():
            commands[f"service {name}"] = ("serve", "--no-worker", f"--port={url.rpartition(':')[2]}")
        started = {}
        for name, command in commands.items():
            with (self.directory / f"{name}.log").open("wb") as log:
                started[name] = subprocess.Popen(_provtap(*command), env=self._environ(), stderr=log)
            self.callback(started[name].wait)
            self.callback(started[name].terminate)
        for name, url in self.urls.items():
            awaited(lambda url=url: fetched(f"{url}/tap/availability"), f"service {name}")
        self._processes = {name: family(process.pid) for name, process in started.items()}
        say(f"{len(SERVICES)} services and {WORKERS} workers of ProvTAP run.")

    def _environ(self) -> dict[str, str]:
        given = {"PROVTAP_CONFIG": str(self._settings), "PROVTAP_ACCOUNTS": "true", "PROVTAP_WORKERS": "1"}
        return {name: text for name, text in os.environ.items() if not name.startswith("PROVTAP_")} | given

    def _run(self, *command: str) -> str:
        """Run a command of provtap, and return what it prints. Raises: SystemExit if it fails."""
        running = self.begin(*command)
        printed, said = running.communicate()
        if running.returncode != 0:
            raise SystemExit(f"provtap {' '.join(command)}: {said}")
        return printed

    def begin(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command of provtap."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running = subprocess.Popen(
            _provtap(*command), env=self._environ(), cwd=self.directory, text=True, **pipes
        )
        self.callback(running.kill)
        return running

    def primary(self, but: str = "") -> str:
        """Return the name of the machine, other than *but*, with the primary; empty if there is none."""
        names = [name for name, machine in self.machines.items() if name != but]
        return next((name for name in names if self.machines[name].role() == "primary"), "")

    def succession(self, former: str) -> None:
        """Wait until another machine than *former* has the primary, and say so."""
        name = awaited(lambda: self.primary(but=former), "new primary")
        say(f"{name} has the primary now.")

    def complete(self) -> None:
        """Return once there are a primary and two synchronous standbys."""
        wanted = ["primary", "synchronous", "synchronous"]
        awaited(lambda: sorted(each.role() for each in self.machines.values()) == wanted, "complete cluster")

    def ask(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """Run a statement on the primary, and return its rows."""
        return self.machines[self.primary()].ask(statement, *values)

    def story(self, events: list[str]) -> list[str]:
        """Let the events happen; print a table of them, and return what went wrong."""
        rows, faults = [], []
        for name in events:
            print(f"\n{name}: {' '.join((EVENTS[name].__doc__ or '').split())}", flush=True)
            load = Load(self, name)
            load.begin()
            EVENTS[name](self)
            self.complete()
            say("All machines have their roles.")
            time.sleep(CALM)
            load.stop()
            row, wrong = load.account()
            rows.append([name, *row])
            faults += [f"{name}: {each}" for each in [*wrong, *self._ended()]]
        print()
        table(["event", "nothing stored for", "documents", "queries", "jobs"], rows)
        return faults

    def _ended(self) -> list[str]:
        return [
            f"a process of {name} has ended"
            for name, processes in self._processes.items()
            if not all(Path(f"/proc/{process}").exists() for process in processes)
        ]


def _provtap(*command: str) -> list[str]:
    """Return the command line of provtap in this environment."""
    return [sys.executable, "-c", "from provtap.commands import main; main()", *command]


class Load:
    """What uses the service during one event: writers, readers, a pipeline and jobs, each in a thread."""

    def __init__(self, place: Place, event: str) -> None:
        self._place = place
        self._event = event.replace(" ", "-")
        self._over = threading.Event()
        self._stored: list[str] = []  # the sources of the documents
        self._saved = 0  # of them, those that a client saved on disk
        self._times = {name: [time.monotonic()] for name in SERVICES}  # of what writers stored
        self._answers: list[float] = []  # seconds that queries took
        self._refused: Counter[str] = Counter()  # with 503: queries, jobs
        self._jobs: dict[str, int] = {}  # by their ids, what they must count
        self._wrong: list[str] = []
        [(columns,)] = place.ask("SELECT count(*) FROM tap_schema.columns")
        self._pairs = columns**2
        tasks = [(task, name) for task in (self._write, self._read) for name in SERVICES]
        tasks += [(task, "") for task in (self._run_pipeline, self._submit)]
        self._campaign = self._load_campaign()
        self._threads = [threading.Thread(target=self._repeat, args=task, daemon=True) for task in tasks]
        for thread in self._threads:
            thread.start()

    def _repeat(self, task: Callable[[int, str], None], service: str) -> None:
        """Do a task until it is over, for one service or for each in turn; any error is a fault."""
        number = 0
        while not self._over.is_set():
            number += 1
            try:
                task(number, service or SERVICES[number % len(SERVICES)])
            except Exception as error:
                self._wrong.append(f"{task.__name__} {number} on service {service}: {error!r}")
                self._over.wait(1)

    def _write(self, number: int, service: str) -> None:
        """Send one document, again and again until it is acknowledged."""
        source = f"{self._event}/{service}/{number}"
        letter = Letter(
            f"records?{urlencode({'source': source})}", str(uuid.uuid4()), document(source, number)
        )
        delivery = Delivery(self._place.urls[service], self._place.token, patience=0)
        while True:
            try:
                delivery.post(letter)
                break
            except ProvUnavailable:
                time.sleep(0.1)
        self._stored.append(source)
        self._times[service].append(time.monotonic())
        time.sleep(0.05)

    def _load_campaign(self) -> "subprocess.Popen[str]":
        """Begin to load many files with one command, which must outlast the event."""
        folder = self._place.directory / self._event
        folder.mkdir()
        for number in range(FILES):
            file = folder / f"{number}.json"
            file.write_text(json.dumps({"activity": {f"urn:demo:{self._event}/campaign/{number}": {}}}))
            self._stored.append(f"{self._event}/{file.name}")
        return self._place.begin("ingest", self._event)

    def _run_pipeline(self, number: int, service: str) -> None:
        """Record a run as a pipeline does: while the service is away, its client saves the record on disk."""
        source = f"{self._event}/pipeline/{number}"
        client = self._client(service, source)
        client.add_activity(f"urn:demo:{source}", name="run")
        self._saved += client.send() is None
        self._stored.append(source)
        time.sleep(0.3)

    def _client(self, service: str, source: str | None = None) -> ProvClient:
        spool = self._place.directory / "spool"
        return ProvClient(
            self._place.urls[service], self._place.token, source=source, spool=spool, patience=2
        )

    def _read(self, number: int, service: str) -> None:
        """Ask one question; without a database, the answer must be 503 with the time to wait."""
        begun = time.monotonic()
        asked = urlencode({"QUERY": QUERY, "FORMAT": "csv"})
        try:
            with urlopen(f"{self._place.urls[service]}/tap/sync?{asked}", timeout=60) as answer:
                int(answer.read().split()[1])
            self._answers.append(time.monotonic() - begun)
        except HTTPError as error:
            self._refuse(error, "queries")
        time.sleep(0.05)

    def _submit(self, number: int, service: str) -> None:
        """Start one job; without a primary, the answer must be 503 with the time to wait."""
        rows = JOB_ROWS[number % len(JOB_ROWS)]
        asked = {"LANG": "ADQL", "QUERY": JOB.format(rows), "FORMAT": "csv", "PHASE": "RUN"}
        try:
            with urlopen(f"{self._place.urls[service]}/tap/async", urlencode(asked).encode(), 60) as answer:
                self._jobs[answer.url.rpartition("/")[2]] = rows * self._pairs  # it redirected to the job
        except HTTPError as error:
            self._refuse(error, "jobs")
        time.sleep(1)

    def _refuse(self, error: HTTPError, what: str) -> None:
        """Count a request that was refused as it must be, with 503. Raises: ProvError for another status."""
        with error:
            if error.code != 503 or "Retry-After" not in error.headers:
                raise ProvError(f"{error.code}: {error.read().decode()}") from error
        self._refused[what] += 1

    def begin(self) -> None:
        """Return a moment after everything has begun."""
        first = f"SELECT 1 FROM provext.ingestion WHERE in_source LIKE '{self._event}/%.json' LIMIT 1"
        awaited(
            lambda: self._campaign.poll() is not None or self._place.ask(first),
            "document of provtap ingest",
        )
        time.sleep(CALM)

    def stop(self) -> None:
        """End it: what has begun is completed, and what was saved on disk is sent."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        for name, times in self._times.items():
            times.append(time.monotonic())
            self._client(name).flush()
        _, said = self._campaign.communicate(timeout=PATIENCE)
        if self._campaign.returncode != 0:
            self._wrong.append(f"provtap ingest: {said}")

    def account(self) -> tuple[list[str], list[str]]:
        """Return the cells of a table, and what went wrong."""
        pause = max(b - a for times in self._times.values() for a, b in pairwise(times))
        queries = (
            f"{len(self._answers)}, {self._refused['queries']} × 503, slowest {max(self._answers):.1f} s"
        )
        return [f"{pause:.1f} s", self._documents(), queries, self._ends()], self._wrong

    def _documents(self) -> str:
        """Compare the documents that were sent with those that each machine has."""
        stored = dict(self._place.ask(STORED, self._event))
        lost = sorted({*self._stored} - stored.keys())
        twice = sorted(source for source, number in stored.items() if number > 1)
        for what, sources in (("lost", lost), ("stored twice", twice)):
            if sources:
                self._wrong.append(f"{len(sources)} documents were {what}, the first is {sources[0]}")
        chained = sum(source.split("/")[1] in SERVICES for source in self._stored)
        rows = self._place.ask(ROWS, self._event)
        if rows != [(len(self._stored), chained, chained)]:
            self._wrong.append(f"the store has {rows[0]} activities, usages and generations")
        for name, machine in self._place.machines.items():
            awaited(
                lambda machine=machine: machine.ask(ROWS, self._event) == rows, f"complete copy on {name}"
            )
        saved = f" ({self._saved} saved on disk meanwhile)" if self._saved else ""
        return f"{len(self._stored)}{saved}, {len(lost)} lost, {len(twice)} twice"

    def _ends(self) -> str:
        """Wait for the end of all jobs; compare their phases and results with what they must be."""
        unfinished = "SELECT count(*) FROM uws.job WHERE phase IN ('QUEUED', 'EXECUTING')"
        awaited(lambda: self._place.ask(unfinished) == [(0,)], "end of all jobs")
        jobs = {job_id: rest for job_id, *rest in self._place.ask(JOBS)}
        self._wrong += [f"job {job_id} was lost" for job_id in self._jobs.keys() - jobs.keys()]
        for job_id in jobs.keys() - self._place.known_jobs:
            phase, message = jobs[job_id]
            result = fetched(f"{self._place.urls[SERVICES[0]]}/tap/async/{job_id}/results/result")
            count = int(result.split()[1]) if result else None
            if (count is None) == (phase == "COMPLETED") or count != self._jobs.get(job_id, count):
                self._wrong.append(f"job {job_id} is {phase} and its result is {result!r}")
            if phase != "COMPLETED":
                say(f"Job {job_id}: {phase}, {message}")
        phases = Counter(jobs[job_id][0] for job_id in jobs.keys() - self._place.known_jobs)
        self._place.known_jobs |= jobs.keys()
        refused = f"{self._refused['jobs']} × 503"
        return ", ".join([*(f"{number} {phase}" for phase, number in phases.items()), refused])


def document(source: str, number: int) -> bytes:
    """Return a document about one run, which uses what the run before it has generated."""
    activity = f"urn:demo:{source}"
    before = f"{activity.rpartition('/')[0]}/{number - 1}"
    records = {
        "Activity": {"id": activity, "name": "step"},
        "Used": {"activity": activity, "entity": f"{before}/product", "role": "input"},
        "WasGeneratedBy": {"activity": activity, "entity": f"{activity}/product", "role": "output"},
    }
    return json.dumps(records).encode()


def kill_primary(place: Place) -> None:
    """Cut the power of the machine with the primary; it boots half a minute later."""
    name = place.primary()
    place.machines[name].signal(signal.SIGKILL)
    say(f"{name} is off.")
    begun = time.monotonic()
    place.succession(name)
    time.sleep(max(0.0, begun + AWAY - time.monotonic()))
    place.machines[name].start()
    say(f"{name} boots.")


def freeze_primary(place: Place) -> None:
    """Freeze the machine with the primary for half a minute, as a hypervisor may: connections stay open."""
    name = place.primary()
    place.machines[name].signal(signal.SIGSTOP)
    say(f"{name} is frozen.")
    begun = time.monotonic()
    place.succession(name)
    time.sleep(max(0.0, begun + AWAY - time.monotonic()))
    place.machines[name].signal(signal.SIGCONT)
    say(f"{name} continues, as if it still had the primary.")


def switch_over(place: Place) -> None:
    """Move the primary to another machine, as before an upgrade: `patronictl switchover`."""
    name = place.primary()
    place.machines[name].switch_over()
    place.succession(name)


def stop_majority(place: Place) -> None:
    """Stop two of the three members of etcd for half a minute; the primary must stay where it is."""
    name = place.primary()
    others = [machine for other, machine in place.machines.items() if other != name]
    for machine in others:
        machine.signal(signal.SIGKILL, "etcd")
    say("etcd has lost its majority.")
    time.sleep(AWAY)
    for machine in others:
        machine.start("etcd")
    say("etcd is started again.")
    if place.primary() != name:
        raise SystemExit(f"{name} has lost the primary.")


EVENTS: dict[str, Callable[[Place], None]] = {
    "primary killed": kill_primary,
    "primary frozen": freeze_primary,
    "switch-over": switch_over,
    "etcd without majority": stop_majority,
}

if __name__ == "__main__":
    main()
