"""The questions of astronomers, translated for the tables that are published and understood by PostgreSQL."""

from pathlib import Path

import psycopg2
import pytest

from provtap.adql import translate
from provtap.errors import AdqlError

BLOCKS = Path(__file__).with_name("provenance.sql").read_text(encoding="utf-8").split("\n\n")[1:]


@pytest.fixture(scope="module")
def reader(template):
    """A connection to a database that init was run on."""
    connection = psycopg2.connect(template.database_url)
    yield connection
    connection.close()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.partition("\n")[0].removeprefix("-- "))
def test_postgresql_understands_the_translation_of_each_question(reader, tableset, block):
    """Digest provenance-queries: the questions that need no lineage; in the form COPY takes them."""
    statement = translate(block, tableset)
    with reader, reader.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement.copy_sql(10)}")

    assert statement.columns


def test_a_field_has_the_name_and_description_of_its_column(tableset):
    """TAP-18, SCH-4: the name of a FIELD has no quotes, and its metadata are those of TAP_SCHEMA."""
    (size,) = translate('SELECT "size" FROM TAP_SCHEMA.columns', tableset).columns

    assert (size.name, size.datatype) == ("size", "int")


def test_reserved_names_are_told_with_their_quotes(tableset):
    """SCH-5: the hint gives the form that TAP_SCHEMA shows."""
    with pytest.raises(AdqlError, match='write it as "size" in double quotes'):
        translate("SELECT size FROM TAP_SCHEMA.columns", tableset)
