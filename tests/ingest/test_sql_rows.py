"""SQL scripts as rows: the same as in PostgreSQL, with errors before any row is written."""

import io
import resource

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provtap.errors import DocumentError
from provtap.ingest.scripts.lexer import Script
from provtap.ingest.scripts.parser import read_rows
from provtap.ingest.scripts.tables import SqlColumn, SqlTable

AGENT = SqlTable(
    schema="provenance",
    name="agent",
    columns=tuple(SqlColumn(name, "text", False, False, None) for name in ("ag_id", "ag_name", "ag_type")),
    keys=(("ag_id",),),
    checks=(),
    references=(),
)
KNOWN = {"provenance.agent": AGENT}


class Slow(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(3)


def values(text, stream=io.BytesIO):
    return [row.values for row in read_rows(Script(stream(text.encode()), 10_000_000), KNOWN)]


INSERT = "INSERT INTO provenance.agent (ag_id, ag_name) VALUES "
READ = {
    INSERT + "('a', 'b');": [["a", "b"]],
    INSERT + "('a', 'b'), ('c', NULL)": [["a", "b"], ["c", None]],
    "insert into Provenance.AGENT(ag_id,ag_name)values('a','b');": [["a", "b"]],
    'INSERT INTO "provenance"."agent" ("ag_name", "ag_id") VALUES (\'a\', \'b\');': [["a", "b"]],
    INSERT + "('it''s', ''''''), ('', '--');": [["it's", "''"], ["", "--"]],
    INSERT + "(E'a\\'b\\n\\x41\\101\\u00e9\\\\', e'it''s');": [["a'b\nAA\u00e9\\", "it's"]],
    INSERT + "($$it's$$, $x$ $$ $x$);": [["it's", " $$ "]],
    INSERT + "('\\n', 'a;b');": [["\\n", "a;b"]],
    INSERT + "(-1, +2.5e-3), (.5, 1.);": [["-1", "+2.5e-3"], [".5", "1."]],
    INSERT + "(- 1, 2);": [["-1", "2"]],
    INSERT + "(TRUE, default);": [["true", None]],
    INSERT + "(/* /* nested */ ' */ 'a', -- it's\n 'b');": [["a", "b"]],
    INSERT + "('a', 'b') ON CONFLICT DO NOTHING;": [["a", "b"]],
    INSERT.replace("VALUES", "OVERRIDING SYSTEM VALUE VALUES") + "('a', 'b');": [["a", "b"]],
    INSERT + "('a\nb', '\u20ac\U0001f600');": [["a\nb", "\u20ac\U0001f600"]],
    "\ufeff" + INSERT + "('a', 'b');": [["a", "b"]],
    "INSERT INTO provenance.agent VALUES ('a', 'b', 'c');": [["a", "b", "c"]],
    "COPY provenance.agent (ag_id, ag_name) FROM stdin;\na\tb\n\\N\t\\\\N\n\\.\n" + INSERT + "('c', 'd');": [
        ["a", "b"], [None, "\\N"], ["c", "d"],
    ],
    "COPY provenance.agent (ag_id, ag_name) FROM stdin;\r\na\tb\r\n\\.\r\n": [["a", "b"]],
    "COPY provenance.agent (ag_id, ag_name) FROM stdin;\n'; DROP\t--\n\\.": [["'; DROP", "--"]],
    "COPY provenance.agent FROM stdin;\n\\.\n": [],
    "SET statement_timeout = 0; SET search_path TO a, b; SET LOCAL row_security = off;": [],
    "SELECT pg_catalog.set_config('search_path', '', false);\nSELECT pg_catalog.setval('x', 1, true);": [],
    "\\restrict abc\nBEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED;;\n\\unrestrict abc\n-- end": [],
    "": [],
}  # fmt: skip


@pytest.mark.parametrize("stream", [io.BytesIO, Slow])
@pytest.mark.parametrize(("text", "expected"), READ.items())
def test_scripts_of_jobs_and_pg_dump_are_read(text, expected, stream):
    """However the stream is cut (issue 6, part 5)."""
    assert values(text, stream) == expected


REFUSED = {
    "DELETE FROM provenance.agent;": "line 1: DELETE is not allowed in a script; only INSERT and COPY are",
    "\n\nCREATE TABLE x ();":
        "line 3: CREATE is not allowed in a script; only INSERT and COPY are pg_dump writes only rows with"
        " --data-only.",
    "ROLLBACK;": "line 1: ROLLBACK is not allowed in a script; only INSERT and COPY are",
    "'x';": "line 1: A TEXT is not allowed in a script; only INSERT and COPY are",
    "COMMIT AND CHAIN;": "line 1: COMMIT 'AND' cannot be in a script",
    "SELECT 1;": "line 1: SELECT is not allowed in a script; only INSERT and COPY are",
    "SELECT pg_sleep(10);": "line 1: SELECT is not allowed in a script; only INSERT and COPY are",
    "SELECT setval('x', (DELETE FROM y));": "line 1: SELECT setval takes literals in a script",
    "SELECT setval('x', 1) FROM f();": "line 1: SELECT setval takes literals in a script",
    "SET ROLE x;": "line 1: SET role cannot be in a script",
    "SET session_replication_role = replica;": "line 1: SET session_replication_role cannot be in a script",
    "SET client_encoding = 'LATIN1';": "line 1: client_encoding cannot be 'LATIN1' in a script",
    "SET standard_conforming_strings = off;":
        "line 1: standard_conforming_strings cannot be 'off' in a script",
    "\\connect other": "line 1: \\connect is a command of psql, not SQL",
    "\\! rm -rf x": "line 1: \\! is a command of psql, not SQL",
    "INSERT INTO provtap.token VALUES (1);": "line 1: provtap.token is not a table that a script can fill",
    "INSERT INTO agent VALUES (1);":
        "line 1: agent is not a table that a script can fill Did you mean provenance.agent?",
    "INSERT INTO provenance.agents VALUES (1);":
        "line 1: provenance.agents is not a table that a script can fill Did you mean provenance.agent?",
    "INSERT INTO provext.ingestion VALUES (1);":
        "line 1: provext.ingestion is written by ProvTAP itself"
        " pg_dump leaves it out with --exclude-table=provext.ingestion.",
    'INSERT INTO provenance."AGENT" VALUES (1);':
        "line 1: provenance.AGENT is not a table that a script can fill Did you mean provenance.agent?",
    INSERT.replace("ag_name", "ag_nam") + "(1, 2);":
        "line 1: provenance.agent has no column ag_nam Did you mean ag_name?",
    INSERT.replace("ag_name", "ag_id") + "(1, 2);": "line 1: provenance.agent has twice the column ag_id"
        " Did you mean ag_id?",
    INSERT.replace("VALUES", "SELECT") + "1, 2;":
        "line 1: VALUES expected, not 'SELECT': rows must be literals",
    INSERT + "('a', now());":
        "line 1, row 1: a value must be a literal (a text, a number, TRUE, FALSE, NULL, DEFAULT), and 'now'"
        " makes it another expression",
    INSERT + "('a', 'b'),\n('a', 'b' || 'c');":
        "line 2, row 2: a value must be a literal (a text, a number, TRUE, FALSE, NULL, DEFAULT), and '|'"
        " makes it another expression",
    INSERT + "('a', '1'::int);":
        "line 1, row 1: a value must be a literal (a text, a number, TRUE, FALSE, NULL, DEFAULT), and ':'"
        " makes it another expression",
    INSERT + "('a', (SELECT 1));":
        "line 1, row 1: a value must be a literal (a text, a number, TRUE, FALSE, NULL, DEFAULT), and '('"
        " makes it another expression",
    INSERT + "('a', current_user);":
        "line 1, row 1: a value must be a literal (a text, a number, TRUE, FALSE, NULL, DEFAULT), and"
        " 'current_user' makes it another expression",
    INSERT + "('a', 'b') RETURNING ag_id;":
        "line 1, row 1: a value must be a literal (a text, a number, TRUE, FALSE, NULL, DEFAULT), and"
        " 'RETURNING' makes it another expression",
    INSERT + "('a', 'b') ON CONFLICT DO UPDATE SET ag_id = 1;":
        "line 1: a script cannot change rows; use ON CONFLICT DO NOTHING",
    INSERT + "('a', 'b', 'c');": "line 1, row 1 of provenance.agent has 3 values for 2 columns",
    INSERT + "('a', 'b'":
        "line 1, row 1: a value must be a literal (a text, a number, TRUE, FALSE, NULL, DEFAULT),"
        " and the end of the script makes it another expression",
    INSERT + "\n('a', 'b": "line 2: this text has no end",
    INSERT + "(E'a', E'b\\'": "line 1: this text has no end",
    INSERT + "('a', $$b": "line 1: this text has no end",
    INSERT + "('a', /* b": "line 1: this comment has no end",
    INSERT + "(E'\\000', 'b');": "line 1: the escape of character 0 cannot be stored",
    INSERT + "(E'\\xe9', 'b');": "line 1: the escape of byte 233 is only a part of a character; write"
    " the whole character",
    INSERT + "('a\0', 'b');": "line 1: the script contains the character NUL, which cannot be stored",
    "COPY provenance.agent FROM '/etc/passwd';": "line 1: STDIN expected, not '/etc/passwd'",
    "COPY provenance.agent FROM PROGRAM 'x';": "line 1: STDIN expected, not 'PROGRAM'",
    "COPY provenance.agent TO stdout;": "line 1: FROM stdin expected, not 'TO'",
    "COPY provenance.agent FROM stdin WITH (FORMAT csv);\n":
        "line 1: COPY with options is not supported; use the text format without options",
    "COPY provenance.agent FROM stdin; SELECT 1;\n\\.\n":
        "line 1: 'SELECT 1;' follows the COPY, where its lines must begin",
    "COPY provenance.agent FROM stdin;\na\tb\tc\na\tb\n\\.\n":
        "line 3, row 2 of provenance.agent has 2 values for 3 columns",
    "COPY provenance.agent FROM stdin;\na\tb\tc\n": "line 1: this COPY does not end with a line \\.",
}  # fmt: skip


@pytest.mark.parametrize("stream", [io.BytesIO, Slow])
@pytest.mark.parametrize(("text", "sentence"), REFUSED.items())
def test_anything_else_is_refused_with_its_line(text, sentence, stream):
    """Refused with file and line, whatever it would do (issue 6, part 5)."""
    with pytest.raises(DocumentError) as caught:
        values(text, stream)

    assert str(caught.value) == sentence


def test_bytes_that_are_not_utf_8_are_refused_with_their_line():
    with pytest.raises(DocumentError, match="line 3: this is not UTF-8"):
        list(read_rows(Script(io.BytesIO(b"--\n\n'\xff'"), 1000), KNOWN))


def test_value_without_measure_is_refused():
    with pytest.raises(DocumentError, match="line 1: a value or row exceeds the limit of 1000000 characters"):
        list(
            read_rows(
                Script(io.BytesIO(INSERT.encode() + b"('" + b"x" * 3_000_000 + b"');"), 1_000_000), KNOWN
            )
        )


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("'\\\n\t,;()$-/*EN"))


@given(rows=st.lists(st.tuples(TEXTS, st.none() | TEXTS), min_size=1, max_size=5), data=st.data())
@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_texts_are_read_unchanged(server, rows, data):
    """As PostgreSQL quotes it: literals by quote_nullable, lines by COPY."""
    with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
        literal = ",\n".join(cursor.mogrify("(%s, %s)", row).decode() for row in rows)
        cursor.execute("CREATE TEMPORARY TABLE t (id text, name text)")
        cursor.execute(f"INSERT INTO t VALUES {literal}")
        copied = io.StringIO()
        cursor.copy_expert("COPY t TO STDOUT", copied)
    connection.close()
    block = f"COPY provenance.agent (ag_id, ag_name) FROM stdin;\n{copied.getvalue()}\\.\n"
    stream = data.draw(st.sampled_from([io.BytesIO, Slow]))

    assert values(f"{INSERT}{literal};\n{block}", stream) == [list(row) for row in rows] * 2


@pytest.mark.exhaustive
def test_memory_does_not_grow_with_the_script():
    """A script of 60 MB in one INSERT takes a few MB."""

    class Endless(io.RawIOBase):
        left = 500_000

        def read(self, size=-1):
            if self.left == 500_000:
                self.left -= 1
                return INSERT.encode()
            count = min(size // 120, self.left)
            self.left -= count
            piece = b"('" + b"x" * 100 + b"', 'name'),\n"
            return piece * count if self.left else piece * (count - 1) + piece[:-2] + b";" if count else b""

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    count = sum(1 for _ in read_rows(Script(Endless(), 1_000_000), KNOWN))

    assert count == 499_999
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB
