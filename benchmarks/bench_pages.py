"""Measure the pages of the site, over HTTP as a browser asks for them.

The store is that of layers.py: about two files a run, 168 files behind a product of the last layer. Each
time a page is asked for, it is that of another thing. The impact is that of a raw file, from which files of
all layers came.
"""

from collections.abc import Iterator
from itertools import count
from urllib.parse import quote
from urllib.request import Request, urlopen

from layers import LAYERS, identifier, layered_store
from rounds import heading, medians, parser, seconds, table, timed
from store import Service, service

AIM = 0.3  # seconds
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def main() -> None:
    """Print one table: the median of each page, and whether that is under the aim."""
    options = parser(__doc__, default=15)
    options.add_argument("--activities", type=int, default=20_000, help="of the store (20 000)")
    given = options.parse_args()
    with layered_store(given.activities, parameters=3) as settings, service(settings) as running:
        ways = {
            name: _Way(running, addresses) for name, addresses in pages(given.activities // LAYERS).items()
        }
        medians(ways, 2)  # connections and plans are made
        heading(f"How fast are pages of a store of {given.activities:,} runs?", given.rounds, __doc__)
        taken = medians(ways, given.rounds)
        rows = (
            [name, seconds(time), "≤ 300 ms", "yes" if time <= AIM else "no"] for name, time in taken.items()
        )
        table(["page", "median", "aim", "kept"], rows)


class _Way:
    """Asks for one page after the other, and returns the seconds until each has come."""

    def __init__(self, running: Service, addresses: Iterator[str]) -> None:
        self._root = f"http://127.0.0.1:{running.port}"
        self._addresses = addresses

    def __call__(self) -> float:
        return timed(self._read, Request(f"{self._root}{next(self._addresses)}", headers=BROWSER))

    def _read(self, asked: Request) -> None:
        with urlopen(asked, timeout=60) as answer:
            answer.read()


def pages(width: int) -> dict[str, Iterator[str]]:
    """Return addresses of each kind of page, without end; a layer has *width* things of a kind."""

    def of(kind: str, thing: str, layer: int) -> Iterator[str]:
        return (f"/{kind}/{quote(identifier(thing, layer, n), safe='')}" for n in _numbers(width))

    return {
        "home": ("/" for _ in count()),
        "search, a name": (f"/search?kind=file&q=product_12_{n:08}.h5" for n in _numbers(width)),
        "search, a part that few names have": (f"/search?q={n:06}" for n in _numbers(width)),
        "search, a part that many names have": (f"/search?q=_{1 + n % LAYERS}_" for n in _numbers(width)),
        "search, newest runs": ("/search?kind=run" for _ in count()),
        "file": of("entity", "product", LAYERS),
        "raw file": of("entity", "product", 0),
        "calibration, which many runs read": (
            f"/entity/{quote(identifier('calibration', 6, n % 50), safe='')}" for n in _numbers(width)
        ),
        "run": of("activity", "run", LAYERS),
        "impact, first page": of("impact", "product", 0),
        "lineage": of("lineage", "product", LAYERS),
    }


def _numbers(width: int) -> Iterator[int]:
    """Yield numbers below *width*, far from each other."""
    return ((7 + n * 7919) % (width - 50) for n in count())


if __name__ == "__main__":
    main()
