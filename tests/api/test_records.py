"""Records with the classes of ProvenanceDM: sent together or one by one, loaded, and read back."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest

from provtap.ingest import ingest, ingest_content
from provtap.ingest.readers.records.classes import CLASSES
from tests.ingest.logs import rows

START, END = "2026-03-01T10:00:00", "2026-03-01T11:00:00"


@pytest.fixture
def new():
    """Make ids that no other test has; within one test, the same name has the same id."""
    scope = uuid.uuid4()
    return lambda name: f"urn:test:{scope}:{name}"


def everything(new):
    """Return a document with a record of every class."""
    return {
        "Agent": [{"id": new("ag"), "name": "Maria", "type": "Person", "email": "maria@example.org"}],
        "ActivityDescription": [
            {
                "id": "_:ad",
                "name": new("tool"),
                "version": "1.0",
                "type": "Calibration",
                "docurl": "https://x",
            }
        ],
        "EntityDescription": [{"id": "_:ed", "name": new("thing"), "description": "Any thing"}],
        "DatasetDescription": [{"id": "_:dd", "name": new("image"), "contentType": "application/fits"}],
        "ValueDescription": [{"id": "_:vd", "name": new("seeing"), "valueType": "double", "unit": "arcsec"}],
        "UsageDescription": [
            {
                "activityDescription": "_:ad",
                "role": "raw",
                "type": "Main",
                "entityDescription": ["_:dd", "_:ed"],
            }
        ],
        "GenerationDescription": [
            {"activityDescription": "_:ad", "role": "product", "entityDescription": "_:dd"}
        ],
        "ParameterDescription": [
            {"activityDescription": "_:ad", "name": "gain", "valueType": "int", "options": ["1", "2"]}
        ],
        "ConfigFileDescription": [
            {"activityDescription": "_:ad", "name": "setup", "contentType": "text/yaml"}
        ],
        "Entity": [{"id": new("e"), "name": "a thing", "entityDescription": "_:ed"}],
        "DatasetEntity": [
            {"id": new("raw"), "name": "raw.fits", "entityDescription": "_:dd", "generatedAtTime": START},
            {"id": new("product"), "location": "/data/product.fits"},
        ],
        "ValueEntity": [{"id": new("value"), "value": 0.8, "entityDescription": "_:vd"}],
        "Collection": [{"id": new("night"), "name": "a night"}],
        "Activity": [
            {
                "id": new("a"),
                "name": "calibrate",
                "startTime": START,
                "endTime": END,
                "activityDescription": "_:ad",
            }
        ],
        "Run": [{"activity": new("a"), "status": "completed", "exitCode": 0, "host": "h", "duration": 3600}],
        "Used": [{"activity": new("a"), "entity": new("raw"), "role": "raw", "time": START}],
        "WasGeneratedBy": [{"entity": new("product"), "activity": new("a"), "role": "product"}],
        "WasDerivedFrom": [{"generatedEntity": new("product"), "usedEntity": new("raw")}],
        "WasInformedBy": [{"informed": new("a"), "informant": new("outer")}],
        "WasAssociatedWith": [{"activity": new("a"), "agent": new("ag"), "role": "Operator"}],
        "WasAttributedTo": [{"entity": new("product"), "agent": new("ag"), "role": "Creator"}],
        "HadMember": [{"collection": new("night"), "entity": new("raw")}],
        "Parameter": [{"id": "_:p", "name": "gain", "value": 2}],
        "ConfigFile": [
            {"id": "_:c", "name": "setup", "location": "/etc/setup.yaml", "comment": "for the night"}
        ],
        "WasConfiguredBy": [
            {"activity": new("a"), "parameter": "_:p", "artefactType": "Parameter"},
            {"activity": new("a"), "configFile": "_:c"},
        ],
        "HadReference": [{"parameter": "_:p", "valueEntity": new("value")}],
        "Invalidation": [{"entity": new("raw"), "time": "2026-04-01T00:00:00Z"}],
    }


def test_a_body_may_have_records_of_all_classes(call, new):
    """The issue, part 4: every verb, in one transaction; b3 and what it lists as missing."""
    assert set(everything(new)) == {each.name for each in CLASSES}
    reply = call("POST", "/records", everything(new))

    assert (reply.status, reply.json["warnings"], reply.json["format"]) == (201, [], "records")
    assert reply.json["activities"] == 1


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.name)
def test_records_of_all_classes_read_back_unchanged(call, new, each):
    """Records are found by their attributes, and have these attributes."""
    document = everything(new)
    call("POST", "/records", document)
    [told, *_] = document[each.name]
    local = {name for name, value in told.items() if str(value).startswith(("_:", "['_:"))}
    asked = [
        f"{name}={value}"
        for name, value in told.items()
        if name not in local and each.attribute(name).kind in {"id", "text"} and each.attribute(name).column
    ]
    found = call("GET", f"/{each.path}?{'&'.join(asked)}").json["records"]

    expected = {name: as_stored(each, name, value) for name, value in told.items() if name not in local}
    assert any(expected.items() <= record.items() for record in found), found


def as_stored(each, name, value):
    if each.attribute(name).kind == "value":
        return json.dumps(value)
    return value.removesuffix("Z") if each.attribute(name).kind == "time" else value


def test_missing_attributes_are_not_stored(call, new):
    """An attribute without a value is absent: defaults are not stored."""
    tool, parameter = {"id": "_:t", "name": new("tool")}, {"name": new("gain"), "valueType": "int"}
    described = {"activityDescription": "_:t", **parameter}
    call("POST", "/records", {"ActivityDescription": tool, "ParameterDescription": described})

    [found] = call("GET", f"/parameterDescriptions?name={parameter['name']}").json["records"]
    assert found.keys() == {"id", "activityDescription", "name", "valueType"}


def test_the_same_records_again_change_nothing(call, new):
    """D-5: natural keys; also in another order and under other bytes."""
    document = everything(new)
    call("POST", "/records", document)
    reply = call("POST", "/records", dict(reversed(document.items())))

    assert (reply.json["known"], reply.json["new"], reply.json["updated"]) == (False, 0, 0)
    assert reply.json["unchanged"] > 20


def test_parts_may_come_in_any_order(database, settings, new):
    """D-9: things that a record refers to may come later; the tables are the same."""
    parts = [
        {"Activity": {"id": new("a"), "startTime": START}},
        {"Activity": {"id": new("a"), "endTime": END, "name": "x"}},
        {"Used": {"activity": new("a"), "entity": new("e"), "time": START}},
        {"WasGeneratedBy": {"entity": new("f"), "activity": new("a"), "role": "r"}},
        {"Invalidation": {"entity": new("f"), "time": "2026-05-01"}},
    ]
    outcomes = set()
    for number, order in enumerate(permutations(range(len(parts)))):
        if number % 8 == 0:
            told = [
                json.dumps(parts[at]).replace("urn:test:", f"urn:test:{number}:").encode() for at in order
            ]
            for content in told:
                ingest_content(content, "it", database, settings, format="records")
            outcomes.add(
                str(stored(database, f"urn:test:{number}:{new('')[9:]}")).replace(f":{number}:", ":")
            )

    assert len(outcomes) == 1
    assert "2026, 5, 1" in outcomes.pop()


def stored(database, start):
    like = f"LIKE '{start}%%'" if "%" in start else f"LIKE '{start}%'"
    return [
        rows(database, f"SELECT * FROM provenance.{table} WHERE {column} {like} ORDER BY 1, 2")
        for table, column in [
            ("activity", "a_id"),
            ("entity", "e_id"),
            ("used", "u_activity_id"),
            ("wasgeneratedby", "wgb_entity_id"),
        ]
    ]


def test_a_thing_that_is_only_referred_to_is_a_stub(call, new):
    """D-9: all targets can be stubs, which later records complete."""
    call("POST", "/used", {"activity": new("a"), "entity": new("e")})
    assert call("GET", f"/entities?id={new('e')}").json["records"] == [{"id": new("e"), "class": "Entity"}]
    call("POST", "/datasetEntities", {"id": new("e"), "name": "known now"})

    found = call("GET", f"/entities?id={new('e')}").json["records"]
    assert found == [{"id": new("e"), "class": "DatasetEntity", "name": "known now"}]


def test_descriptions_tie_roles_and_names(call, new, count):
    """ProvenanceDM: a usage is described by the role's description of its activity's description."""
    call("POST", "/records", everything(new))

    a = new("a")
    assert count("provenance.used", f"u_activity_id = '{a}' AND u_usagedescription_id IS NOT NULL") == 1
    generated = f"wgb_activity_id = '{a}' AND wgb_generationdescription_id IS NOT NULL"
    assert count("provenance.wasgeneratedby", generated) == 1
    assert (
        count("provenance.parameter", f"p_activity_id = '{a}' AND p_parameterdescription_id IS NOT NULL") == 1
    )
    assert (
        count("provenance.configfile", f"cf_activity_id = '{a}' AND cf_configfiledescription_id IS NOT NULL")
        == 1
    )


def test_a_description_may_come_after_the_described_thing(call, new, count):
    call("POST", "/activityDescriptions", {"name": new("tool")})
    [description] = call("GET", f"/activityDescriptions?name={new('tool')}").json["records"]
    call("POST", "/activities", {"id": new("a"), "activityDescription": description["id"]})
    call("POST", "/used", {"activity": new("a"), "entity": new("e"), "role": "raw"})
    call("POST", "/usageDescriptions", {"activityDescription": description["id"], "role": "raw"})

    where = f"u_activity_id = '{new('a')}' AND u_usagedescription_id IS NOT NULL"
    assert count("provenance.used", where) == 1


def test_runs_are_joined_by_the_files_they_share(call, new):
    """D-4: a reading of a location gets the last file written there before."""
    path = f"/data/{new('x')}.fits"
    reader = {
        "Activity": {"id": new("reader"), "startTime": "2026-03-02T00:00:00"},
        "Used": {"activity": new("reader"), "location": path, "role": "in"},
    }
    writer = {
        "Activity": {"id": new("writer"), "startTime": START, "endTime": END},
        "WasGeneratedBy": {"activity": new("writer"), "location": path, "role": "out"},
    }
    for document in (reader, writer):
        call("POST", "/records", document)

    [used] = call("GET", f"/used?activity={new('reader')}").json["records"]
    [made] = call("GET", f"/wasGeneratedBy?activity={new('writer')}").json["records"]
    assert used["entity"] == made["entity"]


def test_a_run_may_be_recorded_step_by_step(call, new):
    """Start first, end later: one activity."""
    call("POST", "/activities", {"id": new("a"), "startTime": START, "name": "x"})
    call("POST", "/activities", {"id": new("a"), "endTime": END})

    assert call("GET", f"/activities/{new('a')}").json == {
        "id": new("a"),
        "name": "x",
        "startTime": START,
        "endTime": END,
    }


# Conflicts


@pytest.mark.parametrize(
    "first, second, conflict",
    [
        (
            {"Activity": {"id": "a", "name": "one"}},
            {"Activity": {"id": "a", "name": "two"}},
            "{a} has two values of a_name; one was kept",
        ),
        (
            {"WasGeneratedBy": {"entity": "e", "activity": "a"}},
            {"WasGeneratedBy": {"entity": "e", "activity": "b"}},
            "{e} was generated by {a}; the claim of {b} was ignored",
        ),
        (
            {"Parameter": {"id": "p", "activity": "a", "name": "n", "value": "1"}},
            {"Parameter": {"id": "p", "activity": "a", "name": "n", "value": "2"}},
            "{p} has two values of p_value; 1 was kept",
        ),
        (
            {"Entity": {"id": "e"}},
            {"Activity": {"id": "e"}},
            "{e} is an entity in the store: statements that make it an activity are kept in the"
            " document only",
        ),
        (
            {"Entity": {"id": "e", "generatedAtTime": "2026-01-02"}},
            {"Invalidation": {"entity": "e", "time": "2026-01-01"}},
            "{e} would end at 2026-01-01 00:00:00, before it was generated: the end was ignored",
        ),
        (
            {"Run": {"activity": "a", "status": "completed"}},
            {"Run": {"activity": "a", "status": "error"}},
            "{a} has two values of r_status; completed was kept",
        ),
    ],
)
def test_a_conflict_is_reported(call, new, first, second, conflict):
    """The issue, part 2: conflicts never overwrite; b4-5."""
    ids = {name: new(name) for name in "abep"}

    def told(document):
        [(name, record)] = document.items()
        return {name: {k: ids.get(v, v) if k != "name" and k != "value" else v for k, v in record.items()}}

    assert call("POST", "/records", told(first)).json["conflicts"] == []
    assert call("POST", "/records", told(second)).json["conflicts"] == [conflict.format(**ids)]


def test_an_end_outlasts_the_word_of_the_maker(call, new):
    """b4-11: invalidation works for entities from any document, in any order."""
    call("POST", "/invalidations", {"entity": new("e"), "time": "2026-02-01"})
    call("POST", "/datasetEntities", {"id": new("e"), "name": "x", "generatedAtTime": "2026-01-01"})
    call("POST", "/datasetEntities", {"id": new("e"), "comment": "again"})

    assert call("GET", f"/entities/{new('e')}").json["invalidatedAtTime"] == "2026-02-01T00:00:00"


# One thing at its address


def test_one_thing_is_put_and_got(call, new):
    """A REST client's way: the address names the id."""
    made = call("PUT", f"/agents/{new('x')}", {"name": "Jan", "type": "Person"})
    got = call("GET", f"/agents/{new('x')}")

    assert (made.status, got.json) == (201, {"id": new("x"), "name": "Jan", "type": "Person"})


def test_put_uses_the_id_in_the_address(call, new):
    reply = call("PUT", f"/agents/{new('x')}", {"id": new("y"), "name": "Jan"})

    assert (reply.status, reply.error["pointer"]) == (400, "/id")


def test_an_unknown_record_is_not_found(call, new):
    reply = call("GET", f"/agents/{new('x')}")

    assert (reply.status, reply.error["message"]) == (404, f"There is no agent {new('x')}.")


def test_several_records_of_a_class_are_an_array(call, new):
    reply = call("POST", "/entities", [{"id": new("1")}, {"id": new("2")}])

    assert (reply.status, reply.json["new"]) == (201, 2)


def test_a_list_has_an_end(call, new):
    call("POST", "/entities", [{"id": new(str(number)), "name": new("n")} for number in range(3)])
    reply = call("GET", f"/entities?name={new('n')}&limit=2")

    assert [record["id"] for record in reply.json["records"]] == [new("0"), new("1")]
    assert reply.json["overflow"] is True
    assert call("GET", f"/entities?name={new('n')}&limit=3").json["overflow"] is False


@pytest.mark.parametrize(
    "query, message",
    [
        ("nam=x", "Entity cannot be selected by 'nam'. Did you mean name?"),
        ("generatedAtTime=2026", "Entity cannot be selected by 'generatedAtTime'."),
        ("name=a&name=b", "name was given 2 times; give it once."),
        ("limit=many", "limit must be a number of records, not 'many'."),
        ("name=%00", "name cannot contain the character NUL."),
    ],
)
def test_a_wrong_filter_is_reported(call, query, message):
    reply = call("GET", f"/entities?{query}")

    assert reply.status == 400
    assert f"{reply.error['message']} {reply.error.get('hint', '')}".startswith(message)


def test_a_graph_is_that_of_provsap(call, new):
    """The issue, part 4: reads of a graph."""
    call("POST", "/records", everything(new))
    reply = call("GET", f"/graph?ID={new('product')}&DEPTH=2")

    assert {"raw", "product"} <= {name.partition(":")[2] for name in reply.json["entity"]}
    missing = call("GET", f"/graph?ID={new('nothing')}")
    assert (missing.status, missing.error["message"]) == (404, f"Nothing has the name {new('nothing')}.")


def test_an_ingestion_can_be_looked_up(call, new):
    made = call("POST", "/entities?source=night-9", {"id": new("e")})
    told = call("GET", f"/ingestions/{made.json['ingestion']}").json

    assert (told["source"], told["format"], told["new"], told["warnings"]) == ("night-9", "records", 1, [])
    assert call("GET", "/ingestions/999999999999999999999").status == 404


# What is refused


BAD = [
    ([], "", "the document must be an object with a list of records for each class, not an array"),
    ({"Entiti": []}, "/Entiti", "unknown class 'Entiti'"),
    ({"Entity": 3}, "/Entity", "/Entity must be an object or an array of objects, not a number"),
    ({"Entity": [3]}, "/Entity/0", "/Entity/0 must be an object, not a number"),
    ({"Entity": [{"id": "x"}, {}]}, "/Entity/1/id", "/Entity/1/id is missing"),
    ({"Entity": {"id": ""}}, "/Entity/id", "/Entity/id is empty"),
    ({"Entity": {"id": "x" * 1001}}, "/Entity/id", "/Entity/id has 1001 bytes; the limit is 1000"),
    ({"Entity": {"id": "x", "nam": 1}}, "/Entity/nam", "Entity has no attribute 'nam'"),
    ({"Entity": {"id": "x", "a/b~": 1}}, "/Entity/a~1b~0", "Entity has no attribute 'a/b~'"),
    ({"Entity": {"id": "x", "name": 1}}, "/Entity/name", "/Entity/name must be a text, not a number"),
    ({"Entity": {"id": "_:x"}}, "/Entity/id", "/Entity/id must not begin with _:"),
    (
        {"Entity": {"id": "x", "generatedAtTime": "soon"}},
        "/Entity/generatedAtTime",
        "/Entity/generatedAtTime is not a time of the years 1 to 9999: 'soon'",
    ),
    (
        {"Entity": {"id": "x", "generatedAtTime": "2026-02-01", "invalidatedAtTime": "2026-01-01"}},
        "/Entity/invalidatedAtTime",
        "/Entity/invalidatedAtTime is before generatedAtTime",
    ),
    (
        {"Agent": {"id": "x", "name": "y", "type": "Persn"}},
        "/Agent/type",
        "/Agent/type must be one of Person,",
    ),
    (
        {"Activity": {"id": "x", "activityDescription": "_:d"}},
        "/Activity/activityDescription",
        "/Activity/act",
    ),
    ({"Run": {"activity": "x", "exitCode": True}}, "/Run/exitCode", "/Run/exitCode must be a whole number"),
    ({"Run": {"activity": "x", "exitCode": 2**40}}, "/Run/exitCode", "/Run/exitCode is out of range"),
    ({"Run": {"activity": "x", "duration": -1}}, "/Run/duration", "/Run/duration must not be negative"),
    ({"Used": {"activity": "x"}}, "/Used", "/Used must have an entity or a location, and not both"),
    ({"Used": {"activity": "x", "location": "/y"}}, "/Used/location", "/Used/location needs the Activity"),
    ({"Parameter": {"name": "x", "value": 1}}, "/Parameter/activity", "/Parameter/activity is missing"),
    ({"WasConfiguredBy": {"activity": "x"}}, "/WasConfiguredBy", "/WasConfiguredBy must have a parameter"),
    (
        {"WasConfiguredBy": {"activity": "x", "parameter": "y"}},
        "/WasConfiguredBy/parameter",
        "/WasConfiguredBy/parameter is not a parameter of this document",
    ),
    (
        {"WasDerivedFrom": {"generatedEntity": "x", "usedEntity": "x"}},
        "/WasDerivedFrom/usedEntity",
        "/WasDerivedFrom/usedEntity is the same as generatedEntity",
    ),
    ({"Activity": {"id": "x", "activityDescription": "y"}}, None, "there is no activity description y"),
    ({"Entity": {"id": "x", "entityDescription": "y"}}, None, "there is no entity description y"),
    (
        {
            "ValueDescription": {"id": "_:d", "name": "n", "valueType": "int"},
            "DatasetEntity": {"id": "x", "entityDescription": "_:d"},
        },
        None,
        "the DatasetEntity x is described by a ValueDescription",
    ),
    ({"HadReference": {"parameter": "x", "valueEntity": "y"}}, None, "there is no parameter x"),
]


@pytest.mark.parametrize("document, pointer, message", BAD, ids=[message[:50] for _, _, message in BAD])
def test_a_wrong_record_is_reported_with_a_json_pointer(call, document, pointer, message):
    """The issue, "Bad input": one sentence; RFC 6901 tells where."""
    reply = call("POST", "/records?source=it", document)

    assert (reply.status, reply.error.get("pointer") or "") == (400, pointer or "")
    assert reply.error["message"].startswith(f"it: {message}")


def test_the_last_record_broken_means_nothing_is_stored(call, new, count):
    """The issue, "Bad input"; b4-4: one transaction."""
    document = {
        "Entity": [{"id": new(str(number))} for number in range(100)],
        "Activity": [{"id": new("a")}],
        "HadReference": [{"parameter": new("nothing"), "valueEntity": new("0")}],
    }

    assert call("POST", "/records", document).status == 400
    assert count("provenance.entity", f"e_id = '{new('0')}'") == 0


@pytest.mark.parametrize("path", ["/records", "/entities", "/used"])
@pytest.mark.parametrize(
    "content, message",
    [
        (b'{"a": 1, "a": 2}', 'the key "a" appears twice'),
        (b'{"a": "\\u0000"}', "a text has the character U+0000"),
        (b'{"a": "\\udead"}', "a text contains half of a surrogate pair"),
        (b'{"a": 1e999}', "this number is too large"),
        (b'{"a": NaN}', "NaN is not a number in JSON"),
        (b"[" * 101 + b"]" * 101, "this is nested too deeply"),
        (b"[" * 90_000, "this is nested too deeply"),
        (b"", "the document is empty"),
        (b"{} {}", ""),
    ],
)
def test_hostile_json_gets_one_sentence(call, path, content, message):
    reply = call("POST", path, content)

    assert reply.status == 400
    assert message in reply.error["message"]
    assert "\n" not in reply.error["message"]


@pytest.mark.parametrize("path", ["/records", "/entities"])
def test_storing_records_needs_a_token(call, path):
    assert call("POST", path, b"{}", token=None).status == 401


def test_reading_is_for_everybody(call):
    """Accounts: reading is public, unless set otherwise."""
    assert call("GET", "/entities?limit=1", token=None).status == 200


def test_many_writers_double_nothing(call, new, count):
    """b4-6: two clients at once never mix their rows."""
    document = everything(new)
    with ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(lambda n: call("POST", f"/records?source={n}", document), range(20)))

    assert {reply.status for reply in replies} == {200, 201}
    assert sum(reply.json["known"] for reply in replies) == 19
    assert count("provenance.used", f"u_activity_id = '{new('a')}'") == 1


def test_a_document_of_records_can_be_ingested_from_a_file(tmp_path, database, settings, new):
    """`provtap ingest` recognises the format by its content."""
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"Activity": {"id": new("a"), "name": "x"}}))

    assert ingest(path, database, settings).format == "records"
    assert rows(database, f"SELECT a_name FROM provenance.activity WHERE a_id = '{new('a')}'") == [("x",)]


def test_a_document_has_a_limit_of_records(call, new, count):
    """PROVTAP_DOCUMENT_RECORDS."""
    reply = call("POST", "/entities?source=it", [{"id": f"{new('e')}{number}"} for number in range(2_001)])

    assert (reply.status, reply.error["message"]) == (
        413,
        "it has more than 2000 records, the limit for a document sent to this service.",
    )
    assert count("provenance.entity", f"e_id LIKE '{new('e')}%'") == 0


@pytest.mark.parametrize("order", [1, -1])
def test_end_before_the_start_is_ignored_with_a_conflict(call, new, order):
    """G7; within one record it is an error."""
    told = [{"startTime": "2026-02-01"}, {"endTime": "2026-01-01"}]
    replies = [call("POST", "/activities", {"id": new("x")} | each) for each in told[::order]]

    assert [reply.json["conflicts"] for reply in replies] == [
        [],
        [f"{new('x')} would end before it starts, at 2026-02-01 00:00:00: the end was ignored"],
    ]


def test_a_rule_broken_by_two_documents_is_reported(call, new):
    """ProvenanceDM 1.0, Entity; PostgreSQL's own words never get out."""
    call("POST", "/entities", {"id": new("x"), "generatedAtTime": "2026-02-01"})
    reply = call("POST", "/entities?source=it", {"id": new("x"), "invalidatedAtTime": "2026-01-01"})

    assert (reply.status, reply.error["message"]) == (
        400,
        "it: together with the stored records, an entity would end before it was generated.",
    )
