"""Attributes of the model: dataclasses, the tables of `schema/` and the metadata of `tap_schema/` agree."""

import pytest

from provtap.ingest.model import descriptions, records
from provtap.ingest.model.identity import MAX_BYTES, NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import Record, columns
from provtap.ingest.readers.records.classes import CLASSES

LIVE = """
    SELECT format('%I.%I', nspname, relname) AS relation, attname AS column, typname AS type
      FROM pg_attribute
      JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
      JOIN pg_type ON pg_type.oid = atttypid
     WHERE nspname IN ('provenance', 'provext', 'provtap') AND attnum > 0 AND NOT attisdropped
"""
LIMITED = {None: "text", MAX_BYTES: "identifier", ROLE_BYTES: "role"}
TYPES = {
    "time": ("instant", {"char"}, "timestamp"),
    "whole": ("int4", {"int"}, None),
    "number": ("float8", {"double"}, None),
}
TEXTS = {"char", "unicodeChar"}
MADE_HERE = {
    "e_class",
    "ed_class",
    "u_usagedescription_id",
    "wgb_generationdescription_id",
    "p_parameterdescription_id",
    "cf_configfiledescription_id",
}
"""Columns of the model that sources do not state: the service finds their values."""
PARTS = {"HadReference", "Invalidation"}
"""Classes that are columns of the tables of others."""
KINDS = [
    kind
    for module in (records, descriptions)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Record) and hasattr(kind, "prefix")
]


@pytest.fixture
def live(database):
    """Types of the columns of the database, by relation and name."""
    with database.transaction() as transaction:
        return {(row.relation, row.column): row.type for row in transaction.rows(LIVE)}


def sql_type(attribute):
    """Return the type that the column of an attribute must have in the database."""
    if attribute.kind in TYPES:
        return TYPES[attribute.kind][0]
    return "label" if (attribute.kind, attribute.limit) == ("text", NAME_BYTES) else LIMITED[attribute.limit]


def test_dataclasses_sql_and_metadata_agree_on_each_attribute(live, tableset):
    """Its column is in the database and published, both have its type and limit, and neither has more."""
    views = {table.qualified_name for table in tableset.tables() if table.table_type == "view"}
    stated = set()
    for each in CLASSES:
        published = {column.name: column for column in tableset.table(each.table).columns}
        for name, attribute in each.by_column.items():
            column, at = published[name], f"{each.table}.{name}"
            datatypes, xtype = TYPES.get(attribute.kind, (None, TEXTS, None))[1:]

            assert each.table in views or live[each.table, name] == sql_type(attribute), at
            assert column.datatype in datatypes, at
            assert column.xtype == xtype, at
            assert not (attribute.needed and attribute.of is None and column.nullable) or each.name in PARTS
            stated.add((each.table, name))
    tables = {each.table for each in CLASSES}
    known = {
        (t.qualified_name, c.name) for t in tableset.tables() if t.qualified_name in tables for c in t.columns
    }

    assert {column for _, column in known - stated} == MADE_HERE


def test_utypes_end_in_the_names_of_the_attributes(tableset):
    """A utype is the VO-DML id of the attribute (D8), unless it leads to the class from the other end."""
    for each in CLASSES:
        published = {column.name: column for column in tableset.table(each.table).columns}
        for name, attribute in each.by_column.items():
            if (utype := published[name].utype) and not attribute.refers and each.name not in PARTS:
                assert utype.rpartition(".")[2] == attribute.name, f"{each.table}.{name}"


def test_each_field_of_a_record_has_its_column(live):
    needed = {(kind.table, column) for kind in KINDS for _, column in columns(kind)}

    assert needed - live.keys() == set()
