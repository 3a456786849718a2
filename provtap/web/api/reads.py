"""Reads stored records with the attributes of the write API and the rights of a query."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from provtap.database.connect import Database
from provtap.database.sql import identifier
from provtap.errors import NotFound, ParameterError
from provtap.ingest.model.attributes import Attribute
from provtap.ingest.readers.records.classes import Class
from provtap.web.http.context import service

LIMIT = "limit"
"""The parameter for the maximum number of records; all other parameters are attributes."""
_ASKED = {"id", "text", "value"}
"""Kinds of attributes that records can be selected by."""


def may_be_asked(attribute: Attribute) -> bool:
    """Return whether records can be selected by an attribute."""
    return attribute.column is not None and attribute.kind in _ASKED


def find(database: Database, each: Class, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the records of a class with all attributes in *given*, and whether there are more.

    Raises: ParameterError, QueryTimeout, DatabaseUnavailable.
    """
    asked = {name: _single(name, values) for name, values in given.items()}
    limit = _limit(asked.pop(LIMIT, None))
    found = select(database, each, asked, limit + 1)
    return {"records": found[:limit], "overflow": len(found) > limit}


def one(database: Database, each: Class, id_: str) -> dict[str, Any]:
    """Return the record of a class with this id.

    Raises: NotFound, QueryTimeout, DatabaseUnavailable.
    """
    found = select(database, each, {"id": id_}, 1) if "\0" not in id_ else []
    if not found:
        raise NotFound(f"There is no {each.thing} {id_[:200]}.")
    return found[0]


def select(database: Database, each: Class, asked: Mapping[str, str], limit: int) -> list[dict[str, Any]]:
    """Return at most *limit* records of a class with the attributes in *asked*, ordered by their columns.

    Raises: ParameterError, QueryTimeout, DatabaseUnavailable.
    """
    columns = each.by_column
    where = [f"{identifier(column)} IS NOT NULL" for column, attribute in columns.items() if attribute.needed]
    values = {} if each.general else dict(each.fixed)
    for name, value in asked.items():
        values[_column(each, name)] = value
    where += [f"{identifier(column)} = %({column})s" for column in values]
    things = [*columns, *each.fixed] if each.general else list(columns)
    statement = f"SELECT {', '.join([*map(identifier, things), *_links(each)])} FROM {_table(each.table)}" + (
        f" WHERE {' AND '.join(where)}" if where else ""
    )
    order = ", ".join(str(number) for number, _ in enumerate(things, start=1))
    with database.reading(service().settings.sync_duration) as transaction:
        rows = transaction.rows(f"{statement} ORDER BY {order} LIMIT %(limit)s", **values, limit=limit)
    return [_record(each, row) for row in rows]


def _table(name: str) -> str:
    return identifier(*name.split("."))


def _links(each: Class) -> list[str]:
    """Return the expression for an attribute with its own table."""
    if each.links is None:
        return []
    table, own, other = each.links
    key = next(column for column, attribute in each.by_column.items() if attribute.name == "id")
    return [
        f"(SELECT json_agg({identifier(other)} ORDER BY {identifier(other)}) FROM {_table(table)}"
        f" WHERE {identifier(own)} = {identifier(key)}) AS links"
    ]


def _record(each: Class, row: Any) -> dict[str, Any]:
    stored = row._asdict()
    links = stored.pop("links", None)
    record = {
        attribute.name: _cell(stored[column], attribute.kind) for column, attribute in each.by_column.items()
    }
    if each.general:
        record["class"] = next(stored[column] for column in each.fixed)
    record |= {attribute.name: links for attribute in each.attributes if attribute.kind == "ids"}
    return {name: value for name, value in record.items() if value is not None}


def _cell(value: Any, kind: str) -> Any:
    if kind == "texts" and value is not None:
        return json.loads(value)
    return value.isoformat() if isinstance(value, datetime) else value


def _column(each: Class, name: str) -> str:
    attribute = each.attribute(name)
    if attribute is None or attribute.column is None or not may_be_asked(attribute):
        known = [w.name for w in each.attributes if may_be_asked(w)]
        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"The parameters are {', '.join([*known, LIMIT])}."
        raise ParameterError(f"{each.name} cannot be selected by {name[:40]!r}.", hint=hint)
    return attribute.column


def _single(name: str, values: Sequence[str]) -> str:
    if len(set(values)) > 1:
        raise ParameterError(f"{name[:40]} was given {len(set(values))} times; give it once.")
    if "\0" in values[0]:
        raise ParameterError(f"{name[:40]} cannot contain the character NUL.")
    return values[0]


def _limit(text: str | None) -> int:
    most = service().settings.maxrec
    if text is None:
        return most
    if not text.isdecimal() or not text.isascii() or len(text) > 9:
        raise ParameterError(f"{LIMIT} must be a number of records, not {text[:40]!r}.")
    return min(int(text), most)
