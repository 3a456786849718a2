"""/provsap over HTTP, and the two commands on the same road."""

import io
import json
from dataclasses import replace
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from lxml import etree
from prov.model import ProvDocument
from pyvo.io.vosi import parse_availability, parse_capabilities
from pyvo.utils.xml.exceptions import UnknownElementWarning
from requests.utils import parse_header_links

from provtap.commands import main
from provtap.database.connect import open_database
from provtap.provsap.formats import FORMATS
from provtap.provsap.request import PARAMETERS
from provtap.web import create_app
from tests.live import live_server
from tests.provsap.conftest import DL2
from tests.provsap.stores import write_store
from tests.web.conftest import query_status


@pytest.fixture(scope="session")
def client(sample_settings, tableset):
    """A client of a service on the sample logs."""
    with open_database(sample_settings) as database:
        yield create_app(sample_settings, database, tableset).test_client()


def run(settings, *arguments, **environ):
    """Run a command on the database of *settings*."""
    given = {
        "PROVTAP_DATABASE_URL": settings.database_url,
        "PROVTAP_ROLE_PREFIX": settings.role_prefix,
    } | environ
    return CliRunner(env=given).invoke(main, arguments)


@pytest.fixture
def provtap(sample_settings):
    """Run a command on the sample logs: `provtap("lineage", id)`."""
    return lambda *arguments: run(sample_settings, *arguments)


def test_prov_json_is_the_default(client):
    """Section 1, RESPONSEFORMAT."""
    response = client.get("/provsap", query_string={"ID": DL2})

    assert (response.status_code, response.content_type) == (200, "application/json")
    assert json.loads(response.data)["wasGeneratedBy"]


def test_post_answers_like_get_and_names_ignore_case(client):
    """DALI 1.1, section 3.4: also /provsap? and /provsap/."""
    expected = client.get("/provsap", query_string={"ID": DL2, "DEPTH": "2"}).data

    assert client.post("/provsap", data={"id": DL2, "Depth": "2"}).data == expected
    assert client.get(f"/provsap/?iD={DL2}&depth=2").data == expected


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_is_answered_with_its_media_type(client, form):
    response = client.get("/provsap", query_string={"ID": DL2, "RESPONSEFORMAT": form.name})

    assert response.status_code == 200
    assert response.mimetype == form.mime.partition(";")[0]


def test_several_ids_are_one_document(client):
    """Section 2: the union of the graphs."""
    other = "urn:uuid:b05bdc2b-23e6-4a68-90f4-3da4e7866fee"
    body = client.get("/provsap", query_string={"ID": [DL2, other], "DEPTH": "0"}).data

    assert len(json.loads(body)["entity"]) == 2


def test_unknown_ids_are_listed_in_a_header(client):
    response = client.get("/provsap", query_string={"ID": [DL2, "nö thing"]})

    assert response.status_code == 200
    assert response.headers.getlist("X-ProvTAP-Unknown-ID") == ["n%C3%B6%20thing"]


@pytest.mark.parametrize("length, told", [(10, 20), (100, 15), (2_000, 0)])
def test_headers_are_few_and_short(client, length, told):
    """A proxy such as nginx answers 502 where the head of an answer is longer than 4 kB."""
    unknown = [f"{number:0{length}d}" for number in range(40)]
    response = client.post("/provsap", data={"ID": [DL2, *unknown]})

    assert response.status_code == 200
    assert response.headers.getlist("X-ProvTAP-Unknown-ID") == unknown[:told]
    assert len(str(response.headers)) < 4_000


def test_target_is_another_name_of_id(client):
    """PROV-AQ, section 4.1: a URI template with `target`."""
    expected = client.get("/provsap", query_string={"ID": DL2}).data

    assert client.get("/provsap", query_string={"target": DL2}).data == expected


def test_a_response_links_to_the_whole_provenance_of_each_id(client):
    """PROV-AQ, section 3.1; a path is no URI that could be an anchor."""
    path = "/cta/provwork/run/conf.yaml"
    response = client.get("/provsap", query_string={"ID": [DL2, path], "RESPONSEFORMAT": "PROV-DOT"})
    links = [parse_header_links(link)[0] for link in response.headers.getlist("Link")]

    assert DL2 in {link["anchor"] for link in links}
    for link in links:
        assert link["rel"] == "http://www.w3.org/ns/prov#has_provenance"
        assert urlsplit(link["url"])[:3] == ("http", "127.0.0.1:8080", "/provsap")
        found = client.get(f"/provsap?{urlsplit(link['url']).query}")
        assert (found.status_code, found.content_type) == (200, "application/json")


@pytest.mark.parametrize("odd", ['x:"> rel=x', "x:a\nb", "plain", "x:ü", "x:" + "y" * 900])
def test_only_a_uri_of_some_length_gets_a_link(settings, database, tableset, odd):
    """A header holds no line end and no quote of others."""
    write_store(database, used=[("run", odd)])
    client = create_app(settings, database, tableset).test_client()

    response = client.get("/provsap", query_string={"ID": odd})

    assert response.status_code == 200
    assert "Link" not in response.headers


@pytest.mark.parametrize(
    "parameters, status, reason",
    [
        ({}, 400, "ID is missing."),
        ({"ID": "nothing"}, 404, "Nothing has the name nothing."),
        ({"ID": DL2, "DEPHT": "1"}, 400, "Did you mean DEPTH?"),
        ({"ID": DL2, "DIRECTION": "UP"}, 400, "DIRECTION cannot be 'UP'."),
        ({"ID": DL2, "DEPTH": ["1", "2"]}, 400, "DEPTH was given 2 times"),
        ({"ID": DL2, "TO": "nothing"}, 404, "No path of 1 relations leads back to nothing."),
        ({"ID": DL2, "GD": "UP"}, 400, "GD cannot be 'UP'. Use one of RL, LR, BT, TB."),
        ({"ID": DL2, "RESPONSEFORMAT": "GRAPH"}, 400, "is not supported."),
    ],
)
def test_errors_are_votables_with_their_status(client, parameters, status, reason):
    """DALI 1.1, section 4.4."""
    response = client.get("/provsap", query_string=parameters)

    assert (response.status_code, response.content_type) == (status, "application/x-votable+xml")
    [(value, text)] = query_status(response)
    assert value == "ERROR"
    assert reason in text


@pytest.mark.parametrize("form", ["PROV-JSON", "PROV-SVG"])
def test_a_timeout_is_a_clear_error(settings, database, tableset, form):
    """DALI 1.1, section 4.4; nothing of PostgreSQL's own words."""
    write_store(database, used=[("merge", f"in:{n}") for n in range(50_000)])
    client = create_app(replace(settings, sync_duration=0.001), database, tableset).test_client()

    response = client.get("/provsap", query_string={"ID": "merge", "RESPONSEFORMAT": form})

    [(value, text)] = query_status(response)
    assert (response.status_code, value) == (400, "ERROR")
    assert "time" in text
    assert "statement" not in text


def test_capabilities_declare_all_parameters(client):
    """Section 5; VODataService 1.2, section 3.4."""
    response = client.get("/provsap/capabilities")
    with pytest.warns(UnknownElementWarning):  # pyvo knows no parameters here
        first, *vosi = parse_capabilities(io.BytesIO(response.data))
    root = etree.fromstring(response.data)

    assert [url.content for url in first.interfaces[0].accessurls] == ["http://127.0.0.1:8080/provsap"]
    assert [name.text for name in root.iter("name")] == list(PARAMETERS)
    assert [r.text for r in root.iter("resultType")] == ["application/json"]
    assert [c.standardid.rpartition("#")[2] for c in vosi] == ["capabilities", "availability"]


def test_capabilities_are_declared_by_urls_that_answer(client):
    for url in etree.fromstring(client.get("/provsap/capabilities").data).iter("accessURL"):
        path = url.text.removeprefix("http://127.0.0.1:8080")
        assert client.get(path, query_string={"ID": DL2} if path == "/provsap" else {}).status_code == 200


def test_availability_asks_the_database(client):
    assert parse_availability(io.BytesIO(client.get("/provsap/availability").data)).available


def test_a_live_server_draws(sample_settings, tmp_path):
    with live_server(sample_settings, tmp_path / "log") as live:
        svg = urlopen(f"{live.url}/provsap?ID={DL2}&RESPONSEFORMAT=PROV-SVG").read()

    assert etree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"


def test_lineage_prints_a_tree(provtap):
    done = provtap("lineage", "/cta/provwork/run/step2_a.dl2.h5", "--depth", "1")

    assert (done.exit_code, done.output.count("\n")) == (0, 2)
    assert done.output.startswith(f"step2_a.dl2.h5 <{DL2}>\n└─ [DL1/Event] ctapipe-process 0.28.0 <")


def test_lineage_of_nothing_fails_in_one_line(provtap):
    done = provtap("lineage", "nothing")

    assert (done.exit_code, done.output) == (1, "provtap: Nothing has the name nothing.\n")


def test_lineage_takes_the_name_of_one_file(provtap):
    assert provtap("lineage", "step2_a.dl2.h5").output == provtap("lineage", DL2).output


def test_name_of_two_files_leads_to_their_ids(provtap):
    done = provtap("lineage", "twice.dl2.h5")

    assert done.exit_code == 1
    assert done.output.startswith(
        "provtap: twice.dl2.h5 is the name of several files. Give the id of one of them: urn:"
    )


def test_withdrawing_by_a_file_name_asks_for_the_id(provtap):
    """Other files may be called so later, so a name alone does not say which one is bad."""
    done = provtap("withdraw", "step2_a.dl2.h5", "--reason", "It was bad.")

    assert (done.exit_code, done.output) == (
        1,
        "provtap: step2_a.dl2.h5 is the name of a file, and others may be called so too."
        f" Give its id: {DL2}.\n",
    )


def test_another_path_leads_to_the_id(provtap):
    done = provtap("lineage", "run/step2_a.dl2.h5")

    assert done.output == (
        "provtap: Nothing has the name run/step2_a.dl2.h5."
        f" The id of a file called step2_a.dl2.h5 is {DL2}.\n"
    )


def test_export_writes_a_document(provtap):
    done = provtap("export", DL2, "--format", "provn", "--depth", "2")

    assert ProvDocument.deserialize(io.BytesIO(done.stdout_bytes), format="provn").get_record(
        f"uuid:{DL2[9:]}"
    )


def exported(provtap, name):
    """Return the PROV-JSON of the ingestion of the sample called *name*."""
    query = f"SELECT in_id FROM provext.ingestion WHERE in_source LIKE '%{name}%'"
    _, number = provtap("query", query).stdout_bytes.decode().split()
    return json.loads(provtap("export", "--ingestion", number).stdout_bytes)


def test_the_export_of_an_ingestion_has_all_its_records(provtap):
    """Its activities, and both ways what they are related to, at one relation."""
    document = exported(provtap, "dump_instrument")

    assert list(document["activity"]) == ["uuid:40979571-3650-4919-8fd3-2837096f80fd"]
    assert len(document["used"]) == 3  # its input, its host, its software
    assert len(document["wasGeneratedBy"]) == 6  # four files, status and exit code
    assert len(exported(provtap, "two_tools")["activity"]) == 2


def test_the_export_of_an_unknown_ingestion_names_the_list(provtap):
    done = provtap("export", "--ingestion", "4711")

    assert done.exit_code == 1
    assert done.output.startswith("provtap: Ingestion 4711 does not exist. provtap query ")


@pytest.mark.parametrize("arguments", [[], [DL2, "--ingestion", "1"], ["--ingestion", "x"]])
def test_export_needs_either_ids_or_an_ingestion(provtap, arguments):
    assert provtap("export", *arguments).exit_code == 2


def test_export_warns_if_things_are_left_out(settings, database):
    write_store(database, used=[("run", f"file {n}") for n in range(9)])
    done = run(settings, "export", "run", PROVTAP_PROVSAP_NODES="3")

    assert len(json.loads(done.stdout_bytes)["entity"]) == 2
    assert "only the nearest 3 things are shown (PROVTAP_PROVSAP_NODES)" in done.stderr


def test_export_refuses_the_same_parameters_as_provsap(provtap):
    done = provtap("export", DL2, "--depth", "x")

    assert (done.exit_code, done.output[:23]) == (1, "provtap: DEPTH must be ")
