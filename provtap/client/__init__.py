"""ProvClient: tell a ProvTAP service what a pipeline did. Standard library only, and nothing of the server.

    with ProvClient("https://prov.example.org", token) as prov:
        prov.add_activity("urn:uuid:...", name="calibrate", start_time=begun, end_time=ended)
        prov.add_used("urn:uuid:...", location="/data/raw.fits", role="raw")

What is told is collected, and sent as one document at the end of the block: all of it is stored, or nothing.
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
"""HTTP statuses that say nothing of a document, but of the token it came with."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a document; the counts are of rows."""

    ingestion: int | None
    source: str
    format: str
    known: bool
    """The same document had been taken in before."""
    activities: int
    new: int
    updated: int
    unchanged: int
    warnings: list[str]
    conflicts: list[str]
    """Those of the warnings that tell what was not kept."""


class ProvClient(Verbs):
    """A service at *url*, and the records that are collected for it.

    *source* names the documents in the service's list of ingestions, *site* scopes local paths. While the
    service is away, requests are sent again for *patience* seconds; what could not be sent is kept in the
    directory *spool* (by default `~/.provtap-spool`), and sent before the next document, or by `flush`. Each
    document has a key by which the service knows it again, so nothing is ever doubled. Trouble with the spool
    is logged, and stops nothing.
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
        """Return a client of the same service that collects for itself."""
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
        """Send what is collected, as one document; None: the service is away, and the spool has it.

        If the spool can't have it either, it is still collected.

        Raises: ProvError if the service refuses it; then it is still collected.
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
        """Send a whole document, bytes or a path, in any format that the service reads.

        *maps* has the names under which files were stored, by how their paths in the document begin.

        Raises: ProvError; OSError for a path that can't be read.
        """
        content = document if isinstance(document, bytes) else Path(document).read_bytes()
        named = {} if isinstance(document, bytes) else {"source": os.fspath(document)}
        options = named | self._options | {"format": format}
        letter = self._letter("documents", content, {**options, **_maps(maps)})
        return self._send(letter)[0]

    def deliver(self, content: bytes, *, source: str, format: str) -> Report | None:
        """Send a document; None: the spool has it, since the service is away or refuses the token.

        Raises: ProvError if the service refuses the document, which the spool then keeps aside; OSError.
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
            raise ProvError("The record is lost: neither the service nor the spool could take it.")
        return report

    def flush(self) -> list[Report]:
        """Send what the spool holds; return the reports of what was stored.

        A document that the service refuses stays in the spool under another name, and is logged.

        Raises: ProvUnavailable if the service is still away.
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
        """Put what is collected into the spool, *aside* so that it is not sent; return its file."""
        kept = self._spool.put(self._letter("records", self._content(), self._options))
        self._records = {}
        return self._spool.refuse(kept) if aside else kept

    def _content(self) -> bytes:
        return json.dumps(self._records, default=str).encode()

    def _send(self, letter: Letter) -> tuple[Report | None, bool]:
        """Send what the spool holds, then *letter*; return its report, and whether the spool holds it."""
        try:
            for _ in self._flushed():
                pass
            return _report(self._delivery.post(letter)), False
        except ProvUnavailable as error:
            return None, self._put(letter, error)

    def _put(self, letter: Letter, reason: ProvUnavailable) -> bool:
        """Put *letter* into the spool; return whether that worked, and log it either way."""
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

    # Reading what is stored; nothing of it is what is collected

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
        """Return the id of an agent if it is known, else None."""
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
        """Return the description of a role of what is used, with its entity descriptions, or None."""
        found = self.find("usageDescriptions", activity_description=activity_description, role=role)
        return found[0] if found else None

    def get_generation_description(self, activity_description: str, role: str) -> dict[str, Any] | None:
        """Return the description of a role of what is generated, with its entity descriptions, or None."""
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
    """Return the user's home directory, or the current one for a user who has none, as in a container."""
    try:
        return Path.home()
    except RuntimeError:
        return Path()


def _report(answer: dict[str, Any]) -> Report:
    """Return what the service tells, as far as this version knows of it."""
    return Report(**{f.name: answer.get(f.name) for f in fields(Report)})  # type: ignore[arg-type]


def _only_id(found: list[dict[str, Any]]) -> str | None:
    return found[0]["id"] if found else None
