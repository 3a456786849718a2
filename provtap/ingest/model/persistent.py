"""Persistent identifiers that sources give, as records."""

import re
from collections.abc import Iterable, Iterator

from provtap.identifiers import of_agent, of_thing
from provtap.ingest.model.records import Agent, AgentId, Alias, Entity, Record

_URL = re.compile("https?://(?:dx.)?doi.org/|doi:|ark:|https?://[^/]+/ark:|ivo://", re.IGNORECASE)
"""Prefixes of ids of entities that are persistent identifiers; numbers without prefix are ambiguous."""


def alias(entity_id: str, text: str) -> Alias | None:
    """Return the persistent identifier in *text* as an alias of an entity; None if invalid or the id."""
    found = of_thing(text)
    if found is None or found.value == entity_id:
        return None
    return Alias(entity_id=entity_id, kind=found.scheme, value=found.value, valid_from=None)


def agent_id(id: str, text: str) -> AgentId | None:
    """Return the persistent identifier of an agent in *text*, or None."""
    found = of_agent(text)
    return AgentId(agent_id=id, scheme=found.scheme, value=found.value) if found else None


def with_identifiers(records: Iterable[Record]) -> Iterator[Record]:
    """Yield *records*, and the persistent identifiers in the ids of their agents and entities.

    Documents often use an ORCID as the id of a person, or a DOI as the id of a data set.
    """
    for record in records:
        yield record
        if type(record) is Agent:
            for text in filter(None, (record.id, record.url)):
                if ":" in text and (found := agent_id(record.id, text)):
                    yield found
        elif type(record) is Entity and _URL.match(record.id) and (name := alias(record.id, record.id)):
            yield name
