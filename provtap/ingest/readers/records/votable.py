"""PROV-VOTable, as written by ProvSAP and `export`: one TABLE for each class, with the published columns.

Rows are converted to a document of records, whose attributes have the same columns.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from lxml import etree

from provtap.errors import DocumentError, NoProvenance
from provtap.ingest.model.attributes import Attribute
from provtap.ingest.model.records import RecordSet
from provtap.ingest.parsing import xml as xml_tree
from provtap.ingest.parsing.bounded import NO_LIMIT, refuse_beyond
from provtap.ingest.parsing.json import canonical
from provtap.ingest.readers.records import reader as record_document
from provtap.ingest.readers.records.classes import CLASSES, Class

_Cells = dict[str, str]

# HadReference and Invalidation are columns in tables of other classes.
_WHOLE = [each for each in CLASSES if each.name not in {"HadReference", "Invalidation"}]
_LINKS = {each.links[0].partition(".")[2]: each for each in CLASSES if each.links}
_TABLES: dict[str, list[Class]] = defaultdict(list)
for _each in _WHOLE:
    _TABLES[_each.table.partition(".")[2]].append(_each)
_START = re.compile(
    rb"<(\w+:)?TABLE\b[^>]*\bname\s*=\s*[\"'](provenance\.)?(%s)[\"']" % "|".join(_TABLES).encode(),
    re.IGNORECASE,
)
_NODES = "node"
"""The table in ProvSAP's responses that only repeats the content of others."""


def looks_like(content: bytes) -> bool:
    """Return whether *content* is a VOTable with a TABLE named like a class."""
    tag = xml_tree.root_tag(content) or ""
    return tag.rpartition("}")[2] == "VOTABLE" and _START.search(content) is not None


def read(content: bytes, site: str, most: float = NO_LIMIT) -> Iterator[RecordSet]:
    """Yield the single set of records of a document, at most *most* records.

    Raises: DocumentError, with the line, or with class, row and attribute.
    """
    root = xml_tree.parse(content)
    classes = (table for table in root.iter("{*}TABLE") if _class_table(table) in _TABLES)
    refuse_beyond(most, sum(1 for table in classes for _ in table.iter("{*}TR")))
    found = _Tables(root)
    for record_set in record_document.read(canonical(found.records()).encode(), site, most):
        yield replace(record_set, warnings=(*record_set.warnings, *found.warnings))


class _Tables:
    """The rows of all tables by their names."""

    def __init__(self, root: etree._Element) -> None:
        self.warnings: list[str] = []
        self._rows: dict[str, list[_Cells]] = defaultdict(list)
        for table in root.iter("{*}TABLE"):
            name = _class_table(table)
            if name in _TABLES or name in _LINKS:
                self._rows[name] += _rows(table)
            elif name != _NODES:
                self.warnings.append(
                    f"{xml_tree.where(table)} does not belong to a class: kept in the document only"
                )
        if not any(self._rows.values()):
            raise NoProvenance("no TABLE of the VOTable has rows of a class of ProvenanceDM")

    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows as a document of records."""
        records: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for table, classes in _TABLES.items():
            for row in self._rows[table]:
                each = _class_of(classes, row)
                records[each.name].append(_record(each, row))
        for table, each in _LINKS.items():
            self._link(table, each, records[each.name])
        self._drop_unknown(records)
        return {name: records for name, records in records.items() if records}

    def _drop_unknown(self, records: dict[str, list[dict[str, Any]]]) -> None:
        """Remove references to descriptions that a response of limited depth lacks."""
        known = {record.get("id") for records in records.values() for record in records}
        for each in _WHOLE:
            described = [
                w.name for w in each.attributes if not w.needed and (w.refers or "").endswith("description")
            ]
            for record, attribute in ((r, w) for r in records[each.name] for w in described if w in r):
                if isinstance(record[attribute], str) and record[attribute] not in known:
                    self.warnings.append(
                        f"{record[attribute]} is not in this document: kept in the document only"
                    )
                    del record[attribute]

    def _link(self, table: str, each: Class, records: list[dict[str, Any]]) -> None:
        _, own, other = each.links or ("", "", "")
        kinds: dict[str | None, list[str]] = defaultdict(list)
        for row in self._rows[table]:
            if other in row:
                kinds[row.get(own)].append(row[other])
        for record in records:
            if record.get("id") in kinds:
                record["entityDescription"] = kinds[record["id"]]


def _class_table(table: etree._Element) -> str:
    """Return the name of a TABLE in the form of a published table."""
    return table.get("name", "").lower().rpartition(".")[2]


def _rows(table: etree._Element) -> Iterator[_Cells]:
    """Yield the cells of each row by the names of their columns; empty cells are omitted as null."""
    names = [field.get("name", "").lower() for field in table.iterfind("{*}FIELD")]
    if table.find("{*}DATA") is not None and table.find("{*}DATA/{*}TABLEDATA") is None:
        raise DocumentError(f"{xml_tree.where(table)} is not in TABLEDATA, the only supported serialization")
    for row in table.iterfind("{*}DATA/{*}TABLEDATA/{*}TR"):
        cells = ["".join(str(text) for text in cell.itertext()) for cell in row.iterfind("{*}TD")]
        if len(cells) != len(names):
            raise DocumentError(f"{xml_tree.where(row)} has {len(cells)} cells for {len(names)} fields")
        yield {name: cell for name, cell in zip(names, cells, strict=True) if cell}


def _class_of(classes: list[Class], row: _Cells) -> Class:
    """Return the class in the row, otherwise the general class."""
    return next((c for c in classes if c.fixed and c.fixed.items() <= row.items()), classes[0])


def _record(each: Class, row: _Cells) -> dict[str, Any]:
    return {w.name: _value(w, row[w.column]) for w in each.attributes if w.column in row}


def _value(attribute: Attribute, cell: str) -> Any:
    """Return the value of a cell; invalid values are rejected by the reader of records."""
    kinds: dict[str, Callable[[str], Any]] = {"whole": int, "number": float, "texts": json.loads}
    with suppress(ValueError):
        return kinds[attribute.kind](cell) if attribute.kind in kinds else cell
    return cell
