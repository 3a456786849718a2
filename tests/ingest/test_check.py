"""`provtap check` finds no error in ingested documents, and each rule that was broken by hand."""

import contextlib
import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provtap.errors import DocumentError
from provtap.ingest import describe, load_sql
from provtap.ingest.checks.cycles import on_cycles
from provtap.ingest.checks.rules import MOST, RULES, Severity, check
from tests.ingest.logs import SAMPLES, activity_id, documents, file, header, run
from tests.ingest.test_sql_file import DESCRIPTIONS, JOB
from tests.live import command, environment


@pytest.fixture
def found(database):
    """Return the findings by the names of their rules."""
    return lambda: {finding.rule.name: finding for finding in check(database)}


@pytest.fixture
def by_hand(database):
    """Write rows that break rules, which documents can't do."""

    def by_hand(statements):
        with database.session() as connection, connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL session_replication_role = replica; {statements}")

    return by_hand


def test_an_empty_store_breaks_no_rule(found):
    assert found() == {}


def test_records_of_documents_break_no_rule(take, database, settings, found):
    """Of no kind of document is a store made that is wrong."""
    describe([DESCRIPTIONS], database, settings)
    for path in [*SAMPLES, *documents()]:
        with contextlib.suppress(DocumentError):
            take(path)

    assert [f for f in found().values() if f.rule.severity == Severity.ERROR] == []


BROKEN = {
    "one_kind": "INSERT INTO provenance.entity (e_id) SELECT a_id FROM provenance.activity",
    "unkept_documents": "DELETE FROM provtap.document",
    "changed_documents": "UPDATE provtap.document SET doc_content = doc_content || ' '",
    "unkept_places": f"UPDATE provtap.document SET doc_site = 'x {'0' * 64}'",
    "unheld_trust": "INSERT INTO provtap.trust VALUES ('provenance.agent', 'nobody', 0, '')",
    "unread_usages": "DELETE FROM provtap.reading",
    "unused_readings": "DELETE FROM provenance.used",
    "cycles": "INSERT INTO provenance.wasderivedfrom SELECT u_entity_id, wgb_entity_id"
    " FROM provenance.used JOIN provenance.wasgeneratedby ON wgb_activity_id = u_activity_id",
    "used_too_early": "UPDATE provenance.used SET u_time = '2000-01-01';"
    "UPDATE provenance.entity SET e_generatedattime = '2026-01-01'",
    "read_too_early": "UPDATE provenance.entity SET e_generatedattime = '2100-01-01'",
    "used_too_late": "UPDATE provenance.entity"
    " SET (e_generatedattime, e_invalidatedattime) = (NULL, '2000-01-01')",
    "generated_outside": "UPDATE provenance.entity SET e_generatedattime = '2000-01-01'",
    "other_generators": "UPDATE provtap.writing SET wr_activity_id = 'another'",
    "misspelt_types": "UPDATE provenance.activitydescription SET ad_type = 'selection'",
    "two_names": "INSERT INTO provext.alias (al_entity_id, al_kind, al_value)"
    " SELECT min(e_id), 'doi', max(e_id) FROM provenance.entity",
    "stubs": "INSERT INTO provtap.trust SELECT 'provenance.activity', a_id, 3, '' FROM provenance.activity",
    "undescribed": "INSERT INTO provenance.activity (a_id) VALUES ('x')",
    "unused_descriptions": "INSERT INTO provenance.activitydescription (ad_id, ad_name) VALUES ('x', 'x')",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_found(tell, found, by_hand, name):
    """DM rules 1, 2, 3, 7, 12, 14, 15, and what the loader remembers."""
    tell(run(1, input=[file("/a", "in")], output=[file("/b", "out", header(2, 1))]))
    before = found()
    by_hand(BROKEN[name])
    finding = found()[name]

    assert finding != before.get(name)
    assert finding.number >= len(finding.shown) > 0
    assert finding.rule.remedy


DESCRIBED = """
format: "1"
name: tools
version: 1
activities:
- name: tool
  usage: [{role: in, aliases: [old in], multiplicity: "2..3"}]
  generation: [{role: out, multiplicity: "1"}]
  parameters:
  - {name: Tool.size, valueType: int, min: 1, max: 5}
  - {name: Tool.rate, valueType: double}
  - {name: Tool.fast, valueType: boolean}
"""


@pytest.mark.parametrize(
    ("rule", "told", "sentence"),
    [
        (
            "usage_multiplicity",
            {"input": [file("/a", "in")]},
            "uses 1 things as in; its description allows 2..3",
        ),
        (
            "generation_multiplicity",
            {"output": [file("/a", "out"), file("/b", "out")]},
            "generated 2 things as out; its description allows 1",
        ),
        (
            "parameter_values",
            {"config": {"Tool": {"size": 6}}},
            "is 6, but its description requires int from 1 to 5",
        ),
        ("parameter_values", {"config": {"Tool": {"size": 1.5}}}, "is 1.5, but its description requires int"),
        (
            "parameter_values",
            {"config": {"Tool": {"rate": "a"}}},
            "is a, but its description requires double",
        ),
        ("parameter_values", {"config": {"Tool": {"fast": 2}}}, "is 2, but its description requires boolean"),
    ],
)
def test_differences_from_descriptions_are_reported(tell, describe_text, found, rule, told, sentence):
    """DM rules 11 and 13: reported, never refused."""
    describe_text(DESCRIBED)
    tell(run(1, activity_name="tool", **told))

    assert any(sentence in shown for shown in found()[rule].shown)


@pytest.mark.parametrize(
    ("told", "missed"),
    [
        ({}, ["generated 0 things as out; its description allows 1",
              "uses 0 things as in; its description allows 2..3"]),
        ({"input": [file("/a", "in"), file("/b", "old in")], "output": [file("/c", "out")]}, []),
        ({"input": [file(f"/{n}", "old in") for n in range(4)], "output": [file("/c", "out")]},
         ["uses 4 things as in; its description allows 2..3"]),
        ({"status": "error", "exit_code": 1}, []),
        ({"status": "interrupted"}, []),
    ],
)  # fmt: skip
def test_roles_that_must_be_there_are_missed(tell, describe_text, found, told, missed):
    """A role has other names, and a run that failed need not have come so far (DM rule 11)."""
    describe_text(DESCRIBED)
    tell(run(1, activity_name="tool", **told))
    rules = [found().get(name) for name in ("generation_multiplicity", "usage_multiplicity")]

    assert [sentence for rule in rules if rule for sentence in rule.shown] == [
        f"{activity_id(1)} {sentence}" for sentence in missed
    ]


def test_nothing_is_missed_of_a_run_that_others_name(tell, describe_text, found):
    """Its log may still come (INGEST-d9)."""
    describe_text(DESCRIBED)
    made = header(1, 7, **{"CTA ACTIVITY NAME": "tool"})
    tell(run(2, input=[file("/a", "in", made)]))

    assert {"usage_multiplicity", "generation_multiplicity"}.isdisjoint(found())


@pytest.mark.parametrize("value", ["1e3", "-.5", "inf", "NaN", 7, None])
def test_numbers_have_many_forms(tell, describe_text, found, value):
    describe_text(DESCRIBED)
    tell(run(1, activity_name="tool", config={"Tool": {"rate": value, "fast": True, "size": 5}}))

    assert "parameter_values" not in found()


def test_every_rule_is_tested_and_explained():
    pages = (SAMPLES[0].parents[3] / "docs/reference/checks.md").read_text()
    described = {"usage_multiplicity", "generation_multiplicity", "parameter_values"}

    assert {rule.name for rule in RULES} == described | set(BROKEN)
    assert [rule.id for rule in RULES if f"| {rule.id} |" not in pages] == []


def test_cycles_are_reported_without_nodes_outside_of_them(found, by_hand):
    """Only what is its own ancestor breaks the rule (PROV-CONSTRAINTS 1.0, "cycles")."""
    by_hand(
        "INSERT INTO provenance.entity (e_id) SELECT 'e' || n FROM generate_series(1, 9) AS n;"
        "INSERT INTO provenance.wasderivedfrom VALUES"
        " ('e2', 'e1'), ('e3', 'e2'), ('e4', 'e3'), ('e2', 'e4'), ('e5', 'e4'), ('e6', 'e5'), ('e9', 'e1'),"
        " ('e6', 'e7'), ('e7', 'e6'), ('e8', 'e7')"
    )

    assert found()["cycles"].shown == tuple(f"e{n} is its own ancestor" for n in (2, 3, 4, 6, 7))


@given(
    st.integers(2, 8).flatmap(
        lambda size: st.lists(st.tuples(st.integers(0, size), st.integers(0, size)), max_size=20)
    )
)
def test_a_node_is_on_a_cycle_if_it_can_reach_itself(pairs):
    edges = {(tail, head) for tail, head in pairs if tail != head}
    reached = set(edges)
    for _ in range(9):
        reached |= {(a, d) for a, b in reached for c, d in edges if b == c}
    earlier, later = (b"".join(edge[end].to_bytes(8, "big") for edge in sorted(edges)) for end in (0, 1))

    assert on_cycles(earlier, later) == sorted({a for a, b in reached if a == b})


def test_a_script_that_was_changed_is_found(settings, database, found, by_hand, tmp_path):
    """Its bytes are kept in pieces, as they came (INGEST-d8)."""
    (tmp_path / "job.sql").write_text(JOB)
    [report] = load_sql([tmp_path / "job.sql"], database, settings)
    before = found()
    by_hand("UPDATE provtap.document_piece SET dp_content = dp_content || ' '")

    assert "changed_documents" not in before
    assert found()["changed_documents"].shown == (
        f"ingestion {report.ingestion} has other bytes than when it was loaded",
    )


def test_many_findings_are_counted(tell, found):
    tell(*(run(n, activity_name=f"tool {n}") for n in range(MOST + 5)))
    finding = found()["undescribed"]

    assert (finding.number, len(finding.shown)) == (MOST + 5, MOST)
    assert list(finding.lines())[-2:] == [f"{finding.rule.id} note: and 5 more", f"    {finding.rule.remedy}"]


def test_the_command_reports_and_exits_with_1(tell, by_hand, settings):
    tell(run(1, input=[file("/a", "in")]))
    by_hand("DELETE FROM provenance.used")
    text, as_json = (
        subprocess.run(command("check", *more), env=environment(settings, 1), capture_output=True, text=True)
        for more in ((), ("--json",))
    )
    [finding] = [f for f in json.loads(as_json.stdout) if f["severity"] == "error"]

    assert (text.returncode, as_json.returncode, text.stderr) == (1, 1, "")
    assert f"C06 error: {activity_id(1)} uses " in text.stdout
    assert text.stdout.splitlines()[-1].startswith(f"{finding['number']} errors, 0 warnings, ")
    assert (finding["rule"], finding["name"]) == ("C06", "unused_readings")
