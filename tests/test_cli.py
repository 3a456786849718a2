"""The command line: what `provtap translate` shows and `provtap query` writes."""

import pytest
from click.testing import CliRunner

from provtap.cli import main
from provtap.results.formats import FORMATS

QUERY = "SELECT a_id, COUNT(*) AS n FROM activity GROUP BY a_id"


@pytest.fixture
def provtap(settings, monkeypatch):
    """A function that runs provtap with these arguments on a database that init was run on."""
    monkeypatch.setenv("PROVTAP_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PROVTAP_ROLE_PREFIX", settings.role_prefix)
    return lambda *arguments: CliRunner().invoke(main, arguments)


def test_translate_shows_the_sql_and_the_output_columns(provtap):
    """Issue 3, part 8."""
    result = provtap("translate", QUERY)

    assert result.output.startswith('SELECT t1."a_id"::text AS c1,\n')
    assert result.output.endswith(
        "-- column  name  type     unit  UCD\n"
        "-- c1      a_id  char[*]        meta.id;meta.main\n"
        "-- c2      n     long           meta.number\n"
    )


def test_translate_explains_with_the_rights_of_the_reader(provtap):
    """Issue 3, part 8: the plan comes from PostgreSQL, through the read login."""
    result = provtap("translate", "--explain", QUERY)

    assert result.exit_code == 0
    assert "Scan" in result.output.partition("-- c2")[2]


def test_a_wrong_query_is_one_line_on_standard_error(provtap):
    """Contract of the command line: exit 1, no traceback."""
    result = provtap("translate", "SELECT a_idd FROM activity")

    assert result.exit_code == 1
    assert result.stderr == (
        "provtap: Unknown column a_idd in provenance.activity. (line 1, column 8) Did you mean a_id?\n"
    )
    assert result.stdout == ""


def test_an_output_name_with_a_line_break_stays_in_its_comment(provtap):
    """What is printed can be pasted into psql."""
    result = provtap("translate", 'SELECT a_id AS "a\nDROP TABLE b" FROM activity')

    assert result.output.splitlines()[-1].startswith("-- c1      a DROP TABLE b  char[*]")


def test_a_query_too_deep_to_be_formatted_is_shown_as_it_is(provtap):
    """Design section 4, limits: whatever is translated is shown."""
    result = provtap("translate", f"SELECT {'ABS(-' * 100}1{')' * 100} FROM activity")

    assert result.output.startswith("SELECT abs((- abs((- abs(")


@pytest.mark.parametrize("form", [f.aliases[0] for f in FORMATS if f.aliases])
def test_query_writes_every_format(provtap, form):
    """Design, section 4: the command line offers what the service does."""
    result = provtap("query", "SELECT COUNT(*) AS n FROM tap_schema.schemas", "--format", form)

    assert result.exit_code == 0
    assert len(result.stdout_bytes) > 3


def test_query_lists_the_formats(provtap):
    """Contract of the command line: exit 1, and the valid choices."""
    result = provtap("query", "SELECT a_id FROM activity", "--format", "xls")

    assert result.exit_code == 1
    assert result.stderr.startswith("provtap: RESPONSEFORMAT 'xls' is not offered. Offered are: ")
