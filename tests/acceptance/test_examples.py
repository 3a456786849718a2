"""The examples, as pyvo finds and runs them on a service with the sample logs."""

import pytest
import pyvo

from provtap import metadata
from provtap.web.examples import examples

OFFERED = list(examples(metadata.load()))
NO_ANSWER = "The sample logs have no answer"


@pytest.fixture(scope="module")
def found(tap_url):
    """What pyvo finds: queries by their text."""
    return {query["QUERY"]: query for query in pyvo.dal.TAPService(tap_url).examples}


def test_pyvo_finds_every_example(found):
    """PV-5."""
    assert list(found) == [example.query for example in OFFERED]


@pytest.mark.parametrize("example", OFFERED, ids=lambda example: example.id)
def test_each_example_has_an_answer_or_says_why_not(found, example):
    """EX-7; what is shown first should show something."""
    rows = len(found[example.query].execute())

    assert (rows == 0) == (NO_ANSWER in example.remark)
