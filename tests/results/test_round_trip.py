"""Any text that PostgreSQL can hold goes through COPY and a writer, and comes back through a reader."""

import csv
import io
import re
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.database.stream import copy_blocks
from provtap.results.formats import choose
from tests.results.tables import read, text

STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
AWKWARD = st.text(st.sampled_from("\\Nntrbfv\t\n\r\b\f\v\"',;&<>]. \x01\x1fé𝒜\ufffe\uffff"))
ROWS = st.lists(st.tuples(STORABLE | AWKWARD | st.none(), STORABLE | AWKWARD), min_size=1, max_size=8)
UNWRITABLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@pytest.fixture(scope="module")
def database(server):
    """A pool on the bare server: nothing but COPY is asked of it."""
    with open_database(Settings(database_url=server.url, read_url=server.url)) as opened:
        yield opened


def document(database, rows, name):
    """Return *rows* as the format *name* writes them."""
    chosen = choose(name)
    values = ", ".join(f"({literal(a)}, {literal(b)})" for a, b in rows)
    blocks = copy_blocks(
        database.reader,
        f"SELECT * FROM (VALUES {values}) AS v",
        form=chosen.copy,
        maxrec=100,
        duration=60,
        spool_bytes=10**6,
    )
    return b"".join(chosen.write([text("a"), text("b")], blocks, 100, ()))


def literal(value):
    return "NULL::text" if value is None else "'" + value.replace("'", "''") + "'"


def round_trip(test):
    """Run *test* with generated rows; the database is the same for all of them."""
    return hypothesis_settings(
        max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )(given(rows=ROWS)(test))


@round_trip
def test_csv(database, rows):
    """DALI-7: every text comes back as it is."""
    lines = io.StringIO(document(database, rows, "csv").decode(), newline="")

    assert [tuple(row) for row in csv.reader(lines)] == [("a", "b"), *((a or "", b) for a, b in rows)]


@round_trip
def test_tsv(database, rows):
    """DALI-7: but for white space that would end a cell."""
    lines = document(database, rows, "tsv").decode().split("\n")
    shown = [tuple(re.sub("[\t\n\r\f\v]", " ", cell or "") for cell in row) for row in rows]

    assert [tuple(line.split("\t")) for line in lines] == [("a", "b"), *shown, ("",)]


@round_trip
def test_votable(database, rows):
    """VOT-7: but for characters that XML has no way to write."""
    root = ElementTree.fromstring(document(database, rows, "votable"))
    cells = [[td.text or "" for td in tr] for tr in root.iter("{http://www.ivoa.net/xml/VOTable/v1.3}TR")]

    assert cells == [[UNWRITABLE.sub("", cell or "") for cell in row] for row in rows]


@round_trip
def test_votable_is_read_by_astropy(database, rows):
    """VOT-11: astropy, which strips white space round a cell, reads the same texts."""
    table = read(document(database, rows, "votable")).get_first_table().to_table()

    shown = [[UNWRITABLE.sub("", cell or "").strip() for cell in row] for row in rows]
    assert [[str(cell).strip() for cell in row] for row in table.filled("")] == shown
