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

from provtap.client.fits import header_document
from provtap.ingest.readers.headers.files import read_header

PROVTAP = str(Path(sys.executable).with_name("provtap"))
DATA = Path(__file__).parents[1] / "data"
SAMPLES = sorted(DATA.rglob("*.fits"))


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
        (b"\x89HDF\r\n\x1a\n....", "is a data product (hdf5)"),
        (b"SIMPLE  =                    T", "its fits header has no end"),
    ],
)
def test_product_that_can_not_be_sent(ingest, tmp_path, content, sentence):
    path = tmp_path / "a.dat"
    path.write_bytes(content)
    done = ingest(path)

    assert done.returncode == 1
    assert sentence in done.stdout + done.stderr
