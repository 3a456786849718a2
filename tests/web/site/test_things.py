"""Pages of files, runs, people and programs: their addresses, their forms, and all their states."""

import json
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

import pytest
from lxml import etree

from provtap import addresses
from provtap.database.connect import open_database
from provtap.ingest.documents.document import ingest_content
from provtap.operation.maintenance import announce, end
from provtap.web import create_app
from tests.web.site.conftest import BROWSER

STEP2 = "urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99"
"""step2_a.dl2.h5 of the sample logs."""
MERGE = "urn:uuid:7dc24880-8d1d-4281-bea2-573ec93af541"
FAILED = "urn:uuid:88d04e7a-1d29-4de6-b0e6-634003ca4fe6"
INTERRUPTED = "urn:uuid:effca102-4dde-41e0-a8e4-33a3894d0505"
TWICE = "/cta/provwork/run/twice.dl2.h5"
FIRST, SECOND = (
    "urn:uuid:094e11aa-6769-4dd7-aaf9-b7d395f7c587",
    "urn:uuid:5e08d0ed-5dc3-4127-afce-c2484ede12e6",
)
HOSTILE = [
    "http://a/b//c#d?e=%25",
    "ä ö",
    "../x",
    "a.json",
    "/x/",
    "<img src=x onerror=alert(1)>",
    "x';--\"",
    "a/./b",
    "line\nbreak",
    "back\\slash",
    "right\u202eleft",
    "javascript:alert(1)",
    "long:" + "x" * 990,
]


def tree(response):
    return etree.HTML(response.data)


def text(response):
    return " ".join("".join(tree(response).find(".//main").itertext()).split())


def heading(response):
    return "".join(tree(response).find(".//h1").itertext())


# Addresses ------------------------------------------------------------------------------------------------


def test_the_menus_of_a_file_lead_to_its_recipes_and_its_crate(site):
    menus = tree(site.get(f"/entity/{quote(STEP2)}", headers=BROWSER)).iterfind(
        ".//details[@class='menu noprint']"
    )
    answers = [site.get(link.get("href")) for menu in menus for link in menu.iter("a")]
    kinds = {answer.mimetype for answer in answers}

    assert {answer.status_code for answer in answers} == {200}
    assert {"text/x-shellscript", "application/cwl+yaml", "text/x-snakemake", "image/svg+xml"} <= kinds
    assert any("https://w3id.org/ro/crate" in answer.text for answer in answers)


def test_the_page_of_a_file_has_a_summary(site):
    """Site, section 6, point 2."""
    page = site.get(addresses.page("entity", STEP2))

    assert page.status_code == 200
    assert heading(page) == "step2_a.dl2.h5"
    assert "Made by ctapipe-process 0.28.0 on 22 November 2026 at 22:29:52 UTC, in 1.0 s, from " in text(page)
    assert "step1_a.dl1.h5 and conf2.yaml. Behind it are 2 runs, back to 3 files from outside." in text(page)


def test_each_link_of_a_page_leads_somewhere(site):
    """Site, section 6, point 2: those of the picture too."""
    page = tree(site.get(addresses.page("entity", STEP2)))
    links = {link.partition("#")[0] for link in page.xpath("//main//a/@href") if link.startswith("/")}

    assert page.xpath("//*[@class='lineage']//a")
    for link in sorted(links - {""}):
        assert site.get(link).status_code in {200, 302}, link
    for fragment in {link[1:] for link in page.xpath("//a/@href") if link.startswith("#")}:
        assert page.xpath("//*[@id=$id]", id=fragment), fragment


@pytest.mark.parametrize("name", [TWICE, "urn:uuid:3b10add1-b42d-548a-81e3-9e0390e0632f"])
def test_another_name_leads_to_who_bears_it_now(site, name):
    """The path was written twice; the page of the newer file tells of the older one, and until when."""
    answer = site.get(addresses.page("entity", name))
    page = text(site.get(answer.headers["Location"]))

    assert (answer.status_code, unquote(urlsplit(answer.headers["Location"]).path)) == (
        302,
        f"/entity/{SECOND}",
    )
    assert "Its path was written 2 times. This is the newest file there." in page


def test_the_older_file_of_a_path_leads_to_the_newer_one(site):
    page = site.get(addresses.page("entity", FIRST))

    assert "The file there now is of 22 Nov 2026, 22:30." in text(page)
    assert addresses.page("entity", SECOND) in tree(page).xpath("//*[@role='status']//a/@href")


def test_a_file_is_downloaded_where_people_can_fetch_it(site_app, tableset):
    """By the setting; what was written over has other bytes there now, and no download."""
    ours = site_app.extensions["provtap"]
    settings = replace(ours.settings, download_urls="/cta/provwork=https://data.example.org/p")
    client = create_app(settings, ours.database, tableset).test_client()

    def downloads(id_):
        page = etree.HTML(client.get(addresses.page("entity", id_), headers=BROWSER).data)
        return [a.get("href") for a in page.iterfind(".//main//a") if a.text == "Download"]

    assert downloads(SECOND) == ["https://data.example.org/p/run/twice.dl2.h5"]
    assert downloads(FIRST) == []
    [location] = client.get(f"/entity/{quote(SECOND)}.json").json["locations"]
    assert location == {
        "url": TWICE,
        "storage": "local",
        "download": "https://data.example.org/p/run/twice.dl2.h5",
    }


def test_a_wrong_class_leads_to_the_right_one(site):
    answer = site.get(f"{addresses.page('activity', STEP2)}?format=json")

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{addresses.page('entity', STEP2)}?format=json"


def test_an_unknown_id_is_404_with_suggestions(site):
    browser = site.get("/entity/step2_a")
    program = site.get("/entity/step2_a", headers={"Accept": "*/*"})

    assert (browser.status_code, program.status_code) == (404, 404)
    assert addresses.page("entity", STEP2) in tree(browser).xpath("//main//a/@href")
    assert program.text.startswith("Nothing has the name step2_a.")


@pytest.mark.parametrize("path", ["/entity", "/entity?id=", "/program", "/entity/x?format=exe"])
def test_an_address_without_sense_is_an_error_of_one_sentence(site, path):
    assert site.get(path).status_code in {400, 404}


@pytest.mark.parametrize("suffix", ["provn", "xml", "jsonld", "vot", "svg", "dot"])
def test_the_forms_of_prov_are_those_of_provsap(site, suffix):
    """Site, section 6, point 5: by suffix, by parameter and by Accept."""
    names = {"vot": "PROV-VOTABLE", "provn": "PROV-N"}
    form = names.get(suffix, f"PROV-{suffix.upper()}")
    by_suffix = site.get(f"{addresses.page('entity', STEP2)}.{suffix}")
    by_parameter = site.get(addresses.page("entity", STEP2, format=suffix))
    by_provsap = site.get("/provsap", query_string={"ID": STEP2, "RESPONSEFORMAT": form})

    assert by_suffix.status_code == 200
    assert by_suffix.data == by_parameter.data
    if suffix == "vot":  # ProvSAP says what was requested, too (ORIG-1)
        assert {*by_suffix.data.splitlines()} < {*by_provsap.data.splitlines()}
    elif suffix != "xml":  # whose namespaces have no order
        assert by_suffix.data == by_provsap.data


def test_accept_chooses_where_the_address_does_not(site):
    page = addresses.page("entity", STEP2)
    by_accept = site.get(page, headers={"Accept": "application/json"})

    assert by_accept.data == site.get(f"{page}.json").data
    assert by_accept.json["file"]["name"] == "step2_a.dl2.h5"
    assert site.get(page, headers={"Accept": "text/turtle, */*"}).content_type.startswith("text/html")
    assert site.get(f"{page}.json", headers=BROWSER).content_type == "application/json"
    assert "Accept" in by_accept.headers["Vary"]


def test_a_page_links_to_its_provenance(site):
    """W3C PROV-AQ, section 3.1; and which address it has, whatever it was asked by."""
    page = site.get("/entity", query_string={"id": STEP2})

    assert page.headers["Link"] == (
        f"<http://127.0.0.1:8080/provsap?ID={quote(STEP2, safe='')}>;"
        ' rel="http://www.w3.org/ns/prov#has_provenance"'
    )
    assert tree(page).xpath("//link[@rel='canonical']/@href") == [
        f"http://127.0.0.1:8080/entity/{quote(STEP2, safe='')}"
    ]


def test_a_page_is_not_sent_twice(site):
    page = site.get(addresses.page("entity", STEP2))
    again = site.get(addresses.page("entity", STEP2), headers={"If-None-Match": page.headers["ETag"]})

    assert page.headers["Cache-Control"] == "private, no-cache" or "private" in page.headers["Cache-Control"]
    assert (again.status_code, again.data) == (304, b"")


# Runs, people, programs ---------------------------------------------------------------------------------


def test_the_page_of_a_failed_run_names_the_next_completed_one(site):
    """Site, section 6, point 6; so does the page of what it wrote."""
    run = site.get(addresses.page("activity", FAILED))
    [alert] = tree(run).xpath("//*[@role='alert']")
    [wrote] = tree(run).xpath("//*[@id='wrote']//tbody//a/@href")

    assert "Exit code 1." in "".join(alert.itertext())
    assert addresses.page("activity", MERGE) in alert.xpath(".//a/@href")
    assert "The run that made it did not complete." in text(site.get(wrote))


def test_an_interrupted_run_is_not_called_an_error(site):
    page = text(site.get(addresses.page("activity", INTERRUPTED)))

    assert "was interrupted after 0.4 s" in page
    assert "ended with an error" not in page


def test_parameters_are_found_without_scripts(site):
    """Site, section 6, point 3: the form filters names and values."""
    page = site.get(addresses.page("entity", STEP2), query_string={"filter": "write_DL2"})
    names = tree(page).xpath("//*[@id='parameters']//td[@class='name']/@title")
    nothing = site.get(addresses.page("entity", STEP2), query_string={"filter": "<b>"})

    assert names == ["ProcessorTool.DataWriter.write_dl2"]
    assert "No parameter has “<b>”" in text(nothing)


def test_a_person_has_runs_and_files_with_roles(site):
    page = site.get(addresses.page("agent", "urn:x-provtap:contact:operator%40example.org"))

    assert heading(page) == "Test Operator"
    assert addresses.page("entity", STEP2) in tree(page).xpath("//*[@id='files']//a/@href")


def test_a_program_has_its_runs_by_version(site):
    every, one = site.get("/program/ctapipe-merge"), site.get("/program/ctapipe-merge/0.28.0")
    other = site.get("/program/ctapipe-merge/9")

    assert addresses.page("activity", MERGE) in tree(every).xpath("//*[@id='runs']//a/@href")
    assert tree(every).xpath("//*[@id='runs']//tr") and heading(one) == "ctapipe-merge 0.28.0"
    assert other.status_code == 404
    assert site.get("/program?name=ctapipe-merge&version=0.28.0&format=json").json["version"] == "0.28.0"


# States that the sample logs do not have ------------------------------------------------------------------


def records():
    """Return records of whatever the pages have to show."""
    inputs = [{"id": f"urn:in:{number}", "name": f"in{number:05}.fits"} for number in range(1_200)]
    return {
        "Agent": [
            {"id": "urn:robot", "name": "<b>Robot</b>", "type": "SoftwareAgent", "url": "javascript:alert(1)"}
        ],
        "Activity": [
            {
                "id": "urn:stack",
                "name": "stack",
                "startTime": "2026-03-01T10:00:00Z",
                "endTime": "2026-03-01T10:10:00Z",
            },
            {"id": "urn:open", "name": "open", "startTime": "2026-03-02T10:00:00Z"},
            {"id": "urn:header", "name": "known from a header"},
        ],
        "Run": [
            {"activity": "urn:stack", "status": "completed", "duration": 600.0},
            {"activity": "urn:open", "host": "node7"},
        ],
        "DatasetEntity": [
            *inputs,
            {"id": "urn:sum", "name": "sum.fits", "generatedAtTime": "2026-03-01T10:10:00Z"},
            {"id": "urn:sum2", "name": "sum.fits", "generatedAtTime": "2026-03-03T10:10:00Z"},
            {"id": "urn:of-header", "name": "old.fits"},
            *({"id": id_, "name": id_[:200], "location": "javascript:alert(2)"} for id_ in HOSTILE),
        ],
        "ValueEntity": [{"id": "urn:seeing", "name": "seeing", "value": "0.8"}],
        "Collection": [{"id": "urn:night", "name": "the night"}],
        "HadMember": [{"collection": "urn:night", "entity": each["id"]} for each in inputs[:120]],
        "Used": [
            *({"activity": "urn:stack", "entity": each["id"], "role": "frame"} for each in inputs),
            {"activity": "urn:stack", "entity": "urn:seeing", "role": "seeing"},
            *({"activity": "urn:open", "entity": id_, "role": "<script>"} for id_ in HOSTILE),
        ],
        "WasGeneratedBy": [
            {"entity": "urn:sum", "activity": "urn:stack", "role": "sum"},
            {"entity": "urn:of-header", "activity": "urn:header"},
        ],
        "WasAssociatedWith": [{"activity": "urn:open", "agent": "urn:robot", "role": "operator"}],
        "Parameter": [
            {"activity": "urn:stack", "name": f"tool.part{number % 7}.p{number}", "value": number}
            for number in range(1_300)
        ],
        "Invalidation": [{"entity": "urn:sum", "time": "2026-03-02T12:00:00Z"}],
    }


@pytest.fixture(scope="module")
def filled(server, template):
    """Settings and database of a store that has them."""
    with server.copy(template) as settings, open_database(settings) as database:
        ingest_content(json.dumps(records()).encode(), "records", database, settings)
        yield settings, database


@pytest.fixture(scope="module")
def states(filled, tableset):
    """A browser on that store."""
    client = create_app(*filled, tableset).test_client()
    client.environ_base["HTTP_ACCEPT"] = BROWSER["Accept"]
    return client


def test_a_withdrawn_file_shows_the_time_and_a_valid_replacement(states):
    page = states.get("/entity/urn%3Asum")
    [alert] = tree(page).xpath("//*[@role='alert']")

    assert "Withdrawn on 2 March 2026 at 12:00:00 UTC" in " ".join("".join(alert.itertext()).split())
    assert "/entity/urn%3Asum2" in alert.xpath(".//a/@href")


def test_a_file_from_outside_shows_its_first_use(states):
    page = text(states.get("/entity/urn%3Ain%3A7"))

    assert "it came from outside" in page
    assert "It is known because stack used it on 1 March 2026 as frame" in page
    assert "Origin not recorded." in page


def test_many_inputs_come_in_pages_and_are_bounded(states):
    """The story names a few; the total is counted to 1 000."""
    seen, address = [], "/activity/urn%3Astack"
    for _ in range(3):
        page = tree(states.get(address))
        seen += page.xpath("//*[@id='read']//tbody//td[@class='name']/a/@href")
        [address] = page.xpath("//*[@id='read']//a[@rel='next']/@href")

    assert len(seen) == len(set(seen)) == 150
    assert "and more than 1 000 files in all" in text(states.get("/entity/urn%3Asum")).replace("\u202f", " ")
    assert len(states.get("/entity/urn%3Asum").data) < 700_000


def test_many_parameters_come_in_pages(states):
    page = tree(states.get("/activity/urn%3Astack"))
    [following] = page.xpath("//*[@id='parameters']//a[@rel='next']/@href")

    assert len(page.xpath("//*[@id='parameters']//tbody/tr")) == 500
    assert len(tree(states.get(following)).xpath("//*[@id='parameters']//tbody/tr")) == 500


def test_a_collection_has_members_in_pages(states):
    page = states.get("/entity/urn%3Anight")
    [following] = tree(page).xpath("//*[@id='members']//a[@rel='next']/@href")

    assert "A collection of 120 members." in text(page)
    assert len(tree(states.get(following)).xpath("//*[@id='members']//tbody/tr")) == 50
    assert "/entity/urn%3Anight" in tree(states.get("/entity/urn%3Ain%3A7")).xpath("//aside//a/@href")


def test_the_page_of_a_value_shows_it(states):
    assert "Its value is 0.8." in text(states.get("/entity/urn%3Aseeing"))


def test_runs_without_an_end_or_a_log_are_marked(states):
    assert "No end is recorded." in text(states.get("/activity/urn%3Aopen"))
    assert "Its own log was not sent to this service." in text(states.get("/activity/urn%3Aheader"))


@pytest.mark.parametrize("id_", HOSTILE)
def test_hostile_text_is_escaped(states, id_):
    """Site, section 6, point 4: it is found, opened and exported; nothing of it becomes HTML."""
    address = addresses.page("entity", id_)
    page = states.get(address)
    shown = tree(page).xpath("//*[@data-copy=$id]", id=id_)

    assert page.status_code == 200
    assert shown or "\n" in id_  # the parser normalizes it
    assert tree(page).xpath("//img | //script[not(@src)] | //b[text()='Robot'] | //@onerror") == []
    assert [a for a in tree(page).xpath("//@href") if a.startswith(("javascript:", "data:"))] == []
    assert states.get(addresses.page("entity", id_, format="json")).json["file"]["id"] == id_
    assert states.get(addresses.page("entity", id_, format="svg")).status_code == 200
    assert states.get("/entity", query_string={"id": id_}).status_code == 200


def test_hostile_names_of_people_and_roles_are_escaped(states):
    page = states.get("/agent/urn%3Arobot")

    assert heading(page) == "<b>Robot</b>"
    assert "javascript:" not in "".join(tree(page).xpath("//@href"))
    assert "<script>" not in states.get("/activity/urn%3Aopen").text


# Who may read ----------------------------------------------------------------------------------------------


def test_pages_are_readable_during_maintenance(filled, tableset):
    """Site, section 6, point 14: each has a notice, and none fails."""
    settings, database = filled
    announce(database, "New <disks>.", None, None)
    try:
        client = create_app(settings, database, tableset).test_client()
        pages = [
            client.get(path, headers=BROWSER)
            for path in (
                "/entity/urn%3Asum",
                "/activity/urn%3Astack",
                "/agent/urn%3Arobot",
                "/program/x",
                "/",
            )
        ]
    finally:
        end(database)

    assert [page.status_code for page in pages] == [200, 200, 200, 404, 200]
    assert all("Closed for maintenance" in page.text and "New &lt;disks&gt;." in page.text for page in pages)


def test_pages_ask_for_an_account_where_queries_do(filled, tableset):
    """What ADQL would not tell, no page does; the page of the error says how to go on."""
    settings, database = filled
    closed = replace(settings, accounts=True, require_account=True)
    client = create_app(closed, database, tableset).test_client()
    answers = [
        client.get(path, headers=BROWSER)
        for path in (
            "/entity/urn%3Asum",
            "/entity/urn%3Asum.provn",
            "/activity/urn%3Astack",
            "/program/stack",
        )
    ]

    assert [answer.status_code for answer in answers] == [401] * 4
    assert all("Basic" in answer.headers["WWW-Authenticate"] for answer in answers)
