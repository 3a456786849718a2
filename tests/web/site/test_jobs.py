"""The pages of jobs: listed, run, stopped, deleted and fetched in a browser, without a script."""

import threading
from dataclasses import replace

import pytest
from lxml import etree

from provtap.operation import accounts
from provtap.uws.execution import Execution, Workshop
from provtap.uws.job import Client
from provtap.uws.store import JobStore
from provtap.web import create_app
from provtap.web.jobs import stop_waiting
from provtap.web.site.jobs import ROWS

QUERY = "SELECT schema_name FROM tap_schema.schemas"
WRONG = "SELECT e_nam FROM provenance.entity"


@pytest.fixture
def own(settings, tmp_path):
    """Settings with results of their own."""
    return replace(settings, data_dir=tmp_path)


@pytest.fixture
def store(database, own):
    """The jobs, of which there are none yet."""
    with database.transaction() as transaction:
        transaction.execute("DELETE FROM uws.job")
    return JobStore(database, own)


@pytest.fixture
def client(own, database, tableset, store):
    app = create_app(own, database, tableset)
    yield app.test_client()
    stop_waiting(app)


@pytest.fixture
def work(own, database, tableset, store):
    """Return a function that runs the job that has waited longest, as a worker does."""

    def run():
        job, attempt = store.claim("w")
        shop = Workshop(own, tableset, database, store, store.results, threading.Event())
        Execution(job, attempt, shop).execute()

    return run


def created(client, query=QUERY, **parameters):
    """Create a job by the form of the query page, and return the address of its page."""
    response = client.post("/jobs", data={"QUERY": query, "TOKEN": "", **parameters})
    assert response.status_code == 303
    return response.location


def page_of(client, path="/jobs", **headers):
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return etree.HTML(response.text)


def states(page):
    return page.xpath("//tbody//span[starts-with(@class, 'st')]/text()")


def press(client, page, label):
    """Press a button of the page, and return what it leads to."""
    [button] = page.xpath(f"//button[.='{label}']")
    form = next(button.iterancestors("form"))
    given = {each.get("name"): each.get("value") for each in form.iter("input")}
    given[button.get("name")] = button.get("value")
    return client.post(form.get("action"), data=given, follow_redirects=True)


def test_a_job_is_run_listed_and_fetched(client, work):
    path = created(client, RESPONSEFORMAT="csv", MAXREC="2")
    before = states(page_of(client))
    work()
    page = page_of(client)

    assert (before, states(page)) == (["queued"], ["completed"])
    assert page.xpath("string(//tbody//a)") == QUERY
    [download] = page.xpath("//a[.='Download']/@href")
    with client.get(download) as answer:
        head, *rows = answer.text.splitlines()
    assert (head, len(rows)) == ("schema_name", 2)
    assert "text/csv" in page_of(client, path).xpath("string(//dl)")


def test_a_job_that_waits_is_stopped(client):
    page = page_of(client, created(client))
    answer = press(client, page, "Stop")

    assert answer.status_code == 200
    assert etree.HTML(answer.text).xpath("//dl//span[starts-with(@class, 'st')]/text()") == ["aborted"]
    assert "aborted by its user" in answer.text


def test_a_job_is_deleted_and_gone(client):
    path = created(client)
    answer = press(client, page_of(client, path), "Delete")

    assert (answer.status_code, answer.request.path) == (200, "/jobs")
    assert client.get(path).status_code == 404
    assert etree.HTML(answer.text).xpath("//table") == []


def test_a_job_that_was_only_created_is_run_from_its_page(client, store):
    """So are queries that were too long for an address."""
    job = store.create(Client(None, "127.0.0.1"), {"LANG": ["ADQL"], "QUERY": [QUERY]})
    answer = press(client, page_of(client, f"/jobs/{job.job_id}"), "Run")

    assert etree.HTML(answer.text).xpath("//dl//span[starts-with(@class, 'st')]/text()") == ["queued"]


def test_a_failed_job_shows_errors_and_fixes(client, work):
    path = created(client, WRONG)
    work()
    page = page_of(client, path)

    assert page.xpath("//mark/text()") == ["e_nam"]
    assert press(client, page, "Use e_name").status_code == 200
    assert "Unknown column e_nam" in page_of(client).xpath("string(//tbody)")


def test_a_job_that_failed_as_it_ran_shows_its_reason(client, work):
    path = created(client, "SELECT 1/0 AS a FROM tap_schema.schemas")
    work()

    assert "zero" in page_of(client, path).xpath("string(//*[@role='alert'])")


def test_jobs_come_in_pages_by_state_the_newest_first(client):
    for number in range(ROWS + 2):
        created(client, f"{QUERY} -- {number}")
        if number % 50 == 49:  # more may not wait at once
            for path in page_of(client).xpath("//tbody//a[@class='mono small']/@href"):
                client.post(path, data={"ACTION": "STOP", "TOKEN": ""})
    first = page_of(client)
    second = page_of(client, first.xpath("//a[@rel='next']/@href")[0])
    shown = [
        text for page in (first, second) for text in page.xpath("//tbody//a[@class='mono small']//text()")
    ]

    assert shown == [f"{QUERY} -- {number}" for number in reversed(range(ROWS + 2))]
    assert len(page_of(client, "/jobs?state=running").xpath("//tbody/tr")) == 2
    assert len(page_of(client, "/jobs?state=failed").xpath("//tbody/tr")) == ROWS


@pytest.mark.parametrize("query", ["state=x", "after=x", f"after=9999999999999999-{'0' * 32}", "after=1-x"])
def test_parameters_that_mean_nothing_are_refused(client, query):
    assert client.get(f"/jobs?{query}").status_code == 400


def test_the_list_has_only_the_client_s_jobs(client, store):
    """Clients at another address have other jobs; a page of another site sees none."""
    store.create(Client(None, "10.1.2.3"), {"QUERY": [QUERY]})
    created(client)

    assert len(page_of(client).xpath("//tbody/tr")) == 1
    assert page_of(client, **{"Sec-Fetch-Site": "cross-site"}).xpath("//tbody/tr") == []


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_forms_of_other_sites_change_nothing(client, headers):
    path = created(client)
    answers = [
        client.post("/jobs", data={"QUERY": QUERY, "TOKEN": ""}, headers=headers),
        client.post(path, data={"ACTION": "DELETE", "TOKEN": ""}, headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert len(page_of(client).xpath("//tbody/tr")) == 1


def test_a_job_of_an_account_needs_its_password_and_a_form_of_its_own(own, database, tableset, store):
    """A browser adds the password to the form of any page, but only ours has the token that goes with it."""
    mine, others = (accounts.create(database, name, ["read"]) for name in ("ada", "bob"))
    app = create_app(replace(own, accounts=True), database, tableset)
    client = app.test_client()
    ada, bob = ({"auth": (name, secret)} for name, secret in (("ada", mine), ("bob", others)))
    page = etree.HTML(client.get("/query", **ada).text)
    [token] = page.xpath("//input[@name='TOKEN']/@value")

    assert mine not in client.get("/query", **ada).text
    assert client.post("/jobs", data={"QUERY": QUERY, "TOKEN": ""}, **ada).status_code == 403
    assert client.post("/jobs", data={"QUERY": QUERY, "TOKEN": token}, **bob).status_code == 403
    made = client.post("/jobs", data={"QUERY": QUERY, "TOKEN": token}, **ada)
    assert made.status_code == 303
    assert [client.get(made.location, **who).status_code for who in (ada, bob, {})] == [200, 403, 403]
    assert "Jobs of ada" in client.get("/jobs", **ada).text
    stop_waiting(app)


def test_programs_get_the_same_as_json(client):
    path = created(client)
    listed, one = (client.get(address).get_json() for address in ("/jobs.json", f"{path}.json"))

    assert [job["id"] for job in listed["jobs"]] == [one["id"]] == [path.rpartition("/")[2]]
    assert one["query"] == QUERY


def test_no_cache_keeps_jobs(client):
    path = created(client)

    assert all("no-store" in client.get(p).headers["Cache-Control"] for p in ("/jobs", path))


def test_a_hostile_query_is_escaped(client):
    path = created(client, "SELECT '</textarea><script>alert(1)</script>' AS \"<b>\"")

    assert page_of(client).xpath("//tbody//script | //tbody//b") == []
    assert page_of(client, path).xpath("//main//script") == []


@pytest.mark.parametrize("job_id", ["x", "0" * 32, "../x"])
def test_an_unknown_job_is_not_found(client, job_id):
    assert client.get(f"/jobs/{job_id}").status_code == 404
