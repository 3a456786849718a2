"""Queries with nested and repeated parts: translating and planning them never takes long."""

import os
import re
import resource
import time
from contextlib import suppress
from pathlib import Path

import psycopg2
import psycopg2.extras
import pytest

from provtap.adql import translate
from provtap.database.connect import READ_SESSION
from provtap.errors import AdqlError
from tests.adql.nesting_writer import LENGTH, NestingWriter

QUERIES = int(os.environ.get("PROVTAP_TEST_NESTED_QUERIES", "150"))
"""How many to try, from the seed of the next variable on. A long run tries 10 000 and more."""
SEED = int(os.environ.get("PROVTAP_TEST_NESTED_SEED", "0"))
SECONDS = 1.0
"""Of processor time, in our process and in that of PostgreSQL."""
BYTES = 200 * 2**20
ADDRESSES = 1_300 * 2**20
"""Bytes that the PostgreSQL of this test may have, shared memory included, so that it can't hurt others."""


class Backend:
    """A connection, and the process of PostgreSQL behind it."""

    def __init__(self, url):
        self.connection = psycopg2.connect(url)
        self.connection.autocommit = True
        pid = self.connection.info.backend_pid
        self.process = Path(f"/proc/{pid}")
        if not self.process.exists():
            pytest.skip("PostgreSQL runs on another machine.")
        with suppress(PermissionError):  # of another user
            resource.prlimit(pid, resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        self.run(
            "SELECT set_config(k, v, false) FROM json_each_text(%s) AS s (k, v)",
            [psycopg2.extras.Json(READ_SESSION)],
        )
        self.run("SET statement_timeout = '30s'")
        self.run("EXPLAIN SELECT 1 FROM provenance.entity")

    def run(self, sql, parameters=None):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    def seconds(self):
        """Return its processor time."""
        user, system = (self.process / "stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def most_bytes(self):
        """Return the most memory that it had so far."""
        return int(re.search(r"VmHWM:\s+(\d+)", (self.process / "status").read_text())[1]) * 1024


@pytest.fixture
def backend(template):
    found = []

    def fresh():
        while found:
            found.pop().connection.close()
        found.append(Backend(template.database_url))
        return found[0]

    yield fresh
    for backend in found:
        backend.connection.close()


def test_no_query_grows_faster_than_its_text(backend, tableset):
    """Up to 2 kB of derived tables, WITH, lineages, sets, CASE, IN and functions: at most 1 s and 200 MB."""
    one, planned = backend(), 0
    for seed in range(SEED, SEED + QUERIES):
        text = NestingWriter(seed).query()
        begun = time.process_time()
        try:
            statement = translate(text, tableset)
        except AdqlError as refused:
            assert refused.line is not None
            continue
        finally:
            assert time.process_time() - begun < SECONDS, (seed, text)
        planned += 1
        seconds, size = one.seconds(), one.most_bytes()
        one.run(f"EXPLAIN {statement.copy_sql(1)}")
        assert one.seconds() - seconds < SECONDS, (seed, text)
        grown = one.most_bytes() - size
        assert grown < BYTES, (seed, text)
        if grown > BYTES / 20:  # what was taken once hides what the next ones take
            one = backend()
    assert planned > QUERIES / 2


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT 1 AS x FROM {', '.join(f'used AS t{n}' for n in range(11))}"
        f" WHERE {' AND '.join(f't{n}.u_role = t{n - 1}.u_role' for n in range(1, 11))}",
        f"SELECT 1 AS x FROM {', '.join(f'used AS t{n}' for n in range(32))}"
        f" WHERE {' AND '.join(f't{n}.u_role = t{n - 1}.u_role' for n in range(1, 32))}",
        "SELECT 1 AS x FROM used AS t0"
        + "".join(f" JOIN used AS t{n} ON t{n}.u_role = t{n - 1}.u_role" for n in range(1, 32)),
        "SELECT 1 AS x FROM used WHERE " + " AND ".join(["u_role IN (SELECT u_role FROM used)"] * 31),
    ],
)
def test_tables_that_are_all_equal_in_one_column_are_planned(backend, tableset, text):
    """All ways to join eleven of them took 3 s and 700 MB."""
    one = backend()
    seconds, size = one.seconds(), one.most_bytes()
    one.run(f"EXPLAIN {translate(text, tableset).copy_sql(1)}")

    assert one.seconds() - seconds < 3 * SECONDS
    assert one.most_bytes() - size < 1.2 * BYTES


def test_the_queries_are_long_and_of_all_kinds():
    """The test above depends on the variety of the generated queries."""
    texts = [NestingWriter(seed).query() for seed in range(100)]

    assert max(map(len, texts)) <= LENGTH
    assert sum(map(len, texts)) > 100 * LENGTH / 2
    for word in ("WITH", "UNION", "EXISTS", "CASE", " IN ", "BETWEEN", "lineage", "JOIN", "GROUP BY", "TOP"):
        assert sum(word in text for text in texts) > 5
