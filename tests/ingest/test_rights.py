"""Licences, rights and persistent identifiers, from every source that states them (ORIG-4)."""

import json
from pathlib import Path

import pytest

from provtap.errors import DocumentError
from provtap.identifiers import of_agent, of_thing
from provtap.ingest import ingest_content, load_sql
from provtap.ingest.rebuild import reingest, undo
from tests.ingest.logs import rows, tables

DATA = Path(__file__).parents[1] / "data"
BY = "https://spdx.org/licenses/CC-BY-4.0.html"
BY_SA = "https://creativecommons.org/licenses/by-sa/4.0/"
RIGHTS = "SELECT ri_entity_id, ri_uri, ri_text, ri_holder FROM provext.rights ORDER BY 1, 2, 3, 4"
AGENT_IDS = "SELECT ai_agent_id, ai_scheme, ai_value FROM provext.agent_id ORDER BY 1, 2, 3"
ALIASES = (
    "SELECT al_entity_id, al_kind, al_value FROM provext.alias"
    " WHERE al_kind IN ('doi', 'ark', 'bibcode', 'ivoid') ORDER BY 1, 2, 3"
)
ORCID = "0000-0002-1825-0097"
RECORDS = {
    "Agent": [
        {
            "id": "urn:x:maria",
            "name": "Maria",
            "identifiers": [f"https://orcid.org/{ORCID}", "isni:0000000121032683"],
        },
        {"id": "https://ror.org/05a28rw58", "name": "ETH"},
    ],
    "Entity": [{"id": "doi:10.5281/Zenodo.7", "license": BY}],
    "Collection": [{"id": "urn:x:dr1", "license": BY_SA, "rights": "CC-BY-SA", "rightsHolder": "CTAO ERIC"}],
    "DatasetEntity": [
        {"id": "urn:x:a", "identifiers": ["https://doi.org/10.5281/zenodo.1", "2021A&A...650A..75L"]},
        {"id": "urn:x:b", "rights": "© Maria"},
    ],
    "Activity": [{"id": "urn:x:run", "startTime": "2026-01-01T00:00:00Z"}],
    "WasGeneratedBy": [
        {"activity": "urn:x:run", "location": "/out.fits", "license": BY, "identifiers": ["ark:/12345/out"]}
    ],
    "HadMember": [
        {"collection": "urn:x:dr1", "entity": "urn:x:a"},
        {"collection": "urn:x:dr1", "entity": "urn:x:b"},
    ],
}


@pytest.fixture
def give(database, settings):
    """Take in a value as a document of JSON: `give(value)`."""
    return lambda value: ingest_content(json.dumps(value).encode(), "given", database, settings)


@pytest.mark.parametrize(
    "text, scheme, value",
    [
        ("10.5281/zenodo.1", "doi", "10.5281/zenodo.1"),
        ("DOI: 10.5281/ZENODO.1", "doi", "10.5281/zenodo.1"),
        ("http://dx.doi.org/10.1051/0004-6361/202140622", "doi", "10.1051/0004-6361/202140622"),
        ("https://n2t.net/ark:12345/a", "ark", "ark:/12345/a"),
        ("2021A&A...650A..75L", "bibcode", "2021A&A...650A..75L"),
        (
            "https://ui.adsabs.harvard.edu/abs/2021A%26A...650A..75L/abstract",
            "bibcode",
            "2021A&A...650A..75L",
        ),
        ("ivo://org.gavo.dc/~?a/b.fits", "ivoid", "ivo://org.gavo.dc/~?a/b.fits"),
    ],
)
def test_an_identifier_of_a_thing_has_one_spelling(text, scheme, value):
    assert of_thing(text) == (scheme, value)


@pytest.mark.parametrize(
    "text, scheme, value",
    [
        (ORCID, "orcid", ORCID),
        ("https://orcid.org/0000-0002-1694-233x", "orcid", "0000-0002-1694-233X"),
        ("orcid:0000000218250097", "orcid", ORCID),
        ("https://ror.org/05a28rw58", "ror", "05a28rw58"),
        ("https://isni.org/isni/0000000121032683", "isni", "0000000121032683"),
    ],
)
def test_an_identifier_of_an_agent_has_one_spelling(text, scheme, value):
    assert of_agent(text) == (scheme, value)


@pytest.mark.parametrize(
    "text", ["", "x", "urn:uuid:1", "doi://reference/to/it", "0000-0002-1825-0098", "10.5"]
)
def test_texts_that_are_not_identifiers(text):
    """0000-0002-1825-0098 has a wrong last digit."""
    assert (of_thing(text), of_agent(text)) == (None, None)


def test_the_write_api_takes_rights_and_identifiers(give, database):
    give(RECORDS)
    [(made,)] = rows(database, "SELECT wgb_entity_id FROM provenance.wasgeneratedby")

    assert rows(database, RIGHTS) == sorted(
        [
            ("doi:10.5281/Zenodo.7", BY, None, None),
            ("urn:x:b", None, "© Maria", None),
            ("urn:x:dr1", BY_SA, "CC-BY-SA", "CTAO ERIC"),
            (made, BY, None, None),
        ]
    )
    assert rows(database, ALIASES) == sorted(
        [
            ("doi:10.5281/Zenodo.7", "doi", "10.5281/zenodo.7"),
            ("urn:x:a", "bibcode", "2021A&A...650A..75L"),
            ("urn:x:a", "doi", "10.5281/zenodo.1"),
            (made, "ark", "ark:/12345/out"),
        ]
    )
    assert rows(database, AGENT_IDS) == [
        ("https://ror.org/05a28rw58", "ror", "05a28rw58"),
        ("urn:x:maria", "isni", "0000000121032683"),
        ("urn:x:maria", "orcid", ORCID),
    ]


def test_the_last_step_has_the_licence_of_the_collection_of_a_file_without_rights(give, database):
    """Part 5; ORIG-4: urn:x:b has rights of its own, although no licence."""
    give(RECORDS)

    assert rows(
        database,
        "SELECT ls_entity_id, ls_doi, ls_rights_uri FROM provext.last_step"
        " WHERE ls_entity_id LIKE 'urn:x:%' ORDER BY 1",
    ) == [("urn:x:a", "10.5281/zenodo.1", BY_SA), ("urn:x:b", None, None)]


def test_rights_are_stored_once_and_removed_with_their_document(give, database, settings):
    """D13: told twice, read again, undone."""
    give(RECORDS)
    first = tables(database)
    give({"Entity": RECORDS["Entity"]})

    assert rows(database, "SELECT count(*)::int FROM provext.rights") == [(4,)]
    assert reingest(database, settings).changes == ()
    undo(1, database, settings)
    assert rows(database, RIGHTS) == [("doi:10.5281/Zenodo.7", BY, None, None)]
    assert rows(database, AGENT_IDS) == []
    give(RECORDS)
    assert tables(database) == first


@pytest.mark.parametrize(
    "of, member, message",
    [
        (
            "Agent",
            {"name": "x", "identifiers": ["maria"]},
            r"/Agent/0/identifiers/0 must be an ORCID, ROR or ISNI",
        ),
        (
            "Entity",
            {"identifiers": ["a", "b"]},
            r"/Entity/0/identifiers/0 must be a DOI, ARK, bibcode or IVOID",
        ),
        (
            "Entity",
            {"license": "CC-BY"},
            r"/Entity/0/license must be a URI; write a licence in words as rights",
        ),
        (
            "Entity",
            {"license": "https://x/" + "y" * 1000},
            r"/Entity/0/license has 1010 bytes; the limit is 1000",
        ),
    ],
)
def test_errors_are_named(give, of, member, message):
    with pytest.raises(DocumentError, match=message):
        give({of: [{"id": "urn:x:1"} | member]})


@pytest.mark.parametrize(
    "name",
    [
        "dl1_event_nested.json",
        "dl1_event_rucio_flat.json",
        "dl0_tel_short.fits",
        "dl1_calibration_hierarch.fits",
    ],
)
def test_headers_of_ctao_have_rights(take, database, name):
    """LICENSE, LICENURL, COPYRIGH and RIGHTS, in every form of the model."""
    take(DATA / "ctao_datamodel" / name)

    assert rows(database, "SELECT ri_uri, ri_text, ri_holder, ri_access FROM provext.rights") == [
        (BY_SA, "CC-BY-SA-4.0", "CTAO ERIC", "secure")
    ]


def crate(**root):
    """Return a crate with a run that made one file, read another one inside and one elsewhere."""
    author = {"@id": f"https://orcid.org/{ORCID}", "@type": "Person", "name": "Maria"}
    run = {"@id": "#run", "@type": "CreateAction", "name": "run", "agent": {"@id": "#lab"}}
    run |= {"object": [{"@id": "in.fits"}, {"@id": "https://x.org/far.fits"}], "result": {"@id": "out.fits"}}
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"}},
            {"@id": "./", "@type": "Dataset", "license": {"@id": BY}, "author": {"@id": author["@id"]}}
            | root,
            {"@id": BY, "@type": "CreativeWork", "name": "CC BY 4.0"},
            author,
            {
                "@id": "#lab",
                "@type": "Organization",
                "name": "Lab",
                "identifier": "https://ror.org/05a28rw58",
            },
            run,
            {"@id": "in.fits", "@type": "File", "license": "all rights reserved"},
            {"@id": "out.fits", "@type": "File", "identifier": "https://doi.org/10.5281/zenodo.1"},
            {"@id": "https://x.org/far.fits", "@type": "File"},
        ],
    }


def test_files_in_a_crate_have_its_rights_and_authors(give, database):
    """A file's own licence comes before; what lies elsewhere is not the crate's."""
    give(crate())
    of_names = (
        "SELECT e_name, ri_uri, ri_text FROM provext.rights"
        " JOIN provenance.entity ON e_id = ri_entity_id ORDER BY 1"
    )
    authors = (
        "SELECT e_name, wat_agent_id FROM provenance.wasattributedto"
        " JOIN provenance.entity ON e_id = wat_entity_id ORDER BY 1"
    )

    assert rows(database, of_names) == [
        ("in.fits", None, "all rights reserved"),
        ("out.fits", BY, "CC BY 4.0"),
    ]
    assert rows(database, authors) == [
        (name, f"https://orcid.org/{ORCID}") for name in ("in.fits", "out.fits")
    ]
    assert [row[1:] for row in rows(database, AGENT_IDS)] == [("orcid", ORCID), ("ror", "05a28rw58")]
    assert [row[1:] for row in rows(database, ALIASES)] == [("doi", "10.5281/zenodo.1")]


def test_prov_documents_have_rights(give, database):
    """By the terms of Dublin Core and schema.org, as texts and as names."""
    give(
        {
            "prefix": {"ex": "urn:x:", "dct": "http://purl.org/dc/terms/", "sdo": "https://schema.org/",
                       "spdx": "https://spdx.org/licenses/", "orcid": "https://orcid.org/"},
            "entity": {
                "ex:a": {"dct:license": {"$": "spdx:CC-BY-4.0.html", "type": "prov:QUALIFIED_NAME"},
                         "dct:rightsHolder": "CTAO ERIC", "sdo:identifier": "doi:10.5281/zenodo.1"},
                "ex:b": {"sdo:license": "see README", "dct:identifier": "no. 7"},
            },
            "agent": {f"orcid:{ORCID}": {"prov:label": "Maria"}},
        }
    )  # fmt: skip

    assert rows(database, RIGHTS) == [
        ("urn:x:a", BY, None, "CTAO ERIC"),
        ("urn:x:b", None, "see README", None),
    ]
    assert rows(database, ALIASES) == [("urn:x:a", "doi", "10.5281/zenodo.1")]
    assert rows(database, AGENT_IDS) == [(f"https://orcid.org/{ORCID}", "orcid", ORCID)]


def test_scripts_fill_the_tables(database, settings, tmp_path):
    path = tmp_path / "rights.sql"
    path.write_text(
        "INSERT INTO provenance.entity (e_id, e_class) VALUES ('urn:x:a', 'DatasetEntity');\n"
        "INSERT INTO provenance.agent (ag_id, ag_name) VALUES ('urn:x:m', 'Maria');\n"
        f"INSERT INTO provext.rights (ri_entity_id, ri_uri) VALUES ('urn:x:a', '{BY}');\n"
        f"INSERT INTO provext.agent_id VALUES ('urn:x:m', 'orcid', '{ORCID}');\n"
    )
    load_sql([path], database, settings)

    assert rows(database, RIGHTS) == [("urn:x:a", BY, None, None)]
    assert rows(database, AGENT_IDS) == [("urn:x:m", "orcid", ORCID)]
