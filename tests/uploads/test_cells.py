"""Cells of TABLEDATA, as PostgreSQL reads them inside an array."""

import pytest

from provtap.errors import UploadError
from tests.uploads.documents import arrays, document, read, tabledata


def cells(attributes, *texts, null=None):
    """Return the cells that these texts become, in a column of these attributes."""
    values = f'<VALUES null="{null}"/>' if null is not None else ""
    (array,) = arrays(f'<FIELD name="c" {attributes}>{values}</FIELD>', tabledata(*texts))
    return array


@pytest.mark.parametrize(
    "datatype, texts, array",
    [
        ("short", ["-32768", " 7 ", "+32767", "0x10", ""], "{-32768,7,32767,16,NULL}"),
        ("int", ["-2147483648", "2147483647"], "{-2147483648,2147483647}"),
        (
            "long",
            ["-9223372036854775808", "9223372036854775807"],
            "{-9223372036854775808,9223372036854775807}",
        ),
        ("unsignedByte", ["0", "255"], "{0,255}"),
        ("bit", ["0", "1", ""], "{0,1,NULL}"),
        (
            "double",
            ["0.1", "1e300", "-5e-324", "+Inf", "-Inf", "NaN", ""],
            "{0.1,1e300,-5e-324,Infinity,-Infinity,NULL,NULL}",
        ),
        (
            "double",
            ["0.10000000000000000555", "1e-400", "-1e-999", "-0"],
            "{0.10000000000000000555,0.0,-0.0,-0.0}",
        ),
        ("float", ["0.1", "3.4028235e38", "1e-46", "-1e-60", "1e-45"], "{0.1,3.4028235e38,0.0,-0.0,1e-45}"),
        ("boolean", ["T", "f", "true", "FALSE", "1", "0", "?", " ", ""], "{t,f,t,f,t,f,NULL,NULL,NULL}"),
    ],
)
def test_numbers_go_on_as_they_are(datatype, texts, array):
    """VOT-7: every digit is kept; an empty cell is null, and so is NaN, the null of floating point."""
    assert cells(f'datatype="{datatype}"', *texts) == array


@pytest.mark.parametrize(
    "attributes, texts, array",
    [
        (
            'datatype="char" arraysize="*"',
            ["a", "it's", 'say "x"', "a\\b", " ", ""],
            r'{"a","it\'s","say \"x\"","a\\b"," ",NULL}'.replace("\\'", "'"),
        ),
        ('datatype="char"', ["x", ""], '{"x",NULL}'),
        ('datatype="unicodeChar" arraysize="4"', ["ü€", "𝕏"], '{"ü€","𝕏"}'),
        (
            'datatype="char" arraysize="*"',
            ["NULL", "{1,2}", "<![CDATA[<b>&]]>", "&lt;&#13;"],
            '{"NULL","{1,2}","<b>&","<\r"}',
        ),
        ('datatype="char" arraysize="2x3"', ["aabbcc"], '{"aabbcc"}'),
    ],
)
def test_texts_are_quoted(attributes, texts, array):
    """UPL-4, VOT-7: white space counts, and an empty text is null."""
    assert cells(attributes, *texts) == array


@pytest.mark.parametrize(
    "attributes, texts, array",
    [
        ('datatype="short" arraysize="2"', ["1 -2", " 3\n 4 ", ""], '{"{1,-2}","{3,4}",NULL}'),
        ('datatype="double" arraysize="*"', ["1.5 NaN -Inf", "7"], '{"{1.5,NaN,-Infinity}","{7}"}'),
        ('datatype="float" arraysize="2x*"', ["1 2 3 4"], '{"{1,2,3,4}"}'),
        ('datatype="int" arraysize="2x2"', ["1 2 3 4"], '{"{1,2,3,4}"}'),
        ('datatype="boolean" arraysize="3"', ["T F ?"], '{"{t,f,NULL}"}'),
        ('datatype="bit" arraysize="*"', ["1 0 1", "0110"], '{"{1,0,1}","{0,1,1,0}"}'),
        ('datatype="unsignedByte" arraysize="*"', ["0 255"], '{"{0,255}"}'),
        ('datatype="doubleComplex"', ["1 -2.5", ""], '{"{1,-2.5}",NULL}'),
        ('datatype="floatComplex" arraysize="2"', ["1 2 3 4"], '{"{1,2,3,4}"}'),
        ('datatype="double" arraysize="2" xtype="point"', ["10 -20", "NaN NaN"], '{"{10,-20}",NULL}'),
        ('datatype="double" arraysize="*" xtype="circle"', ["10 20 1"], '{"{10,20,1}"}'),
        ('datatype="int" arraysize="1"', ["7"], "{7}"),
    ],
)
def test_arrays_are_texts_inside_an_array(attributes, texts, array):
    """MAP-9: several numbers in a cell; whatever the shape, they stand in the order of the document."""
    assert cells(attributes, *texts) == array


@pytest.mark.parametrize("xtype", ["timestamp", "adql:TIMESTAMP"])
def test_timestamps_have_the_form_of_results(xtype):
    """MAP-7, MAP-9: with or without time, fraction, Z or +00:00; microseconds at most."""
    texts = [
        "2026-01-31T12:00:00",
        "2026-01-31",
        "2026-01-31 01:02:03.500000000Z",
        "2026-01-31T01:02",
        "2026-01-31T01:02:03.5+00:00",
        "2026-01-31T01:02-0000",
        "0001-01-01",
        "",
    ]

    assert cells(f'datatype="char" arraysize="*" xtype="{xtype}"', *texts) == (
        "{2026-01-31T12:00:00,2026-01-31T00:00:00,2026-01-31T01:02:03.5,2026-01-31T01:02:00,"
        "2026-01-31T01:02:03.5,2026-01-31T01:02:00,"
        "0001-01-01T00:00:00,NULL}"
    )


@pytest.mark.parametrize(
    "size, echoed", [("19", "19"), ("23", "23"), ("*", "*"), ("10", "*"), ("10*", "10*")]
)
def test_the_arraysize_of_timestamps_is_large_enough(size, echoed):
    """UPL-6: a day comes back with its midnight, which needs more room than the day alone."""
    fields = f'<FIELD name="c" datatype="char" arraysize="{size}" xtype="timestamp"/>'

    assert read(document(fields, tabledata("2026-01-31", ""))).columns[0].arraysize == echoed


@pytest.mark.parametrize(
    "datatype, null, texts, array",
    [
        ("int", "-1", ["-1", "1", " -1 ", "-01"], "{NULL,1,NULL,NULL}"),
        (
            "long",
            "9223372036854775807",
            ["9223372036854775807", "9223372036854775806"],
            "{NULL,9223372036854775806}",
        ),
        ("double", "-99", ["-99.0", "-98"], "{NULL,-98}"),
        ("float", "n/a", ["n/a", "1"], "{NULL,1}"),
        ("int", "", ["", "1"], "{NULL,1}"),
        ("int", "none", ["", "1"], "{NULL,1}"),
        ("boolean", "0", ["T", "0"], "{t,NULL}"),
    ],
)
def test_the_null_value_becomes_null(datatype, null, texts, array):
    """UPL-4: VALUES/@null, whatever way the number is written."""
    assert cells(f'datatype="{datatype}"', *texts, null=null) == array


def test_null_within_arrays_is_echoed():
    """VOT-7: a number inside an array goes on as it is, together with the null that it may stand for."""
    fields = '<FIELD name="c" datatype="int" arraysize="2"><VALUES null="-1"/></FIELD>'
    table = read(document(fields, tabledata("-1 5")))

    assert table.arrays == ('{"{-1,5}"}',)
    assert table.columns[0].null == "-1"


@pytest.mark.parametrize(
    "attributes, text, words",
    [
        ('datatype="short"', "32768", "32768 is out of the range of short"),
        ('datatype="unsignedByte"', "-1", "-1 is out of the range of unsignedByte"),
        ('datatype="int"', "1.5", "'1.5' is not a whole number"),
        ('datatype="int"', "1_000", "'1_000' is not a whole number"),
        ('datatype="long"', "9" * 5_000, "is not a whole number"),
        ('datatype="int"', "٣", "is not a whole number"),
        ('datatype="double"', "x", "'x' is not a number"),
        ('datatype="double"', "1_0", "'1_0' is not a number"),
        ('datatype="double"', "٣", "is not a number"),
        ('datatype="double"', "1e400", "1e400 is out of the range of double"),
        ('datatype="float"', "1e39", "1e39 is out of the range of float"),
        ('datatype="boolean"', "maybe", "'maybe' is not a truth value like T or F"),
        ('datatype="int" arraysize="2"', "1", "1 numbers do not fit the arraysize 2"),
        ('datatype="int" arraysize="2x*"', "1 2 3", "3 numbers do not fit the arraysize 2x*"),
        ('datatype="doubleComplex"', "1", "1 numbers do not fit one cell"),
        ('datatype="double" arraysize="*" xtype="point"', "1 2 3", "3 numbers do not make a point"),
        ('datatype="bit" arraysize="*"', "102", "2 is out of the range of bit"),
        ('datatype="char" arraysize="*" xtype="timestamp"', "yesterday", "'yesterday' is not a timestamp"),
        ('datatype="char" arraysize="*" xtype="timestamp"', "2026-02-30", "'2026-02-30' is not a timestamp"),
        (
            'datatype="char" arraysize="*" xtype="timestamp"',
            "2026-01-01T00:00:00.1234567",
            "more precise than a microsecond",
        ),
        ('datatype="int" arraysize="*"', "1 " * 1_000_001, "more than 1000000 items"),
        ('datatype="bit" arraysize="*"', "1" * 1_000_001, "more than 1000000 items"),
    ],
)
def test_a_wrong_cell_is_reported_with_its_row(attributes, text, words):
    """Nothing is rounded, cut or left to PostgreSQL to refuse."""
    with pytest.raises(UploadError) as raised:
        cells(attributes, "", text)

    assert str(raised.value).startswith("In row 2 of the upload t, the column c: ")
    assert words in str(raised.value)


def test_the_row_of_a_wrong_cell_counts_all_blocks():
    """Rows are taken in blocks of some thousands."""
    with pytest.raises(UploadError, match="In row 12001 of the upload t, the column n: 'x'"):
        arrays('<FIELD name="n" datatype="int"/>', tabledata(*["1"] * 12_000, "x"))
