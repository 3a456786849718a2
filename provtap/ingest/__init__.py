"""Stores provenance documents in the tables of the ProvenanceDM."""

from provtap.ingest.descriptions.apply import Described, describe, describe_content
from provtap.ingest.descriptions.file import schema_text as description_schema
from provtap.ingest.documents.archive import archived_document, recorded_activities
from provtap.ingest.documents.batch import Summary, ingest_all
from provtap.ingest.documents.document import ingest, ingest_content
from provtap.ingest.documents.locations import LocationMap, read_location_map
from provtap.ingest.readers.formats import names as format_names
from provtap.ingest.scripts.load import load_sql
from provtap.ingest.store.transaction import IngestReport

__all__ = [
    "Described",
    "LocationMap",
    "IngestReport",
    "Summary",
    "describe",
    "describe_content",
    "description_schema",
    "format_names",
    "ingest",
    "ingest_all",
    "ingest_content",
    "load_sql",
    "read_location_map",
    "recorded_activities",
    "archived_document",
]
