"""Programs in pages of other sites, under the policy of the service."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.window import window

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
def page(demo):
    """The address of a page of another site, whose program uses the service."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PROGRAM.replace("TAP", f"{demo.url}/tap").encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=[0.05]).start()
        yield f"http://localhost:{server.server_address[1]}/"
        server.shutdown()


def test_a_program_in_a_foreign_page_has_its_own_jobs_only(browser, page):
    """It creates, follows and reads a job by its address, and is shown no list (HTTP-4)."""
    with window(browser) as seen:
        seen.page.goto(page)
        told = seen.page.wait_for_function(
            "!document.scripts.length && document.body.textContent"
        ).json_value()

        assert told == '{"phase":"COMPLETED","result":true,"listed":false}'
        assert seen.complaints == [] or all("favicon" in line for line in seen.complaints)
