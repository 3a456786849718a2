"""The access log: one line of JSON for each request, whatever its outcome."""

import hashlib
import json
import socket
import subprocess
import time
from contextlib import nullcontext
from dataclasses import replace
from http.client import IncompleteRead
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from flask.testing import FlaskClient

from provtap.operation.accounts import create
from provtap.web import create_app
from provtap.web.http.access_log import LONGEST
from tests.live import awaited, command, environment, live_server

QUERY = "SELECT table_name FROM tap_schema.tables ORDER BY table_name"
ENDLESS = "SELECT a.column_name FROM " + ", ".join(f"tap_schema.columns AS {name}" for name in "abcde")
FIELDS = [
    *("time", "client", "forwarded", "owner", "method", "path", "user_agent", "run_id"),
    *("query_bytes", "query_sha256", "status", "format", "rows", "bytes", "sql_time", "duration"),
    *("complete", "error"),
]


@pytest.fixture
def log(tmp_path):
    return tmp_path / "access.log"


class Client(FlaskClient):
    """A client that takes each answer to its end, and closes it, as a server does."""

    def open(self, *args, **kwargs):
        return super().open(*args, buffered=True, **kwargs)


@pytest.fixture
def client(settings, database, tableset, log):
    logged = replace(settings, access_log=str(log), accounts=True)
    app = create_app(logged, database, tableset)
    app.test_client_class = Client
    return app.test_client()


@pytest.fixture(scope="module")
def service(settings, tmp_path_factory):
    """A live service whose queries may take two seconds, with an access log."""
    directory = tmp_path_factory.mktemp("live")
    logged = replace(settings, access_log=str(directory / "access.log"), sync_duration=2)
    with live_server(logged, directory / "serve.log") as server:
        yield server


@pytest.fixture
def live(service):
    """The live service, whose log is empty."""
    log_of(service).write_text("")
    return service


def log_of(service):
    return service.log.with_name("access.log")


def lines(log):
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def last(log):
    return lines(log)[-1]


def test_a_query_is_one_line(client, log, database):
    """The issue, part 6: who asked what kind of thing, and what it came to."""
    headers = {
        "Authorization": f"Bearer {create(database, 'maria', ['read'])}",
        "User-Agent": "TOPCAT/4.9",
        "X-Forwarded-For": "192.0.2.7",
    }
    asked = {"QUERY": QUERY, "RUNID": "night-1", "FORMAT": "csv", "MAXREC": "3"}
    body = client.post("/tap/sync", data=asked, headers=headers).data
    (line,) = lines(log)

    assert list(line) == FIELDS
    assert (line["method"], line["path"], line["status"]) == ("POST", "/tap/sync", 200)
    assert (line["client"], line["forwarded"]) == ("127.0.0.1", "192.0.2.7")
    assert (line["owner"], line["run_id"], line["user_agent"]) == ("maria", "night-1", "TOPCAT/4.9")
    assert (line["rows"], line["bytes"], line["format"]) == (
        3,
        len(body),
        "text/csv;header=present;charset=utf-8",
    )
    assert 0 < line["sql_time"] <= line["duration"]
    assert (line["complete"], line["error"]) == (True, None)


def test_the_text_of_a_query_is_not_kept(client, log):
    """Queries are private; a digest identifies equal queries."""
    client.get("/tap/sync", query_string={"QUERY": QUERY})

    assert "tap_schema" not in log.read_text()
    assert last(log)["query_bytes"] == len(QUERY)
    assert last(log)["query_sha256"] == hashlib.sha256(QUERY.encode()).hexdigest()


def test_a_secret_is_not_kept(client, log, database):
    token = create(database, "maria", ["read"])
    client.get("/tap", headers={"Authorization": f"Bearer {token}"})
    client.get("/tap", headers={"Authorization": f"Bearer {token}x"})

    assert [line["status"] for line in lines(log)] == [200, 401]
    assert token not in log.read_text()


@pytest.mark.parametrize(
    "path, status, error",
    [
        (
            "/tap/sync?QUERY=SELECT+nothing+FROM+activity",
            400,
            "Unknown column nothing in provenance.activity.",
        ),
        ("/tap/sync?QUERY=SELECT+1/0+AS+x+FROM+tap_schema.keys", 400, "The query divides by zero."),
        ("/tap/sync", 400, "QUERY is missing. Set it to the text of an ADQL query."),
        ("/tap/nothing", 404, "Nothing was found at /tap/nothing."),
        ("/provsap", 400, "ID is missing"),
    ],
)
def test_the_log_has_the_sentence_of_an_error(client, log, path, status, error):
    """The same sentence that the client got."""
    client.get(path)

    assert last(log)["status"] == status
    assert last(log)["error"].startswith(error)


def test_every_request_is_a_line(client, log):
    """Also one without an answer in a body."""
    client.get("/")
    client.head("/tap/capabilities")
    client.options("/tap/sync")
    client.get("/tap/tables/", headers={"If-None-Match": "*"})

    assert [(line["method"], line["status"]) for line in lines(log)] == [
        ("GET", 200),
        ("HEAD", 200),
        ("OPTIONS", 200),
        ("GET", 304),
    ]


def test_a_client_can_not_write_lines_of_its_own(client, log):
    """JSON escapes what ends a line; long texts are cut."""
    client.get("/tap/é%0A%22}", headers={"User-Agent": "x" * 2 * LONGEST})
    (line,) = lines(log)

    assert line["path"] == '/tap/é\n"}'
    assert line["user_agent"] == "x" * LONGEST


def test_a_log_that_was_moved_away_is_created_again(client, log):
    """Log rotation needs no signal."""
    client.get("/")
    log.rename(log.with_suffix(".1"))
    client.get("/tap")

    assert [line["path"] for line in lines(log.with_suffix(".1"))] == ["/"]
    assert [line["path"] for line in lines(log)] == ["/tap"]


def test_a_full_disk_fails_no_request(settings, database, tableset, caplog):
    """The log is for the operator; who asks is not to suffer."""
    client = create_app(replace(settings, access_log="/dev/full"), database, tableset).test_client()

    assert client.get("/", buffered=True).status_code == 200
    assert "A line of the access log was lost" in caplog.text


def test_without_the_setting_there_is_no_log(settings, database, tableset, tmp_path, capfd):
    """Addresses are personal data, which are not collected by default."""
    create_app(settings, database, tableset).test_client().get("/")

    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().out == ""


def test_a_log_that_can_not_be_written_stops_the_start(settings, tmp_path):
    """One sentence, as for every setting."""
    broken = replace(settings, access_log=str(tmp_path / "nowhere" / "access.log"))
    done = subprocess.run(
        command("serve"), env=environment(broken, 1), capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 1
    assert done.stderr.startswith("provtap: PROVTAP_ACCESS_LOG cannot be written: No such file or directory")


# Tests that need a live server


def url(live, query, **parameters):
    return f"{live.url}/tap/sync?{urlencode({'QUERY': query} | parameters)}"


def test_all_processes_write_whole_lines(live):
    """O_APPEND: lines of several processes don't mix."""
    for n in range(100):
        request = Request(f"{live.url}/tap/tables", headers={"User-Agent": f"{n}-" + "x" * LONGEST})
        with urlopen(request) as response:
            response.read()

    assert awaited(lambda: len(lines(log_of(live))) == 100)


def test_standard_output_may_be_the_log(settings, tmp_path):
    """`-`: for containers."""
    with live_server(replace(settings, access_log="-"), tmp_path / "serve.log") as server:
        urlopen(f"{server.url}/tap").close()

        assert awaited(lambda: '"path": "/tap"' in server.log.read_text())


def test_a_hang_up_is_a_line(live):
    """The issue, part 6."""
    with socket.create_connection(("127.0.0.1", live.port)) as client:
        path = url(live, ENDLESS, MAXREC=10**7).removeprefix(live.url)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        client.recv(1_000)

    assert awaited(lambda: lines(log_of(live)))
    assert (last(log_of(live))["status"], last(log_of(live))["complete"]) == (200, False)
    assert last(log_of(live))["rows"] > 0


def test_a_hang_up_before_the_first_row_is_a_line(live):
    silent = ENDLESS.replace("a.column_name", "COUNT(*) AS n")
    with socket.create_connection(("127.0.0.1", live.port)) as client:
        path = url(live, silent).removeprefix(live.url)
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        time.sleep(0.5)

    assert awaited(lambda: lines(log_of(live)))
    assert last(log_of(live))["error"] == "The query was cancelled: its client disconnected."


@pytest.mark.parametrize("form, complete", [("csv", False), ("votable", True)])
def test_a_result_that_fails_late_is_a_line(live, form, complete):
    """ERR-6: a VOTable is complete and reports the error; with other formats the transfer is broken off."""
    wide = ENDLESS.replace("a.column_name", "a.*, b.*, c.*")
    outcome = nullcontext() if complete else pytest.raises(IncompleteRead)
    with urlopen(url(live, wide, FORMAT=form, MAXREC=10**7)) as response, outcome:
        response.read()

    assert awaited(lambda: lines(log_of(live)))
    assert last(log_of(live))["error"] == "The query was stopped at its time limit."
    assert (last(log_of(live))["status"], last(log_of(live))["complete"]) == (200, complete)
    assert last(log_of(live))["sql_time"] >= 2
