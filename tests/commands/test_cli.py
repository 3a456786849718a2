"""The command line: output and errors of commands."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from provtap import __version__
from provtap.client import remote
from provtap.client.command import FULL_ONLY
from provtap.commands import main
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


def test_an_unknown_command_suggests_the_nearest(provtap):
    """Contract of the command line: exit 2."""
    result = provtap("lineag", "x")

    assert result.exit_code == 2
    assert result.stderr.endswith("Error: No such command 'lineag'. Did you mean lineage?\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("describe", "no.file"),
        ("load-sql", "no.file"),
        ("ingest", "no.file"),
        ("ingest", "x.log", "--catalogue", "no.file"),
        ("query", "SELECT 1 AS n FROM tap_schema.schemas", "--upload", "a=no.file"),
    ],
)
def test_all_commands_report_a_missing_file_alike(provtap, arguments):
    result = provtap(*arguments)

    assert result.exit_code == 1
    assert result.stderr == "provtap: no.file cannot be read: no such file or directory.\n"


def test_a_wrong_query_is_one_line_on_standard_error(provtap):
    """Contract of the command line: exit 1, no traceback."""
    result = provtap("translate", "SELECT a_idd FROM activity")

    assert result.exit_code == 1
    assert result.stderr == (
        "provtap: Unknown column a_idd in provenance.activity. (line 1, column 8) Did you mean a_id?\n"
    )
    assert result.stdout == ""


def test_an_output_name_with_a_line_break_does_not_end_its_comment(provtap):
    """What is printed can be pasted into psql."""
    result = provtap("translate", 'SELECT a_id AS "a\nDROP TABLE b" FROM activity')

    assert result.output.splitlines()[-1].startswith("-- c1      a DROP TABLE b  char[*]")


def test_a_query_too_deep_to_be_formatted_is_shown_unformatted(provtap):
    """Design section 4, limits: all translated queries are shown."""
    result = provtap("translate", f"SELECT {'ABS(-' * 100}1{')' * 100} FROM activity")

    assert result.output.startswith("SELECT abs((- abs((- abs(")


def test_a_token_is_printed_once_and_listed_without_its_secret(provtap):
    """The issue, part 7: standard output is the token and nothing else, for scripts."""
    token = provtap("token", "create", "maria", "--scope", "read,write", "--expires", "2099-12-31").stdout
    listed = provtap("token", "list").output

    assert re.fullmatch(r"provtap_[0-9a-f]{8}_[A-Za-z0-9_-]{43}\n", token)
    assert re.match(r"[0-9a-f]{8}  maria +read,write +since .*Z, until 2099-12-31T00:00:00Z\n$", listed)
    assert token[17:].strip() not in listed


def test_a_token_without_accounts_warns(provtap, monkeypatch):
    """A service without accounts ignores tokens, so the operator is warned."""
    off = provtap("token", "create", "maria")
    monkeypatch.setenv("PROVTAP_ACCOUNTS", "true")
    on = provtap("token", "create", "maria")

    assert off.exit_code == on.exit_code == 0
    assert off.stderr == (
        "provtap: Accounts are off: the service ignores tokens unless it has PROVTAP_ACCOUNTS=true.\n"
    )
    assert on.stderr == ""


def test_a_token_is_revoked_by_id_and_by_name(provtap):
    assert provtap("token", "list").output == "There are no tokens. provtap token create NAME makes one.\n"

    token_id = provtap("token", "create", "maria").stdout[8:16]
    provtap("token", "create", "maria")

    assert provtap("token", "revoke", token_id).output == "Revoked: 1.\n"
    assert provtap("token", "revoke", "maria").output == "Revoked: 1.\n"
    assert provtap("token", "list").output.count(", revoked 20") == 2


def test_an_unknown_token_to_revoke_is_one_line(provtap):
    """Contract of the command line: exit 1."""
    result = provtap("token", "revoke", "jan")

    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        result.stderr
        == "provtap: No valid token has the id or account jan. Run provtap token list to see the tokens.\n"
    )


def test_a_wrong_time_is_wrong_usage(provtap):
    """Contract of the command line: exit 2."""
    result = provtap("token", "create", "maria", "--expires", "tomorrow")

    assert result.exit_code == 2
    assert "tomorrow is not a time like 2027-01-31" in result.stderr


def test_maintenance_is_switched_on_and_off(provtap):
    """The issue, part 6; times without an offset are UTC."""
    on = provtap("maintenance", "on", "--note", "x", "--from", "2099-01-31T12:00:00+01:00")

    assert (
        on.output
        == "Queries are refused from 2099-01-31T11:00:00Z on, until you run provtap maintenance off.\n"
    )
    assert provtap("maintenance", "off").output == "Queries are answered.\n"
    assert "There was no maintenance" in provtap("maintenance", "off").output


def test_a_maintenance_with_an_end_before_its_start_is_one_line(provtap):
    result = provtap("maintenance", "on", "--note", "x", "--until", "2001-01-01")

    assert result.exit_code == 1
    assert "must end after it starts, not at 2001-01-01T00:00:00Z." in result.stderr


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
    assert result.stderr.startswith("provtap: RESPONSEFORMAT 'xls' is not supported. Supported are ")


def test_describe_shows_the_difference_then_that_nothing_is_left(provtap, tmp_path):
    """Issue 6, part 3."""
    path = tmp_path / "tools.yaml"
    path.write_text("format: 1\nname: tools\nversion: 1\nactivities: [{name: a, type: analysis}]\n")
    first, again = provtap("describe", str(path)), provtap("describe", str(path))

    assert first.stdout == (
        "tools version 1:\n  + activity a *\n  0 activity descriptions, 0 links changed\n"
    )
    assert first.stderr == (f"provtap: {path}: type analysis differs from Analysis only in case (line 4)\n")
    assert again.stdout == "tools version 1: nothing changes\n"


def test_describe_without_files_is_a_wrong_usage(provtap):
    """Contract of the command line: exit 2."""
    assert provtap("describe").exit_code == 2


def test_load_sql_counts_rows_and_names_errors(provtap, tmp_path):
    """Issue 6, part 5."""
    path = tmp_path / "job.sql"
    path.write_text("INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('a', 'b');\n")
    good = provtap("load-sql", str(path))
    path.write_text("\nDROP TABLE provenance.agent;\n")
    bad = provtap("load-sql", str(path))

    assert good.stdout == f"{path}: 1 rows, 1 new, 0 updated, 0 unchanged\n"
    assert (bad.exit_code, bad.stdout) == (1, "")
    assert bad.stderr == (
        f"provtap: {path}: line 2: DROP is not allowed in a script; only INSERT and COPY are."
        " pg_dump writes only rows with --data-only.\n"
    )


def test_an_option_of_the_local_store_does_not_go_to_a_service(provtap):
    """Contract of the command line: exit 2, before anything is sent."""
    result = provtap("ingest", "--undo", "1", "--url", "http://127.0.0.1:1")

    assert result.exit_code == 2
    assert "--undo works on the local store only, not with --url or PROVTAP_URL." in result.stderr


def test_every_command_is_remote_or_needs_the_full_installation():
    """What provtap-client says of a command that it lacks."""
    assert {*remote.main.commands, *FULL_ONLY} == set(main.commands)
    assert not remote.main.commands.keys() & set(FULL_ONLY)


def test_version_warns_of_two_installations(tmp_path, monkeypatch):
    """Both wheels have provtap/__init__.py: uninstalling one removes it from the other."""
    alone = CliRunner().invoke(main, ["--version"])
    information = tmp_path / "provtap_client-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: provtap-client\nVersion: 0.1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    both = CliRunner().invoke(main, ["--version"])

    assert (alone.stdout, alone.stderr) == (f"provtap, version {__version__}\n", "")
    assert both.stdout == alone.stdout
    assert both.stderr.startswith("provtap: provtap and provtap-client are both installed, and share files.")


@pytest.mark.parametrize(
    "answer, printed, sentence",
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nn\n", "n\n", "the output is incomplete."),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nn\n\r\n",
            "n\n",
            "the output is incomplete.",
        ),
        (
            b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>",
            "",
            "The service returned 502 Bad Gateway.",
        ),
        (b"", "", "cannot be reached: Remote end closed connection without response."),
    ],
)
def test_an_interrupted_response_is_not_complete(answer, printed, sentence):
    """Contract of the command line: exit 1; the received part is printed."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as threads:
        done = threads.submit(_answer_once, listener, answer)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        result = CliRunner().invoke(main, ["query", "SELECT 1 AS n", "--url", url])
        done.result()

    assert (result.exit_code, result.stdout) == (1, printed)
    assert result.stderr.strip().endswith(sentence)


def _answer_once(listener, answer):
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(answer)
