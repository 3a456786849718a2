"""Only these rooms write the tables of the model.

`ingest.forgetting` writes all tables: it replaces the name of a person in each. `history` copies a few tables
of the store into the scratch database, none of them of the model.
"""

import re
from importlib.resources import files
from pathlib import Path

WRITERS = ("ingest/store", "ingest/scripts", "ingest/forgetting", "history")
# A table whose name is filled in may be one of the model's.
_WRITE = re.compile(
    r"\b(INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE(\s+TABLE)?|MERGE\s+INTO|COPY)\s+(ONLY\s+)?"
    r"(provenance\.|\{table\})",
)


def test_only_store_and_scripts_write_provenance():
    """Any other room calls a function of the store."""
    home = Path(str(files("provtap")))
    sources = [path for path in home.rglob("*") if path.suffix in {".py", ".sql"}]
    writing = {
        str(path.parent.relative_to(home)) for path in sources if _WRITE.search(path.read_text("utf-8"))
    }

    assert writing == set(WRITERS)
