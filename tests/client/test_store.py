"""`provtap.connect`: a store read from Python, against a running service."""

import subprocess
import sys
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import networkx
import pytest
from prov.model import ProvDocument

import provtap
from provtap.client import notebook
from provtap.client.delivery import ProvNotFound
from provtap.client.store import Product
from provtap.client.tables import read_votable
from tests.compare.test_reading import A, B

DL2 = "step2_a.dl2.h5"
BEHIND = """
SELECT l_ancestor_id FROM provenance.lineage JOIN provenance.entity ON e_id = l_ancestor_id
WHERE l_descendant_id = '{}'"""


@pytest.fixture(scope="module")
def store(service):
    return provtap.connect(f"{service.url}/tap")


@pytest.fixture(scope="module")
def dl2(store):
    return store.product(DL2)


def test_a_product_is_found_by_every_name(store, dl2):
    """Id, path and file name; the address may be the site's or that of TAP."""
    assert store.product(dl2.id) == store.product(dl2.location) == dl2
    assert (dl2.name, dl2.kind, type(dl2.generated)) == (DL2, "DatasetEntity", datetime)
    assert provtap.connect(store.url.removesuffix("/tap")).product(DL2) == dl2


def test_a_run_has_what_it_was_configured_with(store):
    run = store.product("step1_a.dl1.h5").run

    assert (run.id, run.program, run.version, run.status) == (A, "ctapipe-process", "0.28.0", "completed")
    assert len(run.parameters) > 100
    assert {"DL0/Event", "environment"} <= set(run.inputs["role"])
    assert "step1_a.dl1.h5" in run.outputs["name"]


def test_a_table_has_the_types_of_its_columns(store):
    """Also of nulls; astropy gets the unit, the UCD and the description."""
    table = store.query(
        "SELECT a_id, a_starttime, a_comment, r_duration, 3 AS n FROM activity"
        f" JOIN provext.run ON r_activity_id = a_id WHERE a_id = '{A}'"
    )
    (row,) = table
    converted = table.to_table()

    assert [type(value) for value in row.values()] == [str, datetime, type(None), float, int]
    assert (row["a_id"], row["n"], table.overflow) == (A, 3, False)
    assert converted["r_duration"].unit == "s" and converted["a_comment"].mask.tolist() == [True]
    assert converted["r_duration"].dtype == "float64" and converted["a_id"].meta["ucd"]
    assert str(table.to_pandas().dtypes["n"]) == "int64"


def test_a_cut_table_says_so(store):
    table = store.query("SELECT a_id FROM activity", maxrec=1)

    assert (len(table), table.overflow) == (1, True)
    assert "the service has more" in table._repr_html_()
    assert len(store.query("SELECT a_id FROM activity WHERE a_id = 'x'").to_table()) == 0


def test_a_graph_is_that_of_the_store(store, dl2):
    """The same ancestors as provenance.lineage has."""
    graph = dl2.lineage()
    found = graph.to_networkx()
    expected = set(store.query(BEHIND.format(dl2.id))["l_ancestor_id"])
    entities = {node for node in networkx.descendants(found, dl2.id) if found.nodes[node]["kind"] == "entity"}

    assert entities == expected
    assert len(found) == len(graph) and found.number_of_edges() == len(graph.edges)
    assert {node.kind for node in graph.nodes.values()} == {"entity", "activity", "agent"}
    assert set(graph.to_table()["id"]) == set(graph.to_pandas()["id"]) == set(graph.nodes)
    assert isinstance(graph.to_prov(), ProvDocument)


def test_lineage_as_of_a_date(store, dl2):
    """A date or a time; before the first document there was nothing."""
    now = datetime.now(UTC)

    for as_of in (now, now.date(), f"{now:%Y-%m-%d}"):
        assert dl2.lineage(as_of=as_of).edges == dl2.lineage().edges
    with pytest.raises(ProvNotFound, match="The store was empty"):
        dl2.impact(as_of=date(2020, 1, 1))


def test_impact_is_lineage_the_other_way(store, dl2):
    raw = store.product("gamma_prod6_tel_event_header_v4.simtel.zst")

    assert dl2.id in raw.impact().nodes
    assert len(raw.impact(depth=1)) < len(raw.impact())


def test_a_comparison_is_that_of_provtap_diff(store):
    by_run, by_product = (
        store.run(A).diff(store.run(B)),
        store.product("step1_a.dl1.h5").diff("step1_b.dl1.h5"),
    )

    assert len(by_run.parameters) == 5 and by_run.differences == by_product.differences
    assert (by_run.inputs, by_run.software, by_run.steps, by_run.equal) == ((), (), (), False)
    assert by_run.to_table().colnames == list(by_run.to_pandas().columns)
    assert store.run(A).diff(A).equal


def test_everything_shows_itself_with_picture_and_table(store, dl2):
    for shown in (dl2, dl2.run, dl2.lineage()):
        page = shown._repr_html_()
        tree = ElementTree.fromstring(f"<div>{page}</div>")

        assert tree.find("table") is not None
        assert tree.find("img").get("src").startswith("data:image/svg+xml;base64,")
    assert "<table>" in store.run(A).diff(B)._repr_html_()


@pytest.mark.parametrize(
    "ask, kind, sentence",
    [
        (lambda store: store.product("nothing"), provtap.ProvNotFound, "Nothing has the name nothing."),
        (lambda store: store.product("it's"), provtap.ProvNotFound, "Nothing has the name it's."),
        (
            lambda store: store.product(A),
            provtap.ProvError,
            f"{A} is a run, not a product: read it with run().",
        ),
        (lambda store: store.run("nothing"), provtap.ProvNotFound, "There is no run nothing."),
        (lambda store: store.graph("nothing"), provtap.ProvNotFound, "Nothing has the name nothing."),
        (lambda store: store.diff("nothing", A), provtap.ProvNotFound, "Nothing has the name nothing."),
        (
            lambda store: store.product("twice.dl2.h5"),
            provtap.ProvError,
            "twice.dl2.h5 is the name of 2 products. Give the id of one of them: urn:",
        ),
        (
            lambda store: store.query("SELECT a_idd FROM activity"),
            provtap.ProvError,
            "Unknown column a_idd in provenance.activity.",
        ),
        (lambda store: store.run(A).diff(DL2), provtap.ProvError, f"{DL2} is a product and {A} is a run"),
        (lambda _: provtap.connect("ftp://x"), provtap.ProvError, "must be an http or https URL"),
        (
            lambda _: provtap.connect("http://127.0.0.1:1").query("SELECT 1"),
            provtap.ProvUnavailable,
            "cannot be reached",
        ),
    ],
)
def test_an_error_is_the_sentence_of_the_service(store, ask, kind, sentence):
    with pytest.raises(kind) as raised:
        ask(store)

    assert sentence in str(raised.value)


def test_a_missing_library_is_one_sentence(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "networkx", None)

    graph = store.graph(A, depth=1)
    for convert, needed in ((graph.to_pandas, "pandas"), (graph.to_networkx, "networkx")):
        with pytest.raises(ImportError, match=rf"^{convert.__name__}\(\) needs {needed}: install it, or the"):
            convert()


def test_text_of_the_store_is_escaped():
    """D9: text from the store is hostile."""
    hostile = "<script>alert(1)</script>\"'&"
    shown = [
        notebook.html_table(hostile, [hostile], [[hostile]]),
        notebook.html_facts(hostile, [(hostile, hostile)]),
        notebook.html_picture(b"<svg/>", hostile),
    ]

    for page in shown:
        tree = ElementTree.fromstring(f"<div>{page}</div>")
        assert hostile in [*tree.itertext(), *(each.get("alt") for each in tree.iter())]
        assert tree.find(".//script") is None


def test_a_thing_shows_itself_while_the_service_is_away():
    """The facts are there, escaped, and a sentence in place of the picture."""
    hostile = "<img src=x onerror=alert(1)>"
    product = Product(provtap.connect("http://127.0.0.1:1"), hostile, name=hostile, comment=hostile)
    tree = ElementTree.fromstring(f"<div>{product._repr_html_()}</div>")

    assert [*tree.itertext()].count(hostile) == 3 and tree.find(".//img") is None
    assert "cannot be reached" in tree.find("p").text


def test_a_document_that_fails_at_its_end_is_an_error():
    """TAP 1.1: QUERY_STATUS after the table."""
    head = b'<VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>'
    failed = head + b'<INFO name="QUERY_STATUS" value="ERROR">It ended.</INFO></RESOURCE></VOTABLE>'

    with pytest.raises(provtap.ProvError, match=r"^It ended\.$"):
        read_votable([failed])
    with pytest.raises(provtap.ProvError, match="no valid VOTable"):
        read_votable([head])


def test_connecting_imports_the_standard_library_only():
    program = (
        "import sys, provtap; provtap.connect('http://127.0.0.1:1');"
        "print({'astropy', 'numpy', 'pandas', 'prov', 'networkx', 'flask', 'click'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
