"""One lineage through the records of five programs, which know nothing of each other."""

import json
import random
from pathlib import Path

import pytest
from astropy.io import fits

from provtap.adql import translate
from provtap.ingest import ingest_all
from provtap.metadata import load
from tests.ingest.logs import empty, file, rows, run, tables, uuid_of, write_log

DATA = Path(__file__).parents[1] / "data"
RAW = "/fefs/aswg/data/real/R0/20260301/LST-1.1.Run17000.0001.fits.fz"
DL2 = "/fefs/aswg/data/real/DL2/20260301/v0.11.3/tailcut84/nsb_tuning_0.14/dl2_LST-1.Run17000.h5"
RAW1_SHA1 = "6b896a6708995a073c151fd6b88252fba34fac1d"
STACK = "988b7b6f-43b7-46b4-b6a8-0374da8b476e"
"""What the last step of the workflow made, in tests/data/cwlprov/nested_scatter_ro."""


@pytest.fixture
def sources(tmp_path):
    """The documents of lstosa, ctapipe, `provtap run`, cwltool and of the last product, in this order."""
    ctapipe = run(1, input=[file(DL2)], output=[file("/data/events.fits")]) | {
        "start": {"time_utc": "2026-11-28T22:10:00"},
        "stop": {"time_utc": "2026-11-28T22:11:00"},
    }
    command = {
        "provtap_run": 1,
        "id": uuid_of("command", 1),
        "name": "awk",
        "start": "2026-11-28T22:20:00Z",
        "end": "2026-11-28T22:21:00Z",
        "used": [{"path": "/data/events.fits"}],
        "generated": [{"path": "/data/raw1.txt", "checksums": {"sha1": RAW1_SHA1}}],
    }
    (tmp_path / "run.json").write_text(json.dumps(command))
    product = fits.PrimaryHDU()
    product.header.update(
        {
            "CTAOMETA": "2.1.0",
            "DATAID": uuid_of("product", 1),
            "CREATED": "2026-11-28T23:00:00",
            "ACTIVITY": "publish",
            "ACTID": uuid_of("activity", 2),
            "ACTSTART": "2026-11-28T22:50:00",
        }
    )
    product.header["HIERARCH CTAO ACTIVITY INPUTS 0 ID"] = STACK
    product.header["HIERARCH CTAO ACTIVITY INPUTS 0 ROLE"] = "stack"
    product.writeto(tmp_path / "sky.fits")
    return [
        DATA / "lstosa" / "prov.log",
        write_log(tmp_path / "ctapipe.log", ctapipe),
        tmp_path / "run.json",
        DATA / "cwlprov" / "nested_scatter_ro",
        tmp_path / "sky.fits",
    ]


def ancestors(database):
    """Return the names of all files behind the last product, with their distances."""
    query = f"""
        SELECT e_location, e_name, l_distance
          FROM provenance.lineage JOIN provenance.entity ON e_id = l_ancestor_id
         WHERE l_descendant_id = 'urn:uuid:{uuid_of("product", 1)}' AND e_class = 'DatasetEntity'"""
    found = rows(database, translate(query, load()).sql)
    return {location or name: int(distance) for location, name, distance in found}


def test_lineage_leads_to_the_raw_file(sources, database, settings):
    """By paths within a site, by the checksum of what was copied, and by the id of what was made."""
    ingest_all(sources, database, settings)
    found = ancestors(database)

    chain = ["stack.txt", "raw1.txt", "/data/raw1.txt", "/data/events.fits", DL2, RAW]
    assert [name for name in sorted(found, key=lambda name: found[name]) if name in chain] == chain
    assert rows(database, "SELECT cp_algorithm FROM provext.copy") == [("sha1",)]


def test_order_changes_nothing(sources, database, settings):
    ingest_all(sources, database, settings)
    first = tables(database)
    for seed in range(3):
        empty(database)
        for source in random.Random(seed).sample(sources, len(sources)):
            ingest_all([source], database, settings)
        assert tables(database) == first
