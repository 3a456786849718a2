"""PROV documents of others, and small ones made for a test."""

import json
from pathlib import Path
from typing import Any

DATA = Path("tests/data/prov")
MALFORMED = sorted((DATA / "malformed").iterdir())
DOCUMENTS = sorted(path for path in DATA.rglob("*.*") if path not in MALFORMED)
EMPTY = DATA / "xml" / "example_41.xml"
"""A document without a statement."""
EX = "http://example.org/"


def document(**sections: Any) -> str:
    """Return PROV-JSON, whose prefix `ex` is http://example.org/."""
    return json.dumps({"prefix": {"ex": EX, "foaf": "http://xmlns.com/foaf/0.1/"}, **sections})


def qualified(name: str) -> dict[str, str]:
    """Return a value that is a name."""
    return {"$": name, "type": "prov:QUALIFIED_NAME"}
