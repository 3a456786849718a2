import logging

import pytest

from tests.web.conftest import query_status


@pytest.mark.parametrize("path", ["/tap/nothing", "/tap/sync/nothing"])
def test_unknown_paths_of_tap_are_votables(client, path):
    """ERR-4, ERR-7, TAP-3."""
    response = client.get(path)

    assert (response.status_code, response.content_type) == (404, "application/x-votable+xml")
    assert query_status(response) == [("ERROR", f"There is nothing at {path}.")]


def test_other_unknown_paths_are_plain_text(client):
    """ERR-7: nobody reads XML outside the protocol."""
    response = client.get("/tapestry")

    assert (response.status_code, response.content_type) == (404, "text/plain; charset=utf-8")
    assert response.text == "There is nothing at /tapestry.\n"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused_and_told_which_work(client, method):
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
    assert query_status(response)[0][1].startswith("The service failed on this request")
    assert "secret detail" in caplog.text and "secret" not in response.text


@pytest.mark.parametrize("path", ["/tap/sync/", "/tap/sync//", "/tap/", "/tap/capabilities/"])
def test_a_slash_at_the_end_is_no_redirect(client, path):
    """FL-3: a 308 on POST breaks STILTS."""
    assert (
        client.get(path, query_string={"QUERY": "SELECT table_name FROM tap_schema.tables"}).status_code
        == 200
    )


@pytest.mark.parametrize("path", ["/", "/tap", "/tap/sync", "/tap/capabilities", "/tap/nothing"])
def test_browsers_may_read_every_response(client, path):
    """HTTP-4."""
    headers = client.get(path).headers

    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Location" in headers["Access-Control-Expose-Headers"]


def test_preflight(client):
    """HTTP-4: browsers ask before they send."""
    response = client.options(
        "/tap/sync", headers={"Origin": "https://x.org", "Access-Control-Request-Method": "POST"}
    )

    assert response.status_code == 200
    assert "POST" in response.headers["Access-Control-Allow-Methods"]
