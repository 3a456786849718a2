"""Descriptions in the store, and links of records to them, in any order of arrival."""

import json
import random
from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from provtap.client.summary import description_text
from provtap.database.migrate import migrations
from provtap.errors import DocumentError
from provtap.ingest import describe, ingest_content, load_sql, rebuild
from tests.ingest.logs import SAMPLES, activity_id, empty, file, header, rows, run, tables
from tests.ingest.prov import EX, document

DESCRIPTIONS = SAMPLES[0].with_name("ctapipe.descriptions.yaml")
E5 = """
SELECT ent.e_id, ent.e_name, a.a_endtime
FROM provenance.activity AS a JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
JOIN provenance.wasgeneratedby AS g ON g.wgb_activity_id = a.a_id
JOIN provenance.entity AS ent ON ent.e_id = g.wgb_entity_id
WHERE d.ad_type = 'Reconstruction' AND ent.e_class = 'DatasetEntity'
AND a.a_endtime BETWEEN '2026-11-22T22:20:00' AND '2026-11-22T22:30:00'
"""
USAGES = """
SELECT u_role, ud_type, ud_multiplicity FROM provenance.used
  LEFT JOIN provenance.usagedescription ON ud_id = u_usagedescription_id
 WHERE u_role NOT IN ('environment', 'node') ORDER BY 1
"""


def descriptions(version=1, name="tools", activities="", entities="[]", agents="[]"):
    """Return the text of a file."""
    return (
        f"format: 1\nname: {name}\nversion: {version}\nagents: {agents}\nentities: {entities}\n"
        f"activities: [{activities}]\n"
    )


def tool(number=1, versions="", **words):
    """Return one activity, as YAML in one line."""
    said = {"name": f"tool-{number}"} | ({"versions": versions} if versions else {}) | words
    return "{" + ", ".join(f"{word}: {value}" for word, value in said.items()) + "}"


@pytest.fixture
def tell_records(database, settings):
    """Take in a document of the records given by their classes."""
    return lambda **records: ingest_content(json.dumps(records).encode(), "records", database, settings)


@pytest.fixture
def described(database, settings):
    """The sample descriptions, applied, and the report."""
    return describe([DESCRIPTIONS], database, settings)[0]


def test_samples_are_described(described, take, database):
    """Question E5: which products did activities of a type make? (provenance-queries)."""
    for path in SAMPLES:
        take(path)

    assert len(rows(database, E5)) == 7
    assert (
        rows(
            database,
            """SELECT DISTINCT u_role FROM provenance.used JOIN provenance.activity ON a_id = u_activity_id
            WHERE u_usagedescription_id IS NULL AND a_name LIKE 'ctapipe-%'""",
        )
        == []
    )
    assert rows(database, "SELECT DISTINCT ud_type FROM provenance.usagedescription ORDER BY 1") == [
        ("Calibration",), ("Context",), ("Main",), ("Setup",),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_before_or_after_the_samples_makes_no_difference(take, database, settings, seed):
    """Existing and future activities are linked alike (INGEST-b1, d9)."""
    contents = []
    for number in (0, seed + 1, len(SAMPLES)):
        empty(database)
        order = random.Random(seed).sample(SAMPLES, len(SAMPLES))
        for path in [*order[:number], DESCRIPTIONS, *order[number:]]:
            describe([path], database, settings) if path == DESCRIPTIONS else take(path)
        contents.append(tables(database))

    assert contents[0] == contents[1] == contents[2]
    assert sum(contents[0]["provenance.parameterdescription"].values()) > 100


def test_applied_again_nothing_changes(described, database, settings):
    before = tables(database)
    [again] = describe([DESCRIPTIONS], database, settings)

    assert again.lines == ()
    assert description_text(asdict(again)) == "ctapipe version 1: nothing changes"
    assert tables(database) == before


def test_a_dry_run_reports_the_difference_and_applies_nothing(take, database, settings):
    take(SAMPLES[0])
    before = tables(database)
    [report] = describe([DESCRIPTIONS], database, settings, dry_run=True)

    assert "+ activity ctapipe-process *, usage DL0/Event" in report.lines
    assert report.linked > 50
    assert tables(database) == before


def test_newer_version_replaces_the_set(describe_text, tell, database):
    """Omitted parts are removed, with their links; changes are reported in detail."""
    tell(run(1, input=[file("/a", "raw"), file("/b", "flat")], config={"T": {"x": 1}}))
    usage = "usage: [{role: raw, type: Main, multiplicity: 1}, {role: flat, type: Calibration}]"
    parameters = "parameters: [{name: T.x, valueType: int}]"
    describe_text(descriptions(1, activities=f"{{name: tool-1, type: Reduction, {usage}, {parameters}}}"))
    linked = rows(database, USAGES)
    report = describe_text(
        descriptions(2, activities=tool(usage="[{role: raw, type: Setup, multiplicity: 1}]"))
    )

    assert linked == [("flat", "Calibration", None), ("raw", "Main", "1")]
    assert rows(database, USAGES) == [("flat", None, None), ("raw", "Setup", "1")]
    assert report.lines == (
        "- activity tool-1 *, usage flat",
        "- activity tool-1 *, parameter T.x",
        "~ activity tool-1 *: type: Reduction -> nothing",
        "~ activity tool-1 *, usage raw: type: Main -> Setup",
    )
    assert rows(database, "SELECT ad_type FROM provenance.activitydescription") == [(None,)]
    assert rows(database, "TABLE provenance.parameterdescription") == []


def test_every_alias_of_a_role_has_a_description_of_its_own(describe_text, tell, database):
    """A usage has the role of its description, so an alias is a row (ProvenanceDM 1.0, UsageDescription)."""
    describe_text(descriptions(activities=tool(usage="[{role: raw, aliases: [dl0.sub.evt], type: Main}]")))
    tell(run(1, input=[file("/a", "raw"), file("/b", "dl0.sub.evt")]))

    assert rows(database, USAGES) == [("dl0.sub.evt", "Main", None), ("raw", "Main", None)]


@pytest.mark.parametrize(
    ("version", "type_"),
    [
        ("0.6.2", "exact"),
        ("0.6.2.post150+gita494195", "begin"),
        ("0.6.1", "short"),
        ("1.0", "any"),
        (None, "any"),
    ],
)
def test_most_exact_version_counts(describe_text, tell, database, version, type_):
    """A build for development is described by what it was built from (CTADIRAC never matched one)."""
    kinds = {"exact": "[0.6.2]", "begin": "['0.6.2.*']", "short": "['0.6*']", "any": ""}
    describe_text(
        descriptions(activities=", ".join(tool(1, versions, type=kind) for kind, versions in kinds.items()))
    )
    tell(run(1, system={"ctapipe_version": version}))

    assert rows(
        database,
        """SELECT ad_type FROM provenance.activity JOIN provenance.activitydescription
               ON ad_id = a_activitydescription_id""",
    ) == [(type_,)]


def test_exact_version_is_described_before_anything_is_recorded(describe_text, database):
    """The descriptions of CTADIRAC came first (INGEST-b1)."""
    describe_text(descriptions(activities=tool(1, "[1.0]", generation="[{role: status, type: Quality}]")))

    assert rows(database, "SELECT ad_name, ad_version FROM provenance.activitydescription") == [
        ("tool-1", "1.0")
    ]
    assert rows(database, "SELECT gd_role, gd_type FROM provenance.generationdescription") == [
        ("status", "Quality")
    ]


def test_an_agent_in_a_file_overrides_records(describe_text, tell, database):
    agents = "[{id: 'urn:x-provtap:user:local:jdoe', name: Jane Doe, type: Person, email: jane@example.org}]"
    person = run(1, system={"environment": {"USER": "jdoe"}})
    contents = []
    for first in (True, False):
        empty(database)
        describe_text(descriptions(agents=agents)) if first else tell(person)
        tell(person) if first else describe_text(descriptions(agents=agents))
        contents.append(rows(database, "SELECT ag_name, ag_email FROM provenance.agent"))
    describe_text(descriptions(2, agents=agents.replace("Jane", "Janet")))

    assert contents == [[("Jane Doe", "jane@example.org")]] * 2
    assert rows(database, "SELECT ag_name FROM provenance.agent") == [("Janet Doe",)]


@pytest.mark.parametrize(("said", "name"), [({}, "me"), ({"prov:label": "Janet"}, "Janet")])
def test_an_omitted_agent_is_restored_from_records(describe_text, take, database, tmp_path, said, name):
    """Values of an older version have less trust than a mere mention."""
    describe_text(descriptions(agents=f"[{{id: '{EX}me', name: Jane Doe}}]"))
    describe_text(descriptions(2))
    path = tmp_path / "told.json"
    path.write_text(document(agent={"ex:me": said}))
    take(path)

    assert rows(database, "SELECT ag_name FROM provenance.agent") == [(name,)]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_omitted_agent_is_restored_from_records_in_any_order(
    describe_text, tell_records, database, settings, place
):
    """Claims of records are kept while a set describes the agent (INGEST-d8, d9)."""
    agents = "[{id: 'ex:me', name: Jane Doe, email: jane@example.org}, {id: 'ex:you', name: You}]"
    steps = [
        lambda: describe_text(descriptions(agents=agents)),
        lambda: describe_text(descriptions(2)),
    ]
    records = [
        lambda: tell_records(Agent={"id": "ex:me", "name": "Janet"}),
        lambda: tell_records(Agent={"id": "ex:me", "name": "Jan", "phone": "1"}),
        lambda: tell_records(Entity={"id": "e"}, WasAttributedTo={"entity": "e", "agent": "ex:me"}),
    ]
    for step in [*steps[:place], *records, *steps[place:]]:
        step()

    assert rows(database, "SELECT ag_id, ag_name, ag_phone, ag_email FROM provenance.agent") == [
        ("ex:me", "Jan", "1", None)
    ]
    assert rebuild.reingest(database, settings).changes == ()


def test_agent_that_is_needed_can_not_be_left_out(describe_text, database, settings, tmp_path):
    """A script may refer to what only a set tells of."""
    describe_text(descriptions(agents="[{id: 'ex:me', name: Jane Doe}]"))
    (tmp_path / "job.sql").write_text(
        "INSERT INTO provenance.entity (e_id) VALUES ('e');"
        "INSERT INTO provenance.wasattributedto (wat_entity_id, wat_agent_id) VALUES ('e', 'ex:me');"
    )
    load_sql([tmp_path / "job.sql"], database, settings)
    describe_text(descriptions(2, agents="[{id: 'ex:me', name: Jane}]"))
    with pytest.raises(DocumentError, match="the agent ex:me cannot be left out: e refers to it"):
        describe_text(descriptions(3))


def test_a_still_described_agent_is_not_changed_by_records(describe_text, take, database, tmp_path):
    agents = f"[{{id: '{EX}me', name: Jane Doe}}]"
    describe_text(descriptions(agents=agents))
    describe_text(descriptions(2, agents=agents, activities=tool()))
    path = tmp_path / "told.json"
    path.write_text(document(agent={"ex:me": {"prov:label": "Janet"}}))
    take(path)

    assert rows(database, "SELECT ag_name FROM provenance.agent") == [("Jane Doe",)]


def test_role_leads_to_the_kind_of_entity(describe_text, database):
    """The link between entity and its description is the role (INGEST-b4.16)."""
    kinds = "[{name: events, contentType: application/fits}, {name: state, valueType: char;*}]"
    describe_text(
        descriptions(
            entities=kinds,
            activities=tool(1, "[1]", usage="[{role: raw, entities: [events]}]",
                            generation="[{role: status, entities: [state]}]"),
        )
    )  # fmt: skip
    names = """SELECT ed_name, ed_class FROM provenance.entitydescription WHERE ed_id IN (
                 SELECT uded_entitydescription_id FROM provenance.usagedescription_entitydescription
                 UNION SELECT gded_entitydescription_id
                         FROM provenance.generationdescription_entitydescription)
                ORDER BY 1"""

    assert rows(database, names) == [("events", "DatasetDescription"), ("state", "ValueDescription")]
    describe_text(descriptions(2, activities=tool(1, "[1]", usage="[{role: raw}]")))
    assert rows(database, "TABLE provenance.entitydescription") == []


CONFLICTS = {
    "version 1 of tools is older than version 2, which is already applied": descriptions(1),
    "version 2 of tools is already applied with other contents. (line 1, column 1) Make it version 3.":
        descriptions(2),
    "the activity tool-1 * is already described by the set tools. (line 6, column 14)":
        descriptions(1, "others", tool()),
    "the agent me is already described by the set tools. (line 4, column 10)":
        descriptions(1, "others", agents="[{id: me, name: I}]"),
}  # fmt: skip


@pytest.mark.parametrize(("sentence", "text"), CONFLICTS.items())
def test_a_conflict_with_another_set_is_reported_and_nothing_applied(describe_text, database, sentence, text):
    describe_text(descriptions(2, activities=tool(), agents="[{id: me, name: Me}]"))
    before = tables(database)
    with pytest.raises(DocumentError) as caught:
        describe_text(text)

    assert sentence in str(caught.value)
    assert "descriptions.yaml: " in str(caught.value)
    assert tables(database) == before


def test_files_are_applied_together_or_not_at_all(database, settings, tmp_path):
    for name, number in (("a", 1), ("b", 1)):
        (tmp_path / f"{name}.yaml").write_text(descriptions(1, name, tool(number)))
    with pytest.raises(
        DocumentError, match=r"b.yaml: the activity tool-1 \* is already described by the set a"
    ):
        describe([tmp_path / "a.yaml", tmp_path / "b.yaml"], database, settings)

    assert rows(database, "TABLE provtap.description_set") == []


def test_kind_that_an_entity_has_can_not_be_left_out(describe_text, database):
    describe_text(descriptions(1, entities="[{name: thing}]"))
    with database.session() as connection, connection.cursor() as cursor:
        cursor.execute("""INSERT INTO provenance.entity (e_id, e_entitydescription_id)
                          SELECT 'ex:1', ed_id FROM provenance.entitydescription""")
    with pytest.raises(DocumentError, match="the entity thing cannot be removed: it describes ex:1"):
        describe_text(descriptions(2))


def test_set_counts_before_records(describe_text, tell, tell_records, database):
    """What an operator says of a pipeline stands above what a document mentions (docs/identity.md)."""
    tell(run(1, input=[file("/a", "raw"), file("/b", "flat")]))
    tell_records(
        ActivityDescription={
            "name": "tool-1",
            "version": "0.28.0",
            "id": "_:t",
            "description": "old",
            "type": "x",
        },
        UsageDescription=[
            {"activityDescription": "_:t", "role": "raw", "type": "Setup", "description": "old"},
            {"activityDescription": "_:t", "role": "flat", "type": "Calibration"},
        ],
    )
    describe_text(descriptions(activities=tool(type="Reduction", usage="[{role: raw, type: Main}]")))

    assert rows(database, "SELECT ud_role, ud_type, ud_description FROM provenance.usagedescription") == [
        ("flat", "Calibration", None), ("raw", "Main", None),
    ]  # fmt: skip
    assert rows(database, "SELECT ad_type, ad_description FROM provenance.activitydescription") == [
        ("Reduction", None)
    ]
    assert rows(database, USAGES) == [("flat", "Calibration", None), ("raw", "Main", None)]


def test_omitted_parts_come_from_records(describe_text, tell, tell_records, database):
    """In any order of records and set."""
    contents = []
    for records_first in (True, False):
        empty(database)
        steps = [
            lambda: tell_records(**RECORDS),
            lambda: describe_text(descriptions(1, activities=tool(usage="[{role: raw, type: Main}]"))),
        ]
        for step in steps if records_first else reversed(steps):
            step()
        tell(run(1, input=[file("/a", "raw")]))
        describe_text(descriptions(2))
        contents.append(tables(database))

    assert contents[0] == contents[1]
    assert rows(database, USAGES) == [("raw", "Setup", None)]
    assert rows(database, "SELECT ad_docurl FROM provenance.activitydescription") == [
        ("https://example.org/a",)
    ]


RECORDS = {
    "EntityDescription": {"id": "_:raw", "name": "raw data"},
    "ActivityDescription": {
        "id": "_:t", "name": "tool-1", "version": "0.28.0", "docurl": "https://example.org/a",
    },
    "UsageDescription": {
        "activityDescription": "_:t", "role": "raw", "type": "Setup", "entityDescription": "_:raw",
    },
    "ParameterDescription": {"activityDescription": "_:t", "name": "T.x", "valueType": "double", "unit": "m"},
}  # fmt: skip
OTHERS = {
    "DatasetDescription": {"id": "_:fits", "name": "a file", "contentType": "application/fits"},
    "ActivityDescription": {
        "id": "_:t", "name": "tool-1", "version": "0.28.0", "docurl": "https://example.org/b",
        "type": "Analysis",
    },
    "UsageDescription": [
        {"activityDescription": "_:t", "role": "raw", "multiplicity": "1", "entityDescription": "_:fits"},
        {"activityDescription": "_:t", "role": "flat", "description": "told by records only"},
    ],
    "ParameterDescription": {"activityDescription": "_:t", "name": "T.x", "valueType": "int", "min": "0"},
}  # fmt: skip
JOBS = """<VOTABLE><RESOURCE type="meta" utype="voprov:ActivityDescription" name="tool-1">
<DESCRIPTION>A job</DESCRIPTION><PARAM name="version" value="0.28.0" datatype="char" arraysize="*"/>
<GROUP name="Generated"><GROUP name="out"><PARAM name="content_type" value="text/plain" datatype="char"/>
</GROUP></GROUP></RESOURCE></VOTABLE>"""
SETS = {
    "one": [
        descriptions(
            activities=tool(usage="[{role: raw, type: Main}]", parameters="[{name: T.x, valueType: long}]",
                            type="Reduction")
        )
    ],
    "two, of which the later says less": [
        descriptions(
            1,
            entities="[{name: events}]",
            activities=tool(versions="[0.28.0]", usage="[{role: raw, entities: [events]}, {role: flat}]",
                            parameters="[{name: T.x, valueType: long}]", type="Reduction"),
        ),
        descriptions(2, activities=tool(versions="['0.2*']", generation="[{role: out, type: Main}]")),
    ],
}  # fmt: skip


@pytest.mark.parametrize("sets", SETS.values(), ids=SETS)
@pytest.mark.parametrize("seed", range(3))
def test_sets_and_documents_that_describe_the_same_in_any_order(
    take, tell, tell_records, describe_text, database, settings, tmp_path, sets, seed
):
    """The tables follow from all that was told, and made anew they are the same (INGEST-d8, d9)."""
    (tmp_path / "jobs.xml").write_text(JOBS)
    documents = [
        lambda: tell_records(**RECORDS),
        lambda: tell_records(**OTHERS),
        lambda: take(tmp_path / "jobs.xml"),
        lambda: tell(run(1, input=[file("/a", "raw"), file("/b", "flat")], output=[file("/c", "out")],
                         config={"T": {"x": 1}})),
    ]  # fmt: skip
    contents = []
    for chance in (random.Random(seed), random.Random(seed + 100)):
        empty(database)
        steps = chance.sample([*documents, *[None] * len(sets)], len(documents) + len(sets))
        versions = iter(sets)
        for step in steps:
            step() if step else describe_text(next(versions))
        contents.append(tables(database))

    assert contents[0] == contents[1]
    assert len(contents[0]["provenance.usagedescription"]) == 2
    assert rebuild.reingest(database, settings).changes == ()


def test_descriptions_from_records_survive_an_upgrade(take, tell_records, database, tmp_path):
    """The migration finds in the tables what the loader had no other place for."""
    (tmp_path / "jobs.xml").write_text(JOBS)
    tell_records(**RECORDS)
    take(tmp_path / "jobs.xml")
    query = "SELECT * FROM provtap.told_description"
    before = sorted(map(repr, rows(database, query)))
    [migration] = [each for each in migrations() if each.name == "told_descriptions"]
    with database.transaction() as transaction:
        transaction.execute(
            "DELETE FROM provtap.told_description; SET LOCAL search_path = provtap, provenance"
        )
        transaction.execute(migration.sql[migration.sql.index("INSERT INTO") :])

    assert sorted(map(repr, rows(database, query))) == before


def test_contradicting_descriptions_in_records_are_reported(tell_records, database):
    """Of two the lesser value is kept, whichever came first, and the report says so (docs/identity.md)."""
    sentences = []
    for first, second in ((RECORDS, OTHERS), (OTHERS, RECORDS)):
        empty(database)
        tell_records(**first)
        sentences.append(
            [line.partition(" has two values of ")[2] for line in tell_records(**second).conflicts]
        )

    assert sentences[0] == sentences[1]
    assert sentences[0] == [
        "ad_docurl; https://example.org/a was kept",
        "pd_valuetype; double was kept",
    ]


def test_a_record_that_contradicts_a_set_is_reported(describe_text, tell_records):
    describe_text(descriptions(activities=tool(usage="[{role: raw, type: Main}]")))

    assert tell_records(**RECORDS).conflicts == (
        "urn:x-provtap:usagedescription:tool-1:0.28.0:raw has two values of ud_type; Main was kept",
    )


def test_usage_that_moves_keeps_its_description(describe_text, tell, database):
    """A usage that follows its producer, which is recorded later (INGEST-d4), has the same role."""
    describe_text(descriptions(activities=tool(2, usage="[{role: raw, type: Main}]")))
    tell(run(2, 5, 6, input=[file("/a", "raw")]))
    tell(run(1, 1, 2, output=[file("/a")]))

    assert rows(database, USAGES) == [("raw", "Main", None)]


def test_generation_with_another_role_gets_another_description(describe_text, tell, database):
    """A copied header: the role that counts is that of the earlier writer."""
    describe_text(
        descriptions(activities=", ".join(
            tool(n, generation=f"[{{role: copy{n}, type: Main}}]") for n in (1, 2)))
    )  # fmt: skip
    tell(run(2, 2, 3, output=[file("/2", "copy2", header=header(7, 1))]))
    tell(run(1, 1, 2, output=[file("/1", "copy1", header=header(7, 1))]))
    generations = """SELECT wgb_activity_id, wgb_role, gd_role FROM provenance.wasgeneratedby
                       JOIN provenance.generationdescription ON gd_id = wgb_generationdescription_id"""

    assert rows(database, generations) == [(activity_id(1), "copy1", "copy1")]


TOOLS = st.integers(0, 3).flatmap(
    lambda n: st.builds(
        tool,
        st.just(n),
        st.sampled_from(["", "[0.28.0]", "['0.2*']"]),
        usage=st.sampled_from(
            ["[]", "[{role: in, aliases: [out], type: Main}]", "[{role: data, type: Setup}]"]
        ),
        generation=st.sampled_from(["[]", "[{role: data, type: Main}, {role: status, type: Quality}]"]),
        parameters=st.sampled_from(["[]", "[{name: T.x, valueType: int}]"]),
    )
)
URLS = st.sampled_from(["/a", "/b"])
FILES = st.lists(
    st.builds(file, URLS, st.sampled_from(["in", "out", "data", None]),
              st.none() | st.builds(header, product=st.integers(0, 2), activity=st.integers(0, 3))),
    max_size=3,
)  # fmt: skip


@st.composite
def worlds(draw):
    """A few runs, each in a log of its own, and two versions of descriptions of what may have run."""
    runs = []
    for number in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, 5))
        config = draw(st.sampled_from([{}, {"T": {"x": 1}}]))
        runs.append(run(number, start, start + 1, input=draw(FILES), output=draw(FILES), config=config))
    unique = lambda line: line[: line.index(" usage")]  # noqa: E731
    sets = [", ".join(draw(st.lists(TOOLS, unique_by=unique, max_size=4))) for _ in range(2)]
    return runs, [descriptions(n + 1, activities=activities) for n, activities in enumerate(sets)]


@given(world=worlds(), seed=st.randoms(use_true_random=False))
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_world_in_any_order(tell, describe_text, database, world, seed):
    """The tables follow from the documents and the newest descriptions, whatever came first (INGEST-d9)."""
    runs, versions = world
    contents = []
    for shuffled in (False, True):
        empty(database)
        steps = [*runs, *([versions[1]] if shuffled else versions)]
        for step in seed.sample(steps, len(steps)) if shuffled else steps:
            describe_text(step) if isinstance(step, str) else tell(step)
        contents.append(tables(database))

    assert contents[0] == contents[1]
