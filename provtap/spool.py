"""Documents that wait on disk until the service is back: one file each, which no other user can read."""

import json
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Letter:
    """A document on its way: where to, under which key, and what. Tokens are not kept."""

    path: str
    """Address below that of the API."""
    key: str
    """Idempotency-Key: the same however often it is sent."""
    content: bytes


@dataclass(frozen=True)
class Spool:
    """The documents for one service."""

    directory: Path

    def put(self, letter: Letter) -> Path:
        """Keep a document, wholly or not at all; return its file."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.directory / f"{time.time_ns()}-{letter.key}.json"
        new = path.with_suffix(".new")
        text = json.dumps(
            {"path": letter.path, "key": letter.key, "content": b64encode(letter.content).decode()}
        )
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return new.replace(path)

    def letters(self) -> Iterator[tuple[Path, Letter]]:
        """Yield what is kept, the oldest first; another process may send it at the same time."""
        for path in sorted(self.directory.glob("*.json")):
            with suppress(FileNotFoundError):
                kept = json.loads(path.read_text())
                yield path, Letter(kept["path"], kept["key"], b64decode(kept["content"]))

    def remove(self, path: Path) -> None:
        """Forget what was sent."""
        path.unlink(missing_ok=True)

    def refuse(self, path: Path) -> Path:
        """Set aside what the service refuses, for somebody to look at; return its file."""
        aside = path.with_suffix(".refused")
        with suppress(FileNotFoundError):
            path.rename(aside)
        return aside
