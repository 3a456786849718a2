"""astroquery's TAP clients against a live service: they write requests of their own, without pyvo."""

import pytest
from astropy.table import Table
from astroquery.utils.tap.core import Tap, TapPlus

# It warns of whatever it does with its connection, and leaves it to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore")

QUERY = "SELECT TOP 3 a_name, a_starttime FROM provenance.activity ORDER BY a_starttime"
MINE = Table({"n": [1, 2], "t": ["x", "é"]})


@pytest.fixture(params=[Tap, TapPlus])
def tap(request, tap_url):
    return request.param(url=tap_url)


@pytest.fixture(params=["launch_job", "launch_job_async"])
def ask(request, tap):
    """Return what runs a query, sync or async."""
    return getattr(tap, request.param)


def test_a_query_is_answered(ask):
    assert ask(QUERY).get_results().colnames == ["a_name", "a_starttime"]


@pytest.mark.parametrize("form", ["votable", "csv"])
def test_the_format_is_chosen(ask, form):
    assert len(ask(QUERY, output_format=form).get_results()) == 3


def test_a_table_is_uploaded(ask):
    """UPL-8: its boundary should be quoted and is not, and it gives FORMAT and format."""
    job = ask("SELECT t, n FROM TAP_UPLOAD.mine ORDER BY n", upload_resource=MINE, upload_table_name="mine")
    found = job.get_results()

    assert [(str(row["t"]), int(row["n"])) for row in found] == [("x", 1), ("é", 2)]


def test_a_file_is_uploaded(ask, tmp_path):
    MINE.write(tmp_path / "mine.vot", format="votable")
    query = "SELECT COUNT(*) AS rows_ FROM TAP_UPLOAD.mine"
    job = ask(query, upload_resource=str(tmp_path / "mine.vot"), upload_table_name="mine")

    assert job.get_results()["rows_"].tolist() == [2]


def test_jobs_are_listed(tap):
    job = tap.launch_job_async(QUERY)

    assert job.jobid in [listed.jobid for listed in tap.list_async_jobs()]
