"""Descriptions of roles and parameters: their rows for each version of a tool, and the links to them.

In ProvenanceDM, a role and its description have the same name, and both belong to one activity description.
So the stored rows determine the description of a usage, in any order of arrival: the description of its
activity has a description of that role, or none.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.ingest.model import identity
from provtap.ingest.model.descriptions import (
    ConfigFileDescription,
    GeneratedKind,
    GenerationDescription,
    ParameterDescription,
    UsageDescription,
    UsedKind,
)
from provtap.ingest.model.records import (
    ActivityDescription,
    ConfigFile,
    Parameter,
    Record,
    WasGeneratedBy,
    columns,
)

SQL = load_statements("provtap.ingest.store", "description_links.sql")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A class of parts of an activity description, and the table that refers to it by name."""

    kind: type[Record]
    name: str
    """Column of the role or name, without prefix."""
    described: str
    """The table with links to such descriptions."""
    prefix: str
    link: str

    @property
    def key(self) -> str:
        """Column of the id."""
        return f"{self.kind.prefix}id"

    @property
    def natural(self) -> tuple[str, str]:
        """Columns of the natural key."""
        return f"{self.kind.prefix}activitydescription_id", f"{self.kind.prefix}{self.name}"


PARTS = (
    Part(
        kind=UsageDescription,
        name="role",
        described="provenance.used",
        prefix="u_",
        link="u_usagedescription_id",
    ),
    Part(
        kind=GenerationDescription,
        name="role",
        described=WasGeneratedBy.table,
        prefix=WasGeneratedBy.prefix,
        link="wgb_generationdescription_id",
    ),
    Part(
        kind=ParameterDescription,
        name="name",
        described=Parameter.table,
        prefix=Parameter.prefix,
        link="p_parameterdescription_id",
    ),
    Part(
        kind=ConfigFileDescription,
        name="name",
        described=ConfigFile.table,
        prefix=ConfigFile.prefix,
        link="cf_configfiledescription_id",
    ),
)
ROLE_OF: Mapping[type[Record], type[Record]] = {
    UsedKind: UsageDescription,
    GeneratedKind: GenerationDescription,
}
"""The class of the role, for each relation between roles and kinds of entities."""
DRAFT = {"ad_id", "ad_name", "ad_version"}
"""Columns that only identify an activity description."""


def description_texts() -> dict[str, str]:
    """Return the fields and columns of an activity description that are not part of its identity."""
    return {field: column for field, column in columns(ActivityDescription) if column not in DRAFT}


@dataclass(frozen=True)
class Entry:
    """The description of one version of a tool in a set of descriptions."""

    ad_id: str
    name: str
    version: str | None
    set_name: str
    content: Mapping[str, Any]

    def row(self) -> dict[str, Any]:
        """Return the row of the activity description."""
        said = {column: self.content.get(field) for field, column in description_texts().items()}
        return {"ad_id": self.ad_id} | said

    def parts(self) -> Iterator[Record]:
        """Yield the parts of the activity description, with one row for each alias of a role or name."""
        yield from self._flows("usage", UsageDescription, UsedKind)
        yield from self._flows("generation", GenerationDescription, GeneratedKind)
        for said in self.content["parameters"]:
            rest = _without(said, "name", "aliases", "options")
            options = json.dumps(said["options"], ensure_ascii=False) if said["options"] else None
            for id_, name in self._named(ParameterDescription, said, "name"):
                yield ParameterDescription(
                    id=id_, activity_description_id=self.ad_id, name=name, options=options, **rest
                )
        for said in self.content["config_files"]:
            rest = _without(said, "name", "aliases")
            for id_, name in self._named(ConfigFileDescription, said, "name"):
                yield ConfigFileDescription(id=id_, activity_description_id=self.ad_id, name=name, **rest)

    def _flows(self, name: str, kind: Any, of_entity: Any) -> Iterator[Record]:
        for said in self.content[name]:
            rest = _without(said, "role", "aliases", "entities")
            for id_, role in self._named(kind, said, "role"):
                yield kind(id=id_, activity_description_id=self.ad_id, role=role, **rest)
                for entity in said["entities"]:
                    described = identity.entity_description(self.set_name, entity)
                    yield of_entity(**{f"{name}_description_id": id_, "entity_description_id": described})

    def _named(self, kind: type[Record], said: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
        label = kind.table.removeprefix("provenance.")
        for name in (said[key], *said["aliases"]):
            yield identity.part_description(label, self.name, self.version, name), name


def _without(said: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name not in names}


def entries(transaction: Transaction, *, ids: Sequence[str] = (), names: Sequence[str] = ()) -> list[Entry]:
    """Return the entries of activity descriptions in sets, by their ids or names, if there are any."""
    found = transaction.rows(SQL["entries"], ids=list(ids), names=list(names))
    return [Entry(*row) for row in found]


def link(
    transaction: Transaction,
    *,
    activities: Sequence[str] = (),
    descriptions: Sequence[str] = (),
    concerned: str = SQL["concerned"],
) -> int:
    """Link the rows of *activities*, or of all activities of *descriptions*, to their descriptions.

    *concerned* may be another relation of activities (a_id) with their description (description_id). Returns
    the number of changed links.
    """
    return sum(
        transaction.execute(
            SQL["link"].format(
                concerned=concerned,
                table=part.described,
                activity=f"{part.prefix}activity_id",
                name=f"{part.prefix}{part.name}",
                link=part.link,
                described=part.kind.table,
                key=part.key,
                owner=part.natural[0],
                described_name=part.natural[1],
            ),
            activities=list(activities),
            descriptions=list(descriptions),
        )
        for part in PARTS
    )


def keep_claims(transaction: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """Store the claims of records about descriptions: *rows* of provtap.told_description."""
    transaction.execute(SQL["remember"], rows=json.dumps(list(rows)))


def withdraw(transaction: Transaction, table: str, key: str, ids: Iterable[str]) -> None:
    """Delete the rows of *table* that have these *ids*."""
    transaction.execute(SQL["withdraw"].format(table=table, key=key), ids=list(ids))
