"""Small documents that are stored in one transaction: the same tables and reports as one by one."""

import random

import pytest

from provtap.ingest import ingest, ingest_all
from provtap.ingest.rebuild import undo
from tests.ingest.logs import SAMPLES, documents, empty, file, header, run, tables, write_log

COUNTS = ("source", "new", "updated", "unchanged", "stubs", "warnings", "conflicts")


@pytest.fixture
def logs(tmp_path):
    """Return a function that writes a log of each of the given runs."""

    def write(*runs):
        return [write_log(tmp_path / f"{number}.log", each) for number, each in enumerate(runs)]

    return write


def counts(reports):
    """Return what the reports say of rows."""
    return [[getattr(report, name) for name in COUNTS] for report in reports]


def transactions(database):
    """Return in how many transactions the stored documents were written."""
    with database.transaction() as transaction:
        [row] = transaction.rows("SELECT count(DISTINCT xmin::text) AS number FROM provtap.document")
        return row.number


def chain(length, first=0):
    """Yield runs of which each reads what the one before it wrote, and a file that all of them read."""
    for number in range(first, first + length):
        before = (
            [file(f"/data/{number - 1}", header=header(number - 1, number - 1))] if number > first else []
        )
        yield run(
            number,
            start=number,
            end=number,
            input=[*before, file("/data/shared", role="calibration")],
            output=[file(f"/data/{number}", header=header(number, number, number))],
        )


def test_the_tables_are_those_of_documents_that_come_alone(settings, database):
    """All kinds of documents, in any order (INGEST-d8): some of them contradict others."""
    paths = [*SAMPLES, *documents()]
    random.Random(1).shuffle(paths)
    together = ingest_all(paths, database, settings)
    stored = tables(database)
    empty(database)
    alone = [ingest_all([path], database, settings) for path in paths]

    assert stored == tables(database)
    assert [report.source for report in together.reports] == [
        report.source for each in alone for report in each.reports
    ]
    assert together.problems == [problem for each in alone for problem in each.problems]


def test_each_document_has_the_report_that_it_has_alone(settings, database, logs):
    """Rows that several documents have are new for the first one, and unchanged for the others."""
    paths = logs(*chain(40))
    together = ingest_all(paths, database, settings)
    in_transactions = transactions(database)
    empty(database)
    alone = [ingest(path, database, settings) for path in paths]

    assert counts(together.reports) == counts(alone)
    assert in_transactions == 1


def test_a_document_that_is_refused_does_not_affect_its_neighbours(settings, database, logs):
    """The documents of its batch are stored one by one."""
    first, second, *others = chain(9)
    paths = logs(first, second | {"activity_uuid": header(0, 0)["CTA PRODUCT ID"]}, *others)
    summary = ingest_all(paths, database, settings)

    assert len(summary.problems) == 1 and str(paths[1]) in summary.problems[0]
    assert [report.source for report in summary.reports] == [str(path) for path in paths if path != paths[1]]


def test_a_document_twice_in_a_batch_is_stored_once(settings, database, logs, tmp_path):
    """The second has the number of the first (INGEST-d7)."""
    paths = logs(*chain(5))
    copy = tmp_path / "copy.log"
    copy.write_bytes(paths[2].read_bytes())
    *_, stored, _, _, again = ingest_all([*paths, copy], database, settings).reports

    assert (again.known, again.ingestion, again.new) == (True, stored.ingestion, 0)


def test_a_warning_belongs_to_its_document(settings, database, logs):
    """Which document a warning is about is known by storing it alone."""
    first, *others = chain(6)
    paths = logs(first, *others, first | {"status": "error"})
    *reports, last = ingest_all(paths, database, settings).reports

    assert [report.warnings for report in reports] == [()] * 6
    assert "is already recorded" in last.warnings[0]


def test_documents_stored_together_can_be_undone_separately(settings, database, logs):
    """Each document keeps an ingestion of its own."""
    paths = logs(*chain(6))
    reports = ingest_all(paths, database, settings).reports
    undo(reports[-1].ingestion, database, settings)
    without = tables(database)
    empty(database)
    ingest_all(paths[:-1], database, settings)

    assert without == tables(database)
