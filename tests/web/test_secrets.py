"""Anonymous users must not learn the role, host, port, socket, database and settings of the server."""

import logging
import re
from dataclasses import replace

import pytest

from provtap.database.connect import open_database
from provtap.web import create_app
from provtap.web.jobs import stop_waiting

QUERY = {"QUERY": "SELECT a_id FROM provenance.activity", "LANG": "ADQL"}
REFERENCE = re.compile(r"The log of the service gives the reason under ([0-9a-f]{8})\.")


def away(settings):
    """Return settings of a server that nobody can reach."""
    return replace(
        settings,
        accounts=True,
        read_url=None,
        database_url="postgresql://xyzzy_role:xyzzy_word@127.0.0.1:1/xyzzy_database",
    )


def several(settings):
    """Return settings with two servers for queries, of which none answers."""
    return replace(
        away(settings),
        read_url="host=/xyzzy_socket,127.0.0.1 port=1,1 user=xyzzy_role dbname=xyzzy_database",
    )


def unready(settings):
    """Return settings of a database where nobody ran init for these roles."""
    return replace(settings, role_prefix="xyzzy_role_", accounts=True)


def unknown(settings):
    """Return settings with a login for queries that PostgreSQL does not know."""
    return replace(settings, read_url=f"{settings.database_url} user=xyzzy_role", accounts=True)


def requests(client):
    """Yield the answer to one request of each kind that there is."""
    for rule in client.application.url_map.iter_rules():
        path = str(rule).replace("<job_id>", "0" * 32)
        path = re.sub("<[^>]*>", "x", path)
        for method in rule.methods - {"OPTIONS"}:
            yield path, client.open(path, method=method, query_string={"ID": "x"} if method == "GET" else {})
    for form in ("votable", "csv", "json", "html", "fits"):
        yield form, client.post("/tap/sync", data=QUERY | {"RESPONSEFORMAT": form})
    yield (
        "token",
        client.post(
            "/api/v1/documents", data=b"{}", headers={"Authorization": f"Bearer provtap_{'0' * 8}_{'A' * 43}"}
        ),
    )


@pytest.mark.parametrize("broken", [away, several, unready, unknown])
def test_no_answer_names_parts_of_the_server(settings, tableset, caplog, broken):
    """All endpoints, with different failures of PostgreSQL; omitted details are in the log."""
    faulty = broken(replace(settings, connection_wait=1.0))
    private = ["xyzzy", "127.0.0.1:1/", "127.0.0.1:1 ", "PROVTAP_", "pg_hba", "FATAL", "socket", "psycopg"]
    if broken is unknown:
        private.append(str(settings.data_dir))
    references = set()
    with caplog.at_level(logging.WARNING), open_database(faulty) as database:
        app = create_app(faulty, database, tableset)
        for what, answer in requests(app.test_client()):
            text = answer.get_data(as_text=True) + str(answer.headers)
            if what == "/tap/registry":  # it says what to set (REG-31)
                text = text.replace("PROVTAP_", "")
            assert [word for word in private if word in text] == [], (what, text)
            references.update(REFERENCE.findall(text))
        stop_waiting(app)

    assert references
    logged = {message.partition(":")[0]: message for message in caplog.messages}
    assert references <= logged.keys()
    assert any("xyzzy" in logged[reference] for reference in references)
