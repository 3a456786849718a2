from datetime import UTC, datetime

import pytest
from lxml import etree

from provtap.uws.documents import (
    instant_text,
    job_document,
    jobs_document,
    parameters_document,
    results_document,
)
from provtap.uws.job import Job, JobReference, Phase, StoredResult
from provtap.uws.parameters import Parts

UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
URL = "https://prov.example.org/tap/async/abc"


def job(**changes):
    values = {
        "job_id": "abc",
        "owner_id": None,
        "run_id": None,
        "phase": Phase.PENDING,
        "creation_time": NOON,
        "start_time": None,
        "end_time": None,
        "execution_duration": 600,
        "destruction": NOON,
        "parameters": (("QUERY", "SELECT 1"),),
        "parts": Parts(),
        "base_url": None,
        "client": "address 192.0.2.1",
        "result": None,
        "error_message": None,
        "error_type": None,
    }
    return Job(**values | changes)


def children(document):
    return [child.tag.removeprefix(UWS) for child in etree.fromstring(document)]


def test_children_of_a_job_come_in_order():
    """UWS-3, UWS-4, UWS-10: there is no content for a jobInfo."""
    root = etree.fromstring(job_document(job(run_id="r"), URL))

    assert (root.tag, root.get("version")) == (f"{UWS}job", "1.1")
    assert children(job_document(job(run_id="r", error_message="x", error_type="fatal"), URL)) == [
        "jobId",
        "runId",
        "ownerId",
        "phase",
        "quote",
        "creationTime",
        "startTime",
        "endTime",
        "executionDuration",
        "destruction",
        "parameters",
        "results",
        "errorSummary",
    ]


def test_unknown_values_are_nil_and_nothing_is_empty():
    """UWS-5: no dateTime is an empty text; results is there without a result."""
    root = etree.fromstring(job_document(job(), URL))

    nil = {child.tag.removeprefix(UWS) for child in root if child.get(NIL) == "true"}
    assert nil == {"ownerId", "quote", "startTime", "endTime"}
    assert root.findtext(f"{UWS}executionDuration") == "600"
    assert len(root.find(f"{UWS}results")) == 0
    assert root.find(f"{UWS}errorSummary") is None


def test_the_prefixes_are_those_that_clients_look_for():
    """UWS-3: pyvo matches xlink:href and xsi:nil as texts."""
    document = job_document(job(result=StoredResult("x", "text/csv", 9, "x.csv")), URL)

    assert b'xlink:href="https://prov.example.org/tap/async/abc/results/result"' in document
    assert b'<uws:ownerId xsi:nil="true">' in document


def test_a_result_has_its_size_and_type():
    """UWS-7."""
    root = etree.fromstring(results_document(job(result=StoredResult("x", "text/csv", 9, "x.csv")), URL))

    assert root.tag == f"{UWS}results"
    assert dict(root[0].attrib) == {
        "id": "result",
        f"{XLINK}type": "simple",
        f"{XLINK}href": f"{URL}/results/result",
        "size": "9",
        "mime-type": "text/csv",
    }


def test_an_error_has_its_kind_and_detail():
    """UWS-9: both attributes are required."""
    root = etree.fromstring(job_document(job(error_message="No.", error_type="transient"), URL))

    summary = root.find(f"{UWS}errorSummary")
    assert dict(summary.attrib) == {"type": "transient", "hasDetail": "true"}
    assert summary.findtext(f"{UWS}message") == "No."


def test_parameters_are_shown_unchanged():
    """UWS-8: in order, with line ends, and without what XML can't hold."""
    given = (("QUERY", "a < b\r\n & \0\x07"), ("UPLOAD", "t,param:t"), ("UPLOAD", "u,param:u"))
    root = etree.fromstring(parameters_document(job(parameters=given)))

    assert root.tag == f"{UWS}parameters"
    assert [(p.get("id"), p.text) for p in root] == [
        ("QUERY", "a < b\r\n & "),
        ("UPLOAD", "t,param:t"),
        ("UPLOAD", "u,param:u"),
    ]


def test_the_list_of_jobs():
    """UWS-17."""
    reference = JobReference("abc", Phase.QUEUED, "r", "anne", NOON)
    root = etree.fromstring(jobs_document([reference], "https://prov.example.org/tap/async"))

    assert (root.tag, root.get("version")) == (f"{UWS}jobs", "1.1")
    assert (root[0].get("id"), root[0].get(f"{XLINK}href")) == ("abc", URL)
    assert [(child.tag.removeprefix(UWS), child.text) for child in root[0]] == [
        ("phase", "QUEUED"),
        ("runId", "r"),
        ("ownerId", "anne"),
        ("creationTime", "2026-01-31T12:00:00.000Z"),
    ]


@pytest.mark.parametrize("milliseconds, text", [(0, "000"), (120, "120"), (7, "007")])
def test_an_instant_has_one_form_everywhere(milliseconds, text):
    """UWS-6: character for character."""
    at = NOON.replace(microsecond=milliseconds * 1000)

    shown = etree.fromstring(job_document(job(destruction=at), URL)).findtext(f"{UWS}destruction")
    assert shown == instant_text(at) == f"2026-01-31T12:00:00.{text}Z"
