"""The description for programs is that of the code: routes, options, words and their rules."""

import json
import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from provtap.errors import DocumentError
from provtap.ingest.readers.records.classes import CLASSES
from provtap.ingest.readers.records.parse import read_records
from provtap.web import create_app
from tests.api.test_records import everything


@pytest.fixture(scope="module")
def description(call):
    return call("GET", "/openapi.json", token=None).json


@pytest.fixture(scope="module")
def validator(description):
    """Of documents of records, by the description alone."""
    return Draft202012Validator(description | {"$ref": "#/components/schemas/Records"})


def test_the_description_is_valid(description):
    """OpenAPI 3.1."""
    assert list(OpenAPIV31SpecValidator(description).iter_errors()) == []


def test_every_route_is_described_and_no_other(description, settings, database, tableset):
    """Flask's own map of routes, against the description."""
    rules = create_app(settings, database, tableset).url_map.iter_rules()
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+?)_?>", r"{\1}", rule.rule).removeprefix("/api/v1"))
        for rule in rules
        if rule.rule.startswith("/api/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    described = {(m.upper(), path) for path, methods in description["paths"].items() for m in methods}

    assert described == served


def test_every_answer_is_of_its_schema(description, call):
    """Real responses match their description."""
    record = {"id": "urn:test:openapi", "name": "x"}
    for method, path, template, body in [
        ("POST", "/records", "/records", {"Entity": record}),
        ("POST", "/documents", "/documents", {"Entity": record | {"name": "y"}}),
        ("PUT", "/entities/urn:test:openapi", "/entities/{id}", record),
        ("GET", "/entities/urn:test:openapi", "/entities/{id}", None),
        ("GET", "/entities?limit=2", "/entities", None),
        ("GET", "/used?limit=2", "/used", None),
        ("GET", "/ingestions/1", "/ingestions/{number}", None),
        ("GET", "/entities/urn:test:nothing", "/entities/{id}", None),
        ("POST", "/records", "/records", {"Activity": [{"id": "urn:test:a"}, {"id": "urn:test:b"}]}),
        ("POST", "/records", "/records", {"Parameter": {"activity": "urn:test:a", "name": "n", "value": 1}}),
        ("GET", "/diff?a=urn:test:a&b=urn:test:b", "/diff", None),
        ("GET", "/diff?a=urn:test:a&b=urn:test:nothing", "/diff", None),
        ("GET", "/diff?a=urn:test:a", "/diff", None),
        ("GET", "/diff?a=urn:test:a&b=urn:test:b&format=xls", "/diff", None),
        ("GET", "/diff?a=urn:test:a&b=urn:test:b&c=1", "/diff", None),
        ("POST", "/records", "/records", {"Entity": {"nam": 1}}),
    ]:
        reply = call(method, path, body)
        told = description["paths"][template][method.lower()]["responses"][str(reply.status)]
        schema = told["content"]["application/json"]["schema"]

        assert list(Draft202012Validator(description | schema).iter_errors(reply.json)) == []


def test_every_word_is_explained(description):
    """D7: descriptions of attributes come from the published columns."""
    for each in CLASSES:
        schema = description["components"]["schemas"][each.name]

        assert schema["description"]
        assert [name for name, told in schema["properties"].items() if not told.get("description")] == []


def test_all_recordable_classes_are_described(validator):
    assert list(validator.iter_errors(everything(str))) == []


def variants():
    """Yield documents that differ from a valid one in one attribute."""
    for each in CLASSES:
        [record, *_] = everything(str)[each.name]
        for attribute in each.attributes:
            for value in (None, "", 1, -1, True, [], ["x"], {}, "x" * 1001, "x" * 501, 2**40, 0.5):
                yield each, attribute, record | {attribute.name: value}
            yield each, attribute, {name: told for name, told in record.items() if name != attribute.name}
        yield each, None, record | {"unknown": 1}


def test_the_description_matches_the_responses(validator):
    """The schema and the reader accept the same records, as far as single attributes are concerned.

    Null counts as missing. Schemas can't express rules between attributes, or which texts are times.
    """
    for each, attribute, record in variants():
        told = {name: value for name, value in record.items() if value is not None}
        valid = validator.is_valid({each.name: [told]})
        try:
            read_records(json.dumps({each.name: [record]}).encode())
            read = True
        except DocumentError as error:
            read = False
            if "is not a time" in str(error):
                continue

        assert valid == read, (each.name, attribute, record)
