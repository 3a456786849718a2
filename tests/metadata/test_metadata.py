"""The metadata files: ours are correct, and wrong ones are rejected with name and position."""

from pathlib import Path

import pytest
from astropy import units
from astropy.io.votable.ucd import check_ucd

from provtap import metadata
from provtap.adql import published_name
from provtap.errors import SettingsError
from provtap.tableset import Column, Schema, Table, Tableset
from tests.documents import blocks

HERE = Path(__file__).parents[1]
MEMBERS = (HERE / "data/provenancedm_members.txt").read_text().splitlines()[1:]
CATALOGUE, ORIGIN = blocks(HERE.parent / "docs/how-to/operate.md", "yaml")


def columns(tableset):
    return [(f"{table.qualified_name}.{c.name}", c) for table in tableset.tables() for c in table.columns]


def utypes(tableset):
    return [c.utype for table in tableset.tables() for c in table.columns if c.utype]


def load(directory, text):
    (directory / "own.yaml").write_text(text)
    return metadata.load(directory)


def test_the_origin_that_is_shown_can_be_used(tmp_path):
    [provenance, *_] = load(tmp_path, ORIGIN).schemas

    assert dict(provenance.data_origin)["creator"] == ("Rossi M.", "Example Observatory")


# Ours


def test_every_ucd_is_one(tableset):
    """VOT-13: UCDs are words of UCD1+, in an order that it allows."""
    wrong = [
        name
        for name, column in columns(tableset)
        if column.ucd and not check_ucd(column.ucd, check_controlled_vocabulary=True)
    ]

    assert wrong == []


def test_every_unit_is_one(tableset):
    """VOT-13: units are written as VOUnits."""
    given = {column.unit for _, column in columns(tableset) if column.unit}

    assert {units.Unit(unit, format="vounit").to_string("vounit") for unit in given} == given


def test_every_member_of_the_model_is_published(tableset):
    """ProvenanceDM 1.0: each attribute and reference has a column, which its utype leads back from."""
    given = {utype.removeprefix("voprov:") for utype in utypes(tableset) if not utype.startswith("obscore:")}
    assert given == set(MEMBERS)


def test_all_of_the_model_and_of_tap_schema_is_standard_and_the_rest_is_not(tableset):
    """SCH-9: std is 1 for what a standard defines; no standard has a lineage."""
    for table in tableset.tables():
        is_standard = table.schema_name != "provext" and table.table_type != "virtual"
        is_standard = is_standard and table.name != "obscore_hea"  # a draft
        assert {c.std for c in table.columns} == {is_standard}, table.qualified_name


@pytest.mark.parametrize("schema", ["provenance", "provext"])
def test_joinable_tables_are_linked(tableset, schema):
    """An astronomer sees the columns to join relations by among the principal ones."""
    relations = [t for t in tableset.tables() if t.schema_name == schema and not t.primary_key]

    assert relations
    assert all(
        c.principal for t in relations for c in t.columns if c.name.endswith(("activity_id", "entity_id"))
    )


def test_every_description_is_a_sentence_of_its_own(tableset):
    """People read them in TOPCAT, so none is missing, cut off or said twice of one table."""
    for table in tableset.tables():
        texts = [table.description, *(column.description for column in table.columns)]
        assert len(set(texts)) == len(texts)
        assert all(text.endswith(".") for text in texts), table.qualified_name


def test_size_is_the_only_name_to_be_quoted(tableset):
    """SCH-4, SCH-5: prefixed names collide with no reserved word; TAP lays `size` down."""
    names = {column.name for _, column in columns(tableset)} | {t.name for t in tableset.tables()}

    assert {name for name in names if published_name(name) != name} == {"size"}


def test_keys_join_a_composite_target_by_all_its_columns(tableset):
    """ProvenanceDM 1.0: the role of a usage is the role of its description."""
    used = tableset.table("provenance.used")

    assert used.keys[2].columns == (("u_usagedescription_id", "ud_id"), ("u_role", "ud_role"))


def test_a_column_with_a_key_of_its_own_points_to_a_column(tableset):
    """A part of a key, and a column without one, point nowhere."""
    targets = {c.name: c.target for c in tableset.table("provenance.used").columns}

    assert targets["u_entity_id"] == "provenance.entity.e_id"
    assert targets["u_usagedescription_id"] is None
    assert targets["u_role"] is None


# Rows of TAP_SCHEMA, comments, the reference page


def tiny(**column):
    table = Table(
        schema_name="s",
        name="t",
        table_type="virtual",
        description="T.",
        columns=(Column(name="size", datatype="char", description="C.", **column),),
    )
    return Tableset((Schema(name="s", description="S.", tables=(table,)),))


@pytest.mark.parametrize(
    ("arraysize", "size"), [(None, None), ("*", None), ("36", 36), ("64*", 64), ("2x3", None), ("2x*", None)]
)
def test_size_follows_from_arraysize(arraysize, size):
    """SCH-7: the length in N and N*, null for everything else."""
    (row,) = metadata.tap_schema_rows(tiny(arraysize=arraysize))["columns"]

    assert (row[3], row[5]) == (arraysize, size)


def test_names_in_tap_schema_are_those_to_write_in_a_query():
    """SCH-4, SCH-8."""
    rows = metadata.tap_schema_rows(tiny())

    assert rows["columns"][0][:2] == ("s.t", '"size"')
    assert rows["tables"][0][:3] == ("s", "s.t", "view")


def test_indexes_are_ascending_and_flags_are_numbers(tableset):
    """SCH-3, SCH-11."""
    rows = metadata.tap_schema_rows(tableset)
    entity = [row for row in rows["columns"] if row[0] == "provenance.entity"]

    assert [row[3] for row in rows["schemas"]] == [1, 2, 3, 4]
    assert [row[-1] for row in entity] == list(range(1, len(entity) + 1))
    assert {type(flag) for row in rows["columns"] for flag in row[10:13]} == {int}


def test_virtual_tables_get_no_comment():
    """D10: a virtual table is not in the database."""
    assert list(metadata.comments(tiny())) == [("SCHEMA", ("s",), "S.")]


def test_comments_describe_relations(tableset):
    comments = {comment.path: comment.kind for comment in metadata.comments(tableset)}

    assert comments["provenance", "used"] == "TABLE"
    assert comments["provenance", "wasconfiguredby"] == "VIEW"
    assert comments["provenance", "wasconfiguredby", "wcb_activity_id"] == "COLUMN"


def test_the_reference_page_is_up_to_date(tableset):
    """D7: docs/reference/tables.md is made from the metadata files, like everything else."""
    page = (HERE.parent / "docs/reference/tables.md").read_text(encoding="utf-8")

    assert page == metadata.reference_page(tableset), "make pages makes it anew"


# An operator's own files


def test_an_operator_publishes_tables_beside_ours(tmp_path):
    """D7: PROVTAP_METADATA_DIR."""
    loaded = load(tmp_path, CATALOGUE)
    source = loaded.table("survey.source")

    names = ["provenance", "provext", "ivoa", "survey", "tap_schema"]
    assert [schema.name for schema in loaded.schemas] == names
    assert source.columns[1] == Column(
        name="s_flux", datatype="double", unit="TeV", ucd="phot.flux", description="Flux."
    )
    assert source.keys[0].target_table == "provenance.entity"


def test_the_digest_is_of_the_files(tmp_path, tableset):
    """D7: nodes with the same files agree, and a changed word shows."""
    given = load(tmp_path, CATALOGUE).digest
    changed = load(tmp_path, CATALOGUE.replace("One row a source", "A row a source")).digest

    assert metadata.load(None).digest == tableset.digest
    assert len({tableset.digest, given, changed}) == 3


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("name: survey", "name: provenance", "the schema provenance twice"),
        ("name: survey", "name: provtap", "the schema provtap cannot be published"),
        ("name: survey", "name: [", "own.yaml is not valid YAML"),
        ("name: s_flux", "name: S_ID", "column of survey.source S_ID twice"),
        ("name: s_flux", "name: ''", "own.yaml, table source, a column: the name"),
        ("datatype: double", "datatype: real", "table source, column s_flux: datatype must be one of"),
        ("datatype: double", "dtype: double", "column s_flux: dtype is not a valid key"),
        ("datatype: double", "datatype: 8", "column s_flux: datatype must be a str, not 8"),
        ("ivoa:unit: TeV", "tap:std: 2", "column s_flux: tap:std must be 0 or 1"),
        ("ivoa:unit: TeV", "datatype: int", "datatype is given twice"),
        ("nullable: false", "nullable: 0", "column s_id: nullable must be a bool, not 0"),
        ("datatype: double", "datatype: double, votable:arraysize: '2'", "cannot be set for a double"),
        (
            "datatype: string, desc",
            "datatype: string, votable:arraysize: 2x3, desc",
            "must be like *, 36 or 64*",
        ),
        ("datatype: string, desc", "datatype: string, votable:xtype: timestamp, desc", "is timestamp"),
        ("ivoa:unit: TeV", "ivoa:unit: µm", "column s_flux: ivoa:unit must be ASCII text"),
        (", description: Flux.", "", "column s_flux: description is missing"),
        ("#source.s_id", "#source.s_no", "primary key of survey.source names s_no"),
        ("#source.s_id", "#sources.s_id", "table source: #sources.s_id is not a column of source"),
        ("#source.s_entity_id", "#source.s_flux", "joins s_flux to e_id, which has another type"),
        (
            "#provenance.entity.e_id",
            "#provenance.entities.e_id",
            "provenance.entities, which is not published",
        ),
        (
            'e_id"]',
            'e_id", "#source.s_id"]',
            "constraint source_entity: referencedColumns must be columns of one table",
        ),
        ("#provenance.entity.e_id", "e_id", "constraint source_entity: 'e_id' is not a reference"),
        ("name: source_entity", "name: used_entity", "the key used_entity twice"),
    ],
)
def test_a_wrong_file_is_refused_where_it_is_wrong(tmp_path, old, new, complaint):
    """An operator is told file, table and column, and what they should be."""
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, CATALOGUE.replace(old, new, 1))

    assert complaint in str(refused.value)


def test_a_file_of_anything_but_a_schema_is_refused(tmp_path):
    for text in ("", "- survey", "just text"):
        with pytest.raises(SettingsError, match=r"own\.yaml must be a mapping"):
            load(tmp_path, text)


def test_a_directory_without_metadata_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"has no \*\.yaml file"):
        metadata.load(tmp_path)
