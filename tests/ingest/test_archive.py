import pytest

from provtap.errors import NotFound
from provtap.ingest import recorded_activities
from tests.ingest.logs import rows, run, uuid_of


def numbers(database):
    return [row[0] for row in rows(database, "SELECT in_id FROM provext.ingestion ORDER BY in_id")]


def test_an_ingestion_lists_its_activities_new_or_not(tell, database):
    """In the order of the document, each once."""
    tell(run(1))
    tell(run(2), run(1), run(2))

    first, second = numbers(database)
    assert recorded_activities(first, database) == (f"urn:uuid:{uuid_of('activity', 1)}",)
    assert recorded_activities(second, database) == tuple(
        f"urn:uuid:{uuid_of('activity', n)}" for n in (2, 1)
    )


def test_a_number_that_no_ingestion_has_is_refused(tell, database):
    tell(run(1))

    with pytest.raises(NotFound, match="Ingestion 7 does not exist"):
        recorded_activities(7, database)
