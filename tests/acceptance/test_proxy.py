"""The service behind nginx under a path, configured as in docs/how-to/operate.md."""

import json
import re
import shutil
import socket
import subprocess
from dataclasses import replace
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import urlopen

import psycopg2
import pytest
import pyvo

from tests.live import awaited, free_port, live_server
from tests.nginx import NGINX, proxied, root

pytestmark = pytest.mark.skipif(NGINX is None, reason="the program nginx is not installed")
SILENT = "SELECT COUNT(*) AS n FROM " + ", ".join(f"tap_schema.columns AS {name}" for name in "abcde")


@pytest.fixture(scope="module")
def port():
    return free_port()


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "access.log"


@pytest.fixture(scope="module")
def behind(settings, port, log, tmp_path_factory):
    """The service itself, which is told its public address."""
    public = replace(settings, base_url=root(port), access_log=str(log))
    with live_server(public, tmp_path_factory.mktemp("behind") / "serve.log") as server:
        yield server


@pytest.fixture(scope="module")
def site(behind, port, tmp_path_factory):
    """Public root of the service."""
    with proxied(behind.port, port, tmp_path_factory.mktemp("nginx")) as public:
        yield public


def read(url):
    with urlopen(url, timeout=60) as response:
        return response.url, response.read().decode()


def test_every_declared_address_leads_through_the_proxy(site):
    """REG-2, REG-3."""
    tap = pyvo.dal.TAPService(f"{site}/tap")
    urls = [url.content for c in tap.capabilities for i in c.interfaces for url in i.accessurls]

    assert urls[0] == f"{site}/tap"
    assert len(urls) >= 4
    for url in urls:
        assert url.startswith((f"{site}/tap", f"{site}/links"))
        read(url)


def test_a_real_client_works_through_the_proxy(site):
    """PV-4, PV-6: tables, and a query with its result."""
    tap = pyvo.dal.TAPService(f"{site}/tap")

    assert len(tap.search("SELECT a_id FROM provenance.activity")) > 10
    assert "a_id" in {column.name for column in tap.tables["provenance.activity"].columns}


@pytest.mark.parametrize("path", ["/", "/tap", "/tap/"])
def test_every_link_of_a_page_leads_through_the_proxy(site, path):
    """Pages are for users of the public address."""
    links = re.findall(r'(?:href|action)="([^"]*)"', read(f"{site}{path}")[1])
    ours = [urljoin(site, link) for link in links if "www.ivoa.net" not in link]

    assert ours
    for link in ours:
        assert link.startswith(site)
        if link not in {f"{site}/provsap", f"{site}/tap/sync"}:  # forms, which add an ID or a query
            read(link)


def test_redirects_use_the_public_address(site):
    """HTTP-5."""
    url, document = read(f"{site}/tap/sync?REQUEST=getCapabilities")

    assert url == f"{site}/tap/capabilities"
    assert "TableAccess" in document


def test_the_root_without_a_slash_is_the_landing_page(site):
    assert "<h1>Where did this file come from?</h1>" in read(site)[1]


def test_an_error_names_the_public_path(site):
    """ERR-7."""
    with pytest.raises(HTTPError) as refused:
        read(f"{site}/tap/nothing")

    with refused.value as error:
        assert "Nothing was found at /provenance/tap/nothing." in error.read().decode()


def test_the_log_has_the_client_behind_the_proxy(site, log):
    read(f"{site}/tap/tables?detail=min")

    assert awaited(lambda: log.exists() and '"path": "/tap/tables"' in log.read_text())
    assert {json.loads(line)["forwarded"] for line in log.read_text().splitlines()} == {"127.0.0.1"}


def test_a_hang_up_ends_the_query_through_the_proxy(site, port, settings):
    """Design, section 3."""
    path = f"/provenance/tap/sync?{urlencode({'QUERY': SILENT})}"
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert awaited(lambda: running(settings) == 1)

    assert awaited(lambda: running(settings) == 0)


def running(settings):
    """Return how many users' queries PostgreSQL runs on the database of *settings*."""
    connection = psycopg2.connect(settings.database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND usename = %s AND state = 'active'",
                [f"{settings.role_prefix}reader"],
            )
            return cursor.fetchone()[0]
    finally:
        connection.close()


@pytest.mark.skipif(not shutil.which("stilts"), reason="STILTS is not installed")
def test_taplint_finds_no_error_through_the_proxy(site):
    """REG-2: taplint compares the addresses declared with the one it was given."""
    stages = "stages=TMV TME TMS TMC CPV CAP AVV QGE QPO"
    done = subprocess.run(
        ["stilts", "taplint", f"tapurl={site}/tap", stages, "report=EWF"], capture_output=True, text=True
    )

    assert "Totals: Errors: 0; Warnings: 0; Failures: 0" in done.stdout, done.stdout
