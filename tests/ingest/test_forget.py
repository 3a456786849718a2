"""A person is replaced by a pseudonym everywhere, in tables and documents, and does not come back."""

import json
import subprocess

import pytest

from provtap.database.embedded.binaries import installed
from provtap.errors import DocumentError, NotFound, ParameterError
from provtap.ingest import describe, ingest_content, load_sql, rebuild
from provtap.ingest.checks.rules import Severity, check
from provtap.ingest.forgetting import texts
from provtap.ingest.forgetting.forget import find, forget
from provtap.ingest.withdrawals import Agent, Selection, withdraw
from provtap.metadata import load
from tests.ingest.logs import rows, run, tables, write_log

NAME = "José Łuczak"
RECORDS = {
    "Agent": [
        {"id": "urn:x:luczak", "name": NAME, "type": "Person",
         "email": "jose@obs.example", "phone": "+39 051 98765",
         "address": "Via Roma 1, Bologna", "url": "https://obs.example/~jl"},
        {"id": "urn:x:obs", "name": "Observatory", "type": "Organization", "address": "Via Roma 1, Bologna"},
    ],
    "Entity": [{"id": "urn:x:e", "comment": f"Asked of {NAME}\nby mail, Jose@obs.example."}],
    "WasAttributedTo": [{"entity": "urn:x:e", "agent": "urn:x:luczak", "role": "author"}],
}  # fmt: skip
PROVN = f"""document
  prefix ex <https://obs.example/people/>
  agent(ex:luczak, [prov:type='prov:Person', prov:label="{NAME}"])
  agent(ex:orcid, [prov:label="{NAME}"])
  entity(ex:image, [prov:label="image of Łuczakowa"])
  wasAttributedTo(ex:image, ex:luczak)
endDocument
"""


@pytest.fixture
def named(database, settings, tmp_path):
    """A store in which documents of several formats name a person."""
    ingest_content(json.dumps(RECORDS).encode(), f"/home/{NAME}/records.json", database, settings)
    ingest_content(PROVN.encode(), "people.provn", database, settings)
    log = write_log(tmp_path / "a.log", run(1, 0, 1) | {"comment": NAME})
    ingest_content(log.read_bytes(), "a.log", database, settings)
    script = tmp_path / "people.sql"
    script.write_text(f"INSERT INTO provenance.entity (e_id, e_name) VALUES ('urn:x:f', 'by {NAME}');\n")
    load_sql([script], database, settings)
    return database


def dump(settings):
    """Return the dump of the database as text, and all bytes in it."""
    text = subprocess.run(
        [installed() / "bin" / "pg_dump", settings.database_url], capture_output=True, check=True
    ).stdout.decode()
    words = [word for word in text.split() if word.startswith("\\\\x")]
    return text + "".join(bytes.fromhex(word[3:]).decode(errors="replace") for word in words)


def test_a_person_is_nowhere_in_a_dump_and_does_not_come_back(named, settings):
    """All texts are replaced in tables and documents; reingest changes nothing."""
    assert NAME in dump(settings)
    done = forget(find(NAME, named), named, settings)
    text = dump(settings)

    assert done.documents == (1, 2, 3, 4)
    for word in (NAME, "José", "jose@obs", "Jose@obs", "98765", "~jl", "luczak", "u0142uczak"):
        assert word not in text
    assert "Łuczakowa" in text
    assert rebuild.reingest(named, settings, dry_run=True).changes == ()
    assert [each.shown for each in check(named) if each.rule.severity == Severity.ERROR] == []
    assert rows(
        named, "SELECT ag_name, ag_email, ag_address FROM provenance.agent WHERE ag_id = 'urn:x:obs'"
    ) == [("Observatory", None, "Via Roma 1, Bologna")]
    [(agent, name, mail)] = rows(
        named,
        "SELECT wat_agent_id, ag_name, ag_email FROM provenance.wasattributedto JOIN provenance.agent"
        " ON ag_id = wat_agent_id WHERE wat_entity_id = 'urn:x:e'",
    )
    assert (agent, name) == (f"urn:x:{done.pseudonym}", done.pseudonym)
    assert mail == f"{done.pseudonym}@forgotten.invalid"


def test_the_original_document_does_not_bring_the_name_back(named, settings):
    """It is known where it was loaded, and refused at other sites and after it was undone."""
    original = json.dumps(RECORDS).encode()
    forget(find("urn:x:luczak", named), named, settings)
    before = tables(named)
    report = ingest_content(original, "records.json", named, settings)

    assert report.known
    assert tables(named) == before
    with pytest.raises(DocumentError, match="removed from this store with provtap forget"):
        ingest_content(original, "records.json", named, settings, site="elsewhere")
    rebuild.undo(1, named, settings)
    with pytest.raises(DocumentError, match="records.json: this document names a person"):
        ingest_content(original, "records.json", named, settings)


def test_a_dry_run_changes_nothing(named, settings):
    before = dump(settings).splitlines()
    done = forget(find("JOSE@obs.example", named), named, settings, dry_run=True)

    assert done.rows["provext.ingestion"] == 1
    # Each dump has a random key, and sequences count on.
    kept = [line for line in before if "restrict" not in line and "setval" not in line]
    assert kept == [
        line for line in dump(settings).splitlines() if "restrict" not in line and "setval" not in line
    ]


def test_descriptions_and_logins_are_replaced(named, settings, tmp_path):
    path = tmp_path / "set.yaml"
    path.write_text(
        f"format: 1\nname: s\nversion: 1\nagents: [{{id: 'urn:x:k', name: {NAME}, type: Person}}]\n"
    )
    describe([path], named, settings)
    done = forget(find(NAME, named), named, settings)

    assert rows(named, "SELECT ds_content -> 'agents' -> 0 ->> 'name' FROM provtap.description_set") == [
        (done.pseudonym,)
    ]
    assert NAME not in dump(settings)


@pytest.mark.parametrize(
    "agent, error, sentence",
    [
        ("Nobody", NotFound, "No agent has the id, name, e-mail address or ORCID Nobody."),
        ("urn:x:obs", ParameterError, "is an organization; only people can be forgotten."),
    ],
)
def test_only_people_can_be_forgotten(named, agent, error, sentence):
    with pytest.raises(error, match=sentence):
        find(agent, named)


def test_nobody_is_forgotten_twice(named, settings):
    done = forget(find(NAME, named), named, settings)
    with pytest.raises(ParameterError, match=f"^{done.pseudonym} has already been forgotten.$"):
        find(done.pseudonym, named)


def test_a_document_that_cannot_be_rewritten_changes_nothing(named, settings):
    """A name that is also a keyword of the format: the error gives the numbers of the documents."""
    ingest_content(
        b'{"Agent": [{"id": "urn:x:n", "name": "Entity", "type": "Person"}], "Entity": [{"id": "urn:x:g"}]}',
        "odd.json", named, settings,
    )  # fmt: skip
    before = tables(named)
    with pytest.raises(DocumentError, match=r"ingestions? (1, )?5 cannot be rewritten .*nothing was changed"):
        forget(find("Entity", named), named, settings)

    assert tables(named) == before


@pytest.mark.parametrize(
    "written",
    ["José Łuczak", "josé  łuczak", r"Jos\u00e9 \u0142uczak", "Jos&#233; &#x142;uczak",
     "Jos%C3%A9%20%c5%82uczak",
     "Łuczak, José", "José_Łuczak",
     "Jose\u0301 Łuczak", r"by\nJosé Łuczak", "«José Łuczak»", "José Łuczak’s"],
)  # fmt: skip
def test_a_name_is_found_however_it_is_written(written):
    personal = texts.PersonalTexts(tuple(texts.name(NAME, "person-0")))

    assert b"person-0" in personal.replace(f"({written})".encode())[0]
    assert personal.replace(f"a{written.removeprefix('by')}s".encode())[0].count(b"person") <= 1


@pytest.mark.parametrize(
    "written", ["0000-0002-1825-0097", "0000000218250097", "https://orcid.org/0000-0002-1825-0097"]
)
def test_an_orcid_is_found_with_and_without_hyphens(written):
    personal = texts.PersonalTexts((texts.orcid("0000-0002-1825-0097", "person-0"),))

    assert personal.replace(written.encode())[0].endswith(b"person-0")


@pytest.mark.parametrize(
    "written", ["作者山田太郎。", "%e5%b1%b1%E7%94%B0%E5%A4%AA%E9%83%8E", r"\u5c71\u7530\u592a\u90ce"]
)
def test_a_name_without_spaces_is_found_between_other_words(written):
    personal = texts.PersonalTexts(tuple(texts.name("山田太郎", "person-0")))

    assert b"person-0" in personal.replace(written.encode())[0]


def test_a_person_who_withdrew_something_is_forgotten(named, settings):
    """The agent of a withdrawal comes from its document, which is rewritten like others."""
    withdraw(
        Selection(names=("urn:x:e",)),
        named,
        load(),
        settings,
        agent=Agent("urn:x:luczak", NAME),
        reason=f"{NAME} saw it",
    )
    done = forget(find(NAME, named), named, settings)

    assert rows(named, "SELECT w_agent_id, w_reason FROM provext.withdrawal") == [
        (f"urn:x:{done.pseudonym}", f"{done.pseudonym} saw it")
    ]
    assert NAME not in dump(settings)


def test_published_metadata_are_reported(database, settings):
    """They come from settings and files, or the text is a word of our own descriptions."""
    ingest_content(b'{"Agent": [{"id": "urn:x:o", "name": "program"}]}', "o.json", database, settings)
    done = forget(find("program", database), database, settings)

    assert "tap_schema.columns" in done.published
    assert rows(database, "SELECT ag_name FROM provenance.agent") == [(done.pseudonym,)]


def test_words_that_only_contain_a_name_are_kept():
    personal = texts.PersonalTexts(tuple(texts.name("karl", "person-0")))

    assert personal.replace(b"/home/karl/Karlsruhe karlsruhe Karl 1karl")[0] == (
        b"/home/person-0/Karlsruhe karlsruhe Karl 1karl"
    )
