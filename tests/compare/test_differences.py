"""Two runs as values, and their differences."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provtap.compare import FORMATS, Difference, Run, compare_runs
from provtap.compare.differences import Step, differing_things, same_value
from provtap.compare.pairs import pair_runs
from provtap.runs import Parameter, Thing


def run(**members):
    return Run(**({"id": "urn:x:run", "program": "tool", "version": "1"} | members))


def parameters(**values):
    return tuple(
        Parameter(name, *([value] if isinstance(value, str) else value)) for name, value in values.items()
    )


def thing(id, role="data", name=None, *digests):
    return Thing(id, name or id, role, frozenset(digests))


@pytest.mark.parametrize(
    "a, b, same",
    [
        ("1", "1.0", True),
        ("0.5", "5e-1", True),
        ("-0", "0", True),
        ("1", "2", False),
        ("9007199254740993", "9007199254740992", False),  # equal as doubles
        ("nan", "NaN", True),
        ("inf", "Infinity", True),
        ("inf", "-inf", False),
        ("1e9999", "1e9998", False),
        ("1", "one", False),
        ("true", "1", False),
        ("[1, 2]", "[1.0,2.0]", True),
        ('{"a": 1, "b": [2]}', '{"b":[2e0],"a":1.0}', True),
        ("[true]", "[1]", False),
        ("[1", "[1.0", False),
        ("[" * 100_000, "[", False),
        ("007", "7", True),
        ("0x10", "16", False),
        ("٣", "3", False),
        ("", " ", False),
    ],
)
def test_numbers_are_compared_as_numbers(a, b, same):
    """Also inside lists; other values than numbers are compared as text."""
    assert same_value(a, b) is same


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_equals_itself_however_it_is_written(number):
    assert same_value(str(number), f"{number:e}")


def test_parameters_that_differ_come_with_both_values():
    found = compare_runs(
        run(parameters=parameters(cut="0.5", cleaner="Tailcuts", gain="1", old="x")),
        run(parameters=parameters(cut="0.25", cleaner="Tailcuts", gain="1.0", new="y")),
    )

    assert found.parameters == (
        Difference("cut", "0.5", "0.25"),
        Difference("new", None, "y"),
        Difference("old", "x", None),
    )
    assert found.equal_as_numbers == (Difference("gain", "1", "1.0"),)
    assert [p.name for p in found.equal_parameters] == ["cleaner"]
    assert found.shared_parameters == (Difference("cut", "0.5", "0.25"),)
    assert not found.equal


def test_values_in_different_notation_are_equal():
    found = compare_runs(run(parameters=parameters(gain="1")), run(parameters=parameters(gain="1.0")))

    assert found.equal


@pytest.mark.parametrize(
    "a, b, part",
    [
        (("500", "cm"), ("5", "m"), "equal_as_numbers"),
        (("5", "cm"), ("5", "m"), "parameters"),
        (("5", "m"), ("5", "s"), "parameters"),
        (("5", "m"), ("five", "cm"), "parameters"),
    ],
)
def test_units_are_respected(a, b, part):
    """The same number in another unit is another value."""
    found = compare_runs(run(parameters=parameters(length=a)), run(parameters=parameters(length=b)))

    assert getattr(found, part) == (Difference("length", " ".join(a), " ".join(b)),)


def test_a_name_that_is_there_twice_has_both_values():
    twice = (Parameter("p", "1"), Parameter("p", "2"))
    found = compare_runs(run(parameters=twice), run(parameters=twice[:1]))

    assert found.parameters == (Difference("p", "1; 2", "1"),)


@pytest.mark.parametrize(
    "name, harmless",
    [
        ("Tool.DataWriter.output_path", True),
        ("Tool.log_level", True),
        ("command_line", True),
        ("Tool.log_likelihood", False),
        ("Tool.output_scale", False),
    ],
)
def test_a_parameter_of_outputs_and_logs_cannot_change_the_result(name, harmless):
    assert Difference(name, "a", "b").harmless is harmless


def test_inputs_are_equal_by_id_or_by_content():
    """Matched within a role: the same file in another role is a difference."""
    mine = [
        thing("same"),
        thing("1", "data", "a.h5", "md5:x"),
        thing("calib", "flat"),
        thing("2", "data", "b.h5"),
    ]
    yours = [
        thing("same"),
        thing("9", "data", "z.h5", "md5:x"),
        thing("calib", "gain"),
        thing("8", "data", "b.h5"),
    ]

    assert list(differing_things(mine, yours)) == [
        Difference("data", "b.h5 (2)", "b.h5 (8)"),
        Difference("flat", "calib (calib)", None),
        Difference("gain", None, "calib (calib)"),
    ]


def test_two_copies_match_two_copies():
    """A content that is there twice is not matched by one."""
    mine = [thing("1", "data", "a", "md5:x"), thing("2", "data", "b", "md5:x")]

    assert list(differing_things(mine, [thing("3", "data", "c", "md5:x")])) == [
        Difference("data", "b (2)", None)
    ]


def test_ten_thousand_inputs_are_matched_at_once():
    mine = [thing(str(number)) for number in range(10_000)]

    assert list(differing_things(mine, mine[::-1])) == []


def test_software_differs_down_to_the_packages():
    found = compare_runs(
        run(version="1", environment="Python 3.11, 3 packages", packages={"a": "1", "b": "1", "c": "1"}),
        run(version="2", environment="Python 3.11, 3 packages", packages={"a": "1", "b": "2", "d": "1"}),
    )

    assert found.software == (
        Difference("version", "1", "2"),
        Difference("package b", "1", "2"),
        Difference("package c", "1", None),
        Difference("package d", None, "1"),
    )


def test_runs_behind_are_compared_with_those_they_have_most_in_common_with():
    """What differs alike in several pairs is counted; what one history has alone is listed."""
    raw = [thing(f"raw{n}", "data", f"raw{n}", f"md5:{n}") for n in range(4)]
    copies = [thing(f"copy{n}", "data", f"raw{n}", f"md5:{n}") for n in range(4)]
    mine = [run(id=f"a{n}", inputs=(raw[n],), parameters=parameters(cut="1")) for n in range(4)]
    yours = [
        run(id=f"b{n}", inputs=(copies[n],), parameters=parameters(cut="1" if n == 3 else "2"))
        for n in (3, 1, 0)
    ]
    shared = run(id="shared", program="other", parameters=parameters(x="1"))
    found = compare_runs(run(history=(*mine, shared)), run(id="urn:x:2", history=(shared, *yours)))

    assert found.parameters == (Difference("cut", "1", "2", Step("tool", "a0", "b0", runs=2)),)
    assert found.steps == (Difference("tool", "1 (a2)", None),)
    assert (found.inputs, found.software) == ((), ())


RUNS = st.lists(
    st.builds(
        lambda id, program, inputs: run(id=str(id), program=program, inputs=tuple(map(thing, inputs))),
        st.integers(0, 9),
        st.sampled_from("pq"),
        st.lists(st.sampled_from("xyz"), max_size=2, unique=True),
    ),
    unique_by=lambda each: each.id,
)


@given(RUNS, RUNS)
def test_each_run_has_one_partner_or_none(mine, yours):
    """Nothing is lost, both sides are treated alike, and only runs of one program are left on one side."""
    pairs, only_mine, only_yours = pair_runs(mine, yours)
    both = {each.id for each in mine} & {each.id for each in yours}

    for side, runs, left in ((0, mine, only_mine), (1, yours, only_yours)):
        found = [pair[side].id for pair in pairs] + [each.id for each in left]
        assert sorted(found) == sorted(each.id for each in runs if each.id not in both)
    assert all(a.program == b.program for a, b in pairs)
    assert not {each.program for each in only_mine} & {each.program for each in only_yours}
    assert len(pair_runs(yours, mine)[0]) == len(pairs)


def test_what_paired_runs_made_is_told_at_those_runs():
    """Its ids differ of course; where contents are known, these are compared."""

    def history(side, calibration="", digest=()):
        made = Thing(f"dl1 {side}", "dl1", "data", frozenset(digest), made_by=f"first {side}", made_as="out")
        first = run(id=f"first {side}", program="first", parameters=parameters(cut=side))
        flat = thing(f"flat {calibration}", "flat")
        return run(id=f"last {side}", inputs=(made, flat), history=(first,))

    told_at_step = compare_runs(history("1"), history("2"))
    other_input = compare_runs(history("1"), history("2", "new"))
    known = compare_runs(history("1", digest=["md5:x"]), history("2", digest=["md5:y"]))

    assert told_at_step.parameters == (Difference("cut", "1", "2", Step("first", "first 1", "first 2")),)
    assert told_at_step.inputs == ()
    assert [(d.name, d.step) for d in other_input.inputs] == [("flat", None)]
    assert [d.name for d in known.inputs] == ["data"]


def test_every_form_names_the_step():
    earlier = [run(id=f"{side}1", parameters=parameters(cut=side)) for side in "ab"]
    found = compare_runs(run(history=(earlier[0],)), run(id="urn:x:2", history=(earlier[1],)))

    assert json.loads(FORMATS["json"](found))["parameters"] == [
        {"name": "cut", "a": "a", "b": "b", "step": {"program": "tool", "a": "a1", "b": "b1", "runs": 1}}
    ]
    assert "parameters,cut,a,b,tool <a1>" in FORMATS["csv"](found)
    assert "cut [tool <a1>]" in FORMATS["text"](found)


def test_every_form_has_every_difference():
    hostile = 'a"b,\x1b[2J<script>'
    found = compare_runs(
        run(parameters=parameters(cut=hostile, n="1")),
        run(id="urn:x:2", parameters=parameters(cut="", n="1.0")),
    )
    text = FORMATS["text"](found)

    assert list(csv.reader(io.StringIO(FORMATS["csv"](found), newline=""))) == [
        ["kind", "name", "a", "b", "step"],
        ["parameters", "cut", hostile, "", ""],
        ["equal_as_numbers", "n", "1", "1.0", ""],
    ]
    told = json.loads(FORMATS["json"](found))
    assert told["parameters"] == [{"name": "cut", "a": hostile, "b": ""}]
    assert told["equal_as_numbers"] == [{"name": "n", "a": "1", "b": "1.0"}]
    assert (told["inputs"], told["software"], told["steps"], told["equal"]) == ([], [], [], False)
    assert "\x1b" not in text and '    a a"b,\ufffd[2J<script>\n' in text
