"""Reads the tableset from metadata files, YAML in the vocabulary of Felis.

The vocabulary is that of Felis (https://felis.lsst.io): `string`, `unicode` and `timestamp` stand for the
VOTable types they are sent as, and `#entity.e_id` refers to a column of the same file. Four are ours:
`indexed` (column), `tap:table_type` (table), `tap:schema_index` and `data_origin` (schema); and
`#provenance.entity.e_id` refers to a column of another file. Tables and columns are shown in the order of
the file. A file with a name and a data_origin, and nothing else, adds to the schema of another file.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from provtap.errors import SettingsError
from provtap.metadata.consistency import check
from provtap.metadata.files import digest, metadata_files
from provtap.tableset import DATA_ORIGIN, Column, ForeignKey, Schema, Table, Tableset

_COMMON = {"name": str, "description": str, "votable:utype": str}
_SCHEMA_PROPERTIES = _COMMON | {"tap:schema_index": int, "data_origin": dict, "tables": list}
_TABLE_PROPERTIES = _COMMON | {
    "tap:table_type": str,
    "primaryKey": list,
    "columns": list,
    "constraints": list,
}
_COLUMN_PROPERTIES = _COMMON | {
    "datatype": str,
    "votable:arraysize": str,
    "votable:xtype": str,
    "ivoa:unit": str,
    "ivoa:ucd": str,
    "nullable": bool,
    "indexed": bool,
    "tap:principal": int,
    "tap:std": int,
}
_KEY_PROPERTIES = _COMMON | {"@type": str, "columns": list, "referencedColumns": list}

_DATATYPES: dict[str, tuple[str, str | None, str | None]] = {
    "string": ("char", "*", None),
    "unicode": ("unicodeChar", "*", None),
    "timestamp": ("char", "*", "timestamp"),
    **{number: (number, None, None) for number in ("short", "int", "long", "float", "double")},
}
"""Felis datatype: VOTable datatype, arraysize, xtype."""
_ARRAYSIZE = re.compile(r"[1-9][0-9]*\*?|\*")

_TABLE_TYPES = ("table", "view", "virtual")
_DEFAULT_SCHEMA_INDEX = 10
# Private schemas, PostgreSQL's own schemas, and the schema name of uploads.
_FORBIDDEN_SCHEMA = re.compile(r"provtap|uws|tap_upload|information_schema|pg_.*", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9_ $-]{1,63}")


def load(metadata_dir: Path | None = None) -> Tableset:
    """Read our metadata files and those of an operator in *metadata_dir*.

    Raises: SettingsError, with the file, the table and the column.
    """
    given = metadata_files(metadata_dir)
    files = [_SchemaFile(file.name, file.parse()) for file in given]
    described = sorted((file for file in files if not file.is_addition), key=_SchemaFile.order)
    schemas = [file.schema() for file in described]
    for file in files:
        if file.is_addition:
            schemas = file.added_to(schemas)
    tableset = Tableset(tuple(schemas), digest(given))
    check(tableset)
    return tableset


def _checked(given: Any, properties: Mapping[str, type], needed: Iterable[str], where: str) -> dict[str, Any]:
    """Return *given* if it has only *properties*, with values of their types, and all *needed* ones."""
    if not isinstance(given, dict):
        raise SettingsError(f"{where} must be a mapping, not {given!r}.")
    for name, value in given.items():
        if name not in properties:
            raise SettingsError(f"{where}: {name} is not a valid key.")
        _check_value(name, value, properties[name], where)
    if missing := [name for name in needed if name not in given]:
        raise SettingsError(f"{where}: {' and '.join(missing)} is missing.")
    return given


def _check_value(name: str, value: Any, kind: type, where: str) -> None:
    # In Python a bool is an int.
    if type(value) is not kind or value == "":
        raise SettingsError(f"{where}: {name} must be a {kind.__name__}, not {value!r}.")
    # TAP_SCHEMA publishes all texts except descriptions as char, which is ASCII (VOTable 1.4, section 6).
    if isinstance(value, str) and name != "description" and not value.isascii():
        raise SettingsError(f"{where}: {name} must be ASCII text, not {value!r}.")


def _name(given: Any, where: str) -> str:
    """Return the name in *given*, for error messages."""
    name = given.get("name") if isinstance(given, dict) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SettingsError(f"{where}: the name must have 1 to 63 letters, digits and underscores.")
    return name


def _one_of(given: str, choices: Iterable[str], where: str) -> str:
    if given not in choices:
        raise SettingsError(f"{where} must be one of {', '.join(choices)}, not {given}.")
    return given


def _flag(given: dict[str, Any], name: str, where: str) -> bool:
    """Return a flag of TAP_SCHEMA, which is 0 or 1."""
    if (value := given.get(name, 0)) not in (0, 1):
        raise SettingsError(f"{where}: {name} must be 0 or 1, not {value}.")
    return bool(value)


def _text(given: dict[str, Any]) -> str:
    """Return a description as one line; line breaks in the file have no meaning."""
    return " ".join(given["description"].split())


@dataclass(frozen=True)
class _SchemaFile:
    """One metadata file with one schema."""

    file: str
    content: Any

    def order(self) -> tuple[int, str]:
        """Return the sort key of the schemas."""
        given = self._checked()
        return given.get("tap:schema_index", _DEFAULT_SCHEMA_INDEX), given["name"]

    def schema(self) -> Schema:
        given = self._checked()
        return Schema(
            name=given["name"],
            description=_text(given),
            utype=given.get("votable:utype"),
            data_origin=_data_origin(given.get("data_origin", {}), self.file),
            tables=tuple(self._table(given["name"], table) for table in given["tables"]),
        )

    @property
    def is_addition(self) -> bool:
        """Whether it has only the data origin of a schema that is in another file."""
        return isinstance(self.content, dict) and self.content.keys() == {"name", "data_origin"}

    def added_to(self, schemas: list[Schema]) -> list[Schema]:
        """Return *schemas*, with the data origin added to its schema."""
        given = _checked(self.content, _SCHEMA_PROPERTIES, ("name", "data_origin"), self.file)
        name, origin = _name(given, self.file), dict(_data_origin(given["data_origin"], self.file))
        if name not in [schema.name for schema in schemas]:
            raise SettingsError(
                f"{self.file}: no file describes the schema {name}.",
                hint=f"Described are {', '.join(schema.name for schema in schemas)}.",
            )
        return [
            replace(s, data_origin=tuple((dict(s.data_origin) | origin).items())) if s.name == name else s
            for s in schemas
        ]

    def _checked(self) -> dict[str, Any]:
        given = _checked(self.content, _SCHEMA_PROPERTIES, ("name", "description", "tables"), self.file)
        if _FORBIDDEN_SCHEMA.fullmatch(_name(given, self.file)):
            raise SettingsError(f"{self.file}: the schema {given['name']} cannot be published.")
        return given

    def _table(self, schema: str, content: Any) -> Table:
        where = f"{self.file}, table {_name(content, f'{self.file}, a table')}"
        given = _checked(content, _TABLE_PROPERTIES, ("name", "description", "columns"), where)
        table = Table(
            schema_name=schema,
            name=given["name"],
            table_type=_one_of(given.get("tap:table_type", "table"), _TABLE_TYPES, f"{where}: the type"),
            description=_text(given),
            utype=given.get("votable:utype"),
            columns=tuple(_column(column, where) for column in given["columns"]),
        )
        primary_key = [_own_column(ref, table, where) for ref in given.get("primaryKey", [])]
        keys = [_key(key, table, where) for key in given.get("constraints", [])]
        columns = _with_targets(table.columns, keys)
        return replace(table, columns=columns, primary_key=tuple(primary_key), keys=tuple(keys))


def _data_origin(given: dict[str, Any], where: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the data origin in a file: one or several texts, numbers or dates for each name."""
    for name in given:
        if name not in DATA_ORIGIN:
            raise SettingsError(
                f"{where}, data_origin: {name} is not a valid key.", hint=f"Use {', '.join(DATA_ORIGIN)}."
            )
    return tuple(
        (name, _origin_values(value, f"{where}, data_origin: {name}")) for name, value in given.items()
    )


def _origin_values(given: Any, where: str) -> tuple[str, ...]:
    values = given if isinstance(given, list) else [given]
    for value in values:
        if type(value) not in {str, int, float, date, datetime} or value == "":
            raise SettingsError(
                f"{where} must be a text, a number, a date, or a list of these, not {value!r}."
            )
    return tuple(v.isoformat() if isinstance(v, date) else str(v) for v in values)


def _column(content: Any, where: str) -> Column:
    where = f"{where}, column {_name(content, f'{where}, a column')}"
    given = _checked(content, _COLUMN_PROPERTIES, ("name", "datatype", "description"), where)
    datatype, arraysize, xtype = _datatype(given, where)
    return Column(
        name=given["name"],
        datatype=datatype,
        arraysize=arraysize,
        xtype=xtype,
        unit=given.get("ivoa:unit"),
        ucd=given.get("ivoa:ucd"),
        utype=given.get("votable:utype"),
        description=_text(given),
        nullable=given.get("nullable", True),
        principal=_flag(given, "tap:principal", where),
        indexed=given.get("indexed", False),
        std=_flag(given, "tap:std", where),
    )


def _datatype(given: dict[str, Any], where: str) -> tuple[str, str | None, str | None]:
    """Return datatype, arraysize and xtype; the last two can be set only for texts."""
    type_ = _one_of(given["datatype"], _DATATYPES, f"{where}: datatype")
    datatype, arraysize, xtype = _DATATYPES[type_]
    for name in ("votable:arraysize", "votable:xtype"):
        if name in given and type_ not in {"string", "unicode"}:
            raise SettingsError(f"{where}: {name} cannot be set for a {type_}.")
    if not _ARRAYSIZE.fullmatch(given.get("votable:arraysize", "*")):
        raise SettingsError(f"{where}: votable:arraysize must be like *, 36 or 64*.")
    if given.get("votable:xtype") == "timestamp":
        raise SettingsError(f"{where}: the datatype of a timestamp is timestamp.")
    return datatype, given.get("votable:arraysize", arraysize), given.get("votable:xtype", xtype)


def _key(content: Any, table: Table, where: str) -> ForeignKey:
    where = f"{where}, constraint {_name(content, f'{where}, a constraint')}"
    given = _checked(
        content, _KEY_PROPERTIES, ("@type", "description", "columns", "referencedColumns"), where
    )
    _one_of(given["@type"], ("ForeignKey",), f"{where}: @type")
    sources = [_own_column(ref, table, where) for ref in given["columns"]]
    targets = [_reference(ref, table.schema_name, where) for ref in given["referencedColumns"]]
    if len({name for name, _ in targets}) != 1 or len(sources) != len(targets):
        raise SettingsError(
            f"{where}: referencedColumns must be columns of one table, as many as in columns."
        )
    return ForeignKey(
        key_id=given["name"],
        from_table=table.qualified_name,
        target_table=targets[0][0],
        columns=tuple((source, target) for source, (_, target) in zip(sources, targets, strict=True)),
        description=_text(given),
        utype=given.get("votable:utype"),
    )


def _with_targets(columns: Iterable[Column], keys: Iterable[ForeignKey]) -> tuple[Column, ...]:
    """Return *columns*, each with the column that a foreign key of it alone refers to."""
    targets = {
        key.columns[0][0]: f"{key.target_table}.{key.columns[0][1]}" for key in keys if len(key.columns) == 1
    }
    return tuple(replace(column, target=targets.get(column.name)) for column in columns)


def _own_column(given: Any, table: Table, where: str) -> str:
    """Return the column of *table* for a reference."""
    name, column = _reference(given, table.schema_name, where)
    if name != table.qualified_name:
        raise SettingsError(f"{where}: {given} is not a column of {table.name}.")
    return column


def _reference(given: Any, schema: str, where: str) -> tuple[str, str]:
    """Return the table and column for `#table.column` or `#schema.table.column`."""
    parts = given[1:].split(".") if isinstance(given, str) and given.startswith("#") else []
    if len(parts) not in (2, 3):
        raise SettingsError(f"{where}: {given!r} is not a reference like #table.column.")
    *path, column = parts
    return ".".join(path if len(path) == 2 else [schema, *path]), column
