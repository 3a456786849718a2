"""TAP_SCHEMA as clients read it: by queries, in any case, and about itself as well."""

import pytest

from provtap.adql import published_name
from tests.results.tables import read
from tests.web.conftest import query_status

# Column -> whether it is never null; int columns are marked.
COLUMNS = {
    "schemas": "schema_name! utype description schema_index:int",
    "tables": "schema_name! table_name! table_type! utype description table_index:int",
    "columns": "table_name! column_name! datatype! arraysize xtype size:int description utype unit ucd"
    " indexed:int! principal:int! std:int! column_index:int",
    "keys": "key_id! from_table! target_table! description utype",
    "key_columns": "key_id! from_column! target_column!",
}
KEYS = {
    ("tap_schema.tables", "schema_name", "tap_schema.schemas", "schema_name"),
    ("tap_schema.columns", "table_name", "tap_schema.tables", "table_name"),
    ("tap_schema.keys", "from_table", "tap_schema.tables", "table_name"),
    ("tap_schema.keys", "target_table", "tap_schema.tables", "table_name"),
    ("tap_schema.key_columns", "key_id", "tap_schema.keys", "key_id"),
}


def ask(client, query):
    """Return the table that answers *query*."""
    response = client.post("/tap/sync", data={"QUERY": query, "MAXREC": 100_000})
    assert query_status(response) == [("OK", None)]
    return read(response.data).get_first_table()


def rows(client, query):
    return [tuple(row) for row in ask(client, query).to_table()]


@pytest.mark.parametrize("name", COLUMNS)
def test_each_table_has_the_columns_of_tap(client, name):
    """SCH-2, SCH-3: their names and types; texts are char, numbers int."""
    fields = ask(client, f"SELECT TOP 1 * FROM TAP_SCHEMA.{name}").fields
    wanted = [column.rstrip("!").partition(":")[::2] for column in COLUMNS[name].split()]
    found = {field.name: field.datatype for field in fields}

    assert set(found) >= {column for column, _ in wanted}
    for column, kind in wanted:
        assert found[column] in ({"int"} if kind else {"char", "unicodeChar"}), column


@pytest.mark.parametrize("name", COLUMNS)
def test_each_table_describes_itself(client, name):
    """SCH-1, SCH-4, SCH-9: with the name to be written in a query, all of it standard."""
    described = rows(
        client,
        f"SELECT column_name, std FROM tap_schema.columns WHERE table_name = 'tap_schema.{name}'",
    )
    wanted = [column.rstrip("!").partition(":")[0] for column in COLUMNS[name].split()]

    assert {(published_name(column), 1) for column in wanted} <= set(described)


@pytest.mark.parametrize("name", COLUMNS)
def test_not_null_columns_have_no_null(client, name):
    """SCH-11."""
    for column in COLUMNS[name].split():
        if column.endswith("!"):
            column = column.rstrip("!").partition(":")[0]
            assert rows(client, f"SELECT {column} FROM tap_schema.{name} WHERE {column} IS NULL") == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT Table_Name FROM Tap_Schema.TABLES",
        'SELECT "size", "table_name" FROM tap_schema.columns',
        'SELECT c."size" FROM TAP_SCHEMA.columns AS c',
        "SELECT COUNT(*) AS nr FROM tap_schema.key_columns",
    ],
)
def test_names_ignore_case(client, query):
    """SCH-1, SCH-4."""
    assert ask(client, query).nrows > 0


def test_the_keys_of_tap_schema_are_listed(client):
    """SCH-10."""
    listed = rows(
        client,
        "SELECT from_table, from_column, target_table, target_column FROM tap_schema.keys"
        " JOIN tap_schema.key_columns USING (key_id)",
    )

    assert set(listed) >= KEYS


def test_nothing_stands_alone(client):
    """SCH-10: every table has its schema, every column its table, every key both ends."""
    for query in (
        "SELECT table_name FROM tap_schema.tables"
        " WHERE schema_name NOT IN (SELECT schema_name FROM tap_schema.schemas)",
        "SELECT table_name FROM tap_schema.columns"
        " WHERE table_name NOT IN (SELECT table_name FROM tap_schema.tables)",
        "SELECT k.key_id FROM tap_schema.keys AS k JOIN tap_schema.key_columns AS p ON p.key_id = k.key_id"
        " LEFT JOIN tap_schema.columns AS f ON f.table_name = k.from_table AND f.column_name = p.from_column"
        " LEFT JOIN tap_schema.columns AS t"
        " ON t.table_name = k.target_table AND t.column_name = p.target_column"
        " WHERE f.column_name IS NULL OR t.column_name IS NULL OR f.datatype <> t.datatype",
    ):
        assert rows(client, query) == []


def test_a_datatype_is_one_of_votable(client):
    """SCH-6, SCH-7: a shape for texts, and none for scalars."""
    found = set(rows(client, "SELECT DISTINCT datatype FROM tap_schema.columns"))

    assert found <= {(t,) for t in ("char", "unicodeChar", "short", "int", "long", "float", "double")}
    assert rows(client, "SELECT column_name FROM tap_schema.columns WHERE arraysize IN ('1', '')") == []
    assert (
        rows(client, "SELECT column_name FROM tap_schema.columns WHERE arraysize = '*' AND \"size\" > 0")
        == []
    )


def test_all_columns_can_be_read_at_once(client, settings):
    """SCH-12: clients read the metadata with a MAXREC of their number."""
    ((number,),) = rows(client, "SELECT COUNT(*) AS n FROM tap_schema.columns")

    assert number + 10 <= settings.maxrec_limit
    assert ask(client, "SELECT column_name FROM tap_schema.columns").nrows == number
