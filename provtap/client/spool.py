"""Unsent documents on disk: one file for each, readable only by the user."""

import json
import logging
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Letter:
    """An unsent document: address, key and content. Tokens are not stored."""

    path: str
    """Path below the address of the API."""
    key: str
    """Idempotency-Key: the same for all repetitions."""
    content: bytes


@dataclass(frozen=True)
class Spool:
    """The unsent documents for one service."""

    directory: Path

    def put(self, letter: Letter) -> Path:
        """Save a document atomically; return its file. Raises: OSError."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.directory / f"{time.time_ns()}-{letter.key}.json"
        new = path.with_suffix(".new")
        text = json.dumps(
            {"path": letter.path, "key": letter.key, "content": b64encode(letter.content).decode()}
        )
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            return new.replace(path)
        except OSError:  # the disk is full
            with suppress(OSError):
                new.unlink()
            raise

    def letters(self) -> Iterator[tuple[Path, Letter]]:
        """Yield the saved documents, the oldest first; another process may send them at the same time.

        Unreadable files are logged and skipped.
        """
        for path in sorted(self.directory.glob("*.json")):
            with suppress(FileNotFoundError):
                try:
                    kept = json.loads(path.read_text())
                    letter = Letter(kept["path"], kept["key"], b64decode(kept["content"]))
                except PermissionError as error:
                    log.warning("A document in the spool cannot be read: %s.", error)
                except (ValueError, KeyError, TypeError) as error:
                    log.warning("A document in the spool is damaged: %s: %s.", self.refuse(path), error)
                else:
                    yield path, letter

    def remove(self, path: Path) -> None:
        """Remove a sent document; if this fails it will be sent again, which changes nothing."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("A document in the spool cannot be removed: %s.", error)

    def refuse(self, path: Path) -> Path:
        """Set aside a rejected document for inspection; return its file."""
        aside = path.with_suffix(".refused")
        try:
            path.rename(aside)
        except FileNotFoundError:  # another process has set it aside
            pass
        except OSError as error:
            log.warning("A document in the spool cannot be set aside: %s.", error)
        return aside
