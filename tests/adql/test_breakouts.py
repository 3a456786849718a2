"""Attempts to read unpublished data, or to break out of a text literal (D9, D11)."""

import pytest

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.lab import LAB, fetch

LONG = "n" * 70  # PostgreSQL cuts names after 63 bytes
QUOTES = [
    "'",
    "''",
    '"',
    "\\",
    "\\'",
    "--",
    "/*",
    "*/",
    ";",
    "$$",
    "$1",
    "%s",
    "%(x)s",
    "\n",
    "\r",
    "\t",
    "{0}",
]


@pytest.mark.parametrize(
    "table",
    ["provtap.token", "provtap.raw_record", "pg_catalog.pg_class", "pg_class", "information_schema.tables"]
    + ["pg_shadow", '"pg_catalog"."pg_class"', "provenance.pg_class", "uws.job", '"provenance.activity"']
    + ["postgres.provenance.activity", '"activity"" UNION SELECT"', "TAP_UPLOAD.pg_class", "w1", "t1"],
)
def test_only_published_tables_can_be_named(tableset, table):
    """D9: private tables can't even be named."""
    with pytest.raises(AdqlError):
        translate(f"SELECT * FROM {table}", tableset)


@pytest.mark.parametrize(
    "column",
    ["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid", "activity", "a", "t1", "activity.ctid", "c1"]
    + [
        "a.xmin",
        "a.activity",
        '"a_id""; DROP TABLE x"',
        "a.*.a_id",
        "provenance",
        '"t1"."a_id"',
        '"*"',
        "t1.a_id",
    ],
)
def test_system_columns_and_whole_rows_are_unknown_columns(tableset, column):
    """Digest section 7: resolve every column before any SQL; PostgreSQL would take these."""
    with pytest.raises(AdqlError):
        translate(f"SELECT {column} FROM activity AS a", tableset)


@pytest.mark.parametrize(
    "call",
    ["pg_sleep(10)", "pg_read_file('/etc/passwd')", "current_setting('x')", "version()", "lo_import('x')"]
    + ["pg_catalog.pg_sleep(10)", '"pg_sleep"(10)', "query_to_xml('SELECT 1')", "set_config('a', 'b', false)"]
    + ["prov_sleep(10)", "ivo_pg_sleep(1)", "gavo_x(1)", "CURRENT_USER", "USER", "SESSION_USER", "a_id.upper"]
    + [
        "provext.prov_number(a_id)",
        "dblink('x')",
        "nextval('x')",
        "now()",
        "ABS(pg_sleep(1))",
        "LOWER(version())",
    ],
)
def test_only_declared_functions_can_be_called(tableset, call):
    """Digest section 7: functions from a whitelist only."""
    with pytest.raises(AdqlError):
        translate(f"SELECT {call} FROM activity", tableset)


@pytest.mark.parametrize(
    "text", [q + w for q in QUOTES for w in ("x", "' OR 1=1 --")] + ["\u2019; --", "\uff07"]
)
def test_a_text_stays_a_text(lab, text):
    """COPY takes no parameters: the one quoting function must hold, in every place a text can stand."""
    quoted = "'" + text.replace("'", "''") + "'"
    query = (
        f"SELECT {quoted}, CASE {quoted} WHEN {quoted} THEN {quoted} END FROM kinds WHERE {quoted} = {quoted}"
    )

    assert fetch(lab, translate(query, LAB).sql) == [(text, text)] * 3


@pytest.mark.parametrize(
    "name", [*(q for q in QUOTES if q != '"'), '""', LONG, "µ" * 40, "SELECT", " ", "c1", "t1"]
)
def test_a_name_stays_a_name(lab, name):
    """Names that users give never reach PostgreSQL, which would cut, fold or misread them."""
    table = f'WITH "{name}" AS (SELECT k_int AS "{name}" FROM kinds)'
    statement = translate(f'{table} SELECT q."{name}" FROM "{name}" AS q ORDER BY 1', LAB)

    assert statement.columns[0].name == name.replace('""', '"')
    assert fetch(lab, statement.sql) == [(10,), (20,), (None,)]


def test_long_names_that_differ_at_their_end_are_two(lab):
    """Digest section 7: PostgreSQL takes the first 63 bytes of a name."""
    text = f"SELECT {LONG}a, {LONG}b FROM (SELECT 1 AS {LONG}a, 2 AS {LONG}b FROM kinds) AS {LONG}q"

    assert fetch(lab, translate(text, LAB).sql)[0] == (1, 2)


@pytest.mark.parametrize(
    "text", ["SELECT 'a\0b' FROM kinds", 'SELECT "a\0" FROM kinds', "SELECT '\ud800' FROM kinds"]
)
def test_characters_that_can_not_be_stored_are_refused(text):
    """PostgreSQL has neither NUL nor lone surrogates."""
    with pytest.raises(AdqlError):
        translate(text, LAB)


@pytest.mark.parametrize(
    "text",
    ["SELECT a_id FROM activity; DROP TABLE activity", "SELECT 1; SELECT 2"]
    + [
        "SELECT a_id FROM activity FOR UPDATE",
        "SELECT a_id INTO x FROM activity",
        "COPY activity TO '/tmp/x'",
    ]
    + [
        "SELECT a_id FROM activity WHERE a_id = E'\\'' OR 1=1",
        "SELECT a_id FROM activity TABLESAMPLE SYSTEM (1)",
    ],
)
def test_a_statement_is_one_query_that_reads(tableset, text):
    """D11: the first lock before the reader role."""
    with pytest.raises(AdqlError):
        translate(text, tableset)


def test_every_published_table_can_be_read_and_nothing_else(tableset, reader):
    """D9, D11: the translation names tables of published schemas only, and PostgreSQL has them."""
    published = {schema.name for schema in tableset.schemas}
    for table in tableset.tables():
        statement = translate(f"SELECT * FROM {table.qualified_name}", tableset)

        if table.table_type != "virtual":
            assert statement.sql.count(f'FROM "{table.schema_name}"."{table.name}" AS t1') == 1
        assert table.schema_name in published
        assert fetch(reader, f"EXPLAIN {statement.copy_sql(1)}")
