"""Records of `provtap run`: one JSON object for each run of a command, any number of them in one file."""

import hashlib
import re
import shlex
from collections.abc import Iterator
from datetime import datetime

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES, file_name
from provtap.ingest.model.records import (
    Activity,
    ActivityDescription,
    Agent,
    ConfigFile,
    Entity,
    External,
    ExternalHash,
    Hash,
    Location,
    Parameter,
    Rank,
    Reading,
    Record,
    RecordSet,
    Run,
    WasAssociatedWith,
    WasGeneratedBy,
    WasInformedBy,
    Writing,
)
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node

_VERSION = 1
_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
_MARK = re.compile(rb'"provtap_run"\s*:\s*\d')
_STATUSES = ("completed", "error", "interrupted", "running")
_DIGEST = re.compile(r"[0-9a-f]{8,128}")
_LOOK = 1 << 20


def looks_like(content: bytes) -> bool:
    """Return whether *content* begins with a record of `provtap run`."""
    return _START.match(content) is not None and _MARK.search(content, 0, _LOOK) is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of each run in a file with paths of *site*; it may have at most *most* files.

    Raises: DocumentError.
    """
    count = 0
    for at, value in enumerate(parse(content)):
        node = Node(value, f"[{at}]")
        version = node["provtap_run"].whole_number()
        if version is None:
            raise DocumentError(f"{node.path} is not a record of provtap run: provtap_run is missing")
        if version > _VERSION:
            raise DocumentError(
                f"{node.path} has the version {version}; supported is {_VERSION}",
                hint="Update ProvTAP.",
            )
        run = _Run(node, site)
        records = tuple(run.records())
        count += len(records)
        refuse_beyond(most, count)
        digest = hashlib.sha256(canonical([site, value]).encode()).hexdigest()
        yield RecordSet(run.id, digest, records, tuple(run.warnings))


class _Run:
    """The record of one run."""

    def __init__(self, node: Node, site: str) -> None:
        self.warnings: list[str] = []
        self._node = node
        self._site = site
        node["id"].given_text()
        self.id = identity.given(node["id"].uuid() or "")
        self._start = _time(node["start"])
        end = node["end"].instant()
        if end and end < self._start:
            self.warnings.append(f"{self.id} ends at {end}, before it starts: the end was ignored")
            end = None
        self._end = end

    def records(self) -> Iterator[Record]:
        """Yield the activity, its status, and its files."""
        node = self._node
        description = self._description()
        yield description
        yield Activity(
            id=self.id,
            name=description.name,
            start_time=self._start,
            end_time=self._end,
            activity_description_id=description.id,
        )
        yield self._run()
        if user := node["user"].text(NAME_BYTES):
            agent = Agent(id=identity.user(self._site, user), name=user, type="Person")
            yield agent
            yield WasAssociatedWith(activity_id=self.id, agent_id=agent.id, role="Operator")
        if parent := node["parent"].uuid():
            yield Activity(rank=Rank.MENTION, id=identity.given(parent))
            yield WasInformedBy(informed_id=self.id, informant_id=identity.given(parent))
        yield from self._parameters()
        for each in node["configuration"].items():
            yield self._config_file(each.given_text())
        for each in node["used"].items():
            yield from self._used(each)
        for each in node["generated"].items():
            yield from self._generated(each)

    def _description(self) -> ActivityDescription:
        name = self._node["name"].given_text(NAME_BYTES)
        version = self._node["version"].text(ROLE_BYTES)
        return ActivityDescription(
            id=identity.activity_description(name, version), name=name, version=version
        )

    def _run(self) -> Run:
        status = self._node["status"].text()
        if status is not None and status not in _STATUSES:
            raise DocumentError(
                f"{self._node['status'].path} is {status[:60]!r}", hint=f"Valid are {', '.join(_STATUSES)}."
            )
        return Run(
            activity_id=self.id,
            status=status,
            exit_code=self._node["exit_code"].whole_number(),
            host=self._node["host"].text(NAME_BYTES),
            duration=(self._end - self._start).total_seconds() if self._end else None,
        )

    def _parameters(self) -> Iterator[Record]:
        node = self._node
        command = [each.text() or "" for each in node["command"].items()]
        told = {"command_line": shlex.join(command)} if command else {}
        if directory := node["directory"].text():
            told["working_directory"] = directory
        for group in ("job", "parameters"):
            for name, value in node[group].members():
                text = value.value if isinstance(value.value, str) else canonical(value.value)
                if not name or len(name.encode()) > NAME_BYTES:
                    raise DocumentError(f"{value.path}: the name has no or more than {NAME_BYTES} bytes")
                told[name] = text
        for name, text in told.items():
            yield Parameter(id=identity.parameter(self.id, name), activity_id=self.id, name=name, value=text)

    def _config_file(self, path: str) -> Record:
        return ConfigFile(
            id=identity.config_file(self.id, path),
            activity_id=self.id,
            name=file_name(path) or path[:NAME_BYTES],
            location=path,
        )

    def _used(self, file: Node) -> Iterator[Record]:
        url, role, time = _place(file)
        storage = identity.storage(url, self._site)
        external = identity.external(storage, url)
        yield External(id=external, class_=_class(file), name=file_name(url), location=url)
        yield Reading(
            activity_id=self.id,
            role=role,
            storage=storage,
            url=url,
            time=time or self._start,
            external_id=external,
        )
        for each in _hashes(file, external):
            yield ExternalHash(**vars(each))

    def _generated(self, file: Node) -> Iterator[Record]:
        url, role, time = _place(file)
        storage = identity.storage(url, self._site)
        id = identity.output(self.id, role, url)
        written = time or self._end or self._start
        yield Entity(id=id, class_=_class(file), name=file_name(url), location=url, generated_at_time=written)
        yield Location(entity_id=id, url=url, storage=storage)
        yield WasGeneratedBy(entity_id=id, activity_id=self.id, role=role)
        yield Writing(
            activity_id=self.id,
            entity_id=id,
            storage=storage,
            url=url,
            time=written,
            external_id=identity.external(storage, url),
        )
        yield from _hashes(file, id)


def _place(file: Node) -> tuple[str, str | None, datetime | None]:
    return file["path"].given_text(), file["role"].text(ROLE_BYTES), file["time"].instant()


def _class(file: Node) -> str:
    return "Collection" if file["directory"].value is True else "DatasetEntity"


def _hashes(file: Node, entity_id: str) -> Iterator[Hash]:
    size = file["size"].whole_number(64)
    for algorithm, node in file["checksums"].members():
        digest = node.given_text().lower()
        if not _DIGEST.fullmatch(digest):
            raise DocumentError(f"{node.path} is not a checksum: {digest[:60]!r}")
        yield Hash(entity_id=entity_id, algorithm=algorithm[:100], digest=digest, size=size)


def _time(node: Node) -> datetime:
    node.given_text()
    found = node.instant()
    if found is None:
        raise DocumentError(f"{node.path} is missing")
    return found
