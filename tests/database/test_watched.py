"""Values that requests need, while the database is away or silent."""

import threading

import pytest

from provtap.database import watched
from provtap.database.watched import Watched
from provtap.errors import NotConnected
from tests.live import awaited


def test_no_request_waits_for_a_silent_primary(monkeypatch):
    """The machine of the primary was lost; queries need only a standby, and the last known value."""
    monkeypatch.setattr(watched, "EVERY", 0.0)
    monkeypatch.setattr(watched, "PATIENCE", 0.01)
    answered = threading.Event()
    asked = []

    def read():
        asked.append(len(asked))
        if len(asked) > 1:
            answered.wait()
        return len(asked)

    value = Watched(0)
    assert [value.latest(read) for _ in range(3)] == [1, 1, 1]
    assert len(asked) == 2  # one thread waits for all

    answered.set()
    assert awaited(lambda: value.latest(read) > 1)


def test_the_last_value_holds_while_the_database_is_away(monkeypatch):
    monkeypatch.setattr(watched, "EVERY", 0.0)
    answers = [7]

    def read():
        if not answers:
            raise NotConnected("away")
        return answers.pop()

    value = Watched(None)

    assert [value.latest(read) for _ in range(3)] == [7, 7, 7]


@pytest.mark.parametrize("requests", [1, 5])
def test_the_first_value_is_waited_for(requests):
    """A process that has just started must not admit a query under maintenance."""
    begin = threading.Barrier(requests)
    value, found = Watched(None), []

    def ask():
        begin.wait()
        found.append(value.latest(lambda: "closed"))

    threads = [threading.Thread(target=ask) for _ in range(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ["closed"] * requests
