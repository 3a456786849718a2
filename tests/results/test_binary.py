from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provtap.errors import QueryError
from provtap.results.binary import write_binary, write_binary2
from provtap.tableset import Column
from tests.results.readers import NAMESPACE, binary2
from tests.results.tables import double, integer, read, statuses, text


def written(columns, blocks, maxrec=99, write=write_binary2):
    return b"".join(write(columns, blocks, maxrec))


def fields(document):
    return list(ElementTree.fromstring(document).iter(f"{NAMESPACE}FIELD"))


@pytest.mark.parametrize("write", [write_binary, write_binary2])
def test_fields_declare_the_types_sent(write):
    """VOT-11: text is unicodeChar of any length; only timestamps are sure to be ASCII."""
    columns = [
        Column(name="id", datatype="char", arraysize="36"),
        Column(name="t", datatype="char", arraysize="*", xtype="timestamp"),
        text(),
        integer(),
    ]

    found = [(f.get("datatype"), f.get("arraysize")) for f in fields(written(columns, [], write=write))]

    assert found == [("unicodeChar", "*"), ("char", "*"), ("unicodeChar", "*"), ("int", None)]


def test_the_null_value_is_declared():
    """VOT-8: in BINARY whole numbers have no other null; BINARY2 has flags."""
    columns = [integer(), double(), Column(name="b", datatype="unsignedByte"), text()]

    values = [f.find(f"{NAMESPACE}VALUES") for f in fields(written(columns, [], write=write_binary))]

    assert [v is not None and v.get("null") for v in values] == ["-2147483648", False, "255", False]
    assert b"VALUES" not in written(columns, [])


@pytest.mark.parametrize("columns", [1, 7, 8, 9, 16, 17, 70])
@given(st.data())
def test_flags(columns, data):
    """VOT-9: one bit a column, the first one the highest; spare bits are 0."""
    cell = st.sampled_from([(rb"\N", None), (b"", ""), (rb"\\N", r"\N"), ("é𝒜".encode(), "é𝒜")])
    rows = data.draw(st.lists(st.lists(cell, min_size=columns, max_size=columns), min_size=1, max_size=4))
    block = b"".join(b"\t".join(copied for copied, _ in row) + b"\n" for row in rows)

    read_back = binary2(written([text(f"t{n}") for n in range(columns)], [(len(rows), block)]))

    assert read_back == [[value for _, value in row] for row in rows]


def test_kinds_that_uploads_bring():
    """MAP-9: flags, bytes, and arrays of fixed and of any size."""
    columns = [
        Column(name="f", datatype="boolean"),
        Column(name="b", datatype="unsignedByte"),
        Column(name="p", datatype="double", arraysize="2"),
        Column(name="a", datatype="short", arraysize="*"),
    ]
    block = (3, b"true\t255\t1 2\t1 -2 3\n\\N\t\\N\t\\N\t\\N\nfalse\t0\tNaN +Inf\t\n")

    assert str(binary2(written(columns, [block]))) == (
        "[[True, 255, [1.0, 2.0], [1, -2, 3]], [None, None, None, None], [False, 0, [nan, inf], []]]"
    )


def test_an_array_of_another_size_than_declared_is_refused():
    """SCH-13: what is declared is what is sent."""
    document = written([text(), double("p", arraysize="2")], [(2, b"x\t1 2 3\ny\t1\n")])

    assert statuses(document) == ["OK", "ERROR"]
    assert b"An array of the column p has " in document


@given(st.lists(st.text("ab", max_size=3), min_size=1, max_size=20), st.integers(1, 5))
def test_blocks_join_to_one_stream(cells, size):
    """VOT-10: base64 has no padding but at its end."""
    blocks = [cells[start : start + size] for start in range(0, len(cells), size)]

    document = written([text()], [(len(b), b"".join(f"{c}\n".encode() for c in b)) for b in blocks])

    assert binary2(document) == [[cell] for cell in cells]


@pytest.mark.parametrize("write", [write_binary, write_binary2])
@pytest.mark.parametrize("maxrec, rows, status", [(2, 2, ["OK"]), (1, 1, ["OK", "OVERFLOW"])])
def test_overflow(write, maxrec, rows, status):
    """TAP-14, DALI-4."""
    document = written([text()], [(1, b"a\n"), (1, b"b\n")], maxrec, write)

    assert len(read(document).get_first_table().array) == rows
    assert statuses(document) == status


def test_late_failure_ends_a_whole_document():
    """ERR-6: the rows that came are whole, and the reason stands after them."""

    def failing():
        yield 1, b"a\n"
        raise QueryError("Late.")

    document = written([text()], failing())

    assert binary2(document) == [["a"]]
    assert statuses(document) == ["OK", "ERROR"]
