"""PROV-O: RDF in Turtle, TriG, N-Triples and JSON-LD becomes what PROV-JSON of the same document does."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from prov.model import ProvDocument

from provtap.config import Settings
from provtap.errors import DocumentError, FormatNotRead, TooLarge
from provtap.ingest import ingest_all
from provtap.ingest.documents.document import read_content
from provtap.ingest.readers.prov import prov_o
from tests.ingest.logs import empty, rows, tables
from tests.ingest.prov import DOCUMENTS

DATA = Path(__file__).parents[1] / "data"
SAME_RUN = sorted((DATA / "prov_o").glob("primary.cwlprov.*"))
NOTATIONS = {".json": "json", ".xml": "xml", ".jsonld": "jsonld", ".provn": "provn"}
# In these a statement is repeated with other values, an attribute has several, or two bundles contradict each
# other: RDF has no order of them, and one property for `used` with and without a role.
AMBIGUOUS = {
    "bundle2.json",
    "end10.json",
    "entity7.json",
    "entity9.json",
    "generation3.json",
    "prov_primer_complete_example.from_xml.json",
    "prov_primer_complete_example.xml",
    "scruffy-end2-M.json",
    "scruffy-end2-S.json",
    "scruffy-end4-M.json",
    "scruffy-start1-S.json",
    "scruffy-start2-M.json",
    "scruffy-start2-S.json",
    "scruffy-start3-M.json",
    "scruffy-start4-M.json",
    "unification-object-relation-f1-FAIL-c54.json",
    "usage3.json",
}
PREFIXES = "@prefix prov: <http://www.w3.org/ns/prov#> .\n@prefix ex: <http://example.org/> .\n"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"


def library(path):
    """Return a document as the library `prov` reads it; None where it refuses it or leaves something out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return ProvDocument.deserialize(path, format=NOTATIONS[path.suffix])
    except Exception:
        return None


WRITTEN = {
    f"{path.parent.name}/{path.name}": read
    for path in DOCUMENTS
    if path.name not in AMBIGUOUS and (read := library(path)) and read.records
}


def records(content, format="auto"):
    document = read_content(content, "x", Settings(), format=format)
    return {record for record_set in document.record_sets for record in record_set.records}


def said(turtle):
    return [
        (each.kind, each.id and each.id.iri, {key: name.iri for key, name in each.arguments.items()})
        for each in prov_o.statements((PREFIXES + turtle).encode())
    ]


@pytest.mark.parametrize("name", WRITTEN)
def test_rdf_has_the_same_records_as_prov_json(name):
    """The library `prov` writes its document in both."""
    document = WRITTEN[name]
    expected = records(document.serialize(format="json").encode(), "prov-json")
    for notation in ("trig", "json-ld") if document.bundles else ("trig", "turtle", "nt", "json-ld"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            written = document.serialize(format="rdf", rdf_format=notation).encode()
        assert records(written) == expected


@pytest.mark.parametrize("path", SAME_RUN, ids=lambda path: path.suffix)
def test_cwltool_has_the_same_records_in_all_notations(path):
    """A document of CWLProv is recognised in PROV-O as well (CWL 4.7)."""
    original = DATA / "cwlprov" / "nested_scatter_ro" / "metadata" / "provenance" / "primary.cwlprov.json"

    assert records(path.read_bytes()) == records(original.read_bytes())


def test_files_in_any_order_make_the_same_tables(database, settings):
    found = sorted((DATA / "prov_o").iterdir())
    summary = ingest_all(found, database, settings)
    expected = tables(database)
    again = ingest_all(found, database, settings)
    empty(database)
    ingest_all(found[::-1], database, settings)

    assert not summary.problems
    assert (again.content()["new"], again.content()["updated"]) == (0, 0)
    assert tables(database) == expected
    assert rows(database, "SELECT count(*)::int FROM provenance.activity") == [(4,)]


@pytest.mark.parametrize(
    "turtle, expected",
    [
        ("ex:a prov:used ex:e .", [("used", {"activity": "a", "entity": "e"})]),
        ("ex:a prov:generated ex:e .", [("wasGeneratedBy", {"entity": "e", "activity": "a"})]),
        ("ex:e prov:hadDerivation ex:f .", [("wasDerivedFrom", {"generatedEntity": "f", "usedEntity": "e"})]),
        (
            "ex:a prov:used ex:e; prov:qualifiedUsage [ prov:entity ex:e; prov:hadRole ex:in ] .",
            [("used", {"activity": "a", "entity": "e"})],
        ),
        (
            "ex:a prov:qualifiedAssociation [ a prov:Association; prov:agent ex:tom; prov:hadPlan ex:p ] .",
            [("wasAssociatedWith", {"activity": "a", "agent": "tom", "plan": "p"})],
        ),
        (
            "ex:a prov:qualifiedStart [ prov:entity ex:e; prov:hadActivity ex:b ] .",
            [("wasStartedBy", {"activity": "a", "trigger": "e", "starter": "b"})],
        ),
        (
            "ex:v prov:mentionOf ex:e; prov:asInBundle ex:b .",
            [("mentionOf", {"specificEntity": "v", "generalEntity": "e", "bundle": "b"})],
        ),
        (
            "ex:d prov:qualifiedInsertion [ prov:dictionary ex:c; prov:insertedKeyEntityPair"
            ' [ prov:pairKey "k"; prov:pairEntity ex:e ] ] .',
            [
                ("derivedByInsertionFrom", {"after": "d", "before": "c"}),
                ("hadDictionaryMember", {"dictionary": "d", "entity": "e"}),
            ],
        ),
    ],
)
def test_relation(turtle, expected):
    """As a property, as its inverse, and as a node of its own (PROV-O, 3.3 and appendix B.1)."""
    assert said(turtle) == [
        (kind, None, {key: f"http://example.org/{end}" for key, end in ends.items()})
        for kind, ends in expected
    ]


def test_the_relations_of_a_thing_without_type_determine_its_kind():
    turtle = f"ex:a prov:used ex:e . ex:e <{RDFS}label> 'raw' . ex:p <{RDFS}label> 'nothing of PROV' ."

    assert said(turtle)[:-1] == [("entity", "http://example.org/e", {})]


def test_things_without_a_name_are_those_of_their_document():
    """A blank node and a relative IRI are other things in another document, and the same in the same one."""
    turtle = PREFIXES + "<run> prov:used [ a prov:Entity ] ."
    [used] = [each for each in records(turtle.encode()) if hasattr(each, "usage_time")]

    assert used.activity_id.startswith("urn:uuid:")
    assert used.entity_id.startswith("urn:uuid:")
    assert used in records(turtle.encode())
    assert used not in records(f"{turtle}\n# other".encode())


def test_named_graph_is_a_bundle():
    turtle = f"{PREFIXES}ex:b {{ ex:e a prov:Entity }}"
    [statement] = prov_o.statements(turtle.encode())

    assert statement.bundle.iri == "http://example.org/b"


@pytest.mark.parametrize(
    "content, problem",
    [
        (f"{PREFIXES}ex:a prov:used", "this is not Turtle"),
        (f"{PREFIXES}ex:a prov:used ex:e .\nx:y a prov:Entity .", 'Prefix "x:" not bound, in line 4'),
        (f"{PREFIXES}ex:a prov:used 'raw' .", "prov:used must name a thing, not the text 'raw'"),
        (f"{PREFIXES}ex:a ex:b '\\ud800' .", "contains a character that cannot be stored"),
        (f"{PREFIXES}ex:a prov:startedAtTime 'noon' .", "'noon' is not a time"),
        (f"{PREFIXES}ex:a prov:used {'[ prov:value ' * 5000}", "this is nested too deeply"),
        (
            '{"@context": "https://example.org/context", "@id": "x", "@type": "prov:Entity", "prov:used": 1}',
            "its @context is at 'https://example.org/context', and nothing is fetched from the network."
            " Write the context itself into the document.",
        ),
        (
            '{"@context": {"ex": {"@id": "ex:y", "@context": ["http://x"]}}, "@id": "x", "prov:used": 1}',
            "its @context is at 'http://x'",
        ),
        (
            '{"@context": {"@import": "http://x"}, "@id": "x", "prov:used": 1}',
            "its @context is at 'http://x'",
        ),
    ],
)
def test_bad_rdf_is_refused(content, problem):
    """In one sentence, and nothing is fetched."""
    with pytest.raises(DocumentError) as caught:
        read_content(content.encode(), "x", Settings())

    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_triples_are_limited():
    content = PREFIXES + "".join(f"ex:a prov:used ex:e{n} ." for n in range(200))

    with pytest.raises(TooLarge, match="more than 3 records"):
        read_content(content.encode(), "x", Settings(), most_records=3)


@pytest.mark.parametrize(
    "content, what",
    [
        ("<urn:a> <http://www.w3.org/ns/prov#used> <urn:b> <urn:g> .", "RDF in N-Quads"),
        ("@prefix foaf: <http://xmlns.com/foaf/0.1/> .\n[] foaf:name 'x' .", "RDF without terms of PROV"),
        ('<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>', "RDF in XML"),
    ],
)
def test_other_notations_are_named(content, what):
    with pytest.raises(FormatNotRead, match=f"this is {what}, which is not supported"):
        read_content(content.encode(), "x", Settings())


def test_missing_library_is_named():
    """Rdflib is an extra; without it, everything else works."""
    program = """
import sys
sys.modules["rdflib"] = None
from provtap.config import Settings
from provtap.ingest.documents.document import read_content
try:
    read_content(b"@prefix prov: <http://www.w3.org/ns/prov#> . [] a prov:Entity .", "x", Settings())
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == (
        "FormatNotRead x: this is RDF, and the package rdflib, which reads it, is not installed."
        " pip install 'provtap[rdf]'\n"
    )
