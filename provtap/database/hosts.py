"""The hosts of a login: which of them answer, whether they are standbys, and their lag."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import psycopg2

from provtap.database.guard import GUARD
from provtap.database.login import Login
from provtap.errors import ProvtapError

PATIENCE = 2
"""Seconds to connect to one host, the minimum of libpq; its answer may take the same time."""

# The lag is the age of the last applied change if others are waiting; without changes it is 0.
_ROLE = f"""
SET statement_timeout = '{PATIENCE}s';
SELECT pg_is_in_recovery(),
       CASE WHEN pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
            THEN extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END
"""


@dataclass(frozen=True, kw_only=True)
class Host:
    """The state of one server."""

    name: str
    standby: bool | None
    """Whether it is a standby; None if it does not answer."""
    lag: float = 0.0
    """Lag of a standby in seconds, if known."""

    @property
    def condition(self) -> str:
        """The rest of a sentence about its state, after its name or number."""
        if self.standby is None:
            return "does not answer"
        return f"is a standby, {self.lag:.0f} s behind the primary" if self.standby else "is the primary"


def hosts(login: Login) -> list[Host]:
    """Return the states of all hosts of *login*, checked in parallel."""
    each = list(_each(login))
    with ThreadPoolExecutor(len(each)) as askers:
        return list(askers.map(_ask, each))


def count(login: Login) -> int:
    """Return the number of hosts in *login*."""
    return len(list(_each(login)))


def _each(login: Login) -> Iterator[Login]:
    """Yield a login for each host; a list of ports has one port, or one for each host."""
    names = login.parameters.get("host", "").split(",")
    ports = login.parameters.get("port", "").split(",")
    addresses = login.parameters.get("hostaddr", "").split(",")
    own = {"target_session_attrs": "any", "connect_timeout": str(PATIENCE)}
    for number in range(max(len(names), len(addresses))):
        place = {
            "host": _nth(names, number),
            "hostaddr": _nth(addresses, number),
            "port": _nth(ports, number),
        }
        yield Login(dict(login.parameters) | place | own, login.setting)


def _nth(values: list[str], number: int) -> str:
    return values[min(number, len(values) - 1)]


def _ask(login: Login) -> Host:
    known = login.parameters
    name = ":".join(filter(None, (known["host"] or known["hostaddr"], known["port"])))
    try:
        with closing(login.connect()) as connection, GUARD.over(connection), connection.cursor() as cursor:
            cursor.execute(_ROLE)
            standby, lag = cursor.fetchone() or (None, None)
    except (psycopg2.Error, ProvtapError):
        return Host(name=name, standby=None)
    return Host(name=name, standby=standby, lag=max(0.0, float(lag or 0)))
