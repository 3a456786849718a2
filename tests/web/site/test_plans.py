"""The statements of pages use indexes on a large store and never scan a table."""

from contextlib import closing
from urllib.parse import quote

import psycopg2
import pytest
from lxml import etree

from provtap.database.connect import open_database
from provtap.web import create_app
from tests.database.test_views import THOUSANDS
from tests.live import awaited
from tests.web.site.conftest import BROWSER

FEW = {"agent", "activitydescription", "day"}
"""Tables that stay small: people, programs and days, where runs are millions."""
QUERY = quote("SELECT TOP 5 e_id FROM provenance.entity WHERE e_name = 'name 7'")
PATHS = [
    "/",
    *(f"/search?kind={kind}" for kind in ("file", "run", "who", "program")),
    "/search?q=name+77",
    "/search?q=ame+7777",
    "/search?q=nothing-of-this-name.h5",
    "/search?q=/data/77",
    "/search?q=*77?7",
    "/search?q=tool+7",
    "/search?q=name&sort=newest&since=2026-01-02&until=2026-01-03",
    "/search?kind=run&status=not+completed",
    "/search?kind=run&status=error&program=tool+78",
    "/search?kind=file&program=tool+78",
    "/entity/DatasetEntity77",
    "/entity/ValueEntity77",
    "/entity/Collection77",
    "/entity/nothing",
    "/activity/a77",
    "/activity/a777",
    "/agent/g77",
    "/program/tool%2077",
    "/program/tool%2077/1",
    "/impact/DatasetEntity9990",
    "/impact/DatasetEntity9990?status=completed&name=name",
    "/impact/DatasetEntity9990.csv",
    "/lineage/DatasetEntity77?direction=forth&depth=2",
    "/compare?a=a77&b=a2077",
    f"/query?QUERY={QUERY}",
    f"/result?QUERY={QUERY}",
    "/tap/examples",
    "/schema/provenance.entity",
    "/jobs",
]


@pytest.fixture(scope="module")
def walked(server, template, tableset):
    """Visits addresses, and returns the tables that PostgreSQL then walked through, with how often."""
    with server.copy(template) as settings:
        with closing(psycopg2.connect(settings.database_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(THOUSANDS)

        def walks(paths):
            before = _walks(settings.database_url)
            with open_database(settings) as database:
                client = create_app(settings, database, tableset).test_client()
                answers = {path: client.get(path, headers=BROWSER, buffered=True) for path in paths}
            assert awaited(
                lambda: _is_alone(settings.database_url)
            )  # who leaves tells what it walked through
            after = _walks(settings.database_url)
            return answers, {name: n - before[name] for name, n in after.items() if n > before[name]}

        yield walks


def _rows(url, statement):
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def _walks(url):
    return dict(
        _rows(
            url,
            "SELECT pg_class.relname, seq_scan FROM pg_stat_user_tables JOIN pg_class ON oid = relid"
            " WHERE reltuples >= 1000 AND schemaname ~ '^prov'",
        )
    )


def _is_alone(url):
    others = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return not _rows(url, f"{others} AND backend_type = 'client backend'")


def test_no_page_walks_through_a_large_table(walked):
    """Site, section 6, point 13; if one does, each is visited alone, to name it."""
    answers, walks = walked(PATHS)

    assert [path for path, answer in answers.items() if answer.status_code >= 500] == []
    if not walks.keys() <= FEW:
        alone = {path: walked([path])[1].keys() - FEW for path in PATHS}
        assert {path: tables for path, tables in alone.items() if tables} == {}


def test_next_pages_walk_through_no_table_either(walked):
    """Lists are cut by their keys."""
    lists = [
        "/search?kind=file",
        "/search?kind=run",
        "/impact/DatasetEntity9800",
        "/entity/DatasetEntity9800",
    ]
    answers, _ = walked(lists)
    further = [
        link.get("href")
        for answer in answers.values()
        for link in etree.HTML(answer.data).findall(".//a[@rel='next']")
    ]

    assert len(further) >= 2
    _, walks = walked(further)
    assert walks.keys() <= FEW


def test_a_walk_would_be_noticed(walked):
    """The counters count: a query may walk where a page may not."""
    query = quote("SELECT COUNT(*) AS n FROM provenance.parameter WHERE p_value LIKE '%9%'")
    _, walks = walked([f"/tap/sync?QUERY={query}"])

    assert walks.keys() == {"parameter"}
