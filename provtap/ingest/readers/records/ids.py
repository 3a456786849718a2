"""Which ids the things of a document of records have in the store, and what the document only refers to."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from provtap.ingest.model import identity
from provtap.ingest.model.records import Activity, Agent, Entity, Rank, Record
from provtap.ingest.readers.records.parse import Told


class Ids:
    """The ids that one document gives, and the things that it refers to without telling of them."""

    def __init__(self, told: Iterable[Told]) -> None:
        self._ids: dict[tuple[str, str], str] = {}  # by kind of thing, and id as given
        self._activities: dict[str, Told] = {}
        self.mentions: dict[Record, None] = {}
        told = list(told)
        self._configured = dict(_configured(each) for each in told if each.of.name == "WasConfiguredBy")
        for each in told:
            if each.of.thing:
                self._declare(each, each.of.thing)

    def own(self, told: Told) -> str:
        """Return the id of what is told."""
        own = self._OWN.get(told.of.name)
        return own(self, told) if own else str(told.values["id"])

    def end(self, told: Told, word: str) -> str | None:
        """Return the id that *word* refers to, or None; what the document does not tell of is mentioned."""
        given = told.get(word)
        return None if given is None else self.find(told, word, given)

    def given_end(self, told: Told, word: str) -> str:
        """Return the id that *word* refers to, which has to."""
        return self.find(told, word, told.values[word])

    def find(self, told: Told, word: str, given: str) -> str:
        """Return the id of what *word* of *told* calls *given*."""
        spec = told.of.word(word)
        thing = spec.refers if spec and spec.refers else ""
        found = self._ids.get((thing, given))
        if found is None:
            if given.startswith("_:"):
                raise told.wrong(f"is {given[:60]!r}, which this document gives to no {thing}", word)
            self._mention(thing, given, told.of.name, word)
        return found or given

    def knows(self, thing: str, given: str) -> bool:
        """Tell whether the document tells of this thing."""
        return (thing, given) in self._ids

    def activity_of(self, told: Told) -> str:
        """Return the activity that a parameter or configuration file is of.

        Raises: DocumentError if the document does not say it.
        """
        configured = self._configured.get((told.of.thing or "", str(told.get("id"))))
        given = told.get("activity") or configured
        if given is None:
            raise told.wrong("is missing, and no WasConfiguredBy of this document says it", "activity")
        return self.find(told, "activity", given)

    def times(self, told: Told, activity: str) -> tuple[datetime, datetime]:
        """Return when an activity was, which tells what file was at a place: its start, and its end.

        Raises: DocumentError if the document does not say it.
        """
        known = self._activities.get(activity)
        start = known.get("startTime") if known else None
        if known is None or start is None:
            raise told.wrong("needs the Activity in the same document, with its startTime", "location")
        return start, known.get("endTime") or start

    def _declare(self, told: Told, thing: str) -> None:
        given = told.get("id")
        local = given is not None and given.startswith("_:")
        if local and told.of.name not in self._OWN:
            raise told.wrong("must mean something elsewhere, too, so it can't begin with _:", "id")
        id_ = self.own(told)
        if given is not None:
            self._ids[thing, given] = id_
        if thing == "activity":
            self._activities[id_] = told

    def _mention(self, thing: str, id_: str, of: str, word: str) -> None:
        rank = Rank.MENTION
        if thing == "entity" and word != "valueEntity":
            class_ = "Collection" if (of, word) == ("HadMember", "collection") else "Entity"
            self.mentions[Entity(rank=rank, id=id_, class_=class_)] = None
        elif thing == "activity":
            self.mentions[Activity(rank=rank, id=id_)] = None
        elif thing == "agent":
            self.mentions[Agent(rank=rank, id=id_, name=id_)] = None

    # Ids of what is known by a natural key

    def _described_activity(self, told: Told) -> str:
        return identity.activity_description(told.values["name"], told.get("version"))

    def _described_entity(self, told: Told) -> str:
        return identity.named_description(told.of.name, told.values["name"])

    def _described_part(self, told: Told) -> str:
        part = told.get("role") or told.values["name"]
        return identity.part_of(told.of.name, self.given_end(told, "activityDescription"), part)

    def _parameter(self, told: Told) -> str:
        given = str(told.get("id") or "_:")
        return (
            identity.parameter(self.activity_of(told), told.values["name"])
            if given.startswith("_:")
            else given
        )

    def _config_file(self, told: Told) -> str:
        given = str(told.get("id") or "_:")
        return (
            identity.config_file(self.activity_of(told), told.values["location"])
            if given.startswith("_:")
            else given
        )

    _OWN: Mapping[str, Callable[["Ids", Told], str]] = {
        "ActivityDescription": _described_activity,
        "EntityDescription": _described_entity,
        "DatasetDescription": _described_entity,
        "ValueDescription": _described_entity,
        "UsageDescription": _described_part,
        "GenerationDescription": _described_part,
        "ParameterDescription": _described_part,
        "ConfigFileDescription": _described_part,
        "Parameter": _parameter,
        "ConfigFile": _config_file,
    }


def _configured(told: Told) -> tuple[tuple[str, str], str]:
    """Return which parameter or file a WasConfiguredBy gives to which activity."""
    given = [(w, t) for w, t in (("parameter", "parameter"), ("configFile", "config file")) if told.get(w)]
    if len(given) != 1:
        raise told.wrong("must have a parameter or a configFile, and not both")
    word, thing = given[0]
    if told.get("artefactType") not in {None, word[0].upper() + word[1:]}:
        raise told.wrong(f"does not fit a {word}", "artefactType")
    return (thing, told.values[word]), told.values["activity"]
