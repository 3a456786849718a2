"""The readers of PROV's notations, held to the `prov` library where it reads them, too."""

import warnings
from datetime import datetime

import pytest
from prov.identifier import QualifiedName
from prov.model import Literal, ProvDocument

from provtap.errors import DocumentError
from provtap.ingest.readers.prov import json as prov_json
from provtap.ingest.readers.prov import jsonld as prov_jsonld
from provtap.ingest.readers.prov import provn
from provtap.ingest.readers.prov import xml as prov_xml
from tests.ingest.prov import DOCUMENTS, document

READERS = {
    ".json": ("json", prov_json.statements),
    ".xml": ("xml", prov_xml.statements),
    ".jsonld": ("jsonld", prov_jsonld.statements),
    ".provn": ("provn", provn.statements),
}
# Of the statements of prov's document: kind by its keyword, or the keywords of the types that are statements.
TYPED = {"Revision": "wasRevisionOf", "Quotation": "wasQuotedFrom", "PrimarySource": "hadPrimarySource"}


def prov_statements(path):
    """Return what the library reads in *path*; None where it refuses it or leaves something out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read = ProvDocument.deserialize(path, format=READERS[path.suffix][0])
    except Exception:
        return None
    return {_prov_statement(record, part) for part in [read, *read.bundles] for record in part.records}


def _prov_statement(record, part):
    formal = {name.localpart: value for name, value in record.formal_attributes if value is not None}
    anonymous = record.identifier is None or str(record.identifier).startswith("_:")
    return (
        record.get_type().localpart,
        None if anonymous else record.identifier.uri,
        frozenset(
            (key, value if isinstance(value, datetime) else value.uri) for key, value in formal.items()
        ),
        frozenset((name.uri, _prov_text(value)) for name, value in record.extra_attributes),
        part.identifier.uri if part.identifier else None,
    )


def _prov_text(value):
    if isinstance(value, QualifiedName):
        return value.uri
    return value.value if isinstance(value, Literal) else value


def our_statements(path):
    return {_our_statement(statement) for statement in READERS[path.suffix][1](path.read_bytes())}


def _our_statement(statement):
    ends = {argument: name.iri for argument, name in statement.arguments.items()}
    return (
        statement.kind,
        statement.id and statement.id.iri,
        frozenset({**ends, **statement.times}.items()),
        frozenset(
            (name.iri, value.name.iri if value.name else value.text) for name, value in statement.attributes
        ),
        statement.bundle and statement.bundle.iri,
    )


def comparable(statements):
    """Leave what both tell alike: how many of which ends, and the names of attributes."""
    return {
        (ends, frozenset(name for name, _ in attributes), bundle)
        for _, _, ends, attributes, bundle in statements
    }


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_readers_agree_with_the_library(path):
    """Every statement with its ends, times and attributes (INGEST-c4)."""
    expected = prov_statements(path)
    if expected is None:
        assert our_statements(path)
        return
    types = "http://www.w3.org/ns/prov#type"  # an element such as prov:plan is a type to the library

    def told(statements):
        return {(ends, names - {types}, bundle) for ends, names, bundle in comparable(statements)}

    ours, theirs = told(our_statements(path)), told(expected)
    # Of several members in PROV-XML the library takes one.
    assert theirs <= ours
    assert all("collection" in dict(ends) for ends, *_ in ours - theirs)


@pytest.mark.parametrize("extension", ["json", "xml", "provn"])
@pytest.mark.parametrize("form", ["voprov", "w3c"])
def test_notations_of_one_document_make_the_same_statements(form, extension):
    """JSON is as XML and as PROV-N (INGEST-c3)."""
    path = DOCUMENTS[0].parents[1] / "voprov" / f"voprov_tutorial.{form}"
    read = our_statements(path.with_suffix(f".{form}.{extension}"))

    def told(statements):  # PROV-N has the name of a parameter before its attributes, without a namespace
        return {(ends, bundle) for ends, _, bundle in comparable(statements)}

    assert read
    assert told(read) == told(our_statements(path.with_suffix(f".{form}.json")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (document(entity={"e": {}}), "the document.entity.e: 'e' has no prefix, and no default namespace"),
        (
            document(bundle={"ex:b": {"bundle": {}}}),
            'the document.bundle["ex:b"].bundle is in another bundle',
        ),
        (document(entty={"ex:e": {}}), "unknown statement 'entty' Did you mean entity?"),
        (
            document(activity={"ex:a": {"prov:startTime": "noon"}}),
            "'noon' is not a time of the years 1 to 9999",
        ),
        (document(used={"_:u": {"prov:activity": 5}}), 'used["_:u"]["prov:activity"] must be a text'),
        (document(used={"_:u": {"prov:activity": ["ex:a", "ex:b"]}}), "must have one value, not 2"),
        ("{} {}", "several values follow each other"),
        ('{"entity": {"ex:e": {}, "ex:e": {}}}', 'the key "ex:e" appears twice'),
        ('{"entity": {"ex:e": {"ex:a": 1' + "0" * 400 + "}}}", "this number is too large"),
    ],
)
def test_bad_json_is_refused_at_its_place(content, message):
    with pytest.raises(DocumentError) as caught:
        list(prov_json.statements(content.encode()))

    assert message in str(caught.value)


PROV_XML = (
    '<prov:document xmlns:prov="http://www.w3.org/ns/prov#" xmlns:ex="http://example.org/">{}</prov:document>'
)
BOMB = "<!DOCTYPE x [{}]>".format(
    "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x"}">' for n in range(12))
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PROV_XML.format("<prov:entity/>"), "entity in line 1 has no prov:id"),
        (PROV_XML.format('<prov:entity prov:id="e"/>'), "'e' has no prefix"),
        (
            PROV_XML.format('\n<prov:used><prov:entity ex:ref="ex:e"/></prov:used>'),
            "entity in line 2 has no reference",
        ),
        (PROV_XML.format("<prov:uses/>"), "unknown statement 'uses' Did you mean used?"),
        (PROV_XML.format("<prov:used>"), "this is not XML"),
        ("<!DOCTYPE x>" + PROV_XML.format(""), "a document type declaration (DOCTYPE) is not allowed"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + PROV_XML.format("&a;"), "is not allowed"),
        (BOMB + PROV_XML.format("&e11;"), "this is not XML: Maximum entity amplification factor exceeded"),
        (
            PROV_XML.format(f"<a>{'x' * 10_000_001}</a>"),
            "Resource limit exceeded: Text node too long (line 1",
        ),
        (PROV_XML.format("<a>" * 300 + "</a>" * 300), "this is not XML: Excessive depth"),
        ("", "this is not XML"),
    ],
)
def test_bad_xml_is_refused_at_its_place(content, message):
    """Nothing outside the document is read, and nothing in it grows (XML 1.0, entities)."""
    with pytest.raises(DocumentError) as caught:
        list(prov_xml.statements(content.encode()))

    assert message in str(caught.value)


PROVN = "document\n  prefix ex <http://example.org/>\n  {}\nendDocument"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PROVN.format("entity()"), "expected a name, a time or '-', found ')' (line 3, column 10)"),
        (PROVN.format("entity(e)"), "entity in line 3: 'e' has no prefix"),
        (PROVN.format("entity(-)"), "entity in line 3 has no id"),
        (
            PROVN.format("bundle ex:a\n bundle ex:b endBundle endBundle"),
            "bundle in line 4 is in another bundle",
        ),
        (PROVN.format("used(ex:a, ex:e, noon)"), "noon in line 3: 'noon' is not a time"),
        (PROVN.format("used(ex:a, ex:e, -, ex:x)"), "used in line 3 has 4 arguments; it must have 3"),
        (PROVN.format('entity(ex:e, [ex:a="\x00"])'), "cannot be read"),
        (PROVN.format('entity(ex:e, [ex:a="open])'), "cannot be read"),
        ("document", "expected 'endDocument', found the end (line 1, column 9)"),
        (PROVN.format("") + " more", "expected the end, found 'more' (line 4, column 13)"),
    ],
)
def test_bad_provn_is_refused_at_its_place(content, message):
    with pytest.raises(DocumentError) as caught:
        list(provn.statements(content.encode()))

    assert message in str(caught.value)


def test_provn_has_comments_escapes_languages_and_types():
    """PROV-N, sections 2.4 and 3.7."""
    text = r'''/* all */ document // of it
      prefix ex <http://example.org/>
      entity(ex:e\=1, [ex:a="a \"b\"\n"@en, ex:b="""two
lines""", ex:c='ex:d', ex:d="ex:f" %% xsd:QName, ex:n=42])
    endDocument'''
    [statement] = provn.statements(text.encode())

    assert statement.id.iri == "http://example.org/e=1"
    assert [(name.local, value.text, value.language) for name, value in statement.attributes] == [
        ("a", 'a "b"\n', "en"),
        ("b", "two\nlines", None),
        ("c", "ex:d", None),
        ("d", "ex:f", None),
        ("n", "42", None),
    ]
    assert [value.name.iri for _, value in statement.attributes if value.name] == [
        "http://example.org/d",
        "http://example.org/f",
    ]


@pytest.mark.parametrize(
    "content",
    ['{"@graph": [{"@type": "prov:Nothing"}]}', '{"@context": 5}', '{"@graph": 1} 2', '{"@graph": [5]}'],
)
def test_bad_json_ld_is_refused(content):
    with pytest.raises(DocumentError, match="PROV-JSONLD"):
        list(prov_jsonld.statements(content.encode()))
