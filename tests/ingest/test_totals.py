"""How much is stored: the views that are kept up to date with each document agree with counting the rows."""

import contextlib
import random

import pytest

from provtap.errors import DocumentError
from provtap.ingest import load_sql, rebuild
from tests.ingest.logs import SAMPLES, documents, file, header, rows, run, uuid_of

COUNTED = """
    SELECT (SELECT count(*) FROM provenance.entity WHERE e_class = 'DatasetEntity'),
           (SELECT count(*) FROM provenance.agent),
           (SELECT count(*) FROM provenance.activity),
           (SELECT count(*) FROM provext.run WHERE r_status <> 'completed')
"""
COUNTED_BY_DAY = """
    SELECT date_trunc('day', a_starttime), count(*), count(*) FILTER (WHERE r_status <> 'completed')
      FROM provenance.activity LEFT JOIN provext.run ON r_activity_id = a_id
     WHERE a_starttime IS NOT NULL
     GROUP BY 1 ORDER BY 1
"""
SCRIPT = """
INSERT INTO provenance.activity (a_id, a_name, a_starttime) VALUES ('urn:x:1', 'tool', '2025-03-01'),
       ('urn:x:2', 'tool', NULL), ('urn:x:3', 'tool', '2026-01-01');
INSERT INTO provext.run (r_activity_id, r_status) VALUES ('urn:x:1', 'error'), ('urn:x:2', 'error');
INSERT INTO provenance.entity (e_id, e_class) VALUES ('urn:x:e', 'DatasetEntity'), ('urn:x:c', 'Entity');
INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('urn:x:a', 'A');
"""


@pytest.fixture
def right(database):
    """Return whether the views tell what there is; and what they tell in all."""

    def right():
        told = rows(
            database, "SELECT su_datasets, su_agents, su_activities, su_notcompleted FROM provext.summary"
        )
        by_day = rows(
            database, "SELECT dy_date, dy_activities, dy_notcompleted FROM provext.activity_day ORDER BY 1"
        )
        assert told == rows(database, COUNTED)
        assert by_day == rows(database, COUNTED_BY_DAY)
        return told[0]

    return right


def test_an_empty_store_has_one_row_of_zeros(right):
    assert right() == (0, 0, 0, 0)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_totals_are_right_after_every_document(take, right, seed):
    """Logs, PROV in all notations, headers and records, in any order; refused ones count nothing."""
    paths = [*documents(), *SAMPLES]
    for path in random.Random(seed).sample(paths, len(paths)):
        with contextlib.suppress(DocumentError):
            take(path)

    assert min(right()) > 0


def test_a_script_counts_as_well_and_a_rehearsal_does_not(database, settings, right, tmp_path):
    (tmp_path / "script.sql").write_text(SCRIPT)
    load_sql([tmp_path / "script.sql"], database, settings, dry_run=True)
    assert right() == (0, 0, 0, 0)
    load_sql([tmp_path / "script.sql"], database, settings)

    assert right() == (1, 1, 3, 2)


def test_a_run_that_becomes_known_moves_to_its_day(tell, right):
    """What a header says of a run yields to the run's own record."""
    told = header(1, 1) | {"CTA ACTIVITY START TIME": "2025-12-31 23:59:59.000"}
    tell(run(2, input=[file("/a.h5", header=told)]))
    assert right()[2:] == (2, 0)
    tell(run(1, activity_uuid=uuid_of("activity", 1), status="error"))

    assert right()[2:] == (2, 1)


def test_undo_and_reingest_count_again(take, database, settings, right):
    ingestions = [take(path).ingestion for path in SAMPLES[:4]]
    before = right()
    rebuild.undo(ingestions[0], database, settings)
    assert right() < before
    rebuild.reingest(database, settings)

    assert right() < before
