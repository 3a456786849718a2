"""BINARY and BINARY2, byte by byte."""

import base64
import struct

import pytest

from provtap.errors import UploadError
from tests.uploads.documents import arrays, binary, document, read


def cells(attributes, data, form="BINARY"):
    """Return the cells that these bytes become, in a column of these attributes."""
    (array,) = arrays(f'<FIELD name="c" {attributes}/>', binary(data, form))
    return array


@pytest.mark.parametrize(
    "attributes, data, array",
    [
        ('datatype="short"', struct.pack(">2h", -32768, 5), "{-32768,5}"),
        ('datatype="int"', struct.pack(">2i", -(2**31), 2**31 - 1), "{-2147483648,2147483647}"),
        ('datatype="long"', struct.pack(">q", 2**63 - 1), "{9223372036854775807}"),
        ('datatype="unsignedByte"', b"\0\xff", "{0,255}"),
        ('datatype="double"', struct.pack(">3d", 0.1, float("nan"), float("-inf")), "{0.1,NULL,-inf}"),
        ('datatype="float"', struct.pack(">f", 0.1), "{0.10000000149011612}"),
        ('datatype="boolean"', b"TtFf10? \0", "{t,t,f,f,t,f,NULL,NULL,NULL}"),
        ('datatype="bit"', b"\x80\x08\0", "{1,1,0}"),
        ('datatype="char"', b"x\0", '{"x",NULL}'),
        ('datatype="char" arraysize="3"', b"ab\0c  \0xx", '{"ab","c  ",NULL}'),
        ('datatype="char" arraysize="3*"', b"\0\0\0\2hi\0\0\0\0", '{"hi",NULL}'),
        ('datatype="char" arraysize="*"', "\0\0\0\2ü".encode(), '{"ü"}'),
        ('datatype="char" arraysize="3x2"', b"a\0\0bc\0", '{"a  bc"}'),
        ('datatype="unicodeChar"', b"\0x", '{"x"}'),
        ('datatype="unicodeChar" arraysize="*"', b"\0\0\0\2" + "𝕏".encode("utf-16-be"), '{"𝕏"}'),
        ('datatype="int" arraysize="2"', struct.pack(">2i", 1, 2), '{"{1,2}"}'),
        ('datatype="int" arraysize="*"', struct.pack(">4i", 2, 1, 2, 0), '{"{1,2}",NULL}'),
        ('datatype="short" arraysize="2x*"', struct.pack(">i4h", 4, 1, 2, 3, 4), '{"{1,2,3,4}"}'),
        ('datatype="bit" arraysize="10"', b"\xff\x40", '{"{1,1,1,1,1,1,1,1,0,1}"}'),
        ('datatype="bit" arraysize="*"', b"\0\0\0\3\xa0", '{"{1,0,1}"}'),
        ('datatype="boolean" arraysize="2"', b"T?", '{"{t,NULL}"}'),
        ('datatype="doubleComplex"', struct.pack(">2d", 1, -2), '{"{1.0,-2.0}"}'),
        (
            'datatype="floatComplex" arraysize="*"',
            struct.pack(">i4f", 2, 1, 2, 3, 4),
            '{"{1.0,2.0,3.0,4.0}"}',
        ),
        (
            'datatype="double" arraysize="2" xtype="point"',
            struct.pack(">4d", 1, 2, *[float("nan")] * 2),
            '{"{1.0,2.0}",NULL}',
        ),
        ('datatype="char" arraysize="19" xtype="timestamp"', b"2026-01-31T12:00:00", "{2026-01-31T12:00:00}"),
        ('datatype="int"', b"", "{}"),
    ],
)
def test_bytes_are_read_as_declared_in_the_field(attributes, data, array):
    """VOT-8: big-endian, lengths before variable cells, NaN and blanks as null."""
    assert cells(attributes, data) == array


@pytest.mark.parametrize("size", ["3", "*"])
def test_flags_mark_the_nulls_of_binary2(size):
    """VOT-9: the first column has the highest bit, nine columns have two bytes; an empty text is none."""
    texts = f'<FIELD name="s" datatype="char" arraysize="{size}"/>'
    fields = "".join(f'<FIELD name="c{n}" datatype="unsignedByte"/>' for n in range(8)) + texts
    text = b"\0\0\0" if size == "3" else b"\0\0\0\0"
    rows = b"\x81\0" + bytes(range(8)) + text + b"\0\x80" + bytes(range(8)) + text

    found = arrays(fields, binary(rows, "BINARY2"))

    assert found == [
        "{NULL,0}",
        "{1,1}",
        "{2,2}",
        "{3,3}",
        "{4,4}",
        "{5,5}",
        "{6,6}",
        "{NULL,7}",
        '{"",NULL}',
    ]


def test_null_by_number():
    """VOT-8: integers of BINARY have no other null; the taplint form, the smallest number."""
    fields = '<FIELD name="n" datatype="short"><VALUES null="-32768"/></FIELD>'

    assert arrays(fields, binary(struct.pack(">2h", -32768, 1))) == ["{NULL,1}"]


def test_rows_of_many_blocks():
    """Rows are taken apart in blocks, even and uneven ones: none is lost or moved between two."""
    numbers = range(70_000)
    even = binary(struct.pack(">70000i", *numbers))
    uneven = binary(b"".join(struct.pack(">ii2s", n, 2, b"ab") for n in numbers))
    texts = '<FIELD name="s" datatype="char" arraysize="*"/>'
    expected = f"{{{','.join(map(str, numbers))}}}"

    assert arrays('<FIELD name="n" datatype="int"/>', even) == [expected]
    assert arrays(f'<FIELD name="n" datatype="int"/>{texts}', uneven)[0] == expected


@pytest.mark.parametrize("form", ["BINARY", "BINARY2"])
@pytest.mark.parametrize(
    "attributes, data, words",
    [
        ('datatype="int"', b"\0" * 7, "its bytes end within row"),
        ('datatype="double" arraysize="999999"', b"\0" * 80, "its bytes end within row 1"),
        (
            'datatype="char" arraysize="*"',
            b"\0\x7f\xff\xff\xff" * 2,
            "its bytes end in row 1, within the column c",
        ),
        ('datatype="char" arraysize="*"', b"\xff" * 8, "in row 1, the column c has a length of -"),
        ('datatype="int" arraysize="*"', b"\0\0\1", "its bytes end in row 1"),
    ],
)
def test_lengths_are_believed_only_as_far_as_the_bytes_reach(attributes, data, words, form):
    """A wrong size takes no memory and is reported."""
    assert words in refusal(attributes, data, form)


@pytest.mark.parametrize(
    "attributes, data, words",
    [
        ('datatype="boolean"', b"TX", "in row 2, the column c has the byte 88, which is not a truth value"),
        ('datatype="char" arraysize="2"', b"\xff\xfe", "in row 1, the column c has a text that is not UTF-8"),
        ('datatype="unicodeChar"', b"\xd8\0", "has a text that is not UTF-16"),
        ('datatype="char" arraysize="0"', b"abc", "its rows have no bytes"),
        ('datatype="short" arraysize="2x*"', b"\0\0\0\3" + b"\0" * 6, "has 3 items, which do not fit 2x*"),
        (
            'datatype="bit" arraysize="*"',
            b"\0\x1f\xff\xff" + bytes(262_144),
            "has more than 1000000 items in a cell",
        ),
        (
            'datatype="char" arraysize="4" xtype="timestamp"',
            b"soon",
            "In row 1 of the upload t, the column c: 'soon' is not a timestamp",
        ),
    ],
)
def test_wrong_bytes_are_reported_with_their_row(attributes, data, words):
    assert words in refusal(attributes, data, "BINARY")


@pytest.mark.parametrize(
    "text, words",
    [
        ("AA!AAAAA", "has a STREAM that is not base64"),
        ("AAAAA", "has a STREAM whose base64 is incomplete"),
        ("AAA=AAAA", "not base64"),
        ("AAA=\n" + "AAAA" * 40_000, "not base64"),
    ],
)
def test_invalid_base64_is_reported(text, words):
    data = f'<DATA><BINARY><STREAM encoding="base64">{text}</STREAM></BINARY></DATA>'
    with pytest.raises(UploadError, match=words):
        read(document(data=data))


def test_base64_may_have_blanks_and_line_ends_anywhere():
    """RFC 2045, section 6.8; a document may break its lines as it likes."""
    text = base64.b64encode(struct.pack(">300i", *range(300))).decode()
    data = f'<DATA><BINARY><STREAM encoding="Base64">\n{" ".join(text)}\n</STREAM></BINARY></DATA>'

    assert read(document(data=data)).arrays[0].count(",") == 299


@pytest.mark.parametrize(
    "attributes, words",
    [
        ('href="http://example.org/data"', "refers to data at another address (href)"),
        ('href="file:///etc/passwd" encoding="base64"', "refers to data at another address (href)"),
        ('encoding="gzip"', "has a STREAM in the encoding 'gzip', not base64"),
        ("", "has a STREAM in the encoding '', not base64"),
    ],
)
def test_only_data_inside_the_document_are_read(attributes, words):
    """No other file or host is looked at because of a document."""
    with pytest.raises(UploadError) as raised:
        read(document(data=f"<DATA><BINARY><STREAM {attributes}>AAAA</STREAM></BINARY></DATA>"))

    assert words in str(raised.value)


def refusal(attributes, data, form):
    with pytest.raises(UploadError) as raised:
        cells(attributes, data, form)
    return str(raised.value)
