"""The record for the registry of the Virtual Observatory (REG-30 to REG-34)."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from pyvo.io.vosi import parse_capabilities

from provtap.config import Settings
from provtap.errors import SettingsError
from provtap.metadata.change import last_change
from provtap.web import Service, create_app
from provtap.web.registry import NEEDED, metadata_digest
from tests.live import live_server

STILTS = Path("/usr/share/java/starlink-ttools.jar")
COMPLETE = {
    "title": "Provenance of Example Observatory",
    "publisher": "Example <Observatory> & friends",
    "contact": "archive@example.org",
    "service_ivoid": "ivo://example.org/provtap",
}
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def client_of(settings, database, tableset, **changed):
    """A client of the service with settings for a record, except as *changed*, as `serve` makes it."""
    ours = Service(replace(settings, **(COMPLETE | changed)), tableset, database)
    modified = last_change(database, metadata_digest(ours, observed=False))
    return create_app(ours.settings, database, tableset, modified).test_client()


@pytest.fixture
def client(settings, database, tableset):
    return client_of(settings, database, tableset)


@pytest.fixture
def record(client):
    return etree.fromstring(client.get("/tap/registry").data)


class InTheJar(etree.Resolver):
    """Gives the schemas that STILTS brings in place of those on the network (REG-33)."""

    NAMES = {
        "http://www.ivoa.net/xml/VOResource/VOResource-v1.0.xsd": "VOResource-v1.1",
        "http://www.ivoa.net/xml/VOResource/v1.0": "VOResource-v1.1",
        "http://www.ivoa.net/xml/VODataService/v1.1": "VODataService-v1.2",
        "http://www.ivoa.net/xml/TAPRegExt/v1.0": "TAPRegExt-v1.0-Erratum1",
        "http://www.ivoa.net/xml/STC/stc-v1.30.xsd": "stc-v1.30",
        "http://www.ivoa.net/xml/Xlink/xlink.xsd": "xlink",
        "http://www.w3.org/2001/xml.xsd": "xmlnamespace",
    }

    def resolve(self, system_url, public_id, context):
        with zipfile.ZipFile(STILTS) as jar:
            content = jar.read(f"uk/ac/starlink/ttools/taplint/{self.NAMES[system_url]}.xsd")
        return self.resolve_string(content, context, base_url=system_url)


@pytest.fixture(scope="module")
def schema():
    """The schema of a record. STILTS lacks RegistryInterface, of which a record needs one element."""
    if not STILTS.exists():
        pytest.skip("the program stilts, which brings the schemas, is not installed")
    namespaces = ["VOResource/v1.0", "VODataService/v1.1", "TAPRegExt/v1.0"]
    imports = "".join(
        f'<xs:import namespace="http://www.ivoa.net/xml/{n}" schemaLocation="http://www.ivoa.net/xml/{n}"/>'
        for n in namespaces
    )
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(InTheJar())
    text = f"""
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:vr="http://www.ivoa.net/xml/VOResource/v1.0"
                   targetNamespace="http://www.ivoa.net/xml/RegistryInterface/v1.0">
          {imports}<xs:element name="Resource" type="vr:Resource"/>
        </xs:schema>"""
    return etree.XMLSchema(etree.fromstring(text, parser))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {
            "title": "Provenance",
            "description": "Of\x01 all\n products <1 TeV.",
            "subjects": "  gamma-rays,, a&b",
        },
        {
            "rights_uri": "https://spdx.org/licenses/CC-BY-4.0.html",
            "reference_url": "https://a.org/b?c=d&e=f",
        },
        {"accounts": True, "declare_coalesce": True},
    ],
)
def test_a_record_is_valid(settings, database, tableset, schema, changed):
    """REG-30: by the schemas of VOResource, VODataService and TAPRegExt, whatever is set."""
    response = client_of(settings, database, tableset, **changed).get("/tap/registry")

    assert response.content_type.startswith("text/xml")
    schema.assertValid(etree.fromstring(response.data))


@pytest.mark.parametrize("lost", ["curation/contact", "content/referenceURL", "identifier", ".//table/name"])
def test_the_schema_is_not_pleased_by_everything(schema, record, lost):
    found = record.find(lost)
    found.getparent().remove(found)

    assert not schema.validate(record)


def test_a_record_has_publisher_and_content(record):
    """REG-30, REG-34: who looks for provenance finds it in subject and description."""
    given = {path: record.findtext(path) for path in ("title", "identifier", "curation/publisher")}

    assert [*given.values(), record.findtext("curation/contact/email")] == [
        COMPLETE["title"],
        COMPLETE["service_ivoid"],
        COMPLETE["publisher"],
        COMPLETE["contact"],
    ]
    assert (record.get(XSI_TYPE), record.get("status")) == ("vs:CatalogService", "active")
    assert {"provenance", "ProvTAP"} <= {subject.text for subject in record.findall("content/subject")}
    assert "ProvTAP" in record.findtext("content/description")
    assert record.findtext("content/referenceURL") == "http://127.0.0.1:8080/"


def plain(elements):
    """Return *elements* as texts that do not depend on where namespaces are declared."""
    texts = []
    for element in elements:
        alone = etree.fromstring(etree.tostring(element, with_tail=False))
        etree.cleanup_namespaces(alone)
        texts.append(etree.tostring(alone, method="c14n2"))
    return texts


def test_a_record_has_the_capabilities_and_tables_of_the_service(client, record):
    """REG-30: the same elements as the documents of VOSI, with the data model (REG-13)."""
    capabilities = etree.fromstring(client.get("/tap/capabilities").data)
    tables = etree.fromstring(client.get("/tap/tables").data)

    assert plain(record.findall("capability")) == plain(capabilities.findall("capability"))
    assert plain(record.find("tableset")) == plain(tables)
    assert record.find("capability/dataModel").get("ivo-id") == "ivo://ivoa.net/std/ProvenanceDM"


def test_a_record_can_be_read_as_capabilities(client):
    """Only the root has a prefix, as clients of capabilities expect; types have the usual ones."""
    record = etree.fromstring(client.get("/tap/registry").data)

    assert [e.tag for e in record.iterdescendants() if "{" in e.tag] == []
    wrapped = b'<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0">%s</vosi:capabilities>'
    document = wrapped % b"".join(etree.tostring(c, with_tail=False) for c in record.findall("capability"))
    assert len(parse_capabilities(io.BytesIO(document))) == len(record.findall("capability"))


@pytest.mark.parametrize("missing", NEEDED)
def test_an_incomplete_record_is_not_found_with_the_missing_settings(settings, database, tableset, missing):
    """REG-31."""
    response = client_of(settings, database, tableset, **{missing: None}).get("/tap/registry")

    assert response.status_code == 404
    assert f"This service has no registry record: set PROVTAP_{missing.upper()}." in response.text


def test_all_that_is_missing_is_listed_at_once(settings, database, tableset):
    """REG-31."""
    response = create_app(settings, database, tableset).test_client().get("/tap/registry")

    assert response.status_code == 404
    assert "set PROVTAP_TITLE, PROVTAP_PUBLISHER, PROVTAP_CONTACT and PROVTAP_SERVICE_IVOID." in response.text


def test_a_registry_needs_a_mail_address(settings, database, tableset):
    """REG-32: purx sends mail to the contact."""
    response = client_of(settings, database, tableset, contact="https://example.org/@us").get("/tap/registry")

    assert (response.status_code, "PROVTAP_CONTACT must be a mail address" in response.text) == (404, True)


def test_updated_is_the_last_change(settings, database, tableset):
    """REG-32: not the last start; a changed setting moves it; 304 for whoever has this version."""
    first, again = (client_of(settings, database, tableset).get("/tap/registry") for _ in range(2))
    changed = client_of(settings, database, tableset, publisher="Another").get("/tap/registry")
    kept = {"If-Modified-Since": first.headers["Last-Modified"]}
    asked_again = client_of(settings, database, tableset, publisher="Another").get(
        "/tap/registry", headers=kept
    )
    record = etree.fromstring(first.data)

    assert first.data == again.data
    assert first.last_modified.strftime("%Y-%m-%dT%H:%M:%SZ") == record.get("updated")
    assert record.get("created") <= record.get("updated")
    assert b"Another" in changed.data
    assert changed.last_modified >= first.last_modified
    assert asked_again.status_code == (304 if changed.last_modified == first.last_modified else 200)


def test_who_has_the_record_gets_304(client):
    """REG-32."""
    known = {"If-Modified-Since": client.head("/tap/registry").headers["Last-Modified"]}
    response = client.get("/tap/registry", headers=known)

    assert (response.status_code, response.data) == (304, b"")


@pytest.mark.parametrize(
    "name, value",
    [
        ("service_ivoid", "https://example.org/provtap"),
        ("service_ivoid", "ivo://example.org"),
        ("service_ivoid", "ivo://example.org/a b"),
        ("reference_url", "example.org"),
        ("rights_uri", "CC-BY-4.0"),
        ("contact", "us"),
    ],
)
def test_a_setting_that_no_registry_would_take_is_refused(name, value):
    with pytest.raises(SettingsError, match=f"PROVTAP_{name.upper()} must be"):
        Settings(**{name: value})


def test_serve_reports_missing_settings(settings, tmp_path):
    """REG-31."""
    with live_server(replace(settings, title="Ours"), tmp_path / "log", "--no-worker") as server:
        log = server.log.read_text()

    assert "no registry record: set PROVTAP_PUBLISHER, PROVTAP_CONTACT and PROVTAP_SERVICE_IVOID." in log
