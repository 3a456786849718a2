"""Tables that real clients send along: pyvo and STILTS, and a web server for those who send a URL."""

import io
import shutil
import subprocess
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy
import pytest
import pyvo
from astropy.table import MaskedColumn, Table

from provtap.config import Settings
from tests.live import command, environment, free_port, live_server
from tests.results.tables import read
from tests.uploads.documents import document, tabledata

# astropy warns of names with blanks where it writes the table to send.
pytestmark = pytest.mark.filterwarnings("ignore::astropy.io.votable.exceptions.W03")
STILTS = shutil.which("stilts")
needs_stilts = pytest.mark.skipif(STILTS is None, reason="the program stilts is not installed")
FILES = "SELECT TOP 40 e_id, e_name FROM provenance.entity ORDER BY e_id"
JOIN = "SELECT t.*, e_name FROM TAP_UPLOAD.t JOIN provenance.entity ON e_id = t.id ORDER BY t.id"


@pytest.fixture(scope="module")
def tap(tap_url):
    return pyvo.dal.TAPService(tap_url)


@pytest.fixture(scope="module")
def mine(tap):
    """A table of an astronomer: some known files with measurements."""
    found = tap.search(FILES).to_table()
    rows = len(found)
    return Table(
        {
            "id": [str(id) for id in found["e_id"]],
            "number": MaskedColumn(numpy.arange(rows), mask=numpy.arange(rows) % 3 == 0),
            "flux": MaskedColumn(numpy.linspace(0, 1, rows), mask=numpy.arange(rows) % 4 == 0, unit="Jy"),
            "small": numpy.linspace(0, 1, rows, dtype="f4"),
            "flag": numpy.arange(rows) % 2 == 0,
            "byte": numpy.arange(rows, dtype="u1"),
            "pair": numpy.arange(2 * rows, dtype="i2").reshape(rows, 2),
            "word": [f'it\'s "{n}" ü\\' for n in range(rows)],
        }
    )


def assert_same(found, mine):
    """Assert that each column of *mine* came back, cell by cell."""
    assert len(found) == len(mine) > 0
    for name in mine.colnames:
        sent, got = mine[name], found[name]
        mask = numpy.ma.getmaskarray(sent)
        assert (numpy.ma.getmaskarray(got) == mask).all(), name
        assert (numpy.ma.getdata(sent)[~mask] == numpy.ma.getdata(got)[~mask]).all(), name


def test_pyvo_sends_an_astropy_table(tap, mine):
    """PV-15."""
    found = tap.search(JOIN, uploads={"t": mine}).to_table()

    assert_same(found, mine[numpy.argsort(mine["id"])])
    assert found["flux"].unit == "Jy"
    assert all(found["e_name"])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyvo leaves files open
@pytest.mark.parametrize("form", ["tabledata", "binary", "binary2"])
def test_pyvo_sends_files(tap, mine, tmp_path, form):
    """PV-15, UPL-4: by path, and as a file object of pyvo."""
    table = mine["id", "flux", "small", "word"]
    path = tmp_path / "t.vot"
    table.write(path, format="votable", tabledata_format=form)

    for upload in (str(path), io.BytesIO(path.read_bytes())):
        assert_same(tap.search("SELECT * FROM TAP_UPLOAD.t", uploads={"t": upload}).to_table(), table)


def test_pyvo_sends_two_tables(tap, mine):
    """UPL-1: in one value, with `;` between them."""
    query = "SELECT a.id FROM TAP_UPLOAD.a JOIN TAP_UPLOAD.b ON a.id = b.id"

    assert len(tap.search(query, uploads={"a": mine[:5], "b": mine[3:]})) == 2


def test_pyvo_finds_the_upload_methods(tap):
    """C6, REG-11."""
    assert {method.ivo_id.rpartition("-")[2] for method in tap.upload_methods} == {"inline", "http", "https"}


def test_pyvo_sends_a_url(settings, mine, tmp_path):
    """UPL-3: the service fetches it, if its operator lets it into the own network."""
    mine["id", "number"].write(tmp_path / "t.vot", format="votable")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    handler.log_message = lambda *_: None
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as web,
        live_server(replace(settings, upload_private=True), tmp_path / "serve.log") as live,
    ):
        thread = threading.Thread(target=web.serve_forever, args=[0.05])
        thread.start()
        uploads = {"t": f"http://127.0.0.1:{web.server_address[1]}/t.vot"}
        found = pyvo.dal.TAPService(f"{live.url}/tap").search("SELECT * FROM TAP_UPLOAD.t", uploads=uploads)
        web.shutdown()
        thread.join()

    assert_same(found.to_table(), mine["id", "number"])


def test_a_url_inside_is_refused(tap):
    with pytest.raises(pyvo.dal.DALQueryError, match="is not the name of a public host"):
        tap.search("SELECT * FROM TAP_UPLOAD.t", uploads={"t": "http://localhost/t.vot"})


def test_times_compare_with_those_published(tap):
    """MAP-9: xtype=timestamp."""
    votable = document(
        '<FIELD name="t" datatype="char" arraysize="*" xtype="timestamp"/>',
        tabledata("1990-01-01", "2100-01-01"),
    )
    query = "SELECT DISTINCT m.t FROM TAP_UPLOAD.m, provenance.activity WHERE a_starttime < m.t"
    found = tap.search(query, uploads={"m": io.BytesIO(votable)}).to_table()

    assert list(found["t"]) == ["2100-01-01T00:00:00"]


# STILTS --------------------------------------------------------------------------------------------------


def stilts(*arguments):
    done = subprocess.run([STILTS, *arguments], capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


TAPLINT = (
    '<FIELD name="s" datatype="short"><VALUES null="-32768"/></FIELD>'
    '<FIELD name="i" datatype="int"><VALUES null="-2147483648"/></FIELD>'
    '<FIELD name="l" datatype="long"><VALUES null="-9223372036854775808"/></FIELD>'
    '<FIELD name="f" datatype="float"/><FIELD name="d" datatype="double"/>'
    '<FIELD name="c1" datatype="char" arraysize="1"/><FIELD name="c2" datatype="char" arraysize="2"/>'
    '<FIELD name="t" datatype="char" arraysize="19" xtype="timestamp"/>'
)
ROWS = (
    "<TR><TD>1</TD><TD>2</TD><TD>3</TD><TD>1.5</TD><TD>2.5</TD><TD>a</TD><TD>ab</TD><TD>2000-01-02T03:04:05</TD></TR>"
    "<TR><TD/><TD/><TD/><TD>NaN</TD><TD>NaN</TD><TD/><TD/><TD/></TR>"
    "<TR><TD>-32767</TD><TD>2147483647</TD><TD>9223372036854775807</TD><TD>-1e-30</TD><TD>1e300</TD><TD>z</TD>"
    "<TD>y</TD><TD>1999-12-31T23:59:59</TD></TR>"
)


@needs_stilts
@pytest.mark.parametrize(
    "form, version",
    [("TABLEDATA", "V10"), ("TABLEDATA", "V14"), ("BINARY", "V10"), ("BINARY", "V12"), ("BINARY", "V14")]
    + [("BINARY2", "V13"), ("BINARY2", "V14"), ("FITS", "V12"), ("FITS", "V14")],
)
def test_the_table_of_taplint_comes_back(tap, tmp_path, form, version):
    """UPL-6: every type that taplint sends, as STILTS writes it, in each serialization and version."""
    source, sent = tmp_path / "source.vot", tmp_path / "sent.vot"
    source.write_bytes(document(TAPLINT, f"<DATA><TABLEDATA>{ROWS}</TABLEDATA></DATA>"))
    output = f"votable(format={form},version={version},inline=true)"
    stilts("tpipe", f"in={source}", "ifmt=votable", f"out={sent}", f"ofmt={output}")
    expected = read(source.read_bytes()).get_first_table()

    uploads = {"t": io.BytesIO(sent.read_bytes())}
    found = tap.search("SELECT * FROM TAP_UPLOAD.t", uploads=uploads)

    fields = found.votable.get_first_table().fields
    assert [(f.name, f.datatype) for f in fields] == [(f.name, f.datatype) for f in expected.fields]
    assert [f.xtype for f in fields[-1:]] == [None if version == "V10" else "timestamp"]
    assert [list(map(str, row)) for row in found.to_table()] == [
        list(map(str, row)) for row in expected.to_table()
    ]


@needs_stilts
def test_stilts_sends_tables(tap_url, tmp_path):
    """ST-1, UPL-8: multipart, in chunks; the join is with what is published."""
    table = tmp_path / "t.csv"
    table.write_text("id,n\n" + "\n".join(f"x{n},{n}" for n in range(20_000)))
    query = "SELECT COUNT(*) AS n, SUM(n) AS s FROM TAP_UPLOAD.t1 LEFT JOIN provenance.entity ON e_id = id"
    upload = ["nupload=1", f"upload1={table}", "ufmt1=csv", "upname1=t1"]

    found = stilts("tapquery", "sync=true", f"tapurl={tap_url}", f"adql={query}", "ofmt=csv", *upload)

    assert found.decode().splitlines() == ["n,s", "20000,199990000"]


# The command line ----------------------------------------------------------------------------------------


def query(settings, *arguments):
    given = environment(settings, free_port())
    return subprocess.run(
        command("query", *arguments), env=given, capture_output=True, text=True, timeout=120
    )


def test_the_command_line_takes_files(settings: Settings, mine, tmp_path):
    """The same road as /sync."""
    mine["id", "number"].write(tmp_path / "t.vot", format="votable")
    done = query(settings, "SELECT COUNT(*) AS n FROM TAP_UPLOAD.t", "--upload", f"t={tmp_path / 't.vot'}")

    assert (done.returncode, done.stdout) == (0, f"n\n{len(mine)}\n")


@pytest.mark.parametrize(
    "upload, code, words",
    [
        ("t", 2, "t is not of the form NAME=FILE."),
        ("t=/nonexistent", 1, "provtap: /nonexistent cannot be read: no such file or directory."),
        ("t=/dev/null", 1, "provtap: The upload t is empty."),
    ],
)
def test_a_missing_file_is_reported(settings, upload, code, words):
    done = query(settings, "SELECT COUNT(*) FROM TAP_UPLOAD.t", "--upload", upload)

    assert done.returncode == code
    assert words in done.stderr
