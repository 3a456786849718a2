"""Measure what a small query costs as a job: from its creation to the last byte of its result.

Prints the wall-clock time of each way, and its ratio to the same query over /sync: medians of alternating
rounds, each over one kept connection, as clients have it.
"""

import argparse
import http.client
import time
from collections.abc import Callable
from statistics import median
from urllib.parse import urlencode, urlsplit

from store import service, store

QUERY = "SELECT TOP 100 e_id, e_name, e_generatedattime FROM provenance.entity"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def main() -> None:
    """Print what each way costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    with store(1_000) as settings, service(settings) as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.port)
        ways: dict[str, Callable[[], bytes]] = {
            "/sync": lambda: sync(connection),
            "/async, WAIT": lambda: job(connection, waited),
            "/async, polling": lambda: job(connection, polled),
            "/async, created and run apart": lambda: job(connection, waited, at_once=False),
        }
        compare(ways, options.rounds)
        connection.close()


def compare(ways: dict[str, Callable[[], bytes]], rounds: int) -> None:
    """Run all of *ways* in turn, and print their medians next to that of the first."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            begun = time.perf_counter()
            answer = run()
            times[name].append(time.perf_counter() - begun)
            assert answer.count(b"<TR>") == 100, answer
    floor = median(times["/sync"])
    for name, measured in times.items():
        print(f"{name:30} {median(measured) * 1000:6.1f} ms  ratio {median(measured) / floor:.1f}")


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
