"""How long a query of one row takes over a kept connection, and where that time goes.

The floor is the same SQL over a kept connection of psycopg2. The parts are measured alone, in this process.
"""

import http.client
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from statistics import median

import psycopg2
import rounds
from layers import layered_store
from small import FORM, body, queries, translated
from store import service

from provtap import metadata
from provtap.adql import Statement, translate
from provtap.config import Settings
from provtap.database.connect import Pool
from provtap.database.login import database_login
from provtap.database.stream import copy_blocks
from provtap.query.links import provenance_links
from provtap.results.votable import write_votable


def main() -> None:
    """Print what the whole takes, and each part."""
    parser = rounds.parser(__doc__)
    parser.add_argument("--activities", type=int, default=200_000)
    parser.add_argument("--requests", type=int, default=200, help="of each way in each round")
    options = parser.parse_args()
    rounds.heading(f"What does a query of one row take? ({options.activities} activities)", options.rounds)
    with layered_store(options.activities) as settings, service(settings) as running:
        adql = queries(settings)
        http_ = http.client.HTTPConnection("127.0.0.1", running.port)
        sql = psycopg2.connect(str(settings.database_url))
        sql.autocommit = True
        works = {
            "psycopg2": one_by_one(partial(fetch, sql), translated(settings, adql)),
            "/sync, VOTable": one_by_one(partial(ask, http_), [body(query) for query in adql]),
            "/sync, CSV": one_by_one(partial(ask, http_), [f"{body(query)}&FORMAT=csv" for query in adql]),
            "HTTP alone (a redirect)": one_by_one(
                partial(ask, http_, status=303), ["REQUEST=getCapabilities"]
            ),
            **parts(settings, adql),
        }
        ways = {name: partial(each, work, options.requests) for name, work in works.items()}
        rounds.ratios("psycopg2", rounds.medians(ways, options.rounds))
        sql.close()
        http_.close()


def parts(settings: Settings, adql: list[str]) -> dict[str, Callable[[], object]]:
    """Return the parts of a query, by what they are."""
    login = database_login(str(settings.database_url))
    pool = Pool(login, size=1, wait=1)
    tableset = metadata.load(settings.metadata_dir)
    statement = translate(adql[0], tableset)
    return {
        "part: ADQL to SQL": one_by_one(lambda query: translate(query, tableset), adql),
        "part: COPY over the pool": one_by_one(partial(copy, pool), translated(settings, adql)),
        "part: the VOTable": lambda: votable(statement),
        "not needed: a new connection": lambda: login.connect().close(),
    }


def one_by_one(work: Callable[[str], object], texts: list[str]) -> Callable[[], object]:
    """Return what does *work* with the next of *texts*, round and round."""
    following = cycle(texts)
    return lambda: work(next(following))


def each(work: Callable[[], object], times: int) -> float:
    """Return the median of what *work* takes, in seconds."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return median(taken)


def fetch(connection: psycopg2.extensions.connection, sql: str) -> None:
    """Run a query by psycopg2."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        assert len(cursor.fetchall()) == 1


def ask(connection: http.client.HTTPConnection, form: str, status: int = 200) -> None:
    """Run a query by the service."""
    connection.request("POST", "/tap/sync", form, FORM)
    response = connection.getresponse()
    response.read()
    assert response.status == status


def copy(pool: Pool, sql: str) -> None:
    """Run a query as the service does."""
    blocks = copy_blocks(pool, sql, form="text", maxrec=10_000, duration=60, spool_bytes=10**9)
    assert sum(rows for rows, _ in blocks) == 1


def votable(statement: Statement) -> None:
    """Write a document with one row."""
    links = provenance_links(statement.columns, "http://127.0.0.1:8080")
    row = b"urn:uuid:0\ttool\t2026-01-01T00:00:00\t2026-01-01T00:00:01\n"
    assert b"".join(write_votable(statement.columns, [(1, row)], 10_000, list(links)))


if __name__ == "__main__":
    main()
