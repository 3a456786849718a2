"""Users' queries on two hot standbys of one primary, which come and go (PROVTAP_READ_URL)."""

import gc
import io
import os
import re
import shutil
import subprocess
import threading
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import psycopg2
import pytest
import pyvo
import requests
from astropy.table import Table
from pyvo.io.vosi import parse_availability

from benchmarks.standby import PG_BASEBACKUP, kill, standby
from provtap import metadata
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.database.embedded import EmbeddedServer
from provtap.database.login import database_login
from provtap.database.stream import copy_blocks
from provtap.install import init
from tests.documents import ROOT, blocks
from tests.live import awaited, free_port, live_server

pytestmark = [
    pytest.mark.skipif(not PG_BASEBACKUP.exists(), reason="the embedded PostgreSQL has no pg_basebackup"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # see test_jobs.py
]
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
CHAIN = """
INSERT INTO provenance.entity (e_id, e_class) VALUES ('raw', 'DatasetEntity'), ('dl1', 'DatasetEntity');
INSERT INTO provenance.activity (a_id) VALUES ('reduce');
INSERT INTO provenance.used VALUES ('reduce', 'raw');
INSERT INTO provenance.wasgeneratedby VALUES ('dl1', 'reduce')
"""
CLIENTS = 4


@dataclass
class Place:
    """A primary with two standbys, and a service whose queries go to these."""

    directory: Path
    settings: Settings
    primary: EmbeddedServer
    standbys: dict[Path, EmbeddedServer]
    tap: pyvo.dal.TAPService

    def sessions(self, directory):
        """Return how many connections for users' queries one standby has."""
        return value(
            self.standbys[directory].url,
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'provtap_reader'",
        )


def value(url, statement):
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None


@pytest.mark.skipif(NGINX is None, reason="the program nginx is not installed")
def test_the_proxy_of_the_page_is_understood(tmp_path):
    """docs/how-to/scale.md; benchmarks/bench_replicas.py runs it."""
    (shown,) = blocks(ROOT / "docs/how-to/scale.md", "nginx")
    local = re.sub(r"node\d\.example\.org", "127.0.0.1", shown)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {local} }}"
    )
    done = subprocess.run(
        [NGINX, "-t", "-c", tmp_path / "nginx.conf", "-e", "stderr"], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr


def follow(place):
    """Wait until every standby has applied what the primary did."""
    written = value(place.primary.url, "SELECT pg_current_wal_lsn()")
    for server in place.standbys.values():
        assert awaited(
            lambda server=server: value(server.url, f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn")
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    directory = tmp_path_factory.mktemp("replicas")
    with ExitStack() as stack:
        primary = stack.enter_context(EmbeddedServer(directory / "primary"))
        init(Settings(database_url=primary.url), metadata.load(None))
        value(primary.url, CHAIN)
        standbys = {
            path: stack.enter_context(standby(primary.url, path))
            for path in (directory / "one", directory / "two")
        }
        hosts = ",".join(database_login(server.url).parameters["host"] for server in standbys.values())
        settings = Settings(
            database_url=primary.url,
            read_url=f"host={hosts} port=5432 user=provtap_reader dbname=provtap"
            " target_session_attrs=standby load_balance_hosts=random",
            connection_age=0.5,
            data_dir=directory / "data",
            admin_port=free_port(),
        )
        server = stack.enter_context(live_server(settings, directory / "serve.log"))
        session = stack.enter_context(requests.Session())
        service = pyvo.dal.TAPService(f"{server.url}/tap", session=session)
        yield Place(directory, settings, primary, standbys, service)
    gc.collect()  # now, while the filter for what pyvo leaves open is in force


def test_uploads_lineage_and_provenance_need_no_primary(place):
    """Design, D11: all queries of users run on a standby, without temporary tables."""
    upload = Table({"product": ["dl1"]})
    query = (
        "SELECT l.l_ancestor_id FROM tap_upload.mine AS m"
        " JOIN provenance.lineage AS l ON l.l_descendant_id = m.product"
    )

    assert list(place.tap.search(query, uploads={"mine": upload})["l_ancestor_id"]) == ["raw"]
    with urlopen(
        f"{place.tap.baseurl.removesuffix('/tap')}/provsap?ID=dl1&RESPONSEFORMAT=PROV-JSON"
    ) as answer:
        assert b'"reduce"' in answer.read()


def test_jobs_are_kept_by_the_primary_and_run_on_a_standby(place):
    """Design, D6."""
    job = place.tap.run_async("SELECT e_id FROM provenance.entity ORDER BY e_id")

    assert list(job["e_id"]) == ["dl1", "raw"]


def test_availability_reports_each_host(place):
    """VOSI 1.1, section 3: notes are for operators."""
    with urlopen(f"{place.tap.baseurl}/availability") as answer:
        notes = parse_availability(io.BytesIO(answer.read())).notes

    assert notes[0] == "Queries are answered."
    assert notes[1:] == [
        f"Database server {number} of 2 is a standby, 0 s behind the primary." for number in (1, 2)
    ]


def test_the_metrics_show_the_lag_of_a_standby(place):
    """One that does not apply changes for a while."""

    def lags():
        with urlopen(f"http://127.0.0.1:{place.settings.admin_port}/metrics") as answer:
            found = re.findall(
                r"^provtap_standby_lag_seconds{.*} (\S+)$", answer.read().decode(), re.MULTILINE
            )
        return sorted(map(float, found))

    follow(place)
    assert lags() == [0, 0]
    paused = next(iter(place.standbys.values()))
    value(paused.url, "SELECT pg_wal_replay_pause()")
    try:
        value(place.primary.url, "INSERT INTO provenance.entity (e_id) VALUES ('late')")
        assert awaited(lambda: lags()[1] > 0)
    finally:
        value(paused.url, "SELECT pg_wal_replay_resume()")
        value(place.primary.url, "DELETE FROM provenance.entity WHERE e_id = 'late'")
    follow(place)

    assert lags() == [0, 0]


def test_init_waits_until_a_standby_has_a_new_database(place):
    """The hosts are asked in order, and libpq gives up at one that does not know the database."""
    late = next(iter(place.standbys.values()))
    hosts = ",".join(database_login(url).parameters["host"] for url in (late.url, place.primary.url))
    url = f"host={hosts} port=5432 user=postgres dbname=provtap target_session_attrs=read-write"
    value(place.primary.url, "DROP DATABASE provtap_scratch WITH (FORCE)")
    follow(place)
    value(late.url, "SELECT pg_wal_replay_pause()")
    resume = threading.Timer(1, value, [late.url, "SELECT pg_wal_replay_resume()"])
    resume.start()
    try:
        init(Settings(database_url=url), metadata.load(None))
    finally:
        resume.join()

    assert value(late.url.replace("dbname=provtap", "dbname=provtap_scratch"), "SELECT 1") == 1


def test_a_query_that_a_standby_gave_up_runs_again(place):
    """PostgreSQL documentation, "Handling Query Conflicts": the primary removed rows visible to the query."""
    for server in place.standbys.values():
        value(server.url, "ALTER SYSTEM SET max_standby_streaming_delay = 0")
        value(server.url, "SELECT pg_reload_conf()")
    value(
        place.primary.url,
        "INSERT INTO provenance.entity (e_id) SELECT 'gone' || n FROM generate_series(1, 100) AS n",
    )
    value(place.primary.url, "GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO PUBLIC")
    follow(place)
    conflicts = "SELECT sum(confl_snapshot)::integer FROM pg_stat_database_conflicts"
    with open_database(place.settings) as database:
        blocks = copy_blocks(
            database.reader,
            "SELECT count(*) FROM (SELECT pg_sleep(1)) AS s, provenance.entity WHERE e_id LIKE 'gone%'",
            form="text",
            maxrec=1,
            duration=20,
            spool_bytes=1000,
        )
        remove = threading.Timer(0.3, _remove, [place.primary.url])
        remove.start()
        answer = b"".join(rows for _, rows in blocks)

    assert answer == b"0\n"
    assert sum(value(server.url, conflicts) for server in place.standbys.values()) == 1


def _remove(url):
    value(url, "DELETE FROM provenance.entity WHERE e_id LIKE 'gone%'")
    value(url, "VACUUM provenance.entity")


def test_a_standby_may_die_under_load_and_come_back(place):
    """Only queries in flight are lost: each client has one at most."""
    first, second = place.standbys
    load = Load(f"{place.tap.baseurl}/sync")
    job = place.tap.submit_job("SELECT count(*) AS n FROM provenance.entity AS a, provenance.entity AS b")
    with load:
        assert awaited(lambda: place.sessions(first) and place.sessions(second))
        job.run()
        kill(first)
        answered = load.answers
        assert awaited(lambda: load.answers > answered + 100), load.failures[-3:]
        with EmbeddedServer(first):
            assert awaited(lambda: place.sessions(first) > 0)
            job.wait(phases=["COMPLETED", "ERROR"], timeout=30)

    assert len(load.failures) <= CLIENTS
    assert job.phase == "COMPLETED"


class Load:
    """Clients that ask for one product over and over."""

    def __init__(self, url):
        self.url = f"{url}?{urlencode({'QUERY': QUERY, 'FORMAT': 'csv'})}"
        self.answers = 0
        self.failures = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        while not self._over.is_set():
            try:
                with urlopen(self.url, timeout=30) as answer:
                    assert answer.read() == b"e_id\ndl1\n"
                self.answers += 1
            except HTTPError as failure:
                with failure:
                    self.failures.append(failure.read().decode())
            except (OSError, AssertionError) as failure:
                self.failures.append(repr(failure))


QUERY = "SELECT e_id FROM provenance.entity WHERE e_id = 'dl1'"


def test_queries_go_on_without_the_primary(place):
    """docs/how-to/scale.md; writes fail with a clear error. Last test: the primary is not restarted."""
    kill(place.directory / "primary")

    assert list(place.tap.search(QUERY)["e_id"]) == ["dl1"]
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{place.tap.baseurl}/async", urlencode({"QUERY": QUERY, "LANG": "ADQL"}).encode())
    with refused.value as answer:
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
    with urlopen(f"{place.tap.baseurl}/availability") as answer:
        assert parse_availability(io.BytesIO(answer.read())).available
