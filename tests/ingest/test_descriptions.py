"""Files of descriptions: valid content, and errors."""

import json
from importlib.resources import files

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from provtap.commands import main
from provtap.errors import DocumentError
from provtap.ingest.descriptions.file import read_descriptions, schema_text
from provtap.ingest.store.transaction import naming
from tests.documents import ROOT, blocks

HEAD = "format: 1\nname: x\nversion: 1\n"
SAMPLE = files("provtap.ingest") / "samples" / "ctapipe.descriptions.yaml"
SCHEMA = Draft202012Validator(json.loads(schema_text()))

REFUSED_BY_BOTH = {
    "version: 1": "format is missing (line 1, column 1)",
    "format: 2\nname: x\nversion: 1": "format must be 1 (line 1, column 9)",
    "[]": "the file must be a mapping, not a list (line 1, column 1)",
    "format: 1\nname: x\nversion: 1.5": "version must be a whole number, 1 or more (line 3, column 10)",
    HEAD + "activites: []":
        "the file has no attribute 'activites' (line 4, column 1) Did you mean activities?",
    HEAD + "activities: {}": "activities must be a list, not a mapping (line 4, column 13)",
    HEAD + "activities: [x]": "an item of activities must be a mapping, not a text (line 4, column 14)",
    HEAD + "activities: [{name: }]": "name is empty (line 4, column 20)",
    HEAD + "activities: [{name: [a]}]": "name must be a text, not a list (line 4, column 21)",
    HEAD + "activities: [{name: a, versions: ['*.1']}]":
        "an item of versions cannot be '*.1' (line 4, column 35) Write it like 0.28.0 or 0.28.*.",
    HEAD + "activities: [{name: a, usage: [{role: b, multiplicity: many}]}]":
        "multiplicity cannot be 'many' (line 4, column 56) Write it like 1, * or 0..1.",
    HEAD + "agents: [{id: a, name: b, type: person}]":
        "type must be one of Person, Organization, SoftwareAgent (line 4, column 33) Did you mean Person?",
    HEAD + f"entities: [{{name: {'a' * 1001}}}]":
        "name has 1001 bytes; the limit is 1000 (line 4, column 19)",
}  # fmt: skip
REFUSED = {
    "": "the file is empty",
    "a: [": "this is not YAML: expected the node content, but found '<stream end>' (line 1, column 5)",
    "a: \x01": "this is not YAML: special characters are not allowed (position 3)",
    "a: \xff".encode("latin-1").decode(errors="surrogateescape"):
        "this is not YAML: invalid start byte (position 3)",
    HEAD + "name: y": "name appears twice (line 4, column 1)",
    HEAD + 'agents: [{id: a, name: "\\0"}]': "name contains a character that cannot be stored (line 4,"
    " column 24)",
    HEAD + 'agents: [{id: a, name: "\\ud800"}]':
        "name contains a character that cannot be stored (line 4, column 24)",
    HEAD + "agents: [{id: a, name: b}, {id: a, name: c}]":
        "a is described twice, first in line 4 (line 4, column 28)",
    HEAD + "entities: [{name: a}, {name: a}]": "a is described twice, first in line 4 (line 4, column 23)",
    HEAD + "activities: [{name: a}, {name: a, versions: ['*']}]":
        "a * is described twice, first in line 4 (line 4, column 25)",
    HEAD + "activities: [{name: a, usage: [{role: b, aliases: [c]}, {role: c}]}]":
        "c is described twice, first in line 4 (line 4, column 57)",
    HEAD + "entities: [{name: events}]\nactivities: [{name: a, usage: [{role: b, entities: [event]}]}]":
        "unknown entity 'event' (line 5, column 32) Did you mean events?",
    HEAD + "entities: [{name: a, contentType: b, valueType: int}]":
        "a cannot have both a contentType and a valueType (line 4, column 12)",
    HEAD + "entities: [{name: a, unit: m}]":
        "a is not a value: unit, ucd and utype need a valueType (line 4, column 12)",
    HEAD + "entities: [{name: a, valueType: doubel}]":
        "valueType cannot begin with 'doubel', which is not a datatype of VOTable (line 4, column 12)"
        " Did you mean double?",
    HEAD + "entities: [{name: a, valueType: string}]":
        "valueType cannot begin with 'string', which is not a datatype of VOTable (line 4, column 12)"
        " A text is char;*.",
    HEAD + "activities: [{name: a, parameters: [{name: p, valueType: int, default: 1.5}]}]":
        "default of p cannot be '1.5': it must be int (line 4, column 37)",
    HEAD + "activities: [{name: a, parameters: [{name: p, valueType: char;*, default: b, options: [c]}]}]":
        "default of p is not one of its options: b (line 4, column 37)",
}  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), (REFUSED_BY_BOTH | REFUSED).items())
def test_errors_have_position_and_nearest_word(text, sentence):
    with pytest.raises(DocumentError) as caught:
        read_descriptions(text.encode(errors="surrogateescape"))

    assert str(caught.value) == sentence


@pytest.mark.parametrize("text", REFUSED_BY_BOTH)
def test_json_schema_refuses_it_too(text):
    assert not SCHEMA.is_valid(yaml.safe_load(text))


def test_json_schema_is_the_published_one_and_takes_the_sample():
    published = (files("provtap.ingest") / "descriptions.schema.json").read_text()
    Draft202012Validator.check_schema(json.loads(published))

    assert published == schema_text()
    assert list(SCHEMA.iter_errors(yaml.safe_load(SAMPLE.read_text()))) == []


def test_a_text_is_kept_as_written():
    """0.10 is another version than 0.1."""
    content = (HEAD + "activities: [{name: 1, versions: [0.10, 1e3]}]").encode()
    [activity] = read_descriptions(content).content["activities"]

    assert (activity["name"], activity["versions"]) == ("1", ["0.10", "1e3"])


def test_word_that_differs_by_case_is_reported():
    """Reserved words of types should be used as they are (ProvenanceDM 1.0, tables of types)."""
    found = read_descriptions(
        (HEAD + "activities: [{name: a, type: reconstruction, usage: [{role: b, type: MAIN}]}]").encode()
    )

    assert list(found.warnings()) == [
        "type reconstruction differs from Reconstruction only in case (line 4)",
        "type MAIN differs from Main only in case (line 4)",
    ]


def test_nesting_without_end_is_refused(describe_text):
    with pytest.raises(DocumentError, match="descriptions.yaml: this is nested too deeply"):
        describe_text("[" * 3000)


def test_references_without_end_are_refused(describe_text):
    """A few lines of YAML can stand for more than fits anywhere."""
    lines = [
        "format: 1",
        "name: &a0 [x]",
        *(f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)),
    ]
    with pytest.raises(DocumentError, match="this holds more than 1000000 values"):
        describe_text("\n".join(lines))


def test_a_recursive_alias_is_refused():
    with pytest.raises(DocumentError, match=r"contains it \(line 4, column 9\)"):
        read_descriptions((HEAD + "agents: &a [{id: a, name: b, comment: *a}]").encode())


def test_example_of_the_handbook_is_right():
    [example] = blocks(ROOT / "docs/how-to/describe.md", "yaml")

    assert read_descriptions(example.encode()).name == "mypipeline"


def test_the_error_in_the_manual_is_the_actual_one():
    [example] = blocks(ROOT / "docs/how-to/describe.md", "yaml")
    with pytest.raises(DocumentError) as told, naming("mypipeline.yaml"):
        read_descriptions(example.replace("parameters:", "paramters:").encode())

    assert f"provtap: {told.value}\n" in (ROOT / "docs/how-to/describe.md").read_text()


def test_schema_is_printed_where_a_service_is_named():
    """Nobody asks the service, nor a store."""
    done = CliRunner().invoke(main, ["describe", "--json-schema"], env={"PROVTAP_URL": "http://127.0.0.1:9"})

    assert (done.exit_code, json.loads(done.stdout)["title"]) == (0, "ProvTAP descriptions")
