"""Time of the pages of the site, in a store of many activities.

Each page is asked for by HTTP, another thing each time. The floor is the help page, which asks nothing of the
store.
"""

import http.client
import random
from functools import partial
from urllib.parse import quote

import rounds
from layers import LAYERS, identifier, layered_store
from store import service

from provtap import addresses

ACTIVITIES = 200_000
_BROWSER = {"Accept": "text/html,application/xhtml+xml"}


def main() -> None:
    """Print what each page takes."""
    parser = rounds.parser(__doc__, 25)
    parser.add_argument("--activities", type=int, default=ACTIVITIES, help=f"of the store ({ACTIVITIES})")
    options = parser.parse_args()
    runs = options.activities // LAYERS
    question = f"How long do pages take, in a store of {options.activities} activities?"
    rounds.heading(question, options.rounds, __doc__)
    with layered_store(options.activities) as settings, service(settings) as running:
        ways = {name: partial(_taken, running.port, make, runs) for name, make in PAGES.items()}
        for way in ways.values():
            way()
        rounds.ratios("help", rounds.medians(ways, options.rounds))


def _thing(kind: str, what: str, layer: int, n: int) -> str:
    return addresses.page(kind, identifier(what, layer, n))


PAGES = {
    "help": lambda n: "/help",
    "home": lambda n: "/",
    "a raw product": lambda n: _thing("entity", "product", 0, n),
    "a product of layer 3": lambda n: _thing("entity", "product", 3, n),
    "a product of layer 12": lambda n: _thing("entity", "product", LAYERS, n),
    "a calibration": lambda n: _thing("entity", "calibration", 1 + n % LAYERS, n % 50),
    "a run": lambda n: _thing("activity", "run", 1 + n % LAYERS, n),
    "a person": lambda n: addresses.page("agent", f"urn:x-bench:person:{n % 20}"),
    "a program": lambda n: addresses.program(f"tool{1 + n % LAYERS}"),
    "an unknown id": lambda n: f"/entity/product_12_{n:08}",
    "search for a name": lambda n: f"/search?q=product_12_{n:08}.h5",
    "search for a part": lambda n: f"/search?q={quote(f'{n:08}.h')}",
    "impact of a raw product": lambda n: _thing("impact", "product", 0, n),
    "impact of a calibration": lambda n: _thing("impact", "calibration", 1 + n % LAYERS, n % 50),
}
"""Addresses of pages about the thing of a number."""


def _taken(port: int, address: "rounds.Callable[[int], str]", runs: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask() -> None:
        connection.request("GET", address(random.randrange(runs)), headers=_BROWSER)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in {200, 302, 404}, answer.status

    try:
        return rounds.timed(ask)
    finally:
        connection.close()


if __name__ == "__main__":
    main()
