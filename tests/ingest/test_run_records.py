"""Records of ctapipe inside products, which lstchain writes before its run ends: a log completes them."""

import json
from pathlib import Path

import h5py
import pytest

from tests.ingest.logs import activity_id, empty, file, header, product_id, rows, run, tables

SAMPLE = Path(__file__).parents[1] / "data" / "ctapipe_hdf5" / "dl2_LST-1.Run17000.h5"


def unfinished(number, start, **members):
    return run(number, start, **members) | {"status": "running", "stop": {}, "exit_code": None}


def write_product(path, *records, attributes=()):
    with h5py.File(path, "w") as opened:
        opened.attrs.update(attributes)
        opened.create_group("provenance")
        for number, record in enumerate(records):
            opened[f"provenance/stage{number}"] = json.dumps(record)
    return path


@pytest.fixture
def record():
    return unfinished(1, 1, input=[file("/in.h5")], output=[file("/site/out.h5")])


def test_a_record_without_status(take, database):
    """A record written before the end of the run has neither status nor end."""
    take(SAMPLE)

    assert rows(database, "SELECT a_name, a_endtime FROM provenance.activity") == [
        ("lstchain_dl1_to_dl2", None)
    ]
    assert rows(database, "SELECT count(*)::int FROM provext.run") == [(0,)]
    assert rows(database, "SELECT u_role FROM provenance.used ORDER BY 1") == [
        ("dl1 input file",),
        ("trained model directory",),
    ]


@pytest.mark.parametrize("first", ["log", "product"])
def test_log_completes_the_record(take, tell, database, tmp_path, record, first):
    product = write_product(tmp_path / "out.h5", record)
    finished = record | {"status": "completed", "stop": {"time_utc": "2026-01-01T00:00:09"}}
    steps = {"log": lambda: tell(finished), "product": lambda: take(product)}
    for step in sorted(steps, key=lambda name: name != first):
        steps[step]()

    assert rows(database, "SELECT r_status, a_endtime::text FROM provext.run, provenance.activity") == [
        ("completed", "2026-01-01 00:00:09")
    ]
    assert rows(database, "SELECT count(*)::int FROM provenance.wasgeneratedby WHERE wgb_role = 'data'") == [
        (1,)
    ]


def test_records_of_several_products_unite(take, database, tmp_path, record):
    """Of several inputs, the record in the n-th product names the first n."""
    second = record | {
        "input": [file("/in.h5"), file("/in2.h5")],
        "output": [file("/site/out.h5"), file("/site/out2.h5")],
    }
    products = [write_product(tmp_path / "out.h5", record), write_product(tmp_path / "out2.h5", second)]
    for product in products:
        take(product)
    both = tables(database)
    empty(database)
    for product in reversed(products):
        take(product)

    assert tables(database) == both
    assert rows(database, "SELECT count(*)::int FROM provenance.used") == [(2,)]
    assert rows(database, "SELECT count(*)::int FROM provext.location WHERE loc_url LIKE '/site%'") == [(2,)]


def test_product_is_the_output_of_its_name(take, database, tmp_path, record):
    """The id in the header of the file is that of the output; the file may have been moved."""
    path = write_product(tmp_path / "out.h5", record, attributes=header(1, 1))
    take(path)

    assert rows(database, "SELECT wgb_entity_id, wgb_activity_id FROM provenance.wasgeneratedby") == [
        (product_id(1), activity_id(1))
    ]
    assert sorted(rows(database, "SELECT loc_url FROM provext.location WHERE loc_url LIKE '%out.h5'")) == [
        ("/site/out.h5",),
        (str(path),),
    ]


def test_record_of_a_product_as_json(tell, database, record):
    """Tools print the record of a product as JSON: it is no log of a run that ended."""
    tell(record)

    assert rows(database, "SELECT count(*)::int FROM provext.run") == [(0,)]
