"""ProvClient: send provenance records of a pipeline to a ProvTAP service. Uses only the standard library.

    with ProvClient("https://prov.example.org", token) as prov:
        prov.add_activity("urn:uuid:...", name="calibrate", start_time=begun, end_time=ended)
        prov.add_used("urn:uuid:...", location="/data/raw.fits", role="raw")

Records are collected, and sent as one document at the end of the block: all of them are stored, or none.
"""

import copy
import json
import logging
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

from provtap.client.collector import camel, plain
from provtap.client.delivery import Delivery, ProvError, ProvUnavailable
from provtap.client.spool import Letter, Spool
from provtap.client.verbs import Verbs

log = logging.getLogger(__name__)

UNAUTHORIZED = {401, 403}
"""HTTP statuses about the token, not about the document."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The report on a document; the counts are of rows."""

    ingestion: int | None
    source: str
    format: str
    known: bool
    """Whether the same document was ingested before."""
    activities: int
    new: int
    updated: int
    unchanged: int
    warnings: list[str]
    conflicts: list[str]
    """The warnings about values that were ignored."""


class ProvClient(Verbs):
    """A client of the service at *url*, with the records collected for it.

    *source* is the name of the documents in the service's list of ingestions, *site* scopes local paths.
    While the service is unavailable, requests are repeated for *patience* seconds. Unsent documents are saved
    in the directory *spool* (default: `~/.provtap-spool`), and sent before the next document or by `flush`.
    Each document has a key by which the service recognises repetitions, so nothing is duplicated. Errors of
    the spool are logged, but do not stop the program.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        source: str | None = None,
        site: str | None = None,
        spool: str | os.PathLike[str] | None = None,
        patience: float = 30.0,
    ) -> None:
        super().__init__()
        self._delivery = Delivery(url, token, patience)
        self.site = site
        self._options = {name: value for name, value in (("source", source), ("site", site)) if value}
        directory = Path(spool) if spool else _home() / ".provtap-spool"
        self._spool = Spool(directory / quote(self._delivery.url, safe=""))

    def apart(self) -> "ProvClient":
        """Return another client of the same service with its own records."""
        other = copy.copy(self)
        other._records = {}
        return other

    # Sending

    def __enter__(self) -> "ProvClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.send()

    def send(self) -> Report | None:
        """Send the collected records as one document; return None if it was saved in the spool instead.

        If it can be neither sent nor saved, the records are kept.

        Raises: ProvError if the service rejects it; the records are kept.
        """
        if not self._records:
            return None
        report, kept = self._send(self._letter("records", self._content(), self._options))
        if report is not None or kept:
            self._records = {}
        return report

    def send_document(
        self,
        document: bytes | str | os.PathLike[str],
        *,
        format: str = "auto",
        maps: Mapping[str, str] | None = None,
    ) -> Report | None:
        """Send a whole document, given as bytes or path, in any format supported by the service.

        *maps* has URIs under which files were stored, by prefixes of their paths in the document.

        Raises: ProvError; OSError for a path that can't be read.
        """
        content = document if isinstance(document, bytes) else Path(document).read_bytes()
        named = {} if isinstance(document, bytes) else {"source": os.fspath(document)}
        options = named | self._options | {"format": format}
        letter = self._letter("documents", content, {**options, **_maps(maps)})
        return self._send(letter)[0]

    def deliver(self, content: bytes, *, source: str, format: str) -> Report | None:
        """Send a document; return None if the service is unavailable or rejects the token: it is spooled.

        Raises: ProvError if the service rejects the document, which the spool then sets aside; OSError.
        """
        letter = self._letter("documents", content, {"source": source} | self._options | {"format": format})
        try:
            report, kept = self._send(letter)
        except ProvError as error:
            path = self._spool.put(letter)
            if error.status not in UNAUTHORIZED:
                path = self._spool.refuse(path)
            raise ProvError(f"{error} The record was saved in {path}.", status=error.status) from error
        if report is None and not kept:
            raise ProvError("The record is lost: it could be neither sent nor saved in the spool.")
        return report

    def flush(self) -> list[Report]:
        """Send the documents in the spool; return the reports on them.

        A rejected document remains in the spool under another name, and is logged.

        Raises: ProvUnavailable if the service is still unavailable.
        """
        return [_report(answer) for answer in self._flushed()]

    def _flushed(self) -> Iterator[Any]:
        for path, letter in self._spool.letters():
            try:
                answer = self._delivery.post(letter)
            except ProvError as error:
                if isinstance(error, ProvUnavailable) or error.status in UNAUTHORIZED:
                    raise
                log.warning("A document in the spool was rejected: %s", error)
                self._spool.refuse(path)
            else:
                self._spool.remove(path)
                yield answer

    def keep(self, *, aside: bool = False) -> Path:
        """Save the collected records in the spool, *aside* so that they are not sent; return the file."""
        kept = self._spool.put(self._letter("records", self._content(), self._options))
        self._records = {}
        return self._spool.refuse(kept) if aside else kept

    def _content(self) -> bytes:
        return json.dumps(self._records, default=str).encode()

    def _send(self, letter: Letter) -> tuple[Report | None, bool]:
        """Send the documents in the spool, then *letter*; return its report, and whether it was spooled."""
        try:
            for _ in self._flushed():
                pass
            return _report(self._delivery.post(letter)), False
        except ProvUnavailable as error:
            return None, self._put(letter, error)

    def _put(self, letter: Letter, reason: ProvUnavailable) -> bool:
        """Save *letter* in the spool; return whether it was saved, and log the result."""
        try:
            kept = self._spool.put(letter)
        except OSError as error:
            log.warning("%s The document cannot be saved on disk: %s.", reason, error)
            return False
        log.warning("%s The document was saved in %s.", reason, kept)
        return True

    def _letter(self, path: str, content: bytes, options: Mapping[str, str | list[str]]) -> Letter:
        return Letter(
            f"{path}?{urlencode(options, doseq=True)}" if options else path, str(uuid.uuid4()), content
        )

    # Reading stored records, without the collected ones

    def find(self, path: str, **attributes: Any) -> list[dict[str, Any]]:
        """Return the stored records of a class with these attributes: `find("activities", name="x")`.

        Raises: ProvError, ProvUnavailable.
        """
        asked = urlencode({camel(name): plain(value) for name, value in attributes.items()})
        found: list[dict[str, Any]] = self._delivery.get(f"{path}?{asked}")["records"]
        return found

    def get_agents(self) -> list[dict[str, Any]]:
        """Return all agents."""
        return self.find("agents")

    def get_agent_key(self, id: str) -> str | None:
        """Return the id of an agent, or None if it is unknown."""
        return _only_id(self.find("agents", id=id))

    def get_dataset_entity(self, id: str) -> dict[str, Any] | None:
        """Return a dataset, unless it is unknown or invalidated."""
        found = self.find("datasetEntities", id=id)
        return found[0] if found and "invalidatedAtTime" not in found[0] else None

    def get_activity_description_key(self, name: str, version: str | None = None) -> str | None:
        """Return the id of an activity description, or None."""
        found = self.find("activityDescriptions", name=name)
        return _only_id([each for each in found if each.get("version") == version])

    def get_usage_description(self, activity_description: str, role: str) -> dict[str, Any] | None:
        """Return the description of a role of used entities, with its entity descriptions, or None."""
        found = self.find("usageDescriptions", activity_description=activity_description, role=role)
        return found[0] if found else None

    def get_generation_description(self, activity_description: str, role: str) -> dict[str, Any] | None:
        """Return the description of a role of generated entities, with its entity descriptions, or None."""
        found = self.find("generationDescriptions", activity_description=activity_description, role=role)
        return found[0] if found else None

    def get_parameter_description(self, activity_description: str, name: str) -> str | None:
        """Return the id of the description of a parameter, or None."""
        found = self.find("parameterDescriptions", activity_description=activity_description, name=name)
        return _only_id(found)

    def get_config_file_description(self, activity_description: str, name: str) -> str | None:
        """Return the id of the description of a configuration file, or None."""
        found = self.find("configFileDescriptions", activity_description=activity_description, name=name)
        return _only_id(found)

    def graph(self, id: str, **parameters: Any) -> dict[str, Any]:
        """Return the provenance of a thing as PROV-JSON; *parameters* are those of ProvSAP: DEPTH, DIRECTION.

        Raises: ProvError, ProvUnavailable.
        """
        graph: dict[str, Any] = self._delivery.get(f"graph?{urlencode({'ID': id, **parameters})}")
        return graph


def _maps(maps: Mapping[str, str] | None) -> dict[str, list[str]]:
    return {"map": [f"{path}={name}" for path, name in maps.items()]} if maps else {}


def _home() -> Path:
    """Return the user's home directory; without one, as in a container, the current directory."""
    try:
        return Path.home()
    except RuntimeError:
        return Path()


def _report(answer: dict[str, Any]) -> Report:
    """Return the report of the service, without fields unknown to this version."""
    return Report(**{f.name: answer.get(f.name) for f in fields(Report)})  # type: ignore[arg-type]


def _only_id(found: list[dict[str, Any]]) -> str | None:
    return found[0]["id"] if found else None
