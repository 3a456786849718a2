"""All possible values of a column are the same in each format as read by psycopg2 from the database."""

import math
import re
import struct
from contextlib import closing

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.errors import QueryError
from provtap.query import run
from provtap.query.request import QueryRequest
from provtap.tableset import Column, Schema, Table, Tableset
from tests.results import readers

TYPES = {
    "k_short": ("smallint", Column(name="k_short", datatype="short")),
    "k_int": ("integer", Column(name="k_int", datatype="int")),
    "k_long": ("bigint", Column(name="k_long", datatype="long")),
    "k_float": ("real", Column(name="k_float", datatype="float")),
    "k_double": ("double precision", Column(name="k_double", datatype="double")),
    "k_ascii": ("text", Column(name="k_ascii", datatype="char", arraysize="*")),
    "k_text": ("text", Column(name="k_text", datatype="unicodeChar", arraysize="*")),
    "k_time": ("timestamp", Column(name="k_time", datatype="char", arraysize="*", xtype="timestamp")),
    "k_flag": ("boolean", Column(name="k_flag", datatype="boolean")),
    "k_point": (
        "double precision[]",
        Column(name="k_point", datatype="double", arraysize="2", xtype="point"),
    ),
    "k_array": ("integer[]", Column(name="k_array", datatype="int", arraysize="*")),
}
NUMBERS = [
    name for name, (_, column) in TYPES.items() if column.datatype in readers.FORMS and not column.arraysize
]
TABLES = Tableset(
    (
        Schema(
            name="lab",
            tables=(Table(schema_name="lab", name="kinds", columns=tuple(c for _, c in TYPES.values())),),
        ),
    )
)


def whole(bits):
    least = -(2 ** (bits - 1))
    return st.integers(least, -least - 1) | st.sampled_from([least, least + 1, -1, 0, -least - 1])


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
AWKWARD = st.text(
    st.sampled_from("\\Nntrbfvx\t\n\r\b\f\v\"',;&<>]{}. \x01\x1b\x1f\x7f\x85é𝒜\u2028\ufffe\uffff")
)
TEXT = ANY_TEXT | AWKWARD | st.sampled_from(["", "null", "NaN", "\\N", "\\."])
TIME = st.datetimes().map(lambda t: t.isoformat())
COORDINATE = st.floats(-360, 360, allow_subnormal=True)
ROW = st.tuples(
    whole(16),
    whole(32),
    whole(64),
    st.floats(width=32),
    st.floats(),
    st.text(st.characters(min_codepoint=32, max_codepoint=126)),
    TEXT,
    TIME,
    st.booleans(),
    st.tuples(COORDINATE, COORDINATE).map(list),
    st.lists(whole(32), max_size=3),
).flatmap(lambda row: st.tuples(*(st.just(v) | st.none() for v in row)))
ROWS = st.lists(ROW, max_size=6)
EXTREMES = [
    (
        -(2**15),
        -(2**31),
        -(2**63),
        2.0**-149,
        5e-324,
        "",
        "",
        "0001-01-01T00:00:00",
        False,
        [-0.0, 5e-324],
        [],
    ),
    (
        2**15 - 1,
        2**31 - 1,
        2**63 - 1,
        -0.0,
        -0.0,
        "a",
        "𝒜",
        "9999-12-31T23:59:59.999999",
        True,
        [0.1, 1e300],
        [1],
    ),
    (0, 0, 0, math.nan, math.nan, " ", "\\N", None, None, None, None),
    (1, 1, 1, math.inf, -math.inf, "\\", "\t\r\n", None, None, None, [-1, 2**31 - 1]),
    (2, 2, 2, 1e38, 1e308, "a" * 70_000, "é" * 70_000, None, None, None, [0] * 9),
    (None,) * 11,
]


@pytest.fixture(scope="module")
def lab(server):
    """A store with one table of every type, and a function that fills it."""
    url = server.create()
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("CREATE SCHEMA lab")
        columns = ", ".join(f"{name} {sql}" for name, (sql, _) in TYPES.items())
        cursor.execute(f"CREATE TABLE lab.kinds (id serial, {columns})")
        settings = Settings(database_url=url, read_url=url)
        with open_database(settings) as database:
            yield Lab(cursor, database, settings)
    server.drop(url)


class Lab:
    def __init__(self, cursor, database, settings):
        self.cursor = cursor
        self.database = database
        self.settings = settings

    def fill(self, rows):
        self.cursor.execute("TRUNCATE lab.kinds RESTART IDENTITY")
        casts = ", ".join(f"%s::{sql}" for sql, _ in TYPES.values())
        for row in rows:
            # As text: PostgreSQL takes -0.0 in SQL for a decimal number, which has no such zero.
            values = [v if v is None else str(v) for v in row]
            values[-2:] = [v and f"{{{v[1:-1]}}}" for v in values[-2:]]
            self.cursor.execute(f"INSERT INTO lab.kinds ({', '.join(TYPES)}) VALUES ({casts})", values)

    def written(self, responseformat, names=tuple(TYPES)):
        request = QueryRequest(
            query=f"SELECT {', '.join(names)} FROM lab.kinds", responseformat=responseformat
        )
        return b"".join(run(request, TABLES, self.database, self.settings).body)

    def stored(self, names=tuple(TYPES)):
        """Return what psycopg2 reads."""
        self.cursor.execute(f"SELECT {', '.join(names)} FROM lab.kinds ORDER BY id")
        return [
            [_stored(value, TYPES[n][1]) for n, value in zip(names, row, strict=True)] for row in self.cursor
        ]


def _stored(value, column):
    if column.datatype == "float" and value is not None:
        return struct.unpack(">f", struct.pack(">f", value))[0]
    if column.xtype == "timestamp" and value is not None:
        return re.sub(r"([.]\d*?)0+$", r"\1", value.isoformat())
    return value


def bits(value):
    """Return something equal for equal values only: NaN equals itself, 0.0 does not equal -0.0."""
    if isinstance(value, list):
        return [bits(v) for v in value]
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else struct.pack(">d", value)
    return value


def every_value(test):
    return hypothesis_settings(
        max_examples=30,
        phases=[Phase.explicit, Phase.generate],
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )(example(rows=EXTREMES)(given(rows=ROWS)(test)))


@every_value
def test_binary2(lab, rows):
    """VOT-9: null, NaN and empty text are three things; characters beyond the BMP are surrogate pairs."""
    lab.fill(rows)

    assert bits(readers.binary2(lab.written("votable/b2"))) == bits(lab.stored())


@every_value
def test_binary2_of_numbers_alone(lab, rows):
    """VOT-9: also where rows are copied as PostgreSQL has them, with flags for eight columns and two."""
    lab.fill(rows)

    names = NUMBERS + NUMBERS
    assert bits(readers.binary2(lab.written("votable/b2", names))) == bits(lab.stored(names))


ALL_AND_NUMBERS = pytest.mark.parametrize("names", [tuple(TYPES), NUMBERS], ids=["all", "numbers"])
"""Numbers alone come from PostgreSQL's binary form."""


@every_value
@ALL_AND_NUMBERS
@pytest.mark.parametrize("form", ["votable/b2", "votable/b"])
def test_astropy_reads_binary(lab, rows, form, names):
    """VOT-8, VOT-10, VOT-11: as far as astropy tells null, NaN and empty from each other."""
    if form == "votable/b":
        rows = [[None if is_least(v) else v for v in row] for row in rows]
    lab.fill(rows)

    read = readers.by_astropy(lab.written(form, names))
    assert bits([[shown(v) for v in row] for row in read]) == bits(
        [[shown(v) for v in row] for row in lab.stored(names)]
    )


def is_least(value):
    """Return whether a value would stand for null, in an array or by itself."""
    return value in (-(2**15), -(2**31), -(2**63)) or (isinstance(value, list) and -(2**31) in value)


def shown(value):
    """Return what is left of a value where NaN and what is empty are null, as astropy has it."""
    if isinstance(value, list):
        return [v for v in map(shown, value) if v != []]
    return [] if value in ("", None) or value != value else value


@ALL_AND_NUMBERS
def test_a_number_that_stands_for_null_is_refused(lab, names):
    """VOT-8: BINARY has no other null, and a value must not be taken for one."""
    lab.fill([EXTREMES[0]])

    document = lab.written("votable/b", names)
    assert b'<VALUES null="-32768"/>' in document
    assert b'value="ERROR">The column k_short contains the value -32768, which BINARY' in document


@every_value
def test_json(lab, rows):
    """RFC 8259: each value as one of its kind; what JSON has no number for is a text."""
    lab.fill(rows)

    read = readers.objects(lab.written("json"))
    assert [[number(v, c) for v, c in zip(row, TYPES, strict=True)] for row in read] == bits(lab.stored())


@every_value
def test_json_of_numbers_alone(lab, rows):
    """RFC 8259: also where a block is rewritten whole."""
    lab.fill(rows)

    read = readers.objects(lab.written("json", NUMBERS))
    stored = bits(lab.stored(NUMBERS))
    assert [[number(v, c) for v, c in zip(row, NUMBERS, strict=True)] for row in read] == stored


def number(value, name):
    """Return a value of JSON, the texts NaN, +Inf and -Inf in columns of numbers as those numbers."""
    if name in ("k_float", "k_double") and value is not None:
        value = _stored(float(value), TYPES[name][1])
    return bits([float(v) for v in value] if name == "k_point" and value else value)


def parsed(cell, name):
    """Return the value that a cell of text tells."""
    column = TYPES[name][1]
    if cell is None or column.datatype in ("char", "unicodeChar"):
        return cell
    if column.datatype == "boolean":
        return {"true": True, "false": False}[cell]
    parse = float if column.datatype in ("float", "double") else int
    values = [parse(word) for word in cell.split()]
    return values if column.arraysize else _stored(values[0], column)


def cells(rows):
    """Return rows of text as rows of values."""
    return [bits([parsed(cell, name) for cell, name in zip(row, TYPES, strict=True)]) for row in rows]


UNWRITABLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def writable(value):
    return UNWRITABLE.sub("", value) if isinstance(value, str) else value


def or_null(value):
    return None if value in ("", []) else value


@every_value
def test_tabledata(lab, rows):
    """VOT-7: numbers keep every digit; what is empty is null; what XML can't write is left out."""
    lab.fill(rows)

    read = cells(readers.tabledata(lab.written("votable")))
    assert read == bits([[or_null(writable(v)) for v in row] for row in lab.stored()])


@every_value
def test_csv(lab, rows):
    """DALI-7: every text comes back as it is, numbers keep every digit; csv takes empty for null."""
    lab.fill(rows)

    read = cells(readers.lines(lab.written("csv")))
    assert read == bits([[or_null(v) for v in row] for row in lab.stored()])


@every_value
def test_html(lab, rows):
    """Everything is escaped, and null is not the empty text; what XML can't write is left out."""
    lab.fill(rows)

    read = cells(readers.html(lab.written("html")))
    assert read == bits([[writable(v) for v in row] for row in lab.stored()])


@every_value
@ALL_AND_NUMBERS
def test_parquet(lab, rows, names):
    """Null, NaN and empty text are three things; nothing is changed."""
    lab.fill(rows)

    assert bits(readers.parquet(lab.written("parquet", names))) == bits(lab.stored(names))


@every_value
@ALL_AND_NUMBERS
def test_fits(lab, rows, names):
    """FITS Standard 4.0, section 7.3: null numbers are TNULL or NaN, texts are printable ASCII."""
    lab.fill(rows)

    read = [bits(row) for row in readers.fits_rows(lab.written("fits", names))]
    stored = lab.stored(names)
    assert read == [bits([in_fits(v, n) for v, n in zip(row, names, strict=True)]) for row in stored]


def in_fits(value, name):
    """Return what FITS can tell of a value."""
    if value is None and name in ("k_float", "k_double", "k_point"):
        return [math.nan, math.nan] if name == "k_point" else math.nan
    if name == "k_array":
        return " ".join(map(str, value or ()))
    return ASCII.sub(escaped, value or "").rstrip() if TYPES[name][1].datatype.endswith("har") else value


ASCII = re.compile("[^ -~]")


def escaped(found):
    short = dict(zip("\t\n\r\b\f\v", "tnrbfv", strict=True))
    return "\\" + short[found[0]] if found[0] in short else ascii(found[0])[1:-1]


@ALL_AND_NUMBERS
def test_fits_nulls_stand_apart_from_values(lab, names):
    """FITS Standard 4.0, section 7.3.2: TNULL is a value that no row has."""
    least, null = EXTREMES[0], EXTREMES[-1]
    lab.fill([least, null])

    assert [row[:3] for row in readers.fits_rows(lab.written("fits", names))] == [list(least[:3]), [None] * 3]


@ALL_AND_NUMBERS
def test_fits_without_a_value_for_null(lab, names):
    """A number must not be taken for null."""
    least, greatest = -(2**15), 2**15 - 1
    shorts = [None, *range(least, least + 8), *range(greatest - 7, greatest + 1)]
    lab.fill([(short, *[None] * 10) for short in shorts])

    with pytest.raises(QueryError, match="The column k_short leaves no value"):
        lab.written("fits", names)


def test_a_null_within_whole_numbers_makes_the_array_null(lab):
    """VOT-8: in an array no whole number stands for null, and none may be taken for it."""
    lab.cursor.execute("TRUNCATE lab.kinds")
    lab.cursor.execute("INSERT INTO lab.kinds (k_array) VALUES ('{1,NULL}'), ('{{1,2},{NULL,3}}'), ('{1,2}')")

    assert readers.binary2(lab.written("votable/b2", ["k_array"])) == [[None], [None], [[1, 2]]]
    assert readers.objects(lab.written("json", ["k_array"])) == [[None], [None], [[1, 2]]]
