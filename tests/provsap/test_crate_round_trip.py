"""Crates read again: what is lost is exactly what the export reports."""

import os
from pathlib import Path
from random import Random

import pytest

from provtap.ingest import ingest, ingest_all, ingest_content
from provtap.provsap import write
from provtap.provsap.crate_rules import left_out
from tests.ingest.logs import SAMPLES, empty, rows, tables
from tests.provsap.conftest import asked
from tests.provsap.crates import (
    CYCLE,
    at_random,
    everything,
    hostile,
    store_records,
    withdraw_product,
)

DATA = Path(__file__).parents[1] / "data"
KEYS = """SELECT e_id FROM provenance.entity
   UNION SELECT a_id FROM provenance.activity UNION SELECT ag_id FROM provenance.agent"""


def sample_logs(database, settings, tableset):
    for path in SAMPLES:
        ingest(path, database, settings)


def other_documents(database, settings, tableset):
    """Documents of other formats, among them a crate of another program."""
    for name in (
        "rocrate/runcrate_nested/ro-crate-metadata.json",
        "rocrate/streamflow_run/ro-crate-metadata.json",
        "prov/xml/prov_primer_complete_example.xml",
        "caom2",
        "lstosa",
    ):
        ingest_all([DATA / name], database, settings)


def withdrawn(database, settings, tableset):
    store_records(everything(), database, settings)
    withdraw_product("urn:x:raw", database, settings, tableset)


STORES = {
    "samples": sample_logs,
    "everything": lambda database, settings, _: store_records(everything(), database, settings),
    "hostile": lambda database, settings, _: store_records(hostile(), database, settings),
    "cycle": lambda database, settings, _: store_records(CYCLE, database, settings),
    "withdrawn": withdrawn,
    "other documents": other_documents,
}


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_what_is_lost_is_what_is_reported(store, database, settings, tableset, look):
    store(database, settings, tableset)

    assert_round_trip(database, settings, look)


def test_what_is_lost_from_random_stores_is_what_is_reported(database, settings, look):
    """PROVTAP_TEST_CRATES is the number of stores."""
    for seed in range(int(os.environ.get("PROVTAP_TEST_CRATES", "15"))):
        store_records(at_random(Random(seed)), database, settings)
        assert_round_trip(database, settings, look)
        empty(database)


def assert_round_trip(database, settings, look):
    """Export everything in the store, and read the crate into an empty one."""
    ids = [id_ for (id_,) in rows(database, KEYS)]
    whole = look(*ids, depth="ALL", direction="BOTH", responseformat="ro-crate")
    before = tables(database)
    told = {each.table: each.rows for each in left_out(whole)}
    content = write(whole, asked("x", responseformat="ro-crate"), "http://example.org")
    empty(database)
    report = ingest_content(content, "crate", database, settings)

    after = tables(database)
    lost = {name: before[name] - after[name] for name in before}
    changed = {name: after[name] - before[name] for name in after}
    assert {name.partition(".")[2]: each.total() for name, each in lost.items() if each} == {
        table: number
        for table, number in told.items()
        if f"provenance.{table}" in before or f"provext.{table}" in before
    }
    assert report.warnings == ()
    for name, each in changed.items():
        assert each.total() <= lost[name].total(), each
