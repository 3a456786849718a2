"""Any order of arrival gives the same tables, row for row."""

import contextlib
import json
import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import permutations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from provtap.errors import DocumentError
from provtap.ingest import ingest_content
from tests.ingest.logs import (
    SAMPLES,
    VERSIONS,
    activity_id,
    documents,
    empty,
    file,
    header,
    rows,
    run,
    tables,
)


@pytest.fixture
def in_order(take, database):
    """The tables after all samples came in the order of their names."""
    for path in SAMPLES:
        take(path)
    content = tables(database)
    empty(database)
    return content


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_samples_in_any_order(take, database, in_order, seed):
    """Out-of-order and partial arrival are normal (INGEST-d9)."""
    for path in random.Random(seed).sample(SAMPLES, len(SAMPLES)):
        take(path)

    assert tables(database) == in_order


def test_samples_reversed(take, database, in_order):
    """Each product is used before its producer is known (INGEST-d4, d9)."""
    for path in reversed(SAMPLES):
        take(path)

    assert tables(database) == in_order


def test_samples_from_several_loaders_at_once(take, database, in_order):
    """Concurrent ingests wait for each other."""
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(take, SAMPLES))

    assert sum(report.known for report in reports) == 0
    assert tables(database) == in_order


def test_samples_twice_from_two_loaders_at_once(take, database, in_order):
    """Of two loaders of one document, one finds it known (INGEST-d8)."""
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(take, [path for path in SAMPLES for _ in range(2)]))

    assert sum(report.known for report in reports) == len(SAMPLES)
    assert tables(database) == in_order


def test_releases_in_any_order(take, database):
    """Every version of the log, 0.5 to 0.31 (INGEST-a1)."""
    for path in VERSIONS:
        take(path)
    expected = tables(database)
    empty(database)
    for path in reversed(VERSIONS):
        take(path)

    assert tables(database) == expected


def test_documents_of_every_kind_in_any_order(take, database):
    """Logs of ctapipe and logprov, PROV in all notations and dialects, descriptions of jobs (INGEST-d9)."""
    contents = []
    # Of two documents that contradict each other the later one is refused: one of the pair is left out.
    told = [path for path in documents() if path.name != "generation7.json"] + SAMPLES[:6]
    for order in (random.Random(1), random.Random(2)):
        empty(database)
        for path in order.sample(told, len(told)):
            with contextlib.suppress(DocumentError):
                take(path)
        contents.append(tables(database))

    assert contents[0] == contents[1]


def test_configurations_and_ends_arrive_in_any_order(tell, database, settings):
    """A run is believed of itself; of two statements the lesser value is kept (docs/identity.md)."""
    a, b = activity_id(1), "urn:x:b"
    told = [
        {
            "Activity": {"id": b},
            "Parameter": [
                {"activity": activity, "name": "T.x", "value": value} for activity in (a, b)
            ],
            "ConfigFile": {"activity": b, "name": name, "location": "/c"},
            "Run": [{"activity": activity, "status": status} for activity in (a, b)],
        }
        for value, name, status in (("0", "y", "error"), ("2", "x", "completed"), ("9", "z", "aborted"))
    ]  # fmt: skip
    steps = [
        partial(ingest_content, json.dumps(each).encode(), "told", database, settings) for each in told
    ] + [lambda: tell(run(1, config={"T": {"x": 1}}))]
    contents = []
    for order in [*permutations(steps)][::3]:
        empty(database)
        for step in order:
            step()
        contents.append(tables(database))

    assert all(content == contents[0] for content in contents)
    assert rows(database, "SELECT p_activity_id, p_value FROM provenance.parameter ORDER BY 1") == [
        (a, "1"), (b, "0"),
    ]  # fmt: skip
    assert rows(database, "SELECT r_activity_id, r_status FROM provext.run ORDER BY 1") == [
        (a, "completed"), (b, "aborted"),
    ]  # fmt: skip
    assert rows(database, "SELECT cf_name FROM provenance.configfile") == [("x",)]


URLS = st.sampled_from(["/a", "/b", "https://example.org/a"])
HEADERS = st.none() | st.builds(
    header,
    product=st.integers(0, 2),
    activity=st.integers(0, 5),
    created=st.integers(0, 6),
    **{
        "CTA CONTACT EMAIL": st.sampled_from(["", "a@example.org"]),
        "CTA CONTACT NAME": st.sampled_from("xy"),
    },
)
FILES = st.lists(st.builds(file, URLS, st.sampled_from(["in", "out", None]), HEADERS), max_size=3)


@st.composite
def worlds(draw):
    """A few documents (runs, site) that share files, overwrite paths, copy headers and nest."""
    documents = []
    number = 0
    for _ in range(draw(st.integers(2, 4))):
        runs = []
        for _ in range(draw(st.integers(1, 3))):
            start = draw(st.integers(0, 5))
            end = draw(st.integers(start, 6))
            runs.append(run(number, start, end, input=draw(FILES), output=draw(FILES)))
            number += 1
        documents.append((runs, draw(st.sampled_from(["here", "there"]))))
    return documents


@given(world=worlds(), seed=st.randoms(use_true_random=False))
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # add Phase.shrink for a small example: it takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_world_in_any_order(tell, database, world, seed):
    """The tables are a function of the set of documents, whatever it is (INGEST-d4, d9)."""
    contents = []
    for told in (world, seed.sample(world, len(world))):
        empty(database)
        for runs, site in told:
            tell(*runs, site=site)
        contents.append(tables(database))

    assert contents[0] == contents[1]


def test_a_run_reads_what_its_step_wrote_whenever_it_is_known_as_a_step(database, settings):
    """The record of the step may name the run that it belongs to later than the record of its files."""
    time = "2026-01-01T00:00:{}Z".format
    whole, step = "urn:x:whole", "urn:x:step"
    told = [
        {"Activity": {"id": whole, "startTime": time("00")}, "Used": {"activity": whole, "location": "/a"}},
        {
            "Activity": {"id": step, "startTime": time("10"), "endTime": time("20")},
            "WasGeneratedBy": {"activity": step, "location": "/a"},
        },
        {"WasInformedBy": {"informed": step, "informant": whole}},
    ]
    contents = []
    for order in permutations(told):
        empty(database)
        for document in order:
            with contextlib.suppress(DocumentError):
                ingest_content(json.dumps(document).encode(), "told", database, settings)
        contents.append(rows(database, "SELECT u_entity_id FROM provenance.used ORDER BY 1"))

    assert len({tuple(each) for each in contents}) == 1
