"""The questions of astronomers, translated for the tables that are published and understood by PostgreSQL."""

import re

import pytest

from provtap import metadata
from provtap.adql import translate
from provtap.errors import AdqlError
from provtap.web.site.examples import QUERIES, VALUES, questions
from tests.adql.grammar import accepts, corpus
from tests.adql.lab import fetch

NUMBERS = {"quantity_value", "sky_ra", "sky_dec"}
"""Places in the questions for numbers; the others are for texts."""


@pytest.mark.parametrize("question", list(questions(metadata.load())), ids=lambda question: question.id)
def test_postgresql_understands_the_translation_of_each_question(reader, tableset, question):
    """Digest provenance-queries, and more; in the form COPY takes them."""
    values = {place: 5 if place in NUMBERS else "2026-11-22" for place in question.places}
    statement = translate(question.filled(values).query, tableset)

    assert fetch(reader, f"EXPLAIN {statement.copy_sql(10)}")


@pytest.mark.parametrize("name", [*QUERIES, *VALUES])
def test_each_question_is_adql(name):
    """EX-7: by the grammar as well as by the parser, whether its tables are published or not."""
    query = (QUERIES | VALUES)[name].removesuffix(";")

    assert accepts(re.sub(r"\{(\w+)\}", lambda place: "5" if place[1] in NUMBERS else "''", query))


def test_accepted_queries_of_the_conformance_corpus_run(reader, tableset):
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


def test_reserved_names_are_shown_with_quotes(tableset):
    """SCH-5: the hint gives the form that TAP_SCHEMA shows."""
    with pytest.raises(AdqlError, match='write it as "size" in double quotes'):
        translate("SELECT size FROM TAP_SCHEMA.columns", tableset)
