"""A store read from Python: `provtap.connect`. Standard library only.

store = provtap.connect("https://prov.example.org")
store.product("image.fits").lineage()
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from provtap.client.comparison import Comparison
from provtap.client.delivery import ProvError, ProvNotFound
from provtap.client.graph import Graph, picture
from provtap.client.notebook import html_facts
from provtap.client.service import Service
from provtap.client.tables import Table, read_votable

_PRODUCT = """
SELECT e_id, e_name, e_location, e_class, e_generatedattime, e_invalidatedattime, e_comment, wgb_activity_id
FROM provenance.entity LEFT JOIN provenance.wasgeneratedby ON wgb_entity_id = e_id
WHERE e_id = {id}"""
_CALLED = """
SELECT 1 AS closeness, al_entity_id AS id, al_validto AS until FROM provext.alias WHERE al_value = {name}
UNION SELECT 1, e_id, e_invalidatedattime FROM provenance.entity WHERE e_location = {name}
UNION SELECT 2, h_entity_id, NULL FROM provext.hash WHERE h_digest = {name}
UNION SELECT 3, e_id, e_invalidatedattime FROM provenance.entity WHERE e_name = {name}"""
_RUN = """
SELECT a_id, a_name, ad_name, ad_version, a_starttime, a_endtime, r_status, r_exitcode, r_host
FROM provenance.activity
LEFT JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
LEFT JOIN provext.run ON r_activity_id = a_id
WHERE a_id = {id}"""
_PARAMETERS = """
SELECT ap_name AS name, ap_value AS "value", ap_unit AS unit
FROM provext.activity_parameter WHERE ap_activity_id = {id} ORDER BY ap_name"""
_INPUTS = """
SELECT u_role AS role, e_id AS id, e_name AS name, e_location AS location
FROM provenance.used JOIN provenance.entity ON e_id = u_entity_id
WHERE u_activity_id = {id} ORDER BY u_role, e_name"""
_OUTPUTS = """
SELECT wgb_role AS role, e_id AS id, e_name AS name, e_location AS location
FROM provenance.wasgeneratedby JOIN provenance.entity ON e_id = wgb_entity_id
WHERE wgb_activity_id = {id} ORDER BY wgb_role, e_name"""
_PICTURE_DEPTH = 4
"""Relations in the picture of one thing."""


def connect(url: str, token: str | None = None) -> "Store":
    """Return the store of the service at *url*, the root of its site with or without `/tap`.

    Raises: ProvError for something else than an address. Nothing is sent yet.
    """
    return Store(url, token)


class Store:
    """The store of a service, to read. Each method raises ProvError with the service's own sentence."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self._service = Service(url, token)
        self.url = url

    def __repr__(self) -> str:
        return f"<Store at {self.url}>"

    def query(self, adql: str, *, maxrec: int | None = None) -> Table:
        """Return the result of a query; at most *maxrec* rows, or as many as the service gives.

        Raises: ProvError.
        """
        asked = [("LANG", "ADQL"), ("QUERY", adql), ("RESPONSEFORMAT", "votable/td")]
        asked += [("MAXREC", str(maxrec))] if maxrec is not None else []
        return read_votable(self._service.ask("tap/sync", asked).blocks())

    def product(self, name: str) -> "Product":
        """Return the entity with this id, path, other name, checksum or file name.

        Raises: ProvNotFound; ProvError if several have the name.
        """
        rows = list(self.query(_PRODUCT.format(id=_literal(name))))
        if not rows:
            rows = list(self.query(_PRODUCT.format(id=_literal(self._called(name)))))
        (row,) = rows
        return Product(
            self,
            row["e_id"],
            name=row["e_name"],
            location=row["e_location"],
            kind=row["e_class"],
            generated=row["e_generatedattime"],
            invalidated=row["e_invalidatedattime"],
            comment=row["e_comment"],
            run_id=row["wgb_activity_id"],
        )

    def _called(self, name: str) -> str:
        """Return the id of the entity that has this name now, else of the one that had it."""
        rows = list(self.query(_CALLED.format(name=_literal(name))))
        nearest = [row for row in rows if row["closeness"] == min(each["closeness"] for each in rows)]
        ids = {row["id"] for row in nearest if row["until"] is None} or {row["id"] for row in nearest}
        if not ids and len(self.query(_RUN.format(id=_literal(name)))):
            raise ProvError(f"{name[:200]} is a run, not a product: read it with run().")
        if not ids:
            raise ProvNotFound(f"Nothing has the name {name[:200]}.", status=404)
        if len(ids) > 1:
            some = ", ".join(sorted(ids)[:5])
            raise ProvError(
                f"{name[:200]} is the name of {len(ids)} products. Give the id of one of them: {some}."
            )
        return str(ids.pop())

    def run(self, id: str) -> "Run":
        """Return the activity with this id.

        Raises: ProvNotFound.
        """
        rows = list(self.query(_RUN.format(id=_literal(id))))
        if not rows:
            raise ProvNotFound(f"There is no run {id[:200]}.", status=404)
        (row,) = rows
        return Run(
            self,
            row["a_id"],
            name=row["a_name"],
            program=row["ad_name"] or row["a_name"],
            version=row["ad_version"],
            started=row["a_starttime"],
            ended=row["a_endtime"],
            status=row["r_status"],
            exit_code=row["r_exitcode"],
            host=row["r_host"],
        )

    def graph(self, id: str, direction: str = "BACK", **parameters: str | int) -> Graph:
        """Return the provenance of a thing; *parameters* are those of ProvSAP in lower case: `depth`.

        Raises: ProvError.
        """
        usual: dict[str, str | int] = {"DEPTH": "ALL", "CONFIGURATION": 0}
        given = usual | {name.upper(): value for name, value in parameters.items()}
        asked = {"ID": id, "DIRECTION": direction, "RESPONSEFORMAT": "PROV-JSON"} | given
        return Graph(self._service, {name: str(value) for name, value in asked.items()})

    def diff(self, a: str, b: str) -> Comparison:
        """Return what differs between two runs, or between the histories of two products.

        Raises: ProvError.
        """
        answer = self._service.fetch("api/v1/diff", [("a", a), ("b", b)])
        return Comparison.of(json.loads(b"".join(answer.blocks())))


@dataclass(frozen=True)
class _Thing:
    """What products and runs have in common."""

    store: Store = field(repr=False, compare=False)
    id: str

    def lineage(self, depth: int | None = None, *, as_of: date | str | None = None) -> Graph:
        """Return where it came from: all of it, or so many relations.

        With *as_of*, the answer is as it was known on that date, or at that time in UTC: from the documents
        that the store had by then.
        """
        return self.store.graph(self.id, "BACK", **_asked(depth, as_of))

    def impact(self, depth: int | None = None, *, as_of: date | str | None = None) -> Graph:
        """Return what came from it: all of it, or so many relations; *as_of* as for `lineage`."""
        return self.store.graph(self.id, "FORTH", **_asked(depth, as_of))

    def diff(self, other: "_Thing | str") -> Comparison:
        """Return what differs: of two runs, or of the histories of two products."""
        return self.store.diff(self.id, other if isinstance(other, str) else other.id)

    def _facts(self) -> Mapping[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "store"}

    def _repr_html_(self) -> str:
        kind = type(self).__name__
        asked = {"ID": self.id, "DEPTH": str(_PICTURE_DEPTH)}
        return html_facts(kind, self._facts().items()) + picture(
            self.store._service, asked, f"Where this {kind.lower()} came from"
        )


@dataclass(frozen=True)
class Product(_Thing):
    """An entity."""

    name: str | None = None
    location: str | None = None
    kind: str | None = None
    """Its class, such as DatasetEntity."""
    generated: datetime | str | None = None
    """UTC."""
    invalidated: datetime | str | None = None
    """When it was withdrawn or replaced, in UTC."""
    comment: str | None = None
    run_id: str | None = None

    @property
    def run(self) -> "Run | None":
        """The run that generated it, if one is recorded."""
        return self.store.run(self.run_id) if self.run_id else None


@dataclass(frozen=True)
class Run(_Thing):
    """An activity."""

    name: str | None = None
    program: str | None = None
    version: str | None = None
    started: datetime | str | None = None
    """UTC."""
    ended: datetime | str | None = None
    status: str | None = None
    exit_code: int | None = None
    host: str | None = None

    @property
    def parameters(self) -> Table:
        """Its parameters: name, value and unit."""
        return self._table(_PARAMETERS)

    @property
    def inputs(self) -> Table:
        """What it used: role, id, name and location."""
        return self._table(_INPUTS)

    @property
    def outputs(self) -> Table:
        """What it generated: role, id, name and location."""
        return self._table(_OUTPUTS)

    def _table(self, query: str) -> Table:
        return self.store.query(query.format(id=_literal(self.id)))


def _asked(depth: int | None, as_of: date | str | None) -> dict[str, str | int]:
    asked: dict[str, str | int] = {"depth": "ALL" if depth is None else depth}
    if as_of is not None:
        asked["asof"] = as_of.isoformat() if isinstance(as_of, date) else as_of
    return asked


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("\0", "") + "'"
