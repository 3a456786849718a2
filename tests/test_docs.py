"""What the documents show is true: commands run, settings and commands are explained."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest

from provtap.cli import main
from provtap.config import PREFIX, Settings
from tests.documents import DOCUMENTS, ROOT, commands

SERVES = ("provtap serve", "provtap demo")  # tests/acceptance runs these


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A directory with some logs in runs/ and one of another site in lapalma/, as pipelines leave them."""
    directory = tmp_path_factory.mktemp("docs")
    for sample in (files("provtap.ingest") / "samples").iterdir():
        place = {"chain": "runs", "dump_": "lapalma"}.get(sample.name[:5])
        if place:
            (directory / place).mkdir(exist_ok=True)
            shutil.copy(str(sample), directory / place)
    return directory


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if commands(d)], ids=lambda d: d.name)
def test_every_command_shown_runs(document, directory):
    """A reader may paste any `$ ` line, in the order of the page."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    for command in commands(document):
        if command.startswith(SERVES):
            continue
        done = subprocess.run(
            command, shell=True, cwd=directory, env=environ | {"PATH": path}, capture_output=True, text=True
        )

        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert not done.stderr, command


def test_every_setting_is_explained():
    page = (ROOT / "docs/reference/settings.md").read_text()

    assert [f.name for f in fields(Settings) if f"`{PREFIX}{f.name.upper()}`" not in page] == []


def test_every_command_is_explained():
    page = (ROOT / "docs/reference/commands.md").read_text()

    assert [name for name in main.commands if not re.search(rf"`provtap {name}[ `]", page)] == []


def every_command(group=main, path="provtap"):
    """Yield each command and group of commands below *group*, and how to call it."""
    for name, command in group.commands.items():
        yield pytest.param(command, f"{path} {name}", id=f"{path} {name}")
        yield from every_command(command, f"{path} {name}") if hasattr(command, "commands") else ()


@pytest.mark.parametrize("command, call", list(every_command()))
def test_every_command_helps_with_an_example(command, call):
    """Contract of the command line: `--help` ends with an example of that very command."""
    assert command.epilog.startswith(f"Example: {call}")


def test_every_link_between_documents_leads_somewhere():
    links = [
        (document, link)
        for document in DOCUMENTS
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    ]

    assert [f"{d.name}: {link}" for d, link in links if not (d.parent / link).exists()] == []
