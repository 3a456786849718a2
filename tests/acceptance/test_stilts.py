"""STILTS, and so TOPCAT, against a live service: queries, and the validator `taplint`."""

import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from urllib.parse import urlencode

import pytest
import requests

from tests.live import live_server

STILTS = shutil.which("stilts")
pytestmark = pytest.mark.skipif(STILTS is None, reason="the program stilts is not installed")
STAGES = "TMV TME TMS TMC CPV CAP AVV QGE QPO QAS UWS MDQ OBS UPL EXA"


def stilts(*arguments):
    return subprocess.run([STILTS, *arguments], capture_output=True, text=True, timeout=300)


def tapquery(tap_url, adql, *more, sync="true"):
    return stilts("tapquery", f"sync={sync}", f"tapurl={tap_url}", f"adql={adql}", "ofmt=csv", *more)


def test_taplint_finds_no_error(tap_url):
    """Every stage that applies ends without an error or a warning."""
    report = stilts("taplint", f"tapurl={tap_url}", f"stages={STAGES}", "report=EWF").stdout

    assert re.findall("^[EWF]-.*", report, re.MULTILINE) == []
    assert "Totals: Errors: 0; Warnings: 0" in report


def test_the_services_of_a_result_are_understood(tap_url, tmp_path):
    """VOT-14: STIL, and so TOPCAT, takes ID from the row and asks the user for the rest.

    It complains about missing columns of a table of links, which has no effect.
    """
    query = "SELECT TOP 3 e_id, wat_agent_id FROM provenance.entity JOIN provenance.wasattributedto ON 1 = 1"
    result = tmp_path / "result.vot"
    result.write_bytes(requests.post(f"{tap_url}/sync", data={"LANG": "ADQL", "QUERY": query}).content)

    assert stilts("votlint", f"votable={result}").stdout == ""
    report = stilts("datalinklint", f"votable={result}", "maxrepeat=99").stdout
    assert re.findall("^[EWI]-SD.*: (.*)", report, re.MULTILINE) == ["7 referenceable, 0 anonymous"]
    assert report.count("ROW parameter count 1 [id]") == 2
    assert report.count("ROW parameter count 1 [ID]") == 5
    assert report.count("USER parameter count 2 [DEPTH, DIRECTION]") == 4
    assert not re.search("^[EW]-SD", report, re.MULTILINE)


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


def test_characters_beyond_the_bmp(tap_url):
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


def test_a_job_is_run_and_deleted(tap_url):
    """ST-2, ST-3: the mode that TOPCAT begins with."""
    done = tapquery(tap_url, "SELECT DISTINCT a_name FROM provenance.activity ORDER BY a_name", sync="false")

    assert "ctapipe-process" in done.stdout.split()
    assert done.stderr.split()[-2:] == ["COMPLETED", "DELETED"]


def test_an_error_of_a_job_reaches_the_user(tap_url):
    """ST-3, ERR-3: by /error."""
    done = tapquery(tap_url, "SELECT nothing FROM provenance.activity", sync="false")

    assert done.returncode == 1
    assert "Unknown column nothing in provenance.activity." in done.stderr


def test_a_job_can_be_resumed(tap_url):
    """ST-2: one run of STILTS submits a job, another one fetches its result."""
    query = "SELECT TOP 3 a_id FROM provenance.activity"
    created = urllib.request.urlopen(
        f"{tap_url}/async", urllib.parse.urlencode({"QUERY": query, "PHASE": "RUN"}).encode()
    )

    done = stilts("tapresume", f"joburl={created.url}", "ofmt=csv", "delete=finished")
    assert done.stdout.splitlines()[0] == "a_id"
    assert len(done.stdout.splitlines()) == 4


def test_maxrec(tap_url):
    """TAP-13."""
    done = tapquery(tap_url, "SELECT a_id FROM provenance.activity", "maxrec=3")

    assert len(done.stdout.splitlines()) == 4


@pytest.mark.parametrize("sync", ["true", "false"])
def test_the_base_url_may_end_in_a_slash(tap_url, sync):
    """FL-3: STILTS appends `/sync` to it, and refuses redirects."""
    done = tapquery(f"{tap_url}/", "SELECT DISTINCT a_name FROM provenance.activity", sync=sync)

    assert "ctapipe-process" in done.stdout.split()


def test_taplint_takes_a_base_url_that_ends_in_a_slash(tap_url):
    """ST-1."""
    report = stilts("taplint", f"tapurl={tap_url}/", "stages=TMV TMC CAP AVV QGE UWS", "report=EWF").stdout

    assert "Totals: Errors: 0; Warnings: 0" in report


def test_taplint_finds_no_error_in_an_empty_store(template, tmp_path):
    """OBS-1: without observations the tables are there, and the data model is not declared."""
    with live_server(template, tmp_path / "serve.log") as empty:
        tap_url = f"{empty.url}/tap"
        report = stilts("taplint", f"tapurl={tap_url}", "stages=TME TMS TMC CPV CAP OBS", "report=EWF").stdout
        capabilities = requests.get(f"{tap_url}/capabilities").text

    assert "Totals: Errors: 0; Warnings: 0" in report
    assert "Section OBS" in report
    assert "ObsCore" not in capabilities
