"""Records the jobs of a workflow of Snakemake for ProvTAP: `snakemake --logger provtap`.

A job becomes one record of `provtap run`, with its files, wildcards, shell command and times; the workflow
run around the jobs becomes another. They are sent to the service of PROVTAP_URL while the workflow runs, or
appended to a file. Trouble with the records is reported on standard error and never stops the workflow.
"""

import json
import os
import platform
import sys
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from logging import LogRecord
from pathlib import Path
from typing import Any, Optional

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.settings import LogHandlerSettingsBase

from provtap.client import ProvClient
from provtap.client.files import Snapshot, absolute, printable

_PATIENCE = 5.0
"""Seconds for which records are sent again while the service is away: then they wait in the spool."""
_PAUSE = 10.0
"""Seconds between two documents, unless the workflow ends."""


@dataclass
class LogHandlerSettings(LogHandlerSettingsBase):
    """The options of the command line, each of which begins with `--logger-provtap-`."""

    url: Optional[str] = field(  # noqa: UP045  argparse calls it
        default=None, metadata={"help": "Send the records to this service (default: PROVTAP_URL)."}
    )
    to: Optional[Path] = field(  # noqa: UP045  argparse calls it
        default=None, metadata={"help": "Append the records to this file, for provtap ingest."}
    )
    site: Optional[str] = field(  # noqa: UP045  argparse calls it
        default=None,
        metadata={"help": "Scope of local paths: equal paths of two sites are different files."},
    )
    no_checksums: bool = field(default=False, metadata={"help": "Do not compute checksums."})


class LogHandler(LogHandlerBase):
    """Turns the events of Snakemake into records."""

    writes_to_stream = False
    writes_to_file = False
    has_filter = True  # --quiet hides nothing from it
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Prepare the record of the workflow; a dry run has none."""
        options = self.settings or LogHandlerSettings()
        self._checksums = not options.no_checksums
        self._to = Path(options.to).absolute() if options.to else None  # --directory comes later
        url = options.url or os.environ.get("PROVTAP_URL")
        self._client = None
        self._disabled = bool(self.common_settings.dryrun)
        if not self._disabled and self._to is None and url is None:
            self._disabled = True
            _warn("nothing is recorded: give --logger-provtap-url or --logger-provtap-to, or set PROVTAP_URL")
        if not self._disabled and self._to is None:
            address = url.rstrip("/").removesuffix("/tap")
            token = os.environ.get("PROVTAP_TOKEN")
            self._client = ProvClient(address, token, site=options.site, patience=_PATIENCE)
        self._workflow: dict[str, Any] = {}
        self._jobs: dict[int, dict[str, Any]] = {}
        self._finished: list[dict[str, Any]] = []
        self._failed = False
        self._sent = time.monotonic()

    def emit(self, record: LogRecord) -> None:
        """Take an event."""
        take = None if self._disabled else self._EVENTS.get(str(getattr(record, "event", None)))
        if take is None:
            return
        try:
            take(self, record)
        except Exception as error:  # of any kind: the workflow goes on
            _warn(f"an event was not recorded: {error or type(error).__name__}")

    def close(self) -> None:
        """End the record of the workflow, and send what is left."""
        if not self._disabled and self._workflow:
            try:
                for id, job in [*self._jobs.items()]:
                    # With --quiet, Snakemake reports no ends. It removes the outputs of what it interrupts.
                    written = _written(job["outputs"])
                    self._end(id, written or time.time(), "completed" if written else "interrupted")
                status = "error" if self._failed else "completed"
                self._finished.append(self._workflow | {"end": _text(time.time()), "status": status})
                self._send()
            except Exception as error:  # as above
                _warn(f"the workflow was not recorded: {error}")
            self._workflow = {}
        super().close()

    # Events

    def _workflow_started(self, event: LogRecord) -> None:
        content = vars(event)
        self._workflow = {
            "provtap_run": 1,
            "id": str(content.get("workflow_id") or uuid.uuid4()),
            "name": "snakemake",
            "version": content.get("snakemake_version"),
            "parent": os.environ.get("PROVTAP_PARENT"),
            "command": [printable(each) for each in sys.argv],
            "directory": str(Path.cwd()),
            "host": platform.node(),
            "user": content.get("user"),
            "start": _text(event.created),
            "configuration": [absolute(str(path)) for path in content.get("configfiles") or ()],
        }

    def _job_info(self, event: LogRecord) -> None:
        content = vars(event)
        command, outputs = content.get("shellcmd"), list(content.get("output") or ())
        if not outputs and not command:
            return  # a target such as the rule all
        wildcards = dict(content.get("wildcards") or {})
        self._jobs[event.jobid] = {
            "provtap_run": 1,
            "id": str(uuid.uuid4()),
            "name": str(content.get("rule_name")),
            "parent": self._workflow.get("id"),
            "directory": str(Path.cwd()),
            "host": platform.node() if content.get("local") else None,
            "user": self._workflow.get("user"),
            "start": _text(event.created),
            "used": self._files(content.get("input")),
            "outputs": outputs,
            "parameters": {name: str(value) for name, value in wildcards.items()}
            | ({"command_line": command} if command else {}),
        }

    def _job_finished(self, event: LogRecord) -> None:
        self._end(event.job_id, event.created, "completed")

    def _job_error(self, event: LogRecord) -> None:
        self._failed = True
        self._end(event.jobid, event.created, "error")

    def _error(self, event: LogRecord) -> None:
        self._failed = True

    def _end(self, id: int, at: float, status: str) -> None:
        job = self._jobs.pop(id, None)
        if job is None:
            return
        outputs = job.pop("outputs") if status == "completed" else []  # Snakemake removes those of failures
        self._finished.append(job | {"end": _text(at), "status": status, "generated": self._files(outputs)})
        if time.monotonic() > self._sent + _PAUSE:
            self._send()

    _EVENTS = {
        "workflow_started": _workflow_started,
        "job_info": _job_info,
        "job_finished": _job_finished,
        "job_error": _job_error,
        "error": _error,
    }

    def _files(self, paths: Iterable[Any] | None) -> list[dict[str, Any]]:
        found = dict.fromkeys(str(path) for path in paths or ())
        return [Snapshot.of(path).content(checksums=self._checksums) for path in found]

    def _send(self) -> None:
        lines = [
            {name: value for name, value in each.items() if value is not None} for each in self._finished
        ]
        content = b"".join(
            json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n" for line in lines
        )
        self._sent = time.monotonic()
        if self._to is not None:
            with self._to.open("ab") as file:
                file.write(content)
        elif self._client is not None and content:
            self._client.deliver(content, source=f"snakemake {self._workflow.get('id')}", format="run")
        self._finished = []


def _written(outputs: list[Any]) -> float | None:
    """Return when the last of *outputs* was written; None if there are none, or one is missing."""
    try:
        return max((Path(str(path)).stat().st_mtime for path in outputs), default=None)
    except OSError:
        return None


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _warn(sentence: str) -> None:
    print(f"provtap: {sentence}", file=sys.stderr)
