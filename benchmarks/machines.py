"""Machines for a highly available PostgreSQL, on this one: etcd, Patroni and PostgreSQL of deploy/patroni."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg2
from store import free_port

from provtap.database.embedded.binaries import UnixUser, installed

ROOT = Path(__file__).parent.parent
FILES = ROOT / "deploy" / "patroni"
PATRONI = ROOT / ".venv-patroni" / "bin"
ETCD = shutil.which("etcd")
ADDRESSES = {"node1": "127.0.10.11", "node2": "127.0.10.12", "node3": "127.0.10.13"}
PORTS = {usual: str(free_port()) for usual in ("2379", "2380", "5432", "8008")}


def lacking(user: UnixUser) -> Iterator[str]:
    """Yield a sentence about each program that is missing, or that *user* cannot run."""
    if ETCD is None:
        yield "etcd is not installed. Debian: apt-get install --no-install-recommends etcd-server"
    for program in (PATRONI / "patroni", installed() / "bin" / "pg_rewind"):
        test = user.start("/usr/bin/test", "-x", program, cwd=Path("/"), output=subprocess.DEVNULL)
        if not program.exists():
            yield f"{program} does not exist. `make ha-demo` installs it."
        elif test.wait() != 0:
            yield (
                f"The user {user.uid} cannot run {program}, and PostgreSQL does not run as root. Move the"
                " checkout to a directory that others can enter."
            )


def here(file: str) -> str:
    """Return a file of deploy/patroni with the addresses and ports of this machine, without comments."""
    names = {f"192.0.2.{number}": ADDRESSES[f"node{number - 10}"] for number in (11, 12, 13)}
    changes = {"192.0.2.0/24": "127.0.0.0/8"} | names | PORTS
    text = re.sub(r"(^|\s+)(#|--).*", "", (FILES / file).read_text(), flags=re.MULTILINE)
    return re.sub("|".join(map(re.escape, changes)), lambda usual: changes[usual[0]], text)


def family(process: int) -> set[int]:
    """Return a process and all that descend from it."""
    found = {process}
    with suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            found |= family(int(child))
    return found


class Machine:
    """A machine with etcd, and with Patroni, which runs PostgreSQL. *user* runs its processes."""

    def __init__(self, name: str, directory: Path, user: UnixUser) -> None:
        self.name = name
        self.directory = directory / name
        self.configuration = self.directory / "patroni.yml"
        self._user = user
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        for path in (self.directory, self.directory / "sockets"):
            path.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(path, user.uid, user.gid)
        self.configuration.write_text(self._fitted("patroni.yml"))
        self.configuration.chmod(0o644)

    def _fitted(self, file: str) -> str:
        """Return a file of deploy/patroni for this machine."""
        text = re.sub(r"\bADDRESS\b", ADDRESSES[self.name], here(file))
        changes = {
            "NODE": self.name,
            "/usr/lib/postgresql/18/bin": installed() / "bin",
            "/var/lib/postgresql/18/provtap": self.directory / "data",
            "/var/lib/etcd/provtap": self.directory / "etcd",
            "/var/lib/postgresql": self.directory,
            "/var/run/postgresql": self.directory / "sockets",
            "local all postgres peer": "local all postgres trust",  # only its user can enter the directory
            "shared_buffers: 2GB": "shared_buffers: 64MB",
        }
        for usual, ours in changes.items():
            text = text.replace(usual, str(ours))
        return text

    def start(self, *names: str) -> None:
        """Start etcd and Patroni, as when the machine boots, or only one of them."""
        settings = self._fitted("etcd.env").replace('"', "").split()
        commands = {
            "etcd": ["/usr/bin/env", *settings, str(ETCD)],
            "patroni": [str(PATRONI / "patroni"), str(self.configuration)],
        }
        for name in names or commands:
            with (self.directory / f"{name}.log").open("ab") as log:
                self._running[name] = self._user.start(
                    *commands[name], cwd=self.directory, output=log.fileno()
                )

    def signal(self, number: int, *names: str) -> None:
        """Signal all processes, or those of *names*: patroni, postgres, etcd."""
        names = names or ("patroni", "postgres", "etcd")
        processes = {name: [process.pid] for name, process in self._running.items()}
        processes["postgres"] = self._postgres()
        for process in [process for name in names for process in processes.get(name, ())]:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        for name in names if number == signal.SIGKILL else ():
            if name in self._running:
                self._running.pop(name).wait()

    def _postgres(self) -> list[int]:
        """Return the processes of PostgreSQL, the parent of the others first."""
        data = self.directory / "data"
        try:
            parent = int((data / "postmaster.pid").read_text().split()[0])
            if Path(f"/proc/{parent}/cwd").samefile(data):
                return [parent, *family(parent) - {parent}]
        except (OSError, IndexError):  # it does not run; the file may be an old one
            pass
        return []

    def ask(self, statement: str, *values: str, database: str = "provtap") -> list[tuple[Any, ...]]:
        """Run a statement as the superuser of PostgreSQL, and return its rows."""
        login = f"host={self.directory}/sockets port={PORTS['5432']} user=postgres dbname={database}"
        with closing(psycopg2.connect(login)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []

    def role(self) -> str:
        """Return primary, synchronous or replica, as Patroni says; empty unless PostgreSQL runs as such."""
        try:
            with urlopen(f"http://{ADDRESSES[self.name]}:{PORTS['8008']}/patroni", timeout=1) as answer:
                told = json.load(answer)
        except (OSError, ValueError):
            return ""
        if told["state"] != "running" or told["role"] not in {"primary", "replica"}:
            return ""
        if told["role"] == "replica" and told.get("replication_state") != "streaming":
            return ""
        return "synchronous" if told.get("quorum_standby") else str(told["role"])

    def switch_over(self) -> None:
        """Move the primary to a standby. Raises: SystemExit if Patroni does not."""
        patronictl = [PATRONI / "patronictl", "-c", self.configuration, "switchover", "--force"]
        done = subprocess.run(patronictl, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"patronictl switchover: {done.stdout}{done.stderr}")
