"""DataLink over HTTP: rows, terms and errors, for one id and for many."""

import io
import json
import threading
import warnings
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import pyvo
import requests
from astropy.io.votable import parse_single_table
from lxml import etree
from pyvo.dal.exceptions import DALOverflowWarning
from werkzeug.serving import make_server

from provtap.database.connect import open_database
from provtap.datalink import document
from provtap.datalink.links import PROVENANCE
from provtap.ingest.documents.document import ingest_content
from provtap.ingest.withdrawals import Agent, Selection, withdraw
from provtap.operation import accounts
from provtap.provsap.formats import choose
from provtap.web import create_app

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
TYPE = "application/x-votable+xml;content=datalink"
VOTABLE = "{http://www.ivoa.net/xml/VOTable/v1.3}"
FIELDS = [  # LINK-2
    ("ID", "meta.id;meta.main"),
    ("access_url", "meta.ref.url"),
    ("service_def", "meta.ref"),
    ("error_message", "meta.code.error"),
    ("semantics", "meta.code"),
    ("description", "meta.note"),
    ("content_type", "meta.code.mime"),
    ("content_length", "phys.size;meta.file"),
    ("local_semantics", "meta.id.assoc"),
    ("link_auth", "meta.code"),
    ("link_authorized", "meta.code"),
]
HOSTILE = [
    "http://a/b//c#d?e=%25",
    "../x",
    "<img src=x onerror=alert(1)>",
    "x';--\"",
    "]]>&amp;\ttab",
    "right\u202eleft",
    "long:" + "x" * 990,
]

DID = "ivo://example.org/dl3?out 1&2"
OBSERVATION = """
    INSERT INTO provtap.observation
           (calib_level, obs_collection, obs_id, obs_publisher_did, access_url, access_format, access_estsize)
    VALUES (3, 'tests', '1', %(did)s, %(url)s, %(form)s, %(size)s)"""


def records():
    """Return a run with its surroundings, a calibration with 150 products and one with 1 200."""
    products = [{"id": f"urn:p:{number}", "name": f"p{number}.fits"} for number in range(150)]
    nights = [{"id": f"urn:n:{number}", "name": f"n{number}.fits"} for number in range(1_200)]
    return {
        "Activity": [
            {"id": "urn:run", "name": "stack", "activityDescription": "urn:stack"},
            {"id": "urn:next", "name": "fit"},
            {"id": "urn:many", "name": "many"},
            {"id": "urn:most", "name": "most"},
            {"id": "urn:odd", "name": "odd"},
        ],
        "ActivityDescription": [
            {"id": "urn:stack", "name": "stack", "version": "1", "docurl": "https://docs.example.org/stack"}
        ],
        "DatasetDescription": [
            {
                "id": "urn:events",
                "name": "events",
                "docurl": "javascript:alert(1)",
                "contentType": "application/fits",
            }
        ],
        "DatasetEntity": [
            {"id": "urn:in:1", "name": "in1.fits", "location": "/data/in1.fits"},
            {"id": "urn:in:2", "name": "in2.fits"},
            {
                "id": "urn:out",
                "name": "out",
                "location": "https://data.example.org/out",
                "entityDescription": "urn:events",
            },
            {"id": "urn:log", "name": "out.log"},
            {"id": "urn:final", "name": "final.fits"},
            {"id": "urn:thumbnail", "name": "thumbnail.png"},
            {"id": "urn:calibration", "name": "calibration.fits"},
            {"id": "urn:busy", "name": "busy.fits"},
            *products,
            *nights,
            *({"id": id_, "name": id_[:200], "location": "javascript:alert(2)"} for id_ in HOSTILE),
        ],
        "ValueEntity": [
            {"id": "urn:seeing", "name": "seeing", "value": "0.8"},
            {"id": "urn:status", "name": "status", "value": "completed"},
        ],
        "Used": [
            {"activity": "urn:run", "entity": "urn:in:1", "role": "frame"},
            {"activity": "urn:run", "entity": "urn:in:2", "role": "frame"},
            {"activity": "urn:run", "entity": "urn:in:2", "role": "dark"},
            {"activity": "urn:run", "entity": "urn:seeing", "role": "seeing"},
            {"activity": "urn:run", "entity": "urn:out", "role": "itself"},
            {"activity": "urn:next", "entity": "urn:out", "role": "data"},
            {"activity": "urn:many", "entity": "urn:calibration", "role": "flat"},
            {"activity": "urn:most", "entity": "urn:busy", "role": "flat"},
            *({"activity": "urn:odd", "entity": id_, "role": "<script>"} for id_ in HOSTILE),
        ],
        "WasGeneratedBy": [
            {"entity": "urn:out", "activity": "urn:run", "role": "sum"},
            {"entity": "urn:log", "activity": "urn:run", "role": "log"},
            {"entity": "urn:status", "activity": "urn:run", "role": "status"},
            {"entity": "urn:final", "activity": "urn:next", "role": "fit"},
            *({"entity": each["id"], "activity": "urn:many"} for each in products),
            *({"entity": each["id"], "activity": "urn:most"} for each in nights),
        ],
        "WasDerivedFrom": [{"generatedEntity": "urn:thumbnail", "usedEntity": "urn:out"}],
        "Invalidation": [{"entity": "urn:in:1", "time": "2026-03-02T12:00:00Z"}],
    }


@pytest.fixture(scope="module")
def filled(server, template, tableset):
    """Settings and database of a store that has them."""
    with server.copy(template) as copied:
        settings = replace(copied, download_urls="/data/=https://data.example.org/")
        with open_database(settings) as database:
            ingest_content(json.dumps(records()).encode(), "records", database, settings)
            with database.transaction() as transaction:
                for did, url, form, size in (
                    (DID, "https://data.example.org/out", None, None),
                    ("ivo://example.org/dl3?final", "https://data.example.org/final.fits", None, None),
                    ("ivo://example.org/dl3?1", "https://data.example.org/1", "application/fits", 2),
                    ("ivo://example.org/dl3?2", "https://prov.example.org/links?ID=2", TYPE, None),
                ):
                    transaction.execute(OBSERVATION, did=did, url=url, form=form, size=size)
                transaction.execute(
                    "INSERT INTO provext.product VALUES ('ivo://example.org/dl3?final', 'urn:log')"
                )
                transaction.rows("SELECT provtap.link_products(dids => %(dids)s)", dids=[DID])
            withdraw(
                Selection(names=("urn:in:2",)),
                database,
                tableset,
                settings,
                agent=Agent("urn:ada"),
                reason="wrong <pixel> map",
                kind="defective",
                since="2026-03-01T00:00:00Z",
            )
            yield settings, database


@pytest.fixture(scope="module")
def links(filled, tableset):
    return create_app(*filled, tableset).test_client()


def table(response):
    assert (response.status_code, response.content_type) == (200, TYPE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy suggests to be strict about what is not there
        return parse_single_table(io.BytesIO(response.data)).to_table()


def rows(response, semantics=None):
    """Return the rows as dictionaries, without their empty cells."""
    names = [name for name, _ in FIELDS]
    found = [
        {name: row[name] for name in names if str(row[name]) not in {"", "--"}} for row in table(response)
    ]
    return [row for row in found if semantics in {None, row["semantics"]}]


def asked_for(row):
    """Return the id that the URL of a row asks for."""
    return parse_qs(urlsplit(row["access_url"]).query)["ID"][0]


def roles(response, semantics):
    return {asked_for(row): row.get("local_semantics") for row in rows(response, semantics)}


def statuses(response):
    infos = etree.fromstring(response.data).iter(f"{VOTABLE}INFO")
    return [info.get("value") for info in infos if info.get("name") == "QUERY_STATUS"]


def test_the_document_is_a_table_of_links(links):
    """LINK-2, LINK-3."""
    response = links.get("/links?ID=urn:out")
    root = etree.fromstring(response.data)
    infos = {i.get("name"): i.get("value") for i in root.find(f"{VOTABLE}RESOURCE").iter(f"{VOTABLE}INFO")}

    assert [(field.get("name"), field.get("ucd")) for field in root.iter(f"{VOTABLE}FIELD")] == FIELDS
    assert infos["standardID"] == "ivo://ivoa.net/std/DataLink#links-1.1"
    assert root.find(f".//{VOTABLE}TABLEDATA") is not None
    for row in rows(response):
        assert len(row.keys() & {"access_url", "service_def", "error_message"}) == 1


def test_the_document_tells_its_origin(links):
    """ORIG-1: outside the RESOURCE, and without thousands of ids."""

    def origin(ids):
        root = etree.fromstring(links.post("/links", data={"ID": ids}).data)
        return {info.get("name"): info.get("value") for info in root.findall(f"{VOTABLE}INFO")}

    assert origin(["urn:out", "a b"])["request"].endswith("/links?ID=urn%3Aout&ID=a+b")
    assert origin([f"urn:p:{number}" for number in range(400)])["request"].endswith("/links")
    assert origin([])["service_protocol"] == "ivo://ivoa.net/std/DataLink#links-1.1"


def test_a_product_has_all_kinds_of_links(links):
    """LINK-5, LINK-6: one step away, not itself, with their roles; what a run left behind is no product."""
    response = links.get("/links?ID=urn:out")

    [this] = rows(response, "#this")
    assert (this["access_url"], this["content_type"]) == ("https://data.example.org/out", "application/fits")
    assert roles(response, "#progenitor") == {
        "urn:in:1": "frame",
        "urn:in:2": "dark, frame",
        "urn:seeing": "seeing",
    }
    assert roles(response, "#derivation") == {"urn:final": "fit", "urn:thumbnail": None, "urn:log": "log"}
    assert roles(response, "#coderived") == {"urn:log": "log"}
    assert {row["content_type"] for row in rows(response, "#progenitor")} == {TYPE}


def test_a_publishers_identifier_is_a_name(links):
    """OBS-9: from an observation to its links; pages find it by the same name."""
    by_did, by_id = (rows(links.get("/links", query_string={"ID": id_})) for id_ in (DID, "urn:out"))

    assert {row.pop("ID") for row in by_did} == {DID}
    assert by_did == [{key: value for key, value in row.items() if key != "ID"} for row in by_id]
    page = links.get("/entity", query_string={"id": DID}, headers=BROWSER)
    assert page.headers["Location"].endswith("/entity/urn%3Aout")


def test_an_observation_has_a_copy(links):
    """Of a product without a location; and of an observation whose provenance is not stored."""
    [this] = rows(links.get("/links?ID=urn:log"), "#this")
    [alone] = rows(links.get("/links", query_string={"ID": "ivo://example.org/dl3?1"}))
    [itself] = rows(links.get("/links", query_string={"ID": "ivo://example.org/dl3?2"}))

    assert this["access_url"] == "https://data.example.org/final.fits"
    assert alone["access_url"] == "https://data.example.org/1"
    assert (alone["content_type"], alone["content_length"]) == ("application/fits", 2000)
    assert itself["error_message"] == "DefaultFault: No public copy is known."


def test_documents_of_a_product(links):
    """LINK-6: each of our own answers with the type that its row says; a script is no document."""
    documents = rows(links.get("/links?ID=urn:out"), "#documentation")

    [service] = [row for row in documents if "service_def" in row]
    [outside] = [row for row in documents if "docs.example.org" in row.get("access_url", "")]
    ours = [row for row in documents if row not in (service, outside)]
    assert len(ours) == 4
    for row in ours:
        url = urlsplit(row["access_url"])
        answer = links.get(f"{url.path}?{url.query}", headers=BROWSER)
        assert answer.status_code == 200
        assert answer.content_type.startswith(row["content_type"].partition(";")[0])
    assert {choose(form).mime for _, form, _ in PROVENANCE} == {mime for *_, mime in PROVENANCE}


def test_the_service_row_names_a_descriptor(links):
    """DataLink 1.1, section 4: its ID refers to the column, so that it serves the rows of all ids."""
    response = links.get("/links?ID=urn:out&ID=urn:log")
    root = etree.fromstring(response.data)
    services = {row["service_def"] for row in rows(response) if "service_def" in row}

    [resource] = [r for r in root.iter(f"{VOTABLE}RESOURCE") if r.get("utype") == "adhoc:service"]
    assert services == {resource.get("ID")}
    [id_] = [p for p in resource.iter(f"{VOTABLE}PARAM") if p.get("name") == "ID"]
    assert id_.get("ref") == root.find(f".//{VOTABLE}FIELD").get("ID") == "ID"


def test_a_location_in_the_setting_is_a_copy(links):
    """A withdrawn file says so."""
    [this] = rows(links.get("/links?ID=urn:in:1"), "#this")

    assert this["access_url"] == "https://data.example.org/in1.fits"
    assert this["content_type"] == "application/fits"
    assert "not valid since 2026-03-02 12:00:00" in this["description"]


def test_what_is_withdrawn_says_so(links):
    """With the reason, before people fetch it; and where it was used."""
    [this] = rows(links.get("/links?ID=urn:in:2"), "#this")
    progenitors = rows(links.get("/links?ID=urn:out"), "#progenitor")

    assert (
        this["description"] == "in2.fits, withdrawn (defective) since 2026-03-01 00:00:00: wrong <pixel> map"
    )
    assert {row["description"] for row in progenitors} == {
        "in1.fits, used to make out",
        "in2.fits (withdrawn), used to make out",
        "seeing, used to make out",
    }


def test_without_a_copy_a_row_reports_it(links):
    """LINK-6; the other links are there."""
    found = rows(links.get("/links?ID=urn:final"))

    assert [row["error_message"] for row in found if row["semantics"] == "#this"] == [
        "DefaultFault: No public copy is known."
    ]
    assert [asked_for(row) for row in found if row["semantics"] == "#progenitor"] == ["urn:out"]


@pytest.mark.parametrize("way", ["get", "post"])
def test_many_ids_by_get_and_post(links, way):
    """LINK-1: the rows of one id follow each other; an id that is given twice is one."""
    ids = ["urn:out", "urn:nothing", "urn:final", "urn:out", "/data/in1.fits"]
    given = {"ID": ids}
    response = links.get("/links", query_string=given) if way == "get" else links.post("/links", data=given)
    found = [row["ID"] for row in rows(response)]

    assert list(dict.fromkeys(found)) == ["urn:out", "urn:nothing", "urn:final", "/data/in1.fits"]
    changes = sum(one != other for one, other in zip(found, found[1:], strict=False))
    assert changes == 3


def test_an_unknown_id_is_a_row(links):
    """LINK-4."""
    response = links.get("/links?ID=urn:nothing&ID=urn:run")

    assert statuses(response) == ["OK"]
    assert [(row["semantics"], row["error_message"]) for row in rows(response)] == [
        ("#this", "NotFoundFault: Nothing has the name urn:nothing."),
        ("#this", "UsageFault: urn:run is the name of an activity; only entities have links."),
    ]


@pytest.mark.parametrize("query", ["", "?ID=", "?id=&RESPONSEFORMAT=votable"])
def test_without_an_id_the_service_describes_itself(links, query):
    """LINK-1, LINK-8: an empty table."""
    response = links.get(f"/links{query}")
    [itself] = [
        r for r in etree.fromstring(response.data).iter(f"{VOTABLE}RESOURCE") if r.get("type") == "meta"
    ]
    told = {p.get("name"): p.get("value") for p in itself.iter(f"{VOTABLE}PARAM")}

    assert rows(response) == []
    assert itself.get("utype") == "adhoc:this"
    assert told["standardID"] == "ivo://ivoa.net/std/DataLink#links-1.1"
    assert told["accessURL"].endswith("/links")
    assert told["ID"] == ""


@pytest.mark.parametrize(
    "form", ["votable", "VOTable", "application/x-votable+xml", "application/x-votable+xml;content=datalink"]
)
def test_its_only_format_is_votable(links, form):
    """LINK-1: with any parameters of the media type."""
    assert rows(links.post("/links", data={"ID": "urn:out", "RESPONSEFORMAT": form}))


def test_many_neighbours_are_one_row_with_a_query(links):
    """LINK-6: the number is told, and the query has them all."""
    [row] = rows(links.get("/links?ID=urn:calibration"), "#derivation")
    url = urlsplit(row["access_url"])
    answer = links.get(f"{url.path}?{url.query}")

    assert row["description"] == "150 things were made from calibration.fits: a query that lists them"
    assert answer.content_type == row["content_type"] == "application/x-votable+xml"
    listed = parse_single_table(io.BytesIO(answer.data)).to_table()
    assert sorted(listed["e_id"]) == sorted(f"urn:p:{number}" for number in range(150))


def test_the_links_are_bounded(links):
    """A calibration of a million products is asked for as quickly as another one."""
    [derivation] = rows(links.get("/links?ID=urn:busy"), "#derivation")
    [coderived] = rows(links.get("/links?ID=urn:n:7"), "#coderived")
    url = urlsplit(coderived["access_url"])
    listed = links.get(f"{url.path}?{url.query}&RESPONSEFORMAT=csv").text.splitlines()[1:]

    assert derivation["description"].startswith("At least 1000 things were made from busy.fits")
    assert coderived["description"].startswith("At least 999 files were made by the same run as n7.fits")
    assert len(listed) == 1_199


def test_overflow_leaves_out_whole_ids(links, monkeypatch):
    """LINK-1: never some rows of one id."""
    whole = rows(links.get("/links?ID=urn:out"))
    ids = ["urn:out", "urn:nothing", "urn:final", "urn:log"]
    monkeypatch.setattr(document, "ROWS", len(whole) + 1)

    response = links.post("/links", data={"ID": ids})
    assert statuses(response) == ["OK", "OVERFLOW"]
    assert [row["ID"] for row in rows(response)] == ["urn:out"] * len(whole) + ["urn:nothing"]
    assert b"The last 2 of 4 ids were not answered" in response.data
    monkeypatch.setattr(document, "ROWS", 1)
    assert len(rows(links.post("/links", data={"ID": ids}))) == len(whole)


def test_thousands_of_ids(links):
    """The first ones are answered; the names of others cost nothing."""
    ids = [f"urn:p:{number}" for number in range(3_000)]
    response = links.post("/links", data={"ID": ids})

    assert statuses(response) == ["OK", "OVERFLOW"]
    assert list(dict.fromkeys(row["ID"] for row in rows(response))) == ids[: document.IDS]


@pytest.mark.parametrize("id_", HOSTILE)
def test_hostile_ids_are_text(links, id_):
    """What is stored so is found so, and the links lead to it."""
    response = links.post("/links", data={"ID": id_})
    found = rows(response)

    assert {row["ID"] for row in found} == {id_}
    assert [row["error_message"] for row in found if row["semantics"] == "#this"] == [
        "DefaultFault: No public copy is known."
    ]
    [page] = [row["access_url"] for row in found if row.get("content_type") == "text/html"]
    url = urlsplit(page)
    assert links.get(f"{url.path}?{url.query}" if url.query else url.path, headers=BROWSER).status_code == 200


@pytest.mark.parametrize(
    "id_", ["a\0b", "\0", "x" * 10_000, "' OR 1=1 --", "<INFO name='QUERY_STATUS'>", "%s %(ids)s {steps}"]
)
def test_hostile_ids_that_name_nothing_are_rows(links, id_):
    [row] = rows(links.post("/links", data={"ID": id_}))

    assert row["error_message"].startswith("NotFoundFault: Nothing has the name ")
    assert len(row["error_message"]) < 300


def test_errors_are_documents_for_programs_and_pages_for_people(links):
    """LINK-4, HTTP-20: the whole request is wrong."""
    program = links.get("/links?ID=urn:out&RESPONSEFORMAT=json")
    person = links.get("/links?ID=urn:out&RESPONSEFORMAT=json", headers=BROWSER)
    method = links.delete("/links?ID=urn:out")
    place = links.get("/links/urn:out")

    assert (program.status_code, program.content_type) == (400, "application/x-votable+xml")
    assert statuses(program) == ["ERROR"]
    assert "Use votable" in program.text
    assert (person.status_code, person.mimetype) == (400, "text/html")
    assert (method.status_code, method.content_type) == (405, "application/x-votable+xml")
    assert (place.status_code, place.content_type) == (404, "application/x-votable+xml")
    assert set(method.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_head_has_the_type(links):
    response = links.head("/links?ID=urn:out")

    assert (response.status_code, response.content_type, response.data) == (200, TYPE, b"")
    assert links.head("/links?RESPONSEFORMAT=json").status_code == 400


def test_pyvo_continues_after_a_partial_response(filled, tableset):
    """LINK-7: it sends all ids at once, and then as many as the first answer had."""
    server = make_server("127.0.0.1", 0, create_app(*filled, tableset), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    app = create_app(replace(filled[0], base_url=address), filled[1], tableset)
    server.app = app
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with requests.Session() as session:
            tap = pyvo.dal.TAPService(f"{address}/tap", session=session)
            query = "SELECT e_id FROM provenance.entity WHERE e_id LIKE 'urn:n:%' OR e_id LIKE 'urn:p:%'"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DALOverflowWarning)
                found = [links.original_row["e_id"] for links in tap.search(query).iter_datalinks()]
    finally:
        server.shutdown()
        server.server_close()

    assert len(found) == len(set(found)) == 1_350


def test_links_need_an_account_where_queries_do(filled, tableset):
    """DataLink 1.1: link_auth says that our own answers will need it, too."""
    settings = replace(filled[0], accounts=True, require_account=True)
    token = accounts.create(filled[1], "links", ["read"])
    client = create_app(settings, filled[1], tableset).test_client()
    refused = client.get("/links?ID=urn:out")
    answered = client.get("/links?ID=urn:out", headers={"Authorization": f"Bearer {token}"})

    assert (refused.status_code, statuses(refused)) == (401, ["ERROR"])
    assert {row["link_auth"] for row in rows(answered, "#progenitor")} == {"true"}
    assert "link_auth" not in rows(answered, "#this")[0]
    from_another_page = client.post(
        "/links",
        data={"ID": "urn:out"},
        auth=("links", token),
        headers={"Origin": "https://aladin.example.org", "Sec-Fetch-Site": "cross-site"},
    )
    assert rows(from_another_page) == rows(answered)
