"""ObsCore's access_url, where only the place of a file is known."""

from dataclasses import replace

import pytest
from astropy.io import fits

from provtap.ingest.observations.load import load_observations
from tests.ingest.logs import rows

HEADER = {
    "ORIGIN": "ESO",
    "TELESCOP": "ESO-VLT-U2",
    "INSTRUME": "XSHOOTER",
    "OBJECT": "GRB120327A",
    "PRODCATG": "SCIENCE.SPECTRUM",
    "PROG_ID": "088.A-0051(C)",
    "PRODLVL": 2,
    "HIERARCH ESO OBS ID": 200151,
    "ARCFILE": "ADP.2014-05-16T11:21:56.717.fits",
}


@pytest.mark.parametrize(
    "setting, url", [("{0}=https://data.example.org/a/", "https://data.example.org/a/b%20c.fits"), ("", None)]
)
def test_the_place_of_a_file_becomes_a_url(database, settings, tableset, tmp_path, setting, url):
    """OBS-10, by PROVTAP_DOWNLOAD_URLS: the file if it is public."""
    product = fits.PrimaryHDU()
    product.header.update(HEADER)
    product.writeto(tmp_path / "b c.fits")
    known = replace(settings, download_urls=setting.format(tmp_path))

    load_observations([tmp_path / "b c.fits"], database, known, tableset)

    assert rows(database, "SELECT access_url FROM ivoa.obscore") == [(url,)]
