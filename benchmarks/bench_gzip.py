"""Choose the level of gzip: what each level saves of a result, and what it costs beside making the result."""

import argparse
import time
import zlib
from statistics import median

from store import store

from provtap import metadata
from provtap.database.connect import open_database
from provtap.query import QueryRequest, run

QUERY = (
    "SELECT e_id, e_class, e_name, e_location, e_generatedattime, e_value, e_comment FROM provenance.entity"
)


def main() -> None:
    """Compress a result piece by piece at each level."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with store(options.rows) as settings, open_database(settings) as database:
        tableset = metadata.load(settings.metadata_dir)
        for form in ("votable", "votable/b2", "csv", "json"):
            request = QueryRequest(query=QUERY, responseformat=form, maxrec=options.rows)
            start = time.monotonic()
            pieces = list(run(request, tableset, database, settings).body)
            made = time.monotonic() - start
            for level in (1, 2, 3, 4, 6, 9):
                times, sizes = zip(*(compressed(pieces, level) for _ in range(options.rounds)), strict=True)
                size = sizes[0] / sum(map(len, pieces))
                print(f"{form:10} level {level}: {median(times) / made:5.2f} of the making, size {size:.3f}")


def compressed(pieces: list[bytes], level: int) -> tuple[float, int]:
    """Return the seconds and the bytes that it takes."""
    start = time.process_time()
    compressor = zlib.compressobj(level, wbits=31)
    size = sum(len(compressor.compress(p) + compressor.flush(zlib.Z_SYNC_FLUSH)) for p in pieces)
    return time.process_time() - start, size


if __name__ == "__main__":
    main()
