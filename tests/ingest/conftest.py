"""What the tests of ingestion share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provtap.config import Settings
from provtap.database.connect import Database
from provtap.ingest import Report, ingest
from tests.ingest.logs import write_log

Take = Callable[..., Report]


@pytest.fixture
def take(database: Database, settings: Settings) -> Take:
    """Take in one file: `take(path, ...)`."""
    return lambda path, **options: ingest(path, database, settings, **options)


@pytest.fixture
def tell(take: Take, tmp_path: Path) -> Take:
    """Take in a log of the given runs: `tell(run, run, ...)`."""

    def tell(*runs: dict[str, Any], **options: Any) -> Report:
        return take(write_log(tmp_path / "told.log", *runs), **options)

    return tell
