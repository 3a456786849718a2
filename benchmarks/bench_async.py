"""Measure what a small query costs as a job: from its creation to the last byte of its result.

The floor is the same query over /sync; each way has one kept connection, as clients have it.
"""

import http.client
import time
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode, urlsplit

import rounds
from store import service, store

QUERY = "SELECT TOP 100 e_id, e_name, e_generatedattime FROM provenance.entity"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def main() -> None:
    """Print what each way costs."""
    options = rounds.parser(__doc__, 50).parse_args()
    rounds.heading("What does a small query cost as a job?", options.rounds)
    with store(1_000) as settings, service(settings) as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.port)
        ways: dict[str, Callable[[], bytes]] = {
            "/sync": lambda: sync(connection),
            "/async, WAIT": lambda: job(connection, waited),
            "/async, polling": lambda: job(connection, polled),
            "/async, created and run apart": lambda: job(connection, waited, at_once=False),
        }
        checks = {name: partial(rounds.timed, whole, way) for name, way in ways.items()}
        rounds.ratios("/sync", rounds.medians(checks, options.rounds))
        connection.close()


def whole(way: Callable[[], bytes]) -> None:
    """Ask, and see that all rows came."""
    answer = way()
    assert answer.count(b"<TR>") == 100, answer


def sync(connection: http.client.HTTPConnection) -> bytes:
    """Return the answer of /sync."""
    return ask(connection, "POST", "/tap/sync", QUERY=QUERY)[1]


def job(
    connection: http.client.HTTPConnection,
    until_done: Callable[[http.client.HTTPConnection, str], None],
    at_once: bool = True,
) -> bytes:
    """Return the result of a job, which is deleted afterwards."""
    phase = {"PHASE": "RUN"} if at_once else {}
    path = ask(connection, "POST", "/tap/async", QUERY=QUERY, **phase)[0]
    if not at_once:
        ask(connection, "POST", f"{path}/phase", PHASE="RUN")
    until_done(connection, path)
    result = ask(connection, "GET", f"{path}/results/result")[1]
    ask(connection, "DELETE", path)
    return result


def waited(connection: http.client.HTTPConnection, path: str) -> None:
    """Return once the job has ended, asking with WAIT."""
    while b">COMPLETED<" not in ask(connection, "GET", f"{path}?WAIT=-1")[1]:
        pass


def polled(connection: http.client.HTTPConnection, path: str) -> None:
    """Return once the job has ended, asking every 5 ms."""
    while ask(connection, "GET", f"{path}/phase")[1] != b"COMPLETED":
        time.sleep(0.005)


def ask(
    connection: http.client.HTTPConnection, method: str, path: str, **parameters: str
) -> tuple[str, bytes]:
    """Return the path that an answer leads to, and its body."""
    connection.request(method, path, urlencode(parameters) if parameters else None, FORM)
    response = connection.getresponse()
    body = response.read()
    return urlsplit(response.headers.get("Location", "")).path, body


if __name__ == "__main__":
    main()
