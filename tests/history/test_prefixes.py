"""An answer as of a date is that of a store with only the documents that had arrived by then."""

import random

import pytest

from tests.history.conftest import all_of
from tests.history.worlds import world
from tests.ingest.logs import SAMPLES, VERSIONS, documents

ASKED = 5
"""Questions on each day that is looked at."""


def compared(calendar, contents, seed, every):
    """Take *contents*, and compare answers on each day with those as of this day at the end."""
    at_random = random.Random(seed)
    then = {}
    for content in contents:
        if calendar.take(content) is None or calendar.days % every:
            continue
        ids = calendar.ids()
        requests = all_of(at_random.sample(ids, min(ASKED, len(ids))))
        at_random.shuffle(requests)
        then[calendar.days - 1] = [(request, calendar.answer(request)) for request in requests]
    assert then
    for day, answers in then.items():
        for request, answer in answers:
            assert calendar.answer(request, day) == answer, (day, request)


def test_samples(calendar):
    contents = [path.read_bytes() for path in SAMPLES]
    random.Random(0).shuffle(contents)

    compared(calendar, contents, 0, every=3)


@pytest.mark.parametrize("seed", [0, 1])
def test_documents_of_every_kind(calendar, seed):
    paths = random.Random(seed).sample([*documents(), *SAMPLES, *VERSIONS], 60)

    compared(calendar, [path.read_bytes() for path in paths], seed, every=7)


@pytest.mark.parametrize("seed", [0, 1])
def test_documents_that_contradict_each_other(calendar, seed):
    """Few things, of which the documents say different things."""
    compared(calendar, world(seed, 20), seed, every=5)
