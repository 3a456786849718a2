"""/: counts, examples and search, for filled and empty stores."""

from lxml import etree

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest import ingest
from provtap.web import create_app
from tests.ingest.logs import SAMPLES
from tests.web.site.conftest import BROWSER


def test_home_shows_the_counts_of_the_store(site, sample_settings):
    """The counts agree with the tables, without scanning them."""
    shown = site.get("/.json").json["summary"]
    with open_database(sample_settings) as database, database.transaction() as transaction:
        counted = transaction.one("""
            SELECT (SELECT count(*) FROM provenance.entity WHERE e_class = 'DatasetEntity') AS files,
                   (SELECT count(*) FROM provenance.activity) AS runs,
                   (SELECT count(*) FROM provenance.agent) AS people,
                   (SELECT count(*) FROM provenance.activitydescription) AS programs,
                   (SELECT count(*) FROM provext.run WHERE r_status <> 'completed') AS not_completed,
                   (SELECT max(in_time) FROM provext.ingestion) AS as_of""")

    assert shown == counted._asdict() | {"as_of": f"{counted.as_of.isoformat()}Z"}


def test_home_shows_28_days_to_the_newest_run(site):
    days = site.get("/.json").json["days"]

    assert len(days) == 28
    assert days[-1]["runs"] > days[-1]["failed"] > 0
    assert days[0]["day"] == "2026-10-26T00:00:00Z"


def test_newest_runs_are_listed_with_their_files(site):
    newest = site.get("/.json").json["newest"]
    began = [each["run"]["began"] for each in newest]

    assert [file["name"] for file in newest[0]["wrote"]] == ["merged1.dl2.h5"]
    assert began == sorted(began, reverse=True)
    assert all(run["status"] != "completed" for run in site.get("/.json").json["not_completed"])


def test_every_link_of_home_leads_somewhere(site):
    """The questions are filled from the store that is there."""
    page = etree.HTML(site.get("/").data)
    links = {link.get("href") for link in page.iter("a") if not link.get("href").startswith("#")}

    assert any(link.startswith("/entity/") for link in links)
    assert {link: site.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_the_query_of_home_runs(site):
    """The first query must work."""
    query = etree.HTML(site.get("/").data).findtext(".//pre/code").split('"""')[1]

    assert site.get("/tap/sync", query_string={"QUERY": query}).status_code == 200


def test_an_empty_store_shows_how_to_load_the_first_log(server, template, tableset):
    with server.copy(template) as settings, open_database(settings) as database:
        client = create_app(settings, database, tableset).test_client()
        before = client.get("/", headers=BROWSER).text
        runs = client.get("/search?kind=run", headers=BROWSER).text
        ingest(SAMPLES[0], database, settings)
        after = client.get("/", headers=BROWSER).text

    assert "Nothing is stored yet" in before
    assert "provtap ingest" in before
    assert "No runs are recorded yet." in runs
    assert "Nothing is stored yet" not in after
    assert "In this store" in after


def test_home_without_database_reports_it_and_still_has_the_search(tableset):
    away = Settings(database_url="host=/nonexistent dbname=provtap")
    with open_database(away) as database:
        page = create_app(away, database, tableset).test_client().get("/", headers=BROWSER)

    assert page.status_code == 200
    assert "Nothing of the store can be shown." in page.text
    assert "pyvo.dal.TAPService" in page.text
