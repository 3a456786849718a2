"""What docs/how-to/develop.md tells those who change the code is true, and its examples work."""

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


def test_the_rooms_are_those_that_are_kept():
    """The layers of setup.cfg, of which the last are those of pipelines."""
    kept = (ROOT / "setup.cfg").read_text().partition("layers =\n")[2].partition("    client")[0]
    layers = ", ".join(f"`{line.strip()}`" for line in kept.splitlines() if line.strip())

    assert layers in " ".join(PAGE.read_text().split())


def test_the_function_of_the_page_answers(examples, database, tableset, monkeypatch):
    monkeypatch.setitem(functions.FUNCTIONS, "prov_basename", examples["basename"])
    statement = translate("SELECT prov_basename('/data/a.h5') AS n FROM tap_schema.schemas", tableset)

    assert set(rows(database, statement.copy_sql(10))) == {("a.h5",)}


def test_the_format_of_the_page_writes(examples):
    columns = [Column(name="a", datatype="char", arraysize="*"), Column(name="b", datatype="int")]
    write = examples["markdown"].write

    assert b"".join(write(columns, [(2, b"x|y\t1\nz\t2\n"), (1, b"-\t3\n")], 2)).decode() == (
        "| a | b |\n|---|---|\n| x\\|y | 1 |\n| z | 2 |\n\nThere are more rows: the result was cut at 2.\n"
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
