"""One recorded activity of a ctapipe log with its files, and the nesting of activities."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from provtap.errors import DocumentError
from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES, file_name
from provtap.ingest.parsing.json import canonical
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.headers.ctao import Header, interval, read_header


@dataclass(frozen=True)
class File:
    """An input or output: its path as logged, its role, and the header of the product, if it is real."""

    url: str
    role: str | None
    header: Header | None
    product_id: str | None
    """The id from the header of the file, or from another mention of it in the same list."""


class Step:
    """One recorded activity."""

    def __init__(self, node: Node, site: str) -> None:
        self.node = node
        self.site = site
        uuid = node["activity_uuid"]
        uuid.given_text()
        self.id = identity.given(str(uuid.uuid()))
        self.name = node["activity_name"].given_text(NAME_BYTES)
        start = node["start"]["time_utc"]
        start.given_text()
        begun, self.end = interval(start, node["stop"]["time_utc"])
        if begun is None:
            raise DocumentError(f"{start.path} is not a time")
        self.start: datetime = begun

    @property
    def is_unfinished(self) -> bool:
        """Whether it was recorded before its end, as in the products of lstchain."""
        return self.end is None and self.node["status"].value == "running"

    def with_product(self, url: str, product_id: str) -> "Step":
        """Return the step with *product_id* as the id of the output with the name of *url*."""
        step = Step(self.node, self.site)
        step.outputs = [
            replace(file, product_id=product_id) if file_name(file.url) == file_name(url) else file
            for file in self.outputs
        ]
        return step

    @cached_property
    def sha256(self) -> str:
        """Digest of the record, including the site, because one run can't be at two sites."""
        return hashlib.sha256(canonical([self.site, self.node.value]).encode()).hexdigest()

    @cached_property
    def inputs(self) -> list[File]:
        """The files that the activity read, as logged."""
        return _files(self.node["input"])

    @cached_property
    def outputs(self) -> list[File]:
        """The files that the activity wrote, as logged."""
        return _files(self.node["output"])


def nesting(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """Return the direct parent of each step, by the id of the step.

    The log does not record the parent, but a step lies within its parent in time and is written before it.
    """
    finished = [(step.start, step.end, position, step) for position, step in enumerate(steps) if step.end]
    finished.sort(key=lambda entry: (entry[0], _backwards(entry[1]), -entry[2]))
    parents: dict[str, list[Step]] = {}
    around: list[tuple[datetime, datetime, int, Step]] = []
    for entry in finished:
        while around and (around[-1][1] < entry[1] or around[-1][2] < entry[2]):
            around.pop()
        if around and around[-1][3].id != entry[3].id:
            parents[entry[3].id] = [around[-1][3]]
        around.append(entry)
    return parents


def _backwards(time: datetime) -> float:
    return -(time - datetime.min).total_seconds()


def _files(items: Node) -> list[File]:
    mentions = [
        (item["url"].given_text(), item["role"].text(ROLE_BYTES), read_header(item["reference_meta"]))
        if not isinstance(item.value, str)
        else (item.given_text(), None, None)  # ctapipe 0.5 wrote paths only
        for item in items.items()
    ]
    ids: dict[str, str] = {}
    for url, _, header in mentions:
        if header:
            ids[url] = min(header.product_id, ids.get(url, header.product_id))
    return [
        File(url, role, header, header.product_id if header else ids.get(url))
        for url, role, header in mentions
    ]
