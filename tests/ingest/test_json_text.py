import pytest

from provtap.errors import DocumentError
from provtap.ingest.parsing.json import canonical, parse


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": [1, 2.5, null, true]}', [{"a": [1, 2.5, None, True]}]),
        ("[1][2]\n [3] ", [[1], [2], [3]]),
        ('"\\ud83d\\ude00"', ["\U0001f600"]),
        ('"\\\\u0000 \\\\ud800"', ["\\u0000 \\ud800"]),
        ('{"a": {"b": 1}, "b": 2}', [{"a": {"b": 1}, "b": 2}]),
        ("\ufeff[]", [[]]),
    ],
)
def test_parse_yields_each_value_of_the_document(text, values):
    """Ctapipe appends an array at each writing (INGEST-a1); escapes that only look forbidden are fine."""
    assert list(parse(text.encode())) == values


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", None, None, "empty"),
        (" \n ", None, None, "empty"),
        ('[\n{"a": 1,}]', 2, 9, "not JSON"),
        ('[{"a": 1', 1, 9, "not JSON"),
        ("[1]\n x", 2, 2, "not JSON"),
        ("[1,\n  NaN]", 2, 3, "NaN"),
        ("[-Infinity]", 1, 2, "-Infinity"),
        ('["a\\u0000"]', 1, 2, "U+0000"),
        ('[1, "\\ud800"]', 1, 5, "surrogate"),
        ('[{"a": 1,\n "b": {"a": 1}, "a": 2}]', 2, 17, 'key "a"'),
        ('{"a": 1, "\\u0061": 2}', 1, 10, "twice"),
        ("[1e999]", 1, 2, "too large"),
        ("[" + "1" * 5000 + "]", 1, 2, "too large"),
        ('["a\tb"]', 1, 4, "not JSON"),
        ('{"a\n": 1, "b": 1e999}', 1, 4, "not JSON"),
        ('{"\\u0000": 1, "a\n": 2}', 1, 2, "U+0000"),
    ],
)
def test_errors_of_parse_have_positions(text, line, column, message):
    """Whatever can't be stored or may mean two things is refused with line and column (RFC 8259, 4, 6, 7)."""
    with pytest.raises(DocumentError, match=message.replace("+", r"\+")) as caught:
        list(parse(text.encode()))

    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"":', "}")])
def test_parse_bounds_the_nesting(opening, closing):
    """Readers recurse: 100 levels are enough for every configuration, and safe."""
    text = opening * 100 + "1" + closing * 100

    assert len(list(parse(text.encode()))) == 1
    with pytest.raises(DocumentError, match="nested too deeply"):
        list(parse(f"[{text}]".encode()))


def test_parse_refuses_other_encodings():
    """JSON between systems is UTF-8 (RFC 8259, 8.1)."""
    with pytest.raises(DocumentError, match="not UTF-8") as caught:
        list(parse('[\n"é"]'.encode("latin-1")))

    assert (caught.value.line, caught.value.column) == (2, 2)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_parse_names_another_encoding_of_unicode(encoding):
    """A byte order mark shows the encoding; the hint shows how to convert it."""
    with pytest.raises(DocumentError, match=f"this is {encoding.upper()}") as caught:
        list(parse("[1]".encode(encoding)))

    assert caught.value.hint == f"iconv -f {encoding.upper()} -t UTF-8"


def test_parse_takes_the_numbers_that_python_writes_as_texts():
    """Python's json writes NaN and infinities, which RFC 8259, 6 has not; other flaws stay flaws."""
    text = b'[NaN, -Infinity, Infinity, "\\\\u0000"]'

    assert list(parse(text, as_python=True)) == [["NaN", "-Infinity", "Infinity", "\\u0000"]]
    with pytest.raises(DocumentError, match="twice"):
        list(parse(b'[NaN, {"a": 1, "a": 2}]', as_python=True))


def test_canonical_ignores_the_order_of_keys():
    """The digest of a record must not depend on how it was written down (INGEST-d1)."""
    assert canonical({"b": [1, {"d": 2, "c": 3}], "a": 1}) == '{"a":1,"b":[1,{"c":3,"d":2}]}'
