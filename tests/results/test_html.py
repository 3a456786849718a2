from xml.etree import ElementTree

import pytest

from provtap.errors import QueryError
from provtap.results.html import write_html
from provtap.results.votable import Info
from tests.results.readers import html
from tests.results.tables import integer, text

XHTML = "{http://www.w3.org/1999/xhtml}"
HOSTILE = '<script>alert("x")</script>&amp;]]>'


def written(columns, blocks, maxrec=9, infos=()):
    return b"".join(write_html(columns, blocks, maxrec, infos))


def root(page):
    return ElementTree.fromstring(page.removeprefix(b"<!DOCTYPE html>"))


def test_everything_is_escaped():
    """No cell, name, unit, description or query becomes markup."""
    column = text(HOSTILE, unit=HOSTILE, description=HOSTILE, ucd=HOSTILE)

    page = written([column], [(1, HOSTILE.encode() + b"\n")], infos=[Info("QUERY", HOSTILE)])

    assert b"<script" not in page
    assert html(page) == [[HOSTILE]]
    assert root(page).find(f".//{XHTML}pre").text == HOSTILE


def test_metadata_show_under_the_pointer_and_without_one():
    """TAP-18."""
    page = root(written([text("t", unit="s", ucd="time", description="When.")], []))

    assert page.find(f".//{XHTML}th").get("title") == "When.\nUnit: s\nUCD: time"
    assert page.findtext(f".//{XHTML}details//{XHTML}dd") == "When.; Unit: s; UCD: time"


@pytest.mark.parametrize("copied, cell", [(rb"\N", None), (b"", ""), (rb"\\N", r"\N"), (rb"\ta\n", "\ta\n")])
def test_null_is_not_the_empty_text(copied, cell):
    assert html(written([text(), text()], [(1, copied + b"\t" + copied + b"\n")])) == [[cell, cell]]


def test_numbers_stand_on_the_right():
    """The style sheet has a rule for each class; a page has no style of its own."""
    page = root(written([text(), integer(), text(), integer()], []))

    assert page.find(f".//{XHTML}table").get("class") == "n2 n4"


def test_overflow_is_reported():
    """TAP-14."""
    page = written([integer()], [(1, b"1\n"), (1, b"2\n")], maxrec=1)

    assert html(page) == [["1"]]
    assert b"<p>The result was truncated: there are more rows than 1.</p>" in page
    assert b"There are more rows" not in written([integer()], [(1, b"1\n")])


def test_an_interrupted_page_is_complete_and_reports_the_error():
    """ERR-6, in the form of HTML."""

    def failing():
        yield 1, b"1\n"
        raise QueryError("Divided <by> zero.")

    page = written([integer()], failing())

    assert html(page) == [["1"]]
    assert root(page).findtext(f".//{XHTML}p[@class='error']") == (
        "The result is incomplete: Divided <by> zero."
    )
