"""The questions of astronomers, translated for the tables that are published and understood by PostgreSQL."""

import pytest

from provtap import metadata
from provtap.adql import translate
from provtap.errors import AdqlError
from provtap.web.examples import QUERIES, examples
from tests.adql.grammar import accepts, corpus
from tests.adql.lab import fetch


@pytest.mark.parametrize("example", list(examples(metadata.load())), ids=lambda example: example.id)
def test_postgresql_understands_the_translation_of_each_question(reader, tableset, example):
    """Digest provenance-queries, and more; in the form COPY takes them."""
    statement = translate(example.query, tableset)

    assert fetch(reader, f"EXPLAIN {statement.copy_sql(10)}")


@pytest.mark.parametrize("name", list(QUERIES))
def test_each_question_is_adql(name):
    """EX-7: by the grammar as well as by the parser, whether its tables are published or not."""
    assert accepts(QUERIES[name].removesuffix(";"))


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
