"""Tables with typed values, as queries return them. Standard library only."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provtap.client.delivery import ProvError
from provtap.client.notebook import html_table, library

_SPACE = "{http://www.ivoa.net/xml/VOTable/v1.3}"
_DTYPES = {"boolean": "bool", "unsignedByte": "u1", "short": "i2", "int": "i4", "long": "i8"} | {
    "float": "f4",
    "double": "f8",
}
"""Types of VOTable with those of numpy; all others are texts."""


@dataclass(frozen=True)
class Column:
    """A column, with its metadata."""

    name: str
    datatype: str = "unicodeChar"
    """Of VOTable, such as `double`."""
    array: bool = False
    xtype: str | None = None
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None

    @property
    def dtype(self) -> str:
        """The type of numpy."""
        return _DTYPES.get(self.datatype, "U") if not self.array else "O"


@dataclass(frozen=True)
class Table:
    """Rows of typed values; None is null."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    overflow: bool = False
    """Whether the service had more rows."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Yield each row by the names of its columns."""
        return (dict(zip(self.names, row, strict=True)) for row in self.rows)

    def __getitem__(self, name: str) -> list[Any]:
        """Return the values of a column."""
        place = self.names.index(name) if name in self.names else None
        if place is None:
            raise KeyError(f"There is no column {name}. The columns are {', '.join(self.names)}.")
        return [row[place] for row in self.rows]

    def to_table(self) -> Any:
        """Return an astropy.table.Table, with units, descriptions and UCDs; what is null is masked."""
        astropy = library("astropy.table", "to_table")
        found = astropy.Table()
        for column in self.columns:
            values = [_plain(value) for value in self[column.name]]
            null = [value is None for value in values]
            empty: Any = "" if column.dtype == "U" else None if column.dtype == "O" else 0
            filled = [empty if value is None else value for value in values]
            made = astropy.MaskedColumn(filled, dtype=column.dtype if filled or column.dtype != "U" else "U1")
            made.mask = null
            made.name = column.name
            made.unit, made.description = column.unit, column.description
            if column.ucd:
                made.meta["ucd"] = column.ucd
            found[column.name] = made
        return found

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame."""
        pandas = library("pandas", "to_pandas")
        return pandas.DataFrame(list(self.rows), columns=list(self.names))

    def __repr__(self) -> str:
        return f"<Table of {_count(self)}: {', '.join(self.names)}>"

    def _repr_html_(self) -> str:
        heads = [f"{c.name} ({c.unit})" if c.unit else c.name for c in self.columns]
        return html_table(_count(self), heads, self.rows)


def _count(table: Table) -> str:
    rows = f"{len(table):,} {'row' if len(table) == 1 else 'rows'}"
    return f"{rows} (the service has more)" if table.overflow else rows


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def table_of(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table of texts and numbers that are known here."""
    lines = tuple(map(tuple, rows))
    columns = tuple(
        Column(
            name, "long" if lines and all(isinstance(line[place], int) for line in lines) else "unicodeChar"
        )
        for place, name in enumerate(names)
    )
    return Table(columns, lines)


def read_votable(blocks: Iterable[bytes]) -> Table:
    """Return the table of a VOTable in TABLEDATA, read while it comes.

    Raises: ProvError for an error that the document reports.
    """
    parser: Any = ElementTree.XMLPullParser(["end"])  # its stubs know events that this has not
    columns: list[Column] = []
    rows: list[tuple[Any, ...]] = []
    read: list[Callable[[str], Any]] = []
    overflow = False
    try:
        for block in blocks:
            parser.feed(block)
            for _, element in parser.read_events():
                match element.tag.removeprefix(_SPACE):
                    case "FIELD":
                        columns.append(_column(element))
                        read.append(_reader(columns[-1]))
                    case "TR":
                        cells = [cell.text for cell in element]
                        rows.append(tuple(r(c) if c else None for r, c in zip(read, cells, strict=True)))
                        element.clear()
                    case "INFO" if element.get("name") == "QUERY_STATUS":
                        if element.get("value") == "ERROR":
                            raise ProvError(element.text or "The query failed.")
                        overflow = overflow or element.get("value") == "OVERFLOW"
        parser.close()
    except ElementTree.ParseError as error:
        raise ProvError(f"The service returned no valid VOTable: {error}.") from error
    return Table(tuple(columns), tuple(rows), overflow)


def _column(field: ElementTree.Element) -> Column:
    datatype = field.get("datatype", "unicodeChar")
    texts = datatype in {"char", "unicodeChar"}
    return Column(
        name=field.get("name", ""),
        datatype=datatype,
        array=not texts and field.get("arraysize") not in {None, "1"},
        xtype=field.get("xtype"),
        unit=field.get("unit"),
        ucd=field.get("ucd"),
        description=field.findtext(f"{_SPACE}DESCRIPTION"),
    )


def _reader(column: Column) -> Callable[[str], Any]:
    """Return what makes a value of the text of a cell."""
    one: Callable[[str], Any] = str
    if column.datatype == "boolean":
        one = _truth
    elif column.datatype in {"float", "double"}:
        one = float
    elif column.datatype in _DTYPES:
        one = int
    elif column.xtype == "timestamp":
        one = _time
    return (lambda text: tuple(map(one, text.split()))) if column.array else one


def _truth(text: str) -> bool:
    return text.strip().lower() in {"true", "t", "1"}


def _time(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # a year that Python's dates do not have
        return text
