"""A report names each file of a directory that was not ingested, and why: nothing is silently passed over."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from provtap.commands import main
from provtap.config import Settings
from provtap.errors import DocumentError, NoProvenance
from provtap.ingest import ingest_all
from provtap.ingest.documents.document import read_content
from provtap.ingest.readers import formats
from tests.ingest.logs import SAMPLES

FILES = {
    "notes.txt": (b"nothing", "no provenance"),
    "config.json": (b'{"nights": 3}', "no provenance"),
    "empty.provenance.log": (b"[]", "no provenance"),
    "ro-crate-metadata.json": (
        b'{"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": []}',
        "no provenance",
    ),
    "image_asn.json": (b'{"asn_rule": "x"}', "format not read"),
    "run.zip": (b"PK\x03\x04....", "damaged"),
    "broken.log": (b'[{"activity_uuid": ', "damaged"),
    "broken.fits": (b"SIMPLE  =                    T", "damaged"),
}


@pytest.fixture
def folder(tmp_path):
    for name, (content, _) in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def provtap(settings, *arguments):
    url, prefix = settings.database_url, settings.role_prefix
    environment = {"PROVTAP_DATABASE_URL": url, "PROVTAP_ROLE_PREFIX": prefix}
    return CliRunner().invoke(main, ["ingest", *map(str, arguments)], env=environment)


def test_each_file_is_named_with_the_reason(database, settings, folder):
    summary = ingest_all([folder], database, settings)

    assert summary.problems == []
    assert {Path(file.source).name: file.kind for file in summary.passed_over} == {
        name: kind for name, (_, kind) in FILES.items()
    }
    assert all(file.reason.startswith(f"{file.source}: ") for file in summary.passed_over)


def test_the_report_lists_skipped_files(settings, folder):
    (folder / "run.log").write_bytes(SAMPLES[0].read_bytes())
    listed = provtap(settings, folder, "--json")
    shown = provtap(settings, folder)

    assert {
        (Path(each["source"]).name, each["kind"]) for each in json.loads(listed.stdout)["passed_over"]
    } == {(name, kind) for name, (_, kind) in FILES.items()}
    assert "8 files skipped" in shown.stdout
    assert f"skipped (damaged): {folder / 'broken.fits'}: its FITS header has no END.\n" in shown.stdout


@pytest.mark.parametrize(
    "with_log, options, status", [(True, [], 0), (True, ["--strict"], 1), (False, [], 1)]
)
def test_exit_status(settings, folder, with_log, options, status):
    """0 if anything was ingested; with --strict 1 if anything was passed over."""
    if with_log:
        (folder / "run.log").write_bytes(SAMPLES[0].read_bytes())

    assert provtap(settings, folder, *options).exit_code == status


def test_file_that_was_named_is_refused(settings, folder):
    result = provtap(settings, folder / "notes.txt", SAMPLES[0])

    assert result.exit_code == 1
    assert "notes.txt: the format was not recognised" in result.stderr


@pytest.mark.parametrize("format", sorted({*formats.names()} - {"auto"}))
def test_reader_that_finds_nothing_refuses(format):
    with pytest.raises(DocumentError):
        read_content(b"just words", "words", Settings(), format=format)


@pytest.mark.parametrize("content, format", [("[]", "ctapipe"), ('{"prefix": {}}', "prov-json")])
def test_a_document_without_records_is_refused(content, format):
    with pytest.raises(NoProvenance, match="there is no provenance in it"):
        read_content(content.encode(), "x", Settings(), format=format)


@pytest.mark.parametrize(
    "content, what",
    [
        ('{"asn_rule": "x"}', "an association of JWST"),
        ('{"command": "x", "duct_version": "1"}', "con-duct"),
        ('{"rule": "x", "record_format_version": 6, "job_hash": 1}', "Snakemake"),
        ("run\n=== Do not change lines below ===\n{}", "DataLad"),
        ("files: []\ninterface: http://schema.skao.int/ska-data-product-meta/0.1", "SKA"),
    ],
)
def test_known_format_that_is_not_read_is_named(content, what):
    with pytest.raises(NoProvenance, match=f"this is .*{what}.*, which is not supported"):
        read_content(content.encode(), "x", Settings())
