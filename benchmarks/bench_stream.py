"""How fast results leave in each format, beside psql's own copy of the same query, and what memory it takes.

A client over HTTP that only counts bytes; the floor is psql's copy to `/dev/null`. Memory is that of all
server processes, at its highest during the first download after their start, over what they had before.
"""

import http.client
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from statistics import median

import rounds
from store import NUMBERS, TEXTS, Service, address, resident, service, store

from provtap.config import Settings

FORMATS = {
    "TABLEDATA": "votable",
    "CSV": "csv",
    "TSV": "tsv",
    "JSON": "json",
    "BINARY2": "votable/b2",
    "BINARY": "votable/b",
    "HTML": "html",
    "text": "text",
    "FITS": "fits",
    "Parquet": "parquet",
}
AIMS = {
    "texts": {"TABLEDATA": 2.5, "CSV": 1.6, "BINARY2": 8.0, "JSON": 3.0},
    "numbers": {"TABLEDATA": 2.5, "CSV": 1.6, "BINARY2": 2.5, "JSON": 3.0},
}


def main() -> None:
    """Run all of it."""
    parser = rounds.parser(__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of 7 columns (100 000)")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS), metavar="FORMAT")
    options = parser.parse_args()
    with store(options.rows) as settings:
        for kind, query in {"texts": TEXTS, "numbers": NUMBERS}.items():
            rounds.heading(f"How fast are {options.rows} rows x 7 of {kind} sent?", options.rounds)
            with service(settings) as server:
                ways = {
                    name: partial(rounds.timed, download, server, query, FORMATS[name], options.rows)
                    for name in options.formats
                }
                floor = {"\\copy": partial(rounds.timed, copied, settings, query)}
                rounds.ratios("\\copy", rounds.medians(floor | ways, options.rounds), AIMS[kind])
        rounds.heading(f"What do {options.rows} rows of texts take before and beside?", options.rounds)
        costs = (
            [name, *beside(settings, FORMATS[name], options.rows, options.rounds)] for name in options.formats
        )
        rounds.table(["format", "first byte", "memory (aim: ≤ +32 MB)"], costs)


def copied(settings: Settings, query: str) -> None:
    """Let psql fetch the same rows."""
    meta = f"\\copy ({query}) TO '/dev/null'"
    subprocess.run(["psql", "-qX", "-d", settings.database_url or "", "-c", meta], check=True)


def download(server: Service, query: str, form: str, rows: int) -> float:
    """Fetch *rows* rows over HTTP; return the seconds until the first byte."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", address(query, form, rows))
    response = connection.getresponse()
    response.read(1)
    first = time.perf_counter() - start
    while response.read(1 << 18):
        pass
    connection.close()
    return first


def beside(settings: Settings, form: str, rows: int, number: int) -> Iterator[str]:
    """Yield the time to the first byte, and by how much the memory of a new server grows."""
    with service(settings) as server:
        before = resident(server.workers())
        download(server, TEXTS, form, rows)
        grown = resident(server.workers(), "VmHWM") - before
        yield rounds.seconds(median(download(server, TEXTS, form, rows) for _ in range(number)))
        yield f"+{grown / 1e6:.0f} MB"


if __name__ == "__main__":
    main()
