import json

import pytest

from provtap.errors import QueryError
from provtap.results.json import write_json
from provtap.results.votable import Info
from provtap.tableset import Column
from tests.results.tables import double, integer, text


def written(columns, blocks, maxrec=9, infos=()):
    return json.loads(b"".join(write_json(columns, blocks, maxrec, infos)))


def test_columns_have_their_metadata():
    """TAP-18: under the names of TAP_SCHEMA, and nothing is there empty."""
    columns = [text("a", unit="s", ucd="meta.id", description='"é"'), integer("b")]

    assert written(columns, [])["columns"] == [
        {
            "name": "a",
            "datatype": "unicodeChar",
            "arraysize": "*",
            "unit": "s",
            "ucd": "meta.id",
            "description": '"é"',
        },
        {"name": "b", "datatype": "int"},
    ]


def test_the_query_is_part_of_the_result():
    """DALI-5; half a surrogate pair, which a query may hold, has no UTF-8."""
    assert written([text()], [], infos=[Info("QUERY", 'SELECT "\ud800"\n')])["info"] == {
        "QUERY": 'SELECT "?"\n'
    }


@pytest.mark.parametrize("columns", [[text("a"), text("b")], [text("a"), text("b"), integer("c")]])
@pytest.mark.parametrize(
    "copied, cell",
    [
        (rb"\N", None),
        (b"", ""),
        (rb"\\N", r"\N"),
        (rb"\"\\N\"".replace(rb"\"", b'"'), '"\\N"'),
        (rb"\\", "\\"),
        (rb"\\v\v\\\v", "\\v\v\\\v"),
        (rb"a\tb\nc\rd\be\ff", "a\tb\nc\rd\be\ff"),
        (b"\x01\x1f\x7f", "\x01\x1f\x7f"),
        ("é𝒜\u2028".encode(), "é𝒜\u2028"),
    ],
)
def test_texts(columns, copied, cell):
    """RFC 8259, section 7."""
    rest = [b"7"] * (len(columns) - 2)
    block = b"\t".join([copied, copied, *rest]) + b"\n"

    assert written(columns, [(2, block + block)])["rows"] == [[cell, cell, *map(int, rest)]] * 2


def test_numbers_arrays_and_flags():
    """Numbers are numbers, flags are flags; what JSON has no number for is a text."""
    columns = [integer(), double(), double(arraysize="2"), Column(name="f", datatype="boolean")]
    block = (3, b"1\t-0\t1 2.5\ttrue\n" + b"\\N\tNaN\t\\N\t\\N\n" + b"-3\t+Inf\tNaN -Inf\tfalse\n")

    rows = written(columns, [block])["rows"]

    assert rows == [[1, 0.0, [1, 2.5], True], [None, "NaN", None, None], [-3, "+Inf", ["NaN", "-Inf"], False]]
    assert str(rows[0][1]) == "-0.0"


def test_bits_and_complex_numbers_are_numbers():
    """RFC 8259: what a column of numbers holds is not told as a text; VOTable 1.4, section 2.1."""
    columns = [
        Column(name="b", datatype="bit"),
        Column(name="a", datatype="bit", arraysize="*"),
        Column(name="c", datatype="doubleComplex"),
    ]
    block = (2, b"1\t0 1 1\t1.5 -0\n" + b"\\N\t\\N\t\\N\n")

    assert written(columns, [block])["rows"] == [[1, [0, 1, 1], [1.5, 0]], [None, None, None]]


@pytest.mark.parametrize("maxrec, rows, overflow", [(4, 3, False), (3, 3, False), (2, 2, True), (0, 0, True)])
def test_overflow_is_reported_at_the_end(maxrec, rows, overflow):
    """TAP-14, TAP-15."""
    blocks = [(1, b"%d\n" % n) for n in range(3)] if maxrec else []

    document = written([integer()], blocks, maxrec)

    assert (len(document["rows"]), document["overflow"], "error" in document) == (rows, overflow, False)


def test_interrupted_json_is_valid_and_reports_the_error():
    """ERR-6, in the form of JSON."""

    def failing():
        yield 1, b"1\n"
        raise QueryError('Divided "by" zero.')

    document = written([integer()], failing())

    assert (document["rows"], document["error"]) == ([[1]], 'Divided "by" zero.')
