"""Choose the level of gzip.

The cells are the time of compressing over that of making the result, and the size over that of the result.
"""

import zlib
from collections.abc import Callable, Iterator
from functools import partial

import rounds
from store import TEXTS, store

from provtap import metadata
from provtap.database.connect import open_database
from provtap.query import run
from provtap.query.request import QueryRequest

LEVELS = (1, 2, 3, 4, 6, 9)
FORMATS = {"TABLEDATA": "votable", "BINARY2": "votable/b2", "CSV": "csv", "JSON": "json"}


def main() -> None:
    """Compress a result piece by piece at each level."""
    parser = rounds.parser(__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    options = parser.parse_args()
    with store(options.rows) as settings, open_database(settings) as database:
        tableset = metadata.load(settings.metadata_dir)

        def made(form: str) -> list[bytes]:
            request = QueryRequest(query=TEXTS, responseformat=form, maxrec=options.rows)
            return list(run(request, tableset, database, settings).body)

        rounds.heading("Which level of gzip?", options.rounds, __doc__)
        columns = ["format", *(f"level {level}" for level in LEVELS)]
        rounds.table(
            columns,
            ([name, *cells(lambda form=form: made(form), options.rounds)] for name, form in FORMATS.items()),
        )


def cells(make: Callable[[], list[bytes]], number: int) -> Iterator[str]:
    """Yield the time and the size for each level."""
    pieces = make()
    size = sum(map(len, pieces))
    ways = {0: partial(rounds.timed, make)} | {
        n: partial(rounds.timed, compressed, pieces, n) for n in LEVELS
    }
    times = rounds.medians(ways, number)
    for level in LEVELS:
        yield f"{times[level] / times[0]:.2f}, {compressed(pieces, level) / size:.3f}"


def compressed(pieces: list[bytes], level: int) -> int:
    """Return the bytes that are left."""
    compressor = zlib.compressobj(level, wbits=31)
    return sum(len(compressor.compress(p) + compressor.flush(zlib.Z_SYNC_FLUSH)) for p in pieces)


if __name__ == "__main__":
    main()
