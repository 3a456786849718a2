"""Shares of a pool, on a real server: one client never holds all connections."""

import threading
import time

import pytest

from provtap.database.connect import Pool
from provtap.database.shares import Shares
from provtap.disk import Room
from provtap.errors import DatabaseUnavailable

SIZE, MOST = 4, 3


@pytest.fixture
def pool(database):
    made = Pool(database.read_login, size=SIZE, wait=0.5)
    yield made
    made.close()


@pytest.fixture
def shares(pool):
    return Shares(pool, SIZE, client_bytes=1000)


class Queries:
    """Work that holds a connection each until it is told to end."""

    def __init__(self):
        self.running = 0
        self.end = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, pool):
        with pool.connection():
            with self._lock:
                self.running += 1
            assert self.end.wait(20)

    def awaited(self, number):
        """Return whether so many come to run at once, and for a while no more."""
        until = time.monotonic() + 20
        while self.running < number and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.1)
        return self.running == number


@pytest.fixture
def queries():
    made = Queries()
    yield made
    made.end.set()


def test_one_client_leaves_connections_to_others(shares, queries):
    """Other clients are answered while many queries of one client wait, which all finish in the end."""
    ended = [shares.of("anne").start(queries) for _ in range(3 * SIZE)]

    assert queries.awaited(MOST)
    with shares.of("bert").connection() as connection:
        assert not connection.closed
    queries.end.set()
    for each in ended:
        each.result(20)
    assert queries.running == 3 * SIZE


def test_all_that_a_client_asks_counts(shares, queries):
    """ProvSAP and the write API read without COPY; who holds too much is told so."""
    for _ in range(MOST):
        shares.of("anne").start(queries)
    assert queries.awaited(MOST)

    with (
        pytest.raises(DatabaseUnavailable, match="limit of one client: 3. Try again"),
        shares.of("anne").connection(),
    ):
        pass


def test_a_query_cancelled_while_waiting_is_never_begun(shares, queries):
    """A disconnected client does not occupy a place."""
    share = shares.of("anne")
    ended = [share.start(queries) for _ in range(MOST + 2)]
    assert queries.awaited(MOST)

    assert ended[MOST].cancel()
    queries.end.set()
    ended[MOST + 1].result(20)
    assert queries.running == MOST + 1


def test_a_failed_query_releases_its_share(shares):
    def fail(pool):
        raise ValueError

    for _ in range(2 * SIZE):
        with pytest.raises(ValueError):
            shares.of("anne").start(fail).result(20)


@pytest.fixture
def quick_pool(database):
    made = Pool(database.read_login, size=1, wait=0.5)
    yield made
    made.close()


def ask(share, seconds=0.0):
    """Hold a connection for so long."""
    with share.connection():
        time.sleep(seconds)


def test_quick_queries_do_not_wait_behind_long_ones(pool, quick_pool, queries):
    """Two clients hold all connections; who asked quickly before is answered, and newcomers wait."""
    shares = Shares(pool, SIZE, client_bytes=1000, quick_pool=quick_pool)
    ask(shares.of("carl"))
    for client in ("anne", "anne", "anne", "bert"):
        shares.of(client).start(queries)
    assert queries.awaited(SIZE)

    ask(shares.of("carl"))
    with pytest.raises(DatabaseUnavailable, match="All 4 connections for queries are busy"):
        ask(shares.of("dora"))


def test_one_long_query_is_enough_to_wait_with_others(pool, quick_pool, queries, monkeypatch):
    """Nor is there a second connection for a client that has a query running."""
    monkeypatch.setattr("provtap.database.shares.QUICK", 0.1)
    shares = Shares(pool, SIZE, client_bytes=1000, quick_pool=quick_pool)
    ask(shares.of("carl"))
    ask(shares.of("carl"), 0.5)
    for client in ("anne", "anne", "anne", "bert"):
        shares.of(client).start(queries)
    assert queries.awaited(SIZE)

    with pytest.raises(DatabaseUnavailable):
        ask(shares.of("carl"))
    with pytest.raises(DatabaseUnavailable):
        ask(shares.of("bert"))


@pytest.mark.parametrize("size, most", [(1, 1), (2, 1), (8, 6), (100, 75)])
def test_a_quarter_is_out_of_reach(pool, size, most):
    """A pool of one connection has no part to leave."""
    share = Shares(pool, size, client_bytes=1000).of("anne")

    assert str(most) in str(share.busy())


def test_disk_is_shared_too(pool, shares, tmp_path):
    """What one client's results wait on is part of what all may have."""
    pool.room = Room(1500)
    with (tmp_path / "spool").open("wb") as file:
        anne, bert = (shares.of(name).room for name in ("anne", "bert"))

        assert anne.take(1000, file.fileno())
        assert not anne.take(1, file.fileno())
        assert not bert.take(501, file.fileno())
        assert bert.take(500, file.fileno())
        anne.give_back(1000)
        assert bert.take(500, file.fileno())


def test_a_share_is_kept_while_it_is_used(shares):
    """Disconnected clients use no memory."""
    share = shares.of("anne")

    assert shares.of("anne") is share
    assert shares.of("bert") is not share
