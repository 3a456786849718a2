"""No page reads a large table as a whole, whatever the store has (the plans of its statements)."""

import re
from pathlib import Path

import pytest

from provtap.database.connect import BY_KEYS, open_database
from provtap.database.transaction import Transaction
from provtap.web import create_app
from tests.web.site.conftest import BROWSER

STORE = (Path(__file__).parent / "plans_store.sql").read_text()
LARGE = 5_000
"""Rows, of those that may not be read as a whole."""
LIMIT = re.compile(r"SET LOCAL statement_timeout = \S+;?\s*")
PAGES = [
    "/entity/f9000",
    "/entity/f77",  # withdrawn
    "/entity/f0",  # from outside
    "/entity/flat",
    "/entity/all",
    "/entity/v7",
    "/entity?id=/data/7",
    "/entity/file9000",
    "/activity/r9000",
    "/activity/r100",  # failed
    "/agent/p1",
    "/agent/p400",
    "/program/tool",
    "/program/tool/2",
    "/query",
]


@pytest.fixture(scope="module")
def filled(server, template, tableset):
    """A client of a store with many rows, and its database."""
    with server.copy(template) as settings, open_database(settings) as database:
        with database.setup() as transaction:
            transaction.execute(STORE)
        with database.setup() as transaction:
            transaction.execute("ANALYZE")
        yield create_app(settings, database, tableset).test_client(), database


@pytest.fixture(scope="module")
def large(filled):
    """The names of the tables that have many rows."""
    with filled[1].setup() as transaction:
        rows = transaction.rows("SELECT relname AS name FROM pg_class WHERE reltuples > 0 + %(n)s", n=LARGE)
        names = {row.name for row in rows}
    assert {"entity", "activity", "used", "parameter", "alias", "hash"} <= names
    return names


@pytest.mark.parametrize("path", PAGES)
def test_no_page_reads_a_large_table_as_a_whole(filled, large, monkeypatch, path):
    """Site, section 6, point 13."""
    client, database = filled
    asked = []
    run = Transaction._run

    def note(self, at, statement, values):
        asked.append((LIMIT.sub("", statement), values))
        run(self, at, statement, values)

    monkeypatch.setattr(Transaction, "_run", note)
    answer = client.get(path, headers=BROWSER)
    monkeypatch.undo()

    assert answer.status_code in {200, 302, 404}
    assert "Something is missing" not in answer.text
    statements = [
        (text, values)
        for text, values in asked
        if text and "provtap." not in text and not text.startswith("SET ")
    ]
    assert statements
    with database.reading(60) as transaction:
        transaction.execute(BY_KEYS)
        for statement, values in statements:
            [plan] = transaction.rows(f"EXPLAIN (FORMAT JSON) {statement}", **values)
            assert scanned(plan[0][0]["Plan"]) & large == set(), statement


def scanned(node):
    """Return the tables that a plan reads as a whole."""
    here = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
    return here.union(*map(scanned, node.get("Plans", ())))
