"""`provtap obscore`: real files of each dialect, mappings, links to provenance, and what is reported."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from provtap.errors import DocumentError, NotFound, SettingsError
from provtap.ingest import load_sql, rebuild
from provtap.ingest.observations.load import load_observations, remove_observations
from provtap.ingest.observations.observation import Naming
from tests.ingest.logs import file, rows, run, write_log

DATA = Path("tests/data")
NAMES = "obs_publisher_did, obs_collection, obs_id, calib_level, dataproduct_type"


@pytest.fixture
def observe(database, settings, tableset):
    """Load files: `observe(path, ...)`."""
    return lambda *paths, **options: load_observations(paths, database, settings, tableset, **options)


@pytest.fixture
def stored(database):
    """Ask the published tables."""
    return lambda columns, more="": rows(database, f"SELECT {columns} FROM ivoa.obscore {more}")


@pytest.fixture
def links(database):
    return lambda: rows(database, "SELECT * FROM provext.product ORDER BY 1")


def csv(path, *lines):
    path.write_text("\n".join(("obs_publisher_did,obs_collection,obs_id,calib_level", *lines)) + "\n")
    return path


def gadf_index(folder, name="obs-index.fits.gz"):
    """Write an index of two observations, with the index of HDUs beside it, as archives of GADF have them."""
    table = Table(
        {
            "OBS_ID": np.array([20136, 20151]),
            "RA_PNT": np.array([228.61, 83.63]),
            "DEC_PNT": np.array([-58.77, 22.01]),
            "TSTART": np.array([333778852.184, 333866992.184]),
            "TSTOP": np.array([333780537.184, 333868677.184]),
            "LIVETIME": np.array([1578.0, np.nan]),
            "OBJECT": ["MSH15-52", "Crab"],
        },
        units={"RA_PNT": "deg", "DEC_PNT": "deg", "TSTART": "s", "TSTOP": "s", "LIVETIME": "s"},
    )
    table.meta.update(HDUCLAS1="INDEX", HDUCLAS2="OBS", TELESCOP="HESS", MJDREFI=51910, MJDREFF=0.00074287)
    table.write(folder / name)
    hdus = {"OBS_ID": [20136, 20136], "HDU_TYPE": ["aeff", "events"], "FILE_DIR": ["data", "data"]}
    Table(hdus | {"FILE_NAME": ["irf.fits", "run20136.fits"]}).write(folder / "hdu-index.fits")
    return folder / name


def header_file(path, keywords):
    hdu = fits.PrimaryHDU()
    for key, value in keywords.items():
        hdu.header[key] = value
    hdu.writeto(path)
    return path


ESO = {
    "ORIGIN": "ESO", "TELESCOP": "ESO-VLT-U2", "INSTRUME": "XSHOOTER", "OBJECT": "GRB120327A", "RA": 246.8639,
    "DEC": -29.415, "EXPTIME": 2400.0, "MJD-OBS": 56013.12, "MJD-END": 56013.2,
    "PRODCATG": "SCIENCE.SPECTRUM",
    "PROG_ID": "088.A-0051(C)", "OBID1": 200151, "WAVELMIN": 300.0, "WAVELMAX": 556.0, "SPEC_RES": 5100.0,
    "PRODLVL": 2, "PROV1": "XSHOO.2012-03-27T02:52:46.123.fits", "HIERARCH ESO OBS ID": 200151,
    "ARCFILE": "ADP.2014-05-16T11:21:56.717.fits",
}  # fmt: skip


# Dialects


def test_gadf_index_is_read_without_a_mapping(observe, stored, tmp_path):
    """OBS-8, OBS-4: event lists have no pixels; a NaN is unknown; MJD by the reference of the header."""
    report = observe(gadf_index(tmp_path), naming=Naming("hess-dl3", "ivo://hess/dl3"))

    assert (report.new, report.skipped, report.refused, report.without_authority) == (2, (), (), 0)
    assert stored(NAMES, "ORDER BY obs_id") == [
        ("ivo://hess/dl3?hess-dl3/20136", "hess-dl3", "20136", 2, "event"),
        ("ivo://hess/dl3?hess-dl3/20151", "hess-dl3", "20151", 2, "event"),
    ]
    assert stored("s_ra, s_dec, t_exptime, s_xel1, em_min, target_name", "ORDER BY obs_id") == [
        (228.61, -58.77, 1578.0, -1, None, "MSH15-52"),
        (83.63, 22.01, None, -1, None, "Crab"),
    ]
    [(start, end)] = stored("t_min, t_max", "WHERE obs_id = '20136'")
    assert start == pytest.approx(51910.00074287 + 333778852.184 / 86400, abs=1e-9)
    assert end - start == pytest.approx(1685 / 86400, abs=1e-9)


def test_gadf_index_leads_to_event_lists(observe, take, links, tmp_path):
    """OBS-9: by the place that the index of HDUs gives, also relative to itself."""
    events = str(tmp_path / "data" / "run20136.fits")
    take(logged(tmp_path, output=[file(events)]))
    report = observe(gadf_index(tmp_path))

    assert report.linked == 1
    assert [did for did, _ in links()] == ["urn:x-provtap:product:HESS:20136"]


def logged(folder, number=1, start=0, **members):
    return write_log(folder / f"{number}.log", run(number, start, start + 10, **members))


def test_eso_header_has_the_id_of_its_archive(observe, stored, tmp_path):
    """OBS-8; nanometres become metres."""
    observe(header_file(tmp_path / "eso.fits", ESO))

    assert stored(NAMES) == [
        ("ivo://eso.org/ID?ADP.2014-05-16T11:21:56.717", "XSHOOTER", "200151", 2, "spectrum")
    ]
    assert stored("em_min, em_max, em_res_power, t_min, proposal_id") == [
        (pytest.approx(3e-7), pytest.approx(5.56e-7), 5100.0, 56013.12, "088.A-0051(C)")
    ]


def test_ctao_headers_are_their_own_products(observe, take, stored, links):
    """OBS-10: without an authority the DID is the id of the entity, which is in the same header."""
    paths = sorted((DATA / "ctao_datamodel").glob("*.fits"))
    for path in paths:
        take(path)
    report = observe(*paths)

    assert (report.observations, report.linked, report.refused) == (5, 5, ())
    assert all(did == entity for did, entity in links())
    assert stored("obs_id, calib_level, dataproduct_type, data_rights", "ORDER BY 1, 2, 3") == [
        ("1000012345", 2, "event", "public"),
        ("4000000001", 0, "event", "secure"),
        ("4000000001", 1, "event", "secure"),
        ("4000000001", 1, None, "secure"),
        ("5000000497", 2, "event", "public"),
    ]
    [(low, high, start)] = stored("em_min, em_max, t_min", "WHERE obs_id = '5000000497'")
    assert low == pytest.approx(1.239841984332e-6 / 199.52623e12)
    assert high == pytest.approx(1.239841984332e-6 / 0.012589254e12)
    assert start == pytest.approx(58119.00042824074 + 318029233 / 86400)


def test_simulations_are_no_observations(observe):
    """The reason names the column and where it would come from."""
    report = observe(DATA / "ctapipe_hdf5", DATA / "README.md")

    assert report.observations == 0
    assert sorted(remark.reason for remark in (*report.skipped, *report.refused)) == [
        "it is in none of the known dialects (ObsCore, GADF observation index, CAOM observations, CTAO"
        " data model, CTAO reference metadata (ctapipe), GADF event lists, ESO keywords): describe it by a"
        " --mapping",
        "it is no FITS, HDF5, ECSV, VOTable, JSON or CSV file",
    ]


@pytest.mark.parametrize("form", ["csv", "ecsv", "votable", "fits"])
def test_rows_of_obscore_are_taken_from_every_form(observe, stored, form, tmp_path):
    """Units are converted; a longitude is reduced; an unknown value is null."""
    table = Table({
        "obs_publisher_did": ["ivo://x/y?1", "ivo://x/y?2"], "obs_collection": ["c", "c"],
        "obs_id": ["1", "2"],
        "calib_level": [2, 3], "dataproduct_type": ["event", "IMAGE"], "s_ra": [83.6, -10.0],
        "s_dec": [22.0, -5.0], "em_min": [1e-20, 2e-20],
    })  # fmt: skip
    if form != "csv":
        table["em_min"].unit = "m"
        table["s_ra"].unit = "deg"
    path = tmp_path / f"table.{form}"
    table.write(path, format={"csv": "ascii.csv", "ecsv": "ascii.ecsv"}.get(form, form))
    report = observe(path)

    assert (report.new, report.mappings, report.refused) == (2, {"obscore": 2}, ())
    assert stored(f"{NAMES}, s_ra, em_min, target_name", "ORDER BY 1") == [
        ("ivo://x/y?1", "c", "1", 2, "event", 83.6, 1e-20, None),
        ("ivo://x/y?2", "c", "2", 3, "image", 350.0, 2e-20, None),
    ]


def test_nulls_of_fits_are_unknown(observe, stored, tmp_path):
    """FITS 4.0, 7.3.2: TNULL in columns of integers."""
    columns = [
        fits.Column("obs_publisher_did", "A1", array=["x"]),
        fits.Column("obs_collection", "A1", array=["c"]),
        fits.Column("obs_id", "A1", array=["1"]),
        fits.Column("calib_level", "J", array=[2]),
        fits.Column("t_xel", "J", array=[-999], null=-999),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "t.fits")
    observe(tmp_path / "t.fits")

    assert stored("calib_level, t_xel") == [(2, None)]


def test_damage_within_a_table_is_reported(observe, tmp_path):
    """Also where a packed file ends in the middle, and in a cell that no reader takes."""
    index = gadf_index(tmp_path)
    index.write_bytes(index.read_bytes()[:-200])
    long = csv(tmp_path / "o.csv", "x,c,1,2", "y,c," + "1" * 200_000 + ",2")

    assert len(observe(index).refused) == 1
    assert [str(remark) for remark in observe(long).refused] == [
        f"{long}: line 3 cannot be read: field larger than field limit (131072)"
    ]


def test_units_of_columns_are_converted(observe, stored, tmp_path):
    table = Table({"obs_publisher_did": ["x"], "obs_collection": ["c"], "obs_id": ["1"], "calib_level": [2]})
    table["em_min"], table["t_exptime"] = [500.0], [2.0]
    table["em_min"].unit, table["t_exptime"].unit = "nm", "h"
    table.write(tmp_path / "t.vot", format="votable")
    observe(tmp_path / "t.vot")

    assert stored("em_min, t_exptime") == [(pytest.approx(5e-7), pytest.approx(7200))]


def test_caom_observation_is_a_row_for_each_plane(observe, stored, tmp_path):
    """OBS-8."""
    path = tmp_path / "stack1.xml"
    path.write_text(CAOM)
    observe(path)

    assert stored(f"{NAMES}, s_ra, s_dec, s_region, t_min, access_estsize") == [
        ("caom:DEMO/stack1/p1", "DEMO", "stack1", 2, "image", pytest.approx(11), pytest.approx(10, abs=0.1),
         "Polygon ICRS 10 9 12 9 12 11 10 11", 60000.5, 3)
    ]  # fmt: skip


CAOM = """<caom2:Observation xmlns:caom2="http://www.opencadc.org/caom2/xml/v2.4">
  <caom2:collection>DEMO</caom2:collection><caom2:observationID>stack1</caom2:observationID>
  <caom2:planes><caom2:plane><caom2:productID>p1</caom2:productID>
    <caom2:dataProductType>image</caom2:dataProductType><caom2:calibrationLevel>2</caom2:calibrationLevel>
    <caom2:position><caom2:bounds><caom2:points>
      <caom2:point><caom2:cval1>10</caom2:cval1><caom2:cval2>9</caom2:cval2></caom2:point>
      <caom2:point><caom2:cval1>12</caom2:cval1><caom2:cval2>9</caom2:cval2></caom2:point>
      <caom2:point><caom2:cval1>12</caom2:cval1><caom2:cval2>11</caom2:cval2></caom2:point>
      <caom2:point><caom2:cval1>10</caom2:cval1><caom2:cval2>11</caom2:cval2></caom2:point>
    </caom2:points></caom2:bounds></caom2:position>
    <caom2:time><caom2:bounds><caom2:lower>60000.5</caom2:lower></caom2:bounds></caom2:time>
    <caom2:artifacts><caom2:artifact><caom2:uri>cadc:DEMO/stack1.fits</caom2:uri>
      <caom2:productType>science</caom2:productType><caom2:contentType>application/fits</caom2:contentType>
      <caom2:contentLength>2880</caom2:contentLength></caom2:artifact></caom2:artifacts>
  </caom2:plane></caom2:planes></caom2:Observation>"""


# Mappings


def mapped(tmp_path, text):
    path = tmp_path / "mapping.yaml"
    path.write_text(text)
    return path


def test_mapping_has_keywords_constants_and_functions(observe, stored, tmp_path):
    """OBS-8: columns from keywords, constants and the functions of a closed list."""
    table = tmp_path / "runs.csv"
    table.write_text("Run No,Day,Min,RA,E(TeV)\n17,2026-01-02T00:00:00,20,05:34:30,0.1\n18,,20,,\n")
    mapping = mapped(
        tmp_path,
        """columns:
  obs_id: Run No
  obs_collection: {constant: "our's"}
  calib_level: 2
  obs_publisher_did: concat('ivo://our/dl3?', Run No)
  t_min: mjd(Day)
  t_exptime: convert(Min, 'min', 's')
  s_ra: hours(RA)
  em_max: {expression: "wavelength(first(Energy, Nothing), 'TeV')"}
  energy_min: {keyword: E(TeV)}
  target_name: choose(Run No, '17', 'Crab', 'other')
""",
    )
    observe(table, mapping=mapping)

    columns = "obs_id, obs_collection, obs_publisher_did, t_min, t_exptime, s_ra, em_max, target_name"
    assert stored(columns, "ORDER BY 1") == [
        ("17", "our's", "ivo://our/dl3?17", 61042.0, 1200.0, pytest.approx(83.625), None, "Crab"),
        ("18", "our's", "ivo://our/dl3?18", None, 1200.0, None, None, "other"),
    ]


def test_mapping_extends_one_of_ours(observe, stored, tmp_path):
    mapping = mapped(tmp_path, "extends: eso\ncolumns:\n  obs_collection: \"'ESO archive'\"\n")
    observe(header_file(tmp_path / "eso.fits", ESO), mapping=mapping)

    assert stored("obs_collection, obs_id") == [("ESO archive", "200151")]


@pytest.mark.parametrize(
    "text, message",
    [
        (
            "columns:\n  obs_idd: A",
            r"obs_idd is not a column of ObsCore. \(line 2, column 3\) Did you mean obs_id\?",
        ),
        ("columns:\n  obs_id: mdj(A)", r"there is no function mdj. \(line 2, column 11\) Did you mean mjd\?"),
        ("columns:\n  obs_id: concat(A", "missing before its end"),
        ("columns:\n  obs_id: mjd()", "an expression is missing"),
        ("columns:\n  obs_id: convert(A)", r"convert is written convert\(a, 'min', 's'\)"),
        ("columns:\n  obs_id: 'concat(''x)'", "has no end"),
        ("columns:\n  obs_id: [A]", "must be an expression"),
        ("extends: gdaf\ncolumns: {}", "no mapping gdaf"),
        ("colums: {}", "must be a mapping with the attribute columns"),
        ("rows: maybe\ncolumns: {}", "rows must be true or false"),
        ("- a", "must be a mapping with"),
    ],
)
def test_wrong_mapping_is_refused_with_its_position(observe, tmp_path, text, message):
    with pytest.raises(DocumentError, match=message):
        observe(tmp_path / "any.csv", mapping=mapped(tmp_path, text))


# What is reported


def test_wrong_values_are_reported_with_their_row(observe, stored, tmp_path):
    path = csv(tmp_path / "o.csv", "x,c,1,2", "y,c,2,9", "z,c,,2", "x,c,7,2", "v,c,3,two", "w,c,,2")
    report = observe(path)

    assert stored("obs_publisher_did") == [("x",)]
    assert list(map(str, report.refused)) == [
        f"{path} (line 3): calib_level: '9' must be between 0 and 4",
        f"{path} (line 5): x was read before with other values, which are kept",
        f"{path} (line 6): calib_level: 'two' is not a number",
    ]
    assert list(map(str, report.skipped)) == [
        f"{path} (line 4): this is no observation: obs_id is not known (obs_id) (and 1 more)"
    ]


@pytest.mark.parametrize(
    "content", [b"", b"\0\1\2", b"<a>", b"<VOTABLE/>", b"{", b"[1]", b"SIMPLE  =", b"# %ECSV 1.0\n# ---\n",
                gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], b"\x89HDF\r\n\x1a\n", b'<Observation xmlns="http://www.opencadc.org/caom2/xml/v2.4">'],
)  # fmt: skip
def test_broken_files_are_reported(observe, stored, tmp_path, content):
    """No file ends the command; the others are stored."""
    broken = tmp_path / "broken"
    broken.write_bytes(content)
    report = observe(broken, csv(tmp_path / "o.csv", "x,c,1,2"), tmp_path / "absent")

    assert stored("obs_id") == [("1",)]
    assert {remark.source for remark in (*report.refused, *report.skipped)} == {
        str(broken),
        str(tmp_path / "absent"),
    }


def test_loading_again_replaces_and_removing_removes(observe, stored, database, tmp_path):
    """Upsert by DID; an unknown id removes nothing."""
    observe(csv(tmp_path / "o.csv", "x,c,1,2", "y,c,2,2"))
    report = observe(csv(tmp_path / "o.csv", "x,c,1,3", "y,c,2,2"))
    with pytest.raises(NotFound, match="There is no observation z; nothing was removed"):
        remove_observations(["x", "z"], database)

    assert (report.new, report.updated, report.unchanged) == (0, 1, 1)
    assert stored("obs_publisher_did, calib_level", "ORDER BY 1") == [("x", 3), ("y", 2)]
    assert remove_observations(["x"], database) == 1
    assert stored("obs_publisher_did") == [("y",)]


def test_dry_run_stores_nothing(observe, stored, tmp_path):
    report = observe(csv(tmp_path / "o.csv", "x,c,1,2"), dry_run=True)

    assert (report.new, stored("*")) == (1, [])


def test_own_table_of_the_operator_is_not_filled(observe, database, settings, tableset, tmp_path):
    with pytest.raises(SettingsError, match="ivoa.obscore shows archive.obs"):
        load_observations([tmp_path], database, replace(settings, obscore="archive.obs"), tableset)


# Links to provenance


OUTPUT = "/data/events.fits"


def linked_by(tmp_path, how):
    """Return a table with one observation that leads to OUTPUT in one way."""
    columns = {"did": "obs_publisher_did", "url": "access_url"}
    did = {"did": OUTPUT, "url": "ivo://x/y?1"}[how]
    table = Table({"obs_publisher_did": [did], "obs_collection": ["c"], "obs_id": ["1"], "calib_level": [2]})
    table[columns[how]] = [OUTPUT]
    table.write(tmp_path / "o.csv", format="ascii.csv", overwrite=True)
    return tmp_path / "o.csv"


def test_product_is_linked_whichever_comes_first(observe, take, links, tmp_path):
    """OBS-9: by its place; again after each ingestion."""
    log = logged(tmp_path, output=[file(OUTPUT)])
    before = observe(linked_by(tmp_path, "url"))
    assert (before.linked, links()) == (0, [])
    take(log)
    after = links()
    report = observe(linked_by(tmp_path, "url"))

    assert [did for did, _ in after] == ["ivo://x/y?1"]
    assert (links(), report.linked, report.unchanged) == (after, 1, 1)


def test_links_follow_the_writer_of_a_file(observe, take, links, tmp_path):
    """OBS-9: who is known to have written it comes in the place of a file of unknown origin."""
    take(logged(tmp_path, 2, start=20, input=[file(OUTPUT)]))
    observe(linked_by(tmp_path, "url"))
    [(_, unknown)] = links()
    take(logged(tmp_path, 1, output=[file(OUTPUT)]))
    [(_, written)] = links()

    assert written != unknown


def test_links_and_rows_survive_reingest_and_undo(observe, take, links, stored, database, settings, tmp_path):
    """Rows stay; links are those that follow from what is left."""
    number = take(logged(tmp_path, output=[file(OUTPUT)])).ingestion
    observe(linked_by(tmp_path, "url"))
    before = links()
    assert rebuild.reingest(database, settings).changes == ()
    assert (links(), len(before)) == (before, 1)
    undone = rebuild.undo(number, database, settings)

    assert "provext.product: 1 rows gone, 0 new" in map(str, undone.changes)
    assert (links(), len(stored("*"))) == ([], 1)


def test_file_is_known_by_its_checksum(observe, links, database, settings, tmp_path):
    """OBS-9: a copy at another place, of which only the checksum is recorded, by a script."""
    product = header_file(tmp_path / "copy.fits", ESO | {"ARCFILE": "ADP.1.fits"})
    digest = hashlib.sha256(product.read_bytes()).hexdigest()
    script = tmp_path / "made.sql"
    script.write_text(
        "INSERT INTO provenance.entity (e_id) VALUES ('urn:x:made');"
        "INSERT INTO provext.hash (h_entity_id, h_algorithm, h_digest)"
        f" VALUES ('urn:x:made', 'sha256', '{digest}');"
    )

    assert observe(product).linked == 0
    load_sql([script], database, settings)
    assert links() == [("ivo://eso.org/ID?ADP.1", "urn:x:made")]
    assert observe(product, checksums=False).linked == 0


def test_both_tables_are_joined_one_to_one(observe, database, tmp_path):
    """OBS-7."""
    observe(gadf_index(tmp_path), csv(tmp_path / "o.csv", "x,c,1,2"))

    assert rows(database, "SELECT count(*) FROM ivoa.obscore NATURAL JOIN ivoa.obscore_hea") == [(3,)]
