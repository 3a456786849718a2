"""The numbered files of schema/ and the register of those that were run."""

from dataclasses import replace

import pytest

from provtap.database.connect import Database
from provtap.database.migrate import Migration, migrate, migrations, pending
from provtap.errors import DatabaseUnavailable

FIRST = Migration(1, "first", "CREATE TABLE public.first (n integer); SET LOCAL search_path = provenance;")
SECOND = Migration(2, "second", "CREATE TABLE public.second (n integer);")


def numbers(database: Database) -> list[int]:
    with database.setup() as transaction:
        return [
            row.number for row in transaction.rows("SELECT number FROM provtap.migration ORDER BY number")
        ]


def test_files_are_numbered_from_one_without_a_gap() -> None:
    """Numbers of files are unique, so that missing migrations can be found (design, layout)."""
    found = [migration.number for migration in migrations()]

    assert found == list(range(1, len(found) + 1))


def test_each_file_is_run_once_and_in_order(blank: Database) -> None:
    """The table records the migrations that were run; running again does nothing."""
    with blank.setup() as transaction:
        assert migrate(transaction, [FIRST]) == [FIRST]
    with blank.setup() as transaction:
        assert migrate(transaction, [FIRST, SECOND]) == [SECOND]
    with blank.setup() as transaction:
        assert migrate(transaction, [FIRST, SECOND]) == []

    assert numbers(blank) == [1, 2]


def test_search_path_of_a_file_ends_with_it(blank: Database) -> None:
    """A later file finds the search path as if it were alone."""
    with blank.setup() as transaction:
        before = transaction.rows("SHOW search_path")
        migrate(transaction, [FIRST])

        assert transaction.rows("SHOW search_path") == before


def test_failed_file_leaves_nothing(blank: Database) -> None:
    """All files of one init are one transaction."""
    broken = replace(SECOND, sql="CREATE TABLE public.second (n nonsense);")
    with pytest.raises(DatabaseUnavailable, match="nonsense"), blank.setup() as transaction:
        migrate(transaction, [FIRST, broken])

    with blank.setup() as transaction:
        assert pending(transaction, [FIRST, broken]) == [FIRST, broken]


def test_newer_database_is_refused(blank: Database) -> None:
    """An older ProvTAP does not change tables of a newer version."""
    with blank.setup() as transaction:
        migrate(transaction, [FIRST, SECOND])

    with (
        blank.setup() as transaction,
        pytest.raises(DatabaseUnavailable, match="newer than this ProvTAP: .*0002_second"),
    ):
        migrate(transaction, [FIRST])


def test_changed_file_is_refused(blank: Database) -> None:
    """A file that was run has its digest in the register."""
    with blank.setup() as transaction:
        migrate(transaction, [FIRST])

    with (
        blank.setup() as transaction,
        pytest.raises(DatabaseUnavailable, match="different version of 0001_first.sql"),
    ):
        migrate(transaction, [replace(FIRST, sql="SELECT 1;")])
