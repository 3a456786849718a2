"""A live ProvTAP: the command `provtap serve` in a separate process, as run by an operator."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from provtap.config import Settings


class LiveServer:
    """A running `provtap serve` on a port of its own."""

    def __init__(self, settings: Settings, log: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._output = log.open("wb")
        self.process = subprocess.Popen(
            command("serve", *options),
            env=environment(settings, self.port),
            stdout=self._output,
            stderr=self._output,
        )

    def wait(self, seconds: float = 60) -> None:
        """Return once every process answers requests; fail with the log if the server ends before."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            if self.log.read_text().count(" answers requests\n") >= Settings().processes:
                return
            time.sleep(0.05)
        raise AssertionError(f"provtap serve does not answer:\n{self.log.read_text()}")

    def workers(self) -> list[int]:
        """Return the processes that answer requests."""
        return self._children("answers requests")

    def job_processes(self) -> list[int]:
        """Return the processes that run jobs."""
        return self._children("runs jobs")

    def _children(self, does: str) -> list[int]:
        """Return the processes that live and said that they do something."""
        said = {int(pid) for pid in re.findall(rf"Process (\d+) {does}$", self.log.read_text(), re.MULTILINE)}
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [pid for pid in map(int, children.split()) if pid in said]

    def stop(self, seconds: float = 60) -> int:
        """Tell the server to stop, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        finally:
            self.process.kill()
            self._output.close()


@contextmanager
def live_server(settings: Settings, log: Path, *options: str) -> Iterator[LiveServer]:
    """Run a server for as long as the block lasts."""
    server = LiveServer(settings, log, *options)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def awaited(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Return whether *condition* comes true, if only for a moment."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return met


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from provtap.commands import main; main()", *arguments]


def environment(settings: Settings, port: int) -> dict[str, str]:
    """Return the environment for a command with these *settings*."""
    given = {f.name: getattr(settings, f.name) for f in fields(Settings)}
    set_here = {name: value for name, value in given.items() if value != getattr(Settings(), name)}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PROVTAP_")}
    return inherited | {f"PROVTAP_{k.upper()}": str(v) for k, v in (set_here | {"port": port}).items()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
