"""The questions of astronomers, translated for the tables that are published and understood by PostgreSQL."""

from pathlib import Path

import pytest

from provtap.adql import translate
from provtap.errors import AdqlError
from tests.adql.grammar import corpus
from tests.adql.lab import fetch

BLOCKS = Path(__file__).with_name("provenance.sql").read_text(encoding="utf-8").split("\n\n")[1:]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0].removeprefix("-- "))
def test_postgresql_understands_the_translation_of_each_question(reader, tableset, block):
    """Digest provenance-queries: the questions that need no lineage; in the form COPY takes them."""
    statement = translate(block, tableset)

    assert fetch(reader, f"EXPLAIN {statement.copy_sql(10)}")


def test_what_is_accepted_of_the_conformance_corpus_runs(reader, tableset):
    """Issue 3, "Must show": every query that is accepted against the published tables runs on PostgreSQL."""
    accepted = 0
    for _, query in corpus("accepted"):
        try:
            statement = translate(query, tableset)
        except AdqlError:  # of tables that are not published
            continue
        assert fetch(reader, f"EXPLAIN {statement.copy_sql(10)}")
        accepted += 1

    assert accepted > 200


def test_a_field_has_the_name_and_description_of_its_column(tableset):
    """TAP-18, SCH-4: the name of a FIELD has no quotes, and its metadata are those of TAP_SCHEMA."""
    (size,) = translate('SELECT "size" FROM TAP_SCHEMA.columns', tableset).columns

    assert (size.name, size.datatype) == ("size", "int")


def test_reserved_names_are_told_with_their_quotes(tableset):
    """SCH-5: the hint gives the form that TAP_SCHEMA shows."""
    with pytest.raises(AdqlError, match='write it as "size" in double quotes'):
        translate("SELECT size FROM TAP_SCHEMA.columns", tableset)
