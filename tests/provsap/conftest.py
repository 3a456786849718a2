"""Fixtures of the tests of ProvSAP: the sample logs in a store, and stores of graphs made for one test."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from provtap.config import Settings
from provtap.database.connect import Database, open_database
from provtap.provsap import Graph, ProvsapRequest, retrieve
from provtap.tableset import Tableset

DL2 = "urn:uuid:9ae6f6a9-8f06-4944-b859-fa70c8bddb99"
"""step2_a.dl2.h5: a run of ctapipe-process made it from a DL1 file, which another run made."""


def asked(*ids: str, **parameters: Any) -> ProvsapRequest:
    """Return the request with these parameters, by their names in lower case."""
    given = {name.upper(): [str(value)] for name, value in parameters.items()}
    return ProvsapRequest.from_parameters({"ID": list(ids)} | given)


@pytest.fixture(scope="session")
def sample(sample_settings: Settings, tableset: Tableset) -> Iterator[Callable[..., Graph]]:
    """Retrieve a graph from the store of the sample logs: `sample(id, depth=2)`."""
    with open_database(sample_settings) as opened:
        yield lambda *ids, **given: retrieve(asked(*ids, **given), opened, tableset, sample_settings)


@pytest.fixture
def look(database: Database, settings: Settings, tableset: Tableset) -> Callable[..., Graph]:
    """Retrieve a graph from the store of this test: `look(id, depth=2, nodes=100)`."""

    def look(*ids: str, nodes: int = 10_000_000, **given: Any) -> Graph:
        limited = replace(settings, provsap_nodes=nodes)
        return retrieve(asked(*ids, **given), database, tableset, limited)

    return look
