"""`/live`, `/ready` and `/metrics` of a service, while its PostgreSQL works and while it does not."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.database.embedded.cluster import Cluster
from provtap.ingest import ingest
from tests.documents import ROOT, blocks
from tests.ingest.logs import SAMPLES
from tests.live import awaited, command, environment, free_port, live_server

pytestmark = pytest.mark.database

SMALL = "SELECT TOP 3 table_name FROM tap_schema.tables"
PATIENCE = 30
"""Seconds for an answer, on a machine that does much else."""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service with one document, and its port for monitoring."""
    directory = tmp_path_factory.mktemp("watched")
    settings = Settings(data_dir=directory, workers=2, admin_port=free_port())
    with live_server(settings, directory / "serve.log") as running:
        running.settings = settings
        running.cluster = Cluster(directory / "postgres")
        with open_database(settings) as database:
            ingest(SAMPLES[0], database, settings)
        yield running


def get(service, path, **headers):
    """Return status, media type and text of an answer of the port for monitoring."""
    address = f"http://127.0.0.1:{service.settings.admin_port}{path}"
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def ask(service, query=SMALL, **more):
    body = urllib.parse.urlencode({"LANG": "ADQL", "QUERY": query} | more).encode()
    try:
        with urllib.request.urlopen(f"{service.url}/tap/sync", body, timeout=PATIENCE) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def samples(service):
    """Return the metrics: name and labels, and the value."""
    families = text_string_to_metric_families(get(service, "/metrics")[2])
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


@contextmanager
def frozen(cluster):
    """Stop all processes of PostgreSQL: it then neither answers nor refuses anything."""
    processes = cluster.processes()
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


def test_a_service_that_works_is_live_and_ready(service):
    assert get(service, "/live") == (200, "text/plain; charset=utf-8", "The service runs.\n")
    assert get(service, "/ready") == (200, "text/plain; charset=utf-8", "Queries are answered.\n")


def test_an_unknown_path_is_answered_with_the_known_ones(service):
    assert get(service, "/healthz")[::2] == (404, "There are /live, /ready and /metrics.\n")


def test_the_site_itself_has_no_metrics(service):
    """They contain information for the operator only."""
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{service.url}/metrics", timeout=PATIENCE)


def test_queries_are_counted_by_format_and_status(service):
    """In whichever process they were answered."""
    before = samples(service)
    for _ in range(8):
        assert ask(service, RESPONSEFORMAT="csv")[0] == 200
    assert ask(service, "SELECT nothing FROM tap_schema.tables", RESPONSEFORMAT="csv")[0] == 400

    def more(*key):
        return samples(service).get(key, 0) - before.get(key, 0)

    assert awaited(lambda: more("provtap_queries_total", "200", "csv") == 8)
    assert more("provtap_queries_total", "400", "csv") == 1
    assert more("provtap_query_rows_total") == 24
    assert more("provtap_query_sql_seconds_count") == 8
    assert more("provtap_query_wait_seconds_count") == 8
    assert more("provtap_requests_total", "400") == 1
    assert more("provtap_requests_total", "200") == 8


def test_jobs_are_counted_with_their_queries(service):
    before = samples(service)
    body = urllib.parse.urlencode({"QUERY": SMALL, "RESPONSEFORMAT": "tsv", "PHASE": "RUN"}).encode()
    urllib.request.urlopen(f"{service.url}/tap/async", body, timeout=PATIENCE).close()

    def is_counted():
        now = samples(service)
        return now["provtap_jobs", "COMPLETED"] == before["provtap_jobs", "COMPLETED"] + 1 and (
            now["provtap_queries_total", "200", "tsv"]
            == before.get(("provtap_queries_total", "200", "tsv"), 0) + 1
        )

    assert awaited(is_counted)


def test_metrics_have_store_disks_and_workers(service):
    found = samples(service)

    assert found["provtap_database_up",] == 1
    assert found["provtap_documents_total",] == 1
    assert found["provtap_document_warnings_total",] == 0
    assert found["provtap_last_ingestion_timestamp_seconds",] > 1.7e9
    assert found["provtap_workers",] == 1
    assert found["provtap_jobs", "QUEUED"] == found["provtap_job_queue_age_seconds",] == 0
    assert found["provtap_maintenance",] == 0
    for use in ("database", "results", "spool"):
        assert 0 < found["provtap_disk_free_bytes", use] < found["provtap_disk_size_bytes", use]


def test_documents_are_added_up_from_scrape_to_scrape(service):
    """Each scrape reads only the new ones."""
    before = samples(service)["provtap_documents_total",]
    with open_database(service.settings) as database:
        ingest(SAMPLES[1], database, service.settings)

    assert samples(service)["provtap_documents_total",] == before + 1
    assert samples(service)["provtap_documents_total",] == before + 1


def test_openmetrics_is_sent_to_who_asks_for_it(service):
    _, media_type, text = get(service, "/metrics", Accept="application/openmetrics-text; version=1.0.0")

    assert media_type.startswith("application/openmetrics-text")
    assert text.endswith("# EOF\n")


@pytest.mark.skipif(
    not (shutil.which("promtool") and shutil.which("curl")), reason="promtool or curl is not installed"
)
def test_the_commands_of_the_page_find_no_fault(service):
    """Promtool accepts the metrics, and the service is ready."""
    ask(service)
    [script] = [text for text in blocks(ROOT / "docs/how-to/operate.md", "sh") if "promtool" in text]
    script = script.replace("9188", str(service.settings.admin_port))

    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", script], capture_output=True, text=True)

    assert (done.returncode, done.stdout + done.stderr) == (0, "Queries are answered.\n")


@pytest.fixture
def prometheus(service, tmp_path):
    """A function that asks a Prometheus which reads the metrics every second; it returns values."""
    port = free_port()
    target = f"127.0.0.1:{service.settings.admin_port}"
    text = (ROOT / "deploy/monitoring/prometheus.yml").read_text()
    text = text.replace("127.0.0.1:9188", target).replace("15s", "1s")
    (tmp_path / "prometheus.yml").write_text(
        text.replace("provtap.rules", f"{ROOT}/deploy/monitoring/provtap.rules")
    )
    options = {
        "config.file": tmp_path / "prometheus.yml",
        "storage.tsdb.path": tmp_path / "data",
        "web.listen-address": f"127.0.0.1:{port}",
    }

    def values(expression):
        question = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/api/v1/query?{question}", timeout=PATIENCE
        ) as answer:
            return [float(each["value"][1]) for each in json.load(answer)["data"]["result"]]

    def is_up():
        try:
            return values('up{job="provtap"}') == [1]
        except OSError:
            return False

    with (tmp_path / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", *(f"--{name}={value}" for name, value in options.items())], stdout=log, stderr=log
        )
    try:
        assert awaited(is_up, PATIENCE), (tmp_path / "prometheus.log").read_text()
        yield values
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
def test_prometheus_reads_the_metrics_and_has_an_answer_for_every_panel(service, prometheus):
    """Prometheus asks for the format of OpenMetrics. Only the lag of standbys has no value: there is none."""
    dashboard = json.loads((ROOT / "deploy/monitoring/dashboard.json").read_text())
    panels = {
        target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*"): panel["title"]
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    ask(service)

    assert awaited(lambda: prometheus("count_over_time(provtap_database_up[1m]) > 1"))
    ask(service)
    assert awaited(lambda: {panels[each] for each in panels if not prometheus(each)} == {"Lag of standbys"})
    assert prometheus("provtap_database_up") == [1]


def test_a_query_of_a_disconnected_client_is_counted_as_499(service):
    before = samples(service).get(("provtap_queries_total", "499", "vot"), 0)
    tables = ", ".join(f"tap_schema.columns AS {name}" for name in "abcd")
    body = urllib.parse.urlencode({"QUERY": f"SELECT a.* FROM {tables}", "MAXREC": 10_000_000}).encode()
    urllib.request.urlopen(f"{service.url}/tap/sync", body, timeout=PATIENCE).close()

    assert awaited(
        lambda: samples(service).get(("provtap_queries_total", "499", "vot"), 0) == before + 1, PATIENCE
    )


def test_a_service_with_frozen_postgresql_is_live_and_not_ready(service):
    """And is ready again as soon as PostgreSQL is; metrics tell what can be known without it."""
    with frozen(service.cluster):
        assert get(service, "/ready")[::2] == (503, "PostgreSQL does not answer.\n")
        assert get(service, "/live")[0] == 200
        found = samples(service)
        assert found["provtap_database_up",] == 0
        assert ("provtap_workers",) not in found
        assert ("provtap_disk_free_bytes", "spool") in found

    assert awaited(lambda: get(service, "/ready")[0] == 200)
    assert awaited(lambda: samples(service)["provtap_database_up",] == 1)


def test_a_service_with_killed_postgresql_is_not_ready_until_its_restart(service):
    """The process that starts it again is stopped meanwhile."""
    [reporter] = re.findall(r"Process (\d+) reports the state", service.log.read_text())
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text()
    known = {int(reporter), *service.workers(), *service.job_processes(), *service.cluster.processes()}
    [keeper] = {*map(int, children.split())} - known
    os.kill(keeper, signal.SIGSTOP)
    try:
        for pid in service.cluster.processes():
            os.kill(pid, signal.SIGKILL)

        assert awaited(lambda: get(service, "/ready")[0] == 503)
        assert get(service, "/live")[0] == 200
    finally:
        os.kill(keeper, signal.SIGCONT)

    assert awaited(lambda: get(service, "/ready")[0] == 200)


def test_a_worker_of_its_own_reports_too(server, template, tmp_path):
    with server.copy(template) as settings:
        watched = SimpleNamespace(settings=replace(settings, admin_port=free_port()))
        log = tmp_path / "worker.log"
        with log.open("wb") as output:
            worker = subprocess.Popen(
                command("worker"), env=environment(watched.settings, 1), stdout=output, stderr=output
            )
        try:
            assert awaited(lambda: "reports the state" in log.read_text(), PATIENCE), log.read_text()
            assert get(watched, "/ready")[0] == 200
            assert awaited(lambda: samples(watched)["provtap_workers",] == 1)
        finally:
            worker.terminate()
            assert worker.wait(PATIENCE) == 0

        with pytest.raises(OSError, match="refused"):
            get(watched, "/live")


WITHOUT_LIBRARY = (
    "import sys; sys.modules['prometheus_client'] = None; from provtap.commands import main; main()"
)
"""The command `provtap`, where the extra is not installed."""


def test_the_library_is_asked_for_where_it_is_missing(server, template):
    with server.copy(template) as settings:
        given = environment(replace(settings, admin_port=free_port()), free_port())
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT_LIBRARY, "serve"], env=given, capture_output=True, text=True
        )

    assert done.returncode == 1
    assert done.stderr.endswith("which is not installed. pip install 'provtap[monitoring]'\n")


def test_other_commands_do_without_the_library(server, template):
    with server.copy(template) as settings:
        given = environment(replace(settings, admin_port=free_port()), free_port())
        for arguments in (["status", "--json"], ["query", SMALL]):
            done = subprocess.run(
                [sys.executable, "-c", WITHOUT_LIBRARY, *arguments], env=given, capture_output=True, text=True
            )

            assert (done.stdout != "", done.stderr) == (True, "")


def test_a_port_that_is_in_use_stops_the_start(server, template, tmp_path):
    with server.copy(template) as settings, socket.create_server(("127.0.0.1", 0)) as taken:
        given = environment(settings, free_port()) | {"PROVTAP_ADMIN_PORT": str(taken.getsockname()[1])}
        done = subprocess.run(command("serve"), env=given, capture_output=True, text=True)

    assert done.returncode == 1
    assert done.stderr.endswith("Choose another port with PROVTAP_ADMIN_PORT.\n")
