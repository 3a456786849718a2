"""Fixtures of the tests of ingestion."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.ingest import Described, IngestReport, describe, ingest
from tests.ingest.logs import write_log

Take = Callable[..., IngestReport]


@pytest.fixture
def take(database: Database, settings: Settings) -> Take:
    """Take in one file: `take(path, ...)`."""
    return lambda path, **options: ingest(path, database, settings, **options)


@pytest.fixture
def tell(take: Take, tmp_path: Path) -> Take:
    """Take in a log of the given runs: `tell(run, run, ...)`."""

    def tell(*runs: dict[str, Any], **options: Any) -> IngestReport:
        return take(write_log(tmp_path / "told.log", *runs), **options)

    return tell


@pytest.fixture
def describe_text(database: Database, settings: Settings, tmp_path: Path) -> Callable[..., Described]:
    """Apply the descriptions in a text: `describe_text(yaml, ...)`."""

    def describe_text(text: str, **options: Any) -> Described:
        path = tmp_path / "descriptions.yaml"
        path.write_text(text)
        [report] = describe([path], database, settings, **options)
        return report

    return describe_text
