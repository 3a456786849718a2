"""The tableset as VOSI documents (VOSI 1.1, section 4; VODataService 1.2, section 3.3).

Made with lxml: the tables of vo-models have neither `std` nor `extendedType`, and escape texts twice. Only
the root has a namespace. The elements are in the order of the schema.
"""

from collections.abc import Iterable, Iterator

from lxml import etree

from provtap.adql import published_name
from provtap.metadata import published_table, published_type
from provtap.tableset import Column, ForeignKey, Schema, Table, Tableset

_VOSI = "{http://www.ivoa.net/xml/VOSITables/v1.0}"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_NAMESPACES = {
    "vosi": _VOSI.strip("{}"),
    "vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "xsi": _XSI.strip("{}"),
}


def tableset_document(tableset: Tableset, *, columns: bool = True) -> bytes:
    """Return all schemas and tables, with or without their columns and keys."""
    root = etree.Element(f"{_VOSI}tableset", nsmap=_NAMESPACES)
    root.extend(schemas(tableset, columns=columns))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def schemas(tableset: Tableset, *, columns: bool = True) -> Iterator[etree._Element]:
    """Yield the element of each schema with its tables."""
    return (_schema(schema, columns) for schema in tableset.schemas)


def table_document(table: Table) -> bytes:
    """Return one table in full detail."""
    root = etree.Element(f"{_VOSI}table", type=published_type(table), nsmap=_NAMESPACES)
    root.extend(_table_parts(table, columns=True))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _schema(schema: Schema, columns: bool) -> etree._Element:
    tables = (
        element("table", *_table_parts(table, columns), type=published_type(table)) for table in schema.tables
    )
    return element(
        "schema",
        *texts(name=published_name(schema.name), description=schema.description, utype=schema.utype),
        *tables,
    )


def _table_parts(table: Table, columns: bool) -> Iterator[etree._Element]:
    yield from texts(
        name=published_table(table.qualified_name), description=table.description, utype=table.utype
    )
    if columns:
        yield from (_column(column, table) for column in table.columns)
        yield from (_foreign_key(key) for key in table.keys)


def _column(column: Column, table: Table) -> etree._Element:
    about = texts(
        name=published_name(column.name),
        description=column.description,
        unit=column.unit,
        ucd=column.ucd,
        utype=column.utype,
    )
    flags = (text("flag", flag) for flag in _flags(column, table))
    return element("column", *about, _data_type(column), *flags, std="true" if column.std else "false")


def _flags(column: Column, table: Table) -> Iterator[str]:
    if column.indexed:
        yield "indexed"
    if column.name in table.primary_key:
        yield "primary"
    if column.nullable:
        yield "nullable"
    if column.principal:
        yield "principal"


def _data_type(column: Column) -> etree._Element:
    datatype = text("dataType", column.datatype)
    datatype.set(f"{_XSI}type", "vs:VOTableType")
    if column.arraysize:
        datatype.set("arraysize", column.arraysize)
    if column.xtype:
        datatype.set("extendedType", column.xtype)
    return datatype


def _foreign_key(key: ForeignKey) -> etree._Element:
    pairs = (
        element(
            "fkColumn", *texts(fromColumn=published_name(source), targetColumn=published_name(target_column))
        )
        for source, target_column in key.columns
    )
    return element(
        "foreignKey",
        text("targetTable", published_table(key.target_table)),
        *pairs,
        *texts(description=key.description, utype=key.utype),
    )


def element(tag: str, *children: etree._Element, **attributes: str) -> etree._Element:
    """Return an element without namespace, with *children*."""
    made = etree.Element(tag, attributes)
    made.extend(children)
    return made


def text(tag: str, content: str) -> etree._Element:
    """Return an element with a text."""
    made = etree.Element(tag)
    made.text = content
    return made


def texts(**contents: str | None) -> Iterable[etree._Element]:
    """Yield an element for each text that is there, in the order given."""
    return (text(tag, content) for tag, content in contents.items() if content)
