"""The page of examples: its form (DALI 1.1, section 2.3), and that only what can be answered is on it."""

import re
from dataclasses import replace

import pytest
from lxml import etree

from provtap.tableset import Tableset
from provtap.web import create_app
from provtap.web.examples import GROUPS, QUERIES, examples

XHTML = "{http://www.w3.org/1999/xhtml}"
ASKED = [
    f"{group}{n}"
    for group, most in {"A": 6, "B": 4, "C": 3, "D": 4, "E": 8}.items()
    for n in range(1, most + 1)
]


@pytest.fixture
def response(client):
    return client.get("/tap/examples")


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


def test_the_questions_of_astronomers_are_all_there(tableset):
    """Digest provenance-queries, A1 to E8."""
    offered = [example.id for example in examples(tableset)]

    assert offered == list(QUERIES)
    assert offered[: len(ASKED)] == ASKED
    assert {name[0] for name in offered} == set(GROUPS)


def test_an_example_on_a_table_that_is_not_published_is_left_out(tableset):
    """EX-7: every query that is shown must run."""
    offered = {e.id: e.tables for e in examples(without(tableset, "provext.run", "provext.last_step"))}

    assert not offered.keys() & {"R1", "V1", "V2", "L5", "P2"}
    assert {"A1", "V3", "R2"} <= offered.keys()


def test_a_service_without_tables_has_an_empty_page(settings, database):
    response = create_app(settings, database, Tableset()).test_client().get("/tap/examples")

    assert shown(etree.fromstring(response.data)) == []
