"""The statements of docs/how-to/develop.md are true, and its examples work."""

import configparser
import re

import pytest

from provtap.adql import translate
from provtap.adql.functions import registry as functions
from provtap.ingest import ingest
from provtap.ingest.readers import formats
from provtap.tableset import Column
from tests.documents import ROOT, blocks
from tests.ingest.logs import rows

PAGE = ROOT / "docs/how-to/develop.md"


@pytest.fixture(scope="module")
def examples():
    """What the blocks of source define."""
    names = {}
    for block in blocks(PAGE, "py"):
        exec(block, names)
    return names


def test_every_file_that_the_page_names_is_there():
    named = re.findall(r"`((?:provtap|tests|schema|tap_schema|benchmarks)/[\w/.]*)`", PAGE.read_text())

    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def drawn(room):
    """Return the floors of the drawing of *room*, each the set of the names on it."""
    [drawing] = [block for block in blocks(PAGE, "text") if block.startswith(f"{room}/\n")]
    floors = re.split(r"^-+\n", drawing, flags=re.MULTILINE)[1:]
    return [{line.split()[0] for line in floor.splitlines()} for floor in floors]


ROOMS = {"rooms": "provtap", "ingest": "provtap/ingest", "adql": "provtap/adql", "web": "provtap/web"}
"""The contracts of import-linter that have a drawing, and what they divide."""


@pytest.mark.parametrize("contract, room", ROOMS.items())
def test_the_drawings_show_the_floors_that_lint_checks(contract, room):
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    layers = setup[f"importlinter:contract:{contract}"]["layers"].split("\n")

    assert drawn(room) == [set(re.findall(r"\w+", layer)) for layer in layers if layer]


@pytest.mark.parametrize("room", ROOMS.values())
def test_the_drawings_show_every_room(room):
    """A room is a package or a module; `provtap/ingest/samples/` has no code."""
    packages = {init.parent.name for init in (ROOT / room).glob("*/__init__.py")}
    modules = {module.stem for module in (ROOT / room).glob("*.py")} - {"__init__"}

    assert set().union(*drawn(room)) == packages | modules


@pytest.mark.parametrize("room, most", [("ingest", 8), ("adql", 4)])
def test_few_files_are_in_no_room(room, most):
    """A newcomer finds folders that show the way, not a list of files."""
    assert len([path for path in (ROOT / "provtap" / room).iterdir() if path.is_file()]) <= most


def test_no_module_has_a_name_that_says_nothing():
    names = [path.stem for path in (ROOT / "provtap").rglob("*.py")]

    assert [name for name in names if re.search("told|later|kept|sending|utils|helpers", name)] == []


def test_the_function_of_the_page_answers(examples, database, tableset, monkeypatch):
    monkeypatch.setitem(functions.FUNCTIONS, "prov_basename", examples["basename"])
    statement = translate("SELECT prov_basename('/data/a.h5') AS n FROM tap_schema.schemas", tableset)

    assert set(rows(database, statement.copy_sql(10))) == {("a.h5",)}


def test_the_format_of_the_page_writes(examples):
    columns = [Column(name="a", datatype="char", arraysize="*"), Column(name="b", datatype="int")]
    write = examples["markdown"].write

    assert b"".join(write(columns, [(2, b"x|y\t1\nz\t2\n"), (1, b"-\t3\n")], 2)).decode() == (
        "| a | b |\n|---|---|\n| x\\|y | 1 |\n| z | 2 |\n\nThe result was truncated: there are more"
        " rows than 2.\n"
    )


def test_the_reader_of_the_page_reads(examples, database, settings, tmp_path, monkeypatch):
    """Two runs are joined by the place of the file between them."""
    monkeypatch.setattr(formats, "OWN", (examples["runs"], *formats.OWN))
    path = tmp_path / "runs.csv"
    path.write_text(
        "run,tool,start,input,output\nurn:x:1,one,2026-01-01,/raw,/dl1\nurn:x:2,two,2026-01-02,/dl1,/dl2\n"
    )
    report = ingest(path, database, settings)

    assert (report.format, report.activities) == ("runs", 2)
    assert rows(
        database,
        "SELECT wgb_activity_id, u_activity_id FROM provenance.wasgeneratedby"
        " JOIN provenance.used ON u_entity_id = wgb_entity_id",
    ) == [("urn:x:1", "urn:x:2")]
