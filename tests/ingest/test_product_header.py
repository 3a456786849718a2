"""Headers of data products: CTAO reference metadata, ESO's and CADC's keywords."""

import gzip
import json
import os
import struct
from pathlib import Path

import h5py
import pytest
from astropy.io import fits
from astropy.table import Table

from provtap.config import Settings
from provtap.errors import DocumentError, NoProvenance
from provtap.ingest import ingest_all
from provtap.ingest.documents.document import read_content
from tests.ingest.logs import SAMPLES, activity_id, file, header, product_id, rows, run, tables

PRODUCT = """SELECT e_name, e_location, wgb_activity_id
               FROM provenance.entity JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id"""


def write_fits(path, keywords):
    unit = fits.PrimaryHDU()
    for key, value in keywords.items():
        unit.header[f"HIERARCH {key}" if " " in key or len(key) > 8 else key] = value
    unit.writeto(path)
    return path


def write_hdf5(path, keywords):
    with h5py.File(path, "w") as opened:
        opened.attrs.update({"CLASS": b"GROUP", "LIST": [1, 2], "CTA INSTRUMENT ID": h5py.Empty("S1")})
        opened.attrs.update(keywords)
    return path


def write_ecsv(path, keywords):
    with path.open("w") as opened:
        Table({"a": [1]}, meta=keywords).write(opened, format="ascii.ecsv")
    return path


def write_json(path, keywords):
    path.write_text(json.dumps({"metadata": keywords}))
    return path


@pytest.mark.parametrize("write", [write_fits, write_hdf5, write_ecsv], ids=["fits", "hdf5", "ecsv"])
def test_reference_metadata_is_read_in_every_form(take, database, tmp_path, write):
    """The product, its activity, description, contact and place (INGEST-c5)."""
    path = write(tmp_path / "product", header(1, 1, created=3, **{"CTA CONTACT EMAIL": "a@example.org"}))
    report = take(path)

    assert (report.format, report.activity_ids) == ("header", {activity_id(1)})
    assert rows(database, PRODUCT) == [("product", str(path), activity_id(1))]
    assert rows(database, "SELECT loc_url FROM provext.location") == [(str(path),)]
    assert rows(
        database, "SELECT ag_email, ed_contenttype FROM provenance.agent, provenance.entitydescription"
    ) == [("a@example.org", "application/x-hdf5")]


def test_header_is_the_document_that_is_kept(take, database, tmp_path):
    """A product may be larger than the store: of it only the keywords are kept."""
    path = write_fits(tmp_path / "a.fits", header(1, 1))
    with path.open("ab") as opened:
        opened.write(b"\0" * 1_000_000)
    take(path)
    [(content,)] = rows(database, "SELECT doc_content FROM provtap.document")

    assert len(content) < 5000
    assert json.loads(bytes(content))["keywords"]["CTA PRODUCT ID"] == product_id(1)[9:]
    assert take(path).known


@pytest.mark.parametrize("first", ["log", "header"])
def test_header_and_log_meet(take, tell, database, tmp_path, first):
    """What the log says is believed, whichever comes first (INGEST-d9)."""
    made = header(1, 1, created=1)
    path = write_fits(tmp_path / "a.fits", made)
    steps = {
        "log": lambda: tell(run(1, 0, 2, output=[file("/first/a.fits", header=made)])),
        "header": lambda: take(path),
    }
    for step in sorted(steps, key=lambda name: name != first):
        steps[step]()

    assert rows(database, PRODUCT + " WHERE e_class = 'DatasetEntity'") == [
        ("a.fits", "/first/a.fits", activity_id(1))
    ]
    assert rows(database, "SELECT count(*) FROM provext.location") == [(2,)]


def test_json_of_keywords_is_read(take, database, tmp_path):
    """Keywords at the top of JSON, under `metadata`, or by product (INGEST-c5)."""
    several = tmp_path / "several.json"
    several.write_text(json.dumps({"a": header(2, 2), "b": header(3, 2)}))

    assert take(write_json(tmp_path / "one.json", header(1, 1))).activities == 1
    assert take(several).activities == 1
    assert rows(database, "SELECT count(*) FROM provenance.wasgeneratedby") == [(3,)]


def test_a_made_up_header_has_no_records(take, database, tmp_path):
    """A header without activity is invented anew at each reading (INGEST-c5)."""
    with pytest.raises(NoProvenance, match="there is no provenance in it"):
        take(write_fits(tmp_path / "a.fits", header(1, 1) | {"CTA ACTIVITY ID": ""}))

    assert not any(tables(database).values())


ESO = {
    "ARCFILE": "MUSE.2026-01-02T03:04:05.678.fits",
    "DATAMD5": "0CC175B9C0F1B6A831C399E269772661",
    "ESO PRO CATG": "DATACUBE_FINAL",
    "ESO PRO REC1 ID": "muse_scipost",
    "ESO PRO REC1 PIPE ID": "muse/2.8",
    "ESO PRO REC1 RAW1 NAME": "MUSE.2026-01-01T00:00:00.000.fits",
    "ESO PRO REC1 RAW1 CATG": "OBJECT",
    "ESO PRO REC1 CAL1 NAME": "M.MUSE.flat.fits",
    "ESO PRO REC1 CAL1 CATG": "MASTER_FLAT",
    "ESO PRO REC1 CAL1 DATAMD5": "92eb5ffee6ae2fec3ad71c777531578f",
    "ESO PRO REC1 PARAM1 NAME": "lambdamin",
    "ESO PRO REC1 PARAM1 VALUE": "4000.",
    "PROV1": "MUSE.2026-01-01T00:00:00.000.fits",
}


def test_eso_keywords_are_an_activity(take, database, tmp_path):
    """A recipe with its inputs, roles, parameters and checksums (INGEST-c5)."""
    take(write_fits(tmp_path / "a.fits", ESO))

    assert rows(
        database,
        "SELECT e_name, u_role FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id ORDER BY 2",
    ) == [
        ("M.MUSE.flat.fits", "MASTER_FLAT"),
        ("MUSE.2026-01-01T00:00:00.000.fits", "OBJECT"),
    ]
    assert rows(database, "SELECT ad_name, ad_version FROM provenance.activitydescription") == [
        ("muse_scipost", "muse/2.8")
    ]
    assert rows(database, "SELECT p_name, p_value FROM provenance.parameter") == [("lambdamin", "4000.")]
    assert rows(database, "SELECT wgb_entity_id, wgb_role FROM provenance.wasgeneratedby") == [
        ("urn:x-provtap:eso:MUSE.2026-01-02T03%3A04%3A05.678.fits", "DATACUBE_FINAL")
    ]
    assert rows(database, "SELECT count(*) FROM provext.hash WHERE h_algorithm = 'md5'") == [(2,)]
    assert rows(database, "SELECT count(*) FROM provenance.wasderivedfrom") == [(1,)]


def test_cadc_keywords_are_derivations(take, database, tmp_path):
    """Parents are derivations, roots primary sources (INGEST-c5)."""
    take(
        write_fits(
            tmp_path / "a.fits",
            {"FILEID": "p", "PRVCNT": 2, "PRV1": "a", "PRV2": "b", "OBSCNT": 1, "OBS1": "o"},
        )
    )

    assert rows(
        database, "SELECT wdf_generatedentity_id, wdf_usedentity_id FROM provenance.wasderivedfrom ORDER BY 2"
    ) == [
        ("urn:x-provtap:cadc:p", "urn:x-provtap:cadc:a"),
        ("urn:x-provtap:cadc:p", "urn:x-provtap:cadc:b"),
    ]
    assert rows(database, "SELECT rel_kind, rel_object_id FROM provext.relation") == [
        ("hadPrimarySource", "urn:x-provtap:cadc:o")
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"SIMPLE  =                    T", "its FITS header has no END"),
        (b"SIMPLE  =".ljust(2880, b"\xff") + b"END".ljust(2880), "bytes that are not ASCII"),
        (
            b"SIMPLE  = 'T".ljust(80) + b"END".ljust(2800),
            r"its FITS header cannot be read: Unparsable card \([^()]*\)\.$",
        ),
        (b"SIMPLE  =".ljust(80) + b"END".ljust(2800), "no keywords about provenance"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "its HDF5 attributes cannot be read"),
        (b"# %ECSV 1.0\n# ---\n# datatype: {\n", "its ECSV header cannot be read: while parsing"),
        (
            b"# %ECSV 1.0\n# ---\n# meta: !!python/object/apply:os.system [id]\n",
            "its ECSV header cannot be read",
        ),
        (b'{"CTA PRODUCT ID": "x", "CTA ACTIVITY ID": "y"}', "is not a UUID"),
    ],
)
def test_files_that_lie_are_refused(take, database, tmp_path, content, message):
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=message) as caught:
        take(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert not any(tables(database).values())


def test_packed_product_is_read(take, database, tmp_path):
    """Archives keep FITS files compressed with gzip; the path is that of the packed file (INGEST-c5)."""
    write_fits(tmp_path / "a.fits", header(1, 1))
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress((tmp_path / "a.fits").read_bytes()))
    take(path)

    assert rows(database, f"SELECT e_location FROM provenance.entity WHERE e_id = '{product_id(1)}'") == [
        (str(path),)
    ]


def test_a_card_that_is_not_ascii_is_named(take, tmp_path):
    path = tmp_path / "a.fits"
    write_fits(path, {"PROV1": "name.fits"})
    path.write_bytes(path.read_bytes().replace(b"name.fits", b"nam\xe9.fits"))
    with pytest.raises(
        DocumentError, match=r"card \d of its FITS header \(PROV1\) contains bytes that are not ASCII"
    ):
        take(path)


def test_an_unreadable_directory_is_reported(database, settings, tmp_path):
    """Nothing below a directory is left out in silence."""
    handle = os.open(tmp_path, os.O_DIRECTORY)
    for _ in range(20):  # longer than the 4096 bytes that a path may have
        os.mkdir("d" * 250, dir_fd=handle)
        before, handle = handle, os.open("d" * 250, os.O_DIRECTORY, dir_fd=handle)
        os.close(before)
    os.close(handle)
    summary = ingest_all([tmp_path], database, settings)

    assert [problem.partition(" cannot be ")[2] for problem in summary.problems] == [
        "read: file name too long."
    ]


def test_directories_are_walked(database, settings, tmp_path):
    """Products in directories below are found; other files and loops of links are passed over (INGEST-c5)."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("nothing")
    write_fits(tmp_path / "below" / "a.fits", header(1, 1))
    write_fits(tmp_path / "plain.fits", {"OBJECT": "M31"})
    (tmp_path / "run.log").write_bytes(Path(SAMPLES[0]).read_bytes())
    summary = ingest_all([tmp_path], database, settings)

    assert sorted(report.format for report in summary.reports) == ["ctapipe", "header"]
    assert summary.problems == []
    assert [(Path(file.source).name, file.kind) for file in summary.passed_over] == [
        ("notes.txt", "no provenance"),
        ("plain.fits", "no provenance"),
    ]
    assert "2 files skipped" in str(summary)
    assert f"\nskipped (no provenance): {tmp_path / 'notes.txt'}: the format was not recognised" in str(
        summary
    )
    assert len(ingest_all([tmp_path / "notes.txt"], database, settings).problems) == 1


@pytest.mark.parametrize(
    "content, message",
    [
        ("null", "the header has no keywords about provenance"),
        ("5", "the header must be an object, not a number"),
        ('"x"', "the header must be an object, not a text"),
        ("[]", "the header has no keywords about provenance"),
        ('{"form": 5, "keywords": 5}', "the header.keywords must be an object, not a number"),
        ('{"form": [], "keywords": "x"}', "the header.keywords must be an object, not a text"),
        ('{"form": {}, "keywords": []}', "the meta of its ECSV header is not a mapping"),
        ('{"form": "fits", "keywords": null}', "the header has no keywords about provenance"),
        (
            '{"form": "fits", "keywords": {"PRVCNT": 1, "PRV1": []}, "url": 5}',
            "the header.url must be a text",
        ),
    ],
)
def test_json_without_header_keywords_is_refused(content, message):
    """Whatever its keys hold: one sentence that names the place."""
    with pytest.raises(DocumentError, match=message):
        read_content(content.encode(), "header.json", Settings(), format="header")


def test_jwst_reference_files(take, database):
    """What is not applicable was not used; an association is known by its name, as products are."""
    take(Path("tests/data/jwst/jw00042001001_02101_00001_nrca1_cal.fits"))

    used = "SELECT u_role, e_id FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id ORDER BY 1"
    assert rows(database, used) == [
        ("association", "urn:x-provtap:jwst:jw00042-o001_20260502t000000_image2_00001_asn.json"),
        ("flat", "crds://jwst_nircam_flat_0313.fits"),
        ("photom", "crds://jwst_nircam_photom_0157.fits"),
    ]
    assert rows(database, "SELECT p_name, p_value FROM provenance.parameter ORDER BY 1") == [
        ("CRDS_CTX", "jwst_1413.pmap"),
        ("S_BKDSUB", "SKIPPED"),
        ("S_FLAT", "COMPLETE"),
        ("S_PHOTOM", "COMPLETE"),
    ]
    assert rows(database, "SELECT ad_name, ad_version FROM provenance.activitydescription") == [
        ("jwst", "3.0.0")
    ]


@pytest.mark.parametrize("wrong", [{"FILENAME": 5}, {"R_FLAT": True}, {"DATE": "yesterday"}, {"S_X": 1.5}])
def test_damaged_jwst_keywords_are_refused_or_left_out(take, database, tmp_path, wrong):
    """Without an error of Python, whatever the types."""
    keywords = {"CAL_VER": "3.0.0", "CRDS_CTX": "jwst_1413.pmap", "FILENAME": "a_cal.fits"} | wrong
    try:
        take(write_fits(tmp_path / "a.fits", keywords))
    except DocumentError as error:
        assert next(iter(wrong)) in str(error)
    else:
        assert rows(database, "SELECT count(*)::int FROM provenance.used") == [(0,)]


@pytest.mark.parametrize(
    "lines, problem",
    [
        ("# - " + "[" * 10_000, "this is nested too deeply"),
        ("# meta: 5", "the meta of its ECSV header is not a mapping"),
    ],
)
def test_odd_ecsv_is_refused(take, tmp_path, lines, problem):
    """Brackets within brackets would take a time that grows with the square of their number."""
    path = tmp_path / "a.ecsv"
    path.write_text(f"# %ECSV 1.0\n# ---\n{lines}\n")

    with pytest.raises(DocumentError, match=problem):
        take(path)


def test_attribute_of_many_values_is_not_read(take, tmp_path):
    """A damaged file may claim any number of them; keywords have one value."""
    path = write_hdf5(tmp_path / "a.h5", {"CTA PRODUCT ID": product_id(1)[9:]})
    with h5py.File(path, "a") as opened:
        opened.attrs["CTA ACTIVITY ID"] = [activity_id(1)[9:]] * 2

    with pytest.raises(NoProvenance):
        take(path)


def test_a_damaged_hdf5_file_cannot_make_the_library_use_gigabytes(take, tmp_path):
    """The length of a text is allocated before it is checked: here it says 4 GB."""
    path = write_hdf5(tmp_path / "a.h5", {"CTA PRODUCT ID": "x" * 77})
    content = path.read_bytes()
    length = struct.pack("<I", 77) + struct.pack("<Q", content.index(b"GCOL"))
    path.write_bytes(content.replace(length, struct.pack("<I", 0xF0000000) + length[4:]))

    with pytest.raises(DocumentError, match="its HDF5 attributes cannot be read: .*allocation failed"):
        take(path)
