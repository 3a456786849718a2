"""An observatory with its own PostgreSQL: set up, backed up, lost and restored, as the pages show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from provtap.config import PREFIX
from provtap.database.embedded import EmbeddedServer
from provtap.database.embedded.binaries import installed
from provtap.database.login import database_login
from tests.documents import ROOT, blocks

COUNTS = "SELECT COUNT(*) AS n FROM provenance.used"
LOGS = ROOT / "provtap/ingest/samples"


class Operator:
    """A shell in a directory; the servers that the documents name are one of ours, with nothing on it."""

    def __init__(self, directory: Path, sockets: str) -> None:
        self.directory = directory
        self.sockets = sockets
        programs = f"{Path(sys.executable).parent}:{installed()}/bin:{os.environ['PATH']}"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        self.environment = inherited | {"PATH": programs}

    def run(self, *scripts: str) -> str:
        """Run *scripts* one after the other in one shell that ends at the first failure; give its output."""
        text = "\n".join(scripts).replace("provtap serve", ": provtap serve")
        text = re.sub(
            r"admin:secret@\w+\.example\.org/provtap", f"postgres@/provtap?host={self.sockets}", text
        )
        text = text.replace("PGHOST=new.example.org PGUSER=admin", f"PGHOST={self.sockets} PGUSER=postgres")
        done = subprocess.run(
            ["bash", "-e", "-c", text],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lose(self) -> None:
        """Take everything from the server: the database, then the roles."""
        server = f"--host={self.sockets} --username=postgres"
        roles = ", ".join(f"provtap_{name}" for name in ("owner", "writer", "reader"))
        self.run(
            f"dropdb {server} provtap",
            f"dropdb {server} provtap_scratch",
            f'psql {server} --dbname=postgres --command="DROP ROLE {roles}"',
        )


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    directory = tmp_path_factory.mktemp("operate")
    with EmbeddedServer(directory / "db") as server:
        yield Operator(directory, database_login(server.url).parameters["host"])


def shown(page, begin):
    """Return the `sh` block of *page* that begins so."""
    [block] = [block for block in blocks(ROOT / "docs/how-to" / page, "sh") if block.startswith(begin)]
    return block


def test_a_backup_is_restored_on_an_empty_server(operator):
    """Every published row, the rights of the reader, and a store that contradicts nothing."""
    setup = shown("operate.md", "export PROVTAP")
    backup, restore = shown("operate.md", "pg_dumpall"), shown("operate.md", "export PGHOST")
    ask = f'provtap query "{COUNTS}"'

    before = operator.run(setup, f"provtap ingest {LOGS}/chain*.log", backup, ask).splitlines()[-1]
    operator.lose()
    after = operator.run(restore, ask).splitlines()

    assert int(before) > 0
    assert after[-1] == before
    assert "0 errors, " in after[-3]


def test_the_script_for_a_dba_leaves_nothing_to_do(operator):
    """It can be repeated on an existing installation."""
    export = "export PROVTAP_DATABASE_URL=postgresql://admin:secret@db.example.org/provtap"
    script = shown("operate.md", "psql")

    operator.run(export, "provtap init --print-sql > provtap.sql", script)


def test_rows_of_one_store_are_loaded_into_another(operator):
    """The output of pg_dump is an SQL script; rows that are already stored change nothing."""
    setup = shown("operate.md", "export PROVTAP")
    said = operator.run(setup, f"provtap ingest {LOGS}/chain*.log", shown("record.md", "pg_dump"))

    assert " 0 new, 0 updated" in said.splitlines()[-1]
