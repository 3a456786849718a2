"""OpenLineage over HTTP: its own client, directed here by its environment variables alone."""

import gzip
import json
import os
import subprocess
import sys
import urllib.request
import uuid

import pytest

from provtap import ProvClient

PIPELINE = """
import sys, datetime, logging
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import Dataset, Job, Run, RunEvent, RunState
client, run = OpenLineageClient(), Run(runId=sys.argv[1])
for state in (RunState.START, RunState.COMPLETE):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    job = Job("nights", sys.argv[2])
    datasets = Dataset("file", "/ol/raw"), Dataset("s3://bucket", "cal.fits")
    client.emit(RunEvent(eventType=state, eventTime=now, run=run, job=job, producer="urn:x",
                         inputs=[datasets[0]], outputs=[datasets[1]]))
client.close()
"""


@pytest.fixture
def post(live, token):
    """POST to an address of the API; return status and answer."""

    def post(path, content, **headers):
        request = urllib.request.Request(
            f"{live.url}/api/v1/{path}", content, {"Authorization": f"Bearer {token}", **headers}
        )
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    return post


def event(run=None, **members):
    return {
        **{"eventType": "COMPLETE", "eventTime": "2026-05-01T22:00:00Z", "producer": "urn:x"},
        **{"run": {"runId": run or str(uuid.uuid4())}, "job": {"namespace": "n", "name": "j"}},
        **members,
    }


@pytest.mark.parametrize("compression", ["", "gzip"])
def test_client_of_openlineage_is_directed_here_by_its_environment(live, token, tmp_path, compression):
    run = str(uuid.uuid4())
    name = f"job-{compression}"
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "OPENLINEAGE__TRANSPORT__TYPE": "http",
        "OPENLINEAGE__TRANSPORT__URL": live.url,
        "OPENLINEAGE__TRANSPORT__AUTH__TYPE": "api_key",
        "OPENLINEAGE__TRANSPORT__AUTH__APIKEY": token,
        "OPENLINEAGE__TRANSPORT__COMPRESSION": "gzip",
    }
    if not compression:
        environ = {
            **{"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            **{"OPENLINEAGE_URL": live.url, "OPENLINEAGE_API_KEY": token},
        }
    command = [sys.executable, "-c", PIPELINE, run, name]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    client = ProvClient(live.url, token, spool=tmp_path / "spool")
    [found] = client.find("activities", name=name)
    assert found["id"] == f"urn:uuid:{run}"
    assert found["startTime"] < found["endTime"]
    assert len(client.find("wasGeneratedBy", activity=found["id"])) == 1


def test_event_is_stored_once(post):
    content = json.dumps(event()).encode()

    assert [post("lineage", content)[0] for _ in range(2)] == [201, 200]


def test_wrong_event_is_refused_for_good(post):
    """Clients repeat what got 5xx, so a wrong event gets 400."""
    status, answer = post("lineage", json.dumps(event() | {"eventTime": "noon"}).encode())

    assert status == 400
    assert "eventTime is not a time" in answer["error"]["message"]


def test_event_about_a_dataset_is_accepted(post):
    told = {"eventTime": "2026-05-01T22:00:00Z", "producer": "x", "dataset": {"namespace": "a", "name": "b"}}
    status, answer = post("lineage", json.dumps(told).encode())

    assert (status, answer["warnings"]) == (200, ["The event does not belong to a run."])


def test_a_batch_reports_the_wrong_events(post):
    status, answer = post("lineage/batch", json.dumps([event(), event(run="x"), event()]).encode())

    assert status == 200
    assert answer["status"] == "partial_success"
    assert answer["summary"] == {"received": 3, "successful": 2, "failed": 1}
    assert [each["index"] for each in answer["failed_events"]] == [1]


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"{}" * 99, mtime=0)[:-9]], ids=["none", "cut off"]
)
def test_damaged_compression_is_refused(post, content):
    assert post("lineage", content, **{"Content-Encoding": "gzip"})[0] == 400


def test_token_is_needed(live):
    request = urllib.request.Request(f"{live.url}/api/v1/lineage", json.dumps(event()).encode())
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)

    refused.value.close()
    assert refused.value.code == 401
