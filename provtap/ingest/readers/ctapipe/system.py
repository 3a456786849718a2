"""Host, software environment and user of a ctapipe activity, from its `system` object."""

import hashlib
from collections.abc import Iterator
from typing import Any

from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES
from provtap.ingest.model.records import Agent, Entity, Environment, Reading, Record
from provtap.ingest.parsing.json import canonical
from provtap.ingest.parsing.node import Node

# Values of one process or person, not of the software; boot time would make each boot another
# environment.
_OF_PROCESS = {"environment", "arguments", "start_time_utc"}
_OF_HOST = {"node", "boot_time"}


def context_records(activity_id: str, site: str, system: Node) -> Iterator[Record]:
    """Yield the host and the software environment of an activity, both used by it."""
    host = system["platform"]["node"].text(NAME_BYTES)
    if host:
        node_id = identity.node(site, host)
        yield Entity(id=node_id, class_="ValueEntity", name="node", value=host)
        yield Reading(activity_id=activity_id, role="node", entity_id=node_id)
    content = _software(system)
    if content:
        digest = hashlib.sha256(canonical(content).encode()).hexdigest()
        environment_id = identity.environment(digest)
        name, comment = _summary(system)
        yield Entity(id=environment_id, class_="Entity", name=name, comment=comment)
        yield Environment(entity_id=environment_id, content=content)
        yield Reading(activity_id=activity_id, role="environment", entity_id=environment_id)


def operator(site: str, system: Node) -> Agent | None:
    """Return the login name of an activity, as a person of the site."""
    name = system["environment"]["USER"].text(NAME_BYTES)
    return Agent(id=identity.user(site, name), name=name, type="Person") if name else None


def _software(system: Node) -> dict[str, Any]:
    content = {key: member.value for key, member in system.members() if key not in _OF_PROCESS}
    platform = {key: node.value for key, node in system["platform"].members() if key not in _OF_HOST}
    return {**content, "platform": platform} if "platform" in content else content


def _summary(system: Node) -> tuple[str, str]:
    """Return the name and comment of an environment: only these are published."""
    python, platform = system["python"], system["platform"]
    version = ".".join(part.text() or "" for part in python["version"].items())
    ctapipe = system["ctapipe_version"].text()
    packages = len(list(python["packages"].items()))
    parts = [
        f"ctapipe {ctapipe}" if ctapipe else "",
        " ".join(part for part in ("Python", version, _in_brackets(python["implementation"])) if part),
        " ".join(part for part in (platform["system"].text(), platform["machine"].text()) if part),
        f"{packages} packages" if packages else "",
    ]
    return _cut(", ".join(part for part in parts[:2] if part)), ", ".join(part for part in parts if part)


def _in_brackets(node: Node) -> str:
    text = node.text()
    return f"({text})" if text else ""


def _cut(name: str) -> str:
    return name.encode()[:NAME_BYTES].decode(errors="ignore")
