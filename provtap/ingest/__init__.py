"""Provenance documents into the ProvenanceDM tables."""

from provtap.ingest.batch import Summary, ingest_all
from provtap.ingest.describe import Described, describe
from provtap.ingest.descriptions import schema_text as description_schema
from provtap.ingest.document import Report, ingest
from provtap.ingest.formats import NAMES as FORMAT_NAMES
from provtap.ingest.sql_file import load_sql

__all__ = [
    "FORMAT_NAMES",
    "Described",
    "Report",
    "Summary",
    "describe",
    "description_schema",
    "ingest",
    "ingest_all",
    "load_sql",
]
