"""/search on a separate store: hits, order and pages."""

import csv
import io
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from astropy.io.votable import parse_single_table
from lxml import etree

from provtap.database.connect import open_database
from provtap.web import create_app
from tests.web.site.conftest import BROWSER

STORE = (Path(__file__).parent / "search_store.sql").read_text()


@pytest.fixture(scope="module")
def found(server, template, tableset):
    """Returns what a question of these parameters finds, as JSON."""
    with server.copy(template) as settings, open_database(settings) as database:
        with database.setup() as transaction:
            transaction.execute(STORE)
            transaction.execute("ANALYZE")
        client = create_app(settings, database, tableset).test_client()

        def ask(form="json", **parameters):
            return client.get(
                f"/search.{form}" if form else "/search", query_string=parameters, headers=BROWSER
            )

        ask.client = client
        yield ask


def ids(answer):
    return [hit["thing"].get("id", hit["thing"]["name"]) for hit in json.loads(answer.data)["hits"]["rows"]]


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("dark", ["dark"]),
        ("10.5072/dark", ["dark"]),
        ("/cal/dark.fits", ["dark"]),
        ("s3://tape/dark.fits", ["dark"]),
        ("88dd4d18", ["dark"]),
        ("sha256:88DD4D1800", ["dark"]),
        ("c4ca4238", ["urn:uuid:c4ca4238-a0b9-2382-0dcc-509a6f75849b"]),
        ("r7", ["r7"]),
        ("mei", ["mei"]),
    ],
)
def test_a_single_hit_by_id_path_or_checksum_redirects(found, q, expected):
    """Site, section 4; eight digits of a UUID are what pages show."""
    answer = found(None, q=q)
    listed = ids(found(q=q))

    assert answer.status_code == 302
    assert answer.location.endswith(f"/{expected[0].replace(':', '%3A')}")
    assert listed[0] == expected[0]


@pytest.mark.parametrize("q", ["/both", "aabbccdd"])
def test_a_path_or_checksum_of_two_files_shows_both(found, q):
    answer = found(None, q=q)

    assert answer.status_code == 200
    assert len(ids(found(q=q))) == 2


def test_matches_come_best_first(found):
    """A name before a beginning, a beginning before a part."""
    best = json.loads(found(q="frame11").data)["hits"]["rows"]
    names = [hit["thing"]["name"] for hit in best]

    assert names[0] == "frame11"
    assert names[1:4] == ["frame110", "frame1100", "frame111"]
    assert [hit["rank"] for hit in best] == sorted(hit["rank"] for hit in best)


@pytest.mark.parametrize(
    ("q", "number"),
    [
        ("run9001", 1),
        ("RUN900", 9),
        ("*900?.dl1.h5", 9),
        ("LST-1.Run90*", 99),
        ("100%", 1),
        ("%_sure", 1),
        ("00%_sure", 1),
        ("_", 0),
        ("\\", 0),
        ("/data/7/", 1),
        ("LST-1.Run9001.dl1.h5", 1),
        ("'); DROP TABLE x; --", 0),
    ],
)
def test_names_are_found_by_parts_and_patterns_of_a_shell(found, q, number):
    """`%`, `_` and backslashes are characters; case does not count inside names."""
    assert json.loads(found(q=q, kind="file").data)["counts"]["file"] == {"number": number, "more": False}


def test_two_letters_search_only_beginnings_with_a_notice(found):
    page = found("html", q="h5").text

    assert "Looked at the beginnings of names only." in page


def test_values_are_not_listed_as_files(found):
    assert ids(found(q="Run9", kind="run")) == []
    assert "v" not in ids(found(q="Run9"))


def test_programs_and_their_runs_are_found_by_the_name_of_the_program(found):
    answer = json.loads(found(q="night", kind="program").data)

    (program,) = [hit["thing"] for hit in answer["hits"]["rows"]]
    assert (program["name"], program["versions"]) == ("night-merge", ["2.0", "1.0"])
    assert answer["counts"]["run"] == {"number": 120, "more": False}


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "LST"},
        {"q": "LST", "sort": "newest"},
        {"q": "frame"},
        {"kind": "run"},
        {"kind": "file"},
        {"q": "merge"},
    ],
)
def test_every_hit_is_on_one_page(found, parameters):
    """To the end of a list without a text; of matches, a thousand."""
    seen, after = [], {}
    while True:
        answer = found(**parameters, **after)
        seen += ids(answer)
        token = json.loads(answer.data)["hits"]["after"]
        if token is None:
            break
        after = {"after": token}

    expected = {"LST": 120, "frame": 1000, "merge": 121}.get(parameters.get("q"), 121)
    if parameters == {"kind": "file"}:
        expected = 120 + 1100 + 4
    assert len(seen) == len(set(seen)) == expected


def test_more_than_a_thousand_are_not_counted(found):
    answer = found("html", q="frame")

    assert "More than 1 000 files match." in answer.text
    assert json.loads(found(q="frame").data)["counts"]["file"] == {"number": 1000, "more": True}


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        ({"status": "error"}, 2),
        ({"status": "not completed"}, 2),
        ({"status": "not recorded"}, 1),
        ({"program": "night-merge"}, 120),
        ({"program": "other"}, 0),
        ({"since": "2026-11-02", "until": "2026-11-02"}, 24),
        ({"since": "2026-11-05T22:00:00"}, 3),
    ],
)
def test_filters_narrow_files_and_their_runs(found, filters, number):
    """The last day counts as a whole."""
    answer = json.loads(found(q="LST", kind="file", **filters).data)

    assert answer["counts"]["file"]["number"] == number


def test_facets_lead_to_the_stated_number_of_hits(found):
    page = etree.HTML(found("html", kind="run", q="merge").data)
    for link in page.findall(".//div[@class='bars']/a"):
        asked = {name: value for name, (value,) in parse_qs(urlsplit(link.get("href")).query).items()}
        count = int(link.find("span[@class='num soft']").text)

        assert json.loads(found(**asked).data)["counts"]["run"]["number"] == count


@pytest.mark.parametrize(
    ("q", "nearest"),
    [("LST-1.Run9040.dl2.h5", "LST-1.Run9040.dl1.h5"), ("LTS-1.Run9040.dl1.h5", "LST-1.Run9040.dl1.h5")],
)
def test_nothing_found_names_the_nearest(found, q, nearest):
    page = found("html", q=q)
    answer = json.loads(found(q=q).data)

    assert answer["nearest"]
    assert answer["alike"][0]["thing"]["name"] == nearest
    assert "Did you mean" in page.text
    assert "sha256sum FILE" in page.text


def test_without_the_index_of_parts_only_beginnings_are_found_with_a_notice(server, template, tableset):
    with server.copy(template) as settings, open_database(settings) as database:
        with database.setup() as transaction:
            transaction.execute(STORE)
            transaction.execute("DROP INDEX provenance.entity_name_parts")
        client = create_app(settings, database, tableset).test_client()
        page = client.get("/search", query_string={"q": "LST-1.Run9"}, headers=BROWSER).text
        inside = client.get("/search.json", query_string={"q": "Run9"})

    assert "no index for parts of names" in page
    assert "120" in page
    assert inside.json["hits"]["rows"] == []


@pytest.mark.parametrize(
    "parameters",
    [{"kind": "x"}, {"sort": "x"}, {"since": "yesterday"}, {"after": "x"}, {"q": "x" * 2001}, {"q": "\0"}],
)
def test_a_wrong_parameter_is_an_error_that_names_it(found, parameters):
    answer = found(**parameters)

    assert answer.status_code == 400
    assert next(iter(parameters)) in answer.text


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "LST-1.Run900"},
        {"q": "merge"},
        {"q": "mei"},
        {"q": "night", "kind": "program"},
        {"q": "frame"},
        {"kind": "run"},
    ],
)
def test_downloads_have_the_counted_hits(found, parameters):
    """Site, section 1, decision 7: all of it, not the first page only."""
    answer = found(**parameters).json
    table = found("csv", **parameters)
    votable = parse_single_table(io.BytesIO(found("vot", **parameters).data))

    number = answer["counts"][answer["kind"]]["number"]
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert len({row[next(iter(row))] for row in rows}) == number
    assert len(votable.array) == len(rows)


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "LST-1.Run900", "status": "completed"},
        {"q": "LST-1.Run90*", "program": "night-merge", "since": "2026-11-02", "until": "2026-11-03"},
        {"q": "merge", "kind": "run", "status": "not completed"},
        {"q": "it's", "kind": "who"},
        {"kind": "program"},
    ],
)
def test_the_query_shown_finds_the_same(found, parameters):
    """Site, section 1, decision 7."""
    answer = found(**parameters).json
    table = found.client.get("/tap/sync", query_string={"QUERY": answer["adql"], "RESPONSEFORMAT": "csv"})

    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert {row.get("e_id") or row.get("a_id") or row.get("ag_id") or row["ad_name"] for row in rows} == set(
        answer["ids"]
    )
