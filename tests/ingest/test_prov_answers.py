"""PROV documents are exported as ingested: names, literals, dictionaries, and limits of notations."""

import json

import pytest

from provtap.errors import DocumentError
from provtap.ingest import archived_document
from provtap.ingest.readers.prov.export import READERS, prov_document
from provtap.provsap.documents import serialized
from tests.ingest.logs import rows
from tests.ingest.prov import EX, document, qualified

NOTATIONS = {"json": "prov-json", "xml": "prov-xml", "provn": "provn", "jsonld": "jsonld"}
PROVN = "document\n  prefix ex <http://example.org/>\n  {}\nendDocument"
NAMES = [
    "a%20b",
    "a b",
    "a%2520b",
    "it's",
    '"',
    "<&>",
    "a\\b",
    "a\nb",
    "a:b",
    "//x",
    "(1)[2]",
    "é→",
    "-.",
    "x=1",
]


def ids(statements):
    return {statement.id.id for statement in statements if statement.id and statement.kind == "entity"}


@pytest.mark.parametrize("serializer", NOTATIONS)
def test_names_come_back_from_the_document_that_was_kept(serializer):
    content = document(
        entity={f"ex:{name}": {} for name in NAMES},
        bundle={"ex:a bundle": {"entity": {"ex:in it": {}}}, "ex:<2>": {"entity": {'ex:in "it"': {}}}},
    ).encode()
    told = {EX + name for name in NAMES if name != "//x"} | {"ex://x", EX + "in it", EX + 'in "it"'}

    written = list(
        READERS[NOTATIONS[serializer]](serialized(prov_document(content, "prov-json"), serializer))
    )

    assert ids(written) == told
    assert {s.bundle.id for s in written if s.bundle} == {EX + "a bundle", EX + "<2>"}


@pytest.mark.parametrize("serializer", NOTATIONS)
@pytest.mark.parametrize("prefix", ["a b", "1x", "xml", "xmlns", "_", "é", "default", "x" * 300])
def test_a_prefix_may_be_anything(serializer, prefix):
    """PROV-JSON allows any text as a prefix, the other notations do not."""
    key = "thing" if prefix == "default" else f"{prefix}:thing"
    content = json.dumps({"prefix": {prefix: EX}, "entity": {key: {}}}).encode()

    written = READERS[NOTATIONS[serializer]](serialized(prov_document(content, "prov-json"), serializer))

    assert ids(written) == {f"{EX}thing"}


def test_a_percent_encoded_export_is_the_same_thing(take, database, tmp_path):
    """Earlier releases wrote `a%2520b` with the id in voprov:id."""
    told, exported = tmp_path / "told.json", tmp_path / "exported.json"
    told.write_text(document(entity={"ex:a%20b": {"prov:label": "a b"}}))
    voprov = "http://www.ivoa.net/documents/ProvenanceDM/index.html#"
    exported.write_text(
        json.dumps(
            {
                "prefix": {"ns0": EX, "voprov": voprov},
                "entity": {"ns0:a%2520b": {"voprov:name": "a b", "voprov:id": f"{EX}a%20b"}},
                "wasDerivedFrom": {
                    "_:1": {"prov:generatedEntity": "ns0:c", "prov:usedEntity": "ns0:a%2520b"}
                },
            }
        )
    )
    take(told)
    report = take(exported)

    assert rows(database, "SELECT e_id FROM provenance.entity ORDER BY 1") == [(f"{EX}a%20b",), (f"{EX}c",)]
    assert rows(database, "SELECT wdf_usedentity_id FROM provenance.wasderivedfrom") == [(f"{EX}a%20b",)]
    assert report.conflicts == ()


def test_one_is_true(take, database, tmp_path):
    """`"1" %% xsd:boolean` is JSON's true (XML Schema, boolean)."""
    forms = {
        "a.json": document(entity={"ex:flag": {"prov:value": True}}),
        "b.provn": PROVN.format('entity(ex:flag, [prov:value="1" %% xsd:boolean])'),
        "c.xml": '<prov:document xmlns:prov="http://www.w3.org/ns/prov#" xmlns:ex="http://example.org/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        '<prov:entity prov:id="ex:flag"><prov:value xsi:type="xsd:boolean"> 1 </prov:value></prov:entity>'
        "</prov:document>",
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text)
        assert take(tmp_path / name).conflicts == ()

    jsonld = serialized(prov_document(forms["a.json"].encode(), "prov-json"), "jsonld")
    (tmp_path / "d.jsonld").write_bytes(jsonld)
    assert take(tmp_path / "d.jsonld").conflicts == ()
    assert rows(database, "SELECT e_value FROM provenance.entity") == [("true",)]


def test_escapes_of_provn():
    """PROV-N, PN_CHARS_ESC in names, also in values; ECHAR and code points in texts and IRIs (section 6)."""
    [statement] = READERS["provn"](
        rb"""document prefix ex <http://example.org/\u0061/>
        entity(ex:run\=5, [ex:link='ex:watch?v\=7', ex:quote='ex:it\'s', ex:text="\u00e9\U0001F52D\t\\n"])
        endDocument"""
    )

    assert statement.id.iri == "http://example.org/a/run=5"
    assert [value.name.local if value.name else value.text for _, value in statement.attributes] == [
        "watch?v=7",
        "it's",
        "é🔭\t\\n",
    ]


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\Uffffffff"])
def test_an_escape_of_no_character_is_refused_at_its_place(escape):
    with pytest.raises(DocumentError, match="is not a character that can be stored .line 3, column"):
        list(READERS["provn"](PROVN.format(f'entity(ex:e, [ex:a="{escape}"])').encode()))


DICTIONARIES = {
    "a.provn": PROVN.format(
        "entity(ex:d2, [prov:type='prov:Dictionary'])\n"
        'prov:derivedByInsertionFrom(ex:d2, ex:d1, {("k", ex:v), ("l", ex:w)})\n'
        'prov:hadDictionaryMember(ex:d1, ex:u, "j")\n'
        'prov:derivedByRemovalFrom(ex:d3, ex:d2, {"k", "l"})'
    ),
    "a.json": document(
        entity={"ex:d2": {"prov:type": qualified("prov:Dictionary")}},
        derivedByInsertionFrom={
            "_:1": {
                "prov:after": "ex:d2",
                "prov:before": "ex:d1",
                "prov:key-entity-set": [{"key": "k", "$": "ex:v"}, {"key": "l", "$": "ex:w"}],
            }
        },
        hadDictionaryMember={"_:2": {"prov:dictionary": "ex:d1", "prov:entity": "ex:u", "prov:key": "j"}},
        derivedByRemovalFrom={
            "_:3": {"prov:after": "ex:d3", "prov:before": "ex:d2", "prov:key-set": ["k", "l"]}
        },
    ),
    "a.xml": """<prov:document xmlns:prov="http://www.w3.org/ns/prov#" xmlns:ex="http://example.org/">
        <prov:dictionary prov:id="ex:d2"/>
        <prov:derivedByInsertionFrom>
          <prov:newDictionary prov:ref="ex:d2"/><prov:oldDictionary prov:ref="ex:d1"/>
          <prov:keyEntityPair><prov:key>k</prov:key><prov:entity prov:ref="ex:v"/></prov:keyEntityPair>
          <prov:keyEntityPair><prov:key>l</prov:key><prov:entity prov:ref="ex:w"/></prov:keyEntityPair>
        </prov:derivedByInsertionFrom>
        <prov:hadDictionaryMember><prov:dictionary prov:ref="ex:d1"/>
          <prov:keyEntityPair><prov:key>j</prov:key><prov:entity prov:ref="ex:u"/></prov:keyEntityPair>
        </prov:hadDictionaryMember>
        <prov:derivedByRemovalFrom>
          <prov:newDictionary prov:ref="ex:d3"/><prov:oldDictionary prov:ref="ex:d2"/>
          <prov:key>k</prov:key><prov:key>l</prov:key>
        </prov:derivedByRemovalFrom></prov:document>""",
}


@pytest.mark.parametrize("name", DICTIONARIES)
def test_a_dictionary_is_a_collection_whose_keys_are_roles(take, database, tmp_path, name):
    """PROV-DICTIONARY: members by key, insertion and removal, which are derivations."""
    path = tmp_path / name
    path.write_text(DICTIONARIES[name])

    report = take(path)

    short = f"replace({{}}, '{EX}', '')"
    members = ", ".join(short.format(column) for column in ("hm_collection_id", "hm_entity_id"))
    assert rows(database, f"SELECT {members} FROM provenance.hadmember ORDER BY 1, 2") == [
        ("d1", "u"),
        ("d2", "v"),
        ("d2", "w"),
    ]
    ends = ", ".join(short.format(column) for column in ("wdf_generatedentity_id", "wdf_usedentity_id"))
    assert rows(database, f"SELECT {ends} FROM provenance.wasderivedfrom ORDER BY 1") == [
        ("d2", "d1"),
        ("d3", "d2"),
    ]
    related = ", ".join(short.format(column) for column in ("rel_subject_id", "rel_object_id"))
    assert rows(database, f"SELECT rel_kind, {related}, rel_role FROM provext.relation ORDER BY 1, 2, 3") == [
        ("derivedByInsertionFrom", "d2", "d1", None),
        ("derivedByRemovalFrom", "d3", "d2", None),
        ("hadDictionaryMember", "d1", "u", "j"),
        ("hadDictionaryMember", "d2", "v", "k"),
        ("hadDictionaryMember", "d2", "w", "l"),
    ]
    assert [warning for warning in report.warnings if "removes k, l" in warning]
    [(number,)] = rows(database, "SELECT in_id FROM provext.ingestion")
    given = archived_document(number, database)
    for serializer, notation in NOTATIONS.items():
        assert list(READERS[notation](serialized(given, serializer)))


def test_statements_missing_in_jsonld_are_refused_in_one_sentence():
    """PROV-JSONLD has no Mention."""
    told = prov_document(PROVN.format("entity(ex:e2)\nmentionOf(ex:e2, ex:e1, ex:b1)").encode(), "provn")

    assert b"mentionOf" in serialized(told, "provn")
    with pytest.raises(DocumentError, match="PROV-JSONLD cannot express"):
        serialized(told, "jsonld")


def test_characters_missing_in_xml_are_refused_in_one_sentence():
    told = prov_document(document(entity={"ex:e": {"prov:label": "\x01"}}).encode(), "prov-json")

    with pytest.raises(DocumentError, match="The document cannot be written in this format"):
        serialized(told, "xml")
