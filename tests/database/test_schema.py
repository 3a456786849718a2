"""The rules of ProvenanceDM 1.0 that the tables themselves keep, numbered as in the model's digest."""

from collections.abc import Iterator
from typing import Any

import pytest

from provtap.adql import translate
from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.errors import DocumentError
from tests.conftest import Server

Row = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def store(server: Server, template: Settings) -> Iterator[Database]:
    """One open database for all tests of this file."""
    with server.copy(template) as settings, open_database(settings) as opened:
        yield opened


@pytest.fixture
def database(store: Database) -> Iterator[Database]:
    """The database, which is emptied after the test."""
    yield store
    with store.setup() as transaction:
        tables = transaction.rows(
            "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') AS names FROM pg_tables"
            " WHERE schemaname IN ('provenance', 'provext')"
        )
        transaction.execute(f"TRUNCATE {tables[0].names} CASCADE")


def entity(name: str, **more: Any) -> Row:
    return "entity", {"e_id": name, **more}


def activity(name: str, **more: Any) -> Row:
    return "activity", {"a_id": name, **more}


def used(activity: str, entity: str, **more: Any) -> Row:
    return "used", {"u_activity_id": activity, "u_entity_id": entity, **more}


def generated(entity: str, activity: str, **more: Any) -> Row:
    return "wasgeneratedby", {"wgb_entity_id": entity, "wgb_activity_id": activity, **more}


def parameter(name: str, **more: Any) -> Row:
    return "parameter", {"p_id": name, "p_activity_id": "a", "p_name": name, "p_value": "1", **more}


def configfile(name: str, **more: Any) -> Row:
    return "configfile", {"cf_id": name, "cf_activity_id": "a", "cf_name": name, "cf_location": "/c", **more}


def described(what: str, prefix: str, owner: str, name: str, **more: Any) -> Row:
    """Return the description *name* of a usage, generation, parameter or config file of *owner*."""
    return f"{what}description", {f"{prefix}_id": name, f"{prefix}_activitydescription_id": owner, **more}


DESCRIPTIONS = (
    ("activitydescription", {"ad_id": "ad", "ad_name": "stack"}),
    ("activitydescription", {"ad_id": "other", "ad_name": "clean"}),
    described("usage", "ud", "ad", "ud", ud_role="input"),
    described("generation", "gd", "ad", "gd", gd_role="output"),
    described("parameter", "pd", "ad", "pd", pd_name="gain", pd_valuetype="real"),
    described("configfile", "cfd", "ad", "cfd", cfd_name="tool.yml", cfd_contenttype="text/yaml"),
    (
        "entitydescription",
        {"ed_id": "data", "ed_name": "d", "ed_class": "DatasetDescription", "ed_contenttype": "x"},
    ),
    (
        "entitydescription",
        {"ed_id": "value", "ed_name": "v", "ed_class": "ValueDescription", "ed_valuetype": "x"},
    ),
)


def add(database: Database, *rows: Row) -> None:
    """Store *rows* in one transaction."""
    with database.transaction() as transaction:
        for table, values in rows:
            names = ", ".join(values)
            places = ", ".join(f"%({name})s" for name in values)
            transaction.execute(f"INSERT INTO provenance.{table} ({names}) VALUES ({places})", **values)


def run(database: Database, statement: str, **values: Any) -> list[Any]:
    with database.transaction() as transaction:
        return transaction.rows(statement, **values)


def count(database: Database, table: str) -> int:
    return int(run(database, f"SELECT count(*) AS number FROM provenance.{table}")[0].number)


# What one row may be ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(activity("a", a_starttime="2024-01-02", a_endtime="2024-01-01"), id="3-activity"),
        pytest.param(
            entity("e", e_generatedattime="2024-01-02", e_invalidatedattime="2024-01-01"), id="3-entity"
        ),
        pytest.param(entity("e", e_class="ValueEntity"), id="value-entity-without-value"),
        pytest.param(entity("e", e_value="1"), id="value-of-no-value-entity"),
        pytest.param(entity("e", e_class="File"), id="unknown-class"),
        pytest.param(("agent", {"ag_id": "g", "ag_name": "x", "ag_type": "Robot"}), id="unknown-agent-type"),
        pytest.param(("agent", {"ag_id": "g"}), id="16-agent-name"),
        pytest.param(("activitydescription", {"ad_id": "d"}), id="16-description-name"),
        pytest.param(entity("x" * 1001), id="D13-long-id"),
        pytest.param(entity(""), id="D13-empty-id"),
        pytest.param(activity("a", a_starttime="infinity"), id="DALI-no-infinity"),
        pytest.param(activity("a", a_starttime="10000-01-01"), id="DALI-four-digit-year"),
        pytest.param(
            ("entitydescription", {"ed_id": "d", "ed_name": "n", "ed_class": "DatasetDescription"}),
            id="dataset-description-without-content-type",
        ),
    ],
)
def test_impossible_row_is_refused(database: Database, row: Row) -> None:
    """Rows that the model does not allow (rules 3 and 16, section 2; D13)."""
    with pytest.raises(DocumentError):
        add(database, row)


@pytest.mark.parametrize("what", ["p_name", "p_value", "cf_name", "cf_location"])
def test_configuration_has_name_and_value(database: Database, what: str) -> None:
    """Name, value and location are mandatory (rule 16)."""
    add(database, activity("a"))
    table, values = (parameter if what.startswith("p_") else configfile)("x")

    with pytest.raises(DocumentError, match=what):
        add(database, (table, values | {what: None}))


@pytest.mark.parametrize("row", [entity("x"), activity("x"), ("agent", {"ag_id": "x", "ag_name": "n"})])
def test_id_is_unique(database: Database, row: Row) -> None:
    """An id is one thing of its class (rule 12)."""
    with pytest.raises(DocumentError):
        add(database, row, row)


@pytest.mark.parametrize("rows", [(entity("x"), activity("x")), (activity("x"), entity("x"))])
def test_an_id_can_not_be_an_entity_and_an_activity(database: Database, rows: tuple[Row, Row]) -> None:
    """An id is not both (rule 12; PROV-CONSTRAINTS 1.0, constraint 54)."""
    with pytest.raises(DocumentError, match="x is both an entity and an activity"):
        add(database, *rows)


# Relations -------------------------------------------------------------------------------------------------


def test_entity_has_one_generation(database: Database) -> None:
    """At most one activity generated an entity (rule 1)."""
    add(database, entity("e"), activity("a"), activity("b"), generated("e", "a"))

    with pytest.raises(DocumentError):
        add(database, generated("e", "b"))


def test_usage_is_kept_once(database: Database) -> None:
    """A usage is its activity, entity and role, which may be missing (D13)."""
    add(database, entity("e"), activity("a"), used("a", "e"), used("a", "e", u_role="input"))

    with pytest.raises(DocumentError):
        add(database, used("a", "e"))


BOUNDED = activity("a", a_starttime="2024-01-01 10:00", a_endtime="2024-01-01 11:00")


@pytest.mark.parametrize("time", ["2024-01-01 09:59", "2024-01-01 11:01"])
def test_usage_outside_its_activity_is_refused(database: Database, time: str) -> None:
    """Used.time lies between startTime and endTime (rule 2)."""
    with pytest.raises(DocumentError, match="activity a used e at .*, outside its own time"):
        add(database, entity("e"), BOUNDED, used("a", "e", u_time=time))


def test_activity_may_not_leave_its_usages_behind(database: Database) -> None:
    """The same when the activity's times change later (rule 2)."""
    add(database, entity("e"), BOUNDED, used("a", "e", u_time="2024-01-01 10:30"))

    with pytest.raises(DocumentError, match="outside its own time"):
        run(database, "UPDATE provenance.activity SET a_endtime = '2024-01-01 10:15' RETURNING a_id")


def test_usage_may_be_at_the_bounds_or_without_them(database: Database) -> None:
    """The bounds belong to the activity, and either may be unknown (rule 2)."""
    add(database, entity("e"), BOUNDED, activity("b"))
    add(database, used("a", "e", u_time="2024-01-01 10:00"), used("b", "e", u_time="1999-01-01"))

    assert count(database, "used") == 2


def test_only_a_collection_has_members(database: Database) -> None:
    """`hadMember` belongs to Collection (rule 9)."""
    add(database, entity("c", e_class="Collection"), entity("e"))
    add(database, ("hadmember", {"hm_collection_id": "c", "hm_entity_id": "e"}))

    with pytest.raises(DocumentError):
        add(database, ("hadmember", {"hm_collection_id": "e", "hm_entity_id": "c"}))


@pytest.mark.parametrize(
    "row",
    [
        ("wasderivedfrom", {"wdf_generatedentity_id": "e", "wdf_usedentity_id": "e"}),
        ("wasinformedby", {"wib_informed_id": "a", "wib_informant_id": "a"}),
    ],
)
def test_nothing_comes_from_itself(database: Database, row: Row) -> None:
    """Neither derivation nor communication leads back at once (rule 14)."""
    with pytest.raises(DocumentError):
        add(database, entity("e"), activity("a"), row)


def test_cycle_is_stored(database: Database) -> None:
    """A longer cycle is for a report to tell: what was received is kept (rule 14)."""
    add(database, entity("e"), activity("a"), used("a", "e"), generated("e", "a"))

    assert count(database, "wasgeneratedby") == 1


# Descriptions ----------------------------------------------------------------------------------------------

LINKED = [
    pytest.param(used("a", "e", u_role="input", u_usagedescription_id="ud"), id="used"),
    pytest.param(generated("e", "a", wgb_role="output", wgb_generationdescription_id="gd"), id="generated"),
    pytest.param(parameter("gain", p_parameterdescription_id="pd"), id="parameter"),
    pytest.param(configfile("tool.yml", cf_configfiledescription_id="cfd"), id="configfile"),
]


@pytest.mark.parametrize("row", LINKED)
def test_description_may_be_one_of_the_activitys(database: Database, row: Row) -> None:
    """Role or name is the description's, which the activity's description owns (rules 4, 5, 7)."""
    add(database, *DESCRIPTIONS, entity("e"), activity("a", a_activitydescription_id="ad"), row)

    assert count(database, row[0]) == 1


@pytest.mark.parametrize("row", LINKED)
@pytest.mark.parametrize("owner", ["other", None])
def test_description_of_another_activity_is_refused(database: Database, row: Row, owner: str | None) -> None:
    """It must belong to the description that the activity has (rule 7)."""
    with pytest.raises(DocumentError, match="not one of its activity description"):
        add(database, *DESCRIPTIONS, entity("e"), activity("a", a_activitydescription_id=owner), row)


@pytest.mark.parametrize("row", LINKED)
def test_activity_may_not_change_to_another_description(database: Database, row: Row) -> None:
    """The same when the activity's description changes later (rule 7)."""
    add(database, *DESCRIPTIONS, entity("e"), activity("a", a_activitydescription_id="ad"), row)

    with pytest.raises(DocumentError, match="not one of its activity description"):
        run(database, "UPDATE provenance.activity SET a_activitydescription_id = 'other' RETURNING a_id")


@pytest.mark.parametrize(
    "row",
    [
        used("a", "e", u_role="output", u_usagedescription_id="ud"),
        used("a", "e", u_usagedescription_id="ud"),
        generated("e", "a", wgb_role="input", wgb_generationdescription_id="gd"),
        generated("e", "a", wgb_generationdescription_id="gd"),
        parameter("offset", p_parameterdescription_id="pd"),
        configfile("other.yml", cf_configfiledescription_id="cfd"),
    ],
)
def test_role_and_name_are_those_of_the_description(database: Database, row: Row) -> None:
    """A role (rule 4) or a name (rule 5) that differs from the description's is refused."""
    with pytest.raises(DocumentError):
        add(database, *DESCRIPTIONS, entity("e"), activity("a", a_activitydescription_id="ad"), row)


@pytest.mark.parametrize(
    "row",
    [
        entity("e", e_class="DatasetEntity", e_entitydescription_id="value"),
        entity("e", e_class="ValueEntity", e_value="1", e_entitydescription_id="data"),
    ],
)
def test_entity_has_a_description_of_its_kind(database: Database, row: Row) -> None:
    """A dataset has a dataset's description, a value a value's (rule 8)."""
    with pytest.raises(DocumentError, match="is described by a"):
        add(database, *DESCRIPTIONS, row)


def test_plain_entity_may_have_any_description(database: Database) -> None:
    """Only the subclasses are bound (rule 8)."""
    add(
        database,
        *DESCRIPTIONS,
        entity("e", e_entitydescription_id="data"),
        entity("f", e_entitydescription_id="value"),
    )

    assert count(database, "entity") == 2


# Configuration ---------------------------------------------------------------------------------------------


def test_parameter_refers_to_a_value(database: Database) -> None:
    """`hadReference` leads to a ValueEntity (rule 10)."""
    add(database, activity("a"), entity("v", e_class="ValueEntity", e_value="1"), entity("e"))
    add(database, parameter("p", p_valueentity_id="v"))

    with pytest.raises(DocumentError):
        add(database, parameter("q", p_valueentity_id="e"))


def test_configuration_points_to_one_artefact_of_its_type(database: Database) -> None:
    """WasConfiguredBy has an activity, a type, and exactly one artefact (rule 6)."""
    add(database, activity("a"), parameter("p"), configfile("c"))

    assert run(database, "SELECT * FROM provenance.wasconfiguredby ORDER BY wcb_artefacttype") == [
        ("a", "ConfigFile", None, "c"),
        ("a", "Parameter", "p", None),
    ]


def test_deleting_an_activity_deletes_its_parts(database: Database) -> None:
    """Usages, associations and configuration live and die with their activity (section 3)."""
    add(database, activity("a"), entity("e"), used("a", "e"), parameter("p"), configfile("c"))
    run(database, "DELETE FROM provenance.activity RETURNING a_id")

    assert [count(database, table) for table in ("used", "parameter", "configfile", "entity")] == [0, 0, 0, 1]


def test_an_activity_with_products_can_not_be_deleted(database: Database) -> None:
    """The generation belongs to the entity, which would lose its origin (section 3)."""
    add(database, activity("a"), entity("e"), generated("e", "a"))

    with pytest.raises(DocumentError):
        run(database, "DELETE FROM provenance.activity RETURNING a_id")


@pytest.mark.parametrize(
    "table, column",
    [
        ("provenance.entity", "e_location"),
        ("provenance.entity", "e_value"),
        ("provenance.parameter", "p_value"),
        ("provenance.configfile", "cf_location"),
        ("provext.location", "loc_url"),
        ("provext.alias", "al_value"),
    ],
)
@pytest.mark.parametrize("condition", ["= '/data/a.h5'", "LIKE '/data/2026/%'"])
def test_a_long_text_is_found_by_index_whole_or_by_its_beginning(
    database, tableset, table, column, condition
):
    """Design, D13: without it, each such question reads the whole table."""
    sql = translate(f"SELECT {column} FROM {table} WHERE {column} {condition}", tableset).sql
    with database.setup() as transaction:
        transaction.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(line for (line,) in transaction.rows(f"EXPLAIN {sql}"))

    assert f"Index Cond: ({column} " in plan


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([entity("e", e_location="{}")], id="place"),
        pytest.param([entity("e", e_class="ValueEntity", e_value="{}")], id="value"),
        pytest.param([activity("a"), parameter("p", p_value="{}")], id="parameter"),
        pytest.param([activity("a"), configfile("c", cf_location="{}")], id="configuration"),
    ],
)
def test_a_text_may_be_of_any_length(database: Database, rows: list[Row]) -> None:
    """Design, D13: no value is rejected because of an index."""
    long = "/data/" + "".join(f"{n:04}/" for n in range(20_000))
    table, values = rows.pop()
    column = next(name for name, value in values.items() if value == "{}")
    add(database, *rows, (table, values | {column: long}))

    assert run(
        database, f"SELECT length({column}) FROM provenance.{table} WHERE {column} = %(t)s", t=long
    ) == [(len(long),)]


def test_many_equal_texts_do_not_slow_down_an_index(database: Database) -> None:
    """A hash index takes the longer to store a value, the more often it is there already."""
    indexes = run(database, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname ~ '^prov'")

    assert [name for name, definition in indexes if "USING hash" in definition] == []
    assert "parameter_value" in [name for name, _ in indexes]


def test_entities_used_by_all_runs_do_not_mislead_the_planner(database: Database) -> None:
    """A sample finds the calibrations that all runs use, and few of the many entities that are used once."""
    runs = [activity(f"a{n}") for n in range(100)]
    add(database, entity("calibration"), *runs, *(used(each["a_id"], "calibration") for _, each in runs))
    with database.setup() as transaction:
        transaction.execute("ANALYZE provenance.used")
        learned = transaction.rows("SELECT n_distinct FROM pg_stats WHERE attname = 'u_entity_id'")

    assert [round(row.n_distinct, 3) for row in learned] == [-0.2]
