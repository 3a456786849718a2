"""VOTable 1.4 with TABLEDATA, written piece by piece from COPY's text form (DALI 1.1, section 4.4).

Not a later version than 1.4, because the validators of clients report newer versions as errors.
"""

import re
from collections import Counter
from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from provtap.errors import ProvtapError
from provtap.results.blocks import Rows
from provtap.results.cells import unescape
from provtap.tableset import Column, Table


@dataclass(frozen=True)
class Info:
    """A remark on the result, for people and programs: an INFO element."""

    name: str
    value: str
    text: str = ""


@dataclass(frozen=True)
class DocumentInfo(Info):
    """A remark on the whole document: an INFO before its RESOURCE, where a VOTable is written."""


@dataclass(frozen=True)
class Param:
    """A parameter of a service."""

    name: str
    description: str
    options: tuple[str, ...]
    """The allowed values."""
    value: str = ""
    """The value; if empty, clients ask their user, who may leave it empty."""


@dataclass(frozen=True, kw_only=True)
class Descriptor(Info):
    """A remark that clients can use: how to call a service for each row (DataLink 1.1, section 4).

    *value* is the URL of the service and *text* describes its response. A VOTable has a RESOURCE of type meta
    for it; in other formats it is a normal remark.
    """

    key: str
    """Tells apart the services of one column; letters only."""
    column: int | None
    """Of the result, from 0: what the service takes as ID. None: it is the service that answers here."""
    standard_id: str | None = None
    """The standard id; None for a page, which has no standard."""
    parameter: str = "ID"
    """The name of the parameter for the id."""
    content_type: str
    """Media type of the response."""
    parameters: tuple[Param, ...] = ()


_ROOT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
)
TAIL = "</RESOURCE>\n</VOTABLE>\n"


def write_votable(
    columns: Sequence[Column],
    blocks: Iterable[tuple[int, bytes]],
    maxrec: int,
    infos: Sequence[Info] = (),
) -> Iterator[bytes]:
    """Yield a VOTable with TABLEDATA."""
    rows = Rows(blocks, maxrec)
    fields = [Field(c) for c in columns]
    yield from write_document(fields, rows, map(table_rows, rows), infos, TABLEDATA)


@dataclass(frozen=True)
class Field:
    """A column in the form of this document."""

    column: Column
    null: str | None = None
    """The value for null, if the serialization has no other method (VOT-8)."""


TABLEDATA = "<TABLEDATA>\n", "</TABLEDATA>\n"
"""The elements around the rows."""


def write_document(
    fields: Sequence[Field], rows: Rows, data: Iterable[bytes], infos: Sequence[Info], tags: tuple[str, str]
) -> Iterator[bytes]:
    """Yield a VOTable with *data*, made from *rows*, between *tags*.

    After an error it is still well-formed, and ends with QUERY_STATUS ERROR (ERR-6).
    """
    yield f"{_head(fields, infos)}<DATA>\n{tags[0]}".encode()
    try:
        yield from data
    except ProvtapError as error:
        last = _info(Info("QUERY_STATUS", "ERROR", str(error)))
    else:
        last = _info(Info("QUERY_STATUS", "OVERFLOW", rows.cut)) if rows.overflow else ""
    yield f"{tags[1]}{_foot(fields, infos, last)}".encode()


def write_rows(
    columns: Sequence[Column], rows: Iterable[Iterable[str]], infos: Sequence[Info], overflow: str = ""
) -> bytes:
    """Return a VOTable of rows that are all at hand; an empty cell is a null.

    *overflow* is a sentence about what lacks, if something does.
    """
    fields = [Field(c) for c in columns]
    lines = "".join(f"<TR>{''.join(f'<TD>{_text(cell)}</TD>' for cell in row)}</TR>\n" for row in rows)
    last = _info(Info("QUERY_STATUS", "OVERFLOW", overflow)) if overflow else ""
    begin, end = TABLEDATA
    return f"{_head(fields, infos)}<DATA>\n{begin}{lines}{end}{_foot(fields, infos, last)}".encode()


def write_metadata(fields: Sequence[Field], infos: Sequence[Info], *, status: Info) -> str:
    """Return a VOTable with the metadata of a table whose data are elsewhere, and its QUERY_STATUS."""
    return f"{_head(fields, infos, status)}</TABLE>\n{TAIL}"


def write_error(message: str, infos: Iterable[Info] = ()) -> bytes:
    """Return the error document of DALI 1.1, section 4.4: QUERY_STATUS ERROR with *message* as its text."""
    return f"{write_head([Info('QUERY_STATUS', 'ERROR', message), *infos])}{TAIL}".encode()


def write_head(infos: Iterable[Info]) -> str:
    """Return the beginning of a document up to its first TABLE, with INFOs before it (DALI-3)."""
    remarks = [info for info in infos if not isinstance(info, Descriptor)]
    document = "".join(_info(info) for info in remarks if isinstance(info, DocumentInfo))
    result = "".join(_info(info) for info in remarks if not isinstance(info, DocumentInfo))
    return f'{_ROOT}{document}<RESOURCE type="results">\n{result}'


def write_table(table: Table, rows: Iterable[Iterable[str]]) -> str:
    """Return a TABLE element with all *rows*; empty cells are nulls."""
    lines = "".join(f"<TR>{''.join(f'<TD>{_text(cell)}</TD>' for cell in row)}</TR>\n" for row in rows)
    text = f"<DESCRIPTION>{_text(table.description)}</DESCRIPTION>\n" if table.description else ""
    head = f"{text}{''.join(_fields([Field(c) for c in table.columns]))}"
    content = f"\n{head}<DATA>\n<TABLEDATA>\n{lines}</TABLEDATA>\n</DATA>\n"
    return _element("TABLE", {"name": table.name, "utype": table.utype}, content)


def _head(fields: Sequence[Field], infos: Sequence[Info], status: Info = Info("QUERY_STATUS", "OK")) -> str:
    """Return everything before DATA."""
    referenced = {info.column for info in infos if isinstance(info, Descriptor)}
    return f"{write_head([status, *infos])}<TABLE>\n{''.join(_fields(fields, referenced))}"


def _foot(fields: Sequence[Field], infos: Sequence[Info], last: str) -> str:
    """Return everything from the end of DATA: the *last* INFO, and the services."""
    ids = _ids([field.column.name for field in fields])
    meta = "".join(
        cached(_descriptor, info, None if info.column is None else ids[info.column])
        for info in infos
        if isinstance(info, Descriptor)
    )
    return f"</DATA>\n</TABLE>\n{last}</RESOURCE>\n{meta}</VOTABLE>\n"


def _fields(fields: Sequence[Field], referenced: Container[int | None] = ()) -> Iterator[str]:
    """Yield a FIELD for each column, with an ID where another has its name, or to refer to it (VOT-4)."""
    names = [field.column.name for field in fields]
    uses, ids = Counter(names), _ids(names)
    for number, field in enumerate(fields):
        id_ = ids[number] if uses[names[number]] > 1 or number in referenced else None
        yield cached(_field, field, id_)


def _field(field: Field, id_: str | None) -> str:
    column = field.column
    attributes = {
        "name": column.name,
        "ID": id_,
        "datatype": column.datatype,
        "arraysize": column.arraysize,
        "xtype": column.xtype,
        "unit": column.unit,
        "ucd": column.ucd,
        "utype": column.utype,
    }
    text = f"<DESCRIPTION>{_text(column.description)}</DESCRIPTION>" if column.description else ""
    null = column.null if field.null is None else field.null
    values = _element("VALUES", {"null": null}, "").rstrip() if null is not None else ""
    return _element("FIELD", attributes, text + values)


def _ids(names: Sequence[str]) -> list[str]:
    """Return the ID of each FIELD: its name, as far as XML allows, because astropy uses it as column name.

    The second column with the name `a` is `a_2`, unless another column has this name.
    """
    uses = Counter(names)
    taken = {name for name in names if uses[name] == 1 and _as_id(name) == name}
    last: Counter[str] = Counter()
    ids = []
    for name in names:
        id_ = base = _as_id(name)
        if uses[name] > 1 or id_ != name:
            while id_ in taken:
                last[base] += 1
                id_ = f"{base}_{last[base] + 1}"
            taken.add(id_)
        ids.append(id_)
    return ids


def _as_id(name: str) -> str:
    """Return *name* as an XML ID (an NCName); the prefix `service_` is reserved for services."""
    plain = re.sub("[^A-Za-z0-9_.-]", "_", name)
    return plain if re.match("(?!service_)[A-Za-z_]", plain) else f"_{plain}"


def service_id(key: str, field_id: str | None) -> str:
    """Return the ID of the RESOURCE of a service: of the one *key* for the FIELD *field_id*."""
    return f"service_{key}" if field_id is None else f"service_{key}_{field_id}"


def _descriptor(service: Descriptor, id_: str | None) -> str:
    """Return the RESOURCE that says how to call *service* for a row, whose column has the ID *id_*.

    Source: DataLink 1.1, section 4.
    """
    inputs = [
        _param(service.parameter, "", ref=id_),
        *(_param(p.name, p.value, _description(p.description) + _values(p)) for p in service.parameters),
    ]
    content = [
        _description(service.text),
        _param("standardID", service.standard_id) if service.standard_id else "",
        _param("accessURL", service.value),
        _param("contentType", service.content_type),
        _element("GROUP", {"name": "inputParams"}, "\n" + "".join(inputs)),
    ]
    attributes = {
        "type": "meta",
        "utype": "adhoc:this" if id_ is None else "adhoc:service",
        "ID": service_id(service.key, id_),
        "name": service.name if id_ is None else f"{service.name} of {id_}",  # validators want each name once
    }
    return _element("RESOURCE", attributes, "\n" + "".join(content))


def _param(name: str, value: str, content: str = "", ref: str | None = None) -> str:
    attributes = {"name": name, "datatype": "char", "arraysize": "*", "value": value, "ref": ref}
    return _element("PARAM", attributes, content)


def _values(param: Param) -> str:
    """Return the allowed values of a PARAM, which clients can offer."""
    options = "".join(_element("OPTION", {"value": option}, "") for option in param.options)
    return _element("VALUES", {}, "\n" + options)


def _description(text: str) -> str:
    return _element("DESCRIPTION", {}, _text(text))


def _info(info: Info) -> str:
    return _element("INFO", {"name": info.name, "value": info.value}, _text(info.text))


def _element(tag: str, attributes: Mapping[str, str | None], content: str) -> str:
    """Return an element on one line, without empty attributes (VOT-13)."""
    given = "".join(f' {name}="{_attribute(v)}"' for name, v in attributes.items() if v is not None)
    return f"<{tag}{given}>{content}</{tag}>\n" if content else f"<{tag}{given}/>\n"


_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 can't express (section 2.2, Char)."""


def legal(text: str) -> str:
    """Return *text* without the characters that XML 1.0 can't express."""
    return _ILLEGAL.sub("", text)


def _text(text: str) -> str:
    return escape(legal(text), {"\r": "&#13;"})


def _attribute(text: str) -> str:
    """Return *text* for use between double quotes; unescaped line ends and tabs would be read as blanks."""
    return escape(legal(text), {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


_CONTROLS = bytes({*range(1, 0x20)} - {0x09, 0x0A, 0x0D})
_ESCAPES = (
    (rb"\t", b"\t"),
    (rb"\n", b"\n"),
    (rb"\r", b"&#13;"),  # a bare CR would be read as LF
    (rb"\b", b""),
    (rb"\f", b""),
    (rb"\v", b""),
)


def table_rows(block: bytes, row: bytes = b"TR", cell: bytes = b"TD", null: bytes = b"") -> bytes:
    """Convert complete rows of COPY's text form to elements; null is an empty cell for all types (VOT-7).

    A marked null becomes the element *null*. For speed, all replacements work on the whole block, so their
    order matters: separators are replaced by tags before escaped tabs and line ends are unescaped. Searches
    for one byte cost a tenth of searches for two.
    """
    block = block.translate(None, _CONTROLS)
    if b"\xef" in block:
        block = block.replace("\ufffe".encode(), b"").replace("\uffff".encode(), b"")
    block = block.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    begin, between, end = (
        b"<%b><%b>" % (row, cell),
        b"</%b><%b>" % (cell, cell),
        b"</%b></%b>\n" % (cell, row),
    )
    block = block[:-1].replace(b"\t", between).replace(b"\n", end + begin)
    block = b"%b%b%b" % (begin, block, end)
    if null:
        block = block.replace(rb"<%b>\N</%b>" % (cell, cell), null)
    return unescape(block, _ESCAPES)


# Many responses have the same columns: the texts of their elements are cached.

CACHED_TEXTS = 2_000
"""Clearing the whole cache is faster than choosing the texts to remove."""
CACHED_CHARACTERS = 10_000
"""Maximum length of one cached text: names chosen by clients may be long."""

_cache: dict[tuple[Hashable, ...], str] = {}


def cached(form: Callable[..., str], *arguments: Hashable) -> str:
    """Return the result of *form* for *arguments*, from the cache if possible; it must not depend on else."""
    key = (form, *arguments)
    made = _cache.get(key)
    if made is None:
        made = form(*arguments)
        if len(made) <= CACHED_CHARACTERS:
            if len(_cache) >= CACHED_TEXTS:
                _cache.clear()
            _cache[key] = made
    return made
