"""PROVTAP_OBSCORE: `provtap init` shows an operator's own table of observations (OBS-8)."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import psycopg2
import pytest

from provtap.adql import translate
from provtap.config import Settings
from provtap.database.connect import Database
from provtap.errors import ProvtapError
from provtap.install import init
from provtap.tableset import Tableset
from tests.install.test_install import as_reader

Archive = Callable[..., Database]
REQUIRED = "obs_publisher_did varchar(99), obs_collection text, obs_id integer, calib_level smallint"


@pytest.fixture
def archive(blank: Database, blank_settings: Settings, tableset: Tableset) -> Archive:
    """Show the operator's table `archive.obs`: `archive(columns, row)`."""

    def show(columns: str, row: str = "'ivo://x/y?1', 'c', 7, 2") -> Database:
        with blank.setup() as transaction:
            transaction.execute(f"CREATE SCHEMA archive; CREATE TABLE archive.obs ({columns})")
            transaction.execute(f"INSERT INTO archive.obs VALUES ({row})")
        init(replace(blank_settings, obscore="archive.obs"), tableset)
        return blank

    return show


def test_an_operators_observations_are_shown(archive: Archive) -> None:
    """OBS-8: the view has all columns with the types of ObsCore; what the table lacks is null."""
    columns = f"{REQUIRED}, s_ra real, s_dec float8, obs_release_date timestamptz, ev_xel bigint, mine text"
    row = "'ivo://x/y?1', 'c', 7, 2, 83.5, 22, '2026-01-01 01:00+01', 5, 'private'"
    database = archive(columns, row)

    shown = "obs_publisher_did, obs_id, calib_level, s_ra, s_dec, obs_release_date, t_min, ev_xel, energy_min"
    assert as_reader(database, f"SELECT {shown} FROM ivoa.obscore NATURAL JOIN ivoa.obscore_hea") == [
        ("ivo://x/y?1", "7", 2, 83.5, 22.0, datetime(2026, 1, 1), None, 5, None)
    ]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_reader(database, "SELECT mine FROM archive.obs")


def test_an_operators_observations_lead_to_provenance(archive: Archive) -> None:
    """OBS-9: his text has another collation than ours, and is joined all the same."""
    database = archive(REQUIRED)
    with database.transaction() as transaction:
        transaction.execute("INSERT INTO provenance.entity (e_id) VALUES ('ivo://x/y?1')")
        transaction.rows("SELECT provtap.link_products(entities => ARRAY['ivo://x/y?1'])")

    assert as_reader(
        database,
        "SELECT pr_entity_id FROM ivoa.obscore JOIN provext.product ON pr_publisher_did = obs_publisher_did",
    ) == [("ivo://x/y?1",)]


@pytest.mark.parametrize(
    "columns, row, sentence",
    [
        (
            "obs_publisher_did text, obs_collection text, obs_id text",
            "'x', 'c', '1'",
            "archive.obs has no column calib_level, which ObsCore requires",
        ),
        (REQUIRED, "'x', NULL, 7, 2", "column obs_collection of archive.obs is null in 1 rows"),
        (
            f"{REQUIRED}, s_ra point",
            "'x', 'c', 7, 2, NULL",
            "s_ra of archive.obs must be double precision, not point",
        ),
        (
            f"{REQUIRED}, s_region float8[]",
            "'x', 'c', 7, 2, NULL",
            "s_region of archive.obs must be STC-S text",
        ),
    ],
)
def test_a_table_that_is_no_obscore_is_refused(
    archive: Archive, columns: str, row: str, sentence: str
) -> None:
    """OBS-8."""
    with pytest.raises(ProvtapError, match=re.escape(sentence)):
        archive(columns, row)


@pytest.mark.parametrize(
    "given, sentence",
    [
        ("archive.obs", "there is no table or view archive.obs in this database"),
        ("a b", "there is no table or view a b in this database"),
        ("provtap.observation", "provtap.observation is in a schema of ProvTAP"),
    ],
)
def test_what_cannot_be_shown_is_named(
    blank_settings: Settings, tableset: Tableset, given: str, sentence: str
) -> None:
    init(blank_settings, tableset)

    with pytest.raises(ProvtapError, match=sentence):
        init(replace(blank_settings, obscore=given), tableset)


def test_a_table_of_this_name_is_left_alone(
    blank: Database, blank_settings: Settings, tableset: Tableset
) -> None:
    """An operator may have published his own ivoa.obscore before."""
    with blank.setup() as transaction:
        transaction.execute("CREATE SCHEMA ivoa; CREATE TABLE ivoa.obscore (obs_id text)")

    with pytest.raises(ProvtapError, match="the schema ivoa is not ProvTAP's: rename it"):
        init(blank_settings, tableset)


def test_own_observations_come_back_when_the_setting_goes(
    archive: Archive, blank: Database, blank_settings: Settings, tableset: Tableset
) -> None:
    archive(REQUIRED)
    init(blank_settings, tableset)

    assert as_reader(blank, "SELECT obs_id FROM ivoa.obscore") == []


def test_cones_on_an_operators_table_use_its_index(archive: Archive, tableset: Tableset) -> None:
    """GEO-7: also through the view."""
    database = archive(f"{REQUIRED}, s_ra float8, s_dec float8", "'x', 'c', 1, 2, 83, 22")
    with database.setup() as transaction:
        transaction.execute(
            "INSERT INTO archive.obs SELECT 'ivo://x/y?' || n, 'c', n, 2, n * 360.0 / 10000, n * 80.0 / 10000"
            " FROM generate_series(2, 10000) AS n;"
            " CREATE INDEX cones ON archive.obs USING gist (provext.sky_position(s_ra, s_dec));"
            " ANALYZE archive.obs"
        )
    query = "SELECT obs_id FROM ivoa.obscore WHERE 1 = CONTAINS(POINT(s_ra, s_dec), CIRCLE(36, 8, 0.1))"
    plan = as_reader(database, f"EXPLAIN {translate(query, tableset).sql}")

    assert "Index Scan on cones" in str(plan)
