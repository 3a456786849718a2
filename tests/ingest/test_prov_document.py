"""A PROV document given back: every statement of it, also those that the tables have no room for."""

import warnings

import pytest
from prov.model import ProvDocument

from provtap.errors import DocumentError, NotFound
from provtap.ingest import archived_document
from provtap.ingest.readers.prov.export import READERS, prov_document
from tests.ingest.logs import rows
from tests.ingest.prov import DOCUMENTS, EX, document
from tests.ingest.test_prov_notations import READERS as LIBRARY

FORMATS = dict(zip((".json", ".xml", ".provn", ".jsonld"), READERS, strict=False))
# The library takes one of several members, and does not know the prefix voprov where it is not declared.
READ_OTHERWISE = {"example_33.xml", "logprov_tutorial.w3c.json"}


def library(path):
    """Return the document as the library reads it, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ProvDocument.deserialize(path, format=LIBRARY[path.suffix][0])
    except Exception:
        return None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_all_documents_are_exported_completely(path):
    """As PROV-JSON, read by `prov`, it has every element and relation of its source (INGEST-c4)."""
    content, format = path.read_bytes(), FORMATS[path.suffix]
    written = prov_document(content, format).serialize(format="json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = ProvDocument.deserialize(content=written, format="json")
    original = library(path)

    number = len(read.records) + sum(len(bundle.records) for bundle in read.bundles)
    assert number == len(list(READERS[format](content)))
    assert original is None or path.name in READ_OTHERWISE or read == original


def test_contradicted_statements_are_exported(take, database, tmp_path):
    """Statements that are not in the tables are in the document (INGEST-d10)."""
    path = tmp_path / "a.json"
    path.write_text(
        document(
            entity={"ex:x": {}}, wasGeneratedBy={"_:1": {"prov:entity": "ex:e", "prov:activity": "ex:x"}}
        )
    )
    report = take(path)
    [(number,)] = rows(database, "SELECT in_id FROM provext.ingestion")
    given = archived_document(number, database)

    assert len(report.warnings) == 1
    assert sorted(record.get_type().localpart for record in given.records) == ["Entity", "Generation"]
    assert given.get_record(f"{EX}x")


def test_a_missing_thing_is_reported(database):
    with pytest.raises(NotFound, match="Ingestion 7 does not exist"):
        archived_document(7, database)
    with pytest.raises(
        DocumentError, match=r"a document in the format ctapipe is not a PROV document. PROV formats are"
    ):
        prov_document(b"", "ctapipe")
