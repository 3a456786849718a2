"""Limits on reading uploads, and turns of readers of large ones."""

import io
import threading
from dataclasses import replace

import pytest

from provtap.config import Settings
from provtap.errors import Busy, ProvtapError, TooLarge
from provtap.uploads import budget as module
from provtap.uploads import read_uploads
from provtap.uploads.budget import Budget, Turns
from tests.uploads.documents import COUNTS, binary, document, read, tabledata

TWO = COUNTS + COUNTS.replace('"n"', '"m"')
ROWS = {
    "TABLEDATA": lambda rows: tabledata(*["1|2"] * rows),
    "BINARY": lambda rows: binary(bytes(8 * rows)),
    "BINARY2": lambda rows: binary(bytes(9 * rows), "BINARY2"),
}


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("limit", [{"upload_rows": 100}, {"upload_cells": 200}])
def test_rows_and_cells_have_limits(form, limit):
    """UPL-7: exact, whatever the form; over the limit is an error, never the first rows."""
    settings = replace(Settings(), **limit)
    read(document(TWO, ROWS[form](100)), settings)

    with pytest.raises(TooLarge, match="limit of [12]00 (rows|cells)"):
        read(document(TWO, ROWS[form](101)), settings)


def test_the_limits_are_those_of_all_tables_together():
    votable = document(TWO, tabledata("1|2", "3|4"))

    def send(count):
        names = [f"t{number}" for number in range(count)]
        parts = {name: io.BytesIO(votable) for name in names}
        return read_uploads([f"{n},param:{n}" for n in names], parts, Settings(upload_rows=5))

    assert len(send(2)) == 2
    with pytest.raises(TooLarge):
        send(3)


@pytest.mark.parametrize("datatype", ["char", "unicodeChar", "int", "boolean", "bit", "doubleComplex"])
@pytest.mark.parametrize("form", ["BINARY", "BINARY2"])
def test_rows_have_a_width(datatype, form):
    """30 million rows of nothing in 40 MB took a minute; now the first byte of them is refused."""
    field = f'<FIELD name="z" datatype="{datatype}" arraysize="0"/>'

    with pytest.raises(ProvtapError, match="its rows have no bytes"):
        read(document(field, binary(bytes(3_000_000), form)))


def test_cells_without_width_count():
    """One byte a row, and any number of cells in it that take none."""
    fields = '<FIELD name="b" datatype="unsignedByte"/>' + "".join(
        f'<FIELD name="z{number}" datatype="int" arraysize="0"/>' for number in range(99)
    )
    settings = Settings(upload_cells=50_000)
    read(document(fields, binary(bytes(500))), settings)

    with pytest.raises(TooLarge, match="limit of 50000 cells"):
        read(document(fields, binary(bytes(501))), settings)


@pytest.mark.parametrize("form", ["BINARY", "BINARY2", "TABLEDATA", "FITS"])
@pytest.mark.parametrize(
    "size", ["999999999x999999999x9", "999999999x" * 700 + "9", "999999999x999999999x9*"]
)
@pytest.mark.parametrize("datatype", ["double", "char", "bit", "floatComplex"])
def test_an_arraysize_that_no_cell_can_have_is_refused(form, size, datatype):
    """Products are never computed further than they can be used: 80 bytes of data were a 500."""
    field = f'<FIELD name="b" datatype="{datatype}" arraysize="{size}"/>'
    data = tabledata("1 2") if form == "TABLEDATA" else binary(bytes(80), form)

    with pytest.raises(
        ProvtapError, match=r"The arraysize .* of the column b is too large.*up to [0-9]+ items"
    ):
        read(document(field, data))


# Turns ---------------------------------------------------------------------------------------------------


def test_turns_come_in_the_order_of_asking():
    turns, seen, asked = Turns(), [], []
    assert turns.take(0)

    def ask(number):
        asked.append(number)
        assert turns.take(20)
        seen.append(number)
        turns.give_back()

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=ask, args=[number]))
        threads[-1].start()
        while len(turns._waiting) <= number:
            threading.Event().wait(0.01)
    turns.give_back()
    for thread in threads:
        thread.join(20)

    assert seen == [0, 1, 2, 3, 4]
    assert turns.take(0)


def test_who_has_waited_too_long_takes_no_turn():
    turns = Turns()
    assert turns.take(0)

    assert not turns.take(0.01)
    turns.give_back()
    assert turns.take(0)


@pytest.fixture
def large(monkeypatch):
    """Call every upload a large one, and return the budgets of clients who wait for nobody."""
    monkeypatch.setattr(module, "SMALL", -1.0)
    made = []

    def begin(client):
        made.append(Budget(Settings(), client, wait=0.01))
        return made[-1]

    yield begin
    for each in made:
        each.close()


def test_one_client_reads_one_large_upload_at_a_time(large):
    """He can't use all threads, all memory and all of the computing that others wait for."""
    first, second = large("anne"), large("anne")
    first.spend("t", 1, 1, 1)
    first.pause()

    with pytest.raises(Busy, match="Too many large uploads are being read. Try again in a minute."):
        second.spend("t", 1, 1, 1)
    first.close()
    second.spend("t", 1, 1, 1)


def test_clients_read_large_uploads_by_turns(large):
    """While one waits for the bytes of its document, the other goes on."""
    anne, bert = large("anne"), large("bert")
    anne.look_at_clock("t")
    with pytest.raises(Busy):
        bert.look_at_clock("t")

    anne.pause()
    bert.look_at_clock("t")
    with pytest.raises(Busy):
        anne.look_at_clock("t")


def test_large_uploads_are_all_read_in_the_end(monkeypatch):
    """However many come at once, by however many clients."""
    monkeypatch.setattr(module, "SMALL", 0.0)
    monkeypatch.setattr(module, "SLICE", 0.0)
    votable = document(TWO, ROWS["BINARY"](20_000))
    found = []

    def send(client):
        parts = {"p": io.BytesIO(votable)}
        (table,) = read_uploads(["t,param:p"], parts, Settings(), client=client, wait=100)
        found.append(len(table.arrays[0]))

    threads = [threading.Thread(target=send, args=[f"client {n % 3}"]) for n in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)

    assert found == [40_001] * 9
    assert not module._ALL._is_taken
