import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from provtap.addresses import compare as address
from provtap.compare import Run, compare_runs
from provtap.runs import Parameter, Thing
from provtap.web import create_app
from provtap.web.site.compare import compared, marked
from tests.compare.test_pairs import chain, load
from tests.compare.test_reading import A, B
from tests.web.site.conftest import BROWSER

PRODUCTS = "step1_a.dl1.h5", "step1_b.dl1.h5"


def flat(element) -> str:
    return " ".join("".join(element.itertext()).split())


def page(site, *which, **more):
    response = site.get(address(*which, **more))
    assert response.status_code == 200
    return etree.HTML(response.data)


def rows(tree, label):
    """Return the rows of the table that is called so, the changed ones marked by a star."""
    found = tree.xpath(f"//div[@aria-label='{label}']//tbody/tr")
    return [[("*" if row.get("class") == "changed" else "") + flat(cell) for cell in row] for row in found]


def test_differences_that_could_change_the_result_come_first(site):
    """site.md, section 4: differences first, shaded where they could change the result."""
    tree = page(site, A, B)
    found = rows(tree, "Parameter")

    assert flat(tree.find(".//h1")) == "ctapipe-process, 5 parameters differ"
    assert "of the 5 that differ, 2 could change the result" in flat(tree.find(".//p[@class='story']"))
    assert [row[0].startswith("*max_events") for row in found] == [True, True, False, False, False]
    assert found[0][1:] == ["*1", "*2"]
    assert tree.xpath("string(//h2)").startswith("Parameters that differ")


def test_of_a_long_value_only_the_words_that_differ_are_marked(site):
    (row,) = (row for row in page(site, A, B).iter("tr") if flat(row[0]) == "command_line")

    assert [mark.text for mark in row.iter("del")][1] == "1"
    assert [mark.text for mark in row.iter("ins")][1] == "2"
    assert "--max-events" not in "".join(mark.text for mark in row.iter("del", "ins"))


def test_products_are_compared_by_the_runs_that_made_them(site):
    tree = page(site, *PRODUCTS)

    assert flat(tree.find(".//span[@class='kind']")) == "Two products compared"
    assert flat(tree.find(".//h1")) == "ctapipe-process, 5 parameters differ"
    assert [row[1:3] for row in rows(tree, "The runs") if row[0] == "Product"] == [list(PRODUCTS)]


def test_all_shows_the_equal_parameters_too(site):
    assert rows(page(site, A, B), "Equal parameters") == []
    assert len(rows(page(site, A, B, all=1), "Equal parameters")) == 103


def test_a_run_compared_with_itself_differs_in_nothing(site):
    tree = page(site, A, A)

    assert "no parameter differs" in flat(tree.find(".//h1"))
    assert flat(tree.find(".//p[@class='story']")) == "Both are the same run."


def test_different_programs_have_a_banner_and_only_shared_names(site):
    query = "SELECT a_id FROM provenance.activity WHERE a_name <> 'ctapipe-process' ORDER BY a_id"
    other = site.get("/tap/sync", query_string={"LANG": "ADQL", "FORMAT": "csv", "QUERY": query})
    id_ = other.text.split()[1]
    tree = page(site, A, id_)

    assert "These are runs of different programs." in flat(tree)
    assert all("not set" not in cell for row in rows(tree, "Parameter") for cell in row)


def test_csv_and_json_are_those_of_provtap_diff(site):
    lines = list(csv.DictReader(io.StringIO(site.get(address(A, B, format="csv")).text)))

    assert [line["kind"] for line in lines] == ["parameters"] * 5
    assert site.get(f"/compare.json?a={A}&b={B}").json["equal"] is False


@pytest.mark.parametrize(
    "a, b, status, words",
    [
        ("", "", 200, "Compare two runs or two products"),
        (A, "", 200, "Compare two runs or two products"),
        (A, "<b>nothing", 404, "Nothing has the name <b>nothing."),
        (A, PRODUCTS[0], 400, "is a product and"),
    ],
)
def test_without_two_that_can_be_compared_the_page_asks(site, a, b, status, words):
    response = site.get("/compare", query_string={"a": a, "b": b})
    tree = etree.HTML(response.data)

    assert response.status_code == status
    assert words in flat(tree)
    assert [each.get("value") for each in tree.xpath("//form[@action='/compare']//input")] == [a, b]


def test_with_one_run_the_page_offers_others_of_its_program(site):
    """From the page of a run, or of its file, a comparison is two clicks away."""
    of_run = etree.HTML(site.get(address(A)).data)
    of_file = etree.HTML(site.get("/compare", query_string={"a": "/cta/provwork/run/step1_a.dl1.h5"}).data)
    links = of_run.xpath("//div[@aria-label='Runs of the same program']//a[contains(., 'Compare')]/@href")

    assert address(A, B) in links
    assert links == of_file.xpath(
        "//div[@aria-label='Runs of the same program']//a[contains(., 'Compare')]/@href"
    )
    assert {site.get(link).status_code for link in links[:3]} == {200}


def test_programs_get_errors_as_text(site):
    plain = {"Accept": "*/*"}

    assert site.get("/compare.csv?a=x", headers=plain).text == "b is missing. It names a run or a product.\n"
    assert site.get("/compare.json?a=x&b=y", headers=plain).status_code == 404


def test_numbers_that_are_equal_do_not_differ():
    a, b = (Run(id=value, program="p", parameters=(Parameter("n", value),)) for value in ("1", "1.0"))
    found = compared(compare_runs(a, b))

    assert found.parameters == ()
    assert [d.name for d in found.comparison.equal_as_numbers] == ["n"]


def test_files_of_many_inputs_are_named_up_to_a_few():
    inputs = tuple(Thing(f"{n}", None, "in") for n in range(10_000))
    found = compared(compare_runs(Run(id="a", inputs=inputs), Run(id="b", inputs=inputs[:-1])))

    assert [(len(each.a.things), each.a.more, each.differs) for each in found.inputs] == [(10, 9990, True)]


def test_products_are_compared_down_to_the_runs_behind_them(database, settings, tableset):
    """What differs in the runs behind is shown with its step, and a step that only one has by itself."""
    hostile = "<script>alert(1)</script>"
    for side, cut, steps in (("a", "0.5", 4), ("b", hostile, 3)):
        load(chain(side, cut, steps), database, settings)
    app = create_app(settings, database, tableset)
    tree = etree.HTML(app.test_client().get(address("urn:a:3", "urn:b:2"), headers=BROWSER).data)
    found = rows(tree, "Parameter")

    assert tree.xpath("//script[contains(., 'alert')]") == []
    assert [row[1:] for row in found if "step1" in row[0]] == [["*0.5", f"*{hostile}"]]
    assert [link.get("href") for link in tree.xpath("//td[@class='name']//a[.='A']")][:1] == [
        "/activity/urn%3Aa%3Arun%3A1"
    ]
    assert rows(tree, "Program") == [["step2", "no version (urn:a:run:2)", "none"]]


WORDS = st.lists(st.sampled_from(["a", "bc", "--x", " ", "\n", "é"]), max_size=12).map("".join)


@given(WORDS, WORDS)
def test_marked_words_make_up_the_values(a, b):
    """Marking loses no text; unmarked text is the same on both sides."""
    mine, yours = marked(a, b)
    common = [["".join(w.text.split()) for w in side if not w.changed] for side in (mine, yours)]

    assert ("".join(word.text for word in mine), "".join(word.text for word in yours)) == (a, b)
    assert "".join(common[0]) == "".join(common[1])
    assert all(first.changed != second.changed for first, second in zip(mine, mine[1:], strict=False))
