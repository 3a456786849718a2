"""What record sets say, by the things that they relate: every statement, whether it counts or not."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provtap.ingest.model.records import (
    Activity,
    Agent,
    Alias,
    ConfigFile,
    Entity,
    External,
    ExternalHash,
    HadMember,
    Hash,
    Location,
    Parameter,
    Reading,
    Record,
    Relation,
    WasAssociatedWith,
    WasAttributedTo,
    WasDerivedFrom,
    WasGeneratedBy,
    WasInformedBy,
    Withdrawal,
    Writing,
)
from provtap.ingest.store.copies import EMPTY
from provtap.provsap.graph import Key

Ids = dict[str, set[str]]


def _ids() -> Ids:
    return defaultdict(set)


class Statements:
    """All that was said so far. Each mapping goes from the thing of its key to others."""

    def __init__(self) -> None:
        self.kinds = _ids()
        """Whether an id is that of an entity, an activity or an agent, perhaps of several."""
        self.named = _ids()
        """Entities by their other names."""
        self.places = _ids()
        """The places of entities, and their other URLs."""
        self.generators = _ids()
        self.products = _ids()
        self.used = _ids()
        """Only by the id of the entity; the next are by its place."""
        self.users = _ids()
        self.read: dict[str, list[Reading]] = defaultdict(list)
        """By activity."""
        self.readers: dict[str, list[Reading]] = defaultdict(list)
        """By place."""
        self.written: dict[str, list[Writing]] = defaultdict(list)
        """By place."""
        self.sources = _ids()
        self.derivatives = _ids()
        self.informants = _ids()
        self.informed = _ids()
        self.collections = _ids()
        self.members = _ids()
        self.agents = _ids()
        self.responsible: dict[str, set[Key]] = defaultdict(set)
        """By agent."""
        self.checksums = _ids()
        self.content = _ids()
        """Entities by checksum."""
        self.configuration = _ids()
        """Parameters and configuration files by activity."""
        self.withdrawals: dict[str, list[Withdrawal]] = defaultdict(list)
        self._ends: set[str] = set()
        """The things that relations have, and that may have their record elsewhere."""

    def add(self, record: Record) -> None:
        """Add what *record* says of relations; what it says of one thing alone does not matter here."""
        if not isinstance(record, Reading | ExternalHash | Relation):  # they need no stored thing
            ends = vars(record).keys() & _ENDS
            self._ends |= {vars(record)[name] for name in ends}
        adds = _ADDS.get(type(record))
        if adds:
            adds(self, record)

    def undeclared(self) -> set[str]:
        """Return the things that are only an end of a relation so far, which needs a row of each end."""
        self._ends = {id_ for id_ in self._ends if id_ is not None and id_ not in self.kinds}
        return self._ends

    def things(self, name: str) -> Iterator[Key]:
        """Yield everything that *name* may mean."""
        yield from (Key(kind, name) for kind in self.kinds.get(name, ()))
        yield from (Key("entity", entity) for entity in self.named.get(name, ()))

    def _entity(self, record: Entity) -> None:
        self.kinds[record.id].add("entity")
        self._name(record.id, record.location)

    def _activity(self, record: Activity) -> None:
        self.kinds[record.id].add("activity")

    def _agent(self, record: Agent) -> None:
        self.kinds[record.id].add("agent")

    def _location(self, record: Location) -> None:
        self._name(record.entity_id, record.url)

    def _alias(self, record: Alias) -> None:
        self.named[record.value].add(record.entity_id)

    def _name(self, entity: str, place: str | None) -> None:
        if place:
            self.places[entity].add(place)
            self.named[place].add(entity)

    def _generation(self, record: WasGeneratedBy | Writing) -> None:
        self.generators[record.entity_id].add(record.activity_id)
        self.products[record.activity_id].add(record.entity_id)

    def _writing(self, record: Writing) -> None:
        self._generation(record)
        self._name(record.entity_id, record.url)
        self.written[record.url].append(record)
        self.named[record.external_id].add(record.entity_id)

    def _reading(self, record: Reading) -> None:
        if record.entity_id is not None:
            self.used[record.activity_id].add(record.entity_id)
            self.users[record.entity_id].add(record.activity_id)
        else:
            self.read[record.activity_id].append(record)
            self.readers[str(record.url)].append(record)
            self._name(str(record.external_id), record.url)

    def _derivation(self, record: WasDerivedFrom) -> None:
        self.sources[record.generated_entity_id].add(record.used_entity_id)
        self.derivatives[record.used_entity_id].add(record.generated_entity_id)

    def _information(self, record: WasInformedBy) -> None:
        self.informants[record.informed_id].add(record.informant_id)
        self.informed[record.informant_id].add(record.informed_id)

    def _member(self, record: HadMember) -> None:
        self.collections[record.entity_id].add(record.collection_id)
        self.members[record.collection_id].add(record.entity_id)

    def _attribution(self, record: WasAttributedTo) -> None:
        self.agents[record.entity_id].add(record.agent_id)
        self.responsible[record.agent_id].add(Key("entity", record.entity_id))

    def _association(self, record: WasAssociatedWith) -> None:
        self.agents[record.activity_id].add(record.agent_id)
        self.responsible[record.agent_id].add(Key("activity", record.activity_id))

    def _checksum(self, record: Hash | ExternalHash) -> None:
        if record.digest not in EMPTY and record.size != 0:
            self.checksums[record.entity_id].add(record.digest)
            self.content[record.digest].add(record.entity_id)

    def _configuration(self, record: Parameter | ConfigFile) -> None:
        self.configuration[record.activity_id].add(record.id)

    def _withdrawal(self, record: Withdrawal) -> None:
        self.withdrawals[record.entity_id].append(record)


_ENDS = {
    "activity_id",
    "agent_id",
    "collection_id",
    "entity_id",
    "generated_entity_id",
    "informant_id",
    "informed_id",
    "successor_id",
    "used_entity_id",
}
_ADDS: Mapping[type[Record], Callable[[Statements, Any], None]] = {
    Entity: Statements._entity,
    External: Statements._entity,
    Activity: Statements._activity,
    Agent: Statements._agent,
    Location: Statements._location,
    Alias: Statements._alias,
    WasGeneratedBy: Statements._generation,
    Writing: Statements._writing,
    Reading: Statements._reading,
    WasDerivedFrom: Statements._derivation,
    WasInformedBy: Statements._information,
    HadMember: Statements._member,
    WasAttributedTo: Statements._attribution,
    WasAssociatedWith: Statements._association,
    Hash: Statements._checksum,
    ExternalHash: Statements._checksum,
    Parameter: Statements._configuration,
    ConfigFile: Statements._configuration,
    Withdrawal: Statements._withdrawal,
}
