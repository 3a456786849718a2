"""PROV documents in the store: the records of each statement, and contradictions."""

import random

import pytest

from provtap.errors import DocumentError
from tests.ingest.logs import activity_id, empty, file, header, product_id, rows, run, tables, total
from tests.ingest.prov import DATA, DOCUMENTS, EMPTY, EX, MALFORMED, document, qualified

FORMS = sorted((DATA / "voprov").iterdir())


@pytest.fixture
def say(take, tmp_path):
    """Take in one PROV-JSON document: `say(entity={...}, used={...})`."""

    def say(options=None, **sections):
        path = tmp_path / "said.json"
        path.write_text(document(**sections))
        return take(path, **(options or {}))

    return say


def relation(subject, object_, **attributes):
    """Return the sections of a relation with its two ends by their PROV-JSON names."""
    return {"_:r": {**subject, **object_, **attributes}}


TOLD = [path for path in DOCUMENTS if path != EMPTY]


def test_every_document_loads_and_again_adds_nothing(take, database):
    """The corpus loads; a second pass adds no row (INGEST-d8)."""
    reports = [take(path) for path in TOLD]
    before = tables(database)

    assert total(reports, "new") > 400
    assert all(take(path).known for path in TOLD)
    assert tables(database) == before


@pytest.mark.parametrize("seed", [1])
def test_documents_in_any_order_make_the_same_tables(take, database, seed):
    """They share ids with different attributes (INGEST-d9)."""
    contents = []
    for order in (TOLD, random.Random(seed).sample(TOLD, len(TOLD))):
        empty(database)
        for path in order:
            take(path)
        contents.append(tables(database))

    assert contents[0] == contents[1]


@pytest.mark.parametrize("path", MALFORMED, ids=lambda path: path.name)
def test_malformed_documents_are_refused_whole(take, database, path):
    """Nothing is half-written (INGEST-c4)."""
    with pytest.raises(DocumentError) as caught:
        take(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert not any(tables(database).values())


def test_all_forms_of_one_document_make_the_same_rows(take, database):
    """JSON, XML and PROV-N of voprov, in its dialect and as W3C PROV, are one document (INGEST-c3)."""
    reports = [take(path) for path in FORMS]

    assert len(FORMS) == 6
    assert reports[0].new > 70
    assert [(report.new, report.updated) for report in reports[1:]] == [(0, 0)] * 5


def test_ivoa_classes_are_found_in_both_forms(take, database):
    """Parameters, descriptions and their links (INGEST-c3; ProvenanceDM 1.0)."""
    take(FORMS[0])

    assert rows(database, "SELECT p_activity_id, p_name, p_value FROM provenance.parameter ORDER BY 1") == [
        ("http://myobservatory.com/processes/393764", "method", "mean"),
        ("http://myobservatory.com/processes/583730", "method", "median"),
    ]
    described = """SELECT ad_name, left(ad_description, 12), count(*) FROM provenance.activity
                     JOIN provenance.activitydescription ON ad_id = a_activitydescription_id
                    GROUP BY 1, 2 ORDER BY 1"""
    assert rows(database, described) == [
        ("bias_subtraction", "remove the r", 3),
        ("dark_subtraction", "remove the e", 3),
        ("flat_application", "Applies flat", 3),
        ("stack", "Stack images", 2),
    ]
    assert rows(database, "SELECT ag_name, ag_email FROM provenance.agent ORDER BY 1") == [
        ("Charles", "georges@myobservatory.com"),
        ("Emma", "emma@myobservatory.com"),
    ]


A, A2 = {"prov:activity": "ex:a"}, {"prov:activity": "ex:a2"}
E, E2 = {"prov:entity": "ex:e"}, {"prov:entity": "ex:e2"}
AGENT = {"prov:agent": "ex:ag"}
DERIVED = {"prov:generatedEntity": "ex:e"}, {"prov:usedEntity": "ex:e2"}


@pytest.mark.parametrize(
    ("kind", "content", "table", "expected"),
    [
        ("used", relation(A, E, **{"prov:role": "in"}), "used", ("a", "e", "in", None, None)),
        (
            "used",
            relation(A, E, **{"prov:time": "2026-01-01T01:00:00+01:00"}),
            "used",
            ("a", "e", None, "2026-01-01 00:00:00", None),
        ),
        ("wasGeneratedBy", relation(E, A), "wasgeneratedby", ("e", "a", None, None)),
        ("wasDerivedFrom", relation(*DERIVED), "wasderivedfrom", ("e", "e2")),
        (
            "wasInformedBy",
            relation({"prov:informed": "ex:a"}, {"prov:informant": "ex:a2"}),
            "wasinformedby",
            ("a", "a2"),
        ),
        (
            "wasAttributedTo",
            relation(E, AGENT, **{"voprov:role": "Creator"}),
            "wasattributedto",
            ("e", "ag", "Creator"),
        ),
        ("wasAssociatedWith", relation(A, AGENT), "wasassociatedwith", ("a", "ag", None)),
        ("wasStartedBy", relation(A, {"prov:trigger": "ex:e"}), "used", ("a", "e", "trigger", None, None)),
        ("wasEndedBy", relation(A, {"prov:ender": "ex:a2"}), "wasinformedby", ("a", "a2")),
    ],
)
def test_relations_of_the_model_become_its_rows(say, database, kind, content, table, expected):
    """What W3C PROV relates, with stubs at undeclared ends (INGEST-c4)."""
    say(**{kind: content})
    [row] = rows(database, f"SELECT * FROM provenance.{table}")

    assert tuple(str(cell).removeprefix(EX) if cell else None for cell in row) == expected


@pytest.mark.parametrize(
    ("kind", "ends", "expected"),
    [
        ("specializationOf", ("specificEntity", "generalEntity"), ("specializationOf", "x", "y")),
        ("alternateOf", ("alternate1", "alternate2"), ("alternateOf", "x", "y")),
        ("mentionOf", ("specificEntity", "generalEntity"), ("mentionOf", "x", "y")),
        ("actedOnBehalfOf", ("delegate", "responsible"), ("actedOnBehalfOf", "x", "y")),
        ("wasInfluencedBy", ("influencee", "influencer"), ("wasInfluencedBy", "x", "y")),
        ("wasInvalidatedBy", ("entity", "activity"), ("wasInvalidatedBy", "x", "y")),
        ("wasStartedBy", ("activity", "trigger"), ("wasStartedBy", "x", "y")),
        ("wasRevisionOf", ("generatedEntity", "usedEntity"), ("wasRevisionOf", "x", "y")),
        ("isDescribedBy", ("described", "descriptor"), ("isDescribedBy", "x", "y")),
        ("wasGeneratedBy", ("entity", None), ("wasGeneratedBy", "x", None)),
        ("used", ("activity", None), ("used", "x", None)),
        ("used", (None, "entity"), ("used", None, "y")),
    ],
)
def test_relations_without_a_class_are_kept(say, database, kind, ends, expected):
    """Nothing is dropped: not what the model lacks, nor what lacks an end (INGEST-c4)."""
    content = {f"prov:{end}": value for end, value in zip(ends, ("ex:x", "ex:y"), strict=True) if end}
    say(**{kind: {"_:r": content}})
    [row] = rows(database, "SELECT rel_kind, rel_subject_id, rel_object_id FROM provext.relation")

    assert row == tuple(EX + part if part in {"x", "y"} else part for part in expected)


def test_things_have_their_attributes(say, database):
    """Labels, places, values, lives, contacts (INGEST-c4)."""
    say(
        entity={
            "ex:e": [
                {"prov:label": "flat", "prov:location": "/f", "prov:generatedAtTime": "2026-01-01T00:00:00"},
                {"prov:invalidatedAtTime": "2026-02-01T00:00:00Z", "ex:other": 1},
            ],
            "ex:v": {"prov:value": {"$": 3, "type": "xsd:int"}},
            "ex:c": {"prov:type": qualified("prov:Collection")},
        },
        agent={
            "ex:ag": {
                "prov:type": qualified("prov:Person"),
                "foaf:givenName": "Derek",
                "foaf:mbox": "<mailto:derek@example.org>",
            }
        },
        hadMember={"_:m": {"prov:collection": "ex:c2", "prov:entity": ["ex:e", "ex:v"]}},
    )

    stored = """SELECT e_id, e_class, e_name, e_location, e_value, e_generatedattime::date::text,
                       e_invalidatedattime::date::text FROM provenance.entity ORDER BY e_id"""
    assert rows(database, stored) == [
        (f"{EX}c", "Collection", None, None, None, None, None),
        (f"{EX}c2", "Collection", None, None, None, None, None),
        (f"{EX}e", "Entity", "flat", "/f", None, "2026-01-01", "2026-02-01"),
        (f"{EX}v", "ValueEntity", None, None, "3", None, None),
    ]
    assert rows(database, "SELECT ag_name, ag_type, ag_email FROM provenance.agent") == [
        ("Derek", "Person", "derek@example.org")
    ]
    assert rows(database, "SELECT count(*) FROM provenance.hadmember") == [(2,)]


def test_a_plan_describes_the_activity(say, database):
    """A plan is what kind of activity it was (INGEST-c4)."""
    say(
        entity={"ex:wf": {"prov:label": "workflow 1", "prov:type": qualified("prov:Plan")}},
        wasAssociatedWith={"_:r": {**A, **AGENT, "prov:plan": "ex:wf"}},
    )
    query = """SELECT ad_name FROM provenance.activity
                 JOIN provenance.activitydescription ON a_activitydescription_id = ad_id"""

    assert rows(database, query) == [("workflow 1",)]
    assert rows(database, "SELECT rel_kind, rel_object_id FROM provext.relation") == [("hadPlan", f"{EX}wf")]


def test_blank_nodes_of_two_documents_are_two_things(say, database):
    """What has no id outside its document gets one that no other document has (INGEST-c4)."""
    say(entity={"_:b": {}}, used={"_:r": {**A, "prov:entity": "_:b"}})
    say(entity={"_:b": {"prov:label": "other"}})

    assert rows(database, "SELECT count(*), count(e_name) FROM provenance.entity") == [(2, 1)]
    assert rows(database, "SELECT count(*) FROM provenance.used") == [(1,)]


@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_another_content_of_an_id_is_reported(say, database, order):
    """Which one is kept does not depend on which came first (INGEST-d1)."""
    reports = [say(entity={"ex:e": {"prov:label": label}}) for label in order]

    assert rows(database, "SELECT e_name FROM provenance.entity") == [("one",)]
    assert [report.warnings for report in reports] == [
        (),
        (f"{EX}e has two values of e_name; one was kept",),
    ]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_wider_class_contradicts_nothing(say, database, reverse):
    """Whatever has a value is an entity, too (ProvenanceDM 1.0, ValueEntity, ValueDescription)."""
    sections = [
        {"entity": {"ex:e": {}}, "entityDescription": {"ex:d": {"voprov:name": "d"}}},
        {
            "entity": {"ex:e": {"prov:value": "1"}},
            "valueDescription": {"ex:d": {"voprov:name": "d", "voprov:valueType": "int"}},
        },
    ]
    warnings = [say(**each).warnings for each in (reversed(sections) if reverse else sections)]

    assert warnings == [(), ()]
    assert rows(database, "SELECT e_class FROM provenance.entity") == [("ValueEntity",)]
    assert rows(database, "SELECT ed_class, ed_valuetype FROM provenance.entitydescription") == [
        ("ValueDescription", "int")
    ]


@pytest.mark.parametrize("reverse", [False, True])
def test_of_two_classes_of_a_description_one_is_kept(say, database, reverse):
    """A description of datasets has no datatype (ProvenanceDM 1.0, DatasetDescription)."""
    sections = [
        {"datasetDescription": {"ex:d": {"voprov:name": "d", "voprov:contentType": "text/plain"}}},
        {"valueDescription": {"ex:d": {"voprov:name": "d", "voprov:valueType": "int", "voprov:unit": "m"}}},
    ]
    warnings = [say(**each).warnings for each in (reversed(sections) if reverse else sections)]

    assert warnings == [(), (f"{EX}d has two values of ed_class; DatasetDescription was kept",)]
    assert rows(
        database, "SELECT ed_class, ed_contenttype, ed_valuetype, ed_unit FROM provenance.entitydescription"
    ) == [("DatasetDescription", "text/plain", None, None)]


def test_documents_complete_each_other(say, database):
    """A second document may add to what is known of a thing (INGEST-d9)."""
    say(used={"_:r": {**A, **E}})
    report = say(
        activity={"ex:a": {"prov:startTime": "2026-01-01T00:00:00"}}, entity={"ex:e": {"prov:label": "e"}}
    )

    assert (report.updated, report.warnings) == (2, ())
    assert rows(database, "SELECT e_name FROM provenance.entity") == [("e",)]


@pytest.mark.parametrize("order", [("ex:a", "ex:b"), ("ex:b", "ex:a")])
def test_second_generator_is_reported(say, database, order):
    """The model has room for one generation (INGEST-d10)."""
    reports = [say(wasGeneratedBy={"_:r": {**E, "prov:activity": activity}}) for activity in order]

    assert rows(database, "SELECT wgb_activity_id FROM provenance.wasgeneratedby") == [(f"{EX}a",)]
    assert reports[1].warnings == (f"{EX}e was generated by {EX}a; the claim of {EX}b was ignored",)


def test_an_id_of_both_kinds_keeps_its_kind(say, database):
    """An entity is not an activity (PROV-CONSTRAINTS 1.0, 54): the first stays, the second is reported."""
    say(entity={"ex:x": {}}, wasGeneratedBy={"_:r": {"prov:entity": "ex:x", **A}})
    before = tables(database)
    report = say(activity={"ex:x": {}}, used={"_:r": {"prov:activity": "ex:x", **E2}})

    assert report.warnings == (
        f"{EX}x is an entity in the store: statements that make it an activity are kept in the document only",
    )
    after = tables(database)
    assert after.pop("provenance.entity") - before.pop("provenance.entity")  # e2 is no contradiction
    assert after == before


def test_strict_refuses_contradictions(say, database):
    say(entity={"ex:e": {"prov:label": "one"}})
    before = tables(database)
    with pytest.raises(DocumentError, match="two values of e_name"):
        say(entity={"ex:e": {"prov:label": "two"}}, options={"strict": True})

    assert tables(database) == before


def test_a_log_is_believed_before_a_statement(say, tell, database):
    """The record of a run is not changed by other documents, in any order (INGEST-d1)."""
    say(
        activity={activity_id(1): {"prov:label": "other"}},
        wasGeneratedBy={"_:r": {"prov:entity": product_id(1), **A}},
    )
    tell(run(1, output=[file("/p", header=header(1, 1))]))

    assert rows(database, f"SELECT a_name FROM provenance.activity WHERE a_id = '{activity_id(1)}'") == [
        ("tool-1",)
    ]
    assert rows(
        database,
        f"SELECT wgb_activity_id FROM provenance.wasgeneratedby WHERE wgb_entity_id = '{product_id(1)}'",
    ) == [(activity_id(1),)]


@pytest.mark.parametrize("reverse", [False, True])
def test_usage_outside_its_activity_has_no_time(say, database, reverse):
    """A usage lies within its activity (ProvenanceDM 1.0, Used.time), whichever is told first."""
    documents = [
        {
            "used": {
                "_:r": {**A, **E, "prov:time": "2026-01-02T00:00:00"},
                "_:s": {**A, **E2, "prov:time": "2026-01-05T00:00:00"},
            }
        },
        {
            "activity": {
                "ex:a": {"prov:startTime": "2026-01-01T00:00:00", "prov:endTime": "2026-01-03T00:00:00"}
            }
        },
    ]
    for content in reversed(documents) if reverse else documents:
        say(**content)

    assert rows(database, "SELECT u_entity_id, u_time::date::text FROM provenance.used ORDER BY 1") == [
        (f"{EX}e", "2026-01-02"),
        (f"{EX}e2", None),
    ]


def test_the_end_before_the_beginning_is_not_kept(say, database):
    """An activity does not end before it starts (ProvenanceDM 1.0, Activity)."""
    report = say(
        activity={"ex:a": {"prov:startTime": "2026-01-02T00:00:00", "prov:endTime": "2026-01-01T00:00:00"}}
    )

    assert rows(database, "SELECT a_starttime::date::text, a_endtime FROM provenance.activity") == [
        ("2026-01-02", None)
    ]
    assert "before it begins" in report.warnings[0]


@pytest.mark.parametrize("term", ["version", "type", "subtype"])
def test_too_long_a_text_is_refused(say, database, term):
    """Texts have the limits of the write API."""
    with pytest.raises(DocumentError, match=f"ex:d.*: {term} has 501 bytes.* 500"):
        say(activityDescription={"ex:d": {"voprov:name": "d", f"voprov:{term}": "x" * 501}})

    assert not any(tables(database).values())


def test_all_of_a_configuration_file_is_stored(say, database):
    """ProvenanceDM 1.0, ConfigFile: name, location and comment."""
    file = {"voprov:name": "setup", "voprov:location": "/etc/setup.yaml", "voprov:comment": "for the night"}
    say(
        activity={"ex:a": {}},
        configFile={"ex:f": file},
        wasConfiguredBy=relation({"voprov:configured": "ex:a"}, {"voprov:configurator": "ex:f"}),
    )

    stored = rows(database, "SELECT cf_name, cf_location, cf_comment FROM provenance.configfile")
    assert stored == [("setup", "/etc/setup.yaml", "for the night")]


def test_too_long_an_id_is_refused(say, database):
    """Ids have a bound (D13)."""
    with pytest.raises(DocumentError, match="has more than 1000 bytes"):
        say(entity={"ex:" + "x" * 1000: {}, "ex:e": {}})

    assert not any(tables(database).values())
