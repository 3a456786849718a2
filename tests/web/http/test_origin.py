"""Pages of other sites may use the service, but not with the rights of their visitors."""

from base64 import b64encode
from dataclasses import replace

import pytest

from provtap.operation.accounts import create
from provtap.web import create_app
from provtap.web.http.origin import is_foreign
from provtap.web.jobs import stop_waiting

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": ""},
    {"Origin": "http://localhost:8888"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
]
OWN = [
    {},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Origin": "http://localhost"},
    {"Origin": "https://prov.example.org"},
]
JOB = {"QUERY": "SELECT 1 AS n FROM tap_schema.schemas", "LANG": "ADQL"}


@pytest.fixture(scope="module")
def app(settings, database, tableset):
    public = replace(settings, base_url="https://prov.example.org/site", accounts=True)
    made = create_app(public, database, tableset)
    yield made
    stop_waiting(made)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def basic(database):
    """The header by which a browser sends a password that it remembers."""
    token = create(database, "maria", ["read"])
    return {"Authorization": f"Basic {b64encode(f'maria:{token}'.encode()).decode()}"}


def created(client, **headers):
    response = client.post("/tap/async", data=JOB, headers=headers)
    assert response.status_code == 303
    return response.headers["Location"].removeprefix("https://prov.example.org/site")


def listed(client, job, **headers):
    response = client.get("/tap/async", headers=headers)

    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    return job.rpartition("/")[2] in response.text


@pytest.mark.parametrize("headers", FOREIGN + OWN, ids=str)
def test_browsers_send_the_origin_of_the_page(app, headers):
    """The host that was asked, or the configured one, is our own; another port of it is not."""
    with app.test_request_context("/tap/async", headers=headers):
        assert is_foreign() == (headers in FOREIGN)


def test_a_foreign_page_sees_no_jobs_of_an_address(client):
    """The list has the ids, which give access to queries and results, and the right to delete."""
    job = created(client)

    assert [listed(client, job, **headers) for headers in OWN] == [True] * len(OWN)
    assert [listed(client, job, **headers) for headers in FOREIGN] == [False] * len(FOREIGN)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_foreign_page_can_use_jobs_by_their_ids(client, headers):
    """Programs in pages create jobs, follow and delete them, as a notebook does (HTTP-4)."""
    job = created(client, **headers)

    assert client.get(f"{job}/phase", headers=headers).text == "PENDING"
    assert client.post(f"{job}/phase", data={"PHASE": "ABORT"}, headers=headers).status_code == 303
    assert client.delete(job, headers=headers).status_code == 303


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_foreign_form_has_no_use_of_a_password(client, basic, headers):
    """RFC 7617, section 4: browsers add it automatically to any form."""
    mine = created(client, **basic)
    [*refused] = [
        client.post("/tap/async", data=JOB, headers=basic | headers),
        client.post(f"{mine}/phase", data={"PHASE": "ABORT"}, headers=basic | headers),
        client.post(mine, data={"ACTION": "DELETE"}, headers=basic | headers),
        client.delete(mine, headers=basic | headers),
    ]

    assert [response.status_code for response in refused] == [403] * 4
    assert "Pages of other sites cannot change anything with Basic authentication." in refused[0].text
    assert client.get(f"{mine}/phase", headers=basic).text == "PENDING"


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_clients_that_send_a_password_may_change_their_jobs(client, basic, headers):
    """TOPCAT, STILTS and pyvo send no Origin; our own pages send ours."""
    mine = created(client, **basic, **headers)

    assert client.post(f"{mine}/phase", data={"PHASE": "ABORT"}, headers=basic | headers).status_code == 303


def test_a_foreign_page_may_query_by_basic_and_list_by_bearer(client, database, basic):
    """A query changes nothing; browsers do not add tokens automatically."""
    bearer = {"Authorization": f"Bearer {create(database, 'maria', ['read'])}"}
    mine = created(client, **bearer, **FOREIGN[0])

    assert client.post("/tap/sync", data=JOB, headers=basic | FOREIGN[0]).status_code == 200
    assert listed(client, mine, **bearer, **FOREIGN[0])
