"""Stores observations: all files in one transaction, by the ids of their data products."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.sql import identifier, load_statements
from provtap.downloads import Downloads
from provtap.errors import DocumentError, NotFound, SettingsError, nearest
from provtap.ingest.documents.files import files
from provtap.ingest.observations import mapping as mappings
from provtap.ingest.observations import sources
from provtap.ingest.observations.expressions import Keywords
from provtap.ingest.observations.mapping import ObservationMapping
from provtap.ingest.observations.observation import Naming, NoObservation, WrongValue, observation, said
from provtap.ingest.observations.sources import Found, Source
from provtap.ingest.store.products import link_observations
from provtap.ingest.store.transaction import alone
from provtap.tableset import Column, Tableset

SQL = load_statements("provtap.ingest.observations", "load.sql")
_UNPUBLISHED = ("ob_product_id", "ob_place", "ob_checksums", "ob_source")


@dataclass(frozen=True)
class Remark:
    """A file that was not stored, or rows of it, with one reason."""

    source: str
    where: str
    """The first row, as ` (row 3)`; empty for a file."""
    reason: str
    number: int = 1

    def __str__(self) -> str:
        more = f" (and {self.number - 1} more)" if self.number > 1 else ""
        return f"{self.source}{self.where}: {self.reason}{more}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """The report on the files."""

    files: int
    observations: int
    new: int
    updated: int
    linked: int
    """Number of observations with a data product that is a stored entity."""
    mappings: dict[str, int]
    """Number of observations by mapping."""
    without_authority: int
    """Number of observations without a publisher's id, which got a local one."""
    skipped: tuple[Remark, ...]
    """Files and rows that are not observations."""
    refused: tuple[Remark, ...]
    """Files and rows with a wrong value."""

    @property
    def unchanged(self) -> int:
        """Number of observations that were already stored with the same values."""
        return self.observations - self.new - self.updated

    def content(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        own = {name: value for name, value in vars(self).items() if name not in {"skipped", "refused"}}
        remarks = {
            name: [vars(each) | {"where": each.where.strip(" ()")} for each in given]
            for name, given in (("skipped", self.skipped), ("refused", self.refused))
        }
        return own | {"unchanged": self.unchanged} | remarks


def load_observations(
    paths: Sequence[Path],
    database: Database,
    settings: Settings,
    tableset: Tableset,
    *,
    mapping: Path | None = None,
    naming: Naming = Naming(),  # noqa: B008  it is frozen
    checksums: bool = True,
    dry_run: bool = False,
) -> Report:
    """Store the observations in the files at *paths*, replacing stored ones with the same id.

    *mapping* is the file of a mapping; without one the dialect of each file is recognised.

    Raises: DocumentError for the mapping; SettingsError if an operator's own table is published;
    DatabaseUnavailable.
    """
    if settings.obscore:
        raise SettingsError(
            f"ivoa.obscore shows {settings.obscore} (PROVTAP_OBSCORE): put the observations into that table."
        )
    reading = _Reading(paths, tableset, mapping, naming, checksums, settings.downloads)
    names = [*(column.name for column in reading.columns), *_UNPUBLISHED]
    with alone(database, dry_run) as transaction:
        transaction.execute(SQL["stage"])
        transaction.copy("pg_temp.given_observation", names, reading.rows(names))
        merged = _merge(transaction, names)
        dids = list(reading.seen)
        link_observations(transaction, dids)
        [row] = transaction.rows(SQL["linked"], dids=dids)
    return Report(
        files=reading.files,
        observations=len(dids),
        new=merged.new,
        updated=merged.updated,
        linked=row.number,
        mappings=dict(reading.mappings),
        without_authority=sum(did.startswith("urn:x-provtap:product:") for did in dids),
        skipped=tuple(reading.skipped.remarks()),
        refused=tuple(reading.refused.remarks()),
    )


def remove_observations(dids: Sequence[str], database: Database) -> int:
    """Remove the observations with these ids, all or none; return their number.

    Raises: NotFound, DatabaseUnavailable.
    """
    wanted = list(dict.fromkeys(dids))
    with alone(database, dry_run=False) as transaction:
        removed = {row.did for row in transaction.rows(SQL["remove"], dids=wanted)}
        if missing := next((did for did in wanted if did not in removed), None):
            known = [row.did for row in transaction.rows(SQL["some_dids"])]
            raise NotFound(
                f"There is no observation {missing}; nothing was removed.", hint=nearest(missing, known)
            )
        link_observations(transaction, wanted)
    return len(wanted)


def _merge(transaction: Transaction, names: Sequence[str]) -> Any:
    columns = [identifier(name) for name in names]
    statement = SQL["merge"].format(
        columns=", ".join(columns),
        given=", ".join(f"excluded.{name}" for name in columns),
        held=", ".join(f"held.{name}" for name in columns),
    )
    return transaction.rows(statement)[0]


@dataclass
class _Remarks:
    """Remarks, grouped by reason."""

    first: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, source: str, where: str, reason: str) -> None:
        self.first.setdefault((source, reason), where)
        self.numbers[source, reason] += 1

    def remarks(self) -> Iterator[Remark]:
        for (source, reason), where in self.first.items():
            yield Remark(source, where, reason, self.numbers[source, reason])


class _Reading:
    """The files, and the observations found in them."""

    def __init__(
        self,
        paths: Sequence[Path],
        tableset: Tableset,
        mapping: Path | None,
        naming: Naming,
        checksums: bool,
        downloads: Downloads,
    ) -> None:
        tables = (tableset.table("ivoa.obscore"), tableset.table("ivoa.obscore_hea"))
        by_name = {column.name: column for table in tables if table for column in table.columns[::-1]}
        self.columns: list[Column] = list(by_name.values())
        self._own = mappings.load(mapping, by_name) if mapping else None
        self._dialects = mappings.dialects(by_name)
        self._paths = paths
        self._naming = naming
        self._checksums = checksums
        self._downloads = downloads
        self.files = 0
        self.mappings: Counter[str] = Counter()
        self.seen: dict[str, int] = {}
        """A digest of each observation, by its id."""
        self.skipped = _Remarks()
        self.refused = _Remarks()

    def rows(self, names: Sequence[str]) -> Iterator[list[Any]]:
        """Yield the observations as rows of *names*, one for each id."""
        for file in files(self._paths):
            name = str(file)
            self.files += 1
            try:
                source = sources.read(file.path)
                for found, mapping in self._found(source):
                    row = self._row(name, source, found, mapping)
                    if row is not None:
                        self.mappings[mapping.name] += 1
                        yield [row[column] for column in names]
            except DocumentError as error:
                (self.refused if file.named else self.skipped).add(name, "", said(error))

    def _found(self, source: Source) -> Iterator[tuple[Found, ObservationMapping]]:
        """Yield possible observations, each with its mapping.

        Raises: DocumentError if there is no mapping for this file.
        """
        mapping = self._own or self._recognised(source)
        rows = mapping.rows
        if rows is None:
            rows = source.header is None or bool(source.columns & mapping.keywords)
        if rows and source.columns:
            for found in source.table:
                yield found, mapping
        elif not rows and source.header is not None:
            yield Found(source.header, "", source.product_id), mapping
        else:
            what = "rows of a table" if rows else "headers"
            raise DocumentError(f"the mapping {mapping.name} is for {what}, and it has none")

    def _recognised(self, source: Source) -> ObservationMapping:
        header = source.header.values if source.header else {}
        columns = Keywords({**header, **dict.fromkeys(source.columns, "")})
        for mapping in self._dialects:
            if mapping.rows and source.columns and mapping.applies(columns):
                return mapping
            if not mapping.rows and source.header and mapping.applies(source.header):
                return mapping
        known = ", ".join(mapping.about for mapping in self._dialects)
        raise DocumentError(f"it is in none of the known dialects ({known}): describe it by a --mapping")

    def _row(
        self, name: str, source: Source, found: Found, mapping: ObservationMapping
    ) -> dict[str, Any] | None:
        """Return the row of an observation; None if it is not one, is wrong, or repeated."""
        is_product = source.is_product and found.keywords is source.header
        file_name = source.path.name if is_product else None
        try:
            row = observation(
                found.keywords, mapping, self.columns, self._naming, found.product_id, file_name
            )
        except NoObservation as error:
            self.skipped.add(name, found.where, f"this is no observation: {said(error)}")
            return None
        except WrongValue as error:
            self.refused.add(name, found.where, said(error))
            return None
        did, digest = row["obs_publisher_did"], hash(repr([row[column.name] for column in self.columns]))
        if did in self.seen:
            if self.seen[did] != digest:
                self.refused.add(
                    name, found.where, f"{did} was read before with other values, which are kept"
                )
            return None
        self.seen[did] = digest
        if is_product:
            row["ob_place"] = row["ob_place"] or source.place
            row["ob_checksums"] += source.checksums() if self._checksums else []
        if row["access_url"] is None and row["ob_place"]:
            row["access_url"] = self._downloads.url(row["ob_place"])
        row["ob_checksums"] = "{" + ",".join(row["ob_checksums"]) + "}"
        row["ob_source"] = name
        return row
