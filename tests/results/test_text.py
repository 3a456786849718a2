import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provtap.errors import QueryError
from provtap.results.text import WIDEST, write_text
from tests.results.tables import integer, text


def written(columns, blocks, maxrec=9):
    return b"".join(write_text(columns, blocks, maxrec)).decode()


def test_columns_are_aligned():
    """Texts to the left, numbers to the right, null as `--`."""
    assert written([text("name"), integer("n")], [(3, b"a\t1\nlonger\t\\N\n\t200\n")]) == (
        "name      n\n------  ---\na         1\nlonger   --\n        200\n(3 rows)\n"
    )


def test_a_wide_cell_pushes_only_its_own_row():
    lines = written([text("a"), text("b")], [(2, b"x" * 99 + b"\ty\nz\ty\n")]).splitlines()

    assert [line.index("y") for line in lines[2:4]] == [101, WIDEST + 2]


def test_later_rows_follow_the_widths_of_the_first():
    lines = written([text("a"), text("b")], [(1, b"xx\ty\n"), (1, b"z\ty\n")]).splitlines()

    assert lines[2:4] == ["xx  y", "z   y"]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\t\n\\"), min_size=1))
def test_nothing_steers_the_terminal(cell):
    """A cell, or the name of a column, can neither move the cursor nor turn the direction of writing."""
    page = written([text(cell)], [(1, cell.encode() + b"\n")])

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
    assert page.count("\n") == 4


@pytest.mark.parametrize("copied, shown", [(rb"a\tb\nc", r"a\tb\nc"), (rb"C:\\dir", r"C:\dir")])
def test_line_ends_show_as_escapes(copied, shown):
    assert shown in written([text()], [(1, copied + b"\n")]).splitlines()


@pytest.mark.parametrize(
    "maxrec, last",
    [
        (2, "(2 rows)"),
        (1, "(1 row) The result was truncated: there are more rows than 1."),
        (0, "(0 rows) The result was truncated"),
    ],
)
def test_the_last_line_has_the_count_and_an_overflow(maxrec, last):
    """TAP-14, TAP-15."""
    blocks = [(1, b"1\n"), (1, b"2\n")] if maxrec else []

    assert written([integer()], blocks, maxrec).splitlines()[-1].startswith(last)


def test_late_failure_is_raised():
    """ERR-6 has no place in text: the transfer must break off."""

    def failing():
        yield 1, b"1\n"
        raise QueryError("Late.")

    with pytest.raises(QueryError, match="Late"):
        written([integer()], failing())
