import http.client
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import psycopg2
import pytest

from provtap import __version__, server
from provtap.config import Settings
from provtap.errors import SettingsError
from provtap.server import listen
from provtap.server.gunicorn_patches import LINGER
from tests.live import LiveServer, awaited, command, environment, live_server

# Long to run, and quick to begin: the columns joined with themselves, over and over.
ENDLESS = "SELECT a.column_name FROM " + ", ".join(f"tap_schema.columns AS {name}" for name in "abcde")
WIDE = ENDLESS.replace("a.column_name", "a.*, b.*, c.*")  # MAXREC rows of these take many seconds
SILENT = ENDLESS.replace("a.column_name", "COUNT(*) AS n")


SMALL = "SELECT TOP 1 table_name FROM tap_schema.tables"


@pytest.fixture(scope="module")
def settings(server, template):
    """Settings of one database for all tests of this file, which only read."""
    with server.copy(template) as copied:
        yield copied


@pytest.fixture(scope="module")
def live(settings, tmp_path_factory):
    """A service that each test leaves as it was."""
    with live_server(settings, tmp_path_factory.mktemp("live") / "serve.log") as server:
        yield server


@pytest.fixture
def own(settings, tmp_path):
    """A service for one test, which ends it or its processes."""
    with live_server(settings, tmp_path / "serve.log") as server:
        yield server


@pytest.fixture
def running(settings):
    """Return a function that counts the users' queries that PostgreSQL runs."""
    connection = psycopg2.connect(settings.database_url)
    connection.autocommit = True

    def count():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND usename = %s AND state = 'active'",
                [f"{settings.role_prefix}reader"],
            )
            return cursor.fetchone()[0]

    assert awaited(lambda: count() == 0)  # the query of the test before may still be ending
    yield count
    connection.close()


def ask(live, query, headers=MappingProxyType({}), **parameters):
    """Send a query and return the open response."""
    data = urllib.parse.urlencode({"QUERY": query} | parameters).encode()
    request = urllib.request.Request(f"{live.url}/tap/sync", data, dict(headers))
    return urllib.request.urlopen(request, timeout=60)


def outcome(live, query):
    """Send a query and return status, Retry-After and document of the answer."""
    try:
        with ask(live, query) as response:
            return response.status, None, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Retry-After"], error.read()


def begin(live, query):
    """Send a query over a bare socket and return the socket, without reading an answer."""
    client = socket.create_connection(("127.0.0.1", live.port))
    path = f"/tap/sync?{urllib.parse.urlencode({'QUERY': query, 'MAXREC': 10**7})}"
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def test_server_names_itself(live):
    """HTTP-3."""
    with urllib.request.urlopen(live.url) as response:
        assert response.headers.get_all("Server") == [f"ProvTAP/{__version__}"]


def test_sigterm_ends_with_0_and_without_a_word(own):
    """An orderly end: no traceback, exit code 0."""
    assert own.stop() == 0
    assert "Traceback" not in own.log.read_text()


def test_a_download_is_finished_after_sigterm(own):
    """A running download gets a grace period."""
    with ask(own, ENDLESS, MAXREC=50_000, FORMAT="csv") as response:
        first = response.read(1_000)
        own.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        rest = response.read()

    assert (first + rest).count(b"\n") == 50_001
    assert own.process.wait(60) == 0


@pytest.fixture(scope="module")
def impatient(settings, tmp_path_factory):
    """A service whose queries may take one second."""
    log = tmp_path_factory.mktemp("impatient") / "serve.log"
    with live_server(replace(settings, sync_duration=1), log) as server:
        yield server


@pytest.fixture
def told(impatient):
    """A function that returns what the impatient service logged since the test began."""
    before = len(impatient.log.read_text())
    return lambda: impatient.log.read_text()[before:]


def test_a_late_failure_is_reported_in_a_votable(impatient):
    """ERR-6: the rows that came, then the reason; the document is whole."""
    with ask(impatient, WIDE, MAXREC=10**7) as response:
        document = response.read()

    assert document.count(b"<TR>") > 1_000
    assert b'<INFO name="QUERY_STATUS" value="ERROR">The query was stopped at its time limit' in document
    assert document.endswith(b"</VOTABLE>\n")


@pytest.mark.parametrize(
    "form, end",
    [
        ("votable/b2", b"</RESOURCE>\n</VOTABLE>\n"),
        ("json", b'"error": "The query was stopped at its time limit'),
        ("html", b"The result is incomplete: The query was stopped at its time limit"),
    ],
)
def test_a_late_failure_is_reported_if_the_format_allows_it(impatient, form, end):
    """ERR-6, in the form of each format."""
    with ask(impatient, WIDE, MAXREC=10**7, FORMAT=form) as response:
        document = response.read()

    assert len(document) > 100_000
    assert end in document[-300:]


def test_a_failure_is_an_error_document_where_rows_wait_for_the_last(impatient):
    """ERR-1: nothing of a FITS file was sent before."""
    with pytest.raises(urllib.error.HTTPError) as error:
        ask(impatient, WIDE, MAXREC=10**7, FORMAT="fits")

    assert (error.value.code, error.value.headers["Content-Type"]) == (400, "application/x-votable+xml")
    error.value.close()


@pytest.mark.parametrize("form", ["csv", "tsv", "text"])
@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_a_late_failure_breaks_off_other_formats(impatient, told, form, accepted):
    """ERR-6: text can't report it, so the transfer must not look complete."""
    with (
        ask(impatient, WIDE, {"Accept-Encoding": accepted}, MAXREC=10**7, FORMAT=form) as response,
        pytest.raises(http.client.IncompleteRead),
    ):
        response.read()

    assert "A result was broken off: The query was stopped" in told()
    assert "Traceback" not in told()


def test_a_late_failure_never_looks_complete(impatient, told):
    """ERR-1, ERR-6: an error document if nothing was sent when the query failed, else a broken transfer."""
    with (
        pytest.raises((urllib.error.HTTPError, http.client.IncompleteRead)) as error,
        ask(impatient, WIDE, MAXREC=10**7, FORMAT="parquet") as response,
    ):
        response.read()

    if isinstance(error.value, urllib.error.HTTPError):
        error.value.close()
    assert getattr(error.value, "code", 400) == 400
    assert "Traceback" not in told()


def test_requests_sent_before_the_answer_are_answered_in_order(live):
    """RFC 9112, section 9.3.2: a client may send the next requests at once."""
    queries = [f"SELECT+TOP+1+'row+{n}'+AS+n+FROM+tap_schema.schemas" for n in (1, 2, 3)]
    requests = [f"GET /tap/sync?FORMAT=tsv&QUERY={query} HTTP/1.1" for query in queries]
    ends = ["", "", "\r\nConnection: close"]
    with socket.create_connection(("127.0.0.1", live.port), timeout=60) as client:
        client.sendall(
            "".join(f"{r}\r\nHost: a{end}\r\n\r\n" for r, end in zip(requests, ends, strict=True)).encode()
        )
        answers = client.makefile("rb").read()

    assert [line for line in answers.splitlines() if line.startswith(b"row")] == [
        b"row 1",
        b"row 2",
        b"row 3",
    ]


def test_a_connection_is_kept_while_its_client_thinks(live):
    """RFC 9112, section 9.3: with a thread of its own, and after a while without."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=60)
    ports = set()
    for pause in (0, LINGER / 2, LINGER * 2):
        time.sleep(pause)
        connection.request("GET", "/tap/availability")
        assert connection.getresponse().read()
        ports.add(connection.sock.getsockname()[1])
    connection.close()

    assert len(ports) == 1


@pytest.mark.parametrize("form", ["csv", "votable", "votable/b2", "json"])
def test_compressed_rows_come_before_the_query_ends(live, running, form):
    """HTTP-2, D3: a stream stays one."""
    with ask(live, ENDLESS, {"Accept-Encoding": "gzip"}, MAXREC=10**7, FORMAT=form) as response:
        decompressor, first = zlib.decompressobj(wbits=31), b""
        while len(first) < 2_000:
            first += decompressor.decompress(response.read1())

        assert running() == 1


@pytest.mark.parametrize("query", [ENDLESS, SILENT], ids=["rows", "no rows yet"])
def test_a_hang_up_ends_the_query(live, running, query):
    """Design, section 3: the query of a disconnected client is stopped."""
    client = begin(live, query)
    assert awaited(lambda: running() == 1)
    client.close()

    assert awaited(lambda: running() == 0)


def test_more_clients_than_can_be_served_are_answered_or_told_to_come_back(settings, tmp_path):
    """ERR-1: 503 with Retry-After, in the protocol's form; nothing breaks."""
    few = replace(settings, threads=6, read_connections=1, connection_wait=0.1, sync_duration=0.5)
    with live_server(few, tmp_path / "serve.log") as server, ThreadPoolExecutor(20) as clients:
        answers = list(clients.map(partial(outcome, server), [SILENT, SMALL] * 10))

    told = {(status, after) for status, after, _ in answers}
    assert told <= {(200, None), (400, None), (503, "10")}
    assert (503, "10") in told
    assert all(b"<VOTABLE" in document for *_, document in answers)
    assert "Traceback" not in server.log.read_text()


def test_a_killed_worker_is_replaced_and_its_query_ends(own, running):
    """D11: client_connection_check_interval ends the query of a dead process."""
    before = own.workers()
    client = begin(own, SILENT)
    assert awaited(lambda: running() == 1)
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    assert awaited(lambda: running() == 0)
    assert awaited(lambda: len(set(own.workers()) - set(before)) == Settings().processes)
    with urllib.request.urlopen(own.url, timeout=60) as response:
        assert response.status == 200
    client.close()


def test_a_port_in_use_is_one_sentence(live, settings):
    """The second server says what is wrong and ends with 1."""
    second = subprocess.run(
        command("serve"), env=environment(settings, live.port), capture_output=True, text=True, timeout=60
    )

    assert second.returncode == 1
    [line] = second.stderr.splitlines()
    assert f"Port {live.port} of 127.0.0.1 cannot be used: address already in use." in line


def test_a_query_far_over_the_limit_gets_its_answer(live):
    """ERR-1: 413 and a VOTable, not a connection that is reset while the client still sends."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(live, "SELECT " + "1, " * 2_000_000)

    assert refused.value.code == 413
    assert b"QUERY_STATUS" in refused.value.read()


def test_a_query_too_long_for_a_url_gets_a_hint_to_post(live):
    """ERR-7: gunicorn's own refusals are VOTables too, where users meet them."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{live.url}/tap/sync?QUERY={'x' * 9_000}", timeout=60)

    assert (refused.value.code, refused.value.headers["Server"]) == (414, f"ProvTAP/{__version__}")
    assert b"Send long queries by POST." in refused.value.read()


def test_an_unknown_host_is_one_sentence():
    with pytest.raises(SettingsError, match="cannot be used"):
        listen("host.invalid", 8080)


def test_any_family_of_addresses():
    """IPv4, and IPv6 where this machine has it."""
    with listen("127.0.0.1", 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
    if socket.has_ipv6:
        with listen("::1", 0) as listener:
            assert listener.getsockname()[0] == "::1"


def test_more_than_one_process():
    """One may fall."""
    assert Settings().processes >= 2


@pytest.mark.parametrize(
    "request_, status, said",
    [
        (b"GARBAGE\r\n\r\n", b"400", b">The request line or a header is malformed: Invalid"),
        (
            b"GET /tap HTTP/9.9\r\nHost: x\r\n\r\n",
            b"400",
            b">The request line or a header is malformed: Invalid",
        ),
        (
            b"GET /tap HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nonsense\r\n\r\n",
            b"501",
            b">The request line or a header is malformed: Unsupported",
        ),
        (
            b"GET /tap HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n",
            b"431",
            b">The request has more than 100 headers, or a header longer than 8190 bytes.<",
        ),
    ],
    ids=["no request", "version", "encoding", "headers"],
)
def test_a_malformed_request_is_refused_in_the_protocols_form(live, request_, status, said):
    """ERR-7: gunicorn's own refusals would be pages of HTML."""
    with socket.create_connection(("127.0.0.1", live.port)) as client:
        client.sendall(request_)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert f"Server: ProvTAP/{__version__}\r\n".encode() in answer
    assert b'<INFO name="QUERY_STATUS" value="ERROR"' + said in answer
    assert b"<html" not in answer.lower()


BROKEN = [
    b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n20\r\nQUERY=SELECT",
    b"Content-Length: 200\r\n\r\nQUERY=SELECT+table_name+FROM+tap_schema.tables",  # without its WHERE
]


def test_clients_that_do_not_close_do_not_block_others(live):
    """FL-4: the end of a connection is waited for by the thread that served it, not by the one for all."""
    request_ = b"GET /tap/availability HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with ExitStack() as open_:
        clients = [open_.enter_context(socket.create_connection(("127.0.0.1", live.port))) for _ in range(80)]
        for client in clients:
            client.sendall(request_)
        for client in clients:
            assert client.recv(8) == b"HTTP/1.1"

        for _ in range(10):  # so that each process is asked
            with urllib.request.urlopen(f"{live.url}/tap/availability", timeout=20) as answer:
                assert answer.status == 200


def test_headers_do_not_change_the_path(live):
    """What a proxy refuses by its path must not be reached by another: gunicorn would trust SCRIPT_NAME."""
    ask = urllib.request.Request(f"{live.url}/x/tap/availability", headers={"SCRIPT_NAME": "/x"})

    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(ask)


def test_a_broken_body_gets_an_answer(live):
    """ERR-1: a document, not a connection that is just closed; and half of a query is never run for it."""
    for path in (b"/tap/sync", b"/tap/async"):
        head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n" % path
        for body in BROKEN:
            with socket.create_connection(("127.0.0.1", live.port)) as client:
                client.sendall(head + body)
                client.shutdown(socket.SHUT_WR)
                client.settimeout(20)
                with client.makefile("rb") as answer:
                    lines = list(iter(answer.readline, b"</VOTABLE>\n"))

            assert lines[0].startswith(b"HTTP/1.1 400"), body
            assert b"The body of the request is malformed, or ends too early." in b"".join(lines)
    assert "Traceback" not in live.log.read_text()


def test_there_are_as_many_processes_as_wanted(settings, tmp_path):
    """PROVTAP_WORKERS."""
    server = LiveServer(replace(settings, workers=3), tmp_path / "serve.log")
    try:
        server.wait()
        assert awaited(lambda: len(server.workers()) == 3)
    finally:
        server.stop()


def test_a_client_that_reads_nothing_counts_as_disconnected(monkeypatch):
    """It holds a thread, and the disk on which its result waits."""
    monkeypatch.setattr(server, "STALLED", 1)
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as connection,
        pytest.raises(TimeoutError),
    ):
        while True:
            connection.sendall(bytes(65_536))
