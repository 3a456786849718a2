import pytest

from provtap.results import votable
from provtap.results.votable import CACHED_CHARACTERS, CACHED_TEXTS, cached, write_votable
from tests.results.tables import integer


@pytest.fixture
def made():
    """Return a function that repeats a text, and the list of what it was asked for."""
    asked = []

    def repeat(text, number):
        asked.append((text, number))
        return text * number

    return repeat, asked


def test_equal_arguments_are_worked_on_once(made):
    """Performance: the same columns are described in answer after answer."""
    form, asked = made

    assert [cached(form, "a", 2), cached(form, "a", 3), cached(form, "a", 2)] == ["aa", "aaa", "aa"]
    assert asked == [("a", 2), ("a", 3)]


def test_long_texts_are_not_kept(made):
    """Memory: clients choose the names of columns, as long as they like."""
    form, asked = made

    assert len(cached(form, "a", CACHED_CHARACTERS + 1)) == len(cached(form, "a", CACHED_CHARACTERS + 1))
    assert len(asked) == 2


def test_the_cache_is_bounded(made):
    """Memory: clients choose as many names as they like."""
    for number in range(CACHED_TEXTS + 10):
        cached(made[0], "a", number)

    assert len(votable._cache) <= CACHED_TEXTS


def test_slightly_different_arguments_are_distinguished():
    """VOT-4: the ID of a FIELD depends on the other columns, its text on each part of a column."""
    alone = b"".join(write_votable([integer("n")], [], 1))
    twice = b"".join(write_votable([integer("n"), integer("n")], [], 1))

    assert (alone.count(b" ID="), twice.count(b" ID=")) == (0, 2)
