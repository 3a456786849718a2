"""Pictures: the content of the SVG, read with lxml; and the tree of the terminal."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from lxml import etree

from provtap.errors import Busy
from provtap.provsap import write
from provtap.provsap.picture import CONFIGURED, DRAWN, Picture
from provtap.provsap.place import best_placed
from provtap.provsap.render import _AT_ONCE, render
from provtap.provsap.request import Direction
from provtap.provsap.svg import svg as svg_of_page
from provtap.provsap.tree import tree_lines
from tests.provsap.conftest import DL2, asked
from tests.provsap.stores import COLLECTIONS, LOOPS, write_store

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}"
INTERRUPTED = "urn:uuid:effca102-4dde-41e0-a8e4-33a3894d0505"


def draw(graph, form="PROV-SVG", **given):
    return write(graph, asked("x", responseformat=form, **given), "https://example.org/prov")


def nodes(svg, class_="n"):
    """Return for each node (n) or edge (e) its texts, its shape, its link and its tooltip."""
    for group in etree.fromstring(svg).iter(f"{SVG}g"):
        if class_ in group.get("class", "").split():
            text = " ".join(t.text for t in group.iter(f"{SVG}text"))
            shapes = group.iter(f"{SVG}ellipse", f"{SVG}rect", f"{SVG}polygon")
            shape = next((s for s in shapes if s.get("class") == "shape"), None)
            yield text, shape, group.getparent().get("href"), group.findtext(f"{SVG}title")


def marks(shape):
    """Return the classes of a node, which the style sheet draws it by."""
    return set(shape.getparent().get("class").split())


def node(svg, text):
    [found] = [found for found in nodes(svg) if found[0].startswith(text)]
    return found


@pytest.fixture(scope="session")
def svg(sample):
    return draw(sample(DL2, depth=2, agents=1, context=0))


@pytest.mark.parametrize(
    "text, tag, kind, fill",
    [
        ("step1_a.dl1.h5", "ellipse", "n-entity", "#fffc87"),
        ("ctapipe-process", "rect", "n-activity", "#9fb1fc"),
        ("88 parameters", "rect", "n-configuration", "#cde8b5"),
    ],
)
def test_shapes_and_colours_are_those_of_prov(svg, text, tag, kind, fill):
    """Section 4: a document of its own brings its style."""
    _, shape, _, _ = node(svg, text)
    style = etree.fromstring(svg).findtext(f"{SVG}style")

    assert (shape.tag.removeprefix(SVG), kind in marks(shape)) == (tag, True)
    assert f".{kind} .shape {{ fill: {fill}" in style


def test_each_thing_links_to_its_page(svg):
    _, _, link, _ = node(svg, "step1_a.dl1.h5")

    assert link == "https://example.org/prov/entity/urn%3Auuid%3Ab05bdc2b-23e6-4a68-90f4-3da4e7866fee"


def test_tooltips_show_the_attributes(svg):
    assert "location: /cta/provwork/run/step2_a.dl2.h5" in node(svg, "step2_a.dl2.h5")[3]
    assert "status: completed" in node(svg, "ctapipe-process 0.28.0")[3]


def test_roles_are_on_the_arrows(svg):
    assert {text for text, *_ in nodes(svg, "e")} >= {"Event", "Tool Configuration", "DL1/Event"}


def test_the_root_is_bold_and_cut_nodes_are_dashed(svg):
    _, root, _, _ = node(svg, "step2_a.dl2.h5")
    _, cut, _, _ = node(svg, "step1_a.dl1.h5")
    _, end, _, _ = node(svg, "conf2.yaml")

    assert marks(root) == {"n", "n-entity", "here"}
    assert marks(cut) == {"n", "n-entity", "more"}
    assert marks(end) == {"n", "n-entity"}


def test_attributes_are_written_beside_things_on_request(sample):
    """Section 1, ATTRIBUTES."""
    svg = draw(sample(DL2, agents=0), attributes=1)
    notes = [text for text, *_ in nodes(svg) if text.startswith("id: ")]

    assert len(notes) == 2
    assert "location: /cta/provwork/run/step2_a.dl2.h5" in notes[0]
    assert "status: completed exitcode: 0 host: vm" in notes[1]
    assert not any(text.startswith("id: ") for text, *_ in nodes(draw(sample(DL2))))


@pytest.mark.parametrize("name", [r"a\n", r"b\\l", '"', "x\ny", "<&amp;>"])
def test_attributes_of_any_text_are_drawn_as_they_are(database, look, name):
    write_store(database, used=[("run", "file")])
    with database.transaction() as transaction:
        transaction.execute("UPDATE provenance.entity SET e_comment = %(name)s", name=name)

    svg = draw(look("run", context=1), attributes=1, context=1)

    assert f"id: file comment: {' '.join(name.split())}" in {text for text, *_ in nodes(svg)}


@pytest.mark.parametrize("gd, later, earlier", [("LR", 0, 1), ("RL", 1, 0), ("TB", 0, 1), ("BT", 1, 0)])
def test_arrows_point_in_the_direction_of_gd(sample, gd, later, earlier):
    """Section 1, GD: the run stands left of, right of, above or below the file that it used."""
    svg = draw(sample(DL2, depth=2), gd=gd)
    axis = 0 if gd in {"LR", "RL"} else 1
    boxes = {
        name: place(node(svg, text)[1])[axis] for name, text in [("root", "step2_a"), ("used", "step1_a")]
    }

    assert sorted(boxes.values()).index(boxes["root"]) == later
    assert sorted(boxes.values()).index(boxes["used"]) == earlier


def place(ellipse):
    return float(ellipse.get("cx")), float(ellipse.get("cy"))


def test_three_similar_things_are_folded_and_two_are_not(database, look):
    """The common end of names is shown; things with different origins are not similar."""
    write_store(
        database,
        used=[
            *(("merge", f"{n}.dl1.h5", "in") for n in range(4)),
            ("merge", "c/1", "flat"),
            ("merge", "c/2", "flat"),
        ],
        wasgeneratedby=[("3.dl1.h5", "process", "out")],
    )
    with database.transaction() as transaction:
        transaction.execute("UPDATE provenance.entity SET e_name = e_id")

    texts = sorted(text for text, *_ in nodes(draw(look("merge", depth=2))))

    assert texts == ["3 × *.dl1.h5", "3.dl1.h5", "c/1", "c/2", "merge", "process"]


def test_a_group_that_is_opened_leaves_the_others_folded(database, look):
    """The site unfolds one group of a picture: there are as many shapes more as it has members less one."""
    files = [("merge", f"file {n}", "in") for n in range(5)]
    write_store(database, used=[*files, *(("merge", f"flat {n}", "calibration") for n in range(4))])
    graph = look("merge")
    folded = Picture(graph)
    group = next(shape for shape in folded.shapes if len(shape.members) == 5)

    opened = Picture(graph, opened={group.members[0].id})

    assert len(folded.shapes) == 3
    assert len(opened.shapes) == len(folded.shapes) + 4
    assert sorted(arrow.count for arrow in folded.arrows) == [4, 5]


def test_separate_things_are_not_folded(database, look):
    write_store(database, used=[("merge", f"{n}", "in") for n in range(5)])
    picture = Picture(look("merge"), apart={"3"})

    assert sorted(shape.lines[0] for shape in picture.shapes) == ["3", "4 × in", "merge"]


def test_a_picture_for_a_page_has_no_style_of_its_own(sample):
    """Shapes are dimmed that do not match what is looked for; a page gives the colours."""
    layout = best_placed(Picture(sample(DL2, depth=2, agents=0, context=0)), 800, 600)
    drawn = svg_of_page(
        layout, lambda key: f"/entity/{key.id}", "Lineage", lambda shape: shape.kind == "activity"
    )

    assert "<style" not in drawn
    assert "style=" not in drawn
    assert "dim" in marks(node(drawn, "step1_a")[1])
    assert "dim" not in marks(node(drawn, "ctapipe-process")[1])
    assert node(drawn, "step1_a")[2] == "/entity/urn:uuid:b05bdc2b-23e6-4a68-90f4-3da4e7866fee"
    assert layout.width / layout.height < 800 / 600 * 4


def test_many_runs_show_their_parameters_only_in_tooltips(database, look):
    """A note beside each would double the picture."""
    runs = [f"run {n}" for n in range(CONFIGURED + 1)]
    write_store(database, used=[(run, f"file {run}", "in") for run in runs])
    with database.transaction() as transaction:
        rows = [(run, run, "level", "1") for run in runs]
        transaction.copy("provenance.parameter", ["p_id", "p_activity_id", "p_name", "p_value"], rows)

    many, few = draw(look(*runs)), draw(look(*runs[1:]))

    assert "1 parameter" not in {text for text, *_ in nodes(many)}
    assert node(many, "run 3")[3].endswith("1 parameter")
    assert [text for text, *_ in nodes(few)].count("1 parameter") == CONFIGURED


def test_a_failed_run_is_seen(sample):
    _, box, _, _ = node(draw(sample(INTERRUPTED)), "ctapipe-process 0.28.0, interrupted (130)")

    assert "bad" in marks(box)


def test_similar_things_are_folded_along_the_chain(database, look):
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


def test_many_roles_are_folded_where_nothing_else_helps(database, look):
    """Section 4: limit and say so. Files of one role in a place of few stay apart from others."""
    runs = [f"{n:02}" for n in range(40)]
    write_store(
        database,
        used=[
            *(("stack", f"dl2/{n}", f"month {n}") for n in runs),
            *((f"run/{n}", f"dl1/{n}", "DL1") for n in runs),
            *((f"run/{n}", "model", "model") for n in runs),
        ],
        wasgeneratedby=[(f"dl2/{n}", f"run/{n}", "DL2") for n in runs],
    )
    with database.transaction() as transaction:
        transaction.execute("UPDATE provenance.activity SET a_name = 'reconstruct' WHERE a_id LIKE 'run/%'")

    svg = draw(look("stack", depth="ALL"))

    texts = sorted(text for text, *_ in nodes(svg))
    assert texts == ["40 × DL1", "40 × Entity", "40 × reconstruct", "model", "stack"]
    assert "40 roles" in {text for text, *_ in nodes(svg, "e")}
    assert "even if their roles differ" in svg.decode()


def test_things_of_many_names_are_folded_where_nothing_else_helps(database, look):
    write_store(database, used=[(f"tool {n}", "calibration", "in") for n in range(100)])
    with database.transaction() as transaction:
        transaction.execute("INSERT INTO provext.run (r_activity_id, r_status) VALUES ('tool 7', 'error')")

    svg = draw(look("calibration", direction="FORTH"))

    assert sorted(text for text, *_ in nodes(svg)) == ["99 × activity", "calibration", "tool 7 error"]
    assert "even if their names differ" in svg.decode()


def test_a_chain_that_is_too_long_becomes_a_loop(database, look):
    """More nodes than a picture may have: similar things are folded wherever they occur."""
    steps = range(200)
    write_store(
        database,
        wasgeneratedby=[(f"e{n + 1}", f"a{n}", "out") for n in steps],
        used=[(f"a{n}", f"e{n}", "in") for n in steps],
    )
    with database.transaction() as transaction:
        transaction.execute("UPDATE provenance.activity SET a_name = 'append'")

    svg = draw(look("e200", depth="ALL"))

    assert sorted(text for text, *_ in nodes(svg)) == ["199 × append", "199 × in", "append", "e0", "e200"]
    assert "Similar things are shown as one, wherever they occur" in svg.decode()


def test_a_picture_with_too_many_nodes_has_a_caption(database, look):
    """Requested things are never folded."""
    ids = [f"e/{n:04}" for n in range(400)]
    write_store(database, used=[("run", id_) for id_ in ids])

    svg = draw(look(*ids))

    assert len(list(nodes(svg))) == DRAWN
    assert f"The nearest {DRAWN} of 400 nodes" in svg.decode()


def test_relations_to_undrawn_things_make_a_dashed_border(database, look):
    ids = [f"e/{n:04}" for n in range(400)]
    write_store(database, used=[("run", id_) for id_ in ids])

    svg = draw(look("run", *ids))

    assert "more" in marks(node(svg, "run")[1])


def test_a_picture_of_a_cut_graph_has_a_caption(database, look):
    write_store(database, used=[("run", f"e/{n}") for n in range(20)])

    assert "The nearest 10 things; there are more" in draw(look("run", nodes=10)).decode()


@pytest.mark.parametrize("name", ['"', "\\", "\\N", "&amp;", "<b>", "a\nb", "\x01x", "→" * 160, "]", "%00"])
def test_names_with_any_character_are_drawn(database, look, name):
    write_store(database, used=[("run", name, name)])

    assert len(list(nodes(draw(look("run"))))) == 2


def test_circles_are_drawn(database, look):
    """Also an arrow from a thing to itself."""
    write_store(database, COLLECTIONS, **LOOPS)

    svg = draw(look("log", depth="ALL", direction="BOTH", members=1, agent=1))

    assert (
        len(list(nodes(svg))) == len({end for rows in LOOPS.values() for row in rows for end in row[:2]}) + 1
    )
    assert len(list(nodes(svg, "e"))) == sum(map(len, LOOPS.values()))


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


def test_waiting_for_other_pictures_has_a_limit():
    """A waiting thread can't serve other clients."""
    with _AT_ONCE, _AT_ONCE, pytest.raises(Busy, match="Too many pictures are being drawn. Try again"):
        render("digraph {}", "json", patience=0.01)
    assert render("digraph {}", "json").startswith(b"{")


def test_the_command_line_starts_without_the_libraries_of_documents():
    """Lazy imports: what a command does not need is not loaded."""
    program = (
        "import sys, provtap.commands, provtap.provsap; print({'prov', 'pygraphviz'} & sys.modules.keys())"
    )

    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "set()"


# The tree


def tree(graph, direction="BACK"):
    return [re.sub(" <.*?>", "", line) for line in tree_lines(graph, Direction[direction])]


def test_a_tree_shows_roles_and_marks_for_more(sample):
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


def test_a_tree_in_the_direction_forth(database, look):
    write_store(database, wasderivedfrom=[("a", "b"), ("b", "c")])

    assert tree(look("c", depth=1, direction="FORTH"), "FORTH") == ["c", "└─ b …"]


@pytest.mark.parametrize("direction", ["BACK", "FORTH"])
def test_a_tree_of_circles_ends(database, look, direction):
    write_store(database, COLLECTIONS, **LOOPS)
    lines = tree(look("log", depth="ALL", direction=direction, members=1), direction)

    assert any(line.endswith("(cycle)") for line in lines)
    assert len(lines) < 40


def test_a_deep_tree_is_written(database, look):
    chain = [f"e:{n:04}" for n in range(3000)]
    write_store(database, wasderivedfrom=list(zip(chain, chain[1:], strict=False)))

    assert len(tree(look("e:0000", depth="ALL"))) == 3000
