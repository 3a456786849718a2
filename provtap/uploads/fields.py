"""FIELD: the type of a column of an uploaded table, which determines the form of its cells.

Source: VOTable 1.4, sections 2.1, 2.2 and 4.1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from provtap.errors import UploadError
from provtap.tableset import Column

DATATYPES = {"boolean": 1, "bit": 1, "unsignedByte": 1, "short": 2, "int": 4, "long": 8} | {
    "float": 4,
    "double": 8,
    "floatComplex": 8,
    "doubleComplex": 16,
    "char": 1,
    "unicodeChar": 2,
}
"""Bytes of one item in BINARY; for bits, of eight items."""
ITEM_LIMIT = 1_000_000
"""Maximum numbers or truth values in one cell."""
TEXT_LIMIT = 999_999_999
"""Maximum characters in one cell; any upload has fewer bytes."""
TEXTS = frozenset({"char", "unicodeChar"})
COMPLEX = frozenset({"floatComplex", "doubleComplex"})
_ARRAYSIZE = re.compile(r"([0-9]{1,9}x)*([0-9]{1,9}\*?|\*)")


class Damaged(ValueError):
    """The bytes of a table do not match its FIELDs; the text contains the position."""


@dataclass(frozen=True, kw_only=True)
class UploadField:
    """One FIELD."""

    column: Column
    """The column as declared in results, with name, datatype, arraysize, xtype etc. of the FIELD."""
    null: str | None = None
    """The value for null (VALUES/@null)."""

    @property
    def is_text(self) -> bool:
        """Whether a cell is one text."""
        return self.column.datatype in TEXTS

    @property
    def is_array(self) -> bool:
        """Whether a cell has several numbers or truth values."""
        shaped = self.column.arraysize is not None and not self.is_text
        return shaped or self.column.datatype in COMPLEX

    @property
    def is_variable(self) -> bool:
        """Whether the length of cells varies."""
        return (self.column.arraysize or "").endswith("*")

    @cached_property
    def items(self) -> int:
        """The number of items in a cell; for variable length, the number in each step of the length."""
        sizes = (self.column.arraysize or "1").split("x")
        if self.is_variable:
            sizes.pop()
        return prod(map(int, sizes))

    @property
    def label(self) -> str:
        """The column in a message."""
        return f"the column {self.column.name[:80]}"


def field(
    attributes: Mapping[str, str], number: int, null: str | None = None, description: str = ""
) -> UploadField:
    """Return the FIELD with these *attributes* and its *number* in the table, counted from 1.

    Raises: UploadError for a datatype or arraysize that is not in VOTable.
    """
    name = attributes.get("name") or attributes.get("ID") or f"column_{number}"
    datatype = attributes.get("datatype", "")
    if datatype not in DATATYPES:
        raise UploadError(
            f"The datatype of the column {name[:80]} is {datatype[:40]!r}, which VOTable does not define.",
            hint=f"The datatypes are {', '.join(DATATYPES)}.",
        )
    column = Column(
        name=name,
        datatype=datatype,
        arraysize=_arraysize(attributes.get("arraysize", ""), datatype, name),
        xtype=attributes.get("xtype") or None,
        unit=attributes.get("unit") or None,
        ucd=attributes.get("ucd") or None,
        utype=attributes.get("utype") or None,
        description=" ".join(description.split()) or None,
    )
    made = UploadField(column=column, null=null)
    if made.items > (limit := TEXT_LIMIT if made.is_text else ITEM_LIMIT):
        raise UploadError(
            f"The arraysize {column.arraysize:.40} of the column {name[:80]} is too large.",
            hint=f"A cell can have up to {limit} items.",
        )
    return replace(made, column=replace(column, null=null)) if made.is_array else made


def _arraysize(given: str, datatype: str, name: str) -> str | None:
    """Return an arraysize; 1 is no array, although some writers use it (VOTable 1.4, section 2.2)."""
    text = given.strip()
    if text in {"", "1"}:
        return None
    if not _ARRAYSIZE.fullmatch(text):
        raise UploadError(
            f"The arraysize {given[:40]!r} of the column {name[:80]} is not valid.",
            hint="Write 3, 3*, *, 2x3 or 2x*.",
        )
    return text
