"""During maintenance pages are readable, with a notice."""

import pytest

from provtap.database.connect import open_database
from provtap.ingest import ingest
from provtap.operation import maintenance
from provtap.web import create_app
from tests.ingest.logs import SAMPLES
from tests.web.site.conftest import BROWSER

FILE = "urn%3Auuid%3A9ae6f6a9-8f06-4944-b859-fa70c8bddb99"
RUN = "urn%3Auuid%3Afd7b8f94-914a-4166-b664-46d5b9919e89"
FAILED = "urn%3Auuid%3Aeffca102-4dde-41e0-a8e4-33a3894d0505"
PATHS = [
    "/",
    "/search?q=dl2",
    f"/entity/{FILE}",
    f"/activity/{RUN}",
    "/program/ctapipe-process",
    f"/impact/{FILE}",
    f"/lineage/{FILE}",
    f"/compare?a={RUN}&b={FAILED}",
    "/query",
    "/schema",
    "/jobs",
    "/help",
    "/tap",
    "/tap/examples",
]


@pytest.fixture(scope="module")
def closed(server, template, tableset):
    """A browser on a site that is closed for maintenance."""
    with server.copy(template) as settings, open_database(settings) as database:
        for path in SAMPLES:
            ingest(path, database, settings)
        maintenance.announce(database, "new <disks>", None, None)
        yield create_app(settings, database, tableset).test_client()


@pytest.mark.parametrize("path", PATHS)
def test_each_page_opens_and_has_the_banner(closed, path):
    """Site, section 6, point 14."""
    answer = closed.get(path, headers=BROWSER)

    assert answer.status_code == 200
    assert "Closed for maintenance" in answer.text
    assert "new &lt;disks&gt;" in answer.text
