"""Provenance documents into the ProvenanceDM tables."""

from provtap.ingest.batch import Summary, ingest_all
from provtap.ingest.describe import Described, describe
from provtap.ingest.descriptions import schema_text as description_schema
from provtap.ingest.document import Report, ingest, ingest_content
from provtap.ingest.formats import NAMES as FORMAT_NAMES
from provtap.ingest.places import Places, read_places
from provtap.ingest.sql_file import load_sql
from provtap.ingest.told import told_activities, told_document

__all__ = [
    "FORMAT_NAMES",
    "Described",
    "Places",
    "Report",
    "Summary",
    "describe",
    "description_schema",
    "ingest",
    "ingest_all",
    "ingest_content",
    "load_sql",
    "read_places",
    "told_activities",
    "told_document",
]
