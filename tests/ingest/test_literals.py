"""Equal literals have one text: XML Schema 1.1, Part 2."""

import pytest

from provtap.ingest.readers.prov.literals import canonical


@pytest.mark.parametrize(
    "type_, equal",
    [
        ("boolean", ["true", "1", " 1\n"]),
        ("boolean", ["false", "0"]),
        ("int", ["7", "+7", "007", " 7 "]),
        ("integer", ["0", "-0", "+00"]),
        ("long", ["-12", "-012"]),
        ("decimal", ["1.5", "+01.50", "1.500"]),
        ("decimal", ["5", "5.0", "5."]),
        ("decimal", ["0.5", ".5"]),
        ("double", ["10.0", "1e1", "1.0E+1", "10"]),
        ("double", ["1e+22", "1E22", "10000000000000000000000"]),
        ("float", ["INF", "+INF"]),
        ("dateTime", ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00.000Z"]),
        ("dateTime", ["2026-01-01T00:00:00", "2026-01-01T00:00:00.0"]),
    ],
)
def test_equal_values_have_one_text(type_, equal):
    assert {canonical(text, type_) for text in equal} == {equal[0]}


@pytest.mark.parametrize(
    "type_, text",
    [
        ("boolean", "yes"),
        ("int", "7.0"),
        ("decimal", "."),
        ("decimal", "1E5"),
        ("double", "1_0"),
        ("double", "1e999"),
        ("dateTime", "noon"),
        ("string", " 1 "),
        ("decimal", "123456789012345678901234567890.1234567890123456789"),
    ],
)
def test_nothing_else_is_changed(type_, text):
    assert canonical(text, type_) == text
