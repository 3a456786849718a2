import pytest

from provtap.errors import QueryError
from provtap.results.delimited import write_csv, write_tsv
from tests.results.tables import integer, text

PLAIN = [integer("a"), text("b")]


def test_csv_has_a_line_of_names_first():
    """DALI-7: the media type says header=present."""
    assert b"".join(write_csv(PLAIN, [(1, b"1,x\n")], 9)) == b"a,b\n1,x\n"


def test_csv_without_header():
    """DALI-6: a parameter of the media type is honoured."""
    assert b"".join(write_csv(PLAIN, [(1, b"1,x\n")], 9, header=False)) == b"1,x\n"


def test_csv_quotes_names():
    """RFC 4180: commas, quotes and line ends within quotes, quotes doubled."""
    columns = [text("a,b"), text('c"d'), text("e\nf"), text("")]

    assert b"".join(write_csv(columns, [], 9)) == b'"a,b","c""d","e\nf",""\n'


@pytest.mark.parametrize(
    "copied, cell",
    [
        (rb"\\N", rb"\N"),
        (rb"a\tb\nc\rd\ve\ff", b"a b c d e f"),
        (rb"\\\\t", rb"\\t"),
        (rb"\\\t", b"\\ "),
        ("é𝒜".encode(), "é𝒜".encode()),
    ],
)
def test_tsv_cells_have_neither_tab_nor_line_end(copied, cell):
    """DALI-7."""
    assert b"".join(write_tsv(PLAIN, [(1, b"1\t" + copied + b"\n")], 9)) == b"a\tb\n1\t" + cell + b"\n"


def test_tsv_without_header_has_one_line_a_row():
    assert b"".join(write_tsv(PLAIN, [(1, b"1\tx\n")], 9, header=False)) == b"1\tx\n"


@pytest.mark.parametrize("write", [write_csv, write_tsv])
def test_rows_beyond_maxrec_are_not_written(write):
    """TAP-14: the row asked for to see an overflow is not shown."""
    assert b"".join(write([integer()], [(2, b"1\n2\n"), (1, b"3\n")], 2)) == b"n\n1\n2\n"


@pytest.mark.parametrize("write", [write_csv, write_tsv])
def test_late_failure_is_raised(write):
    """ERR-6 is impossible in text: the transfer must break off."""

    def failing():
        yield 1, b"1\n"
        raise QueryError("Late.")

    with pytest.raises(QueryError, match="Late"):
        list(write([integer()], failing(), 9))
