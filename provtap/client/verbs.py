"""The verbs of ProvClient: each tells one record, in the words of ProvenanceDM as Python spells them."""

import math
import os
import re
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

_SNAKE = re.compile("_([a-z])")


class Verbs:
    """Records that are collected, by their classes."""

    def __init__(self) -> None:
        self._records: dict[str, list[dict[str, Any]]] = {}
        self._local = count(1)  # also for threads that tell of one run

    # Agents, activities, entities

    def add_agent(self, id: str, name: str, **words: Any) -> str:
        """Tell of an agent; return its id. Words: type, comment, email, affiliation, phone, address, url."""
        return self._add("Agent", id=id, name=name, **words)

    def add_activity(self, id: str | None = None, **words: Any) -> str:
        """Tell of an activity; return its id.

        Words: name, start_time, end_time, comment, activity_description.
        """
        return self._add("Activity", id=id or f"urn:uuid:{uuid.uuid4()}", **words)

    def add_run(self, activity: str, **words: Any) -> None:
        """Tell how an activity went. Words: status, exit_code, host, duration (seconds)."""
        self._add("Run", activity=activity, **words)

    def add_entity(self, id: str, **words: Any) -> str:
        """Tell of an entity; return its id.

        Words: name, location, generated_at_time, invalidated_at_time, comment, entity_description.
        """
        return self._add("Entity", id=id, **words)

    def add_dataset_entity(self, id: str, **words: Any) -> str:
        """Tell of an entity that is a dataset, in the words of `add_entity`."""
        return self._add("DatasetEntity", id=id, **words)

    def add_value_entity(self, id: str, value: Any, **words: Any) -> str:
        """Tell of an entity that is a value, in the words of `add_entity`."""
        return self._add("ValueEntity", id=id, value=value, **words)

    def add_collection(self, id: str, **words: Any) -> str:
        """Tell of an entity that has members, in the words of `add_entity`."""
        return self._add("Collection", id=id, **words)

    def invalidate(self, entity: str, time: datetime | str) -> None:
        """Tell when an entity ended: it was deleted, or must not be used any more."""
        self._add("Invalidation", entity=entity, time=time)

    # Relations

    def add_used(self, activity: str, entity: str | None = None, **words: Any) -> None:
        """Tell that an activity used an entity, or the file that was at *location*.

        Words: location, role, time.
        """
        self._add("Used", activity=activity, entity=entity, **words)

    def add_was_generated_by(
        self, entity: str | None = None, activity: str | None = None, **words: Any
    ) -> None:
        """Tell that an activity made an entity, or the file at *location*.

        Words: location, role, time (of the file at *location*).
        """
        self._add("WasGeneratedBy", entity=entity, activity=activity, **words)

    def add_was_derived_from(self, generated_entity: str, used_entity: str) -> None:
        """Tell what an entity was made of."""
        self._add("WasDerivedFrom", generated_entity=generated_entity, used_entity=used_entity)

    def add_was_informed_by(self, informed: str, informant: str) -> None:
        """Tell which activity another one went by, such as the whole that it is a step of."""
        self._add("WasInformedBy", informed=informed, informant=informant)

    def add_was_associated_with(self, activity: str, agent: str, role: str | None = None) -> None:
        """Tell who bears responsibility for an activity."""
        self._add("WasAssociatedWith", activity=activity, agent=agent, role=role)

    def add_was_attributed_to(self, entity: str, agent: str, role: str | None = None) -> None:
        """Tell who bears responsibility for an entity."""
        self._add("WasAttributedTo", entity=entity, agent=agent, role=role)

    def add_had_member(self, collection: str, entity: str) -> None:
        """Tell that a collection holds an entity."""
        self._add("HadMember", collection=collection, entity=entity)

    # Configuration

    def add_parameter(self, name: str, value: Any, activity: str | None = None, **words: Any) -> str:
        """Tell of a parameter; return its id. Without *activity*, `add_was_configured_by` must say whose."""
        told = "null" if value is None else value  # as any other value that is no text
        return self._add("Parameter", local=True, name=name, value=told, activity=activity, **words)

    def add_config_file(self, name: str, location: str, activity: str | None = None, **words: Any) -> str:
        """Tell of a configuration file; return its id. *activity* as for `add_parameter`."""
        return self._add("ConfigFile", local=True, name=name, location=location, activity=activity, **words)

    def add_was_configured_by(
        self, activity: str, *, parameter: str | None = None, config_file: str | None = None
    ) -> None:
        """Tell which parameter or configuration file of this document an activity had."""
        self._add("WasConfiguredBy", activity=activity, parameter=parameter, config_file=config_file)

    def add_had_reference(self, parameter: str, value_entity: str) -> None:
        """Tell which ValueEntity a parameter took its value from."""
        self._add("HadReference", parameter=parameter, value_entity=value_entity)

    # Descriptions: known by their names, so that telling them again changes nothing

    def add_activity_description(self, name: str, version: str | None = None, **words: Any) -> str:
        """Describe activities; return an id for this document. Words: description, docurl, type, subtype."""
        return self._add("ActivityDescription", local=True, name=name, version=version, **words)

    def add_entity_description(self, name: str, **words: Any) -> str:
        """Describe entities; return an id for this document. Words: description, docurl, type."""
        return self._add("EntityDescription", local=True, name=name, **words)

    def add_dataset_description(self, name: str, content_type: str, **words: Any) -> str:
        """Describe datasets, in the words of `add_entity_description`."""
        return self._add("DatasetDescription", local=True, name=name, content_type=content_type, **words)

    def add_value_description(self, name: str, value_type: str, **words: Any) -> str:
        """Describe values, in the words of `add_entity_description`, and unit, ucd, utype."""
        return self._add("ValueDescription", local=True, name=name, value_type=value_type, **words)

    def add_usage_description(self, activity_description: str, role: str, **words: Any) -> str:
        """Describe a role of what is used. Words: description, type, multiplicity, entity_description."""
        return self._add(
            "UsageDescription", local=True, activity_description=activity_description, role=role, **words
        )

    def add_generation_description(self, activity_description: str, role: str, **words: Any) -> str:
        """Describe a role of what is generated, in the words of `add_usage_description`."""
        return self._add(
            "GenerationDescription", local=True, activity_description=activity_description, role=role, **words
        )

    def add_parameter_description(
        self, activity_description: str, name: str, value_type: str, **words: Any
    ) -> str:
        """Describe a parameter. Words: unit, ucd, utype, min, max, default, options, description."""
        of = {"activity_description": activity_description, "name": name, "value_type": value_type}
        return self._add("ParameterDescription", local=True, **of, **words)

    def add_config_file_description(
        self, activity_description: str, name: str, content_type: str, **words: Any
    ) -> str:
        """Describe a configuration file. Words: description."""
        of = {"activity_description": activity_description, "name": name, "content_type": content_type}
        return self._add("ConfigFileDescription", local=True, **of, **words)

    def _add(self, class_: str, *, local: bool = False, **words: Any) -> str:
        if local and words.get("id") is None:
            words["id"] = f"_:{next(self._local)}"
        record = {camel(name): plain(value) for name, value in words.items() if value is not None}
        self._records.setdefault(class_, []).append(record)
        return str(words.get("id", ""))


def camel(name: str) -> str:
    """Return the word of the model that *name* is in Python: `start_time` is startTime."""
    return _SNAKE.sub(lambda found: found.group(1).upper(), name)


def plain(value: Any) -> Any:
    """Return a value as the service takes it: times in UTC, paths absolute, what has no JSON as text."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, os.PathLike):
        with suppress(FileNotFoundError):  # the current directory was removed
            value = os.path.abspath(value)  # noqa: PTH100 (`..` goes, links stay, as in ctapipe)
    if isinstance(value, bool | int | list | dict) or isinstance(value, float) and math.isfinite(value):
        return value
    return str(value).encode(errors="replace").decode()  # a file name may be no Unicode
