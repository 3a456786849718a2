"""The relations of a PROV document, as records of ProvenanceDM."""

from collections.abc import Callable, Iterator
from datetime import datetime

from provtap.errors import DocumentError
from provtap.ingest.model.identity import NAME_BYTES, ROLE_BYTES
from provtap.ingest.model.records import (
    ActivityDescription,
    ConfigFile,
    HadMember,
    Parameter,
    Rank,
    Reading,
    Record,
    Relation,
    WasAssociatedWith,
    WasAttributedTo,
    WasDerivedFrom,
    WasGeneratedBy,
    WasInformedBy,
)
from provtap.ingest.readers.prov.nesting import claimant, depths, outer_claims
from provtap.ingest.readers.prov.statements import Statement, utc
from provtap.ingest.readers.prov.things import Thing, Things, described_activity, description_class

# The kinds of things at the ends of the relations with a class in ProvenanceDM.
_ENDS = {
    "used": ("activity", "entity"),
    "wasGeneratedBy": ("entity", "activity"),
    "wasInvalidatedBy": ("entity", None),
    "wasInformedBy": ("activity", "activity"),
    "wasStartedBy": ("activity", "entity"),
    "wasEndedBy": ("activity", "entity"),
    "wasDerivedFrom": ("entity", "entity"),
    "wasRevisionOf": ("entity", "entity"),
    "wasQuotedFrom": ("entity", "entity"),
    "hadPrimarySource": ("entity", "entity"),
    "wasAttributedTo": ("entity", "agent"),
    "wasAssociatedWith": ("activity", "agent"),
    "hadMember": ("entity", "entity"),
    "hadDictionaryMember": ("entity", "entity"),
    "derivedByInsertionFrom": ("entity", "entity"),
    "derivedByRemovalFrom": ("entity", "entity"),
}
_ROLES = ("prov:role", "voprov:role", "prov:pairKey")
_DERIVATIONS = {
    "Revision": "wasRevisionOf",
    "Quotation": "wasQuotedFrom",
    "PrimarySource": "hadPrimarySource",
}


class Relations:
    """The relations of one document, and what they imply about the things at their ends."""

    def __init__(self, things: Things) -> None:
        self._things = things
        self.records: list[Record] = []
        self.plans: list[ActivityDescription] = []
        self.generated: dict[str, datetime] = {}
        self.invalidated: dict[str, datetime] = {}
        self.started: dict[str, datetime] = {}
        self.ended: dict[str, datetime] = {}
        self.collections: set[str] = set()
        self.activity_descriptions: dict[str, str] = {}
        self._entity_descriptions: dict[str, list[Thing]] = {}
        self.configured: set[str] = set()
        self._generations: list[tuple[str, str, str | None]] = []
        self._starters: dict[str, str] = {}

    def add(self, statement: Statement) -> None:
        """Add one relation."""
        subject, object_ = statement.ends()
        kinds = _ENDS.get(statement.kind, (None, None))
        for id, kind in zip((subject, object_), kinds, strict=True):
            if id and kind and self._things.mention(kind, id, statement.where) is None:
                return  # the things have a warning about it
        write = self._WRITERS.get(statement.kind)
        at = statement.where
        subject = self._things.id(subject, at) if subject else None
        object_ = self._things.id(object_, at) if object_ else None
        if write is None or subject is None or object_ is None:
            self._relate(statement.kind, subject, object_, statement)
        else:
            write(self, subject, object_, statement)
        self._further(subject, statement)

    def description_of(self, entity_id: str, class_: str) -> str | None:
        """Return the description of an entity, if the model allows this description for its class."""
        needed = {"DatasetEntity": "DatasetDescription", "ValueEntity": "ValueDescription"}.get(class_)
        for description in self._entity_descriptions.get(entity_id, ()):
            if needed in {None, description_class(description)}:
                return description.id
            self.records.append(
                Relation(kind="isDescribedBy", subject_id=entity_id, object_id=description.id)
            )
        return None

    def generations(self) -> Iterator[WasGeneratedBy]:
        """Yield the generations.

        If an activity and one that it started both claim an entity, the started one is stored. Between other
        activities, the choice does not depend on the order of documents.
        """
        outer = outer_claims(
            ((entity, activity) for entity, activity, _ in self._generations), self._starters
        )
        around = depths(self._starters)
        for entity, activity, role_ in self._generations:
            if (entity, activity) not in outer:
                yield WasGeneratedBy(
                    rank=Rank.STATEMENT,
                    claimant=claimant(around.get(activity, 0), activity),
                    entity_id=entity,
                    activity_id=activity,
                    role=role_,
                )

    # Relations with both ends

    def _used(self, activity: str, entity: str, statement: Statement) -> None:
        self.records.append(
            Reading(activity_id=activity, entity_id=entity, role=role(statement), usage_time=_time(statement))
        )

    def _was_generated_by(self, entity: str, activity: str, statement: Statement) -> None:
        self._generations.append((entity, activity, role(statement)))

    def _was_invalidated_by(self, entity: str, activity: str, statement: Statement) -> None:
        self._relate(statement.kind, entity, activity, statement)

    def _was_informed_by(self, informed: str, informant: str, statement: Statement) -> None:
        if informed == informant:
            self._relate(statement.kind, informed, informant, statement)
        else:
            self.records.append(WasInformedBy(informed_id=informed, informant_id=informant))

    def _was_triggered_by(self, activity: str, trigger: str, statement: Statement) -> None:
        self._relate(statement.kind, activity, trigger, statement)
        self.records.append(
            Reading(activity_id=activity, entity_id=trigger, role="trigger", usage_time=_time(statement))
        )

    def _was_derived_from(self, generated: str, used: str, statement: Statement) -> None:
        if generated == used:
            self._relate(statement.kind, generated, used, statement)
            return
        self.records.append(WasDerivedFrom(generated_entity_id=generated, used_entity_id=used))
        types = {_DERIVATIONS.get(type_.rpartition(":")[2]) for type_ in statement.types()}
        for kind in sorted({statement.kind, *filter(None, types)} - {"wasDerivedFrom"}):
            self._relate(kind, generated, used, statement)

    def _was_attributed_to(self, entity: str, agent: str, statement: Statement) -> None:
        self.records.append(WasAttributedTo(entity_id=entity, agent_id=agent, role=role(statement)))

    def _was_associated_with(self, activity: str, agent: str, statement: Statement) -> None:
        self.records.append(WasAssociatedWith(activity_id=activity, agent_id=agent, role=role(statement)))

    def _had_member(self, collection: str, entity: str, statement: Statement) -> None:
        self.collections.add(collection)
        self.records.append(HadMember(collection_id=collection, entity_id=entity))

    def _had_dictionary_member(self, dictionary: str, entity: str, statement: Statement) -> None:
        self._had_member(dictionary, entity, statement)
        self._relate(statement.kind, dictionary, entity, statement)

    def _is_described_by(self, described: str, descriptor: str, statement: Statement) -> None:
        activity = self._things.find("activity", described)
        description = self._things.find("activity description", descriptor)
        general = self._things.find("entity description", descriptor)
        if activity and description:
            self.activity_descriptions.setdefault(described, described_activity(description).id)
        elif general and self._things.find("entity", described):
            self._entity_descriptions.setdefault(described, []).append(general)
        else:
            self._relate(statement.kind, described, descriptor, statement)

    def _was_configured_by(self, activity: str, artefact: str, statement: Statement) -> None:
        for kind, thing, attribute in (
            (Parameter, self._things.find("parameter", artefact), "value"),
            (ConfigFile, self._things.find("configuration file", artefact), "location"),
        ):
            if artefact in self.configured or thing is None or thing.value_of(attribute) is None:
                continue
            if self._things.mention("activity", activity, statement.where) is not None:
                self.configured.add(artefact)
                own = {"id": artefact, "activity_id": activity, "name": thing.label}
                self.records.append(kind(rank=Rank.STATEMENT, **own, **thing.stated(kind)))
            return
        self._relate(statement.kind, activity, artefact, statement)

    # Further information in relations

    def _further(self, subject: str | None, statement: Statement) -> None:
        """Keep times, starting activities, and plans."""
        time = _time(statement)
        known_times = {
            "wasGeneratedBy": self.generated,
            "wasInvalidatedBy": self.invalidated,
            "wasStartedBy": self.started,
            "wasEndedBy": self.ended,
        }.get(statement.kind)
        if subject and time and known_times is not None:
            known_times[subject] = min(time, known_times.get(subject, time))
        for argument in ("starter", "ender"):
            if subject and (other := statement.end(argument)):
                self._was_started_by(subject, other, statement)
        if removed := statement.values.get("prov:removedKey"):
            keys = ", ".join(value.text for value in removed)
            self._things.warnings.append(f"{statement.where} removes {keys[:100]}: kept in the document only")
        if plan := statement.end("plan"):
            self._planned(subject, self._things.id(plan, statement.where), statement)

    def _was_started_by(self, activity: str, other: str, statement: Statement) -> None:
        if self._things.mention("activity", other, statement.where) is not None:
            self._relate(statement.kind, activity, self._things.id(other, statement.where), statement)
            self._was_informed_by(activity, self._things.id(other, statement.where), statement)
            if statement.kind == "wasStartedBy":
                starter = self._things.id(other, statement.where)
                self._starters[activity] = min(starter, self._starters.get(activity, starter))

    def _planned(self, activity: str | None, plan: str, statement: Statement) -> None:
        """Use the plan of an activity as its description, if it has no other (PROV-DM, 5.3.1)."""
        self._relate("hadPlan", activity, plan, statement)
        thing = (
            self._things.find("activity description", plan)
            or self._things.find("entity", plan)
            or Thing(plan)
        )
        description = described_activity(thing)
        if activity and len(description.name.encode()) <= NAME_BYTES:
            self.plans.append(description)
            self.activity_descriptions.setdefault(activity, description.id)

    def _relate(self, kind: str, subject: str | None, object_: str | None, statement: Statement) -> None:
        if subject or object_:
            self.records.append(
                Relation(kind=kind, subject_id=subject, object_id=object_, role=role(statement))
            )
        else:
            self._things.warnings.append(
                f"{statement.where} has neither a subject nor an object: it is kept in the document only"
            )

    _WRITERS: dict[str, Callable[["Relations", str, str, Statement], None]] = {
        "used": _used,
        "wasGeneratedBy": _was_generated_by,
        "wasInvalidatedBy": _was_invalidated_by,
        "wasInformedBy": _was_informed_by,
        "wasStartedBy": _was_triggered_by,
        "wasEndedBy": _was_triggered_by,
        "wasDerivedFrom": _was_derived_from,
        "wasRevisionOf": _was_derived_from,
        "wasQuotedFrom": _was_derived_from,
        "hadPrimarySource": _was_derived_from,
        "wasAttributedTo": _was_attributed_to,
        "wasAssociatedWith": _was_associated_with,
        "hadMember": _had_member,
        "hadDictionaryMember": _had_dictionary_member,
        "derivedByInsertionFrom": _was_derived_from,
        "derivedByRemovalFrom": _was_derived_from,
        "isDescribedBy": _is_described_by,
        "wasConfiguredBy": _was_configured_by,
    }


def role(statement: Statement) -> str | None:
    """Return the first role of a relation; the role of a member of a dictionary is its key.

    Raises: DocumentError if it exceeds the maximum length of a role.
    """
    values = [value for term in _ROLES for value in statement.values.get(term, ())]
    text = next(
        (value.name.iri if value.name and value.name.namespace else value.text for value in values), None
    )
    if text and len(text.encode()) > ROLE_BYTES:
        raise DocumentError(f"{statement.where}: the role has more than {ROLE_BYTES} bytes")
    return text or None


def _time(statement: Statement) -> datetime | None:
    time = statement.times.get("time")
    return utc(time, statement.where) if time else None
