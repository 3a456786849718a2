"""What the documents show is true: commands run, queries answer, settings are explained."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest

from provtap import adql, metadata
from provtap.cli import main
from provtap.config import PREFIX, Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SERVES = ("provtap serve", "provtap demo")  # run by tests/acceptance


def blocks(document, language):
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)


def commands(document):
    lines = (line for block in blocks(document, "console") for line in block.splitlines())
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """An empty directory with some logs in runs/, as a pipeline leaves them."""
    directory = tmp_path_factory.mktemp("docs")
    (directory / "runs").mkdir()
    for sample in (files("provtap.ingest") / "samples").iterdir():
        if sample.name.startswith("chain"):
            shutil.copy(str(sample), directory / "runs")
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


@pytest.mark.parametrize("query", [q for d in DOCUMENTS for q in blocks(d, "sql")])
def test_every_query_shown_translates(query):
    assert adql.translate(query, metadata.load(None)).columns


def test_every_setting_is_explained():
    page = (ROOT / "docs/reference/settings.md").read_text()

    assert [f.name for f in fields(Settings) if f"`{PREFIX}{f.name.upper()}`" not in page] == []


def test_every_command_is_explained():
    page = (ROOT / "docs/reference/commands.md").read_text()

    assert [name for name in main.commands if f"`provtap {name} " not in page] == []


def test_every_link_between_documents_leads_somewhere():
    links = [
        (document, link)
        for document in DOCUMENTS
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
    ]

    assert [f"{d.name}: {link}" for d, link in links if not (d.parent / link).exists()] == []
