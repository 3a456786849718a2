"""Citation and acknowledgement of a product: all people and programs behind it, once each (ORIG-5)."""

import io
import json
from dataclasses import replace

import pytest
from astropy.io.votable import parse
from click.testing import CliRunner
from pybtex.database import parse_string

from provtap.citation import FORMATS, credits_of, find_product
from provtap.commands import main
from provtap.database.connect import open_database
from provtap.errors import NotFound, ParameterError
from provtap.ingest import ingest_content
from provtap.query.links import STANDARD_ID
from provtap.web import create_app
from tests.live import live_server

ORCID = "https://orcid.org/0000-0002-1825-0097"
BY = "https://spdx.org/licenses/CC-BY-4.0.html"
HOSTILE = r"{100% of A&B_1} \input{x} @misc{$~^#, “Ω”" + "\x07\nnew line"


def day(number):
    return f"2026-01-{number:02}T00:00:00Z"


RECORDS = {
    "Agent": [
        {"id": "urn:x:maria", "name": "Maria Rossi", "type": "Person", "identifiers": [ORCID],
         "affiliation": "INAF"},
        {"id": "urn:x:ctao", "name": "CTAO and friends", "type": "Organization"},
        {"id": "urn:x:jim", "name": "Jim", "type": "Person"},
        {"id": "urn:x:slurm", "name": "SLURM", "type": "SoftwareAgent"},
        {"id": "urn:x:stranger", "name": "Stranger", "type": "Person"},
    ],
    "ActivityDescription": [
        {"id": "_:reduce", "name": "reduce", "version": "1.0", "docurl": "https://doi.org/10.5281/zenodo.900"},
        {"id": "_:stack", "name": "stack & co", "version": "2_0", "docurl": "https://x.org/a_b?c=1#d"},
        {"id": "_:observe", "name": "observe", "type": "Observation"},
    ],
    "Activity": [
        {"id": "urn:x:observing", "activityDescription": "_:observe", "startTime": day(1)},
        *(
            {"id": f"urn:x:reducing{n}", "activityDescription": "_:reduce", "startTime": day(2)}
            for n in (1, 2)
        ),
        {"id": "urn:x:stacking", "activityDescription": "_:stack", "startTime": day(3)},
        {"id": "urn:x:other", "startTime": day(4)},
    ],
    "DatasetEntity": [
        {"id": "urn:x:raw", "name": "raw", "generatedAtTime": day(1), "identifiers": ["10.5281/zenodo.10"]},
        {"id": "urn:x:raw2", "name": "raw 2", "identifiers": ["doi:10.5281/ZENODO.10"]},
        {"id": "https://doi.org/10.5281/zenodo.11", "name": "catalogue"},
        {"id": "urn:x:paper", "name": "flat field", "identifiers": ["2021A&A...650A..75L"]},
        {"id": "urn:x:plain", "name": "dark"},
        {"id": "urn:x:r1"},
        {"id": "urn:x:r2"},
        {"id": "urn:x:stack", "name": HOSTILE, "location": "/data/stack.fits", "generatedAtTime": day(3),
         "identifiers": ["10.5281/zenodo.1"]},
        {"id": "urn:x:bare", "name": "bare.fits"},
        {"id": "urn:x:after", "name": "after.fits", "identifiers": ["10.5281/zenodo.99"]},
    ],
    "Collection": [
        {"id": "urn:x:dr1", "name": "Data release 1", "identifiers": ["10.5281/zenodo.12"],
         "license": BY, "rights": "CC-BY-4.0", "rightsHolder": "CTAO ERIC"},
    ],
    "HadMember": [{"collection": "urn:x:dr1", "entity": "urn:x:stack"}],
    "Used": [
        *({"activity": "urn:x:reducing1", "entity": f"urn:x:{e}"} for e in ("raw", "raw2", "paper", "plain")),
        {"activity": "urn:x:reducing2", "entity": "https://doi.org/10.5281/zenodo.11"},
        *({"activity": "urn:x:stacking", "entity": f"urn:x:r{n}"} for n in (1, 2)),
        {"activity": "urn:x:other", "entity": "urn:x:stack"},
    ],
    "WasGeneratedBy": [
        {"activity": "urn:x:observing", "entity": "urn:x:raw"},
        *({"activity": f"urn:x:reducing{n}", "entity": f"urn:x:r{n}"} for n in (1, 2)),
        {"activity": "urn:x:stacking", "entity": "urn:x:stack"},
        {"activity": "urn:x:other", "entity": "urn:x:after"},
    ],
    "WasAttributedTo": [
        {"entity": "urn:x:stack", "agent": "urn:x:maria"},
        {"entity": "urn:x:stack", "agent": "urn:x:ctao"},
        {"entity": "urn:x:raw", "agent": "urn:x:ctao"},
        {"entity": "urn:x:after", "agent": "urn:x:stranger"},
    ],
    "WasAssociatedWith": [
        {"activity": "urn:x:stacking", "agent": "urn:x:jim"},
        {"activity": "urn:x:reducing1", "agent": "urn:x:jim"},
        {"activity": "urn:x:reducing1", "agent": "urn:x:slurm"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(server, template):
    """Settings of one store for all tests of this file, which only read it."""
    with server.copy(template) as copied:
        with open_database(copied) as database:
            ingest_content(json.dumps(RECORDS).encode(), "records", database, copied)
        yield replace(copied, base_url="https://prov.example.org", publisher="Observatory #1")


@pytest.fixture(scope="module")
def database(settings):
    with open_database(settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def cite(database, settings, tableset):
    """Return what to cite for a name, in a form."""

    def cite(name, form):
        with database.reading(60) as transaction:
            found = find_product(transaction, name)
            return FORMATS[form].write(credits_of(transaction, found.id, tableset, settings))

    return cite


@pytest.fixture(scope="module")
def client(database, settings, tableset):
    return create_app(settings, database, tableset).test_client()


def entries(text):
    """Return the entries as pybtex reads them: (type, fields) by key."""
    return {
        key: (entry.type, dict(entry.fields)) for key, entry in parse_string(text, "bibtex").entries.items()
    }


def test_bibtex_has_everything_behind_a_product_once(cite):
    """One entry a program and DOI, though two files and two runs share them; nothing that came of it."""
    found = entries(cite("urn:x:stack", "bibtex"))

    assert {key: kind for key, (kind, _) in found.items()} == {
        "10.5281/zenodo.1": "misc",
        "stack_co_2_0": "software",
        "reduce_1.0": "software",
        "10.5281/zenodo.12": "misc",
        "10.5281/zenodo.10": "misc",
        "10.5281/zenodo.11": "misc",
        "2021A_A...650A..75L": "misc",
    }
    assert found["reduce_1.0"][1] == {
        "title": "{reduce}",
        "version": "1.0",
        "doi": "10.5281/zenodo.900",
        "url": "https://doi.org/10.5281/zenodo.900",
    }
    assert found["stack_co_2_0"][1] == {
        "title": r"{stack \& co}",
        "version": r"2\_0",
        "url": "https://x.org/a_b?c=1#d",
    }
    assert found["10.5281/zenodo.10"][1]["year"] == "2026"
    assert found["10.5281/zenodo.11"][1] == {
        "title": "{catalogue}",
        "doi": "10.5281/zenodo.11",
        "url": "https://doi.org/10.5281/zenodo.11",
    }
    assert found["2021A_A...650A..75L"][1]["adsurl"].endswith("/abs/2021A&A...650A..75L")


def test_a_product_with_special_characters_is_cited(cite):
    """BibTeX counts braces, and LaTeX has ten special characters."""
    [product, *_] = parse_string(cite("urn:x:stack", "bibtex"), "bibtex").entries.values()

    assert product.fields["title"] == (
        r"{\textbraceleft{}100\% of A\&B\_1\textbraceright{} \textbackslash{}input\textbraceleft{}x"
        r"\textbraceright{} @misc\textbraceleft{}\$\textasciitilde{}\textasciicircum{}\#, “Ω”� new line}"
    )
    assert [
        " ".join(part) for part in ((*p.first_names, *p.last_names) for p in product.persons["author"])
    ] == ["Maria Rossi"]
    assert product.fields["publisher"] == r"Observatory \#1"
    assert product.fields["note"] == rf"Made with stack \& co 2\_0. Licence: CC-BY-4.0 ({BY})."
    assert product.fields["url"] == "https://doi.org/10.5281/zenodo.1"


def test_the_acknowledgement_names_everybody_once(cite):
    text = cite("/data/stack.fits", "text")

    assert "published by Observatory #1" in text
    assert f"It was made by Maria Rossi (INAF, {ORCID})." in text
    assert "It was made with stack & co 2_0. Earlier steps used reduce 1.0." in text
    assert "are CTAO and friends and Jim." in text
    assert "catalogue (https://doi.org/10.5281/zenodo.11)" in text
    assert text.endswith(f"Licence: CC-BY-4.0 ({BY}). Rights holder: CTAO ERIC.\n")
    assert (text.count("\n"), text.count("Maria"), text.count("zenodo.10)")) == (1, 1, 1)
    assert not {"Stranger", "SLURM", "zenodo.99", "observe"} & {word for word in text.split()}


def test_unknown_values_are_left_out(cite):
    [(key, (kind, fields))] = entries(cite("bare.fits", "bibtex")).items()

    assert (key, kind) == ("urn:x:bare", "misc")
    assert fields == {
        "title": "{bare.fits}",
        "url": "https://prov.example.org/entity/urn%3Ax%3Abare",
        "publisher": r"Observatory \#1",
    }
    assert cite("bare.fits", "text") == (
        "This work used bare.fits (https://prov.example.org/entity/urn%3Ax%3Abare),"
        " published by Observatory #1.\n"
    )


def test_the_operator_of_the_last_step_is_the_author_without_attribution(cite, database, settings):
    """ORIG-3."""
    more = {"WasAssociatedWith": [{"activity": "urn:x:reducing2", "agent": "urn:x:maria"}]}
    ingest_content(json.dumps(more).encode(), "more", database, settings)
    found = parse_string(cite("urn:x:r2", "bibtex"), "bibtex").entries["urn:x:r2"]

    assert [str(person) for person in found.persons["author"]] == ["Rossi, Maria"]


@pytest.mark.parametrize(
    "name, error, message",
    [
        ("nothing", NotFound, r"^Nothing has the name nothing\.$"),
        ("urn:x:stacking", ParameterError, r"^urn:x:stacking is a run: only a product can be cited\."),
        ("urn:x:maria", ParameterError, r"^urn:x:maria is an agent: only a product can be cited\."),
    ],
)
def test_a_thing_that_is_not_a_product_is_one_sentence(cite, name, error, message):
    with pytest.raises(error, match=message):
        cite(name, "text")


def test_the_service_answers_in_both_forms(client, cite):
    bibtex = client.get("/cite", query_string={"id": "/data/stack.fits"})
    text = client.get("/cite?ID=urn:x:bare&RESPONSEFORMAT=text")

    assert (bibtex.status_code, bibtex.content_type) == (200, "application/x-bibtex;charset=utf-8")
    assert bibtex.text == cite("urn:x:stack", "bibtex")
    assert (text.content_type, text.text) == ("text/plain;charset=utf-8", cite("urn:x:bare", "text"))
    assert (
        client.get(
            "/cite?ID=urn:x:bare",
            headers={"If-None-Match": client.head("/cite?ID=urn:x:bare").headers["ETag"]},
        ).status_code
        == 304
    )


@pytest.mark.parametrize(
    "query, status, message",
    [
        ("ID=nothing", 404, "Nothing has the name nothing.\n"),
        ("", 400, "ID must be given once."),
        (
            "ID=urn:x:bare&RESPONSEFORMAT=ris",
            400,
            "RESPONSEFORMAT 'ris' is not supported. Supported are bibtex, text.\n",
        ),
        ("ID=%00", 404, "Nothing has the name"),
    ],
)
def test_errors_of_the_service_are_one_sentence(client, query, status, message):
    response = client.get(f"/cite?{query}")

    assert (response.status_code, response.text[: len(message)]) == (status, message)


def origin(response):
    """Return what astropy finds of the request and of the data."""
    dataorigin = pytest.importorskip("astropy.io.votable.dataorigin")  # since astropy 7.1
    found = dataorigin.extract_data_origin(parse(io.BytesIO(response.data)))
    [data] = found.origin or [None]
    return found.query, data


def test_the_provenance_of_a_product_tells_its_origin(client):
    """ORIG-1, ORIG-3: authors, DOI, licence and sources of the one product that is asked for."""
    request, data = origin(client.get("/provsap?ID=urn:x:stack&RESPONSEFORMAT=votable"))

    assert request.service_protocol == STANDARD_ID
    assert request.request == "https://prov.example.org/provsap?ID=urn%3Ax%3Astack&RESPONSEFORMAT=votable"
    assert (data.creator, data.citation) == (["Maria Rossi"], ["doi:10.5281/zenodo.1"])
    assert (data.rights_uri, data.rights) == ([BY], ["CC-BY-4.0"])
    assert data.original_date == ["2026-01-03T00:00:00"]
    assert data.is_derived_from == [
        "doi:10.5281/zenodo.12",
        "doi:10.5281/zenodo.11",
        "2021A&A...650A..75L",
        "doi:10.5281/zenodo.10",
    ]


def test_other_votables_tell_who_answers(client):
    """ORIG-1: links, and the provenance of what is no single product."""
    links, _ = origin(client.get("/links?ID=urn:x:stack"))
    runs, data = origin(client.get("/provsap?ID=urn:x:stacking&ID=urn:x:other&RESPONSEFORMAT=votable"))

    assert links.request == "https://prov.example.org/links?ID=urn%3Ax%3Astack"
    assert links.publisher == runs.publisher == "Observatory #1"
    assert (data.creator, data.reference_url) == (None, ["https://prov.example.org/"])


def test_the_page_of_a_product_shows_both(client, cite):
    page = client.get("/entity/urn:x:bare", headers={"Accept": "application/xhtml+xml"}).text

    assert cite("urn:x:bare", "text").strip() in page
    assert "@misc{urn:x:bare," in page
    assert 'href="/cite?ID=urn%3Ax%3Abare&amp;RESPONSEFORMAT=text"' in page


def test_the_command_prints_the_same_locally_and_on_a_service(settings, cite, tmp_path):
    environ = {
        "PROVTAP_DATABASE_URL": settings.database_url,
        "PROVTAP_ROLE_PREFIX": settings.role_prefix,
        "PROVTAP_BASE_URL": settings.base_url,
        "PROVTAP_PUBLISHER": settings.publisher,
    }
    here = CliRunner(env=environ)
    with live_server(settings, tmp_path / "log", "--no-worker") as service:
        there = CliRunner(env={"PROVTAP_URL": service.url})
        for arguments, form in ((["urn:x:stack"], "bibtex"), (["urn:x:stack", "--format", "text"], "text")):
            for runner in (here, there):
                done = runner.invoke(main, ["cite", *arguments])
                assert (done.exit_code, done.stderr, done.stdout) == (0, "", cite("urn:x:stack", form))
        for runner in (here, there):
            failed = runner.invoke(main, ["cite", "nothing"])
            assert (failed.exit_code, failed.stderr) == (1, "provtap: Nothing has the name nothing.\n")
