"""Scripts of SQL in the store: what pg_dump and ingestion jobs write, joined with what is there."""

import subprocess

import pytest

from provtap.database.embedded.binaries import installed
from provtap.errors import DocumentError
from provtap.ingest import describe, load_sql, rebuild
from tests.ingest.logs import SAMPLES, activity_id, empty, file, header, product_id, rows, run, tables

DESCRIPTIONS = SAMPLES[0].with_name("ctapipe.descriptions.yaml")
JOB = """\
BEGIN;
INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version) VALUES ('tool_1', 'tool', '1');
INSERT INTO provenance.activity (a_id, a_name, a_starttime, a_endtime, a_activitydescription_id)
VALUES ('job:1', 'tool', '2026-01-01 10:00:00', '2026-01-01T11:00:00', 'tool_1');
INSERT INTO provenance.entity (e_id, e_class, e_name, e_value) VALUES
    ('lfn:/a', 'DatasetEntity', 'a.fits', NULL), /* a comment */
    ('lfn:/b', DEFAULT, E'it\\'s', NULL),
    ('job:1#status', 'ValueEntity', 'status', 'O''K');  -- apostrophe
INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role, u_time)
VALUES ('job:1', 'lfn:/a', 'in', '2026-01-01 10:30:00+00');
INSERT INTO provenance.wasgeneratedby VALUES ('lfn:/b', 'job:1', 'out', NULL) ON CONFLICT DO NOTHING;
INSERT INTO provenance.parameter (p_id, p_name, p_value) VALUES ('p:1', 'size', -1.5);
INSERT INTO provenance.wasconfiguredby (wcb_activity_id, wcb_artefacttype, wcb_parameter_id)
VALUES ('job:1', 'Parameter', 'p:1');
COMMIT;
"""


@pytest.fixture
def load(database, settings, tmp_path):
    """Load scripts given as texts: `load(text, ...)` returns the report of the last one."""

    def load(*texts, **options):
        paths = [tmp_path / f"{number}.sql" for number, _ in enumerate(texts)]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        return load_sql(paths, database, settings, **options)[-1]

    return load


def error_of(load, text):
    with pytest.raises(DocumentError) as caught:
        load(text)
    return str(caught.value)


def test_script_of_a_job_is_loaded(load, database):
    report = load(JOB)

    assert (report.new, report.warnings) == (8, ())
    assert rows(database, "SELECT e_id, e_class, e_name, e_value FROM provenance.entity ORDER BY 1") == [
        ("job:1#status", "ValueEntity", "status", "O'K"),
        ("lfn:/a", "DatasetEntity", "a.fits", None),
        ("lfn:/b", "Entity", "it's", None),
    ]
    configured = """SELECT wcb_activity_id, p_name, p_value FROM provenance.wasconfiguredby
                      JOIN provenance.parameter ON p_id = wcb_parameter_id"""
    assert rows(database, configured) == [("job:1", "size", "-1.5")]
    assert rows(database, "SELECT u_time::text FROM provenance.used") == [("2026-01-01 10:30:00",)]
    assert report.new == sum(sum(content.values()) for content in tables(database).values())


def test_script_again_changes_nothing(load, database):
    """Neither the same bytes nor the same rows in other bytes (INGEST-b4.5)."""
    load(JOB)
    before = tables(database)
    same, other = load(JOB), load(JOB + "\n-- again\n")

    assert same.known
    assert (other.known, other.new, other.updated, other.unchanged) == (False, 0, 0, 8)
    assert other.warnings == ()
    assert tables(database) == before


def test_dry_run_stores_nothing(load, database):
    assert load(JOB, dry_run=True).new == 8
    assert not any(tables(database).values())


def test_bytes_are_kept(load, database):
    """What was received is kept as it was, in pieces, however large (INGEST-d11)."""
    text = JOB + f"-- {'x' * 3_000_000}\n"
    load(text)

    kept = """SELECT convert_from(string_agg(dp_content, '' ORDER BY dp_number), 'UTF8')
                FROM provtap.document_piece"""
    assert rows(database, kept) == [(text,)]


@pytest.mark.parametrize("form", [[], ["--inserts"], ["--column-inserts", "--on-conflict-do-nothing"]])
def test_dump_of_a_store_makes_the_same_store(load, take, database, settings, form):
    """pg_dump's forms (issue 6, part 5)."""
    describe([DESCRIPTIONS], database, settings)
    for path in SAMPLES:
        take(path)
    before = tables(database)
    dumped = dump(settings.database_url, *form)
    empty(database)
    first, again = load(dumped), load(f"{dumped}\n-- again")

    assert tables(database) == before
    assert first.new == sum(sum(content.values()) for content in before.values())
    assert (again.new, again.updated, again.warnings) == (0, 0, ())


def dump(url, *options):
    # As new as any server: pg_dump refuses one that is newer than itself.
    ours = [f"--exclude-table=provext.{name}" for name in ("ingestion", "withdrawal", "notice")]
    command = [installed() / "bin/pg_dump", "--data-only", "--schema=provenance", "--schema=provext",
               *ours, *options, "--dbname", url]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


def test_copy_blocks_are_read_as_postgresql_reads_them(load, database):
    load("COPY provenance.agent (ag_id, ag_name, ag_comment) FROM stdin;\n"
         "a:1\tx\\ty\\n\\\\z\t\\N\na:2\t\\x41\\102\t\n\\.\nSET x;\n".replace("SET x;\n", ""))  # fmt: skip

    assert rows(database, "SELECT ag_id, ag_name, ag_comment FROM provenance.agent ORDER BY 1") == [
        ("a:1", "x\ty\n\\z", None),
        ("a:2", "AB", ""),
    ]


def test_a_row_may_come_before_the_row_it_refers_to(load, database):
    """Within a script the order of the rows does not matter."""
    lines = JOB.split(";\n")
    load(";\n".join(reversed([line for line in lines if "INSERT" in line])) + ";")

    assert len(rows(database, "TABLE provenance.used")) == 1


@pytest.mark.parametrize("log_first", [True, False])
def test_log_is_believed_before_a_script(load, tell, database, log_first):
    """A record of its own comes before a row, whatever came first (INGEST-d9)."""
    log = run(1, 1, 2, output=[file("/b", header=header(1, 1))])
    script = (
        "INSERT INTO provenance.activity (a_id, a_name, a_comment)"
        f" VALUES ('{activity_id(1)}', 'other', 'c');"
        f"INSERT INTO provenance.entity (e_id, e_class, e_name, e_invalidatedattime)"
        f" VALUES ('{product_id(1)}', 'DatasetEntity', 'z', '2027-01-01');"
        f"INSERT INTO provenance.wasgeneratedby VALUES ('{product_id(1)}', '{activity_id(1)}', 'made', NULL);"
    )
    report = None
    for is_log in (log_first, not log_first):
        report = (tell(log) and report) if is_log else load(script)

    assert rows(database, "SELECT a_name, a_comment FROM provenance.activity") == [("tool-1", "c")]
    assert rows(
        database,
        f"SELECT e_name, e_invalidatedattime::text FROM provenance.entity WHERE e_id = '{product_id(1)}'",
    ) == [("b", "2027-01-01 00:00:00")]
    assert rows(database, "SELECT wgb_role FROM provenance.wasgeneratedby WHERE wgb_role <> 'status'") == [
        ("data",)
    ]
    if log_first:
        assert "line 1, row 1 of provenance.entity: e_name 'z' was ignored; the store has e_name 'b'".replace(
            "'", ""
        ) in " ".join(report.warnings).replace("'", "")


def test_a_difference_from_the_store_is_reported_or_refused(load, database):
    """A conflict never overwrites: first stays (issue 6, part 2)."""
    load(JOB)
    before = tables(database)
    other = JOB.replace("-1.5", "7")

    assert load(other).warnings == (
        "line 12, row 1 of provenance.parameter: p_value 7 was ignored; the store has p_value -1.5",
    )
    with pytest.raises(DocumentError, match="p_value 8 was ignored"):
        load(JOB.replace("-1.5", "8"), strict=True)
    assert tables(database) == before


def test_described_roles_are_linked(load, database, settings):
    """Descriptions that came before and after."""
    load(JOB)
    load("INSERT INTO provenance.usagedescription (ud_id, ud_activitydescription_id, ud_role, ud_type)"
         " VALUES ('ud', 'tool_1', 'in', 'Main');")  # fmt: skip

    assert rows(database, "SELECT u_usagedescription_id FROM provenance.used") == [("ud",)]


ROLES = """\
INSERT INTO provenance.usagedescription (ud_id, ud_activitydescription_id, ud_role, ud_type) VALUES
    ('ud', 'tool_1', 'in', 'Setup'), ('other', 'tool_1', 'side', NULL);
INSERT INTO provenance.used (u_activity_id, u_entity_id, u_role, u_usagedescription_id)
VALUES ('job:1', 'lfn:/a', 'side', 'other');
"""
SET = """\
format: 1
name: tools
version: 1
activities: [{name: tool, versions: ["1"], type: Reduction, usage: [{role: in, type: Main}]}]
"""


@pytest.mark.parametrize("place", [0, 1, 2])
def test_ids_of_a_script_are_kept_beside_a_set(load, describe_text, database, settings, place):
    """A set of descriptions says what roles are; others may refer to them by the script's ids (INGEST-d8)."""
    steps = [lambda: load(JOB), lambda: load(ROLES)]
    steps.insert(place, lambda: describe_text(SET))
    for step in steps:
        step()

    assert rows(database, "SELECT ad_id, ad_type FROM provenance.activitydescription") == [
        ("tool_1", "Reduction")
    ]
    assert rows(database, "SELECT ud_id, ud_type FROM provenance.usagedescription ORDER BY 1") == [
        ("other", None), ("ud", "Main"),
    ]  # fmt: skip
    assert rows(database, "SELECT u_usagedescription_id FROM provenance.used ORDER BY 1") == [
        ("other",), ("ud",),
    ]  # fmt: skip
    assert rebuild.reingest(database, settings).changes == ()


def test_log_of_a_tool_that_a_script_named_has_the_id_of_the_script(load, tell, database):
    """Name and version are the natural key of an activity description (INGEST-d7)."""
    load(JOB)
    tell(run(1, activity_name="tool", system={"ctapipe_version": "1"}))

    assert rows(database, "SELECT DISTINCT a_activitydescription_id FROM provenance.activity") == [
        ("tool_1",)
    ]


def test_version_of_a_set_that_an_activity_has_keeps_its_id(load, describe_text, tell):
    describe_text(SET)
    tell(run(1, activity_name="tool", system={"ctapipe_version": "1"}))

    assert "the store already has it as urn:x-provtap:activitydescription:tool:1." in error_of(load, JOB)


ENTITY = "INSERT INTO provenance.entity (e_id, e_class, e_value, e_generatedattime) VALUES "
BROKEN = {
    ENTITY + "('a', 'Entity', NULL, NULL),\n('', 'Entity', NULL, NULL);":
        "line 2, row 2 of provenance.entity: e_id is empty.",
    ENTITY + f"('{'x' * 1001}', 'Entity', NULL, NULL);":
        "line 1, row 1 of provenance.entity: e_id has 1001 bytes; the limit is 1000.",
    ENTITY + "('a', 'Entity', NULL);":
        "line 1, row 1 of provenance.entity has 3 values for 4 columns.",
    ENTITY + "('a', NULL, NULL, NULL);": "line 1, row 1 of provenance.entity: e_class must have a value.",
    ENTITY + "('a', 'Entity', NULL, 'soon');":
        "line 1, row 1 of provenance.entity: e_generatedattime cannot be 'soon': write a time like"
        " 2026-01-31 12:00:00.",
    ENTITY + "('a', 'Entity', NULL, '2026-02-30');":
        "line 1, row 1 of provenance.entity: e_generatedattime cannot be '2026-02-30': it is not a time"
        " in the years 1 to 9999.",
    ENTITY + "('a', 'Thing', NULL, NULL);":
        "line 1, row 1 of provenance.entity: it breaks the rule",
    ENTITY + "('a', 'ValueEntity', NULL, NULL);":
        "line 1, row 1 of provenance.entity: it breaks the rule",
    ENTITY + "('a', 'Entity', NULL, NULL),\n('a', 'Collection', NULL, NULL);":
        "line 2, row 2 of provenance.entity: line 1 has the same key and other values.",
    ENTITY + "('job:1', 'Entity', NULL, NULL);":
        "line 1, row 1 of provenance.entity: job:1 would be both an entity and an activity.",
    "INSERT INTO provenance.used VALUES ('job:1', 'x', 'r', NULL, NULL);":
        "line 1, row 1 of provenance.used: the entity x is neither in the script nor in the store.",
    "INSERT INTO provenance.used VALUES ('job:1', 'lfn:/a', NULL, '2025-01-01', NULL);":
        "line 1, row 1 of provenance.used: 2025-01-01 00:00:00 is outside the time of the activity job:1.",
    "INSERT INTO provenance.parameter (p_id, p_name, p_value) VALUES ('p:2', 'n', 'v');":
        "line 1, row 1 of provenance.parameter: no row of wasconfiguredby names the activity of"
        " parameter p:2.",
    "INSERT INTO provenance.wasconfiguredby VALUES ('job:1', 'Parameter', 'p:9', NULL);":
        "line 1, row 1 of provenance.wasconfiguredby: the parameter p:9 does not exist, or belongs to another"
        " activity.",
    "INSERT INTO provenance.wasconfiguredby VALUES ('job:1', 'ConfigFile', 'p:1', NULL);":
        "line 1, row 1 of provenance.wasconfiguredby: it must name an activity and one parameter or"
        " configuration file, as its artefact type says.",
    "INSERT INTO provenance.hadmember (hm_collection_id, hm_entity_id) VALUES ('lfn:/a', 'lfn:/b');":
        "line 1, row 1 of provenance.hadmember: the entity lfn:/a, Collection is neither in the script nor"
        " in the store.",
    "INSERT INTO provenance.activitydescription (ad_id, ad_name, ad_version) VALUES ('other', 'tool', '1');":
        "line 1, row 1 of provenance.activitydescription: the store already has it as tool_1.",
    "INSERT INTO provext.run (r_activity_id, r_exitcode) VALUES ('job:1', 1.5);":
        "line 1, row 1 of provext.run: r_exitcode cannot be '1.5': it must be a whole number of 32 bits.",
}  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), BROKEN.items())
def test_row_that_breaks_a_rule_of_the_model_is_named(load, database, text, sentence):
    """The rules of ProvenanceDM, told with file, line and row (issue 6, part 5)."""
    load(JOB)
    before = tables(database)

    assert f"0.sql: {sentence}" in error_of(load, text)
    assert tables(database) == before


def test_scripts_are_loaded_together_or_not_at_all(load, database):
    with pytest.raises(DocumentError, match=r"1.sql: line 1: DELETE is not allowed in a script"):
        load(JOB, "DELETE FROM provenance.entity;")

    assert not any(tables(database).values())
    load(JOB, "INSERT INTO provenance.hadmember (hm_collection_id, hm_entity_id) VALUES ('c', 'lfn:/a');"
              "INSERT INTO provenance.entity (e_id, e_class) VALUES ('c', 'Collection');")  # fmt: skip
    assert len(rows(database, "TABLE provenance.hadmember")) == 1
