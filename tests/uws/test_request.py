from datetime import UTC, datetime

import pytest

from provtap.errors import ParameterError
from provtap.uws.job import Phase
from provtap.uws.request import choice, filters, instant, patience, seconds


@pytest.mark.parametrize(
    "text, meant",
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12)),
        ("2026-01-31T12:00:00+00:00", datetime(2026, 1, 31, 12)),
        ("2026-01-31T12:00:00.123456Z", datetime(2026, 1, 31, 12, 0, 0, 123456)),
        ("2026-01-31T12:00:00.5", datetime(2026, 1, 31, 12, 0, 0, 500000)),
        ("2026-01-31 12:00:00", datetime(2026, 1, 31, 12)),
        ("2026-01-31T12:00", datetime(2026, 1, 31, 12)),
        (" 2026-01-31 ", datetime(2026, 1, 31)),
        ("2026-01-31Z", datetime(2026, 1, 31)),
    ],
)
def test_instants(text, meant):
    """UWS-6, UWS-14: with microseconds as pyvo sends them, with or without Z; all is UTC."""
    assert instant({"DESTRUCTION": [text]}, "DESTRUCTION") == meant.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026", "2026-13-01", "2026-01-31T25:00:00", "2026-01-31T12:00:00+01:00", "٢٠٢٦-٠١-٣١"],
)
def test_an_invalid_instant(text):
    """A time zone is not UTC."""
    with pytest.raises(ParameterError, match="DESTRUCTION"):
        instant({"DESTRUCTION": [text]}, "DESTRUCTION")


@pytest.mark.parametrize(
    "text, meant", [("0", 0), ("600", 600), (" 7 ", 7), ("60.0", 60), ("9" * 1000, 2**62)]
)
def test_seconds(text, meant):
    """UWS-14."""
    assert seconds({"EXECUTIONDURATION": [text]}, "EXECUTIONDURATION") == meant


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1.5", "x", "9" * 1001, "٣"])
def test_an_invalid_number_of_seconds(text):
    with pytest.raises(ParameterError, match="EXECUTIONDURATION"):
        seconds({"EXECUTIONDURATION": [text]}, "EXECUTIONDURATION")


def test_a_missing_parameter_is_named():
    with pytest.raises(ParameterError, match="PHASE is missing"):
        choice({}, "PHASE", "RUN")


def test_a_choice_ignores_case_and_lists_the_values():
    assert choice({"PHASE": ["run"]}, "PHASE", "RUN", "ABORT") == "RUN"
    with pytest.raises(ParameterError, match="PHASE must be RUN or ABORT, not 'HOLD'"):
        choice({"PHASE": ["HOLD"]}, "PHASE", "RUN", "ABORT")


def test_a_repeated_value_is_refused():
    """DALI 1.1, section 3.4."""
    with pytest.raises(ParameterError, match="PHASE was given 2 times"):
        choice({"PHASE": ["RUN", "RUN"]}, "PHASE", "RUN")


def test_filters():
    """UWS-17: PHASE may be repeated; phases that jobs here never have are allowed."""
    found = filters({"PHASE": ["ERROR", "pending", "ARCHIVED"], "AFTER": ["2026-01-31"], "LAST": ["3"]})

    assert found == {
        "phases": [Phase.PENDING, Phase.ERROR],
        "after": datetime(2026, 1, 31, tzinfo=UTC),
        "last": 3,
    }
    assert filters({"PHASE": ["ARCHIVED"]})["phases"] == []
    assert filters({"LAST": ["9" * 30]})["last"] == 2**62
    for nothing in ({}, {"PHASE": [""], "AFTER": [" "], "LAST": [""]}):
        assert filters(nothing) == {"phases": None, "after": None, "last": None}


@pytest.mark.parametrize(
    "given", [{"PHASE": ["RUNNING"]}, {"LAST": ["0"]}, {"LAST": ["-1"]}, {"LAST": ["x"]}, {"AFTER": ["x"]}]
)
def test_filters_that_mean_nothing(given):
    """UWS-17."""
    with pytest.raises(ParameterError):
        filters(given)


@pytest.mark.parametrize(
    "text, meant", [("5", 5), ("0", 0), ("-1", 50), ("9" * 20, 50), ("", None), (None, None)]
)
def test_patience(text, meant):
    """UWS-18: -1 is as long as the service likes."""
    assert patience({} if text is None else {"WAIT": [text]}, 50) == meant


def test_an_invalid_wait():
    with pytest.raises(ParameterError, match="WAIT must be a whole number"):
        patience({"WAIT": ["-2"]}, 50)
