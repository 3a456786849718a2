"""The views of provext: their rows, and that conditions on them use indexes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provtap import metadata
from provtap.adql import translate
from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.database.explain import explain
from tests.conftest import Server, database_name

Ask = Callable[[str], list[Any]]

STORE = """
INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version, ad_type)
    VALUES ('ad', 'process', '0.28.0', 'Reconstruction');
INSERT INTO provenance.parameterdescription
    (pd_id, pd_activitydescription_id, pd_name, pd_valuetype, pd_unit, pd_description)
    VALUES ('pd', 'ad', 'cut', 'double', 'deg', 'Where to cut.');
INSERT INTO provenance.activity (a_id, a_name, a_starttime, a_endtime, a_activitydescription_id)
    VALUES ('run', 'process', '2026-01-01', '2026-01-02', 'ad'), ('bare', NULL, NULL, NULL, NULL),
           ('named', 'copy', NULL, NULL, NULL);
INSERT INTO provext.run (r_activity_id, r_status) VALUES ('run', 'completed');
INSERT INTO provenance.entitydescription (ed_id, ed_class, ed_name, ed_contenttype)
    VALUES ('dl1', 'DatasetDescription', 'DL1', 'application/x-hdf5');
INSERT INTO provenance.entitydescription (ed_id, ed_class, ed_name, ed_valuetype, ed_unit)
    VALUES ('zenith', 'ValueDescription', 'zenith angle', 'double', 'deg');
INSERT INTO provenance.entity (e_id, e_class, e_name, e_value, e_entitydescription_id)
    VALUES ('made', 'DatasetEntity', 'made.h5', NULL, 'dl1'), ('raw', 'DatasetEntity', 'raw.h5', NULL, NULL),
           ('other', 'DatasetEntity', 'other.h5', NULL, NULL),
           ('c d', 'DatasetEntity', 'copy.h5', NULL, NULL),
           ('angle', 'ValueEntity', 'za', '20.5', 'zenith'),
           ('word', 'ValueEntity', 'status', 'completed', NULL), ('night', 'Collection', 'night', NULL, NULL),
           ('empty', 'Collection', NULL, NULL, NULL), ('thing', 'Entity', NULL, NULL, NULL);
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id, wgb_role)
    VALUES ('made', 'run', 'DL1'), ('other', 'bare', NULL), ('c d', 'named', NULL);
INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role)
    VALUES ('run', 'raw', 'DL0'), ('run', 'raw', 'monitoring'), ('run', 'c d', 'DL0'),
           ('run', 'angle', 'pointing');
INSERT INTO provenance.configfile (cf_id, cf_activity_id, cf_name, cf_location)
    VALUES ('f1', 'run', 'config', '/conf/b 1.yaml'), ('f2', 'run', 'config', '/conf/a.yaml');
INSERT INTO provext.alias (al_entity_id, al_kind, al_value)
    VALUES ('made', 'guid', '42'), ('made', 'doi', '10.5281/zenodo.1');
INSERT INTO provenance.hadmember (hm_collection_id, hm_entity_id) VALUES ('night', 'made'), ('night', 'raw');
INSERT INTO provenance.agent (ag_id, ag_name, ag_type)
    VALUES ('1', 'Zoë', 'Person'), ('2', 'CTAO', 'Organization'), ('3', 'Operator', NULL),
           ('4', 'CTAO', NULL);
INSERT INTO provenance.wasattributedto
    VALUES ('made', '2', 'Creator'), ('made', '3', 'Owner'), ('made', '3', 'Creator'),
           ('raw', '4', 'Creator');
INSERT INTO provenance.wasassociatedwith VALUES ('run', '1', 'Operator'), ('bare', '3', 'Operator');
INSERT INTO provenance.parameter (p_id, p_activity_id, p_name, p_value, p_parameterdescription_id)
    VALUES ('p1', 'run', 'cut', '2.5e-1', 'pd'), ('p2', 'run', 'cleaner', 'Tailcuts', NULL),
           ('p3', 'bare', 'cut', '7', NULL);
"""
THOUSANDS = Path("tests/data/thousands.sql").read_text()
PUBLISHED = metadata.load()
INDEXED = [
    (table.qualified_name, column)
    for table in PUBLISHED.tables()
    if table.table_type == "view"
    for column in table.columns
    if column.indexed
]


@pytest.fixture(scope="module")
def shown(server: Server, template: Settings) -> Iterator[Ask]:
    """Ask a small store with one case of everything."""
    assert template.database_url is not None
    url = server.create(database_name(template.database_url))
    with open_database(replace(template, database_url=url)) as database:
        with database.transaction() as transaction:
            transaction.execute(STORE)
        yield lambda query: asked(database, query)
    server.drop(url)


def asked(database: Database, query: str) -> list[Any]:
    with database.transaction() as transaction:
        return [tuple(row) for row in transaction.rows(query)]


def test_origin_has_one_row_for_each_data_set(shown: Ask) -> None:
    """Also for one without generator, and for one with several agents."""
    assert shown("SELECT eo_entity_id FROM provext.entity_origin ORDER BY 1") == [
        ("c d",),
        ("made",),
        ("other",),
        ("raw",),
    ]


def test_origin_has_the_run_and_its_program(shown: Ask) -> None:
    """Digest provenance-queries, convenience views: one-step provenance."""
    [row] = shown(
        "SELECT eo_entity_name, eo_role, eo_activity_id, eo_activity_name, eo_starttime::text,"
        " eo_endtime::text, eo_status, eo_description_name, eo_description_version, eo_description_type"
        " FROM provext.entity_origin WHERE eo_entity_id = 'made'"
    )

    assert row == (
        "made.h5",
        "DL1",
        "run",
        "process",
        "2026-01-01 00:00:00",
        "2026-01-02 00:00:00",
        "completed",
        "process",
        "0.28.0",
        "Reconstruction",
    )


def test_an_entity_without_known_producer_has_nulls(shown: Ask) -> None:
    assert shown(
        "SELECT eo_role, eo_activity_id, eo_activity_name, eo_starttime, eo_status, eo_description_name"
        " FROM provext.entity_origin WHERE eo_entity_id = 'raw'"
    ) == [(None,) * 6]


@pytest.mark.parametrize(
    "entity, agent, names",
    [("made", "2", "CTAO; Operator; Zoë"), ("raw", "4", "CTAO"), ("other", "3", "Operator")],
)
def test_attribution_takes_precedence_over_association(
    shown: Ask, entity: str, agent: str, names: str
) -> None:
    """Of several agents the one with the least id is told by its id, all by their names."""
    assert shown(
        f"SELECT eo_agent_id, eo_agents FROM provext.entity_origin WHERE eo_entity_id = '{entity}'"
    ) == [(agent, names)]


def test_the_last_step_is_one_row(shown: Ask) -> None:
    """LAST-2: as provext.entity_origin, and inputs, configuration, parameters and DOI."""
    [row] = shown(
        "SELECT ls_entity_name, ls_role, ls_activity_id, ls_program, ls_version, ls_starttime::text,"
        " ls_status, ls_project, ls_agents, ls_inputs, ls_ninputs, ls_configuration,"
        " ls_parameters::json, ls_doi FROM provext.last_step WHERE ls_entity_id = 'made'"
    )

    assert row == (
        "made.h5",
        "DL1",
        "run",
        "process",
        "0.28.0",
        "2026-01-01 00:00:00",
        "completed",
        "CTAO",
        "CTAO; Operator; Zoë",
        "c%20d raw",
        2,
        "/conf/a.yaml /conf/b%201.yaml",
        {"cleaner": "Tailcuts", "cut": "2.5e-1"},
        "10.5281/zenodo.1",
    )


@pytest.mark.parametrize("entity, step", [("raw", (None, None, None)), ("other", ("bare", None, 0))])
def test_a_last_step_of_which_little_is_known_has_nulls(
    shown: Ask, entity: str, step: tuple[Any, ...]
) -> None:
    """Inputs of a file from outside are unknown; a run without inputs has none."""
    query = "SELECT ls_activity_id, ls_program, ls_ninputs FROM provext.last_step WHERE ls_entity_id = '{}'"

    assert shown(query.format(entity)) == [step]


def test_the_program_of_a_run_without_description_is_its_name(shown: Ask) -> None:
    """LAST-2, ls_program."""
    assert shown("SELECT ls_program FROM provext.last_step WHERE ls_entity_id = 'c d'") == [("copy",)]


def test_parameters_are_numbers_where_they_spell_one(shown: Ask) -> None:
    """provext.prov_number; unit and meaning are those of the description."""
    assert shown(
        "SELECT ap_activity_id, ap_activity_name, ap_name, ap_value, ap_number, ap_unit, ap_description"
        " FROM provext.activity_parameter ORDER BY ap_parameter_id"
    ) == [
        ("run", "process", "cut", "2.5e-1", 0.25, "deg", "Where to cut."),
        ("run", "process", "cleaner", "Tailcuts", None, None, None),
        ("bare", None, "cut", "7", 7.0, None, None),
    ]


def test_each_class_has_its_entities(shown: Ask) -> None:
    """ProvenanceDM 1.0, figure 3: DatasetEntity, ValueEntity, Collection."""
    assert shown(
        "SELECT de_id, de_description_name, de_contenttype FROM provext.datasetentity ORDER BY 1"
    ) == [
        ("c d", None, None),
        ("made", "DL1", "application/x-hdf5"),
        ("other", None, None),
        ("raw", None, None),
    ]
    assert shown("SELECT ve_id, ve_value, ve_number, ve_unit FROM provext.valueentity ORDER BY 1") == [
        ("angle", "20.5", 20.5, "deg"),
        ("word", "completed", None, None),
    ]
    assert shown("SELECT co_id, co_name, co_members FROM provext.collection ORDER BY 1") == [
        ("empty", None, 0),
        ("night", "night", 2),
    ]


@pytest.fixture(scope="module")
def plan(server: Server, template: Settings) -> Iterator[Callable[[str], str]]:
    """Return the plan of an ADQL query on a store with thousands of rows, by the login of users' queries."""
    assert template.database_url is not None
    url = server.create(database_name(template.database_url))
    with open_database(replace(template, database_url=url)) as database:
        with database.setup() as transaction:
            transaction.execute(THOUSANDS)
        yield lambda query: planned(database, query)
    server.drop(url)


def planned(database: Database, query: str) -> str:
    return "\n".join(explain(database.reader, translate(query, PUBLISHED).copy_sql(1000), 60))


@pytest.mark.parametrize("table, column", INDEXED, ids=[f"{t}.{c.name}" for t, c in INDEXED])
def test_a_condition_on_a_column_published_as_indexed_scans_no_table(
    plan: Callable[[str], str], table: str, column: Any
) -> None:
    """D7: `indexed` tells clients which columns are fast to search, in views as in tables."""
    literal = {"timestamp": "'2027-01-01T01:40:00'", None: "'error'"}[column.xtype]
    condition = f"{column.name} = {7.5 if column.datatype == 'double' else literal}"
    if column.name in {"s_ra", "s_dec"}:
        condition = "1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(7, 7, 0.1))"  # one index has both

    assert "Seq Scan" not in plan(f"SELECT * FROM {table} WHERE {condition}")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM provext.activity_parameter WHERE ap_name = 'name 7' AND ap_number BETWEEN 100 AND 300",
        "SELECT ve_id FROM provext.valueentity WHERE ve_name = 'name 7' AND ve_number > 5",
        "SELECT eo_entity_id, eo_agents FROM provext.entity_origin WHERE eo_activity_name LIKE 'run 777%'",
        "SELECT o.eo_activity_name, p.ap_number FROM provext.entity_origin AS o"
        " JOIN provext.activity_parameter AS p ON p.ap_activity_id = o.eo_activity_id"
        " WHERE o.eo_entity_id = 'DatasetEntity7'",
        "SELECT e_id FROM provenance.entity WHERE e_name LIKE '%e 7777%'",
        "SELECT e_id FROM provenance.entity WHERE e_name LIKE 'name 77%'",
        "SELECT h_entity_id FROM provext.hash WHERE h_digest LIKE '0a4d55a8%'",
        "SELECT TOP 7 a_id FROM provenance.activity ORDER BY a_starttime DESC",
        "SELECT * FROM provext.last_step WHERE ls_entity_id IN ('DatasetEntity7', 'DatasetEntity8')",
        "SELECT l_distance, ls_entity_name, ls_program, ls_inputs FROM provenance.lineage"
        " JOIN provext.last_step ON ls_entity_id = l_descendant_id WHERE l_ancestor_id = 'DatasetEntity7'",
    ],
)
def test_conditions_that_people_write_use_indexes(plan: Callable[[str], str], query: str) -> None:
    assert "Seq Scan" not in plan(query)


def test_unused_columns_are_not_joined(plan: Callable[[str], str]) -> None:
    """A view costs no more than the tables that it joins."""
    assert "agent" not in plan("SELECT eo_entity_id, eo_status FROM provext.entity_origin")
    assert "used" not in plan("SELECT ls_entity_id, ls_status, ls_parameters FROM provext.last_step")
    assert "activity" not in plan("SELECT ap_name, ap_number FROM provext.activity_parameter").replace(
        "activity_parameter", ""
    )
