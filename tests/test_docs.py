"""The documents are correct: commands run, settings and commands are explained."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest
from astropy.io import fits
from click.testing import CliRunner

from provtap.commands import main
from provtap.config import PREFIX, Settings
from tests.documents import DOCUMENTS, ROOT, all_blocks, answers, blocks, commands, write_observations
from tests.ingest.logs import file, run

SERVES = ("provtap serve", "provtap demo", "provtap worker")  # tests/acceptance runs these
OTHER_DOCUMENTS = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md")
RUN_ELSEWHERE = {
    "curl": "tests/acceptance/test_documents.py",
    "stilts": "tests/acceptance/test_documents.py",
    "git": "tests/acceptance/test_demo.py",
    "make": ".ci/run",
    "export": "tests/acceptance/test_operate.py",
    "psql": "tests/acceptance/test_operate.py",
    "pg_dump": "tests/acceptance/test_operate.py",
    "pg_dumpall": "tests/acceptance/test_operate.py",
    "python3": "tests/acceptance/test_wheel.py",
    "cta-prod-init-prov.sh": "tests/api/test_dirac.py",
    "cta-prod-add-prov.py": "tests/api/test_dirac.py",
    "snakemake": "tests/ingest/test_snakemake.py",
    "cwltool": "tests/ingest/test_cwltool.py",
    "pg_basebackup": "tests/acceptance/test_replicas.py",
    "/opt/provtap/bin/provtap": "tests/server/test_units.py",
    "cd": "tests/server/test_units.py",
    "docker": "tests/deploy/test_containers.py",
    "provtap": "tests/commands/test_forget.py",
}
"""What runs the `sh` blocks, by their first word: they need a service, another server or a network."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A directory with what readers of the documents have, under the names that the pages use."""
    directory = tmp_path_factory.mktemp("docs")
    for sample in (files("provtap.ingest") / "samples").iterdir():
        place = {"chain": "runs", "dump_": "lapalma"}.get(sample.name[:5])
        if place:
            (directory / place).mkdir(exist_ok=True)
            shutil.copy(str(sample), directory / place)
    write_grid_jobs(directory)
    (directory / "dl2").mkdir()
    product = fits.Header([("FILEID", "image.fits"), ("PRVCNT", 1), ("PRV1", "raw.fits")])
    fits.PrimaryHDU(header=product).writeto(directory / "dl2/image.fits")
    shutil.copy(ROOT / "tests/data/prov/voprov/voprov_tutorial.w3c.provn", directory / "tutorial.provn")
    (directory / "raw.fits").write_bytes(b"raw")
    crate = ROOT / "tests/data/rocrate/runcrate_nested"
    (directory / "night_crate").symlink_to(crate)
    shutil.copy(ROOT / "tests/data/rubin/provenance_report.json", directory)
    shutil.copy(ROOT / "tests/data/km3net/calibrate.prov.json", directory)
    shutil.copy(ROOT / "tests/data/caom2/stack1.caom24.xml", directory / "stack1.caom.xml")
    (directory / "cwl_steps").symlink_to(ROOT / "tests/data/cwl_steps")
    (directory / "night_ro").symlink_to(ROOT / "tests/data/cwlprov/nested_scatter_ro")
    steps = (ROOT / "tests/data/lstosa/prov.log").read_text().splitlines(keepends=True)
    (directory / "prov.log").write_text("".join(steps[:43]))  # up to the first derivation, of which it warns
    [described] = blocks(ROOT / "docs/how-to/describe.md", "yaml")
    (directory / "mypipeline.yaml").write_text(described)
    write_observations(directory)
    row = "INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('urn:x:maria', 'Maria');\n"
    (directory / "job-4711.sql").write_text(row)
    return directory


def write_grid_jobs(directory):
    """Two jobs, of which the second read the product of the first, and the catalogue shown on the page."""
    [catalogue] = blocks(ROOT / "docs/identity.md", "text")
    (directory / "job1.csv").write_text(catalogue)
    (directory / "job2.csv").write_text("path,lfn\n/scratch/job2/in.h5,/vo/prod/out.h5\n")
    first, second = run(1, 1, 2, output=[file("/scratch/job1/out.h5")]), run(2, 3, 4)
    second["input"] = [file("/scratch/job2/in.h5")]
    for number, record in enumerate((first, second), start=1):
        (directory / f"job{number}.provenance.log").write_text(json.dumps([record]))


@pytest.mark.database
@pytest.mark.parametrize("document", [d for d in DOCUMENTS if commands(d)], ids=lambda d: d.name)
def test_every_command_shown_runs(document, directory):
    """A reader may paste any `$ ` command, in the order of the page, and gets the answer that is shown."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    environ |= {"PATH": path, "PROVTAP_ACCOUNTS": "true"}  # which pages say where they make tokens
    shown = answers(document)
    for command in commands(document):
        if command.startswith(SERVES):
            continue
        done = subprocess.run(command, shell=True, cwd=directory, env=environ, capture_output=True, text=True)

        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert not done.stderr, command
        assert done.stdout == shown.get(command, done.stdout)


def test_no_command_is_shown_that_nothing_runs():
    """What a `sh` block begins with tells who runs it; commands of ours are in `console` blocks."""
    text = "".join(document.read_text() for document in DOCUMENTS)
    begins = set(re.findall(r"^ *```sh\n *(\S+)", text, re.MULTILINE))

    assert begins == RUN_ELSEWHERE.keys()
    assert [place for place in RUN_ELSEWHERE.values() if not (ROOT / place).exists()] == []


def test_every_setting_is_explained():
    page = (ROOT / "docs/reference/settings.md").read_text()

    assert [f.name for f in fields(Settings) if f"`{PREFIX}{f.name.upper()}`" not in page] == []


@pytest.mark.parametrize("file", all_blocks("toml"))
def test_every_file_of_settings_that_is_shown_can_be_used(file, tmp_path):
    path = tmp_path / "provtap.toml"
    path.write_text(file)

    assert Settings.from_environ({"PROVTAP_CONFIG": str(path)}) != Settings()


def test_every_command_is_explained():
    assert [name for name in main.commands if name not in sections_of_commands()] == []


def sections_of_commands():
    """Return the text of each section of the reference page, by the name of its command."""
    page = (ROOT / "docs/reference/commands.md").read_text()
    return dict(re.findall(r"^## `provtap (\S+)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))


def every_command(group=main, path="provtap"):
    """Yield each command and group of commands below *group*, and how to call it."""
    for name, command in group.commands.items():
        yield pytest.param(command, f"{path} {name}", id=f"{path} {name}")
        yield from every_command(command, f"{path} {name}") if hasattr(command, "commands") else ()


@pytest.mark.parametrize("command, call", list(every_command()))
def test_every_option_is_explained(command, call):
    section = sections_of_commands()[call.split()[1]]
    options = [name for each in command.params for name in each.opts if name.startswith("--")]

    assert [name for name in options if name not in section] == []


@pytest.mark.parametrize("command, call", list(every_command()))
def test_every_command_helps_with_an_example(command, call):
    """Contract of the command line: `--help` ends with an example of that very command."""
    assert command.epilog.startswith(f"Example: {call}")


@pytest.mark.parametrize("group", [(), ("token",), ("maintenance",)])
def test_every_command_is_listed_with_a_whole_sentence(group):
    """On a terminal of 80 columns nothing is cut."""
    assert "..." not in CliRunner().invoke(main, [*group, "--help"], terminal_width=80).output.replace(
        "ARGS]...", ""
    )


def anchors(page):
    """Return what links may point to in *page*: its headings, as GitHub and its like spell them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_between_documents_leads_somewhere():
    """To a file that exists and, after `#`, to one of its headings."""
    links = [
        (document, *link)
        for document in [*DOCUMENTS, *(ROOT / name for name in OTHER_DOCUMENTS)]
        for link in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", document.read_text())
    ]
    broken = [
        f"{document.name}: {path}#{anchor}"
        for document, path, anchor in links
        if not (target := document.parent / path if path else document).exists()
        or (anchor and anchor not in anchors(target))
    ]

    assert len(links) > 50
    assert broken == []


def test_every_page_can_be_found_from_the_readme():
    text = (ROOT / "README.md").read_text()

    assert [d.name for d in DOCUMENTS[1:] if f"({d.relative_to(ROOT)})" not in text] == []
