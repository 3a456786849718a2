"""D7: the published tables, TAP_SCHEMA and the live catalogue of PostgreSQL agree."""

import psycopg2
import pytest

from provtap import metadata

PUBLISHED = ("provenance", "provext", "ivoa", "tap_schema")
UNPUBLISHED = {
    "provenance.hadmember.hm_collection_class": "is there for a key, and always the same",
    "provenance.parameter.p_valueentity_class": "is there for a key, and always the same",
    "tap_schema.digest.sha256": "is between nodes",
}
DECLARED = {
    "text": {
        ("char", "*", None),
        ("unicodeChar", "*", None),
        ("unicodeChar", "*", "json"),
        ("char", "*", "adql:REGION"),
    },
    "timestamp without time zone": {("char", "*", "timestamp")},
    "integer": {("int", None, None)},
    "bigint": {("long", None, None)},
    "double precision": {("double", None, None)},
    "real": {("float", None, None)},
}

COLUMNS = """
SELECT n.nspname || '.' || c.relname, a.attname, c.relkind::text,
       format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, NULL),
       NOT (a.attnotnull OR t.typnotnull), col_description(c.oid, a.attnum)
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY 1, a.attnum
"""
# The first column of an index is the one that a condition on it alone is fast for.
INDEXED = """
SELECT DISTINCT n.nspname || '.' || c.relname, a.attname
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
 WHERE n.nspname = ANY (%s)
"""
PRIMARY_KEYS = """
SELECT conrelid::regclass::text,
       array_agg(attname::text ORDER BY array_position(conkey, attnum))
  FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
 WHERE contype = 'p' AND connamespace::regnamespace::text = ANY (%s)
 GROUP BY 1
"""
FOREIGN_KEYS = """
SELECT conrelid::regclass::text, confrelid::regclass::text,
       array_agg(ARRAY[here.attname, there.attname]::text[] ORDER BY position)
  FROM pg_constraint, unnest(conkey, confkey) WITH ORDINALITY AS pair (source, target, position),
       pg_attribute here, pg_attribute there
 WHERE contype = 'f' AND connamespace::regnamespace::text = ANY (%s)
   AND here.attrelid = conrelid AND here.attnum = source
   AND there.attrelid = confrelid AND there.attnum = target
 GROUP BY pg_constraint.oid, 1, 2
"""


@pytest.fixture
def rows(settings):
    """A function that asks the initialised database, as its superuser."""
    connection = psycopg2.connect(settings.database_url)

    def ask(query, *values):
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    yield ask
    connection.close()


def live_columns(rows):
    return [row for row in rows(COLUMNS, list(PUBLISHED)) if f"{row[0]}.{row[1]}" not in UNPUBLISHED]


def in_catalogue(tableset):
    return [table for table in tableset.tables() if table.table_type != "virtual"]


def test_every_live_column_is_published_and_every_published_one_is_live(tableset, rows):
    live = {(table, column) for table, column, *_ in live_columns(rows)}

    assert {(t.qualified_name, c.name) for t in in_catalogue(tableset) for c in t.columns} == live


def test_columns_are_published_in_the_order_of_the_catalogue(tableset, rows):
    live = live_columns(rows)

    for table in in_catalogue(tableset):
        names = [column for name, column, *_ in live if name == table.qualified_name]
        assert [column.name for column in table.columns] == names


def test_types_are_those_of_the_catalogue(tableset, rows):
    """MAP: text, timestamps and numbers are declared with the types in which they are sent."""
    kinds = {(table, column): kind for table, column, _, kind, *_ in live_columns(rows)}

    for table in in_catalogue(tableset):
        for column in table.columns:
            declared = (column.datatype, column.arraysize, column.xtype)
            assert declared in DECLARED[kinds[table.qualified_name, column.name]], column.name


def test_nullability_is_that_of_the_catalogue(tableset, rows):
    """SCH-11; PostgreSQL knows it of tables only."""
    live = {(table, column) for table, column, kind, _, null, _ in live_columns(rows) if kind == "r" and null}
    tables = [table for table in tableset.tables() if table.table_type == "table"]

    assert {(t.qualified_name, c.name) for t in tables for c in t.columns if c.nullable} == live


def test_views_are_views(tableset, rows):
    live = {table for table, _, kind, *_ in live_columns(rows) if kind == "v"}

    assert {table.qualified_name for table in tableset.tables() if table.table_type == "view"} == live


def test_columns_published_as_indexed_have_an_index(tableset, rows):
    live = {pair for pair in rows(INDEXED, list(PUBLISHED)) if ".".join(pair) not in UNPUBLISHED}
    tables = [table for table in tableset.tables() if table.table_type == "table"]

    assert {(t.qualified_name, c.name) for t in tables for c in t.columns if c.indexed} == live


def test_primary_keys_are_those_of_the_catalogue(tableset, rows):
    live = {table: tuple(columns) for table, columns in rows(PRIMARY_KEYS, list(PUBLISHED))}

    assert {
        table.qualified_name: table.primary_key for table in tableset.tables() if table.primary_key
    } == live


def test_foreign_keys_are_those_of_the_catalogue(tableset, rows):
    """SCH-10; what is there only for a key is left out of it."""
    live = {
        (table, target, tuple((here, there) for here, there in pairs if f"{table}.{here}" not in UNPUBLISHED))
        for table, target, pairs in rows(FOREIGN_KEYS, list(PUBLISHED))
    }
    tables = [table for table in tableset.tables() if table.table_type == "table"]
    keys = [key for table in tables for key in table.keys if key.key_id != "product_obscore"]  # to a view

    assert {(k.from_table, k.target_table, k.columns) for k in keys} == live


def test_tap_schema_has_the_published_tables(tableset, rows):
    """SCH-13: one source; the rows are in the columns they belong to."""
    for name, expected in metadata.tap_schema_rows(tableset).items():
        columns = ", ".join(f'"{c.name}"' for c in tableset.table(f"tap_schema.{name}").columns)
        stored = rows(f"SELECT {columns} FROM tap_schema.{name}")
        assert sorted(stored, key=repr) == sorted(expected, key=repr)


def test_the_digest_is_stored(tableset, rows):
    """D7: a node can detect that it has other metadata files."""
    assert rows("SELECT sha256 FROM tap_schema.digest") == [(tableset.digest,)]


def test_comments_are_the_descriptions(tableset, rows):
    """D7: descriptions in psql are the same as in TOPCAT."""
    live = {(table, column): text for table, column, *_, text in live_columns(rows)}

    for table in in_catalogue(tableset):
        assert {c.description for c in table.columns} == {
            live[table.qualified_name, c.name] for c in table.columns
        }


def test_a_long_name_is_stored_whole(settings, rows):
    """PostgreSQL's own type `name` would silently cut it to 63 bytes."""
    long = "x" * 1000
    rows("INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('a', %s) RETURNING ag_id", long)

    assert rows("SELECT ag_name FROM provenance.agent") == [(long,)]
