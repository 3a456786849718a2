"""A document may be refused, in one sentence; no reader breaks on it, nor does the store on what they read.

PROVTAP_TEST_MUTANTS sets the number of mutants of each kind: some thousands for a long run.
"""

import os

import pytest

from provtap.config import Settings
from provtap.errors import DocumentError, TooLarge
from provtap.ingest import describe, load_sql
from provtap.ingest.documents.document import Document, read_content, store
from provtap.ingest.readers import formats
from tests.ingest.mutants import kinds, mutants

pytestmark = pytest.mark.exhaustive

NUMBER = int(os.environ.get("PROVTAP_TEST_MUTANTS", "60"))
STORED = 15 if NUMBER < 1_000 else NUMBER
"""Mutants of a kind whose records go as far as the store."""
REFUSALS = (DocumentError, TooLarge)


@pytest.mark.parametrize("kind", kinds())
def test_no_document_breaks_its_reader(kind, database, settings, tmp_path):
    _, _, read = kinds()[kind]
    path = tmp_path / "mutant"
    stored = 0
    for content in mutants(kind, 1, NUMBER):
        try:
            document = read(content)
            if stored == STORED or kind == "catalogue":
                continue
            stored += 1
            path.write_bytes(content)
            if kind == "sql":
                load_sql([path], database, settings, dry_run=True)
            elif kind == "descriptions":
                describe([path], database, settings, dry_run=True)
            else:
                assert isinstance(document, Document)
                store(document, database, dry_run=True)
        except REFUSALS as refusal:
            sentence = str(refusal)
            assert sentence
            assert "Traceback" not in sentence
            assert "PostgreSQL" not in sentence, (content, sentence)
        except Exception as error:
            raise AssertionError(f"{content!r} broke the reader of {kind}") from error


@pytest.mark.parametrize("format", formats.names())
@pytest.mark.parametrize("content", ["null", "true", "5", "1e300", '"x"', "[5]", "[[]]", "[null]"])
def test_json_other_than_an_object_is_refused(format, content):
    with pytest.raises(DocumentError):
        read_content(content.encode(), "value.json", Settings(), format=format)
