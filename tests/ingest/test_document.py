import gzip
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from provtap.config import Settings
from provtap.errors import DocumentError, TooLarge
from provtap.ingest import ingest
from provtap.ingest.documents.document import read_content
from tests.ingest.logs import SAMPLES, rows, run, tables, write_log

RUN = '"activity_uuid": "5b0ccf96-3e01-436a-a61e-fce9ef9dfd86", "activity_name": "x"'
GOOD = f'{{{RUN}, "start": {{"time_utc": "2026-01-01"}}}}'
DEEP = '{"":' * 2000 + "1" + "}" * 2000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the document is empty."),
        ("  \n", "the document is empty."),
        ("hello", "the format was not recognised"),
        ("5", "the format was not recognised"),
        ("BZh91AY&SY", "this is compressed (bzip2). Decompress it first."),
        (f"[{GOOD},", f"this is not JSON: it ends too early. (line 1, column {len(GOOD) + 3})"),
        (f"[{GOOD}][", f"this is not JSON: it ends too early. (line 1, column {len(GOOD) + 4})"),
        ('["\\u0000"]', "a text has the character U+0000, which cannot be stored. (line 1, column 2)"),
        (
            '["\\udc00"]',
            "a text contains half of a surrogate pair, which is not a character. (line 1, column 2)",
        ),
        ('[{"a": 1, "a": 2}]', 'the key "a" appears twice. (line 1, column 11)'),
        ("[" * 100_000, "this is nested too deeply."),
        (f'[{GOOD}, {{"activity_uuid": 5}}]', "[1].activity_uuid must be a text or null, not a number."),
        (f'[{GOOD[:-1]}, "config": {DEEP}}}]', "this is nested too deeply."),
    ],
)
def test_bad_document_is_refused_whole(take, database, tmp_path, content, message):
    """One clear sentence names the file, the thing and its position; nothing is half-written (INGEST-d8)."""
    path = tmp_path / "bad.log"
    path.write_text(content)
    with pytest.raises(DocumentError) as caught:
        take(path)

    assert str(caught.value).startswith(f"{path}: {message}")
    assert not any(tables(database).values())
    assert rows(database, "TABLE provext.ingestion") == []


def test_a_gzip_file_is_the_document_in_it(take, tmp_path):
    """The same document again, packed or not, changes nothing (INGEST-d8)."""
    packed = tmp_path / "run.log.gz"
    packed.write_bytes(gzip.compress(SAMPLES[0].read_bytes()))

    assert not take(packed).known
    assert take(SAMPLES[0]).known


@pytest.mark.parametrize(
    ("cut", "reason"), [(-20, "compressed file ended before"), (2, "compressed file ended before")]
)
def test_a_damaged_gzip_file_is_reported(take, tmp_path, cut, reason):
    path = tmp_path / "run.log.gz"
    path.write_bytes(gzip.compress(SAMPLES[0].read_bytes())[:cut])
    with pytest.raises(DocumentError, match=f"run.log.gz cannot be read: {reason}"):
        take(path)


def test_a_compressed_document_has_the_same_size_limit(database, settings, tmp_path):
    """A few bytes may stand for gigabytes: they are never all in memory."""
    path = tmp_path / "run.log.gz"
    path.write_bytes(gzip.compress(b" " * 1_000_000))
    with pytest.raises(TooLarge, match=r"run\.log\.gz exceeds the limit of 10000 bytes"):
        ingest(path, database, replace(settings, document_bytes=10_000))


def test_other_encoding_is_refused(take, tmp_path):
    """JSON is UTF-8 (RFC 8259, 8.1)."""
    (tmp_path / "latin.log").write_bytes(b'["\xe9"]')
    with pytest.raises(
        DocumentError, match=r"latin\.log: this is not UTF-8 \(byte 0xe9\)\. \(line 1, column 3\)"
    ):
        take(tmp_path / "latin.log")


@pytest.mark.parametrize(
    ("name", "reason"), [("absent", "no such file"), (".", "is a directory"), ("\0", "null byte")]
)
def test_a_path_that_is_not_a_file_is_refused(take, tmp_path, name, reason):
    """The sentence names the path and the reason why it can't be read."""
    path = f"{tmp_path}/{name}"
    with pytest.raises(DocumentError, match=f"{re.escape(path)} cannot be read: .*{reason}"):
        take(path)


def test_file_name_may_be_any_bytes(take, tmp_path):
    """What is no UTF-8 in a file name is shown as U+FFFD."""
    path = write_log(tmp_path / os.fsdecode(b"\xff.log"), run(1))

    assert take(path).source == f"{tmp_path}/\ufffd.log"


def test_unreadable_file_is_refused(take):
    """Memory of a process at address 0 can be opened, but not read."""
    with pytest.raises(DocumentError, match="/proc/self/mem cannot be read"):
        take("/proc/self/mem")


@pytest.mark.parametrize("size", [101, 2 * 1024**3])
def test_large_document_is_refused_before_it_is_read(database, template, tmp_path, size):
    """document_bytes bounds a document; a sparse file of 2 GB costs nothing to refuse."""
    path = tmp_path / "large.log"
    with path.open("wb") as file:
        file.truncate(size)
    settings = type(template)(document_bytes=100)
    with pytest.raises(TooLarge, match=r"large\.log exceeds the limit of 100 bytes"):
        ingest(path, database, settings)


def test_endless_document_is_refused(database, template):
    """What has no size is read up to the limit only."""
    with pytest.raises(TooLarge, match="/dev/zero exceeds the limit of 100 bytes"):
        ingest("/dev/zero", database, type(template)(document_bytes=100))


def test_unknown_format_is_refused(take):
    """The sentence lists the formats that are known."""
    with pytest.raises(DocumentError, match=r"format 'xml'\. The formats are auto, "):
        take(SAMPLES[0], format="xml")


def test_named_format_needs_no_guess(take):
    """--format ctapipe is what auto finds."""
    assert take(SAMPLES[0], format="ctapipe").format == "ctapipe"


LOADER = """
import sys
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.ingest import ingest
settings = Settings(database_url=sys.argv[1], role_prefix=sys.argv[2])
with open_database(settings) as database:
    for path in sys.argv[3:]:
        ingest(path, database, settings)
        print(path, flush=True)
"""


def test_killed_loader_leaves_whole_documents(settings, database, take, tmp_path):
    """One document is one transaction: kill -9 leaves whole ones only (INGEST-d8)."""
    paths = [write_log(tmp_path / f"{n}.log", *(run(10 * n + m) for m in range(10))) for n in range(50)]
    command = [sys.executable, "-c", LOADER, settings.database_url, settings.role_prefix, *map(str, paths)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as loader:
        for _ in range(5):
            loader.stdout.readline()
        loader.send_signal(signal.SIGKILL)

    [(documents,)] = rows(database, "SELECT count(*) FROM provtap.document")
    assert documents > 0
    assert rows(database, "SELECT count(*), count(*) / 10 FROM provenance.activity") == [
        (10 * documents, documents)
    ]
    assert [take(path).known for path in paths].count(True) >= documents


VOTABLE = (
    '<VOTABLE><RESOURCE><TABLE name="agent"><FIELD name="ag_id" datatype="char" arraysize="*"/>'
    "<DATA><TABLEDATA>{}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
)
LOGPROV = "_PROV_2026-01-01T00:00:00_PROV_{}\n"
OPUS = '<RESOURCE utype="voprov:ActivityDescription"/>'
CONTEXT = "http://openprovenance.org/prov-jsonld.json"
# Of each format, so many records that nothing is right with but the first ones.
MANY = {
    "records": lambda n: json.dumps({"Entity": [5] * n}),
    "ctapipe": lambda n: json.dumps([5] * n),
    "votable": lambda n: VOTABLE.format("<TR><TD>too</TD><TD>many</TD></TR>" * n),
    "prov-json": lambda n: json.dumps({"agent": {f"x:{i}": {} for i in range(n)} | {"no:": 5}}),
    "provn": lambda n: "document\n" + "".join(f"agent(<x:{i}>)\n" for i in range(n)) + "agent(",
    "jsonld": lambda n: json.dumps({"@context": CONTEXT, "@graph": [5] * n}),
    "logprov": lambda n: LOGPROV.format("{'session_id': 1, 'startTime': '2026'}") * n + LOGPROV.format("{"),
    "opus": lambda n: f'<VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3">{OPUS * n}</VOTABLE>',
}


@pytest.mark.parametrize("format", MANY)
def test_too_many_records_are_refused_before_they_are_looked_at(format):
    """PROVTAP_DOCUMENT_RECORDS: records are counted before identities are made and rules are checked."""
    content = MANY[format](4).encode()

    with pytest.raises(
        TooLarge, match="it has more than 3 records, the limit for a document sent to this service"
    ):
        read_content(content, "it", Settings(), format=format, most_records=3)
    with pytest.raises(DocumentError):
        read_content(content, "it", Settings(), format=format, most_records=4)
