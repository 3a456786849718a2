"""Readers of other packages are found by their entry points (docs/how-to/develop.md)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provtap.errors import SettingsError
from provtap.ingest import format_names
from provtap.ingest.readers import formats
from tests.ingest.logs import rows

MODULE = """
from provtap.ingest.parsing.json import canonical
from provtap.ingest.readers.formats import Reader
from provtap.ingest.readers.records.reader import read as read_records


def read(content, site, most):
    names = content.decode().split()[1:]
    records = {"Agent": [{"id": f"urn:x:{name}", "name": name} for name in names]}
    return read_records(canonical(records).encode(), site, most)


people = Reader("people", lambda content: content.startswith(b"people:"), read)
named_as_ours = Reader("records", people.looks_like, read)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package whose entry point is *target*: `install(target)` returns the folder."""

    def install(target):
        folder = tmp_path / "site"
        metadata = folder / "people-1.0.dist-info"
        metadata.mkdir(parents=True)
        (folder / "people_reader.py").write_text(MODULE)
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: people\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[provtap.readers]\npeople = {target}\n")
        monkeypatch.syspath_prepend(folder)
        formats.installed.cache_clear()
        return folder

    yield install
    formats.installed.cache_clear()
    sys.modules.pop("people_reader", None)


def test_an_installed_reader_reads(install, take, database, tmp_path):
    """It is asked for by its name or found from the content, and its name is known to all."""
    install("people_reader:people")
    path = tmp_path / "people.txt"
    path.write_text("people: maria tom")

    assert take(path).format == "people"
    assert rows(database, "SELECT ag_name FROM provenance.agent ORDER BY 1") == [("maria",), ("tom",)]
    assert format_names()[-1] == "people"


def test_the_package_may_be_imported_first(install):
    """The package imports ProvTAP, which loads the package: neither needs the other to be complete."""
    folder = install("people_reader:people")
    program = "import people_reader; from provtap.ingest import format_names; print(format_names()[-1])"
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=Path(formats.__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "people\n"


@pytest.mark.parametrize(
    "target, problem",
    [
        ("people_reader:nobody", "cannot be loaded: module 'people_reader' has no attribute 'nobody'."),
        ("people_reader:read", "is not a Reader of provtap.ingest.readers.formats."),
        ("people_reader:named_as_ours", "has the name records, which is one of ProvTAP's own."),
    ],
)
def test_a_reader_that_cannot_be_used_is_named(install, target, problem):
    """The operator learns which entry point is wrong, and why."""
    install(target)
    with pytest.raises(SettingsError) as raised:
        format_names()

    assert raised.value.message == f"The reader people ({target}) {problem}"
