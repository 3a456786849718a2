"""The ids in the store of the things in a document of records, and the things that it only refers to."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from provtap.ingest.model import identity
from provtap.ingest.model.records import Activity, Agent, Entity, Rank, Record
from provtap.ingest.readers.records.parse import ParsedRecord


class Ids:
    """The ids in one document, and the things that it refers to without describing them."""

    def __init__(self, parsed: Iterable[ParsedRecord]) -> None:
        self._ids: dict[tuple[str, str], str] = {}  # by kind of thing, and id as given
        self._activities: dict[str, ParsedRecord] = {}
        self.mentions: dict[Record, None] = {}
        parsed = list(parsed)
        self._configured = dict(_configured(each) for each in parsed if each.of.name == "WasConfiguredBy")
        for each in parsed:
            if each.of.thing:
                self._declare(each, each.of.thing)

    def own(self, parsed: ParsedRecord) -> str:
        """Return the id of the thing described in *parsed*."""
        own = self._OWN.get(parsed.of.name)
        return own(self, parsed) if own else str(parsed.values["id"])

    def end(self, parsed: ParsedRecord, attribute: str) -> str | None:
        """Return the id that *attribute* refers to, or None; things without description become mentions."""
        given = parsed.get(attribute)
        return None if given is None else self.find(parsed, attribute, given)

    def given_end(self, parsed: ParsedRecord, attribute: str) -> str:
        """Return the id that *attribute* refers to; the attribute must be present."""
        return self.find(parsed, attribute, parsed.values[attribute])

    def find(self, parsed: ParsedRecord, attribute: str, given: str) -> str:
        """Return the stored id of the thing that *attribute* of *parsed* refers to as *given*."""
        spec = parsed.of.attribute(attribute)
        thing = spec.refers if spec and spec.refers else ""
        found = self._ids.get((thing, given))
        if found is None:
            if given.startswith("_:"):
                raise parsed.wrong(f"is {given[:60]!r}, which no {thing} of this document has", attribute)
            self._mention(thing, given, parsed.of.name, attribute)
        return found or given

    def knows(self, thing: str, given: str) -> bool:
        """Return whether the document describes this thing."""
        return (thing, given) in self._ids

    def activity_of(self, parsed: ParsedRecord) -> str:
        """Return the activity of a parameter or configuration file.

        Raises: DocumentError if the document does not name it.
        """
        configured = self._configured.get((parsed.of.thing or "", str(parsed.get("id"))))
        given = parsed.get("activity") or configured
        if given is None:
            raise parsed.wrong("is missing, and no WasConfiguredBy of this document names it", "activity")
        return self.find(parsed, "activity", given)

    def times(self, parsed: ParsedRecord, activity: str) -> tuple[datetime, datetime]:
        """Return the start and end of an activity, which determine the file at a location.

        Raises: DocumentError if the document does not have them.
        """
        known = self._activities.get(activity)
        start = known.get("startTime") if known else None
        if known is None or start is None:
            raise parsed.wrong("needs the Activity in the same document, with its startTime", "location")
        return start, known.get("endTime") or start

    def _declare(self, parsed: ParsedRecord, thing: str) -> None:
        given = parsed.get("id")
        local = given is not None and given.startswith("_:")
        if local and parsed.of.name not in self._OWN:
            raise parsed.wrong("must not begin with _: because other documents refer to it", "id")
        id_ = self.own(parsed)
        if given is not None:
            self._ids[thing, given] = id_
        if thing == "activity":
            self._activities[id_] = parsed

    def _mention(self, thing: str, id_: str, of: str, attribute: str) -> None:
        rank = Rank.MENTION
        if thing == "entity" and attribute != "valueEntity":
            class_ = "Collection" if (of, attribute) == ("HadMember", "collection") else "Entity"
            self.mentions[Entity(rank=rank, id=id_, class_=class_)] = None
        elif thing == "activity":
            self.mentions[Activity(rank=rank, id=id_)] = None
        elif thing == "agent":
            self.mentions[Agent(rank=rank, id=id_, name=id_)] = None

    # Ids of things with a natural key

    def _described_activity(self, parsed: ParsedRecord) -> str:
        return identity.activity_description(parsed.values["name"], parsed.get("version"))

    def _described_entity(self, parsed: ParsedRecord) -> str:
        return identity.named_description(parsed.of.name, parsed.values["name"])

    def _described_part(self, parsed: ParsedRecord) -> str:
        part = parsed.get("role") or parsed.values["name"]
        return identity.part_of(parsed.of.name, self.given_end(parsed, "activityDescription"), part)

    def _parameter(self, parsed: ParsedRecord) -> str:
        given = str(parsed.get("id") or "_:")
        return (
            identity.parameter(self.activity_of(parsed), parsed.values["name"])
            if given.startswith("_:")
            else given
        )

    def _config_file(self, parsed: ParsedRecord) -> str:
        given = str(parsed.get("id") or "_:")
        return (
            identity.config_file(self.activity_of(parsed), parsed.values["location"])
            if given.startswith("_:")
            else given
        )

    _OWN: Mapping[str, Callable[["Ids", ParsedRecord], str]] = {
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


def _configured(parsed: ParsedRecord) -> tuple[tuple[str, str], str]:
    """Return the parameter or file and the activity of each WasConfiguredBy."""
    given = [(w, t) for w, t in (("parameter", "parameter"), ("configFile", "config file")) if parsed.get(w)]
    if len(given) != 1:
        raise parsed.wrong("must have a parameter or a configFile, and not both")
    attribute, thing = given[0]
    if parsed.get("artefactType") not in {None, attribute[0].upper() + attribute[1:]}:
        raise parsed.wrong(f"does not fit the {attribute}", "artefactType")
    return (thing, parsed.values[attribute]), parsed.values["activity"]
