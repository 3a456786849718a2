"""The common parts of PROV's notations."""

from datetime import UTC, datetime

import pytest

from provtap.errors import DocumentError
from provtap.ingest.readers.prov.statements import read_time


def test_midnight_may_be_the_end_of_a_day():
    """XML Schema's dateTime has 24:00:00, which is the first instant of the following day."""
    assert read_time("2026-12-31T24:00:00Z", "x") == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["9999-12-31T24:00:00", "2026-12-31T24:00:01", "2026-02-30T24:00:00"])
def test_other_times_are_refused(text):
    with pytest.raises(DocumentError, match="is not a time of the years 1 to 9999"):
        read_time(text, "x")
