"""The page of examples: its form (DALI 1.1, section 2.3), and that all examples have an answer."""

import re
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from lxml import etree

from provtap.database.connect import open_database
from provtap.errors import SettingsError
from provtap.tableset import Tableset
from provtap.web import create_app
from provtap.web.site.examples import GROUPS, OWN_GROUP, QUERIES, questions

XHTML = "{http://www.w3.org/1999/xhtml}"
ASKED = [
    f"{group}{n}"
    for group, most in {"A": 6, "B": 4, "C": 3, "D": 4, "E": 8}.items()
    for n in range(1, most + 1)
]


@pytest.fixture
def response(site):
    return site.get("/tap/examples")


@pytest.fixture
def page(response):
    """The page, by a reader of XML that takes nothing else."""
    return etree.fromstring(response.data)


def shown(page):
    return [element for element in page.iter() if element.get("typeof") == "example"]


def texts(element, name):
    """Return the texts of the parts of an example called *name*; none has parts of its own."""
    found = [part for part in element.iter() if part.get("property") == name]
    assert all(len(part) == 0 for part in found)
    return [part.text for part in found]


def without(tableset, *names):
    """Return *tableset* as an operator leaves it who hides some tables."""
    schemas = (
        replace(schema, tables=tuple(t for t in schema.tables if t.qualified_name not in names))
        for schema in tableset.schemas
    )
    return Tableset(tuple(schemas))


def test_the_page_is_xhtml(response):
    """EX-1."""
    assert (response.status_code, response.content_type) == (200, "application/xhtml+xml")
    assert etree.fromstring(response.data).tag == f"{XHTML}html"


def test_the_vocabulary_is_named_once_round_all_examples(page):
    """EX-2."""
    [holder] = [element for element in page.iter() if element.get("vocab")]

    assert holder.get("vocab") == "http://www.ivoa.net/rdf/examples#"
    assert set(shown(page)) <= set(holder.iter())


def test_each_example_has_a_resource_a_name_and_a_query(page):
    """EX-3."""
    ids = [example.get("id") for example in shown(page)]

    assert len(ids) == len(set(ids)) > 25
    for example in shown(page):
        assert re.fullmatch("[A-Za-z][A-Za-z0-9]*", example.get("id"))
        assert example.get("resource") == f"#{example.get('id')}"
        assert [len(texts(example, part)) for part in ("name", "query")] == [1, 1]
        assert texts(example, "name")[0].endswith("?")


def test_tables_are_called_as_they_are_published(page, tableset):
    """EX-3, E-UKTB: each example names those that its query uses."""
    published = {table.qualified_name for table in tableset.tables()}

    for example in shown(page):
        tables = set(texts(example, "table"))
        [query] = texts(example, "query")
        assert tables <= published
        assert tables == {name.lower() for name in re.findall(r"(?:FROM|JOIN) (\w+\.\w+)", query)}


def test_rdfa_is_lite(page):
    """EX-5: no `content`; nothing is said on elements with a link."""
    for element in page.iter():
        assert element.get("content") is None or element.tag == f"{XHTML}meta"
        assert not (element.get("property") and (element.get("href") or element.get("src")))


def test_the_questions_of_astronomers_are_all_there(page):
    """Digest provenance-queries, A1 to E8; the sample logs have something for each to be about."""
    offered = [example.get("id") for example in shown(page)]

    assert offered == list(QUERIES)
    assert offered[: len(ASKED)] == ASKED
    assert {name[0] for name in offered} == set(GROUPS)


def test_examples_use_values_of_the_store(site, page):
    """None names an id that is not there, and what it names is a link."""
    ids = set(page.xpath("//*[@data-copy]/@data-copy"))
    queries = " ".join(text for example in shown(page) for text in texts(example, "query"))
    quoted = set(re.findall(r"'(urn:[^']*)'", queries))

    assert quoted == ids
    for table, key in (("entity", "e_id"), ("activity", "a_id")):
        links = page.xpath(f"//*[@typeof='example']//*[starts-with(@href, '/{table}/')]/@href")
        for id_ in {unquote(link.split("/")[2]) for link in links}:
            query = f"SELECT {key} FROM provenance.{table} WHERE {key} = '{id_}'"
            assert id_ in site.get("/tap/sync", query_string={"QUERY": query, "FORMAT": "csv"}).text


def test_an_example_runs_and_can_be_edited_by_links(site, page):
    example = shown(page)[0]
    [query] = texts(example, "query")
    run, edit = (example.xpath(f".//*[.='{label}']/@href")[0] for label in ("Run", "Edit"))

    assert site.get(run).status_code == 200
    assert parse_qs(urlsplit(run).query) == parse_qs(urlsplit(edit).query) == {"QUERY": [query]}


def test_an_empty_store_has_only_examples_that_need_nothing(client):
    offered = {each.get("id") for each in shown(etree.fromstring(client.get("/tap/examples").data))}

    assert {"A6", "R2", "T1"} <= offered
    assert not offered & {"A1", "L1", "P1", "E4"}


def test_who_may_not_query_sees_nothing_of_the_store(sample_settings, tableset):
    closed = replace(sample_settings, accounts=True, require_account=True)
    with open_database(closed) as database:
        answer = create_app(closed, database, tableset).test_client().get("/tap/examples")

    assert answer.status_code == 200
    assert b"urn:" not in answer.data


def test_ids_with_characters_missing_in_xml_are_left_out(settings, database, tableset):
    """The page is valid with any stored values."""
    with database.transaction() as transaction:
        transaction.execute(
            r"INSERT INTO provenance.entity (e_id, e_class) VALUES (E'bad\x01', 'DatasetEntity');"
            "INSERT INTO provenance.activity (a_id, a_starttime) VALUES ('a', '2026-01-01');"
            r"INSERT INTO provenance.wasgeneratedby (wgb_entity_id, wgb_activity_id) VALUES (E'bad\x01', 'a')"
        )
    try:
        page = create_app(settings, database, tableset).test_client().get("/tap/examples")
    finally:
        with database.transaction() as transaction:
            transaction.execute(
                "DELETE FROM provenance.wasgeneratedby; DELETE FROM provenance.activity;"
                "DELETE FROM provenance.entity"
            )

    assert "A1" not in {each.get("id") for each in shown(etree.fromstring(page.data))}


def test_an_example_on_a_table_that_is_not_published_is_left_out(tableset):
    """EX-7: every query that is shown must run."""
    offered = {q.id for q in questions(without(tableset, "provext.run", "provext.last_step"))}

    assert not offered & {"R1", "V1", "V2", "L5", "P2"}
    assert {"A1", "V3", "R2"} <= offered


OWN = """\
-- name: M1
-- Which muons are here?
-- A remark.
SELECT e_id FROM provenance.entity WHERE e_id <> {file};
"""


def test_an_operator_has_examples_of_his_own_beside_ours(sample_settings, tableset, tmp_path):
    (tmp_path / "own.sql").write_text(OWN)
    own = replace(sample_settings, examples=tmp_path / "own.sql")
    with open_database(own) as database:
        page = etree.fromstring(create_app(own, database, tableset).test_client().get("/tap/examples").data)
    last = shown(page)[-1]

    assert (len(shown(page)), last.get("id")) == (len(QUERIES) + 1, "M1")
    assert texts(last, "name") == ["Which muons are here?"]
    assert "urn:" in texts(last, "query")[0]
    assert OWN_GROUP in page.xpath("//*[local-name()='h2']/text()")


@pytest.mark.parametrize(
    "text, message",
    [
        ("SELECT 1", "before the first"),
        ("-- name: M1\n-- Why?\nSELECT e_nam FROM provenance.entity;", "M1: Unknown column e_nam"),
        ("-- name: M1\n-- Why?\nDELETE;", "M1: Queries can only read"),
        ("-- name: A1\n-- Why?\nSELECT 1 AS a FROM tap_schema.schemas;", "A1 cannot be"),
        ("-- name: M_1\n-- Why?\nSELECT 1 AS a FROM tap_schema.schemas;", "M_1 cannot be"),
        ("-- name: M1\nSELECT 1 AS a FROM tap_schema.schemas;", "M1 has no question"),
        (None, "cannot be read"),
    ],
)
def test_a_file_of_examples_with_something_else_in_it_is_refused(tableset, tmp_path, text, message):
    """The service does not start with it."""
    path = tmp_path / "own.sql"
    if text is not None:
        path.write_text(text)

    with pytest.raises(SettingsError, match=message):
        list(questions(tableset, path))


def test_a_service_without_tables_has_an_empty_page(settings, database):
    response = create_app(settings, database, Tableset()).test_client().get("/tap/examples")

    assert shown(etree.fromstring(response.data)) == []
