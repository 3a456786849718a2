"""Runs a command transparently and records its run. Uses only the standard library.

The command inherits the standard streams and gets the signals sent to this process, which ends with the same
status.
"""

import getpass
import glob
import json
import os
import resource
import signal
import socket
import sys
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provtap.client.files import Given, Snapshot, absolute, printable

PARENT = "PROVTAP_PARENT"
"""The environment variable with the UUID of the enclosing run, for runs that the command starts."""
_FORWARDED = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
}
_FROM_TERMINAL = 0x80
"""`si_code` of a signal from the kernel, such as Ctrl-C, which the command receives itself."""
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
JOB_VARIABLES = (
    *("SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_STEP_ID"),
    *("SLURM_CLUSTER_NAME", "DIRAC_JOBID", "JOBID", "DIRACSITE", "PBS_JOBID", "LSB_JOBID", "CONDOR_JOB_ID"),
    *("SNAKEMAKE_PROFILE", "NXF_TASK_NAME", "CWL_STEP_NAME", "CWL_WORKFLOW_ID", "TOIL_WORKFLOW_ID"),
    *("APPTAINER_CONTAINER", "SINGULARITY_CONTAINER"),
)
"""Environment variables that identify the job of a batch or workflow system."""


class CommandRun:
    """One run of a command, and the data of its record."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        used: Iterable[Given] = (),
        generated: Iterable[Given] = (),
        configuration: Iterable[str] = (),
        parameters: Mapping[str, str] | None = None,
        name: str | None = None,
        version: str | None = None,
        checksums: bool = True,
    ) -> None:
        self.id = str(uuid.uuid4())
        self.problems: list[str] = []
        """One sentence about each thing that could not be recorded."""
        self._command = list(command)
        self._generated = list(generated)
        self._configuration = list(configuration)
        self._parameters = dict(parameters or {})
        self._name = name or Path(command[0]).name
        self._version = version
        self._checksums = checksums
        self._directory = _current_directory()
        self._used = Snapshot.take(used)
        self._before = {each.path: each.version for each in Snapshot.take(self._generated)}
        self._start = self._end = datetime.now(UTC)
        self._status = 0
        self._usage = resource.getrusage(resource.RUSAGE_CHILDREN)

    def run(self) -> None:
        """Run the command and wait for its end.

        Raises: OSError if it can't be started.
        """
        environment = os.environ | {PARENT: self.id}
        listened = _FORWARDED | {signal.SIGCHLD}
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, listened)
        handler = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # SIG_IGN would lose the exit status
        try:
            self._start = datetime.now(UTC)
            process = os.posix_spawnp(
                self._command[0], self._command, environment, setsigmask=mask, setsigdef=_IGNORED_BY_PYTHON
            )
            self._wait(process, listened)
        finally:
            self._end = datetime.now(UTC)
            signal.signal(signal.SIGCHLD, handler)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self._usage = resource.getrusage(resource.RUSAGE_CHILDREN)

    def _wait(self, process: int, listened: set[signal.Signals]) -> None:
        while True:
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                self._status = status
                return
            told = signal.sigwaitinfo(listened)
            if told.si_signo != signal.SIGCHLD and told.si_code != _FROM_TERMINAL:
                with suppress(ProcessLookupError):
                    os.kill(process, told.si_signo)

    @property
    def exit_code(self) -> int:
        """The exit code of the command as in a shell: 128 + N after the signal N."""
        code = os.waitstatus_to_exitcode(self._status)
        return code if code >= 0 else 128 - code

    def end(self) -> None:
        """End this process with the same exit code or signal as the command."""
        sys.stdout.flush()
        code = os.waitstatus_to_exitcode(self._status)
        if code < 0:
            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
            with suppress(OSError, ValueError):  # a signal that can't be handled
                signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(self.exit_code)

    def record(self) -> bytes:
        """Return the record, one line of JSON."""
        content: dict[str, Any] = {
            "provtap_run": 1,
            "id": self.id,
            "name": self._name,
            "version": self._version,
            "parent": os.environ.get(PARENT),
            "command": [printable(each) for each in self._command],
            "directory": self._directory,
            "host": socket.gethostname(),
            "user": _user(),
            "start": self._start.isoformat(),
            "end": self._end.isoformat(),
            "status": self._outcome(),
            "exit_code": self.exit_code,
            "cpu_time": round(self._usage.ru_utime + self._usage.ru_stime, 3),
            "memory": self._usage.ru_maxrss * 1024,
            "used": [each.content(checksums=self._checksums) for each in self._found(self._used)],
            "generated": [each.content(checksums=self._checksums) for each in self._written()],
            "configuration": [printable(absolute(each)) for each in self._configuration],
            "parameters": self._parameters,
            "job": {name: os.environ[name] for name in JOB_VARIABLES if os.environ.get(name)},
        }
        told = {name: value for name, value in content.items() if value not in (None, [], {})}
        return json.dumps(told, ensure_ascii=False).encode(errors="replace") + b"\n"

    def _outcome(self) -> str:
        if os.WIFSIGNALED(self._status) or self.exit_code == 130:
            return "interrupted"
        return "completed" if self.exit_code == 0 else "error"

    def _found(self, snapshots: Iterable[Snapshot]) -> list[Snapshot]:
        return [
            each for each in snapshots if each.is_url or each.stat is not None or self._missing(each, "used")
        ]

    def _written(self) -> list[Snapshot]:
        """Return the files that the command has written, which are the changed ones."""
        written: list[Snapshot] = []
        for each in Snapshot.take(self._generated):
            if each.is_url or (each.stat is not None and each.version != self._before.get(each.path)):
                written.append(each)
            elif each.stat is None:
                self._missing(each, "generated")
            elif not glob.has_magic("".join(given.place for given in self._generated)):
                self.problems.append(f"{each.path} was not changed, so it is not recorded as generated")
        return written

    def _missing(self, snapshot: Snapshot, how: str) -> bool:
        self.problems.append(f"{snapshot.path} does not exist, so it is not recorded as {how}")
        return False


def _current_directory() -> str | None:
    try:
        return printable(str(Path.cwd()))
    except OSError:
        return None


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None
