"""A recorder for pipelines: records the files that a block of code uses and generates, and sends the record.

with provtap.activity("calibrate", client=client, parameters={"gain": 2}) as run:
run.used("/data/raw.fits", role="raw")
run.generated("/data/calibrated.fits", role="image")
"""

import getpass
import logging
import os
import platform
import re
import shlex
import socket
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from provtap.client import UNAUTHORIZED, ProvClient
from provtap.client.collector import Place, plain, with_hint
from provtap.client.delivery import ProvError
from provtap.client.files import Snapshot

log = logging.getLogger(__name__)

Places = Place | Iterable[Place]
"""One or several files."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_whole: ContextVar[str | None] = ContextVar("whole", default=None)


class Run:
    """An activity while it runs. Files are identified by their paths, which connect runs that share them."""

    def __init__(self, client: ProvClient, *, checksums: bool = True) -> None:
        self.id = f"urn:uuid:{uuid.uuid4()}"
        self.client = client
        """The client that collects the record of this run; other records can be added to it."""
        self.start = datetime.now(UTC)
        self._checksums = checksums
        self._written: set[tuple[str | None, str | None]] = set()

    @with_hint
    def used(
        self, location: Places | None = None, *, entity: str | None = None, role: str | None = None
    ) -> None:
        """Record the use of files, or of an entity with an id, now and in the present state."""
        now = datetime.now(UTC)
        for place in _places(location):
            self.client.add_used(self.id, entity, location=place, role=role, time=now, **self._content(place))

    @with_hint
    def generated(
        self, location: Places | None = None, *, entity: str | None = None, role: str | None = None
    ) -> None:
        """Record the generation of files, or of an entity with an id, so that other runs may use them.

        A file that a run records again is still the same entity.
        """
        for place in _places(location):
            time = None
            if place is not None:
                if (place, role) in self._written:
                    continue
                self._written.add((place, role))
                time = datetime.now(UTC)
            self.client.add_was_generated_by(
                entity, self.id, location=place, role=role, time=time, **self._content(place)
            )

    def _content(self, place: str | None) -> dict[str, Any]:
        """Return checksums and size of a file."""
        if place is None or not self._checksums:
            return {}
        found = Snapshot.of(place).content(checksums=True)
        digests = found.get("checksums", {})
        told = {
            "checksums": [f"{name}:{digest}" for name, digest in digests.items()],
            "size": found.get("size"),
        }
        return told if digests else {}

    @with_hint
    def parameter(self, name: str, value: Any) -> None:
        """Record a parameter."""
        self.client.add_parameter(name, value, self.id)

    @with_hint
    def end(
        self,
        status: str,
        exit_code: int,
        *,
        name: str | None = None,
        comment: str | None = None,
        activity_description: str | None = None,
    ) -> None:
        """Complete the record of the activity with its end and status."""
        end, host = datetime.now(UTC), socket.gethostname()
        self.client.add_activity(
            self.id,
            name=name,
            start_time=self.start,
            end_time=end,
            comment=comment,
            activity_description=activity_description,
        )
        duration = (end - self.start).total_seconds()
        self.client.add_run(self.id, status=status, exit_code=exit_code, host=host, duration=duration)
        with suppress(OSError, KeyError, ImportError):  # no login name
            user = getpass.getuser()
            agent = f"urn:x-provtap:user:{quote(self.client.site or host, safe='')}:{quote(user, safe='')}"
            self.client.add_agent(agent, user, type="Person")
            self.client.add_was_associated_with(self.id, agent, "Operator")


@with_hint
@contextmanager
def activity(
    name: str,
    *,
    client: ProvClient,
    version: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    comment: str | None = None,
    checksums: bool = True,
    environment: bool = True,
) -> Iterator[Run]:
    """Record the block as an activity: its times, host, user and status.

    With *checksums*, files are recorded with checksums. With *environment*, these are recorded as parameters:
    the command line, the working directory, and the versions of Python and of the packages imported at the
    end.

    A block within another block is recorded as a step of it. The record is sent at the end, even if the block
    fails. Errors are logged and the record is saved in the spool; they never stop the pipeline.
    """
    run, whole = Run(client.apart(), checksums=checksums), _whole.get() or _parent()
    token = _whole.set(run.id)
    status, exit_code = "completed", 0
    try:
        for key, value in (parameters or {}).items():
            run.parameter(key, value)
        yield run
    except BaseException as error:
        status, exit_code = _failure(error)
        raise
    finally:
        _whole.reset(token)
        for key, value in (_environment() if environment else {}).items():
            if key not in (parameters or {}):
                run.parameter(key, value)
        description = run.client.add_activity_description(name, version)
        run.end(status, exit_code, name=name, comment=comment, activity_description=description)
        if whole:
            run.client.add_was_informed_by(run.id, whole)
        _send(run.client)


def _environment() -> dict[str, Any]:
    """Return the command line, and the versions of Python and packages."""
    versions = {
        name: version
        for name, module in sorted(sys.modules.items())
        if name.isidentifier()
        and name not in sys.stdlib_module_names
        and isinstance(version := getattr(module, "__dict__", {}).get("__version__"), str)
    }
    told = {
        "command_line": shlex.join(sys.orig_argv),
        "versions": {"python": platform.python_version(), **versions},
    }
    with suppress(OSError):  # the directory was removed
        told["working_directory"] = str(Path.cwd())
    return told


def _failure(error: BaseException) -> tuple[str, int]:
    """Return the status and exit code of a run that ended with this exception, as for its process."""
    match error:
        case KeyboardInterrupt():
            return "interrupted", 130
        case SystemExit(code=None | 0):
            return "completed", 0
        case SystemExit(code=int(code)):
            return "error", code
    return "error", 1


def _parent() -> str | None:
    """Return the run of `provtap run` that started this program."""
    try:
        return f"urn:uuid:{uuid.UUID(os.environ['PROVTAP_PARENT'])}"
    except (KeyError, ValueError):
        return None


def _send(client: ProvClient) -> None:
    try:
        client.send()
    except Exception as error:  # a pipeline must not fail for want of its record
        log.warning("A run could not be recorded: %s", error)
        with suppress(OSError, TypeError, ValueError):
            later = isinstance(error, ProvError) and error.status in UNAUTHORIZED
            log.warning("Its record was saved in %s.", client.keep(aside=not later))


def _places(location: Places | None) -> list[str | None]:
    """Return URLs unchanged and paths as absolute paths; other values are logged and omitted."""
    if location is None:
        return [None]
    places: list[str | None] = []
    try:
        for each in [location] if isinstance(location, str | os.PathLike) else location:
            text = os.fspath(each)
            places.append(text if _URL.match(text) else str(plain(Path(text))))
    except Exception as error:  # a pipeline must not fail for want of its record
        log.warning("A file could not be recorded: %s", error)
    return places
