"""Many documents: which files they are, several processes, and other transactions in the way."""

import gzip
import json
import os
import random
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import psycopg2
import pytest

from provtap.errors import Contended, Outage, ProvtapError
from provtap.ingest import ingest_all, load_sql
from provtap.ingest.documents import batch, parallel
from provtap.ingest.documents.files import File, files
from provtap.ingest.store import staging as sending
from tests.ingest.logs import SAMPLES, VERSIONS, empty, run, tables, write_log
from tests.live import awaited, command, environment

LOADER = """
import sys
from pathlib import Path
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest import ingest_all
settings = Settings(database_url=sys.argv[1], role_prefix=sys.argv[2])
with open_database(settings) as database:
    print(ingest_all(map(Path, sys.argv[3:]), database, settings).problems)
"""


@pytest.fixture
def in_order(take, database):
    """The tables after all samples came in the order of their names."""
    for path in SAMPLES:
        take(path)
    content = tables(database)
    empty(database)
    return content


@pytest.mark.parametrize("seed", [0, 1])
def test_processes_that_load_the_same_in_any_order_leave_the_same_tables(settings, database, in_order, seed):
    """Three processes, each with all samples in an order of its own (issue 6, part 6; INGEST-d8, d9)."""
    shuffle = random.Random(seed)
    command = [sys.executable, "-c", LOADER, settings.database_url, settings.role_prefix]
    loaders = [
        subprocess.Popen(
            [*command, *shuffle.sample([str(path) for path in SAMPLES], len(SAMPLES))],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]

    assert [loader.communicate()[0] for loader in loaders] == ["[]\n"] * 3
    assert tables(database) == in_order


def test_several_processes_keep_the_order(settings, database, monkeypatch):
    """Documents are read by several processes, and reported in the order in which they were named."""
    monkeypatch.setattr(parallel, "FEW", 1)
    paths = [*VERSIONS, Path("README.md"), *SAMPLES]
    summary = ingest_all(iter(paths), database, settings, jobs=2)

    assert [report.source for report in summary.reports] == [str(path) for path in [*VERSIONS, *SAMPLES]]
    assert len(summary.problems) == 1


def test_reading_ahead_has_an_end(monkeypatch):
    """A tree of a million files is never a list in memory."""
    monkeypatch.setattr(parallel, "FEW", 1)
    things = count()
    results = [result() for _, result in islice(parallel.each(abs, things, 2), 5)]

    assert results == [0, 1, 2, 3, 4]
    assert next(things) < 30


def test_a_killed_process_is_reported(monkeypatch):
    """A reader that the kernel ends for want of memory is an error with a way out."""
    monkeypatch.setattr(parallel, "FEW", 1)
    results = parallel.each(os._exit, iter([0]), 2)
    with pytest.raises(ProvtapError, match="reading documents was killed.*--jobs 1"):
        next(results)[1]()


def test_killed_ingest_leaves_no_process(settings, tmp_path):
    """Whatever its processes do at that moment: read a document, or wait for the next one."""
    for number in range(400):
        (tmp_path / f"{number:03}.log").write_bytes(SAMPLES[0].read_bytes())
    ingest = subprocess.Popen(
        command("ingest", "--jobs", "2", str(tmp_path)),
        env=environment(settings, 8080),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert awaited(lambda: len(readers(ingest.pid)) == 2, 60)
        children = readers(ingest.pid)
    finally:
        ingest.kill()
        ingest.wait()

    assert awaited(lambda: not any(is_reader(pid) for pid in children), 60)


def readers(pid):
    """Return the processes that read documents for *pid*."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [child for child in children if is_reader(child)]


def is_reader(pid):
    """Return whether the process *pid* is there, and is one that multiprocessing has made to work."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_rows_travel_either_way(take, database, in_order, monkeypatch):
    """A few rows are a parameter, many are copied; tables, counts and warnings are the same."""
    told = [*SAMPLES, *SAMPLES[:2], *VERSIONS]
    few = [take(path) for path in told]
    content = tables(database)
    empty(database)
    monkeypatch.setattr(sending, "FEW", 0)
    many = [take(path) for path in told]

    assert tables(database) == content
    assert [(r.new, r.updated, r.unchanged, r.warnings) for r in many] == [
        (r.new, r.updated, r.unchanged, r.warnings) for r in few
    ]


def test_pattern_stands_for_files(tmp_path):
    """A quoted pattern means what the shell would have made of it; a name is a name first."""
    write_log(tmp_path / "[1].log")
    (tmp_path / "night" / "deep").mkdir(parents=True)
    deep = write_log(tmp_path / "night" / "deep" / "2.log")
    found = list(files([tmp_path / "**" / "2.log", tmp_path / "[1].log", tmp_path / "*.txt"]))

    assert found == [
        File(deep, named=True),
        File(tmp_path / "[1].log", named=True),
        File(tmp_path / "*.txt", named=True),
    ]


@pytest.fixture
def rival(settings):
    """A session that holds a table and will want another, until it is told to end."""
    with closing(psycopg2.connect(settings.database_url)) as connection:
        cursor = connection.cursor()
        cursor.execute("SET deadlock_timeout = '1min'")  # the loader is to be the one that gives way
        cursor.execute("LOCK TABLE provenance.parameter IN EXCLUSIVE MODE")
        yield cursor
        connection.rollback()


def test_deadlock_is_tried_again(take, database, tmp_path, rival):
    """What was rolled back for another process is stored a moment later (issue 6, part 6)."""

    def want() -> None:
        rival.execute("LOCK TABLE provenance.activity IN EXCLUSIVE MODE")
        rival.connection.commit()

    log = write_log(tmp_path / "one.log", run(1, config={"Tool": {"a": 1}}))
    thread = threading.Timer(0.3, want)
    thread.start()
    report = take(log)
    thread.join()

    assert report.new > 0
    assert len(tables(database)["provenance.parameter"]) > 0


def test_a_lasting_conflict_of_writers_is_reported(take, database, tmp_path, monkeypatch):
    """After several attempts the error says that another process is writing; nothing was stored."""
    monkeypatch.setattr("provtap.ingest.documents.document._PAUSES", (0.01,))
    log = write_log(tmp_path / "one.log", run(1))
    with database.session() as connection:
        connection.cursor().execute(
            "CREATE FUNCTION provtap.refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE SQLSTATE '40001'; END$$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON provenance.activity EXECUTE FUNCTION provtap.refuse()"
        )
    with pytest.raises(Contended, match="Another process is changing the same rows; nothing was stored"):
        take(log)

    assert not any(tables(database).values())


# Outages


@pytest.fixture
def outage(database, monkeypatch):
    """Each attempt to store an activity loses its connection, until the function yielded here is called."""
    monkeypatch.setattr(batch, "_PAUSE", 0.05)
    with database.session() as connection:
        connection.cursor().execute(
            "CREATE FUNCTION provtap.lose() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS"
            " $$BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END$$;"
            "CREATE TRIGGER lose BEFORE INSERT ON provenance.activity EXECUTE FUNCTION provtap.lose()"
        )

    def end():
        with database.session() as connection:
            connection.cursor().execute("DROP FUNCTION provtap.lose() CASCADE")

    return end


def test_ingest_waits_while_postgresql_is_away(outage, settings, database, tmp_path, caplog):
    """A failover takes half a minute; loading a campaign takes hours. Each document is stored once."""
    paths = [write_log(tmp_path / f"{number}.log", run(number)) for number in (1, 2, 3)]
    back = threading.Timer(0.5, outage)
    back.start()
    summary = ingest_all(paths, database, settings)
    back.join()

    assert [report.known for report in summary.reports] == [False] * 3
    assert len(tables(database)["provenance.activity"]) == 3
    [told] = caplog.messages
    assert told.startswith("The connection to the database was lost; nothing was stored")
    assert told.endswith(" Waiting up to 120 seconds for PostgreSQL.")


def test_ingest_ends_if_postgresql_stays_away(outage, settings, database, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "OUTAGE", 0.1)
    path = write_log(tmp_path / "one.log", run(1))
    with pytest.raises(Outage, match="The connection to the database was lost; nothing was stored"):
        ingest_all([path], database, settings)

    assert not any(tables(database).values())


# Pipes


def piped(paths, database, settings, content, **options):
    """Return the summary of documents of which one comes by a pipe, as from `<(...)` of a shell."""
    reading, writing = os.pipe()
    writer = threading.Thread(target=lambda: [os.write(writing, content), os.close(writing)])
    writer.start()
    try:
        return ingest_all([*paths, Path(f"/dev/fd/{reading}")], database, settings, **options)
    finally:
        os.close(reading)
        writer.join()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_a_pipe_is_read_like_a_file(database, settings, pack):
    """What can't be rewound is kept on disk meanwhile."""
    summary = piped([], database, settings, pack(json.dumps(run(99)).encode()))

    assert (summary.problems, [report.format for report in summary.reports]) == ([], ["ctapipe"])


def test_a_pipe_among_many_files_is_read_by_this_process(database, settings, tmp_path):
    """The processes that read the others have not got it."""
    paths = [write_log(tmp_path / f"{number}.log", run(number)) for number in range(40)]
    summary = piped(paths, database, settings, json.dumps(run(99)).encode(), jobs=2)

    assert (summary.problems, len(summary.reports)) == ([], 41)


def test_a_pipe_that_never_ends_is_refused(database, settings):
    """It is read up to the limit of a document, and no further."""
    summary = piped([], database, replace(settings, document_bytes=1_000), b"[" * 60_000)

    assert "exceeds the limit of 1000 bytes" in summary.problems[0]


def test_a_product_needs_a_path(database, settings):
    """It is identified by its path, which has no meaning for a pipe."""
    summary = piped([], database, settings, b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800))

    assert "this is a data product (fits), but not a file" in summary.problems[0]


def test_a_script_of_sql_may_come_by_a_pipe(database, settings, tmp_path):
    """As in `pg_dump … | provtap load-sql /dev/stdin`."""
    os.mkfifo(tmp_path / "fifo")
    script = "INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('urn:x:maria', 'Maria');\n"
    writer = threading.Thread(target=(tmp_path / "fifo").write_text, args=[script])
    writer.start()
    [report] = load_sql([tmp_path / "fifo"], database, settings)
    writer.join()

    assert (report.records, report.new) == (1, 1)
