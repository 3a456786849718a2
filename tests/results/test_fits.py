import io

import pytest
from astropy.io import fits
from astropy.table import Table

from provtap.disk import Room
from provtap.errors import Busy, QueryError, TooLarge
from provtap.results import fits as module
from provtap.results.fits import write_fits
from provtap.results.votable import Info
from tests.results.tables import double, integer, text


def written(columns, blocks, maxrec=9, infos=()):
    return b"".join(write_fits(columns, blocks, maxrec, infos))


def header(document):
    with fits.open(io.BytesIO(document)) as file:
        file.verify("exception")
        return file[1].header


def test_it_is_a_whole_file():
    """FITS Standard 4.0, section 3.1: everything comes in records of 2880 bytes."""
    document = written([text("a"), integer("b")], [(2, b"x\t1\nlonger\t2\n")])

    assert len(document) == 3 * 2880
    assert Table.read(io.BytesIO(document), format="fits").pformat() == [
        "  a     b ",
        "------ ---",
        "     x   1",
        "longer   2",
    ]


@pytest.mark.parametrize("maxrec", [9, 0])
def test_no_row(maxrec):
    """VOT-6: the columns are told all the same."""
    assert Table.read(io.BytesIO(written([text("a"), double("b")], [], maxrec)), format="fits").colnames == [
        "a",
        "b",
    ]


def test_columns_have_their_metadata():
    """TAP-18: unit and description as FITS has them, UCD, utype and xtype as STILTS does."""
    column = text("a", unit="s", ucd="meta.id", utype="u", xtype="timestamp", description="é" + "x" * 200)

    cards = header(written([column], []))

    assert [cards[f"{key}1"] for key in ("TTYPE", "TUNIT", "TUCD", "TUTYP", "TXTYP", "TCOMM")] == [
        "a",
        "s",
        "meta.id",
        "u",
        "timestamp",
        "?" + "x" * 200,
    ]


def test_names_differ():
    """FITS Standard 4.0, section 7.2.2: readers find columns by name, in whatever case."""
    columns = [integer("a"), integer("A"), integer("a"), integer("A_2")]

    assert dict(header(written(columns, []))["TTYPE*"]) == {
        "TTYPE1": "a",
        "TTYPE2": "A_2",
        "TTYPE3": "a_3",
        "TTYPE4": "A_2_2",
    }


def test_the_query_is_part_of_the_result():
    """DALI-5: as long as cards are not what the file is full of."""
    cards = header(written([integer()], [], infos=[Info("QUERY", "SELECT\né" + "x" * 9_000), Info("X", "y")]))

    assert cards["QUERY"] == "SELECT ?" + "x" * 3_992


@pytest.mark.parametrize("maxrec, status", [(2, "OK"), (1, "OVERFLOW"), (0, "OVERFLOW")])
def test_overflow_is_reported_in_the_header(maxrec, status):
    """TAP-14, TAP-15."""
    blocks = [(1, b"1\n"), (1, b"2\n")] if maxrec else []
    cards = header(written([integer()], blocks, maxrec))

    assert (cards["QSTATUS"], cards["NAXIS2"]) == (status, maxrec)


def test_nothing_is_written_before_the_rows_are_there():
    """ERR-1: so an error is reported as if it came first."""

    def failing():
        yield 1, b"1\n"
        raise QueryError("Late.")

    with pytest.raises(QueryError, match="Late"):
        next(write_fits([integer()], failing(), 9))


def test_its_file_takes_of_the_disk_that_results_may_take(tmp_path):
    """As the spools of slow readers: what it took is given back at the end, however that comes."""
    room = Room(30)
    with (tmp_path / "other").open("wb") as other:

        def is_all_free():
            return room.take(30, other.fileno()) and room.give_back() is None

        assert b"END" in b"".join(write_fits([integer()], [(1, b"1\n"), (1, b"2\n")], 9, room=room))
        assert is_all_free()
        with pytest.raises(Busy, match="not enough disk space for the temporary file of a FITS result"):
            list(write_fits([integer()], [(15, b"1\n" * 15)], 99, room=room))
        assert is_all_free()


def test_too_large(monkeypatch):
    """Every row is as wide as the widest: few long texts make a large file."""
    monkeypatch.setattr(module, "LIMIT", 1_000)

    with pytest.raises(TooLarge, match=r"exceed 1000 bytes.*votable/b2"):
        written([text()], [(11, b"x" * 91 + b"\n" + b"x\n" * 10)], maxrec=11)


def test_too_many_columns():
    with pytest.raises(QueryError, match="1000 columns; FITS allows up to 999"):
        written([integer()] * 1000, [])
