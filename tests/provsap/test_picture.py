"""Pictures: what the SVG shows, as lxml reads it; and the tree of the terminal."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from provtap.provsap import write
from provtap.provsap.picture import DRAWN
from provtap.provsap.request import Direction
from provtap.provsap.tree import tree_lines
from tests.provsap.conftest import DL2, asked
from tests.provsap.stores import write_store

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}"
INTERRUPTED = "urn:uuid:effca102-4dde-41e0-a8e4-33a3894d0505"


def draw(graph, form="PROV-SVG"):
    return write(graph, asked("x", responseformat=form), "https://example.org/prov")


def nodes(svg, class_="node"):
    """Return for each node or edge its texts, its shape, its link and its tooltip."""
    for group in etree.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") == class_:
            text = " ".join(t.text for t in group.iter(f"{SVG}text"))
            shape = next((s for s in group.iter(f"{SVG}ellipse", f"{SVG}polygon")), None)
            anchor = next(group.iter(f"{SVG}a"), {})
            yield text, shape, anchor.get(f"{LINK}href"), anchor.get(f"{LINK}title")


def node(svg, text):
    [found] = [found for found in nodes(svg) if found[0].startswith(text)]
    return found


@pytest.fixture(scope="session")
def svg(sample):
    return draw(sample(DL2, depth=2, agents=1, context=0))


@pytest.mark.parametrize(
    "text, tag, fill",
    [
        ("step1_a.dl1.h5", "ellipse", "#fffc87"),
        ("ctapipe-process", "polygon", "#9fb1fc"),
        ("88 parameters", "polygon", "#cde8b5"),
    ],
)
def test_shapes_and_colours_are_those_of_prov(svg, text, tag, fill):
    """Section 4."""
    _, shape, _, _ = node(svg, text)

    assert (shape.tag.removeprefix(SVG), shape.get("fill")) == (tag, fill)


def test_each_thing_links_to_its_own_request(svg):
    _, _, link, _ = node(svg, "step1_a.dl1.h5")

    assert link.startswith("https://example.org/prov/provsap?")
    assert parse_qs(urlsplit(link).query) == {
        "ID": ["urn:uuid:b05bdc2b-23e6-4a68-90f4-3da4e7866fee"],
        "DEPTH": ["2"],
        "DIRECTION": ["BACK"],
        "RESPONSEFORMAT": ["PROV-SVG"],
    }


def test_tooltips_tell_the_attributes(svg):
    assert "location: /cta/provwork/run/step2_a.dl2.h5" in node(svg, "step2_a.dl2.h5")[3]
    assert "status: completed" in node(svg, "ctapipe-process 0.28.0")[3]


def test_roles_are_on_the_arrows(svg):
    assert {text for text, *_ in nodes(svg, "edge")} >= {"Event", "Tool Configuration", "DL1/Event"}


def test_the_root_is_bold_and_what_is_cut_is_dashed(svg):
    _, root, _, _ = node(svg, "step2_a.dl2.h5")
    _, cut, _, _ = node(svg, "step1_a.dl1.h5")
    _, end, _, _ = node(svg, "conf2.yaml")

    assert (root.get("stroke-width"), root.get("stroke-dasharray")) == ("3", None)
    assert cut.get("stroke-dasharray")
    assert end.get("stroke-dasharray") is None


def test_a_failed_run_is_seen(sample):
    _, box, _, _ = node(draw(sample(INTERRUPTED)), "ctapipe-process 0.28.0, interrupted (130)")

    assert box.get("stroke") == "#c00000"


def test_what_is_alike_is_folded_along_the_chain(database, look):
    """Section 4: 500 files, the 500 runs that made them, and their 500 inputs are three nodes."""
    numbers = [f"{n:03}" for n in range(500)]
    write_store(
        database,
        wasgeneratedby=[("all", "merge", "out"), *((f"dl1/{n}", f"run/{n}", "DL1") for n in numbers)],
        used=[
            *(("merge", f"dl1/{n}", "Event") for n in numbers),
            *((f"run/{n}", f"raw/{n}", "DL0") for n in numbers),
        ],
    )
    with database.transaction() as transaction:
        transaction.execute("UPDATE provenance.activity SET a_name = 'process' WHERE a_id LIKE 'run/%'")

    texts = sorted(text for text, *_ in nodes(draw(look("all", depth="ALL"))))

    assert texts == ["500 × DL0", "500 × Event", "500 × process", "all", "merge"]


def test_a_picture_of_more_nodes_than_can_be_read_says_so(database, look):
    write_store(database, used=[("run", f"e/{n:04}", f"role {n}") for n in range(1000)])

    svg = draw(look("run"))

    assert len(list(nodes(svg))) == DRAWN
    assert f"The nearest {DRAWN} of 1001 nodes" in svg.decode()
    assert node(svg, "run")[1].get("stroke-dasharray")


def test_a_picture_of_a_graph_that_was_cut_says_so(database, look):
    write_store(database, used=[("run", f"e/{n}") for n in range(20)])

    assert "The nearest 10 things; there are more" in draw(look("run", nodes=10)).decode()


@pytest.mark.parametrize("name", ['"', "\\", "\\N", "&amp;", "<b>", "a\nb", "\x01x", "→" * 160, "]", "%00"])
def test_names_with_any_character_are_drawn(database, look, name):
    write_store(database, used=[("run", name, name)])

    assert len(list(nodes(draw(look("run"))))) == 2


def test_png_and_dot(sample):
    graph = sample(DL2)

    assert draw(graph, "PROV-PNG").startswith(b"\x89PNG")
    assert draw(graph, "PROV-DOT").startswith(b"digraph provenance {")


def test_threads_may_draw_at_once(sample):
    """Graphviz can't: each picture is drawn in a process of its own."""
    graph = sample(DL2, depth=3)
    with ThreadPoolExecutor(4) as pool:
        drawn = set(pool.map(lambda _: draw(graph), range(6)))

    assert len(drawn) == 1


def test_the_command_line_starts_without_the_libraries_of_documents():
    """Lazy imports: what a command does not need is not loaded."""
    program = "import sys, provtap.cli, provtap.provsap; print({'prov', 'pygraphviz'} & sys.modules.keys())"

    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "set()"


# The tree


def tree(graph, direction="BACK"):
    return [re.sub(" <.*?>", "", line) for line in tree_lines(graph, Direction[direction])]


def test_a_tree_shows_roles_and_what_is_behind(sample):
    assert tree(sample(DL2, depth=2, agents=0, context=0)) == [
        "step2_a.dl2.h5",
        "└─ [DL1/Event] ctapipe-process 0.28.0",
        "   ├─ [Event] step1_a.dl1.h5 …",
        "   └─ [Tool Configuration] conf2.yaml",
    ]


def test_a_tree_marks_cycles_and_repetition(database, look):
    write_store(
        database, wasderivedfrom=[("a", "b"), ("a", "c"), ("b", "a"), ("b", "d"), ("c", "d"), ("d", "e")]
    )

    assert tree(look("a", depth="ALL")) == [
        "a",
        "├─ b",
        "│  ├─ a (cycle)",
        "│  └─ d",
        "│     └─ e",
        "└─ c",
        "   └─ d (above)",
    ]


def test_a_tree_goes_forth(database, look):
    write_store(database, wasderivedfrom=[("a", "b"), ("b", "c")])

    assert tree(look("c", depth=1, direction="FORTH"), "FORTH") == ["c", "└─ b …"]


def test_a_deep_tree_is_no_matter(database, look):
    chain = [f"e:{n:04}" for n in range(3000)]
    write_store(database, wasderivedfrom=list(zip(chain, chain[1:], strict=False)))

    assert len(tree(look("e:0000", depth="ALL"))) == 3000
