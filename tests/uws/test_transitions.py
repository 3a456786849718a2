"""All orders of events of one job, sequential and simultaneous, on the real store."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provtap.errors import IllegalTransition, NotFound
from provtap.uws.job import Phase, StoredResult
from provtap.uws.store import JobStore
from tests.uws.conftest import SOMEBODY

GONE = "gone"
# The effect of each verb on a job in each phase; other combinations change nothing.
CLIENT = {
    "run": {"PENDING": "QUEUED"},
    "abort": {"PENDING": "ABORTED", "QUEUED": "ABORTED", "EXECUTING": "ABORTED"},
    "remove": dict.fromkeys(Phase, GONE),
}
WORKER = {
    "claim": {"QUEUED": "EXECUTING"},
    "complete": {"EXECUTING": "COMPLETED"},
    "fail": {"EXECUTING": "ERROR"},
    "time_out": {"EXECUTING": "ABORTED"},
    "give_back": {"EXECUTING": "QUEUED"},
    "lose": {"EXECUTING": "QUEUED"},  # once; then ERROR
}
MOVES = CLIENT | WORKER
MORE = {
    "complete": [StoredResult("x", "text/csv", 1, "x.csv")],
    "fail": ["x"],
    "time_out": ["x"],
    "lose": ["x"],
}
everywhere = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
verbs = st.sampled_from(sorted(MOVES))


class Story:
    """One job, with actions of its client and its worker."""

    def __init__(self, store: JobStore) -> None:
        self.store = store
        self.job_id = store.create(SOMEBODY, {}).job_id
        self.attempt = None
        self.losses = 0

    def do(self, verb: str) -> None:
        """Let *verb* happen; that it is refused is part of the story."""
        try:
            if verb in CLIENT:
                getattr(self.store, verb)(self.job_id, SOMEBODY)
            elif verb == "claim":
                claimed = self.store.claim("w")
                self.attempt = claimed[1] if claimed else self.attempt
            elif self.attempt:
                further = {"transient": True} if verb == "fail" else {}
                getattr(self.store, verb)(self.attempt, *MORE.get(verb, ()), **further)
        except (IllegalTransition, NotFound):
            pass

    def phase(self) -> str:
        try:
            return self.store.phase(self.job_id, SOMEBODY)
        except NotFound:
            return GONE


def after(phase: str, verb: str, losses: int) -> str:
    """Return the phase that the rules lead to."""
    to = MOVES[verb].get(phase, phase)
    return "ERROR" if verb == "lose" and to != phase and losses else to


@pytest.fixture
def empty(store, sql):
    """Return a function that empties the store: an example must not meet the jobs of another."""

    def clear():
        sql("DELETE FROM uws.job")
        return store

    return clear


@everywhere
@given(story=st.lists(verbs, max_size=12))
def test_any_order_follows_the_rules(empty, story):
    """UWS-11, UWS-13, UWS-15: no verb leads where it may not."""
    told = Story(empty())
    phase, losses = "PENDING", 0
    for verb in story:
        told.do(verb)
        phase, losses = after(phase, verb, losses), losses + (verb == "lose" and phase == "EXECUTING")

        assert told.phase() == phase


ROADS = {"PENDING": [], "QUEUED": ["run"], "EXECUTING": ["run", "claim"]}


@settings(everywhere, max_examples=60)
@given(start=st.sampled_from(sorted(ROADS)), race=st.lists(verbs, min_size=2, max_size=3))
def test_simultaneous_changes_happen_in_some_order(empty, start, race):
    """D6: of RUN, ABORT, DELETE and the ends of a job, no two win, and none is half done."""
    told = Story(empty())
    for verb in ROADS[start]:
        told.do(verb)
    together = Barrier(len(race))

    def act(verb):
        together.wait()
        told.do(verb)

    with ThreadPoolExecutor(len(race)) as threads:
        list(threads.map(act, race))

    assert told.phase() in outcomes(start, race)


def outcomes(phase: str, race: list[str], losses: int = 0) -> set[str]:
    """Return where the verbs may lead, in whatever order.

    What a worker says may also come to nothing: it may be about an attempt that is over by then.
    """
    if not race:
        return {phase}
    found = set()
    for n, verb in enumerate(race):
        others = race[:n] + race[n + 1 :]
        lost = losses + (verb == "lose" and phase == "EXECUTING")
        found |= outcomes(after(phase, verb, losses), others, lost)
        if verb in WORKER and verb != "claim":
            found |= outcomes(phase, others, losses)
    return found
