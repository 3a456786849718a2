"""ProvTAP from a wheel, as `pip install` brings it: with its SQL, metadata, samples and templates."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.documents import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The files of a wheel made of this checkout, in a directory of their own."""
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "source"  # a copy: building leaves things behind
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "tests", "build", "provtap-data"))
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", directory, source], check=True, stdout=subprocess.DEVNULL)
    (made,) = directory.glob("provtap-*.whl")
    with zipfile.ZipFile(made) as archive:
        archive.extractall(directory / "site")
    return directory / "site"


def provtap(wheel, *arguments):
    program = "import sys, provtap.commands as c; assert c.__file__.startswith(sys.path[0]); c.main()"
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[0] = {str(wheel)!r}; {program}", *arguments],
        cwd=wheel.parent,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_wheel_carries_schema_and_metadata(wheel):
    script = provtap(wheel, "init", "--print-sql")

    assert "CREATE TABLE wasgeneratedby" in script
    assert "INSERT INTO tap_schema.columns" in script


def test_wheel_carries_what_is_read_at_run_time(wheel):
    """What the demonstration loads, the loader's SQL, the pages' templates, and the marker of typed code."""
    names = {path.relative_to(wheel / "provtap").as_posix() for path in wheel.rglob("provtap/**/*.*")}

    assert {
        "ingest/load.sql",
        "ingest/descriptions.schema.json",
        "install.sql",
        "web/static/design.css",
        "web/templates/index.html",
        "py.typed",
    } <= names
    assert sum(name.startswith("ingest/samples/") for name in names) == 19


def test_what_a_pipeline_imports_needs_the_standard_library_only(wheel):
    """A pipeline installs it without dependencies (docs/how-to/record.md)."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import provtap; provtap.ProvClient, provtap.activity"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", program, wheel], check=True)
