import logging
from dataclasses import replace

import pytest

from provtap.web import create_app
from tests.web.conftest import query_status


@pytest.mark.parametrize("path", ["/tap/nothing", "/tap/sync/nothing"])
def test_unknown_paths_of_tap_are_votables(client, path):
    """ERR-4, ERR-7, TAP-3."""
    response = client.get(path)

    assert (response.status_code, response.content_type) == (404, "application/x-votable+xml")
    assert query_status(response) == [("ERROR", f"Nothing was found at {path}.")]


def test_other_unknown_paths_are_plain_text(client):
    """ERR-7: XML is used only by the protocols."""
    response = client.get("/tapestry")

    assert (response.status_code, response.content_type) == (404, "text/plain; charset=utf-8")
    assert response.text == "Nothing was found at /tapestry.\n"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused_with_the_allowed_ones(client, method):
    """ERR-4, HTTP-1."""
    response = client.open("/tap/sync", method=method)

    assert response.status_code == 405
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))
    assert query_status(response)[0][0] == "ERROR"


def test_unforeseen_errors_are_one_sentence_and_a_log_entry(client, caplog):
    """ERR-1: 500, the traceback in the log and nowhere else."""

    def broken():
        raise RuntimeError("secret detail")

    client.application.view_functions["tap.sync"] = broken
    with caplog.at_level(logging.ERROR):
        response = client.get("/tap/sync")

    assert response.status_code == 500
    assert query_status(response)[0][1].startswith("The service failed to answer this request")
    assert "secret detail" in caplog.text and "secret" not in response.text


@pytest.mark.parametrize("path", ["/tap/sync/", "/tap/sync//", "/tap/", "/tap/capabilities/"])
def test_a_slash_at_the_end_does_not_redirect(client, path):
    """FL-3: a 308 on POST breaks STILTS."""
    assert (
        client.get(path, query_string={"QUERY": "SELECT table_name FROM tap_schema.tables"}).status_code
        == 200
    )


@pytest.mark.parametrize(
    "path, same",
    [
        ("/tap//capabilities", "/tap/capabilities"),
        ("/tap///tables/", "/tap/tables"),
        ("/tap//async", "/tap/async"),
        ("/provsap//capabilities", "/provsap/capabilities"),
        ("/api//v1/openapi.json", "/api/v1/openapi.json"),
        ("/api/v1//openapi.json", "/api/v1/openapi.json"),
    ],
)
def test_a_base_url_may_end_in_a_slash(client, path, same):
    """FL-3: clients append `/sync` to whatever address they were given; no redirect."""
    assert client.get(path).status_code == 200
    assert client.get(path).data == client.get(same).data


@pytest.mark.parametrize("path, kept", [("/api/v1/entities/a//b", "a//b"), ("/tapestry//x", "/tapestry//x")])
def test_slashes_count_elsewhere(client, path, kept):
    """The id of a thing may be a URL."""
    response = client.get(path)

    assert response.status_code == 404
    assert f"{kept}." in response.text


@pytest.mark.parametrize("path", ["/", "/tap", "/tap/sync", "/tap/capabilities", "/tap/nothing"])
def test_browsers_may_read_every_response(client, path):
    """HTTP-4."""
    headers = client.get(path).headers

    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Location" in headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "PUT"])
@pytest.mark.parametrize(
    "path", ["/", "/tap", "/tap/sync", "/tap/async/x", "/tap/nothing", "/api/v1/x", "/static/design.css"]
)
def test_headers_forbid_browsers_to_run_foreign_content(client, method, path):
    """No script or style within a page, no guessing of types, no frames, no address to other sites."""
    headers = client.open(path, method=method).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'") and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_browsers_may_show_xml_by_their_own_style(client):
    """Chromium's viewer writes it into the document; nothing else is allowed there, and no script."""
    policy = client.get("/tap/capabilities").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "script" not in policy


def test_preflight(client):
    """HTTP-4, FL-1: browsers ask before they send; there is no page in the answer."""
    response = client.options(
        "/tap/sync", headers={"Origin": "https://x.org", "Access-Control-Request-Method": "POST"}
    )

    assert response.status_code == 200
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize("name", ["ETag", "Content-Disposition", "WWW-Authenticate", "X-VO-Authenticated"])
def test_programs_in_pages_may_read_these_headers(client, name):
    """HTTP-4."""
    assert name in client.get("/tap").headers["Access-Control-Expose-Headers"].split(", ")


@pytest.mark.parametrize("path", ["/tap/sync", "/tap/tables", "/provsap", "/tap/capabilities/"])
def test_preflight_allows_credentials(client, path):
    """HTTP-4: a page may send a token, and ask again only for what changed."""
    response = client.options(path, headers={"Access-Control-Request-Headers": "authorization"})

    assert response.status_code == 200
    assert {"Authorization", "If-None-Match"} <= set(
        response.headers["Access-Control-Allow-Headers"].split(", ")
    )


def test_errors_of_the_write_api_are_json(client):
    """ERR-7: clients that send JSON get JSON."""
    response = client.get("/api/v1/nothing")

    assert (response.status_code, response.content_type) == (404, "application/json")
    assert response.json == {"error": {"status": 404, "message": "Nothing was found at /api/v1/nothing."}}


def test_a_sentence_names_the_path_that_the_client_used(settings, database, tableset):
    """HTTP-5: behind a proxy the path begins elsewhere."""
    public = replace(settings, base_url="https://archive.example.org/provenance/")
    response = create_app(public, database, tableset).test_client().get("/tap/nothing")

    assert query_status(response) == [("ERROR", "Nothing was found at /provenance/tap/nothing.")]


def test_without_database_the_response_has_retry_after(cut_off_client):
    """ERR-1, ERR-4: 503 and Retry-After, in the protocol's form."""
    response = cut_off_client.get("/tap/sync", query_string={"QUERY": "SELECT a_id FROM activity"})

    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    assert query_status(response)[0][0] == "ERROR"


READABLE = ["/", "/tap", "/tap/capabilities", "/tap/tables", "/tap/availability", "/provsap/capabilities"]


@pytest.mark.parametrize("path", READABLE)
def test_head_has_the_headers_of_get(client, path):
    """HTTP-1."""
    head, get = client.head(path), client.get(path)

    assert (head.status_code, head.data) == (200, b"")
    assert head.headers == get.headers


def test_head_of_a_query_checks_it_and_runs_nothing(cut_off_client):
    """HTTP-1, RFC 9110 section 9.3.2: the headers of GET, without the work; here there is no database."""
    good = {"QUERY": "SELECT a_id FROM activity", "FORMAT": "csv"}
    head = cut_off_client.head("/tap/sync", query_string=good)

    assert (head.status_code, head.data) == (200, b"")
    assert head.content_type == "text/csv;header=present;charset=utf-8"
    assert cut_off_client.head("/tap/sync", query_string=good | {"QUERY": "nonsense"}).status_code == 400


def test_head_of_provsap_checks_its_parameters_and_retrieves_nothing(cut_off_client):
    """HTTP-1."""
    assert cut_off_client.head("/provsap?ID=x&RESPONSEFORMAT=PROV-SVG").content_type == "image/svg+xml"
    assert cut_off_client.head("/provsap?ID=x&DEPTH=far").status_code == 400


@pytest.mark.parametrize("value", ["getCapabilities", "GETCAPABILITIES"])
def test_capabilities_may_be_asked_for_as_in_tap_1_0(client, value):
    """TAP-10: a courtesy."""
    response = client.get("/tap/sync", query_string={"request": value})

    assert (response.status_code, response.data) == (303, b"")
    assert response.headers["Location"] == "http://127.0.0.1:8080/tap/capabilities"


@pytest.mark.parametrize("value", ["doQuery", "doquery", "getcapabilities-not"])
def test_another_request_is_a_query(client, value):
    """TAP-10: REQUEST may be there or not."""
    response = client.get(
        "/tap/sync", query_string={"REQUEST": value, "QUERY": "SELECT table_name FROM tap_schema.tables"}
    )

    assert response.status_code == 200


def test_an_upgrade_is_refused_in_our_words(client):
    """ERR-7: browsers do not cause this error."""
    response = client.get("/tap/sync", headers={"Upgrade": "websocket", "Connection": "Upgrade"})

    assert response.status_code == 400
    assert query_status(response) == [("ERROR", "The request is not valid.")]


def test_too_many_parts_are_refused(client):
    """ERR-1: each one costs, however small it is."""
    response = client.post("/tap/sync", data={"A": ["x"] * 1001}, content_type="multipart/form-data")

    assert response.status_code == 413
    assert "or 1000 parts" in query_status(response)[0][1]


@pytest.mark.parametrize("path", ["/tap/sync?QUERY=SELECT", "/tap/sync", "/provsap?ID=nothing", "/tap/x"])
def test_a_browser_gets_a_page_about_an_error_and_programs_a_votable(client, path):
    """HTTP-20: Java's own Accept names text/html as well."""
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    java = {"Accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"}
    shown, told = (client.get(path, headers=headers) for headers in (browser, java))

    assert (shown.content_type, told.content_type) == (
        "text/html; charset=utf-8",
        "application/x-votable+xml",
    )
    assert shown.status_code == told.status_code >= 400
