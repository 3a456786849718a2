"""The examples, as pyvo finds and runs them on a service with the sample logs."""

import pytest
import pyvo

from provtap import metadata
from provtap.web.site.examples import questions

OFFERED = {question.id: question for question in questions(metadata.load())}
NO_ANSWER = "The logs of provtap demo have no answer"


@pytest.fixture(scope="module")
def found(tap_url):
    """What pyvo finds: queries in the order of the page."""
    return pyvo.dal.TAPService(tap_url).examples


def test_pyvo_finds_every_example(found):
    """PV-5; and the sample logs have something for each of them."""
    assert len(found) == len(OFFERED)


@pytest.mark.parametrize("id_", list(OFFERED))
def test_each_example_has_rows_or_states_why_not(found, id_):
    """EX-7; the first examples should have rows."""
    rows = len(found[list(OFFERED).index(id_)].execute())

    assert (rows == 0) == (NO_ANSWER in OFFERED[id_].remark)
