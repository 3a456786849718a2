"""More than one machine, on one: two web nodes behind nginx, a worker, a primary and two hot standbys.

Under load a standby is killed and comes back, then a node is killed. What each standby answered is counted
in its own pg_stat_database. It fails if more is lost than was in flight. One machine shows no throughput.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import psycopg2
from rounds import table
from standby import PG_BASEBACKUP, kill, standby
from store import store

from provtap.config import Settings
from provtap.database.embedded import EmbeddedServer
from provtap.database.login import database_login

CLIENTS = 8
NODES = 2
AGE = 2
"""Seconds for which a connection to a standby is kept, so that one that is back is soon used."""
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
DOCUMENT = Path(__file__).parent.parent / "docs" / "how-to" / "scale.md"
QUERY = "SELECT e_id, e_name FROM provenance.entity WHERE e_name = 'run{0}.dl1.h5'"
JOB = "SELECT COUNT(*) AS n FROM provenance.entity AS a JOIN provenance.entity AS b USING (e_comment)"
COUNT = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"


def main() -> None:
    """Print what was answered and lost while each thing happened."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--seconds", type=float, default=3, help="of load, for each thing that happens")
    given = options.parse_args()
    if NGINX is None or not PG_BASEBACKUP.exists():
        raise SystemExit("This needs nginx, and an embedded PostgreSQL with pg_basebackup.")
    with Place() as place:
        rows, lost = place.story(given.seconds)
    print(
        f"\n## What is lost when a standby or a node dies?\n{CLIENTS} clients, {given.seconds:.0f} s each\n"
    )
    table(["", "answered", "lost", "by standby 1", "by standby 2", "jobs done"], rows)
    if lost:
        raise SystemExit(f"More was lost than was in flight: {lost}")


class Place(ExitStack):
    """The machines."""

    def __enter__(self) -> "Place":
        super().__enter__()
        self.directory = Path(self.enter_context(tempfile.TemporaryDirectory(prefix="provtap-replicas-")))
        self.directory.chmod(0o755)  # root's server runs as another user
        primary = self.enter_context(store(5_000))
        self.standbys = [self.directory / f"standby{number}" for number in (1, 2)]
        self.servers = [
            self.enter_context(standby(str(primary.database_url), directory)) for directory in self.standbys
        ]
        settings = self._settings(primary)
        self.ports = [free_port() for _ in range(NODES)]
        self.nodes = [
            self._start(settings | {"PROVTAP_PORT": str(p)}, "serve", "--no-worker") for p in self.ports
        ]
        self._start(settings, "worker")
        self.port = free_port()
        self._nginx()
        wait(lambda: all(map(answers, [*self.ports, self.port])))
        return self

    def _settings(self, primary: Settings) -> dict[str, str]:
        """Return the settings of every node and worker: of the same service, with the same files."""
        sockets = ",".join(database_login(server.url).parameters["host"] for server in self.servers)
        return {
            "PROVTAP_DATABASE_URL": str(primary.database_url),
            "PROVTAP_METADATA_DIR": str(primary.metadata_dir),
            "PROVTAP_READ_URL": f"host={sockets} port=5432 dbname=provtap user=provtap_reader"
            " target_session_attrs=prefer-standby load_balance_hosts=random",
            "PROVTAP_CONNECTION_AGE": str(AGE),
            "PROVTAP_RESULT_DIR": str(self.directory / "results"),
            "PROVTAP_PROXIES": "1",
        }

    def _start(self, settings: dict[str, str], *command: str) -> subprocess.Popen[bytes]:
        """Start a command of provtap in a process group of its own."""
        provtap = [sys.executable, "-c", "from provtap.commands import main; main()", *command]
        process = subprocess.Popen(
            provtap, env=os.environ | settings, start_new_session=True, stderr=subprocess.DEVNULL
        )
        self.callback(process.wait)
        self.callback(process.terminate)
        return process

    def _nginx(self) -> None:
        """Start nginx with the configuration of docs/how-to/scale.md."""
        shown = DOCUMENT.read_text().partition("```nginx\n")[2].partition("```")[0]
        for number, port in enumerate(self.ports, 1):
            shown = shown.replace(f"node{number}.example.org:8080", f"127.0.0.1:{port}")
        shown = shown.replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        temporary = "".join(
            f"{kind}_temp_path {self.directory}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.getuid() == 0 else ""
        path = self.directory / "nginx.conf"
        path.write_text(
            f"{user} daemon off; pid {self.directory}/pid; events {{}}"
            f" http {{ access_log off; {temporary} {shown} }}"
        )
        process = subprocess.Popen([str(NGINX), "-c", path, "-e", self.directory / "nginx.log"])
        self.callback(process.wait)
        self.callback(process.terminate)

    def story(self, seconds: float) -> tuple[list[list[str]], list[str]]:
        """Let things happen under load; return rows for the table, and what was lost that need not be."""
        rows: list[list[str]] = []
        lost: list[str] = []
        happenings: dict[str, Callable[[], object]] = {
            "both standbys live": lambda: None,
            "standby 1 is killed": lambda: kill(self.standbys[0]),
            "standby 1 is back": lambda: self.enter_context(EmbeddedServer(self.standbys[0])),
            "node 1 is killed": lambda: os.killpg(self.nodes[0].pid, signal.SIGKILL),
        }
        then = self.counted()
        for name, happen in happenings.items():
            with load(self.port) as asked, jobs(self.port) as done:
                time.sleep(seconds / 5)
                happen()
                time.sleep(seconds)
            now = self.counted()
            counts = [_more(*pair) for pair in zip(then, now, strict=True)]
            kept = f"{done.completed} of {done.created}"
            rows.append([name, f"{asked.answered:,}", str(len(asked.lost)), *counts, kept])
            if len(asked.lost) > CLIENTS or done.completed < done.created:
                lost += [f"{name}:", *asked.lost, *done.phases]
            then = now
        return rows, lost

    def counted(self) -> list[int | None]:
        """Return how many transactions each standby has ended since it was started, None for a dead one."""
        time.sleep(1.5)  # PostgreSQL counts late
        return [transactions(server.url) for server in self.servers]


def _more(then: int | None, now: int | None) -> str:
    """Return what came to the counter of a standby, which begins anew when that was killed."""
    if now is None:
        return "dead"
    return f"{now - (then or 0):,}"


def transactions(url: str) -> int | None:
    """Return how many transactions the server at *url* has ended."""
    try:
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(COUNT)
            return int(cursor.fetchone()[0])
    except psycopg2.OperationalError:
        return None


class Load:
    """Clients that ask one question after the other, each over a connection of its own while it lasts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answered = 0
        self.lost: list[str] = []
        self.over = threading.Event()

    def ask(self, number: int) -> None:
        """Ask until it is over."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.over.is_set():
            number = (number + 7) % 5_000 + 1
            try:
                connection.request(
                    "GET", f"/tap/sync?{urlencode({'QUERY': QUERY.format(number), 'FORMAT': 'csv'})}"
                )
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or body.count(b"\n") != 2:
                    raise HTTPException(f"{answer.status} {body!r}")
                self.answered += 1
            except (OSError, HTTPException) as error:
                self.lost.append(repr(error))
                connection.close()
        connection.close()


@contextmanager
def load(port: int) -> Iterator[Load]:
    """Let CLIENTS ask for as long as the block lasts."""
    asked = Load(port)
    threads = [threading.Thread(target=asked.ask, args=(number * 600,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        asked.over.set()
        for thread in threads:
            thread.join()


class Jobs:
    """Asynchronous jobs that are made for as long as a block lasts."""

    def __init__(self) -> None:
        self.created = self.completed = 0
        self.phases: list[str] = []


@contextmanager
def jobs(port: int) -> Iterator[Jobs]:
    """Make a job before the block and one after it, and wait for both."""
    done = Jobs()
    urls = [_job(port)]
    try:
        yield done
    finally:
        urls.append(_job(port))
        done.created = len(urls)
        done.phases = [_phase(port, url) for url in urls]
        done.completed = done.phases.count("COMPLETED")


def _job(port: int) -> str:
    """Return the path of a new job, which may run."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(
            "POST", "/tap/async", urlencode({"QUERY": JOB, "LANG": "ADQL", "PHASE": "RUN"}), headers
        )
        answer = connection.getresponse()
        answer.read()
        return "/tap/async/" + answer.headers["Location"].rpartition("/")[2]


def _phase(port: int, path: str) -> str:
    """Return the phase in which a job ended, or is after a while."""
    end = time.monotonic() + 30
    while True:
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", f"{path}/phase")
            phase = connection.getresponse().read().decode()
        if phase not in {"PENDING", "QUEUED", "EXECUTING"} or time.monotonic() > end:
            return phase
        time.sleep(0.1)


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Tell whether anybody listens at *port*."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait(condition: Callable[[], bool]) -> None:
    """Return once *condition* is true. Raises: SystemExit if it does not come true in a minute."""
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("The service did not start.")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
