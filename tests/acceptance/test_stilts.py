"""STILTS, and so TOPCAT, against a live service: queries, and the validator `taplint`."""

import re
import shutil
import subprocess

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


def test_an_error_reaches_the_user(tap_url):
    """ERR-2."""
    done = tapquery(tap_url, "SELECT nothing FROM provenance.activity")

    assert done.returncode == 1
    assert "Unknown column nothing in provenance.activity." in done.stderr


def test_maxrec(tap_url):
    """TAP-13."""
    done = tapquery(tap_url, "SELECT a_id FROM provenance.activity", "maxrec=3")

    assert len(done.stdout.splitlines()) == 4
