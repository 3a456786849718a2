"""Consistency of the metadata files: no duplicate names, no keys to missing columns."""

from collections.abc import Iterable

from provtap.errors import SettingsError
from provtap.tableset import Column, ForeignKey, Table, Tableset


def check(tableset: Tableset) -> None:
    """Check that a tableset can be published.

    Raises: SettingsError if not.
    """
    _refuse_twice("schema", (schema.name for schema in tableset.schemas))
    _refuse_twice("table", (table.qualified_name for table in tableset.tables()))
    _refuse_twice("key", (key.key_id for table in tableset.tables() for key in table.keys))
    for table in tableset.tables():
        _refuse_twice(f"column of {table.qualified_name}", (column.name for column in table.columns))
        _check_table(table, tableset)


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    """Reject duplicate names, ignoring case as in ADQL."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise SettingsError(f"The metadata files describe the {what} {name} twice.")
        seen.add(name.lower())


def _check_table(table: Table, tableset: Tableset) -> None:
    for name in table.primary_key:
        _column(table, name, f"The primary key of {table.qualified_name}")
    for key in table.keys:
        _check_key(key, table, tableset)


def _check_key(key: ForeignKey, table: Table, tableset: Tableset) -> None:
    what = f"The key {key.key_id}"
    target = tableset.table(key.target_table)
    if target is None:
        raise SettingsError(f"{what} refers to {key.target_table}, which is not published.")
    for source_name, target_name in key.columns:
        if _column(table, source_name, what).datatype != _column(target, target_name, what).datatype:
            raise SettingsError(f"{what} joins {source_name} to {target_name}, which has another type.")


def _column(table: Table, name: str, what: str) -> Column:
    found = next((column for column in table.columns if column.name == name), None)
    if found is None:
        raise SettingsError(
            f"{what} names {name}, which is not a published column of {table.qualified_name}."
        )
    return found
