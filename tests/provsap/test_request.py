"""The parameters, by section 1 of the drafts' table and DALI."""

from datetime import UTC, datetime, timedelta

import pytest

from provtap.errors import ParameterError
from provtap.provsap.formats import FORMATS
from provtap.provsap.request import MAX_DEPTH, Direction, ProvsapRequest
from tests.provsap.conftest import asked


def test_the_defaults_are_those_of_the_drafts():
    request = asked("x")

    assert (request.depth, request.direction, request.model) == (1, Direction.BACK, "IVOA")
    assert (request.members, request.steps, request.agent, request.agents) == (False, False, False, True)
    assert (request.descriptions, request.configuration, request.responseformat.name) == (
        1,
        True,
        "PROV-JSON",
    )


@pytest.mark.parametrize("depth, relations", [("0", 0), ("7", 7), ("ALL", MAX_DEPTH), ("9" * 50, MAX_DEPTH)])
def test_depth_is_lowered_to_the_documented_maximum(depth, relations):
    assert asked("x", depth=depth).depth == relations


@pytest.mark.parametrize("value, meant", [("true", True), ("1", True), ("false", False), ("0", False)])
def test_booleans_have_two_spellings(value, meant):
    assert asked("x", members=value).members is meant


def test_forward_is_forth():
    assert asked("x", direction="FORWARD").direction is Direction.FORTH


@pytest.mark.parametrize(
    ("asof", "time"),
    [
        ("2026-03-31", datetime(2026, 3, 31, 23, 59, 59, 999999)),
        ("2026-03-31T12:00", datetime(2026, 3, 31, 12)),
        ("2026-03-31t12:00:00.5z", datetime(2026, 3, 31, 12, 0, 0, 500000)),
        ("2026-03-31 12:00:00+02:00", datetime(2026, 3, 31, 10)),
    ],
)
def test_as_of_is_in_utc_and_a_date_is_its_whole_day(asof, time):
    assert asked("x", asof=asof).asof == time


def test_as_of_today_is_as_of_now():
    today = datetime.now(UTC)

    assert today - timedelta(minutes=1) < asked("x", asof=f"{today:%Y-%m-%d}").asof.replace(tzinfo=UTC)


def test_ids_may_repeat_and_count_once():
    assert asked("x", "y", "x").ids == ("x", "y")


@pytest.mark.parametrize(
    "name, value",
    [
        ("depth", "-1"),
        ("depth", "all"),
        ("depth", "1.5"),
        ("direction", "back"),
        ("asof", "yesterday"),
        ("asof", "2026-02-30"),
        ("asof", "9999-01-01"),
        ("asof", "0001-01-01T00:00:00+14:00"),
        ("members", "yes"),
        ("model", "w3c"),
        ("descriptions", "3"),
        ("responseformat", "PROV"),
        ("responseformat", "PROV-N PROV-JSON"),
    ],
)
def test_other_values_are_refused(name, value):
    """Values are case-sensitive (DALI 1.1, section 3.4); a part of a format's name is none."""
    with pytest.raises(ParameterError, match=name.upper()):
        asked("x", **{name: value})


def test_an_unknown_parameter_is_refused_with_the_nearest_name():
    """An unsupported optional parameter must give an error (WD 2017)."""
    with pytest.raises(ParameterError, match="Unknown parameter 'DIRECTON'. Did you mean DIRECTION?"):
        asked("x", directon="BACK")


def test_runid_is_always_allowed():
    """DALI 1.1, section 3.4.6."""
    assert asked("x", runid="42").ids == ("x",)


@pytest.mark.parametrize("name", ["DEPTH", "TO", "RESPONSEFORMAT"])
def test_single_valued_parameters_can_not_repeat(name):
    with pytest.raises(ParameterError, match=f"{name} was given 2 times"):
        ProvsapRequest.from_parameters({"ID": ["x"], name: ["1", "1"]})


@pytest.mark.parametrize("ids", [[], [""], ["a\0b"]])
def test_an_id_that_names_nothing_anywhere_is_refused(ids):
    with pytest.raises(ParameterError, match="ID"):
        ProvsapRequest.from_parameters({"ID": ids})


def test_to_needs_one_direction():
    with pytest.raises(ParameterError, match="TO needs a single direction"):
        asked("x", to="y", direction="BOTH")


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_pictures_leave_out_agents_and_context_unless_asked(form):
    """Section 4."""
    request = asked("x", responseformat=form.name)

    assert (request.agents, request.context) == (not form.picture, not form.picture)
    assert asked("x", responseformat=form.name, agents=1).agents


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_media_type_is_answered_with_itself(form):
    """DALI-6."""
    for name in (form.mime, *(alias for alias in form.aliases if "/" in alias)):
        assert asked("x", responseformat=name).responseformat.mime == name
