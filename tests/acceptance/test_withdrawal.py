"""A calibration among ten thousand products is withdrawn: what is affected, who learns of it, and its end.

What the service tells is compared with the descendants that networkx finds in the same graph.
"""

import csv
import io
import json
import random
import re
import xml.etree.ElementTree as ElementTree
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import networkx
import pytest
import requests
from click.testing import CliRunner

from provtap.commands import main
from provtap.database.connect import open_database
from provtap.ingest import ingest_content
from provtap.ingest.rebuild import reingest, undo
from provtap.operation.accounts import create
from tests.conftest import database_name
from tests.live import environment, live_server

PRODUCTS = 10_000
CALIBRATION = "urn:night:cal 7/é"


@pytest.fixture(scope="module")
def graph():
    """Products of runs that each use up to three earlier products and perhaps a calibration."""
    chance = random.Random(20)
    graph = networkx.DiGraph()
    graph.add_node(CALIBRATION)
    for number in range(PRODUCTS):
        recent = range(max(0, number - 400), number)
        used = chance.sample(recent, min(len(recent), chance.randint(0, 3)))
        graph.add_edges_from((f"urn:p:{each}", f"urn:p:{number}") for each in used)
        if chance.random() < 0.004:
            graph.add_edge(CALIBRATION, f"urn:p:{number}")
        graph.add_node(f"urn:p:{number}")
    return graph


@pytest.fixture(scope="module")
def settings(server, template, graph):
    """A store of these products, with accounts."""
    url = server.create(database_name(template.database_url))
    filled = replace(template, database_url=url, accounts=True)
    with open_database(filled) as database:
        for first in range(0, PRODUCTS, 2_000):
            numbers = range(first, first + 2_000)
            ingest_content(_records(graph, numbers), f"{first}", database, filled, format="records")
    yield filled
    server.drop(url)


def _records(graph, numbers):
    edges = [(source, n) for n in numbers for source in graph.predecessors(f"urn:p:{n}")]
    owners = ("urn:x:maria", "urn:x:jan")
    document = {
        "Agent": [{"id": id_, "name": id_[6:].title(), "email": f"{id_[6:]}@example.org"} for id_ in owners],
        "Activity": [{"id": f"urn:a:{n}"} for n in numbers],
        "DatasetEntity": [
            *({"id": f"urn:p:{n}", "name": f"p{n}.fits", "location": f"/data/p{n}.fits"} for n in numbers),
            {"id": CALIBRATION, "name": "cal 7.fits"},
        ],
        "Used": [{"activity": f"urn:a:{n}", "entity": source} for source, n in edges],
        "WasGeneratedBy": [{"activity": f"urn:a:{n}", "entity": f"urn:p:{n}"} for n in numbers],
        "WasAttributedTo": [{"entity": f"urn:p:{n}", "agent": owners[n % 2]} for n in numbers],
    }
    return json.dumps(document).encode()


@pytest.fixture(scope="module")
def token(settings):
    with open_database(settings) as database:
        return create(database, "maria", ["read", "write"])


class Restarted:
    """A service that can be restarted; its URL is then another one."""

    def __init__(self, settings, tmp_path_factory):
        self._start = lambda: live_server(
            settings, tmp_path_factory.mktemp("live") / "serve.log", "--no-worker"
        )
        self._stack = ExitStack()
        self.url = self._stack.enter_context(self._start()).url

    def restart(self):
        self.stop()
        self.url = self._stack.enter_context(self._start()).url
        return self.url

    def stop(self):
        self._stack.close()


@pytest.fixture(scope="module")
def service(settings, tmp_path_factory):
    with closing_service(Restarted(settings, tmp_path_factory)) as service:
        yield service


@contextmanager
def closing_service(service):
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture
def url(service):
    return service.url


class Reader:
    """A reader of the feed, which keeps the cursor and all that it was told."""

    def __init__(self, **parameters):
        self.parameters = {"after": 0, "limit": 97} | parameters
        self.events = []

    def read(self, url):
        more = True
        while more:
            feed = requests.get(f"{url}/feed.json", self.parameters).json()
            self.events += [(n["event"], n["product"]) for n in (i["_provtap"] for i in feed["items"])]
            self.parameters["after"], more = feed["_provtap"]["after"], feed["_provtap"]["more"]
        return self

    def products(self, event):
        found = [product for each, product in self.events if each == event]
        assert len(found) == len(set(found))
        return set(found)


def ask(url, adql):
    given = {"LANG": "ADQL", "QUERY": adql, "RESPONSEFORMAT": "csv", "MAXREC": 100_000}
    answer = requests.post(f"{url}/tap/sync", given)
    answer.raise_for_status()
    return {row[0] for row in list(csv.reader(io.StringIO(answer.text)))[1:]}


def affected_by_csv(url):
    answer = requests.get(f"{url}/affected", {"id": CALIBRATION, "format": "csv"})
    answer.raise_for_status()
    return list(csv.DictReader(io.StringIO(answer.text)))


def affected_on_page(url):
    return set(requests.get(f"{url}/impact", {"id": CALIBRATION, "format": "ids"}).text.split())


def act(url, token, path, **wish):
    return requests.post(f"{url}/api/v1/{path}", json=wish, headers={"Authorization": f"Bearer {token}"})


def page(url, id_):
    return requests.get(f"{url}/entity", {"id": id_}, headers={"Accept": "application/xhtml+xml"}).text


def test_what_is_affected_is_told_everywhere_once_and_taken_back(graph, settings, token, service, url):
    """The same products in provext.affected, on the page, in the list and in the feed, and none twice."""
    descendants = networkx.descendants(graph, CALIBRATION)
    slow, fast, owned = Reader(), Reader(), Reader(agent="Maria")
    fast.read(url)

    wish = {"reason": "The <lamp> failed.", "kind": "defective", "since": "2026-11-02T00:00:00Z"}
    answer = act(url, token, "withdrawals", ids=[CALIBRATION], **wish)

    assert (answer.status_code, answer.json()["affected"]) == (201, len(descendants))
    assert 1_000 < len(descendants) < PRODUCTS
    assert ask(url, "SELECT af_entity_id FROM provext.affected") == descendants
    rows = affected_by_csv(url)
    assert [next(iter(row)) for row in rows[:1]] == ["af_entity_id"]
    assert {row["af_entity_id"] for row in rows} == descendants and len(rows) == len(descendants)
    assert {(row["ow_names"], row["ow_emails"]) for row in rows} == {
        ("Maria", "maria@example.org"),
        ("Jan", "jan@example.org"),
    }
    assert affected_on_page(url) == descendants
    banner = page(url, CALIBRATION)
    assert "The &lt;lamp&gt; failed." in banner and "defective" in banner and "maria" in banner
    assert "Made from something withdrawn." in page(url, min(descendants))

    fast.read(url)
    assert fast.products("affected") == descendants
    assert fast.products("withdrawn") == {CALIBRATION}
    assert owned.read(url).products("affected") == {each for each in descendants if int(each[6:]) % 2 == 0}

    again = service.restart()
    first_page = requests.get(f"{again}/feed.json", {"after": 0, "limit": 97}).json()
    slow.events += [(i["_provtap"]["event"], i["_provtap"]["product"]) for i in first_page["items"]]
    slow.parameters["after"] = first_page["_provtap"]["after"]
    with open_database(settings) as database:
        assert reingest(database, settings).changes == ()
    assert fast.read(again).products("affected") == descendants
    assert slow.read(again).products("affected") == descendants
    assert ask(again, "SELECT af_entity_id FROM provext.affected") == descendants

    assert act(again, token, "reinstatements", ids=[CALIBRATION]).json()["affected"] == len(descendants)
    assert ask(again, "SELECT af_entity_id FROM provext.affected") == set()
    assert "Made from something withdrawn." not in page(again, min(descendants))
    assert requests.get(f"{again}/affected.csv", {"id": CALIBRATION}).status_code == 400
    for reader in (fast.read(again), slow.read(again)):
        assert reader.products("cleared") == descendants
        assert reader.products("reinstated") == {CALIBRATION}

    ingestion = act(again, token, "withdrawals", ids=[CALIBRATION], reason="Again.").json()["ingestion"]
    with open_database(settings) as database:
        undo(ingestion, database, settings)
    assert ask(again, "SELECT af_entity_id FROM provext.affected") == set()
    assert [event for event, id_ in fast.read(again).events if id_ == CALIBRATION] == [
        *("withdrawn", "reinstated"),
        *("withdrawn", "reinstated"),
    ]


def test_the_feed_is_atom_and_json_feed(url, token):
    """RFC 4287; JSON Feed 1.1."""
    act(url, token, "withdrawals", ids=["urn:p:1"], reason="Bad & <bad>\u0001.", kind="lost")
    atom = requests.get(f"{url}/feed", headers={"Accept": "application/atom+xml"})
    root = ElementTree.fromstring(atom.content)
    name = "{http://www.w3.org/2005/Atom}"

    assert atom.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    entries = root.findall(f"{name}entry")
    assert len({entry.findtext(f"{name}id") for entry in entries}) == len(entries) == 100
    assert root.findtext(f"{name}title") == "ProvTAP: withdrawn products"
    assert all(root.findtext(f"{name}{each}") for each in ("id", "updated"))
    told = requests.get(f"{url}/feed", headers={"Accept": "application/feed+json"}).json()
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in told["items"]] == [entry.findtext(f"{name}id") for entry in entries]
    [item] = [i for i in Items(url) if i["_provtap"]["event"] == "withdrawn" and "lost" in i["tags"]]
    assert item["title"] == "p1.fits was withdrawn (lost)"
    assert requests.get(item["url"]).status_code == 200
    assert requests.get(f"{url}/feed", {"after": "x"}).status_code == 400
    assert requests.get(f"{url}/feed", {"agent": "Nobody"}).status_code == 404
    assert act(url, token, "reinstatements", ids=["urn:p:1"]).status_code == 201


class Items:
    """All items of the feed."""

    def __init__(self, url):
        self.url = url

    def __iter__(self):
        address = f"{self.url}/feed.json?after=0&limit=1000"
        while address:
            feed = requests.get(address).json()
            yield from feed["items"]
            address = feed.get("next_url")


def test_products_are_withdrawn_on_their_page_by_accounts_only(url, settings, token):
    """A browser sends the token by Basic; a form of another site is refused."""
    address = f"{url}/withdraw"
    html = {"Accept": "application/xhtml+xml"}
    account = ("maria", token)
    with open_database(settings) as database:
        reading = create(database, "jan", ["read"])

    assert f"{'/withdraw'}?id=urn%3Ap%3A2" in page(url, "urn:p:2")
    nobody = requests.get(address, {"id": "urn:p:2"}, headers=html)
    assert nobody.status_code == 401 and "Basic" in nobody.headers["WWW-Authenticate"]
    assert requests.get(address, {"id": "urn:p:2"}, auth=("jan", reading), headers=html).status_code == 403
    form = requests.get(address, {"id": "urn:p:2"}, auth=account, headers=html).text
    [secret] = re.findall('name="TOKEN" value="([0-9a-f]+)"', form)
    given = {"id": "urn:p:2", "action": "withdraw", "kind": "lost", "reason": "Tape 7 is broken."}

    for wrong in ({"TOKEN": ""}, {"TOKEN": "0" * 64}):
        refused = requests.post(address, given | wrong, auth=account)
        assert refused.status_code == 403
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert requests.post(address, given | {"TOKEN": secret}, auth=account, headers=foreign).status_code == 403
    assert ask(url, "SELECT w_entity_id FROM provext.withdrawal WHERE w_entity_id = 'urn:p:2'") == set()

    done = requests.post(address, given | {"TOKEN": secret}, auth=account, allow_redirects=False)
    assert (done.status_code, done.headers["Location"]) == (303, "/entity/urn%3Ap%3A2")
    assert "Tape 7 is broken." in page(url, "urn:p:2")
    again = requests.post(address, given | {"TOKEN": secret}, auth=account)
    assert again.status_code == 400 and "urn:p:2 is already withdrawn." in again.text
    back = {"id": "urn:p:2", "action": "reinstate", "TOKEN": secret}
    assert requests.post(address, back, auth=account).status_code == 200
    assert "Tape 7 is broken." not in page(url, "urn:p:2")


@pytest.fixture
def provtap(settings):
    """Run a command on the store, or with --url on a service."""

    def provtap(*arguments, **variables):
        given = environment(settings, 1) | variables
        return CliRunner().invoke(main, arguments, env=given)

    return provtap


@pytest.mark.parametrize("where", ["here", "there"])
def test_commands_work_here_and_there(provtap, url, graph, token, where):
    options, variables = (), {}
    if where == "there":
        options, variables = ("--url", url), {"PROVTAP_TOKEN": token}
    run = lambda *arguments: provtap(*arguments, *options, **variables)  # noqa: E731
    affected = networkx.descendants(graph, "urn:p:9000")

    first = run("withdraw", "/data/p9000.fits", "--reason", "Wrong sky.", "--successor", "urn:p:9001")
    assert first.exit_code == 0, first.stderr
    assert re.fullmatch(
        rf"urn:p:9000 is withdrawn \(ingestion \d+\)\.\n{len(affected)} products are affected\.\n",
        first.stdout,
    )
    told = run("affected", "urn:p:9000", "--format", "csv")
    assert {row["af_entity_id"] for row in csv.DictReader(io.StringIO(told.stdout))} == affected
    twice = run("withdraw", "urn:p:9000", "--reason", "Again.")
    assert (twice.exit_code, twice.stderr) == (1, "provtap: urn:p:9000 is already withdrawn.\n")
    query = ("--query", "SELECT e_id FROM entity WHERE e_name LIKE 'p999%'")
    whole = run("withdraw", *query, "--reason", "All of it.")
    assert whole.exit_code == 1
    assert whole.stderr.startswith(
        "provtap: The query selects 11 entities. Confirm that all of them are meant:"
    )
    rehearsed = run("withdraw", *query, "--yes", "--reason", "All of it.", "--dry-run")
    assert rehearsed.stdout.startswith("11 products would be withdrawn, and ")
    ended = run("reinstate", "urn:p:9000", "--json")
    assert json.loads(ended.stdout)["affected"] == len(affected)
    nothing = run("affected", "urn:p:9000")
    assert nothing.exit_code == 1 and "urn:p:9000 is not withdrawn." in nothing.stderr


def test_documents_of_provsap_mark_what_is_withdrawn_and_what_was_made_from_it(url, token, graph):
    product = min(networkx.descendants(graph, "urn:p:9000"))
    act(url, token, "withdrawals", ids=["urn:p:9000"], reason="Wrong sky.", kind="superseded")
    given = {"ID": product, "DEPTH": "ALL"}
    document = requests.get(f"{url}/provsap", given).json()
    table = requests.get(f"{url}/provsap", given | {"RESPONSEFORMAT": "PROV-VOTABLE"}).text
    tree = requests.get(f"{url}/provsap", given | {"RESPONSEFORMAT": "PROV-TREE"}).text
    picture = requests.get(f"{url}/provsap", given | {"RESPONSEFORMAT": "PROV-SVG"}).text
    act(url, token, "reinstatements", ids=["urn:p:9000"])

    marks = {
        name: each
        for name, each in document["entity"].items()
        if {"provtap:withdrawn", "provtap:affectedBy"} & {*each}
    }
    assert {each.get("provtap:withdrawnReason") for each in marks.values()} >= {"Wrong sky."}
    assert any(each.get("provtap:affectedBy") == "urn:p:9000" for each in marks.values())
    assert "superseded" in table and "affected_by" in table
    assert "withdrawn (superseded)" in tree and "made from something withdrawn" in tree
    assert "withdrawn (superseded)" in picture
    assert "withdrawn" not in requests.get(f"{url}/provsap", given).text


@pytest.mark.parametrize(
    ("wish", "status", "message"),
    [
        ({"ids": ["urn:none"], "reason": "r"}, 404, "Nothing has the name urn:none."),
        ({"ids": ["urn:p:3"]}, 400, "A withdrawal needs a reason"),
        ({"ids": "urn:p:3", "reason": "r"}, 400, "must be an array"),
        ({"ids": ["urn:p:3"], "reason": "r", "kin": "lost"}, 400, "Did you mean kind?"),
        ({"ids": ["urn:p:3"], "reason": "r", "confirm": 1}, 400, "must be true or false"),
        ({"query": "SELECT e_id FROM entity", "reason": "r"}, 400, "The query selects 10001 entities."),
        ({"query": "SELECT e_idd FROM entity", "reason": "r"}, 400, "Did you mean e_id?"),
        ([], 400, "the body must be one JSON object"),
    ],
)
def test_the_api_says_what_is_wrong(url, token, wish, status, message):
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k1"}
    answer = requests.post(f"{url}/api/v1/withdrawals", json=wish, headers=headers)

    assert answer.status_code == status
    error = answer.json()["error"]
    assert message in f"{error['message']} {error.get('hint', '')}"
    assert ask(url, "SELECT w_entity_id FROM provext.withdrawal WHERE w_until IS NULL") == set()
