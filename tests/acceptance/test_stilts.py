"""STILTS, and so TOPCAT, against a live service: queries, and the validator `taplint`."""

import re
import shutil
import subprocess
from urllib.parse import urlencode

import pytest

STILTS = shutil.which("stilts")
pytestmark = pytest.mark.skipif(STILTS is None, reason="the program stilts is not installed")
STAGES = "TMV TME TMS TMC CPV CAP AVV QGE QPO MDQ"


def stilts(*arguments):
    return subprocess.run([STILTS, *arguments], capture_output=True, text=True, timeout=300)


def tapquery(tap_url, adql, *more):
    return stilts("tapquery", "sync=true", f"tapurl={tap_url}", f"adql={adql}", "ofmt=csv", *more)


def test_taplint_finds_no_error(tap_url):
    """Every stage that applies ends without an error or a warning."""
    report = stilts("taplint", f"tapurl={tap_url}", f"stages={STAGES}", "report=EWF").stdout

    assert re.findall("^[EWF]-.*", report, re.MULTILINE) == []
    assert "Totals: Errors: 0; Warnings: 0" in report


def test_a_real_question_is_answered(tap_url):
    """ST-1."""
    done = tapquery(tap_url, "SELECT DISTINCT a_name FROM provenance.activity ORDER BY a_name")

    assert "ctapipe-process" in done.stdout.split()
    assert done.stdout.startswith("a_name\n")


@pytest.mark.parametrize(
    "form, ifmt", [("votable/b2", "votable"), ("votable/b", "votable"), ("fits", "fits")]
)
def test_other_formats_are_the_same_table(tap_url, form, ifmt):
    """VOT-8 to VOT-11: STILTS reads the same values from each, over HTTP and compressed."""
    columns = "a_name, a_starttime, r_status, r_exitcode, r_duration"
    query = (
        f"SELECT TOP 20 {columns} FROM provenance.activity JOIN provext.run ON r_activity_id = a_id"
        " ORDER BY a_starttime, a_id"
    )
    url = f"{tap_url}/sync?{urlencode({'LANG': 'ADQL', 'QUERY': query, 'FORMAT': form})}"

    done = stilts("tpipe", f"in={url}", f"ifmt={ifmt}", "ofmt=csv")

    assert done.stdout == tapquery(tap_url, query).stdout
    assert len(done.stdout.splitlines()) == 21


def test_what_is_beyond_the_bmp(tap_url):
    """VOT-11: UTF-16 has two units for such a character; FITS has an escape."""
    query = "SELECT TOP 1 'é𝒜' AS t FROM provenance.activity"
    read = {}
    for form, ifmt in (("votable", "votable"), ("votable/b2", "votable"), ("fits", "fits")):
        url = f"{tap_url}/sync?{urlencode({'LANG': 'ADQL', 'QUERY': query, 'FORMAT': form})}"
        read[form] = stilts("tpipe", f"in={url}", f"ifmt={ifmt}", "cmd=addcol n length(t)", "ofmt=csv").stdout

    assert read["votable"] == read["votable/b2"]
    assert read["votable/b2"].splitlines()[1].endswith(",3")
    assert read["fits"].splitlines()[1].startswith("\\xe9\\U0001d49c")


def test_an_error_reaches_the_user(tap_url):
    """ERR-2."""
    done = tapquery(tap_url, "SELECT nothing FROM provenance.activity")

    assert done.returncode == 1
    assert "Unknown column nothing in provenance.activity." in done.stderr


def test_maxrec(tap_url):
    """TAP-13."""
    done = tapquery(tap_url, "SELECT a_id FROM provenance.activity", "maxrec=3")

    assert len(done.stdout.splitlines()) == 4


def test_an_upload_is_refused_clearly(tap_url, tmp_path):
    """C6, UPL-8: a chunked multipart request is read, and answered with the reason."""
    table = tmp_path / "t.csv"
    table.write_text("id\n1\n")

    done = tapquery(
        tap_url, "SELECT * FROM TAP_UPLOAD.t1", "nupload=1", f"upload1={table}", "ufmt1=csv", "upname1=t1"
    )

    assert done.returncode == 1
    assert "does not take uploads" in done.stderr
