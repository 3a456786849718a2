"""A backup is one snapshot, complete or absent, can be verified, and comes back as the same store."""

import hashlib
import io
import json
import re
import subprocess
from dataclasses import replace

import pytest

from provtap.backup.backup import write
from provtap.backup.programs import BackupFailed, adapted, dump
from provtap.backup.restore import restore, verify
from provtap.database.connect import open_database
from provtap.errors import SettingsError
from provtap.ingest import ingest_content
from provtap.metadata import load
from provtap.monitoring import screen
from provtap.monitoring.status import status
from tests.documents import ROOT, blocks
from tests.ingest.logs import SAMPLES, rows, tables

pytestmark = pytest.mark.database


@pytest.fixture
def backup(database, settings, tmp_path):
    """Return the directory of a backup of a store with one document."""
    ingest_content(SAMPLES[0].read_bytes(), "sample.log", database, settings)
    write(tmp_path / "monday", database, settings)
    return tmp_path / "monday"


def test_the_status_names_the_last_backup(backup, settings):
    found = status(settings, load())

    assert any(re.fullmatch(rf"backup +\S+Z, .* kB, \S+:{backup}", line) for line in screen.lines(found))
    assert screen.content(found)["backup"]["place"].endswith(f":{backup}")


def test_a_backup_is_verified_and_restored_into_a_new_store(backup, database, settings, tmp_path):
    """The restored store has the same published rows, documents and rights, and can be written to."""
    verified = verify(backup, settings)

    assert (verified.errors, verified.manifest.rows["provtap.document"]) == (0, 1)
    assert backup.stat().st_mode & 0o777 == 0o700
    store = replace(settings, database_url=None, data_dir=tmp_path / "new")
    restore(backup, store, load())
    with open_database(store) as restored:
        assert tables(restored) == tables(database)
        assert ingest_content(SAMPLES[0].read_bytes(), "sample.log", restored, store).known
        assert not ingest_content(SAMPLES[1].read_bytes(), "other.log", restored, store).known
        with restored.reading(10) as reader:
            assert reader.rows("SELECT FROM provenance.activity")
    with pytest.raises(BackupFailed, match="There is a store in this database already. Use an empty"):
        restore(backup, store, load())
    assert [
        place.partition(":")[2] for (place,) in rows(database, "SELECT bk_place FROM provtap.backup")
    ] == [str(backup)]


def test_a_backup_is_restored_into_another_database_of_the_same_server(
    backup, database, blank_settings, tableset
):
    """With all rights. Also if the server is older than pg_restore, which writes settings unknown to it."""
    restore(backup, blank_settings, tableset)

    with open_database(blank_settings) as restored:
        assert tables(restored) == tables(database)
        assert rows(restored, RIGHTS) == rows(database, RIGHTS) != []


RIGHTS = """
    SELECT oid::regprocedure::text AS object, ARRAY(SELECT unnest(proacl)::text ORDER BY 1) FROM pg_proc
     WHERE proacl IS NOT NULL
     UNION ALL SELECT oid::regclass::text, ARRAY(SELECT unnest(relacl)::text ORDER BY 1) FROM pg_class
     WHERE relacl IS NOT NULL
     UNION ALL SELECT nspname::text, ARRAY(SELECT unnest(nspacl)::text ORDER BY 1) FROM pg_namespace
     WHERE nspname !~ '^pg_(toast|temp)' ORDER BY object"""


@pytest.mark.parametrize(
    "damage, sentence",
    [
        (
            lambda backup: edited(backup, postgresql="99.1 (Debian)"),
            r"of PostgreSQL 99.1 \(Debian\), which is newer .* here. Restore it into PostgreSQL 99 or",
        ),
        (lambda backup: cut(backup / "database.dump"), "pg_restore failed: could not read from input file"),
    ],
)
def test_nothing_stays_of_a_backup_that_cannot_be_restored(
    backup, blank_settings, blank, tableset, damage, sentence
):
    damage(backup)
    with pytest.raises(BackupFailed, match=sentence):
        restore(backup, blank_settings, tableset)

    assert rows(blank, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'prov%'") == []


def test_marks_and_settings_that_other_servers_refuse_are_left_out_but_not_in_data():
    """PostgreSQL 15.20 marks columns by an option, which an older pg_dump does not leave out."""
    data = "COPY a.b (c) FROM stdin;\nSET transaction_timeout = 0;\n\\.\nSET later = 1;\n"
    script = (
        "SET transaction_timeout = 0;\n"
        "SET lock_timeout = 0;\n"
        "ALTER TABLE ONLY a.b ALTER COLUMN c SET (pg_attver=123);\n"
        'ALTER TABLE ONLY a.b ALTER COLUMN "d e" SET (pg_attver=123, n_distinct=-0.2);\n'
        "ALTER TABLE ONLY a.b ALTER COLUMN f SET (n_distinct=5);\n"
    )

    assert b"".join(adapted(io.BytesIO((script + data).encode()), {"lock_timeout"})).decode() == (
        "SET lock_timeout = 0;\n"
        'ALTER TABLE ONLY a.b ALTER COLUMN "d e" SET (n_distinct=-0.2);\n'
        "ALTER TABLE ONLY a.b ALTER COLUMN f SET (n_distinct=5);\n" + data
    )


def test_an_older_program_is_not_used(database):
    with pytest.raises(SettingsError, match="^pg_dump of PostgreSQL 99 is not installed here"):
        dump(database.login, 99)


@pytest.mark.parametrize(
    "damage, sentence",
    [
        (lambda backup: (backup / "backup.json").unlink(), "is not a backup: .*backup.json: No such file"),
        (lambda backup: (backup / "backup.json").write_text("{}"), "backup.json is damaged"),
        (
            lambda backup: (backup / "database.dump").write_bytes(b"PGDMP"),
            "its bytes are not those that were",
        ),
        (lambda backup: edited(backup, migrations=["9999_later.sql"]), "newer ProvTAP .* has 9999_later.sql"),
        (lambda backup: edited(backup, postgresql="unknown"), "backup.json is damaged"),
    ],
)
def test_a_damaged_backup_is_recognised(backup, settings, damage, sentence):
    damage(backup)
    with pytest.raises(BackupFailed, match=sentence):
        verify(backup, settings)


def cut(dump):
    """Take away the last rows of a dump, as a full disk would, and give it the digest of what is left."""
    content = dump.read_bytes()
    content = content[: len(content) * 2 // 3]
    dump.write_bytes(content)
    edited(dump.parent, sha256=hashlib.sha256(content).hexdigest())


def edited(backup, **members):
    manifest = json.loads((backup / "backup.json").read_text())
    (backup / "backup.json").write_text(json.dumps(manifest | members))


def test_a_backup_with_missing_rows_is_recognised(backup, settings):
    """The counts are those of the snapshot, not of the dump."""
    manifest = json.loads((backup / "backup.json").read_text())
    edited(backup, rows=manifest["rows"] | {"provenance.used": manifest["rows"]["provenance.used"] + 1})
    with pytest.raises(BackupFailed, match="restored provenance.used has not as many rows"):
        verify(backup, settings)


def test_no_directory_is_written_over_and_no_half_backup_stays(backup, database, settings, tmp_path):
    with pytest.raises(BackupFailed, match="monday exists already. Each backup needs"):
        write(backup, database, settings)
    wrong = replace(database, login=replace(database.login, parameters={"host": "/nowhere", "user": "x"}))
    with pytest.raises(BackupFailed, match="^pg_dump failed: connection to server"):
        write(tmp_path / "tuesday", wrong, settings)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["monday"]


def test_the_commands_in_the_documents_bring_a_store_back(tmp_path, monkeypatch):
    """Written, verified and restored, with the commands of the page."""
    [script] = [text for text in blocks(ROOT / "docs/how-to/operate.md", "sh") if "provtap backup" in text]
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        capture_output=True, text=True, env={"PATH": f"{ROOT / '.venv/bin'}:/usr/bin:/bin"},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert re.search(r"^The backup is complete: \d+ rows of \d+ tables", done.stdout, re.MULTILINE)
    assert re.search(r"^Restored: \d+ rows", done.stdout, re.MULTILINE)
