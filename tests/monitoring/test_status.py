"""`provtap status`: its output about state, missing parts and remedies, and its exit status."""

import json
from contextlib import closing
from dataclasses import replace

import psycopg2
import pytest
from click.testing import CliRunner

from provtap.commands import main
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.database.migrate import migrations
from provtap.ingest import ingest
from provtap.install import init
from provtap.monitoring.state import Documents, state
from provtap.operation import maintenance
from provtap.uws.job import Client
from provtap.uws.store import JobStore
from tests.ingest.logs import SAMPLES
from tests.live import environment

pytestmark = pytest.mark.database


@pytest.fixture
def provtap(monkeypatch):
    """A function that runs `provtap status` with these settings, and with more than enough disk."""

    def run(settings, *options):
        plenty = replace(settings, spool_reserve_bytes=1, result_reserve_bytes=1)
        for name, value in environment(plenty, 8080).items():
            if name.startswith("PROVTAP_"):
                monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, ["status", *options])

    return run


def execute(settings, *statements):
    """Run *statements* as the superuser."""
    with (
        closing(psycopg2.connect(settings.database_url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)


def todo(result):
    """Return the lines that tell what to do."""
    return result.output.partition("To do:\n")[2].partition("\n\n")[0].splitlines()


def content(result):
    return json.loads(result.output)


def limit(settings, tableset):
    """Set what a copied database lacks, and take back what other tests let the reader do."""
    init(settings, tableset)
    functions = (
        "pg_sleep(double precision), pg_cancel_backend(integer), pg_terminate_backend(integer, bigint)"
    )
    execute(settings, f"REVOKE EXECUTE ON FUNCTION {functions} FROM {settings.role_prefix}reader")


@pytest.fixture
def store(settings, tableset):
    """Settings of a store of which nothing is missing, with two documents."""
    limit(settings, tableset)
    with open_database(settings) as database:
        for path in SAMPLES[:2]:
            ingest(path, database, settings)
    return settings


def test_a_store_with_everything_is_shown_on_one_screen(provtap, store):
    result = provtap(store)

    assert result.exit_code == 0, result.output
    assert "Nothing is left to do." in result.output
    assert f"migrations   {len(migrations())} of {len(migrations())}\n" in result.output
    assert "documents    2, with 0 warnings; the last one " in result.output
    assert "jobs         none\n" in result.output
    assert "workers      none\n" in result.output
    assert "maintenance  none\n" in result.output
    assert "disk         results: " in result.output
    assert len(result.output.splitlines()) < 25


def test_json_has_the_same_for_programs(provtap, store):
    result = provtap(store, "--json")

    assert result.exit_code == 0
    found = content(result)
    assert found["database"]["answers"] is True
    assert found["migrations"] == {"known": len(migrations()), "missing": []}
    assert found["documents"]["number"] == 2
    assert found["jobs"] == {"longest_queued": 0, "longest_executing": 0}
    assert found["problems"] == found["workers"] == found["hosts"] == []
    assert {disk["use"] for disk in found["disks"]} == {"results", "spool"}


def test_no_password_is_shown(provtap, store):
    """The place of the database is; it may be pasted into a mail."""
    secret = replace(store, database_url=f"{store.database_url} password=geheim")

    assert "geheim" not in provtap(secret).output + provtap(secret, "--json").output


def test_a_database_that_does_not_answer_is_the_problem(provtap, tmp_path):
    away = Settings(database_url="postgresql://admin@127.0.0.1:1/provtap", data_dir=tmp_path)
    result = provtap(away)

    assert result.exit_code == 1
    assert "database     admin@127.0.0.1:1/provtap\n" in result.output
    assert todo(result) == [
        "- PostgreSQL at admin@127.0.0.1:1/provtap cannot be used: Connection refused."
        " See PROVTAP_DATABASE_URL."
    ]
    assert content(provtap(away, "--json"))["database"]["answers"] is False


def test_an_embedded_store_that_is_not_there_is_not_made(provtap, tmp_path):
    result = provtap(Settings(data_dir=tmp_path / "store"))

    assert result.exit_code == 1
    assert todo(result) == ["- There is no store here yet. Run provtap init."]
    assert not (tmp_path / "store").exists()


def test_an_empty_database_needs_init(provtap, blank_settings):
    """The roles of another database may be there already; these are not."""
    other = replace(blank_settings, role_prefix="provtap_none_")
    result = provtap(other)

    assert result.exit_code == 1
    first, *statements = todo(result)
    assert first.startswith("- Roles or their rights are missing. Run provtap init, or ")
    assert "    CREATE ROLE provtap_none_reader LOGIN;" in statements


def test_the_statements_that_are_shown_make_the_roles(provtap, blank_settings, server):
    """After them, init is what is left."""
    other = replace(blank_settings, role_prefix=f"{server.prefix}shown_")
    names = ", ".join(f"{other.role_prefix}{name}" for name in ("owner", "writer", "reader"))
    try:
        [problem] = content(provtap(other, "--json"))["problems"]
        execute(other, *problem["statements"])

        assert todo(provtap(other)) == ["- The database is not set up. Run provtap init."]
    finally:
        execute(other, f"DROP OWNED BY {names}", f"DROP ROLE {names}")


def test_missing_migrations_are_named(provtap, store):
    last = migrations()[-1]
    execute(store, f"DELETE FROM provtap.migration WHERE number = {last.number}")
    result = provtap(store)

    assert result.exit_code == 1
    assert todo(result) == [f"- The database lacks {last.file_name}. Run provtap init."]
    assert content(provtap(store, "--json"))["migrations"]["missing"] == [last.file_name]


def test_a_newer_database_is_reported(provtap, store):
    execute(store, "INSERT INTO provtap.migration VALUES (9999, 'later', '')")
    result = provtap(store)

    assert result.exit_code == 1
    assert todo(result)[0].startswith("- The database is newer than this ProvTAP: it has 9999_later.")


def test_a_missing_limit_is_shown_with_the_statement_that_sets_it(provtap, store):
    """And once that was run, nothing is left."""
    reader = f"{store.role_prefix}reader"
    execute(store, f"ALTER ROLE {reader} IN DATABASE {_name(store)} RESET temp_file_limit")
    [problem] = content(provtap(store, "--json"))["problems"]

    assert problem["text"].startswith("A superuser must still run this")
    execute(store, *problem["statements"])
    assert provtap(store).exit_code == 0


def test_a_missing_scratch_database_is_worth_considering(provtap, store, server):
    name = f"{_name(store)}_scratch"
    server.run(f'DROP DATABASE "{name}"')
    result = provtap(store)

    assert result.exit_code == 0
    assert "answers as of a date" in result.output
    assert f'CREATE DATABASE "{name}"' in result.output


def test_documents_of_an_older_store_need_a_rebuild_for_dates(provtap, store):
    execute(store, "INSERT INTO provtap.mention_gap VALUES (2)")

    assert "For answers as of a date, provtap reingest must run once." in provtap(store).output


def test_a_reader_that_cannot_log_in_is_reported(provtap, store):
    unknown = replace(store, read_url=f"{store.database_url} user=nobody_of_ours")
    result = provtap(unknown)

    assert result.exit_code == 1
    assert todo(result)[-1].startswith("- Users' queries cannot be run: PostgreSQL at nobody_of_ours@")


def _name(settings):
    return psycopg2.extensions.parse_dsn(settings.database_url)["dbname"]


def test_jobs_without_a_worker_are_a_problem(provtap, store):
    """But not under maintenance, when they have to wait."""
    with open_database(store) as database:
        jobs = JobStore(database, store)
        jobs.create(Client(None, "127.0.0.1"), {"QUERY": ["SELECT 1"]}, run=True)
        result = provtap(store)
        assert result.exit_code == 1
        assert "jobs         1 queued, the first for " in result.output
        assert todo(result) == [
            "- No worker is alive, and 1 job waits. Start provtap serve or provtap worker."
        ]
        maintenance.announce(database, "New disks", None, None)
        result = provtap(store)
        assert result.exit_code == 0
        assert ": New disks\n" in result.output
        maintenance.end(database)
        jobs.beat("a.example.org:1")
        result = provtap(store)

    assert result.exit_code == 0
    assert "workers      a.example.org:1\n" in result.output


def test_a_disk_below_its_reserve_is_a_problem(monkeypatch, store):
    full = replace(store, result_reserve_bytes=10**18, spool_reserve_bytes=1)
    for name, value in environment(full, 8080).items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, ["status"])

    assert result.exit_code == 1
    [line] = todo(result)
    assert line.endswith("below 1000000000000000000 bytes jobs fail (PROVTAP_RESULT_RESERVE_BYTES).")


def test_hosts_are_shown_with_their_role(provtap, store):
    """Of several in PROVTAP_READ_URL; one that does not answer is a problem."""
    known = psycopg2.extensions.parse_dsn(store.database_url)
    host, reader = known["host"], f"{store.role_prefix}reader"
    url = psycopg2.extensions.make_dsn(
        **known | {"host": f"{host},127.0.0.1", "port": f"{known.get('port', 5432)},1", "user": reader}
    )
    result = provtap(replace(store, read_url=url))

    assert result.exit_code == 1
    assert f"host         {host}:{known.get('port', 5432)} is the primary\n" in result.output
    assert todo(result) == ["- The database server 127.0.0.1:1 does not answer."]


def test_the_state_reads_only_documents_that_are_not_known(store):
    """Warnings and numbers add up to the same."""
    with open_database(store) as database:
        whole = state(database, store).documents
        first = Documents(1, 0, whole.last_id - 1, None)

        assert whole.number == 2
        assert state(database, store, first).documents == whole
        assert state(database, store, whole).documents == whole
