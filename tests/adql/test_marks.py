"""Where the errors of a query are, and the queries that their fixes make."""

import pytest

from provtap.adql import translate
from provtap.adql.syntax.marks import marks, mended
from provtap.errors import AdqlError


def found(text, tableset):
    with pytest.raises(AdqlError) as caught:
        translate(text, tableset)
    return marks(text, caught.value)


@pytest.mark.parametrize(
    "text, part, fixes",
    [
        ("SELECT e_nam FROM provenance.entity", "e_nam", ("e_name",)),
        ("SELECT ent.e_nam FROM provenance.entity AS ent", "e_nam", ("e_name",)),
        ("SELECT e.e_id FROM provenance.entity AS ent", "e", ("ent",)),
        ("SELECT entity.e_id FROM provenance.entity AS ent", "entity.e_id", ("ent.e_id",)),
        ("SELECT * FROM\n  provenanc.entity", "provenanc", ("provenance",)),
        ("SELECT * FROM provenance . entty", "provenance . entty", ("provenance.entity",)),
        ('SELECT * FROM "provenance.entity"', '"provenance.entity"', ("provenance.entity",)),
        ("SELECT * FORM provenance.entity", "FORM", ("FROM",)),
        ("SELECT * FROM provenance.entity WHERE e_name = “x”", "“", ('"', "'")),
        ('SELECT * FROM provenance.entity WHERE e_name = "x\ny"', '"x\ny"', ("'x\ny'",)),
        ("SELECT * FROM provenance.entity WHERE e_name = dl1", "dl1", ("'dl1'",)),
        ("SELECT * FROM provenance.activity WHERE a_starttime ≥ '2026'", "≥", (">=",)),
        ("SELECT uper(e_name) FROM provenance.entity", "uper", ("UPPER",)),
        ("SELECT siz FROM tap_schema.columns", "siz", ('"size"',)),
        (
            "SELECT e_id FROM provenance.entity AS a, provenance.entity AS b",
            "e_id",
            ("a.e_id", "b.e_id"),
        ),
        ("SELECT * FROM", "", ()),
    ],
)
def test_a_mark_has_the_wrong_part_and_its_replacements(text, part, fixes, tableset):
    [mark] = found(text, tableset)

    assert (text[mark.start : mark.stop], mark.fixes) == (part, fixes)


def test_a_byte_order_mark_counts_as_a_character_of_the_text(tableset):
    text = "\ufeffSELECT e_nam FROM provenance.entity"
    [mark] = found(text, tableset)

    assert text[mark.start : mark.stop] == "e_nam"


def test_all_errors_are_mended_at_once(tableset):
    text = "SELECT e_nam, e_locaton\nFROM provenance.entity\nWHERE e_nam LIKE '%'"

    query = mended(text, found(text, tableset))

    assert query == "SELECT e_name, e_location\nFROM provenance.entity\nWHERE e_name LIKE '%'"
    assert translate(query, tableset).columns[1].name == "e_location"


def test_a_fix_changes_only_its_part_of_the_query(tableset):
    text = "SELECT e_id FROM provenance.entity AS a, provenance.entity AS b"
    [mark] = found(text, tableset)

    query = mark.mend(text, mark.fixes[1])

    assert query == "SELECT b.e_id FROM provenance.entity AS a, provenance.entity AS b"
    translate(query, tableset)
