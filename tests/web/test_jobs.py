"""UWS 1.1 over HTTP, without a worker: the responses of the resources of a job."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from provtap.uws.job import Client, StoredResult
from provtap.uws.results import ResultDirectory
from provtap.uws.store import JobStore
from provtap.web import create_app
from provtap.web.jobs import stop_waiting
from tests.web.conftest import query_status

ASYNC = "http://127.0.0.1:8080/tap/async"
QUERY = "SELECT schema_name FROM tap_schema.schemas"
UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
CSV = b"schema_name\nprovenance\nprovext\ntap_schema\n"


@pytest.fixture
def own(settings, tmp_path):
    """Settings with results of their own."""
    return replace(settings, data_dir=tmp_path, wait_limit=0.5)


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


def created(client, **parameters):
    """Create a job and return its path."""
    response = client.post("/tap/async", data={"QUERY": QUERY, "LANG": "ADQL"} | parameters)
    assert response.status_code == 303
    return response.headers["Location"].removeprefix("http://127.0.0.1:8080")


@pytest.fixture
def job(client):
    """Path of a PENDING job."""
    return created(client)


def worked(store, job, end):
    """Let a worker claim *job*, the only one that is queued, and end it as *end* says."""
    end(store.claim("w")[1])
    return job


@pytest.fixture
def completed(client, store, own):
    """Path of a COMPLETED job, whose result is a CSV file."""
    job = created(client, PHASE="RUN")
    name = f"{job.rpartition('/')[2]}.1.result"
    ResultDirectory(own.data_dir / "results").put(name, [CSV])
    return worked(
        store,
        job,
        lambda a: store.complete(a, StoredResult(name, "text/csv;header=present", len(CSV), "mine.csv")),
    )


@pytest.fixture
def failed(client, store):
    """Path of a job in ERROR."""
    job = created(client, PHASE="RUN")
    return worked(store, job, lambda a: store.fail(a, "QUERY is <missing>.", transient=False))


def shown(client, job, name):
    """Return an element of the document of *job*."""
    return etree.fromstring(client.get(job).data).find(f"{UWS}{name}")


def phase(client, job):
    return client.get(f"{job}/phase").text


# Creation


@pytest.mark.parametrize("mime", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_creation_leads_to_the_job(client, mime):
    """UWS-12, DALI-1, TAP-6: 303 with an absolute address, whose last segment is the id."""
    response = client.post("/tap/async", data={"QUERY": QUERY}, content_type=mime)

    assert response.status_code == 303
    job_id = response.headers["Location"].removeprefix(f"{ASYNC}/")
    assert shown(client, f"/tap/async/{job_id}", "jobId").text == job_id
    assert phase(client, f"/tap/async/{job_id}") == "PENDING"


def test_locations_are_made_with_the_configured_address(settings, database, tableset):
    """HTTP-5: not with what the client calls the host."""
    public = replace(settings, base_url="https://prov.example.org/site")
    client = create_app(public, database, tableset).test_client()

    location = client.post("/tap/async", headers={"Host": "evil.example.com"}).headers["Location"]
    assert location.startswith("https://prov.example.org/site/tap/async/")


def test_a_job_may_run_at_once(client):
    """UWS-12: PHASE is no parameter of the query."""
    job = created(client, PHASE="RUN")

    assert phase(client, job) == "QUEUED"
    assert b"PHASE" not in client.get(f"{job}/parameters").data
    assert phase(client, created(client, PHASE="")) == "PENDING"  # as forms send what nobody filled in


def test_creation_takes_no_other_phase(client):
    response = client.post("/tap/async", data={"QUERY": QUERY, "PHASE": "ABORT"})

    assert response.status_code == 400
    assert "PHASE must be RUN, not 'ABORT'" in query_status(response)[0][1]


@pytest.mark.parametrize(
    "parameters",
    [{}, {"LANG": "OOBLECK"}, {"QUERY": ""}, {"MAXREC": "-1"}, {"UPLOAD": "x"}, {"FORMAT": "gif"}],
)
def test_parameters_are_not_judged_at_creation(client, parameters):
    """TAP-7."""
    response = client.post("/tap/async", data=parameters)

    assert response.status_code == 303


def test_a_refused_creation_is_403(settings, database, tableset):
    """UWS-12, ST-2: by which STILTS knows it."""
    client = create_app(replace(settings, client_active=1), database, tableset).test_client()
    address = {"REMOTE_ADDR": "203.0.113.9"}
    first = client.post("/tap/async", data={"PHASE": "RUN"}, environ_base=address)
    second = client.post("/tap/async", data={"PHASE": "RUN"}, environ_base=address)

    assert (first.status_code, second.status_code) == (303, 403)
    assert "Run this one once another has ended." in query_status(second)[0][1]


def test_an_undeclared_proxy_is_a_warning(client, settings, database, tableset, caplog):
    """All its clients share the limits of one: the log says so, once a process."""
    for _ in range(2):
        client.get("/tap/async", headers={"X-Forwarded-For": "198.51.100.7"})
    assert [r.message.count("PROVTAP_PROXIES is 0") for r in caplog.records].count(1) == 1

    caplog.clear()
    told = create_app(replace(settings, proxies=1), database, tableset).test_client()
    told.get("/tap/async", headers={"X-Forwarded-For": "198.51.100.7"})
    assert "PROVTAP_PROXIES" not in caplog.text


def test_behind_a_proxy_a_client_is_whom_the_proxy_names(settings, database, tableset):
    """Otherwise all the world would share the limits of one address, and its list of jobs."""
    client = create_app(replace(settings, proxies=1), database, tableset).test_client()
    client.post("/tap/async", headers={"X-Forwarded-For": "198.51.100.7"})

    def count(address):
        listed = client.get("/tap/async", headers={"X-Forwarded-For": address}).data
        return len(etree.fromstring(listed))

    assert (count("198.51.100.7"), count("198.51.100.8")) == (1, 0)


def test_without_a_proxy_clients_can_not_choose_their_address(client):
    """A header that any client can send gives no access to another list."""
    client.post("/tap/async", environ_base={"REMOTE_ADDR": "198.51.100.9"})

    listed = client.get("/tap/async", headers={"X-Forwarded-For": "198.51.100.9"})
    assert b"198.51.100.9" not in listed.data
    assert len(etree.fromstring(listed.data)) == len(etree.fromstring(client.get("/tap/async").data))


# The resources of a job


@pytest.mark.parametrize("child", ["phase", "executionduration", "destruction", "quote", "owner"])
def test_single_values_are_plain_text(client, job, child):
    """UWS-1, FL-1."""
    response = client.get(f"{job}/{child}")

    assert (response.status_code, response.content_type) == (200, "text/plain; charset=utf-8")
    assert response.text == response.text.strip()


@pytest.mark.parametrize("accept", ["text/html, image/gif, image/jpeg, */*; q=0.2", "text/html", "*/*"])
@pytest.mark.parametrize("child, root", [("", "job"), ("/parameters", "parameters"), ("/results", "results")])
def test_documents_are_xml_for_any_accept_header(client, job, child, root, accept):
    """UWS-1, UWS-2, UWS-20: STILTS accepts text/html first, and wants XML."""
    response = client.get(f"{job}{child}", headers={"Accept": accept})

    assert (response.status_code, response.content_type) == (200, "application/xml")
    assert etree.fromstring(response.data).tag == f"{UWS}{root}"


@pytest.mark.parametrize(
    "child, element",
    [("phase", "phase"), ("executionduration", "executionDuration"), ("destruction", "destruction")],
)
def test_a_value_is_the_same_alone_and_in_the_document(client, job, child, element):
    """UWS-6."""
    assert client.get(f"{job}/{child}").text == shown(client, job, element).text


def test_quote_and_owner_are_empty(client, job):
    """UWS-6, UWS-19: nothing is known of either."""
    assert client.get(f"{job}/quote").text == client.get(f"{job}/owner").text == ""


def test_run_id_is_shown(client):
    """TAP-17: as an element, and among the parameters."""
    job = created(client, runid="batch 7")

    assert shown(client, job, "runId").text == "batch 7"
    assert b'id="RUNID"' in client.get(f"{job}/parameters").data


@pytest.mark.parametrize("child", ["", "/phase", "/parameters", "/results/result", "/error", "/quote"])
def test_an_unknown_job_is_404(client, child):
    """UWS-20, ERR-4: as a VOTable that says so."""
    response = client.get(f"/tap/async/{'0' * 32}{child}")

    assert response.status_code == 404
    assert query_status(response)[0][0] == "ERROR"


@pytest.mark.parametrize("child", ["nothing", "results/other", "phase/x"])
def test_an_unknown_child_is_404(client, job, child):
    """UWS-20."""
    assert client.get(f"{job}/{child}").status_code == 404


def test_other_methods_are_405(client, job):
    """ERR-4."""
    assert client.put(f"{job}/phase").status_code == 405
    assert client.delete("/tap/async").status_code == 405


def test_a_slash_at_the_end_is_ignored(client, job):
    """FL-3: and no redirect, which STILTS refuses after a POST."""
    assert client.get(f"{job}/phase/").text == "PENDING"
    assert client.post("/tap/async/", data={"QUERY": QUERY}).status_code == 303


# Changes


@pytest.mark.parametrize("asked, then", [("RUN", "QUEUED"), ("ABORT", "ABORTED"), ("abort", "ABORTED")])
def test_phase_is_set_and_leads_back_to_the_job(client, job, asked, then):
    """UWS-13, ST-2: 303 exactly."""
    response = client.post(f"{job}/phase", data={"phase": asked})

    assert (response.status_code, response.headers["Location"]) == (303, f"http://127.0.0.1:8080{job}")
    assert phase(client, job) == then


def test_a_second_run_is_403(client, job):
    """UWS-13, ERR-4."""
    client.post(f"{job}/phase", data={"PHASE": "RUN"})
    response = client.post(f"{job}/phase", data={"PHASE": "RUN"})

    assert response.status_code == 403
    assert "is QUEUED and cannot be run" in query_status(response)[0][1]


@pytest.mark.parametrize("data", [{}, {"PHASE": ""}, {"PHASE": "COMPLETED"}, {"PHASE": ["RUN", "ABORT"]}])
def test_a_phase_that_can_not_be_asked_for_is_400(client, job, data):
    assert client.post(f"{job}/phase", data=data).status_code == 400
    assert phase(client, job) == "PENDING"


def test_setters_lead_back_to_the_job(client, job):
    """UWS-14, PV-12."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    changes = {
        "executionduration": {"EXECUTIONDURATION": "77"},
        "destruction": {"DESTRUCTION": tomorrow},
        "parameters": {"MAXREC": "5"},
    }
    for child, data in changes.items():
        response = client.post(f"{job}/{child}", data=data)
        assert (response.status_code, response.headers["Location"]) == (303, f"http://127.0.0.1:8080{job}")

    assert client.get(f"{job}/executionduration").text == "77"
    assert client.get(f"{job}/destruction").text == f"{tomorrow[:23]}Z"
    assert b">5</uws:parameter>" in client.get(f"{job}/parameters").data


def test_parameters_are_settled_after_run(client, job):
    """DALI-2."""
    client.post(f"{job}/phase", data={"PHASE": "RUN"})

    assert client.post(f"{job}/parameters", data={"MAXREC": "5"}).status_code == 403


def test_phase_is_not_set_among_the_parameters(client, job):
    """The error explains how to run the job."""
    response = client.post(f"{job}/parameters", data={"PHASE": "RUN"})

    assert response.status_code == 400
    assert f"POST it to http://127.0.0.1:8080{job}/phase." in query_status(response)[0][1]


def test_parameters_are_refused_at_the_job_itself(client, job):
    """DALI-2."""
    response = client.post(job, data={"QUERY": "SELECT 1"})

    assert response.status_code == 400
    assert b"SELECT 1" not in client.get(job).data


def files(client, **changes):
    """Return the parts of a multipart body with files, as clients send tables to upload."""
    return {"QUERY": QUERY, "UPLOAD": "t,param:t", "t": (io.BytesIO(b"<VOTABLE/>"), "t.vot")} | changes


def stored(own):
    """Return what lies in the result store."""
    return [path.read_bytes() for path in (own.data_dir / "results").glob("*")]


def test_files_that_come_with_a_job_are_kept_with_it(client, store, own):
    """UPL-9: at its creation, and later; and they go with it."""
    job = (
        client.post("/tap/async", data=files(client))
        .headers["Location"]
        .removeprefix("http://127.0.0.1:8080")
    )
    client.post(f"{job}/parameters", data={"UPLOAD": "u,param:u", "u": (io.BytesIO(b"u"), "u.vot")})
    known = store.job(job.rpartition("/")[2], Client(None, "127.0.0.1"))

    assert known.grouped()["UPLOAD"] == ["t,param:t", "u,param:u"]
    assert set(known.parts.names) == {"t", "u"}
    assert sorted(stored(own)) == [b"<VOTABLE/>", b"u"]
    client.delete(job)
    assert stored(own) == []


def test_files_that_a_job_refuses_are_not_kept(client, store, own):
    """Nor do they replace those that it has."""
    job = client.post("/tap/async", data=files(client, PHASE="RUN")).headers["Location"]
    refused = client.post(f"{job}/parameters", data={"t": (io.BytesIO(b"other"), "t.vot")})

    assert refused.status_code == 403
    assert stored(own) == [b"<VOTABLE/>"]


def test_a_job_takes_so_many_files(client, store, own):
    many = {f"t{n}": (io.BytesIO(b"x"), "x") for n in range(11)}
    response = client.post("/tap/async", data=many)

    assert response.status_code == 413
    assert "The job has 11 files; the limit is 10." in query_status(response)[0][1]
    assert stored(own) == []


@pytest.mark.parametrize("way", ["DELETE", "POST"])
def test_deletion_leads_to_the_list(client, completed, own, way):
    """UWS-15: by either way 303, and then nothing is there any more."""
    if way == "DELETE":
        response = client.delete(completed)
    else:
        response = client.post(completed, data={"ACTION": "DELETE"})

    assert (response.status_code, response.headers["Location"]) == (303, ASYNC)
    for child in ("", "/phase", "/results/result"):
        assert client.get(f"{completed}{child}").status_code == 404
    assert list((own.data_dir / "results").iterdir()) == []


def test_a_destruction_in_the_past_is_one_now(client, job):
    """UWS-16."""
    client.post(f"{job}/destruction", data={"DESTRUCTION": "2026-01-01T00:00:00Z"})

    assert client.get(job).status_code == 404


# The list


def test_the_list_is_filtered(client, job):
    """UWS-17."""
    aborted = created(client)
    client.post(f"{aborted}/phase", data={"PHASE": "ABORT"})

    listed = etree.fromstring(client.get("/tap/async?PHASE=ABORTED&PHASE=ERROR&LAST=1").data)
    assert [reference.get("id") for reference in listed] == [aborted.rpartition("/")[2]]
    assert client.get("/tap/async?LAST=0").status_code == 400


# Ends


def fetched(client, job, method="GET", **headers):
    """Ask for the result of *job*, and read all of the answer, so that its file is closed."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(f"{job}/results/result", method=method, headers=names, buffered=True)


def test_the_result_is_delivered(client, completed):
    """TAP-22, DALI-8."""
    response = fetched(client, completed)

    assert (response.status_code, response.data) == (200, CSV)
    assert response.content_type == "text/csv;header=present;charset=utf-8"
    assert response.content_length == len(CSV)
    assert response.last_modified is not None
    assert response.headers["Content-Disposition"] == 'attachment; filename="mine.csv"'


def test_a_part_of_the_result_is_delivered(client, completed):
    """A download that broke off can be resumed (RFC 9110, section 14)."""
    etag = fetched(client, completed).headers["ETag"]
    part = fetched(client, completed, Range="bytes=12-21", If_Range=etag)

    assert (part.status_code, part.data) == (206, CSV[12:22])
    assert part.headers["Content-Range"] == f"bytes 12-21/{len(CSV)}"
    beyond = fetched(client, completed, Range="bytes=999-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(CSV)}")
    assert f"outside the result, which has {len(CSV)} bytes" in query_status(beyond)[0][1]


@pytest.mark.parametrize("value", ["bytes=0-3,5-7", "lines=1-2", "bytes=x", "bytes=3-1", "x"])
def test_an_invalid_range_is_ignored(client, completed, value):
    """RFC 9110, section 14.2."""
    response = fetched(client, completed, Range=value)

    assert (response.status_code, response.data) == (200, CSV)
    assert response.headers["Accept-Ranges"] == "bytes"


def test_a_result_is_not_sent_twice(client, completed):
    """DALI-8: a cache asks whether it changed."""
    etag = fetched(client, completed).headers["ETag"]
    response = fetched(client, completed, If_None_Match=etag)

    assert (response.status_code, response.data) == (304, b"")


def test_head_of_a_result(client, completed):
    """HTTP-1."""
    response = fetched(client, completed, "HEAD")

    assert (response.status_code, response.content_length, response.data) == (200, len(CSV), b"")


def test_a_job_without_result_reports_why(client, job):
    """TAP-22."""
    response = client.get(f"{job}/results/result")

    assert response.status_code == 404
    assert "has no result yet: it is PENDING. POST PHASE=RUN" in query_status(response)[0][1]
    client.post(f"{job}/phase", data={"PHASE": "RUN"})
    assert "it is QUEUED. Ask again" in query_status(client.get(f"{job}/results/result"))[0][1]


def test_the_result_of_a_job_that_failed_is_the_reason(client, failed):
    """TAP-22: there is no result, so 404, and a VOTable with the same sentence as /error."""
    result, error = client.get(f"{failed}/results/result"), client.get(f"{failed}/error")

    assert (result.status_code, result.content_type) == (404, error.content_type)
    assert query_status(result) == query_status(error) == [("ERROR", "QUERY is <missing>.")]


def test_the_result_of_an_aborted_or_deleted_job_is_an_error(client, job):
    """TAP-22; a job that is gone is unknown, with all its resources."""
    client.post(f"{job}/phase", data={"PHASE": "ABORT"})
    aborted = client.get(f"{job}/results/result")
    client.delete(job)
    deleted = client.get(f"{job}/results/result")

    assert (aborted.status_code, deleted.status_code) == (404, 404)
    assert query_status(aborted) == [("ERROR", "The job was aborted by its user.")]
    assert "It may have been destroyed." in query_status(deleted)[0][1]


@pytest.mark.parametrize("left", [None, b"", CSV[:-1], CSV + b"x"])
def test_a_lost_result_is_reported_and_never_sent_partially(client, completed, own, left):
    """A file that is gone, or not what was written, is no result."""
    [file] = (own.data_dir / "results").iterdir()
    file.unlink()
    if left is not None:
        file.write_bytes(left)
    response = client.get(f"{completed}/results/result")

    assert response.status_code == 404
    assert query_status(response) == [("ERROR", "The result of this job was lost. Run its query again.")]


def test_the_error_of_a_job_is_a_votable_with_status_200(client, failed):
    """ERR-3, UWS-9."""
    response = client.get(f"{failed}/error")

    assert (response.status_code, response.content_type) == (200, "application/x-votable+xml")
    assert query_status(response) == [("ERROR", "QUERY is <missing>.")]
    assert failed not in response.text  # it may be passed on, and whoever knows this job can delete it
    assert shown(client, failed, "errorSummary/{*}message").text == "QUERY is <missing>."


def test_the_error_of_an_aborted_job_states_the_abort(client, job):
    """ERR-3."""
    client.post(f"{job}/phase", data={"PHASE": "ABORT"})

    assert query_status(client.get(f"{job}/error")) == [("ERROR", "The job was aborted by its user.")]


def test_a_job_that_has_not_failed_has_no_error(client, job, completed):
    """ERR-3."""
    assert client.get(f"{job}/error").status_code == client.get(f"{completed}/error").status_code == 404


def test_an_unavailable_database_is_503(cut_off_client):
    """ERR-4."""
    response = cut_off_client.post("/tap/async", data={"QUERY": QUERY})

    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")


# WAIT


@pytest.mark.parametrize("wait", ["WAIT=0", "WAIT=-1", "WAIT=9999", "WAIT=1&PHASE=PENDING"])
def test_wait_is_capped(client, job, wait):
    """UWS-18: at most PROVTAP_WAIT_LIMIT."""
    assert b">PENDING<" in client.get(f"{job}?{wait}").data


@pytest.mark.parametrize("wait", ["WAIT=x", "WAIT=-5", "WAIT=1&WAIT=2"])
def test_a_wait_that_means_nothing_is_400(client, job, wait):
    assert client.get(f"{job}?{wait}").status_code == 400


def test_wait_for_an_unknown_job_is_404(client):
    """UWS-20."""
    assert client.get(f"/tap/async/{'0' * 32}?WAIT=1").status_code == 404
