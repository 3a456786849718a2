"""Things with thousands of relatives: their pages are small, with the total numbers."""

import re

import pytest

from provtap.database.connect import open_database
from provtap.web import create_app
from tests.web.site.conftest import BROWSER

STORE = """
INSERT INTO provenance.activitydescription (ad_id, ad_name) VALUES ('d', 'stack');
INSERT INTO provenance.activity (a_id, a_name, a_activitydescription_id, a_starttime)
    VALUES ('wide', 'stack', 'd', '2026-11-01');
INSERT INTO provenance.entity (e_id, e_class, e_name) VALUES ('stack', 'DatasetEntity', 'stack.fits');
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id) VALUES ('stack', 'wide');
INSERT INTO provenance.entity (e_id, e_class, e_name)
    SELECT 'i' || n, 'DatasetEntity', 'input' || n || '.fits' FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.used (u_activity_id, u_entity_id)
    SELECT 'wide', 'i' || n FROM generate_series(1, 10000) AS n;
INSERT INTO provenance.parameter (p_id, p_activity_id, p_name, p_value)
    SELECT 'p' || n, 'wide', 'group' || n % 50 || '.name' || n, n::text FROM generate_series(1, 5000) AS n;
INSERT INTO provenance.entity (e_id, e_class, e_name) VALUES ('flat', 'DatasetEntity', 'flat.fits');
INSERT INTO provenance.activity (a_id, a_name, a_activitydescription_id, a_starttime)
    SELECT 'r' || n, 'reduce', 'd', '2026-11-02' FROM generate_series(1, 5000) AS n;
INSERT INTO provenance.used (u_activity_id, u_entity_id)
    SELECT 'r' || n, 'flat' FROM generate_series(1, 5000) AS n;
INSERT INTO provenance.entity (e_id, e_class, e_name)
    SELECT 'o' || n, 'DatasetEntity', 'output' || n || '.fits' FROM generate_series(1, 5000) AS n;
INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id)
    SELECT 'o' || n, 'r' || n FROM generate_series(1, 5000) AS n;
"""
MOST_BYTES = 400_000
"""Of a page, before compression."""


@pytest.fixture(scope="module")
def read(server, template, tableset):
    """Return the text of a page."""
    with server.copy(template) as settings, open_database(settings) as database:
        with database.setup() as transaction:
            transaction.execute(STORE)
        client = create_app(settings, database, tableset).test_client()

        def get(path):
            answer = client.get(path, headers=BROWSER)
            assert answer.status_code == 200
            return answer.text

        yield get


@pytest.mark.parametrize(
    "path, told",
    [
        ("/entity/stack", "more than 1\u202f000"),  # made by a run of 10 000 inputs
        ("/activity/wide", "more than 1\u202f000"),
        ("/entity/flat", "More than 1\u202f000"),  # used by 5 000 runs
        ("/impact/flat", "5\u202f000 files"),
        ("/lineage/stack", "drawn as"),
        ("/lineage/flat?direction=forth", "drawn as"),
        ("/compare?a=wide&b=r1", "stack"),
        ("/program/stack", "more than 1\u202f000"),
    ],
)
def test_page_is_bounded(read, path, told):
    """Site, section 3: no page grows with the store."""
    page = read(path)

    assert told in page
    assert len(page) < MOST_BYTES


def test_thousands_of_runs_are_drawn_as_few_shapes(read):
    """Site, section 6, point 8."""
    page = read("/lineage/flat?direction=forth")
    things, shapes = re.search(r"([\d\u202f]+) things, drawn as (\d+)", page).groups()

    assert int(things.replace("\u202f", "")) == 10_000  # the walk stops
    assert int(shapes) < 60
