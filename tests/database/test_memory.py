"""Limits on memory: derived from the machine, kept by PostgreSQL's processes, reported in one sentence."""

from contextlib import closing

import pytest

from provtap import install
from provtap.config import Settings
from provtap.database import memory
from provtap.database.stream import copy_blocks
from provtap.errors import DatabaseUnavailable, QueryError

pytestmark = pytest.mark.database

GB = 1 << 30


@pytest.mark.parametrize(
    "groups, limits, expected",
    [
        (
            "0::/a/b",
            {"sys/fs/cgroup/a/memory.max": "4096\n", "sys/fs/cgroup/a/b/memory.max": "max\n"},
            [4096],
        ),
        ("0::/unknown/on/this/side", {"sys/fs/cgroup/memory.max": "8192\n"}, [8192]),
        ("4:memory:/x", {"sys/fs/cgroup/memory/x/memory.limit_in_bytes": "7\n"}, [7]),
        ("3:cpu,memory:/x\n0::/", {"sys/fs/cgroup/memory/memory.limit_in_bytes": "9\n"}, [9]),
        (None, {}, []),
    ],
    ids=["v2", "v2 in a container", "v1", "v1 with others", "none"],
)
def test_limit_of_a_control_group_is_found(tmp_path, groups, limits, expected):
    """Version 2 and version 1, at any level (cgroups(7))."""
    for name, text in limits.items() | ({"proc/self/cgroup": groups}.items() if groups else set()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert list(memory.cgroup_limits(tmp_path)) == expected


def test_all_queries_together_have_half_of_the_machine():
    """A process for each connection, and those for parallel queries."""
    assert memory.share(64 * GB, 56) == GB // 2
    assert memory.share(GB, 56) == memory.LEAST


def test_connections_are_those_of_all_web_processes_and_of_jobs():
    """A web process has a quarter more of them for quick queries."""
    assert memory.connections(Settings(workers=3, read_connections=8, job_connections=2)) == 32


def test_a_setting_takes_precedence_over_the_share():
    assert memory.backend_bytes(Settings(backend_bytes=123)) == 123


@pytest.fixture(scope="module")
def limited(tmp_path_factory, tableset):
    """Give the settings of an embedded server whose processes may have 100 MB, and its open database."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("limited"), backend_bytes=100 << 20)
    with install.ready(settings) as (database, _):
        yield database


def run(database, sql):
    blocks = copy_blocks(database.reader, sql, form="text", maxrec=10, duration=60, spool_bytes=1 << 20)
    return b"".join(rows for _, rows in blocks)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT length(string_agg(repeat('x', 1000000), '')) FROM generate_series(1, 500)",
        "SELECT repeat('x', 90000000) || repeat('y', 90000000)",
        "SELECT repeat('x', 1073741000)",
        "SELECT cardinality(array_agg(repeat('x', 1000000))) FROM generate_series(1, 500)",
    ],
)
def test_query_over_the_limit_is_refused_and_its_connection_lives(limited, sql):
    """A clean error, no crash: the query's fault, so that no job tries it again (D15)."""
    with pytest.raises(QueryError, match="needs more memory than this service allows one query") as refused:
        run(limited, sql)

    assert refused.value.status == 400
    assert run(limited, "SELECT 1") == b"1\n"


def test_the_limit_applies_to_parallel_processes(limited):
    """They are children of the same server (D15)."""
    settings = ["parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"]
    with limited.setup() as transaction:
        transaction.execute("CREATE TABLE IF NOT EXISTS many AS SELECT generate_series(1, 100000) AS n")
        transaction.execute("GRANT SELECT ON many TO PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC")
    with pytest.raises(QueryError, match="more memory"), limited.reading(60) as transaction:
        transaction.execute("; ".join(f"SET LOCAL {name} = 0" for name in settings))
        transaction.execute("SET LOCAL debug_parallel_query = on")
        transaction.rows("SELECT max(length(repeat('x', 200000000 + n % 2))) FROM public.many")


def test_own_work_of_postgresql_fits_into_the_limit(limited):
    """Loads, indexes, deferred checks and vacuum, with the memory that they have by default."""
    with limited.setup() as transaction:
        transaction.execute("CREATE TABLE loaded (n integer PRIMARY KEY, t text)")
        transaction.execute(
            "CREATE TABLE referring (n integer REFERENCES loaded DEFERRABLE INITIALLY DEFERRED)"
        )
    with limited.setup() as transaction:
        transaction.copy("public.loaded", ["n", "t"], ((n, f"text {n}") for n in range(300_000)))
        transaction.execute("INSERT INTO referring SELECT n FROM loaded")
    with limited.setup() as transaction:
        transaction.execute("CREATE INDEX ON loaded (t)")
    with closing(limited.login.connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (FULL, ANALYZE) loaded")


def test_write_over_the_limit_is_not_the_fault_of_the_document(limited):
    """It is not an error in the document: an operator can raise the limit."""
    with pytest.raises(DatabaseUnavailable, match="no memory left"), limited.transaction() as writer:
        writer.rows("SELECT length(repeat('x', 200000000))")


def test_server_without_a_limit_is_known(limited, database):
    """By which `provtap check` advises an operator."""
    pids = []
    for each in (limited, database):
        with each.setup() as transaction:
            pids.append(transaction.rows("SELECT pg_backend_pid() AS pid")[0].pid)

    assert [memory.is_limited(pid) for pid in pids] == [True, False]
