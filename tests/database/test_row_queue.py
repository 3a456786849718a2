import threading
from contextlib import ExitStack, closing

import pytest

from provtap.database import row_queue
from provtap.database.row_queue import BLOCK_BYTES, BLOCKS_IN_MEMORY, RowQueue
from provtap.disk import Room, free_bytes
from provtap.errors import QueryTimeout

ROW = b"x" * (BLOCK_BYTES - 1) + b"\n"  # fills a block by itself
ENOUGH = 100 * BLOCK_BYTES


@pytest.fixture
def make():
    """Return RowQueue itself, whose instances are closed afterwards."""
    with ExitStack() as stack:
        yield lambda room, cut: stack.enter_context(closing(RowQueue(room, cut)))


def taken(queue):
    """Take everything there is and will be, as one list of blocks."""
    blocks = []
    while not queue.exhausted():
        block = queue.take(10)
        if block is not None:
            blocks.append(block)
    return blocks


def test_rows_come_out_in_order_and_counted(make):
    """D3: one write is one row, and blocks hold whole rows."""
    queue = make(Room(ENOUGH), cut=10**6)
    rows = [b"%d\n" % n for n in range(30_000)]
    for row in rows:
        queue.write(row)
    queue.end()

    blocks = taken(queue)

    assert b"".join(data for _, data in blocks) == b"".join(rows)
    assert [count for count, _ in blocks] == [data.count(b"\n") for _, data in blocks]


def test_blocks_are_of_one_size(make):
    """D3: blocks of 64 KiB, by at most a row more."""
    queue = make(Room(ENOUGH), cut=10**6)
    for _ in range(3 * BLOCK_BYTES // 8):
        queue.write(b"1234567\n")
    queue.end()

    assert [len(data) for _, data in taken(queue)] == [BLOCK_BYTES] * 3


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_rows_beyond_the_cut_come_alone(make, cut):
    """TAP-14: the row that tells an overflow can be left out without parsing."""
    queue = make(Room(ENOUGH), cut)
    for row in (b"1\n", b"2\n", b"3\n")[: cut + 1]:
        queue.write(row)
    queue.end()

    assert [count for count, _ in taken(queue)] == ([cut, 1] if cut < 3 else [3])


def test_a_waiting_row_is_not_held_back(make):
    """D3: a waiting reader gets available rows long before the block is full."""
    queue = make(Room(ENOUGH), cut=9)
    queue.write(b"1\n")

    assert queue.take(10) == (1, b"1\n")
    assert not queue.exhausted()


def test_order_is_kept_over_memory_and_file(make):
    """D3: what memory does not hold goes to a file, and the file is emptied as it is read."""
    queue = make(Room(ENOUGH), cut=10**6)
    rows = [b"%07d" % n + ROW[7:] for n in range(3 * BLOCKS_IN_MEMORY)]
    seen = []
    for number, row in enumerate(rows):  # written faster than read, then both run dry
        queue.write(row)
        if number % 2:
            seen.append(queue.take(10))
    queue.end()

    assert [data for _, data in seen + taken(queue)] == rows


@pytest.mark.parametrize("file_bytes", [1, BLOCK_BYTES, 3 * BLOCK_BYTES])
def test_writer_waits_once_memory_and_disk_are_used(make, file_bytes):
    """D3: then back-pressure; nothing is lost by it."""
    queue = make(Room(file_bytes), cut=10**6)
    room = BLOCKS_IN_MEMORY + file_bytes // BLOCK_BYTES
    writer = threading.Thread(target=lambda: ([queue.write(ROW) for _ in range(2 * room)], queue.end()))
    writer.start()
    writer.join(0.3)

    assert writer.is_alive()
    assert len(taken(queue)) == 2 * room
    writer.join()


def test_a_full_disk_only_slows_down(make, monkeypatch):
    """D3: no room on disk is back-pressure, not a failure."""
    monkeypatch.setattr(row_queue.tempfile, "tempdir", "/nonexistent")
    queue = make(Room(ENOUGH), cut=10**6)
    writer = threading.Thread(target=lambda: ([queue.write(ROW) for _ in range(20)], queue.end()))
    writer.start()

    assert len(taken(queue)) == 20
    writer.join()


def filled(make, room, blocks):
    """Return a queue with so many blocks, those in the file among them."""
    queue = make(room, cut=10**6)
    for _ in range(blocks):
        queue.write(ROW)
    return queue


@pytest.mark.parametrize("leave", [taken, RowQueue.close])
def test_rows_that_were_read_make_room_for_others(make, leave):
    """The spools of a process share its disk: one that is read, or given up, lets another writer go on."""
    whole = Room(BLOCK_BYTES)
    first = filled(make, Room(ENOUGH, whole), BLOCKS_IN_MEMORY + 1)
    first.end()
    second = make(Room(ENOUGH, whole), cut=10**6)
    writer = threading.Thread(target=lambda: [second.write(ROW) for _ in range(BLOCKS_IN_MEMORY + 1)])
    writer.start()
    writer.join(0.3)
    assert writer.is_alive()

    leave(first)
    writer.join(10)

    assert not writer.is_alive()


def test_the_reserve_of_the_file_system_stays_free(make, tmp_path):
    """Jobs and the database need disk more than a slow reader does."""
    with (tmp_path / "file").open("wb") as file:
        free = free_bytes(file.fileno())
        assert not Room(reserve=2 * free).take(BLOCK_BYTES, file.fileno())
        assert not Room(ENOUGH, Room(reserve=2 * free)).take(BLOCK_BYTES, file.fileno())
        assert Room(reserve=1).take(BLOCK_BYTES, file.fileno())


def test_a_writer_waits_no_longer_than_its_deadline(make):
    """A stalled reader must not occupy the query's connection forever; rows are in order."""
    queue = filled(make, Room(0), BLOCKS_IN_MEMORY)
    queue.deadline = 0

    with pytest.raises(QueryTimeout, match="its result was read too slowly. Run it as a job"):
        queue.write(ROW)
    queue.end()
    assert len(taken(queue)) == BLOCKS_IN_MEMORY


def test_closing_frees_a_waiting_writer(make):
    """A reader that leaves must not occupy the query's connection."""
    queue = make(Room(1), cut=10**6)
    writer = threading.Thread(target=lambda: [queue.write(ROW) for _ in range(50)])
    writer.start()
    writer.join(0.1)
    queue.close()
    writer.join(10)

    assert not writer.is_alive()


def test_failure_comes_after_the_rows(make):
    """ERR-6: what arrived before a failure is delivered."""
    queue = make(Room(ENOUGH), cut=9)
    queue.write(b"1\n")
    queue.end(ValueError("late"))

    assert not queue.exhausted()
    assert queue.take(0) == (1, b"1\n")
    with pytest.raises(ValueError, match="late"):
        queue.exhausted()


def test_a_spool_is_untouched_until_its_first_row_for_ever():
    """Only then may a query be run again: its rows would come twice (docs/how-to/scale.md)."""
    queue = RowQueue(Room(0), cut=10)
    assert queue.is_untouched()

    queue.write(b"row")
    assert not queue.is_untouched()
    assert queue.take(0) == (1, b"row")
    assert not queue.is_untouched()
