"""Operators over HTTP: applying sets of descriptions, and exporting the records of an ingestion."""

import uuid

import pytest

from provtap.operation.accounts import create
from tests.api.test_documents import log


@pytest.fixture(scope="module")
def admin(database):
    return create(database, "operator", ["admin"])


@pytest.fixture
def name():
    return f"tool-{uuid.uuid4()}"


def descriptions(name, version=1):
    return (
        f"format: 1\nname: {name}\nversion: {version}\n"
        f"activities: [{{name: {name}, type: Calibration, description: 'v{version}'}}]\n"
    ).encode()


def test_a_set_is_applied_and_reported(call, count, admin, name):
    """Runs that are recorded already are described, too."""
    call("POST", "/documents", log(name))
    reply = call("POST", "/descriptions?source=x.yaml", descriptions(name), token=admin)

    assert (reply.status, reply.json["source"], reply.json["version"]) == (200, "x.yaml", 1)
    assert reply.json["lines"] == [f"+ activity {name} *"]
    assert (reply.json["before"], reply.json["activities"]) == (None, 1)
    assert count("provenance.activitydescription", f"ad_name = '{name}' AND ad_type = 'Calibration'") == 1


def test_a_dry_run_applies_nothing(call, count, admin, name):
    reply = call("POST", "/descriptions?dryRun=true", descriptions(name), token=admin)

    assert reply.json["lines"] == [f"+ activity {name} *"]
    assert count("provtap.description_set", f"ds_name = '{name}'") == 0


def test_the_same_key_brings_the_same_answer(call, admin, name):
    """A request that is sent again, since its answer was lost, does not report that nothing changed."""
    first, again = (
        call("POST", "/descriptions", descriptions(name), token=admin, Idempotency_Key=f"k-{name}")
        for _ in range(2)
    )

    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"


def test_errors_have_line_and_column(call, admin):
    reply = call("POST", "/descriptions", b"format: 1\nname: x\nversion: 1\nactivites: []", token=admin)

    assert reply.status == 400
    assert (reply.error["line"], reply.error["column"]) == (4, 1)
    assert reply.error["hint"] == "Did you mean activities?"


def test_only_an_operator_may_describe(call, name):
    """Descriptions override records, so a token that may write is not enough."""
    assert call("POST", "/descriptions", descriptions(name)).status == 403
    assert call("POST", "/descriptions", descriptions(name), token=None).status == 401


def test_options_of_documents_are_refused_for_descriptions(call, admin, name):
    reply = call("POST", "/descriptions?strict=true", descriptions(name), token=admin)

    assert reply.status == 400
    assert "'strict'" in reply.error["message"]


def test_the_records_of_an_ingestion_are_exported(call, name):
    """A log as the graph around its activities."""
    ingestion = call("POST", "/documents", log(name)).json["ingestion"]
    reply = call("GET", f"/ingestions/{ingestion}/graph")

    [activity] = reply.json["activity"].values()
    assert activity["voprov:name"] == name


def test_a_prov_document_is_exported_whole(call, name):
    """In any notation of PROV; what the model has no attribute for is still there."""
    document = {"prefix": {"ex": "http://example.org/"}, "entity": {f"ex:{name}": {"ex:colour": "blue"}}}
    ingestion = call("POST", "/documents", document).json["ingestion"]
    whole = call("GET", f"/ingestions/{ingestion}/graph?RESPONSEFORMAT=PROV-N")

    assert whole.content.startswith(b"document\n")
    assert b'ex:colour="blue"' in whole.content


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        ("/ingestions/999999/graph", 404, "ngestion 999999"),
        ("/ingestions/1/graph?ID=x", 400, "ID "),
        ("/ingestions/1/graph?DEPT=1", 400, "'DEPT'"),
    ],
)
def test_an_impossible_export_is_one_sentence(call, path, status, named):
    reply = call("GET", path)

    assert reply.status == status
    assert named in reply.error["message"]


def test_documents_are_exported_to_those_who_may_write_only(call, database):
    """They may contain unpublished values."""
    reader = create(database, "reader-of-graphs", ["read"])

    assert call("GET", "/ingestions/1/graph", token=None).status == 401
    assert call("GET", "/ingestions/1/graph", token=reader).status == 403
