"""PROV-VOTable: the output of `export` can be ingested again."""

from pathlib import Path

import pytest

from provtap.errors import DocumentError
from provtap.ingest import recorded_activities
from provtap.ingest.readers.formats import find
from provtap.provsap import ProvsapRequest, retrieve
from provtap.provsap.votable import prov_votable
from tests.ingest.logs import tables

TABLE = '<VOTABLE><RESOURCE><TABLE name="{}">{}<DATA>{}</DATA></TABLE></RESOURCE></VOTABLE>'


def votable(table, columns, *rows):
    fields = "".join(f'<FIELD name="{name}" datatype="char" arraysize="*"/>' for name in columns)
    cells = "".join("<TR>" + "".join(f"<TD>{cell}</TD>" for cell in row) + "</TR>" for row in rows)
    return TABLE.format(table, fields, f"<TABLEDATA>{cells}</TABLEDATA>").encode()


def read(content):
    return [record_set for record_set in find("auto", content).read(content, "site")]


def test_rows_become_records():
    """A class is a TABLE, an attribute a column, an empty cell null; the class of an entity has a column."""
    content = votable("entity", ["e_id", "e_class", "e_name"], ["ex:c", "Collection", ""])

    [record_set] = read(content)
    [entity] = record_set.records
    assert (entity.id, entity.class_, entity.name) == ("ex:c", "Collection", None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (votable("entity", ["e_id"], ["ex:e", "x"]), "TR in line 1 has 2 cells for 1 fields"),
        (votable("entity", ["e_name"], ["x"]), "/Entity/0/id is missing"),
        (votable("run", ["r_activity_id", "r_exitcode"], ["ex:a", "x"]), "exitCode must be a whole number"),
        (votable("used", ["u_activity_id"]), "no TABLE of the VOTable has rows"),
        (TABLE.format("used", "", "<BINARY2/>").encode(), "TABLE in line 1 is not in TABLEDATA"),
    ],
)
def test_what_is_wrong_is_told(content, message):
    with pytest.raises(DocumentError, match=message):
        read(content)


def test_a_description_that_is_not_there_is_left_out():
    """An answer of ProvSAP refers to descriptions that its depth does not reach."""
    content = votable("entity", ["e_id", "e_entitydescription_id"], ["ex:e", "ex:d"])

    [record_set] = read(content)
    assert [record.id for record in record_set.records] == ["ex:e"]
    assert record_set.warnings == ("ex:d is not in this document: kept in the document only",)


def test_an_export_can_be_ingested_again(take, database, settings, tableset, tmp_path):
    """What `export --format votable` writes of a run adds nothing to the store that wrote it."""
    take(Path("tests/data/nested_example.provenance.json"))
    before = tables(database)
    asked = {"ID": list(recorded_activities(1, database)), "DEPTH": ["1"], "DIRECTION": ["BOTH"]}
    graph = retrieve(ProvsapRequest.from_parameters(asked), database, tableset, settings)
    path = tmp_path / "a.vot"
    path.write_bytes(prov_votable(graph))
    take(path)

    assert tables(database) == before


def test_other_tables_are_warned_of():
    """Values without a class are not dropped silently."""
    content = votable("entity", ["e_id"], ["ex:e"]).replace(b"<TABLE ", b'<TABLE name="x"/><TABLE ', 1)

    assert read(content)[0].warnings == (
        "TABLE in line 1 does not belong to a class: kept in the document only",
    )
