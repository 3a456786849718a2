"""`provtap forget` asks twice, and reports what it replaced."""

import json
import shlex

import pytest
from click.testing import CliRunner

from provtap.commands import main
from provtap.ingest import ingest_content
from tests.documents import ROOT
from tests.ingest.logs import rows

pytestmark = pytest.mark.database

ORCID = "0000-0002-9999-1232"
DOCUMENT = json.dumps(
    {
        "Agent": [
            {"id": f"https://orcid.org/{ORCID}", "name": "Maria Rossi", "type": "Person"},
            {"id": "urn:x:obs", "name": "Observatory", "type": "Organization"},
        ],
        "Entity": [{"id": "urn:x:e", "comment": "from mrossi"}],
        "WasAttributedTo": [{"entity": "urn:x:e", "agent": f"https://orcid.org/{ORCID}"}],
    }
).encode()


@pytest.fixture
def provtap(database, settings, monkeypatch):
    monkeypatch.setenv("PROVTAP_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("PROVTAP_ROLE_PREFIX", settings.role_prefix)
    ingest_content(DOCUMENT, "records.json", database, settings)
    return lambda *arguments: CliRunner().invoke(main, ["forget", *arguments])


def shown():
    """Return the arguments of the commands that the documents show."""
    text = (ROOT / "docs/how-to/operate.md").read_text()
    return [shlex.split(line)[2:] for line in text.splitlines() if line.startswith("provtap forget ")]


def test_the_commands_in_the_documents_do_what_they_say(provtap, database):
    """The first shows, the second asks (and stops without a terminal), the third changes."""
    look, ask, change = shown()
    looked = provtap(*look)

    assert looked.stdout.startswith("1 document would be rewritten (ingestion 1); changed rows:\n")
    assert f"identifier: {ORCID} -> person-" in looked.stderr
    asked = provtap(*ask)
    assert (asked.exit_code, "both --yes and --confirm NAME are required" in asked.stderr) == (1, True)
    assert rows(database, "SELECT ag_name FROM provenance.agent ORDER BY 1")[0] == ("Maria Rossi",)
    changed = provtap(*change)
    assert changed.stdout.startswith("The person is now person-")
    assert "  provenance.agent: 1\n" in changed.stdout
    [(comment, agent)] = rows(
        database, "SELECT e_comment, wat_agent_id FROM provenance.entity JOIN provenance.wasattributedto"
        " ON wat_entity_id = e_id",
    )  # fmt: skip
    assert (comment[:12], agent[:25]) == ("from person-", "https://orcid.org/person-")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ([ORCID, "--yes", "--confirm", "Maria"], "the name of the agent is Maria Rossi, not Maria."),
        ([ORCID, "--yes"], "both --yes and --confirm NAME are required. The name of the agent is Maria"),
        (["Observatory", "--dry-run"], "Observatory (urn:x:obs) is an organization; only people can"),
        (["Rossi"], "No agent has the id, name, e-mail address or ORCID Rossi."),
        ([ORCID, "--also", "J.", "--dry-run"], "The text of --also 'J.' is too short to be replaced"),
    ],
)
def test_a_wrong_answer_or_agent_changes_nothing(provtap, database, arguments, sentence):
    result = provtap(*arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert sentence in result.stderr
    assert len(rows(database, "SELECT FROM provtap.forgotten_document")) == 0


def test_the_report_can_be_json(provtap):
    report = json.loads(provtap("Maria Rossi", "--dry-run", "--json").stdout)

    assert (report["documents"], report["rows"]["provext.agent_id"]) == ([1], 1)
