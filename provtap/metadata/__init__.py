"""The published metadata: the metadata files, and everything made from them.

`tap_schema/*.yaml` -> Tableset -> TAP_SCHEMA rows, SQL comments, the reference page. The files are the only
source of names, types and texts; all other code uses the tableset.
"""

from provtap.metadata.felis import load
from provtap.metadata.reference import reference_page
from provtap.metadata.tap_schema import Comment, comments, published_table, published_type, tap_schema_rows

__all__ = [
    "Comment",
    "comments",
    "load",
    "published_table",
    "published_type",
    "reference_page",
    "tap_schema_rows",
]
