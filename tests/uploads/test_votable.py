"""Documents: the table that is read, its columns, and errors."""

import io
import re
import struct
import tracemalloc
from dataclasses import replace

import pytest

from provtap.config import Settings
from provtap.errors import ParameterError, ProvtapError, TooLarge, UploadError
from provtap.tableset import Column
from provtap.uploads import read_uploads
from tests.uploads.documents import COUNTS, HEAD, binary, document, read, tabledata

ONE_ROW = tabledata("1")
TABLE = f"<TABLE>{COUNTS}{ONE_ROW}</TABLE>"
OTHER = f"<TABLE>{COUNTS}{tabledata('1', '2', '3')}</TABLE>"


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", "1.4", "1.5"])
@pytest.mark.parametrize("namespace", ["v1.0", "v1.1", "v1.2", "v1.3", ""])
@pytest.mark.parametrize("prefix", ["", "vot:"])
def test_every_version_and_namespace_is_read(version, namespace, prefix):
    """UPL-4: also without a namespace, or with a prefix of it."""
    text = f"<VOTABLE version='{version}'><RESOURCE>{TABLE}</RESOURCE></VOTABLE>"
    text = re.sub("<(/?)", rf"<\1{prefix}", text)
    name = f"xmlns:{prefix.rstrip(':')}" if prefix else "xmlns"
    if namespace:
        text = text.replace("VOTABLE ", f'VOTABLE {name}="http://www.ivoa.net/xml/VOTable/{namespace}" ', 1)

    assert read(text.encode()).arrays == ("{1}",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings(encoding):
    """XML 1.0, section 4.3.3."""
    fields = '<FIELD name="s" datatype="char" arraysize="*"/>'
    text = document(fields, tabledata("ü")).decode().replace('"1.0"?', f'"1.0" encoding="{encoding}"?')

    assert read(text.encode(encoding)).arrays == ('{"ü"}',)


@pytest.mark.parametrize(
    "content",
    [
        f"<RESOURCE>{TABLE}{OTHER}</RESOURCE>",
        f'<RESOURCE type="results">{TABLE}</RESOURCE><RESOURCE type="results">{OTHER}</RESOURCE>',
        f'<RESOURCE type="meta">{OTHER}</RESOURCE><RESOURCE type="results">{TABLE}</RESOURCE>',
        f'<RESOURCE><RESOURCE type="meta">{OTHER}</RESOURCE>{TABLE}</RESOURCE>',
        f'<RESOURCE type="meta"><RESOURCE type="results">{TABLE}</RESOURCE></RESOURCE>',
        f"<RESOURCE><TABLE/>{TABLE}</RESOURCE>",
        f"<RESOURCE><INFO>x</INFO><PARAM name='p' datatype='int'/><x:y xmlns:x='z'/>{TABLE}</RESOURCE>",
        f"<!-- {OTHER} --><?pi?><RESOURCE><DESCRIPTION>d</DESCRIPTION>{TABLE}</RESOURCE>",
        f"<RESOURCE>{TABLE}</RESOURCE><RESOURCE><odd><TABLE/></odd></RESOURCE>",
    ],
)
def test_the_first_table_with_results_is_used(content):
    """UPL-4: other content of a document is ignored."""
    assert read(f"{HEAD}{content}</VOTABLE>".encode()).arrays == ("{1}",)


def test_columns_keep_the_metadata_of_their_fields():
    """UPL-6, TAP-18: whatever SELECT * then echoes."""
    field = (
        '<FIELD ID="x1" name="flux e" datatype="double" arraysize="2x*" unit="Jy" ucd="phot.flux" ref="r"'
        ' utype="a:b" xtype="my:xtype" width="8" precision="3"><DESCRIPTION>\n All the\n flux </DESCRIPTION>'
        '<VALUES null="-1"><MIN value="0"/></VALUES><LINK href="x"/></FIELD>'
    )

    (column,) = read(document(field)).columns

    assert column == Column(
        name="flux e",
        datatype="double",
        arraysize="2x*",
        xtype="my:xtype",
        unit="Jy",
        ucd="phot.flux",
        utype="a:b",
        description="All the flux",
        null="-1",
    )


def test_columns_without_a_name_get_one():
    """FIELD/@name is required; where it is missing, the ID serves, else the position."""
    table = read(
        document('<FIELD datatype="int"/><FIELD ID="i" datatype="int"/><FIELD name="" datatype="int"/>')
    )

    assert [column.name for column in table.columns] == ["column_1", "i", "column_3"]


@pytest.mark.parametrize("data", ["", "<DATA/>", "<DATA><TABLEDATA/></DATA>", binary(b"")])
def test_a_table_may_have_no_rows(data):
    """UPL-4."""
    assert read(document(data=data)).arrays == ("{}",)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "The upload t is empty."),
        ("  \n", "The upload t is empty."),
        (
            "a,b\r\n1,2\n",
            "The upload t is not a VOTable; it begins with 'a,b'. Convert a table of text like CSV",
        ),
        ('{"a": 1}', "is not a VOTable; it begins with '{\"a\": 1}'."),
        ("\x1f\x8b\x08", "The upload t is compressed with gzip, not a VOTable. Convert it first."),
        ("SIMPLE  =   T", "The upload t is a FITS file, not a VOTable."),
        ("<html/>", "The upload t is not a VOTable: its first element is html. (line 1, column 1)"),
        (f"{HEAD}<RESOURCE>", "not well-formed XML: no element found. (line 2"),
        (f"{HEAD}<RESOURCE>{TABLE}</RESOURCE>", "not well-formed XML: no element found."),
        (f"{HEAD}\n\n<TABLE></RESOURCE>", "mismatched tag. (line 4, column 10)"),
        (f"{HEAD}&nbsp;</VOTABLE>", "undefined entity."),
        (f"{HEAD}</VOTABLE>", "The upload t has no TABLE with FIELDs."),
        (f"{HEAD}<RESOURCE><TABLE/></RESOURCE></VOTABLE>", "has no TABLE with FIELDs"),
        (f'{HEAD}<RESOURCE type="meta">{TABLE}</RESOURCE></VOTABLE>', "has no TABLE with FIELDs"),
        (f"{HEAD}<RESOURCE><TABLE>{ONE_ROW}</TABLE></RESOURCE></VOTABLE>", "has a TABLE without FIELDs"),
        ('<?xml version="1.0" encoding="klingon"?><VOTABLE/>', "unknown encoding"),
    ],
)
def test_a_document_that_is_not_a_votable_is_reported(text, words):
    """One sentence with the place."""
    assert words in refusal(text.encode("latin-1"))


@pytest.mark.parametrize(
    "fields, data, words",
    [
        (
            '<FIELD name="a" datatype="text"/>',
            "",
            "The datatype of the column a is 'text', which VOTable does",
        ),
        ('<FIELD name="a"/>', "", "The datatype of the column a is ''"),
        (
            '<FIELD name="a" datatype="int" arraysize="n"/>',
            "",
            "'n' of the column a is not valid. (line 2, column 132) Write 3, 3*",
        ),
        ('<FIELD name="a" datatype="int" arraysize="9999999999"/>', "", "of the column a is not valid"),
        (COUNTS * 2, "", "The upload t has two columns called n."),
        (COUNTS, f"{ONE_ROW}{ONE_ROW}", "has two DATA elements in a TABLE"),
        (COUNTS, f"{ONE_ROW}{COUNTS}", "has a FIELD after its data"),
        (COUNTS, tabledata("1", "1|2"), "has more cells in row 2 than its 1 FIELDs"),
        (
            COUNTS + COUNTS.replace('"n"', '"m"'),
            tabledata("1|2", "1"),
            "has fewer cells in row 2 than its 2 FIELDs",
        ),
        (COUNTS, "<DATA><TABLEDATA><TD>1</TD></TABLEDATA></DATA>", "has an element TD in its TABLEDATA"),
        (COUNTS, "<DATA><TABLEDATA><TR><TD><b/></TD></TR></TABLEDATA></DATA>", "has an element b in its"),
        (COUNTS, "<DATA><TABLEDATA><TR><TR/></TR></TABLEDATA></DATA>", "has an element TR in its TABLEDATA"),
        (
            COUNTS,
            '<DATA><TABLEDATA><TR><TD encoding="base64">MQ==</TD></TR></TABLEDATA></DATA>',
            "has a TD with an",
        ),
        (COUNTS, "<DATA><FITS><STREAM encoding='base64'>QUJD</STREAM></FITS></DATA>", "its FITS is damaged"),
    ],
)
def test_an_inconsistent_table_is_reported(fields, data, words):
    assert words in refusal(document(fields, data))


def test_names_that_differ_by_case_are_two():
    """ADQL 2.1, section 2.1.3: delimited identifiers tell them apart."""
    assert len(read(document(COUNTS + COUNTS.replace('"n"', '"N"'))).columns) == 2


# Hostile documents ---------------------------------------------------------------------------------------

BOMB = "".join(f'<!ENTITY e{n + 1} "' + f"&e{n};" * 10 + '">' for n in range(9))


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE VOTABLE []>",
        '<!DOCTYPE VOTABLE [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]>',
        '<!DOCTYPE VOTABLE [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        f'<!DOCTYPE VOTABLE [<!ENTITY e0 "lol">{BOMB}]>',
    ],
)
def test_entities_are_refused_before_anything_is_done_with_them(doctype):
    """No entity, inner or outer, is ever expanded."""
    text = HEAD.replace("<VOTABLE", f"{doctype}<VOTABLE") + "<RESOURCE>&x;&e9;</RESOURCE></VOTABLE>"

    assert (
        "The upload t declares entities in a DOCTYPE, which are not supported. (line 2, column "
        in refusal(text.encode())
    )


DOCTYPE = '<!DOCTYPE VOTABLE SYSTEM "file:///etc/passwd">'


def test_the_doctype_of_votable_1_0_is_not_followed():
    """UPL-4: documents of this version name their DTD, which is not opened and has no effect."""
    text = document(data=ONE_ROW).decode().replace("<VOTABLE", f"{DOCTYPE}<VOTABLE")

    assert read(text.encode()).arrays == ("{1}",)


@pytest.mark.parametrize("place", ["<TABLE>", "<TD>"])
def test_entities_of_a_doctype_are_not_silently_dropped(place):
    """An undefined entity would silently vanish from a text (XML 1.0, section 4.1)."""
    text = (
        document(data=ONE_ROW)
        .decode()
        .replace("<VOTABLE", f"{DOCTYPE}<VOTABLE")
        .replace(place, f"{place}&x;")
    )

    assert "The upload t uses the undefined entity x. (line 2, column " in refusal(text.encode())


def large(unit, size=20_000_000):
    return unit * (size // len(unit))


HOSTILE = {
    "depth": lambda: document(data=large("<a>")),
    "attributes": lambda: document("<FIELD " + " ".join(f'a{n}=""' for n in range(10**6)) + "/>"),
    "a name": lambda: document('<FIELD name="' + large("n") + '" datatype="int"/>'),
    "a comment": lambda: document("<!--" + large("-x") + "-->"),
    "fields": lambda: document("".join(f'<FIELD name="c{n}" datatype="int"/>' for n in range(200_000))),
    "elements": lambda: document("", large("<a/>", 4_000_000)),
    "cells": lambda: document(data=f"<DATA><TABLEDATA><TR>{large('<TD/>')}</TR></TABLEDATA></DATA>"),
    "rows without cells": lambda: document(data=f"<DATA><TABLEDATA>{large('<TR/>')}</TABLEDATA></DATA>"),
    "items": lambda: document(COUNTS.replace("/>", ' arraysize="*"/>'), tabledata(large("1 "))),
    "bits": lambda: document(
        '<FIELD name="b" datatype="bit" arraysize="*"/>', binary(struct.pack(">i", 8 * 10**7) + bytes(10**7))
    ),
    "an arraysize": lambda: document(
        '<FIELD name="b" datatype="double" arraysize="999999999x999999999"/>', binary(bytes(10**6), "BINARY2")
    ),
    "a length": lambda: document(
        '<FIELD name="b" datatype="double" arraysize="*"/>', binary(b"\x7f\xff\xff\xff" + bytes(10**6))
    ),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", HOSTILE)
def test_no_document_takes_much_more_memory_than_its_own(name):
    """Twenty million bytes of each kind of exaggeration: one sentence, and memory as for an honest table."""
    votable = HOSTILE[name]()
    tracemalloc.start()
    try:
        message = refusal(votable)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert message.count("\n") == 0
    assert len(message) < 300
    assert peak < 200_000_000


def test_a_tag_has_a_length():
    """A parser has a tag in memory as a whole, and looks at its start again for each piece that comes."""
    assert "has a tag of more than 1000000 bytes" in refusal(HOSTILE["a name"]())


def test_too_many_columns_are_over_a_limit():
    """UPL-7: 413; PostgreSQL can do 1 664."""
    with pytest.raises(TooLarge, match="has more columns than the limit of 1600"):
        read(HOSTILE["fields"]())


# Limits --------------------------------------------------------------------------------------------------


class Endless:
    """A part that has no end."""

    taken = 0

    def read(self, size: int) -> bytes:
        self.taken += size
        if self.taken == size:
            return HEAD.encode() + b"<RESOURCE>"
        return b"x" * size


def test_the_limit_is_held_while_reading():
    """UPL-7, UPL-8: no matter what the head of the request said, reading ends at the limit."""
    part = Endless()
    with pytest.raises(TooLarge, match="limit of 2000000 bytes"):
        read_uploads(["t,param:t"], {"t": part}, Settings(upload_bytes=2_000_000))

    assert part.taken < 3_000_000


def test_the_limit_is_that_of_all_tables_together():
    """UPL-7: and a table of exactly that size is taken whole."""
    votable = document(data=ONE_ROW)
    settings = Settings(upload_bytes=2 * len(votable))
    two, three = ([f"t{n},param:t{n}" for n in range(count)] for count in (2, 3))

    def parts():
        return {f"t{n}": io.BytesIO(votable) for n in range(3)}

    assert len(read_uploads(two, parts(), settings)) == 2
    with pytest.raises(TooLarge):
        read_uploads(three, parts(), settings)


def test_the_converted_cells_have_a_limit():
    """Bits take eight times the space in SQL: the statement is bounded too."""
    votable = document('<FIELD name="b" datatype="bit" arraysize="800"/>', binary(b"\xff" * 100 * 600))
    settings = Settings(upload_bytes=len(votable))

    with pytest.raises(TooLarge, match="more values than this service accepts"):
        read(votable, settings)


def test_reading_has_a_time_limit():
    """Reading a table slows down other requests of the same process."""
    votable = document(data=tabledata(*["1"] * 100_000))

    with pytest.raises(UploadError, match="Reading the upload t took longer than the limit of 0.001 s"):
        read(votable, replace(Settings(), upload_duration=0.001))


def test_a_missing_part_is_reported_with_the_existing_ones():
    """UPL-3: the name of a part counts case."""
    with pytest.raises(ParameterError) as raised:
        read_uploads(["t,param:T"], {"t": io.BytesIO(), "u": io.BytesIO()}, Settings())

    assert str(raised.value) == (
        "The upload t refers to the file 'T', which is not in the request."
        " Its files are: t, u. A part of the form is a file if it has a file name."
    )


def refusal(votable: bytes) -> str:
    with pytest.raises(ProvtapError) as raised:
        read(votable)
    return str(raised.value)
