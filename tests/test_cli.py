"""The command line: what commands show, and how they fail."""

import pytest
from click.testing import CliRunner

from provtap.cli import main

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


def test_describe_shows_the_difference_then_that_nothing_is_left(provtap, tmp_path):
    """Issue 6, part 3."""
    path = tmp_path / "tools.yaml"
    path.write_text("format: 1\nname: tools\nversion: 1\nactivities: [{name: a, type: analysis}]\n")
    first, again = provtap("describe", str(path)), provtap("describe", str(path))

    assert first.stdout == (
        "tools version 1:\n  + activity a *\n  0 activity descriptions, 0 links changed\n"
    )
    assert first.stderr == (
        f"provtap: {path}: type analysis differs from Analysis by its case only (line 4)\n"
    )
    assert again.stdout == "tools version 1: nothing changes\n"


def test_describe_without_files_is_a_wrong_usage(provtap):
    """Contract of the command line: exit 2."""
    assert provtap("describe").exit_code == 2


def test_load_sql_counts_rows_and_names_what_is_wrong(provtap, tmp_path):
    """Issue 6, part 5."""
    path = tmp_path / "job.sql"
    path.write_text("INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('a', 'b');\n")
    good = provtap("load-sql", str(path))
    path.write_text("\nDROP TABLE provenance.agent;\n")
    bad = provtap("load-sql", str(path))

    assert good.stdout == f"{path}: 1 rows, 1 new, 0 updated, 0 unchanged\n"
    assert (bad.exit_code, bad.stdout) == (1, "")
    assert bad.stderr == (
        f"provtap: {path}: line 2: DROP can't be in a script; INSERT and COPY can."
        " pg_dump writes only rows with --data-only.\n"
    )
