"""Product metadata of the CTAO data model: short and long keywords, JSON, HDF5 and ECSV give the same."""

import json
from datetime import datetime
from pathlib import Path

import h5py
import pytest
from astropy.io import fits
from astropy.table import Table

from provtap.errors import DocumentError
from provtap.ingest import ingest_all
from tests.ingest.logs import rows
from tests.ingest.test_product_header import write_ecsv, write_fits, write_hdf5, write_json

DATA = Path(__file__).parents[1] / "data" / "ctao_datamodel"
PRODUCT, RUN, INPUT = (f"00000000-0000-4000-8000-{number:012}" for number in (1, 2, 3))
SHORT = {
    "CTAOMETA": "2.1.0",
    "DATAID": PRODUCT,
    "DATALEVL": "DL1",
    "MODEL": "CTAO.DL",
    "OBS_ID": 12,
    "INSTRUME": "CTAO-North",
    "CREATED": "2026-05-02T09:30:00.123456789",
    "REFERENC": "https://doi.org/10.5281/Zenodo.1",
    "AUTHOR": "Data Desk",
    "EMAIL": "Data@example.org",
    "ACTIVITY": "process",
    "ACTPROC": "data_processing",
    "ACTID": RUN,
    "ACTSTART": "2026-05-02T09:00:00",
    "ACTSTOP": "2026-05-02T09:30:01",
    "SOFTWARE": "ctapipe",
    "SOFTVER": 0.32,
    "ACTCONF": "dl1/v2",
    "CTAO ACTIVITY INPUTS 0 URI": "lfn://ctao/a.fits",
    "CTAO ACTIVITY INPUTS 0 ROLE": "DL0/Event",
    "CTAO ACTIVITY INPUTS 0 ID": INPUT,
}
LINEAGE = """
    SELECT product.e_id, a_id, a_name, a_starttime, a_endtime, u_role,
           source.e_id, source.e_location, ad_version, ad_type, p_value
      FROM provenance.entity AS product
      JOIN provenance.wasgeneratedby ON wgb_entity_id = product.e_id
      JOIN provenance.activity ON a_id = wgb_activity_id
      JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
      JOIN provenance.parameter ON p_activity_id = a_id
      JOIN provenance.used ON u_activity_id = a_id
      JOIN provenance.entity AS source ON source.e_id = u_entity_id"""


def write_table_hdf5(path, keywords):
    with h5py.File(path, "w") as opened:
        opened.create_group("other").attrs["x"] = 1
        Table({"a": [1]}, meta=keywords).write(opened, path="deep/table", format="hdf5", serialize_meta=True)
    return path


def write_second_hdu(path, keywords):
    write_fits(path, keywords)
    table = fits.BinTableHDU(Table({"x": [1.5] * 3000}))
    table.header.extend(fits.getheader(path).cards[4:])
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(name="LARGE"), table]).writeto(path, overwrite=True)
    return path


@pytest.mark.parametrize(
    "write", [write_fits, write_second_hdu, write_hdf5, write_table_hdf5, write_ecsv, write_json]
)
def test_all_forms_have_the_same_records(take, database, tmp_path, write):
    path = tmp_path / "product"
    take(write(path, SHORT))

    assert rows(database, LINEAGE) == [
        (
            f"urn:uuid:{PRODUCT}",
            f"urn:uuid:{RUN}",
            "process",
            datetime(2026, 5, 2, 9),
            datetime(2026, 5, 2, 9, 30, 1),
            "DL0/Event",
            f"urn:uuid:{INPUT}",
            "lfn://ctao/a.fits",
            "0.32",
            "data_processing",
            "dl1/v2",
        )
    ]
    assert rows(database, "SELECT al_kind, al_value FROM provext.alias") == [("doi", "10.5281/zenodo.1")]
    assert rows(database, "SELECT ag_name, ag_email FROM provenance.agent") == [
        ("Data Desk", "data@example.org")
    ]
    assert rows(database, f"SELECT e_comment FROM provenance.entity WHERE e_id = 'urn:uuid:{PRODUCT}'") == [
        ("observation 12, instrument CTAO-North",)
    ]


def test_nested_meta_of_a_table_is_read(take, database, tmp_path):
    nested = json.loads((DATA / "dl1_event_nested.json").read_bytes())
    take(write_ecsv(tmp_path / "a.ecsv", nested))

    assert rows(database, "SELECT count(*)::int FROM provenance.used") == [(3,)]


def test_child_and_parent_join_by_the_data_id(database, settings):
    """The event file of level 1 comes from that of level 0, and from a calibration."""
    ingest_all([DATA], database, settings)
    query = """SELECT made.e_name, source.e_name FROM provenance.wasgeneratedby
                 JOIN provenance.entity AS made ON made.e_id = wgb_entity_id
                 JOIN provenance.used ON u_activity_id = wgb_activity_id
                 JOIN provenance.entity AS source ON source.e_id = u_entity_id
                WHERE source.e_location LIKE '/%' ORDER BY 1, 2"""

    assert rows(database, query) == [
        ("ctao_sdc_dl3_v1.fits", "Prod6_North_40deg_Dark_AzAverage_4LSTs09MSTs_180000s.fit.gz"),
        ("dl1_event_short_inputs.fits", "dl0_tel_short.fits"),
        ("dl1_event_short_inputs.fits", "dl1_calibration_hierarch.fits"),
    ]


def test_a_made_up_id_of_an_input_is_ignored(take, database):
    """The model requires an id of each input; one made together with that of the activity is not used."""
    take(DATA / "ctao_sdc_dl3_v1.fits")

    assert rows(database, "SELECT e_id FROM provenance.entity WHERE e_id LIKE '%274e-11f1%'") == []


def test_both_kinds_of_ctao_keywords_in_one_file(take, database, tmp_path):
    old = {"CTA PRODUCT ID": PRODUCT, "CTA ACTIVITY ID": RUN, "CTA ACTIVITY NAME": "process"}
    take(write_fits(tmp_path / "a.fits", SHORT | old))

    assert rows(database, "SELECT count(*)::int FROM provenance.wasgeneratedby") == [(1,)]


def test_end_before_start_is_left_out(take, database, tmp_path):
    report = take(write_fits(tmp_path / "a.fits", SHORT | {"ACTSTOP": "2026-05-01T00:00:00"}))

    assert "ends at 2026-05-01 00:00:00, before it starts" in report.warnings[0]
    assert rows(database, "SELECT a_endtime FROM provenance.activity") == [(None,)]


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"DATAID": ""}, r"the CTAO header has no DATAID"),
        ({"DATAID": "x"}, r"DATAID is not a UUID: 'x'"),
        ({"ACTSTART": "noon"}, r"ACTSTART is not a time"),
        ({"CTAO ACTIVITY INPUTS 0 ID": "7"}, r'INPUTS 0 ID"\] is not a UUID'),
        ({"ACTIVITY": "x" * 1001}, r"ACTIVITY has 1001 bytes; the limit is 1000"),
    ],
)
def test_wrong_value_is_named(take, tmp_path, changed, message):
    with pytest.raises(DocumentError, match=message):
        take(write_json(tmp_path / "a.json", SHORT | changed))


def test_damaged_extension_does_not_hide_the_primary_header(take, database, tmp_path):
    path = write_fits(tmp_path / "a.fits", SHORT)
    with path.open("ab") as opened:
        opened.write(b"XTENSION= 'IMAGE   '" + b" " * 2860)
    take(path)

    assert rows(database, "SELECT count(*)::int FROM provenance.activity") == [(1,)]


@pytest.mark.parametrize("naxis1", ["-5", "99999999999999999999999", "'x'"])
def test_impossible_size_of_data_is_refused(take, tmp_path, naxis1):
    cards = ["SIMPLE  =                    T", "BITPIX  = 8", "NAXIS   = 1", f"NAXIS1  = {naxis1}", "END"]
    path = tmp_path / "a.fits"
    path.write_bytes("".join(card.ljust(80) for card in cards).encode().ljust(2880))

    with pytest.raises(DocumentError, match="is not a size"):
        take(path)
