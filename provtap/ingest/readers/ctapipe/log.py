"""Provenance logs of ctapipe since 0.5: JSON arrays of activities, one for each time the log was written.

Names follow ctapipe/core/provenance.py. Releases differ in the keys that they write; only the id, the name
and the start of an activity are always present.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from provtap.ingest.model import identity
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES, file_name
from provtap.ingest.model.records import (
    Activity,
    Agent,
    ConfigFile,
    Entity,
    External,
    Location,
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
from provtap.ingest.parsing.json import parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.ctapipe.configuration import parameters
from provtap.ingest.readers.ctapipe.step import File, Step, nesting
from provtap.ingest.readers.ctapipe.system import context_records, operator
from provtap.ingest.readers.headers.ctao import Header, describe_activity, entity_records, producer_records

_START = (b"[", b"{")
_RECORD = re.compile(rb'"activity_(name|uuid)"\s*:')


def looks_like(content: bytes) -> bool:
    """Return whether *content* may be a ctapipe log: JSON with the name or id of an activity."""
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(_START) and _RECORD.search(content) is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the records of a log that was written at *site*: a set for each time an activity is recorded.

    A process writes all finished activities again each time it writes the log: the repetitions only show
    which activities were steps of others.

    Raises: DocumentError, with line and column or the path within the array.
    """
    known: set[tuple[str, str]] = set()
    for number, array in enumerate(parse(content, as_python=True), start=1):
        if isinstance(array, dict) and "activity_uuid" in array:
            array = [array]  # a single record, as other programs write them, one on each line
        if not isinstance(array, list):
            raise Node(array, f"value {number} of the document").wrong("must be an array of activities")
        label = "" if number == 1 else f"array {number}: "
        refuse_beyond(most, len(array))
        steps = [Step(node, site) for node in Node(array, label).items()]
        parents = nesting(steps)
        for step in steps:
            informants = tuple(
                WasInformedBy(informed_id=step.id, informant_id=parent.id)
                for parent in parents.get(step.id, ())
            )
            if step.is_unfinished:
                yield statements(step)
            elif (step.id, step.sha256) in known:
                yield RecordSet(step.id, step.sha256, informants)
            else:
                known.add((step.id, step.sha256))
                yield _record_set(step, informants)


def statements(step: Step, own_url: str | None = None, own_id: str | None = None) -> RecordSet:
    """Return the statements about a run from the record in its product, written before the run ended.

    It is not the full record of the run: the log completes it, and each product of the run has one. *own_url*
    is the location of the product. *own_id* is the id in its header, if any; the product is then the output
    of that name.
    """
    step = step.with_product(own_url, own_id) if own_url and own_id else step
    configuration, warnings = parameters(step.id, step.node["config"], Node(None, "arguments"))
    records = (
        *_activity(step, Rank.HEADER),
        *_inputs(step),
        *_outputs(step, Rank.HEADER),
        *_copies(step, own_url),
        *_operators(step),
        *(replace(parameter, rank=Rank.HEADER) for parameter in configuration),
    )
    return RecordSet(None, step.sha256, records, tuple(warnings))


def _copies(step: Step, url: str | None) -> Iterator[Record]:
    """Yield the location of a product that was moved, with the same name, after its run recorded it."""
    for file in step.outputs:
        if url and file.url != url and file_name(file.url) == file_name(url):
            entity_id = file.product_id or identity.output(step.id, file.role, file.url)
            yield Location(entity_id=entity_id, url=url, storage=identity.storage(url, step.site))


def _record_set(step: Step, informants: tuple[Record, ...]) -> RecordSet:
    configuration, warnings = parameters(step.id, step.node["config"], step.node["system"]["arguments"])
    records = (
        *_activity(step),
        *_run(step),
        *_inputs(step),
        *_outputs(step),
        *_results(step),
        *context_records(step.id, step.site, step.node["system"]),
        *_operators(step),
        *configuration,
        *informants,
    )
    return RecordSet(step.id, step.sha256, records, tuple(warnings))


def _activity(step: Step, rank: Rank = Rank.OWN_RECORD) -> Iterator[Record]:
    version = step.node["system"]["ctapipe_version"].text(ROLE_BYTES)
    description = describe_activity(step.name, version)
    yield description
    yield Activity(
        rank=rank,
        id=step.id,
        name=step.name,
        start_time=step.start,
        end_time=step.end,
        activity_description_id=description.id,
    )


def _run(step: Step) -> Iterator[Record]:
    yield Run(
        activity_id=step.id,
        status=step.node["status"].text(ROLE_BYTES),
        exit_code=step.node["exit_code"].whole_number(),
        host=step.node["system"]["platform"]["node"].text(NAME_BYTES),
        duration=(step.end - step.start).total_seconds() if step.end else None,
    )


def _inputs(step: Step) -> Iterator[Record]:
    for file in step.inputs:
        if file.role == "Tool Configuration":
            yield ConfigFile(
                id=identity.config_file(step.id, file.url),
                activity_id=step.id,
                name=file_name(file.url) or "",
                location=file.url,
            )
        if file.header:
            yield from _seen_product(file, file.header, identity.storage(file.url, step.site))
        yield from _reading(step, file)


def _seen_product(file: File, header: Header, storage: str) -> Iterator[Record]:
    yield from entity_records(header)
    yield from producer_records(header)
    yield _product(file, header, Rank.HEADER)
    yield Location(entity_id=header.product_id, url=file.url, storage=storage)


def _reading(step: Step, file: File) -> Iterator[Record]:
    if file.product_id:
        yield Reading(activity_id=step.id, role=file.role, entity_id=file.product_id)
        return
    storage = identity.storage(file.url, step.site)
    external = External(id=identity.external(storage, file.url), name=file_name(file.url), location=file.url)
    yield external
    yield Reading(
        activity_id=step.id,
        role=file.role,
        storage=storage,
        url=file.url,
        time=step.start,
        external_id=external.id,
    )


def _outputs(step: Step, rank: Rank = Rank.OWN_RECORD) -> Iterator[Record]:
    # Copying a file copies its header: of two activities that claim a product, the earlier one made it.
    claimant = f"{(step.end or step.start).isoformat(timespec='microseconds')} {step.id}"
    if rank == Rank.HEADER:
        claimant = ""
    for file in step.outputs:
        entity_id = file.product_id or identity.output(step.id, file.role, file.url)
        if file.header:
            yield from entity_records(file.header)
            yield _product(file, file.header, rank, claimant, step.end)
        elif not file.product_id:
            yield Entity(
                rank=rank,
                id=entity_id,
                name=file_name(file.url),
                location=file.url,
                generated_at_time=step.end,
                claimant=claimant,
            )
        yield WasGeneratedBy(
            rank=rank, entity_id=entity_id, activity_id=step.id, role=file.role, claimant=claimant
        )
        yield from _writing(step, file, entity_id)


def _product(
    file: File, header: Header, rank: Rank, claimant: str = "", ended: datetime | None = None
) -> Entity:
    return Entity(
        rank=rank,
        claimant=claimant,
        id=header.product_id,
        name=file_name(file.url),
        location=file.url,
        generated_at_time=header.creation_time or ended,
        comment=header.comment,
        entity_description_id=header.description.id if header.description else None,
    )


def _writing(step: Step, file: File, entity_id: str) -> Iterator[Record]:
    storage = identity.storage(file.url, step.site)
    created = file.header and file.header.creation_time
    end = step.end or step.start
    yield Location(entity_id=entity_id, url=file.url, storage=storage)
    yield Writing(
        activity_id=step.id,
        entity_id=entity_id,
        storage=storage,
        url=file.url,
        # A header that is older than the run that wrote the file came with a copy.
        time=created if created and step.start <= created <= end else end,
        external_id=identity.external(storage, file.url),
    )


def _results(step: Step) -> Iterator[Record]:
    exit_code = step.node["exit_code"].whole_number()
    results = {
        "status": step.node["status"].text(),
        "exit_code": None if exit_code is None else str(exit_code),
    }
    for role, value in results.items():
        if value is not None:
            yield Entity(
                id=identity.value(step.id, role),
                class_="ValueEntity",
                name=role,
                value=value,
                generated_at_time=step.end,
            )
            yield WasGeneratedBy(entity_id=identity.value(step.id, role), activity_id=step.id, role=role)


def _operators(step: Step) -> Iterator[Record]:
    """Yield the operator of the step: its login name, else the contacts in the headers of its outputs."""
    login = operator(step.site, step.node["system"])
    contacts = [file.header.contact for file in step.outputs if file.header and file.header.contact]
    agents: list[Agent] = [login] if login else contacts
    for agent in agents:
        yield agent
        yield WasAssociatedWith(activity_id=step.id, agent_id=agent.id, role="Operator")
