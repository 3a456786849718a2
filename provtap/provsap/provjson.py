"""Writes PROV-JSON directly, with the methods of `ProvDocument`, but without its checks.

A graph of the store does not need the checks, which take longer than finding the graph. A test compares the
output with the document of the `prov` library.

Source: The PROV-JSON Serialization, W3C Member Submission 24 April 2013.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import count
from typing import Any

from prov.identifier import Namespace, QualifiedName
from prov.serializers.provjson import encode_json_representation

Name = QualifiedName | None
Attributes = Iterable[tuple[QualifiedName, Any]]
Record = dict[str, Any]


class JsonDocument:
    """A document of PROV as JSON."""

    def __init__(self) -> None:
        self._prefixes: dict[str, str] = {}
        self._records: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        self._numbers = count(1)

    def text(self) -> bytes:
        """Return the whole document, in UTF-8."""
        return json.dumps({"prefix": self._prefixes, **self._records}, ensure_ascii=False).encode()

    def add_namespace(self, namespace: Namespace | str, uri: str = "") -> Namespace:
        """Declare a namespace, and return it."""
        added = Namespace(namespace, uri) if isinstance(namespace, str) else namespace
        self._prefixes[added.prefix] = added.uri
        return added

    # Things

    def entity(self, id: QualifiedName, attributes: Attributes = ()) -> None:
        """Add an entity."""
        self._add("entity", str(id), {}, attributes)

    def activity(
        self, id: QualifiedName, start: datetime | None, end: datetime | None, attributes: Attributes = ()
    ) -> None:
        """Add an activity."""
        self._add("activity", str(id), {"prov:startTime": start, "prov:endTime": end}, attributes)

    def agent(self, id: QualifiedName, attributes: Attributes = ()) -> None:
        """Add an agent."""
        self._add("agent", str(id), {}, attributes)

    # Relations, with the arguments of ProvDocument

    def used(
        self,
        activity: Name,
        entity: Name,
        time: datetime | None = None,
        identifier: None = None,
        other_attributes: Attributes = (),
    ) -> None:
        """Add a usage."""
        ends = {"prov:activity": activity, "prov:entity": entity, "prov:time": time}
        self._relate("used", ends, other_attributes)

    def wasGeneratedBy(  # noqa: N802
        self, entity: Name, activity: Name, time: datetime | None = None, other_attributes: Attributes = ()
    ) -> None:
        """Add a generation."""
        ends = {"prov:entity": entity, "prov:activity": activity, "prov:time": time}
        self._relate("wasGeneratedBy", ends, other_attributes)

    def wasDerivedFrom(self, generated: Name, used: Name) -> None:  # noqa: N802
        """Add a derivation."""
        self._relate("wasDerivedFrom", {"prov:generatedEntity": generated, "prov:usedEntity": used})

    def wasInformedBy(self, informed: Name, informant: Name) -> None:  # noqa: N802
        """Add a communication."""
        self._relate("wasInformedBy", {"prov:informed": informed, "prov:informant": informant})

    def hadMember(self, collection: Name, entity: Name) -> None:  # noqa: N802
        """Add a membership."""
        self._relate("hadMember", {"prov:collection": collection, "prov:entity": entity})

    def wasAssociatedWith(  # noqa: N802
        self, activity: Name, agent: Name, plan: Name = None, other_attributes: Attributes = ()
    ) -> None:
        """Add an association."""
        ends = {"prov:activity": activity, "prov:agent": agent, "prov:plan": plan}
        self._relate("wasAssociatedWith", ends, other_attributes)

    def wasAttributedTo(self, entity: Name, agent: Name, other_attributes: Attributes = ()) -> None:  # noqa: N802
        """Add an attribution."""
        self._relate("wasAttributedTo", {"prov:entity": entity, "prov:agent": agent}, other_attributes)

    def wasInfluencedBy(  # noqa: N802
        self, influencee: Name, influencer: Name, other_attributes: Attributes = ()
    ) -> None:
        """Add an influence."""
        ends = {"prov:influencee": influencee, "prov:influencer": influencer}
        self._relate("wasInfluencedBy", ends, other_attributes)

    def specializationOf(self, specific: Name, general: Name) -> None:  # noqa: N802
        """Add a specialization."""
        self._relate("specializationOf", {"prov:specificEntity": specific, "prov:generalEntity": general})

    def _relate(self, kind: str, ends: Record, attributes: Attributes = ()) -> None:
        self._add(kind, f"_:id{next(self._numbers)}", ends, attributes)

    def _add(self, kind: str, id: str, formal: Record, attributes: Attributes) -> None:
        record: Record = {}
        for name, value in formal.items():
            if value is not None:
                record[name] = value.isoformat() if isinstance(value, datetime) else str(value)
        several: defaultdict[str, list[Any]] = defaultdict(list)
        for attribute, value in attributes:
            written = value if isinstance(value, str) else encode_json_representation(value)
            if written not in several[str(attribute)]:
                several[str(attribute)].append(written)
        record |= {name: values[0] if len(values) == 1 else values for name, values in several.items()}
        records = self._records[kind]
        if id in records:  # in PROV-JSON several records with one id are a list
            known = records[id]
            record_list = known if isinstance(known, list) else [known]
            records[id] = [*record_list, record]
        else:
            records[id] = record
