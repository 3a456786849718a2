"""Documents by POST: stored whole or not at all, with a report, and never twice."""

import gzip
import json
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provtap.operation.accounts import create
from provtap.operation.maintenance import announce, end
from tests.ingest.logs import file
from tests.live import awaited


def log(name, **members):
    """Return a ctapipe log of one run with this name."""
    run = {
        "activity_name": name,
        "activity_uuid": str(uuid.uuid4()),
        "status": "completed",
        "start": {"time_utc": "2026-01-01T00:00:00.000"},
        "stop": {"time_utc": "2026-01-01T00:00:01.000"},
        "system": {"ctapipe_version": "0.28.0"},
        "input": [],
        "output": [],
    } | members
    return json.dumps([run]).encode()


@pytest.fixture
def name():
    return f"tool-{uuid.uuid4()}"


def test_a_document_is_stored_and_reported(call, count, name):
    """The issue, part 4: a document by POST, the format by its content; the answer is the report."""
    reply = call("POST", "/documents?source=night-7", log(name))

    assert (reply.status, reply.headers["Content-Type"]) == (201, "application/json")
    assert (reply.json["format"], reply.json["source"], reply.json["activities"]) == ("ctapipe", "night-7", 1)
    assert reply.json["new"] > 0
    assert (reply.json["known"], reply.json["warnings"], reply.json["conflicts"]) == (False, [], [])
    assert count("provenance.activity", f"a_name = '{name}'") == 1
    ingested = f"in_id = {reply.json['ingestion']} AND in_source = 'night-7'"
    assert count("provext.ingestion", ingested) == 1


def test_a_product_is_known_by_its_path(call, count, name):
    """FITS, HDF5 and ECSV files are not stored; the keywords of their headers are, as JSON."""
    for content in (b"SIMPLE  =                    T", b"\x89HDF\r\n\x1a\n", b"# %ECSV 1.0\n"):
        reply = call("POST", "/documents", content)

        assert reply.status == 400
        assert "this is a data product" in reply.error["message"]
        assert "send its keywords as JSON" in reply.error["hint"]

    header = {"url": f"/{name}", "form": "fits", "keywords": {"PRVCNT": 1, "PRV1": f"{name}.raw"}}
    assert call("POST", "/documents", json.dumps(header).encode()).json["format"] == "header"
    assert count("provenance.wasderivedfrom", f"wdf_usedentity_id LIKE '%{name}.raw'") == 1


def test_the_same_bytes_again_change_nothing(call, name):
    """D-8: found by the digest of the source; the response has the first ingestion."""
    content = log(name)
    first, second = (call("POST", "/documents", content) for _ in range(2))

    assert (second.status, second.json["known"]) == (200, True)
    assert second.json["ingestion"] == first.json["ingestion"]
    assert [second.json[key] for key in ("new", "updated", "unchanged")] == [0, 0, 0]


def test_of_a_hundred_writers_of_one_document_one_stores_it(call, count, name):
    """D-8, at the same moment: one stores it, for the others it is known, and none fails."""
    content = log(name, output=[file(f"/{name}")])
    with ThreadPoolExecutor(100) as pool:
        replies = list(pool.map(lambda _: call("POST", "/documents", content), range(100)))

    assert sorted(reply.status for reply in replies) == [200] * 99 + [201]
    assert len({reply.json["ingestion"] for reply in replies}) == 1
    assert count("provenance.activity", f"a_name = '{name}'") == 1


def test_a_conflict_is_reported_and_nothing_overwritten(call, count, name):
    """D-1: of two records of one activity the first stays."""
    content = log(name)
    call("POST", "/documents", content)
    reply = call("POST", "/documents", content.replace(b"completed", b"error"))

    assert len(reply.json["conflicts"]) == 1
    assert "is already recorded by another record" in reply.json["conflicts"][0]
    assert count("provext.run", f"r_status = 'completed' AND r_activity_id = '{_id(content)}'") == 1


def test_strict_refuses_conflicts(call, count, name):
    content = log(name)
    call("POST", "/documents", content)
    reply = call("POST", "/documents?strict=true&source=x", content.replace(b"completed", b"error"))

    assert reply.status == 400
    assert reply.error["message"].startswith(f"x: {_id(content)} is already recorded by another record")


def test_a_dry_run_stores_nothing(call, count, name):
    reply = call("POST", "/documents?dryRun=true", log(name))

    assert (reply.status, reply.json["ingestion"]) == (200, None)
    assert reply.json["new"] > 0
    assert count("provenance.activity", f"a_name = '{name}'") == 0


def test_the_site_scopes_local_paths(call, count, name):
    """Design, PROVTAP_SITE: equal paths of two sites are two files."""
    call("POST", "/documents?site=lapalma", log(name, input=[file(f"/data/{name}")]))

    assert count("provext.location", f"loc_url = '/data/{name}' AND loc_storage = 'lapalma'") == 1


def _id(content):
    return f"urn:uuid:{json.loads(content)[0]['activity_uuid']}"


# Who may


@pytest.mark.parametrize("path", ["/documents"])
def test_storing_needs_a_token(call, path):
    """The issue, part 4; AUTH-1: 401, and how to do it right, as JSON."""
    reply = call("POST", path, b"[]", token=None)

    assert reply.status == 401
    assert [text.split()[0] for text in reply.headers.get_all("WWW-Authenticate")] == ["Basic", "Bearer"]
    assert reply.error == {
        "status": 401,
        "message": "This request needs an account.",
        "hint": "Send a token in the header Authorization, as Bearer or Basic.",
    }


def test_a_token_without_the_scope_may_not(call, database):
    reader = create(database, "reader", ["read"])
    reply = call("POST", "/documents", b"[]", token=reader)

    assert (reply.status, reply.error["message"]) == (
        403,
        "The token of reader does not have the scope write.",
    )


def test_under_maintenance_nothing_is_stored(call, database, count, name):
    """The operator has closed the service: 503 and when to come back, before anything else."""
    announce(database, "New disks", None, None)
    try:
        assert awaited(lambda: statuses(call) == {503})
        reply = call("POST", "/documents", log(name))
    finally:
        end(database)

    assert (reply.status, reply.headers["Retry-After"]) == (503, "300")
    assert reply.error["message"] == "The service is closed: New disks"
    assert awaited(lambda: statuses(call) == {400})
    assert count("provenance.activity", f"a_name = '{name}'") == 0


def statuses(call):
    """Return how a wrong document is answered by all the processes, which look once a second."""
    return {call("POST", "/documents", b"[").status for _ in range(30)}


# What is refused, with nothing stored


@pytest.mark.parametrize(
    "content, position, message",
    [
        (b"", {}, "the document is empty"),
        (b"hello", {}, "the format was not recognised"),
        (b'[{"activity_uuid": 1}]', {}, "[0].activity_uuid must be a text or null, not a number"),
        (b'[{"a": 1,\n  "a": 2}]', {"line": 2, "column": 3}, 'the key "a" appears twice'),
        (b'[\n"\\u0000"]', {"line": 2, "column": 1}, "a text has the character U+0000"),
        (b'["\\ud800"]', {"line": 1, "column": 2}, "a text contains half of a surrogate pair"),
        (b"[[1" + b"0" * 400 + b"]]", {"line": 1, "column": 3}, "this number is too large"),
        (b"[" * 200 + b"]" * 200, {}, "this is nested too deeply"),
        (b"[" * 90_000, {}, "this is nested too deeply"),
        (b'["\xff"]', {"line": 1, "column": 3}, "this is not UTF-8 (byte 0xff)"),
        (b"[[1", {"line": 1, "column": 4}, "this is not JSON"),
    ],
)
def test_a_bad_document_gets_one_sentence_with_its_position(call, count, content, position, message):
    """The issue, "Bad input": a clear report, and nothing is stored."""
    before = count("provext.ingestion", "true")
    reply = call("POST", "/documents?source=it", content)

    assert reply.status == 400
    assert reply.error["message"].startswith(f"it: {message}")
    assert {key: reply.error[key] for key in ("line", "column") if key in reply.error} == position
    assert "\n" not in reply.error["message"]
    assert count("provext.ingestion", "true") == before


@pytest.mark.parametrize(
    "query, message, hint",
    [
        ("dryrum=1", "Unknown parameter 'dryrum'.", "Did you mean dryRun?"),
        ("strict=maybe", "strict must be true or false, not 'maybe'.", None),
        ("site=a&SITE=b", "site is given more than once, with different values.", None),
        (f"source={'x' * 1001}", "source must have at most 1000 bytes, and no character NUL.", None),
        ("site=a%00", "site must have at most 500 bytes, and no character NUL.", None),
    ],
)
def test_a_wrong_parameter_is_reported(call, query, message, hint):
    reply = call("POST", f"/documents?{query}", b"[]")

    assert (reply.status, reply.error["message"], reply.error.get("hint")) == (400, message, hint)


def test_an_unknown_format_is_reported(call):
    reply = call("POST", "/documents?format=xyz", b"[]")

    assert (reply.status, reply.error["hint"][:21]) == (400, "The formats are auto,")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_limit(call, chunked):
    """PROVTAP_DOCUMENT_BYTES, with and without Content-Length."""
    if chunked:
        reply = call("POST", "/documents", iter_bytes(300_000), Transfer_Encoding="chunked")
    else:
        reply = call("POST", "/documents", b"[" + b" " * 200_000 + b"]")

    assert reply.status == 413
    assert reply.error["message"] == "The body exceeds the limit of 200000 bytes for a document."


def iter_bytes(size):
    """Return a body in the chunked form: urllib sends it as it is."""
    return b"%x\r\n%b\r\n0\r\n\r\n" % (size, b" " * size)


def test_an_incomplete_body_is_refused(live, token, count, name):
    """A ctapipe log is arrays in a row: the first ones alone look like a whole log."""
    content = log(name)
    head = (
        f"POST /api/v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {2 * len(content)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        connection.sendall(head.encode() + content)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()

    assert b" 400 " in answer.splitlines()[0]
    assert count("provenance.activity", f"a_name = '{name}'") == 0


@pytest.mark.parametrize(
    "headers, content",
    [
        ({"Content_Encoding": "gzip"}, gzip.compress(b"[]", mtime=0)),
        ({"Content_Type": "multipart/form-data; boundary=x"}, b"--x--"),
    ],
)
def test_a_form_or_compressed_document_is_refused(call, headers, content):
    """RFC 9110, section 15.5.16."""
    assert call("POST", "/documents", content, **headers).status == 415


def test_a_document_with_the_form_type_of_curl_is_accepted(call, name):
    """`curl --data-binary @file` sends this type with any file."""
    reply = call("POST", "/documents", log(name), Content_Type="application/x-www-form-urlencoded")

    assert reply.status == 201


def test_other_methods_are_reported(call):
    """HTTP-3: 405 with Allow, as JSON."""
    reply = call("DELETE", "/documents")

    assert (reply.status, reply.error["message"]) == (405, "DELETE is not allowed on /api/v1/documents.")


# Sent again


def test_a_key_brings_the_same_answer_again(call, count, name):
    """Idempotency-Key: same key, same body, same answer; nothing again."""
    content = log(name)
    first, second = (call("POST", "/documents", content, Idempotency_Key=name) for _ in range(2))

    assert (second.status, second.content) == (first.status, first.content)
    assert (first.headers["Idempotency-Replayed"], second.headers["Idempotency-Replayed"]) == (None, "true")
    assert count("provenance.activity", f"a_name = '{name}'") == 1


@pytest.mark.parametrize("path", ["/documents", "/documents?site=elsewhere"])
def test_a_key_is_for_one_request(call, count, name, path):
    """The same key with another request is refused, and nothing of it stored."""
    content = log(name)
    call("POST", "/documents", content, Idempotency_Key=name)
    other = content if "?" in path else log(f"other {name}")
    reply = call("POST", path, other, Idempotency_Key=name)

    assert (reply.status, reply.error["message"]) == (
        422,
        f"The Idempotency-Key {name} was already used with a different request.",
    )
    assert count("provenance.activity", f"a_name = 'other {name}'") == 0


def test_a_refused_request_does_not_use_its_key_up(call, name):
    call("POST", "/documents", b"[1", Idempotency_Key=name)

    assert call("POST", "/documents", log(name), Idempotency_Key=name).status == 201


def test_a_key_is_its_senders_own(call, database, name):
    """Another account may have the same key for something else."""
    call("POST", "/documents", log(name), Idempotency_Key=name)
    other = create(database, "other", ["write"])

    assert call("POST", "/documents", log(name), Idempotency_Key=name, token=other).status == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_not_everything_is_a_key(call, key):
    reply = call("POST", "/documents", b"[]", Idempotency_Key=key)

    assert (reply.status, reply.error["message"][:29]) == (400, "Idempotency-Key must have 1 t")


@pytest.mark.parametrize("keyed", [True, False])
def test_many_at_once_store_it_once(call, count, name, keyed):
    """The issue, "Bad input": 100 writers with the same document: one wins, the others report unchanged."""
    content = log(name)
    headers = {"Idempotency_Key": name} if keyed else {}
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: call("POST", "/documents", content, **headers), range(100)))

    assert count("provenance.activity", f"a_name = '{name}'") == 1
    if keyed:
        assert len({(reply.status, reply.content) for reply in replies}) == 1
    else:
        assert sorted(reply.status for reply in replies) == [200] * 99 + [201]


def test_the_access_log_has_account_and_request(call, settings, name):
    """Owner and source of each request; never its body."""
    call("POST", f"/documents?source={name}", log("secret"))

    def lines():
        return [json.loads(line) for line in Path(settings.access_log).read_text().splitlines()]

    assert awaited(lambda: any(line["run_id"] == name for line in lines()))
    [line] = [line for line in lines() if line["run_id"] == name]
    assert (line["owner"], line["status"], line["path"]) == ("pipeline", 201, "/api/v1/documents")
    assert "secret" not in Path(settings.access_log).read_text()
