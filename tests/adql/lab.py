"""Tables of every type, and names of every kind, for tests of the translator."""

from importlib import resources

from provtap.tableset import Column, Schema, Table, Tableset


def _table(name: str, *columns: Column, schema: str = "lab", table_type: str = "table") -> Table:
    return Table(schema_name=schema, name=name, table_type=table_type, columns=columns)


KINDS = _table(
    "kinds",
    Column(name="k_short", datatype="short"),
    Column(
        name="k_int", datatype="int", unit="s", ucd="time.duration", utype="lab:int", description="An int"
    ),
    Column(name="k_long", datatype="long", unit="s"),
    Column(name="k_float", datatype="float", unit="m"),
    Column(name="k_double", datatype="double", unit="deg", ucd="pos.eq.ra"),
    Column(name="k_text", datatype="char", arraysize="*", ucd="meta.id"),
    Column(name="k_time", datatype="char", arraysize="*", xtype="timestamp", ucd="time.start"),
    Column(name="k_flag", datatype="boolean"),
    Column(name="k_array", datatype="double", arraysize="*"),
)
ODD = _table(
    "Odd",
    Column(name="size", datatype="int"),
    Column(name="startTime", datatype="char", arraysize="*", xtype="timestamp"),
    Column(name="twice", datatype="int"),
    Column(name="Twice", datatype="int"),
    Column(name="a b", datatype="int"),
    Column(name='q"q', datatype="int"),
)
SKY = _table(
    "sky",
    Column(name="s_id", datatype="int"),
    Column(name="s_ra", datatype="double", unit="deg", ucd="pos.eq.ra"),
    Column(name="s_dec", datatype="double", unit="deg", ucd="pos.eq.dec"),
    Column(name="s_point", datatype="double", arraysize="2", xtype="point", unit="deg", ucd="pos.eq"),
    Column(name="s_circle", datatype="double", arraysize="3", xtype="circle", unit="deg"),
)
LAB = Tableset(
    (
        Schema(name="lab", tables=(KINDS, ODD, SKY, _table("other", Column(name="k_int", datatype="int")))),
        Schema(
            name="attic",
            tables=(
                _table("other", Column(name="k_int", datatype="int"), schema="attic"),
                _table("unreal", Column(name="u_id", datatype="int"), schema="attic", table_type="virtual"),
            ),
        ),
    )
)
FUNCTIONS = "\n".join(
    (resources.files("provtap.schema") / name).read_text()
    for name in ("0005_functions.sql", "0019_exact_functions.sql", "0025_cones.sql")
)
SQL = f"""
CREATE SCHEMA provenance;
CREATE SCHEMA provext;
CREATE TABLE provenance.parameter (p_name text COLLATE "C", p_value text COLLATE "C");
{FUNCTIONS}
SET LOCAL search_path = pg_catalog;
CREATE SCHEMA lab;
CREATE SCHEMA attic;
CREATE TABLE lab.kinds (
    k_short smallint, k_int integer, k_long bigint, k_float real, k_double double precision, k_text text,
    k_time timestamp, k_flag boolean, k_array double precision[]
);
INSERT INTO lab.kinds VALUES
    (1, 10, 100, 0.5, 1.5, 'one', '2026-01-01 12:00:00', true, '{{1,2}}'),
    (2, 20, 9000000000000000000, 'Infinity', 'NaN', 'two%', '2026-06-01 00:00:00.25', false, NULL),
    (3, NULL, NULL, NULL, '-Infinity', NULL, NULL, NULL, NULL);
CREATE TABLE lab."Odd" (size integer, "startTime" timestamp, twice integer, "Twice" integer, "a b" integer,
                          "q""q" integer);
INSERT INTO lab."Odd" VALUES (7, '2026-01-01', 1, 2, 3, 4);
CREATE TABLE lab.sky (
    s_id integer, s_ra double precision, s_dec double precision, s_point double precision[],
    s_circle double precision[]
);
INSERT INTO lab.sky VALUES
    (1, 10, 20, '{{10,20}}', '{{10,20,1}}'), (2, 83.633, 22.0145, '{{83.633,22.0145}}', '{{83,22,0.5}}'),
    (3, NULL, NULL, NULL, NULL);
CREATE TABLE lab.other (k_int integer);
INSERT INTO lab.other VALUES (10), (30);
CREATE TABLE attic.other (k_int integer);
"""


def fetch(connection, sql):
    """Return the rows of *sql*; its changes are kept."""
    with connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def value(ask, expression, source="kinds WHERE k_short = 1"):
    """Return the value of an expression over one row, as text."""
    ((cell,),) = ask(f"SELECT {expression} FROM {source}")
    return None if cell is None else str(cell)
