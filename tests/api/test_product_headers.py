"""Data products over HTTP: the client sends the headers of a FITS file, and never the file."""

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from astropy.io import fits
from astropy.table import Table

from provtap.client.fits import header_document
from provtap.ingest import ingest as take_in
from provtap.ingest.readers.headers.files import read_header
from tests.ingest.logs import uuid_of
from tests.ingest.test_product_header import write_ecsv, write_hdf5

PROVTAP = str(Path(sys.executable).with_name("provtap"))
DATA = Path(__file__).parents[1] / "data"
SAMPLES = sorted(DATA.rglob("*.fits"))


def write_table(path, keywords):
    """Write a table of astropy into an HDF5 file, which keeps its meta in a data set."""
    table = Table({"x": [1]}, meta=keywords)
    table.write(path, path="events", format="hdf5", serialize_meta=True)
    return path


@pytest.fixture
def take(database, settings):
    """Ingest a file into the store of the service: `take(path)`."""
    return lambda path: take_in(path, database, settings)


@pytest.fixture
def ingest(live, token, tmp_path):
    """Send files: `ingest(path, ...)`."""

    def ingest(*paths):
        environ = {"PROVTAP_URL": live.url, "PROVTAP_TOKEN": token, "HOME": str(tmp_path)}
        command = [PROVTAP, "ingest", "--json", *map(str, paths)]
        return subprocess.run(command, capture_output=True, env=environ, text=True)

    return ingest


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_headers_are_those_that_the_full_installation_reads(path):
    with path.open("rb") as file:
        sent = json.loads(header_document(file, path))
        file.seek(0)
        full = json.loads(read_header(file, path, "fits"))

    comments = {"COMMENT", "HISTORY"}  # which no dialect reads
    assert sent["keywords"] == {key: v for key, v in full["keywords"].items() if key not in comments}
    assert all(each in sent["extensions"] for each in full.get("extensions", []))


def test_keywords_of_all_kinds():
    """Long texts, quotes, numbers, truth, HIERARCH; the first of two cards with one keyword counts."""
    header = fits.Header()
    header["LONG"] = "long & 'quoted' " * 20
    header["INT"], header["REAL"], header["YES"] = -7, 2.5e-3, True
    header["HIERARCH ESO PRO REC1 ID"] = "recipe"
    header["EMPTY"] = ""
    header["SLASH"] = ("a/b", "comment / with a slash")
    header.append(("TWICE", 1))
    header.append(("TWICE", 2))
    header["COMMENT"] = "no = value"
    image = fits.ImageHDU(numpy.zeros((5, 7), dtype="int16"), name="SECOND")
    stream = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(numpy.zeros(1000), header=header), image]).writeto(stream)
    stream.seek(0)
    sent = json.loads(header_document(stream, Path("x.fits")))

    expected = {key: header[key] for key in ("LONG", "INT", "REAL", "YES", "EMPTY", "SLASH", "TWICE")}
    expected["LONG"] = expected["LONG"].rstrip()
    assert {key: sent["keywords"][key] for key in expected} == expected
    assert sent["keywords"]["ESO PRO REC1 ID"] == "recipe"
    assert sent["extensions"][0]["EXTNAME"] == "SECOND"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_product_is_known_by_its_header(ingest, tmp_path, packed):
    content = (DATA / "ctao_datamodel" / "dl1_event_short_inputs.fits").read_bytes()
    path = tmp_path / ("a.fits.gz" if packed else "a.fits")
    path.write_bytes(gzip.compress(content) if packed else content)
    done = ingest(path)

    [report] = json.loads(done.stdout)["documents"]
    assert (done.returncode, report["format"], report["activities"]) == (0, "header", 1)


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"\x89HDF\r\n\x1a\n....", "its hdf5 attributes cannot be read"),
        (b"SIMPLE  =                    T", "its fits header has no end"),
    ],
)
def test_product_that_can_not_be_sent(ingest, tmp_path, content, sentence):
    path = tmp_path / "a.dat"
    path.write_bytes(content)
    done = ingest(path)

    assert done.returncode == 1
    assert sentence in done.stdout + done.stderr


@pytest.mark.parametrize(
    "write", [write_hdf5, write_ecsv, write_table], ids=["hdf5", "ecsv", "table in hdf5"]
)
def test_header_that_is_sent_says_what_the_file_does(ingest, take, tmp_path, write):
    """Loaded beside the database, the file itself adds nothing."""
    product, activity = uuid_of(write.__name__, 1), uuid_of(write.__name__, 2)
    path = write(tmp_path / "a.dat", {"CTA PRODUCT ID": product, "CTA ACTIVITY ID": activity})
    done = ingest(path)
    [report] = json.loads(done.stdout)["documents"]
    beside = take(path)

    assert (done.returncode, report["format"], report["activities"], report["warnings"]) == (
        0,
        "header",
        1,
        [],
    )
    assert (beside.new, beside.updated) == (0, 0)


def test_records_inside_hdf5_are_sent(ingest):
    """As lstchain writes them."""
    [report] = json.loads(ingest(DATA / "ctapipe_hdf5" / "dl2_LST-1.Run17000.h5").stdout)["documents"]

    assert (report["format"], report["activities"]) == ("header", 1)
    assert report["new"] > 5


def test_missing_package_for_hdf5_is_named(tmp_path):
    """provtap-client has it as the extra hdf5."""
    path = write_hdf5(tmp_path / "a.h5", {"CTA PRODUCT ID": uuid_of("product", 1)})
    program = "import sys; sys.modules['h5py'] = None; from provtap.client.remote import main; main()"
    environ = {"PROVTAP_URL": "http://127.0.0.1:9", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", program, "ingest", path], capture_output=True, env=environ, text=True
    )

    assert done.returncode == 1
    assert done.stderr == (
        f"provtap: {path} is an HDF5 file: to send its header, the package h5py is needed."
        " pip install 'provtap-client[hdf5]'\n"
    )
