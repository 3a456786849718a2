"""The service in a real browser: its pages under its own policy, and programs in pages of other sites."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from lxml import etree

from tests.acceptance.browser import CHROMIUM, visit

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="the program chromium is not installed")

QUERY = "SELECT TOP 3 a_name, r_duration FROM provenance.activity JOIN provext.run ON r_activity_id = a_id"
RESULT = f"/tap/sync?RESPONSEFORMAT=html&QUERY={quote(QUERY)}"


@pytest.mark.parametrize("path", ["/", "/tap/", "/tap/examples", RESULT, "/tap/capabilities"])
def test_nothing_of_a_page_breaks_the_policy(live, path):
    """Style sheets are applied, also where the host has another name than that of the base URL."""
    page, complaints = visit(f"http://localhost:{live.port}{path}")

    assert "</" in page
    assert complaints == []


PROGRAM = """<!DOCTYPE html><body><script>
async function tell() {
  const tap = "TAP/async", form = text => ({method: "POST", body: new URLSearchParams(text)});
  const job = (await fetch(tap, form("LANG=ADQL&QUERY=SELECT+1+AS+n+FROM+tap_schema.schemas"))).url;
  await fetch(job + "/phase", form("PHASE=RUN"));
  let phase = "";
  while (!["COMPLETED", "ERROR"].includes(phase)) phase = await (await fetch(job + "/phase")).text();
  const result = await (await fetch(job + "/results/result")).text();
  const list = await (await fetch(tap)).text();
  const told = {phase: phase, result: result.includes("<TD>1</TD>"), listed: list.includes("jobref")};
  document.body.textContent = JSON.stringify(told);
}
tell().catch(error => document.body.textContent = error);
</script></body>"""


@pytest.fixture
def page(tap_url):
    """The address of a page of another site, whose program uses the service."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PROGRAM.replace("TAP", tap_url).encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=[0.05]).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


def test_a_program_in_a_foreign_page_has_its_own_jobs_only(page):
    """It creates, follows and reads a job by its address, and is shown no list (HTTP-4)."""
    text, complaints = visit(page, "--virtual-time-budget=60000", "--timeout=60000")
    told = etree.HTML(text).findtext("body")

    assert told == '{"phase":"COMPLETED","result":true,"listed":false}'
    assert complaints == [] or all("favicon" in line for line in complaints)
