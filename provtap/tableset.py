"""The published schemas, tables, columns and keys, as values without any I/O.

The terms are those of TAP_SCHEMA (TAP 1.1, section 4) and VODataService 1.2 (section 3.3).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Column:
    """A published column, or an output column of a query, with its metadata for astronomers."""

    name: str
    """Name in the database and of the FIELD: never quoted, even if ADQL needs quotes (`size`)."""
    datatype: str
    """VOTable primitive: short, int, long, float, double, char or unicodeChar in our own tables, any in
    uploaded tables."""
    arraysize: str | None = None
    """VOTable shape (`*`, `36`, `64*`); None for a scalar."""
    xtype: str | None = None
    """DALI xtype; `timestamp` columns are PostgreSQL timestamps, in UTC."""
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    target: str | None = None
    """The column that a foreign key of this column alone refers to: `schema.table.column`."""
    description: str | None = None
    null: str | None = None
    """The value for null inside an array (VALUES/@null); not needed for cells that are null."""
    nullable: bool = True
    principal: bool = False
    indexed: bool = False
    std: bool = False


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """A foreign key for joins: columns of *from_table* refer to *target_table*."""

    key_id: str
    from_table: str
    target_table: str
    columns: tuple[tuple[str, str], ...]
    """Pairs (from_column, target_column), database names."""
    description: str | None = None
    utype: str | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A published table, view or virtual table (which only the translator can make)."""

    schema_name: str
    name: str
    """Name without its schema."""
    table_type: str = "table"
    """`table`, `view` or `virtual`; clients see a virtual table as a view."""
    description: str | None = None
    utype: str | None = None
    columns: tuple[Column, ...] = ()
    primary_key: tuple[str, ...] = ()
    keys: tuple[ForeignKey, ...] = ()

    @property
    def qualified_name(self) -> str:
        """The name to use in a query, `schema.table`."""
        return f"{self.schema_name}.{self.name}"


DATA_ORIGIN = {
    "data_ivoid": "The data in the registry of the Virtual Observatory.",
    "citation": "Cite the data by this.",
    "reference_url": "Page about the data.",
    "resource_version": "Version of the data.",
    "rights_uri": "Licence of the data.",
    "rights": "Licence or copyright of the data.",
    "creator": "Who made the data.",
    "journal": "Journal of the article about the data.",
    "article": "Article about the data.",
    "cites": "The data cite this.",
    "is_derived_from": "The data were made from this.",
    "original_date": "When the data were first made.",
    "publication_date": "When the data were first published here.",
    "last_update_date": "When the data last changed here.",
}
"""The names of Data Origin in the VO 1.2, with descriptions."""


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A published schema and its tables, in display order."""

    name: str
    description: str | None = None
    utype: str | None = None
    data_origin: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Names of DATA_ORIGIN with their values."""
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Tableset:
    """All published schemas of one service."""

    schemas: tuple[Schema, ...] = ()
    digest: str = ""
    """SHA-256 of the metadata files: nodes that serve the same tables have the same digest."""

    def tables(self) -> Iterator[Table]:
        """Yield all tables, schema by schema, in display order."""
        for schema in self.schemas:
            yield from schema.tables

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Table]]:
        by_name: dict[str, list[Table]] = {}
        for table in self.tables():
            by_name.setdefault(table.name.lower(), []).append(table)
        return by_name

    def called(self, name: str) -> Sequence[Table]:
        """Return the tables of all schemas whose name without the schema is *name*, in any case."""
        return self._by_name.get(name.lower(), ())

    def table(self, qualified_name: str) -> Table | None:
        """Return the table with exactly the name `schema.table`, or None."""
        return next((t for t in self.tables() if t.qualified_name == qualified_name), None)
