"""Random runs of a store, compared, against a comparison that shares no code: plain rows and fractions."""

import json
import os
import random
from collections import Counter
from fractions import Fraction

import pytest

from provtap.compare import compare
from provtap.compare.reading import MOST_RUNS
from provtap.errors import TooLarge
from provtap.ingest import ingest_content
from tests.ingest.logs import rows

PAIRS = int(os.environ.get("PROVTAP_TEST_DIFF_PAIRS", "100"))
RUNS = 40
STEPS = 200
NUMBERS = ["1", "1.0", "1e0", "01", "2", "-0.5", "-5e-1", "5E-1", "one", "", "true", "[1, 2]", "[1.0,2]"]


def random_runs(choose):
    """Yield records of runs that share names, units, inputs and contents by chance."""
    for n in range(6):
        yield "Entity", {"id": f"urn:in:{n}", "name": f"in{n}"}
    for n in range(RUNS):
        run = f"urn:run:{n}"
        yield "Activity", {"id": run, "name": choose.choice("pq")}
        for name in choose.sample("abcd", choose.randint(0, 4)):
            yield "Parameter", {"activity": run, "name": name, "value": choose.choice(NUMBERS)}
        for entity in choose.sample(range(6), choose.randint(0, 4)):
            yield "Used", {"activity": run, "entity": f"urn:in:{entity}", "role": choose.choice("rs")}


HASHES = """
INSERT INTO provext.hash (h_entity_id, h_algorithm, h_digest)
SELECT 'urn:in:' || n, 'md5', lpad((n / 2)::text, 32, '0') FROM generate_series(0, 5) AS n
"""
"""Each two inputs have the same content."""


def load(records, database, settings):
    found = {}
    for name, record in records:
        found.setdefault(name, []).append(record)
    ingest_content(json.dumps(found).encode(), "test", database, settings)


def value(text):
    """Return what a text stands for, by exact fractions."""
    try:
        return Fraction(text)
    except ValueError:
        pass
    if text.startswith("["):
        return tuple(Fraction(part) for part in text.strip("[]").split(","))
    return text


def test_random_pairs_differ_as_an_independent_comparison_says(database, settings, tableset):
    """PROVTAP_TEST_DIFF_PAIRS=1000 tries as many."""
    choose = random.Random(20)
    load(random_runs(choose), database, settings)
    with database.transaction() as transaction:
        transaction.execute(HASHES)
    parameters = rows(database, "SELECT p_activity_id, p_name, p_value FROM provenance.parameter")
    used = rows(
        database,
        "SELECT u_activity_id, u_role, u_entity_id, h_digest FROM provenance.used"
        " JOIN provext.hash ON h_entity_id = u_entity_id",
    )
    names = dict(rows(database, "SELECT a_id, a_name FROM provenance.activity"))
    for _ in range(PAIRS):
        a, b = (f"urn:run:{choose.randrange(RUNS)}" for _ in range(2))
        found = compare(a, b, database, tableset, settings)
        mine, yours = ({name: text for run, name, text in parameters if run == side} for side in (a, b))
        differing = {
            name
            for name in mine.keys() | yours.keys()
            if name not in mine or name not in yours or value(mine[name]) != value(yours[name])
        }
        left, right = (
            Counter((role, digest) for run, role, _, digest in used if run == side) for side in (a, b)
        )
        only = [Counter(role for role, _ in each.elements()) for each in (left - right, right - left)]

        assert {d.name: (d.a, d.b) for d in found.parameters} == {
            name: (mine.get(name), yours.get(name)) for name in differing
        }
        assert Counter(d.name for d in found.inputs if d.a) == only[0]
        assert Counter(d.name for d in found.inputs if d.b) == only[1]
        assert {d.name for d in found.software} == ({"program"} if names[a] != names[b] else set())


def chain(side, cut, steps=STEPS):
    """Yield the records of a product of so many steps."""
    for n in range(steps):
        run = f"urn:{side}:run:{n}"
        yield "Activity", {"id": run, "name": f"step{n % 20}"}
        for name in range(20):
            yield "Parameter", {"activity": run, "name": f"p{name}", "value": f"{cut if n == name else n}"}
        before = f"urn:{side}:{n - 1}" if n else "urn:raw"
        yield "Entity", {"id": f"urn:{side}:{n}", "name": f"product{n}"}
        yield "Used", {"activity": run, "entity": before, "role": "in"}
        yield "WasGeneratedBy", {"activity": run, "entity": f"urn:{side}:{n}", "role": "out"}


def test_histories_of_200_steps_differ_where_they_differ(database, settings, tableset):
    for side, cut in (("a", "0.5"), ("b", "0.25")):
        load(chain(side, cut), database, settings)
    found = compare(f"urn:a:{STEPS - 1}", f"urn:b:{STEPS - 1}", database, tableset, settings)
    runs = compare(f"urn:a:run:{STEPS - 1}", f"urn:b:run:{STEPS - 1}", database, tableset, settings)

    assert len(found.a.history) == STEPS - 1
    assert sorted((d.name, d.a, d.b, d.step.a, d.step.b) for d in found.parameters) == sorted(
        (f"p{n}", "0.5", "0.25", f"urn:a:run:{n}", f"urn:b:run:{n}") for n in range(20)
    )
    assert (found.inputs, found.software, found.steps) == ((), (), ())
    assert [(d.a, d.b) for d in runs.inputs] == [
        (f"product{STEPS - 2} (urn:a:{STEPS - 2})", f"product{STEPS - 2} (urn:b:{STEPS - 2})")
    ]


def test_a_longer_history_is_refused_with_the_way_out(database, settings, tableset, monkeypatch):
    monkeypatch.setattr("provtap.compare.reading.MOST_RUNS", 3)
    for side in "ab":
        load(chain(side, "1", 6), database, settings)

    with pytest.raises(TooLarge) as raised:
        compare("urn:a:5", "urn:b:5", database, tableset, settings)
    assert str(raised.value) == (
        "The history of urn:a:5 has 5 runs that the other does not have; at most 3 are compared."
        " Give the runs that made both: then only these two are compared."
    )
    assert compare("urn:a:5", "urn:a:2", database, tableset, settings).steps and MOST_RUNS > STEPS
