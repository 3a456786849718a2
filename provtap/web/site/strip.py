"""The picture at the head of a page: two runs back, one forth, and that there is more."""

from dataclasses import dataclass

from provtap import addresses
from provtap.database.connect import Transaction
from provtap.errors import ProvtapError
from provtap.provsap.graph import Graph, Key
from provtap.provsap.picture import Picture
from provtap.provsap.place import place
from provtap.provsap.request import Direction, ProvsapRequest
from provtap.provsap.svg import svg
from provtap.provsap.traverse import graph_around
from provtap.web.http.context import service
from provtap.web.site.store import Store

NODES = 150
"""Of each way, before alike ones are folded."""
_BACK, _FORTH = 4, 2
"""Relations: two for each run."""


@dataclass(frozen=True)
class Strip:
    """A picture for a page."""

    svg: str
    captions: tuple[str, ...]
    """What it says of itself, if it does not show everything."""


def strip(store: Store, kind: str, id_: str) -> Strip | None:
    """Return the picture around a thing; None if there was no time for it, or there is nothing around it."""
    graph = store.within(lambda transaction: _graph(transaction, kind, id_))
    if graph is None or len(graph.nodes) < 2:
        return None
    picture = Picture(graph)
    try:
        layout = place(picture, "RL")
    except ProvtapError:  # the page is not worth less without it
        return None
    return Strip(svg(layout, _address, "Lineage"), tuple(picture.captions))


def _graph(transaction: Transaction, kind: str, id_: str) -> Graph:
    back, forth = (
        graph_around(
            transaction,
            ProvsapRequest(
                ids=(id_,), direction=way, depth=depth, agents=False, context=False, configuration=False
            ),
            service().tableset,
            NODES,
        )
        for way, depth in ((Direction.BACK, _BACK), (Direction.FORTH, _FORTH))
    )
    graph = back.joined(forth)
    return graph.only({key for key in graph.nodes if key.kind != "agent"})


def _address(key: Key) -> str:
    return service().root_path + addresses.page(key.kind, key.id)
