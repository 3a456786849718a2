"""Names of the sample logs: one path was written twice, so it had two meanings."""

import pytest

from provtap.database.connect import open_database
from provtap.query.names import Closeness, closest, find

PATH = "/cta/provwork/run/twice.dl2.h5"
FIRST, SECOND = (
    "urn:uuid:094e11aa-6769-4dd7-aaf9-b7d395f7c587",
    "urn:uuid:5e08d0ed-5dc3-4127-afce-c2484ede12e6",
)


@pytest.fixture(scope="module")
def transaction(sample_settings):
    with open_database(sample_settings) as database, database.reading(60) as opened:
        yield opened


def test_who_bears_a_name_now_comes_first(transaction):
    """The file that was written over has lost its path, though it is still recorded with it."""
    meanings = find(transaction, [PATH])

    assert [meaning.id for meaning in meanings] == [SECOND, FIRST]
    assert meanings[0].until is None
    assert meanings[1].until == meanings[0].since
    assert {meaning.closeness for meaning in meanings} == {Closeness.OTHER_NAME}


def test_an_id_is_closer_than_any_other_name(transaction):
    [meaning] = find(transaction, [FIRST], Closeness.FILE_NAME)

    assert (meaning.kind, meaning.closeness) == ("entity", Closeness.ID)


def test_names_of_files_count_only_if_asked_for(transaction):
    assert find(transaction, ["twice.dl2.h5"]) == []
    assert {m.id for m in closest(find(transaction, ["twice.dl2.h5"], Closeness.FILE_NAME))} == {
        FIRST,
        SECOND,
    }


def test_a_name_that_means_nothing_has_no_meaning(transaction):
    assert find(transaction, ["nothing", "'; --"], Closeness.FILE_NAME) == []
    assert closest([]) == []
