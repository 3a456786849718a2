"""VOSI: capabilities that are true, tables as TAP_SCHEMA has them, availability that asks the database."""

import io
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from urllib.request import urlopen

import pytest
from lxml import etree
from psycopg2.extensions import make_dsn
from pyvo.io.vosi import parse_availability, parse_capabilities, parse_tables

from provtap.adql import published_name
from provtap.adql.syntax.extensions import Extension
from provtap.config import Settings
from provtap.database.connect import open_database
from provtap.errors import SettingsError
from provtap.metadata import tap_schema_rows
from provtap.metadata.change import last_change
from provtap.query import LANGUAGES
from provtap.results.formats import choose
from provtap.tableset import Column, ForeignKey, Schema, Table, Tableset
from provtap.web import Service, create_app
from provtap.web.capabilities import capabilities_document
from provtap.web.http.cached_documents import cached_document
from provtap.web.registry import metadata_digest
from provtap.web.tables import tableset_document
from tests.live import live_server

TAP = "ivo://ivoa.net/std/TAP"
VOSI = "ivo://ivoa.net/std/VOSI"
ROOT = "https://archive.example.org/provenance"
BASE = f"{ROOT}/tap"
DATALINK = "ivo://ivoa.net/std/DataLink#links-1.1"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


@pytest.fixture
def client(tableset, tmp_path):
    """A client of a service behind a proxy, whose database is down: only availability asks it."""
    settings = Settings(
        database_url=f"host={tmp_path} dbname=provtap",
        base_url="https://archive.example.org/provenance/",
        async_duration=12.5,
        maxrec=7,
    )
    with open_database(settings) as database:
        yield create_app(settings, database, tableset).test_client()


@pytest.fixture
def capability(client):
    """The capability of TAP, as lxml reads it."""
    root = etree.fromstring(client.get("/tap/capabilities").data)
    (element,) = root.findall(f"capability[@standardID='{TAP}']")
    return element


def parsed(reader, response):
    """Return what pyvo makes of the document, which it may have nothing to say against."""
    assert response.status_code == 200
    assert response.content_type == "application/xml"
    return reader(io.BytesIO(response.data))


# Capabilities


def test_capabilities_declare_tap_1_1_at_its_base_url(client):
    """REG-1, REG-2: clients append /sync to this URL, whatever they were told before."""
    tap, *_ = parsed(parse_capabilities, client.get("/tap/capabilities"))
    (interface,) = tap.interfaces
    (url,) = interface.accessurls

    assert (tap.standardid, interface.version, interface.role) == (TAP, "1.1", "std")
    assert (url.content, url.use) == (BASE, "base")


@pytest.mark.parametrize(
    "base_url", ["archive.example.org", "ftp://archive.example.org", "https:// x", "http://"]
)
def test_a_base_url_that_no_client_could_use_is_refused(base_url):
    """REG-2: it stands in every declared URL."""
    with pytest.raises(SettingsError, match="PROVTAP_BASE_URL must be an http or https URL"):
        Settings(base_url=base_url)


def test_capabilities_declare_exactly_the_existing_features(client):
    """REG-3, REG-4: every URL declared answers."""
    _, *others = parsed(parse_capabilities, client.get("/tap/capabilities"))
    urls = {c.standardid: c.interfaces[0].accessurls[0] for c in others}

    assert {standard: url.content for standard, url in urls.items()} == {
        f"{VOSI}#capabilities": f"{BASE}/capabilities",
        f"{VOSI}#availability": f"{BASE}/availability",
        f"{VOSI}#tables-1.1": f"{BASE}/tables",
        "ivo://ivoa.net/std/DALI#examples": f"{BASE}/examples",
        DATALINK: f"{ROOT}/links",
    }
    assert {urls.pop(DATALINK).use} == {"base"}
    assert {url.use for url in urls.values()} == {"full"}
    for url in urls.values():
        assert client.get("/tap" + url.content.removeprefix(BASE)).status_code == 200


def test_capabilities_describe_datalink(client):
    """LINK-8."""
    root = etree.fromstring(client.get("/tap/capabilities").data)
    (interface,) = root.findall(f"capability[@standardID='{DATALINK}']/interface")

    assert (interface.get(XSI_TYPE), interface.get("role")) == ("vs:ParamHTTP", "std")
    assert interface.findtext("resultType") == "application/x-votable+xml;content=datalink"
    assert interface.findtext("queryType") == "GET"


def test_every_declared_language_may_be_asked_for(capability):
    """REG-6, TAP-8: ADQL, and ADQL-V for each version V."""
    versions = capability.findall("language/version")

    assert [v.get("ivo-id") for v in versions] == [f"ivo://ivoa.net/std/ADQL#v{v.text}" for v in versions]
    assert {f"ADQL-{v.text}" for v in versions} | {"ADQL"} == set(LANGUAGES)


def test_every_declared_format_may_be_asked_for(capability):
    """REG-9: by its media type and by each alias."""
    for offered in capability.findall("outputFormat"):
        mime, *aliases = [element.text for element in offered]
        assert {choose(name).mime for name in (mime, *aliases)} == {mime}


def test_limits_are_those_that_are_kept(capability):
    """REG-12; a limit of part of a second is rounded up."""
    limits = {
        name: capability.findtext(name)
        for name in (
            "outputLimit/default",
            "outputLimit/hard",
            "executionDuration/default",
            "executionDuration/hard",
            "retentionPeriod/default",
            "retentionPeriod/hard",
        )
    }

    assert list(limits.values()) == ["7", "10000000", "13", "86400", "604800", "604800"]
    assert {limit.get("unit") for limit in capability.find("outputLimit")} == {"row"}


def test_unsupported_features_are_not_declared(capability):
    """REG-14: no security methods."""
    absent = {"securityMethod"}

    assert absent & {element.tag for element in capability.iter()} == set()


def test_ways_and_limits_of_uploads_are_declared(capability):
    """C6, REG-11, REG-12: inline and by URL, or not at all; the limit is the one that is kept."""
    methods = [method.get("ivo-id") for method in capability.iter("uploadMethod")]
    hard = capability.find("uploadLimit/hard")

    assert methods == [f"ivo://ivoa.net/std/TAPRegExt#upload-{way}" for way in ("inline", "http", "https")]
    assert (hard.text, hard.get("unit")) == ("50000000", "byte")


def declared(capability):
    """Return the forms of all language features, by the last word of their type."""
    return {
        features.get("type").rpartition("#features-")[2]: [form.text for form in features.iter("form")]
        for features in capability.iter("languageFeatures")
    }


def test_the_optional_features_of_adql_are_declared(capability):
    """C4, REG-7, REG-8; C5: COALESCE only if asked to."""
    forms = declared(capability)

    assert "prov_number(value VARCHAR) -> DOUBLE PRECISION" in forms.pop("udf")
    assert forms == {
        "adqlgeo": ["POINT", "CIRCLE", "DISTANCE", "COORD1", "COORD2", "CONTAINS", "INTERSECTS"],
        "adql-string": ["LOWER", "UPPER", "ILIKE"],
        "adql-sets": ["UNION", "EXCEPT", "INTERSECT"],
        "adql-common-table": ["WITH"],
        "adql-type": ["CAST"],
        "adql-unit": ["IN_UNIT"],
        "adql-offset": ["OFFSET"],
    }


def test_coalesce_is_declared_if_set_by_the_operator(tableset):
    """C5: its feature type is unknown to taplint 3.4."""
    document = capabilities_document(BASE, Settings(declare_coalesce=True), tableset)

    assert declared(etree.fromstring(document))["adql-conditional"] == ["COALESCE"]


def test_extensions_are_declared_under_the_authority_of_the_service(tableset):
    """UDF-4: the IVOA has no type for them; a strict service has none."""
    settings = Settings(service_ivoid="ivo://example.org/archive/provtap")
    root = etree.fromstring(capabilities_document(BASE, settings, tableset))
    strict = etree.fromstring(capabilities_document(BASE, replace(settings, adql_strict=True), tableset))
    (features,) = root.iterfind(".//languageFeatures[@type='ivo://example.org/provtap/exts#adql']")

    assert [form.text for form in features.iter("form")] == [extension.form for extension in Extension]
    assert "exts#adql" not in etree.tostring(strict, encoding="unicode")


def test_the_data_model_is_declared(capability):
    """REG-13: the model itself, not the ProvTAP draft."""
    assert [m.get("ivo-id") for m in capability.findall("dataModel")] == ["ivo://ivoa.net/std/ProvenanceDM"]


# Tables


def test_tables_are_those_of_tap_schema(client, tableset):
    """SCH-13, VOSI-7: the same names, quotes and case included."""
    rows = tap_schema_rows(tableset)
    tables = list(parsed(parse_tables, client.get("/tap/tables?detail=max")).iter_tables())

    assert [table.name for table in tables] == [row[1] for row in rows["tables"]]
    assert [(t.name, c.name) for t in tables for c in t.columns] == [row[:2] for row in rows["columns"]]
    assert sum(len(table.foreignkeys) for table in tables) == len(rows["keys"])


def test_without_detail_tables_are_complete(client):
    """VOSI-8: detail is a hint."""
    full = client.get("/tap/tables?detail=max").data

    assert client.get("/tap/tables").data == full
    assert client.get("/tap/tables?DETAIL=all").data == full


def test_detail_min_leaves_out_columns_and_keys(client, tableset):
    """VOSI-8: pyvo asks this first."""
    tables = list(parsed(parse_tables, client.get("/tap/tables?Detail=min")).iter_tables())

    assert len(tables) == len(list(tableset.tables()))
    assert not any(table.columns or table.foreignkeys for table in tables)


def test_a_column_is_described_in_full(client):
    """VOSI-4, VOSI-5, VOSI-6: in this order, and with nothing that is empty."""
    table = etree.fromstring(client.get("/tap/tables/provenance.entity").data)
    (column,) = table.xpath("column[name='e_generatedattime']")
    kind = column.find("dataType")

    assert column.get("std") == "true"
    assert [e.tag for e in column] == [
        "name",
        "description",
        "ucd",
        "utype",
        "dataType",
        "flag",
        "flag",
        "flag",
    ]
    assert [flag.text for flag in column.findall("flag")] == ["indexed", "nullable", "principal"]
    assert dict(kind.attrib) == {XSI_TYPE: "vs:VOTableType", "arraysize": "*", "extendedType": "timestamp"}
    assert kind.text == "char"


@pytest.mark.parametrize("name", ["tap_schema.columns", "TAP_SCHEMA.columns", "Tap_Schema.COLUMNS/"])
def test_one_table_may_be_asked_for_in_any_case(client, name):
    """VOSI-9, FL-3."""
    root = etree.fromstring(client.get(f"/tap/tables/{name}").data)

    assert root.tag == "{http://www.ivoa.net/xml/VOSITables/v1.0}table"
    assert root.findtext("name") == "tap_schema.columns"
    assert '"size"' in [name.text for name in root.findall("column/name")]


def test_a_table_that_is_not_published_is_not_found(client):
    """VOSI-9; provtap.document is in the database, and private."""
    for name in ("provenance.nothing", "provtap.document", "entity"):
        assert client.get(f"/tap/tables/{name}").status_code == 404


def test_names_and_texts_of_an_operator_arrive_as_they_are():
    """VOSI-7: names as they are to be written in a query; XML escapes once."""
    column = Column(name="max flux", datatype="double", unit="TeV", description="5 < x & “y” > z")
    key = ForeignKey(
        key_id="k", from_table="own.t", target_table="own.t", columns=(("max flux", "max flux"),)
    )
    table = Table(schema_name="own", name="t", columns=(column,), keys=(key,), table_type="virtual")
    (read,) = parse_tables(
        io.BytesIO(tableset_document(Tableset((Schema(name="own", tables=(table,)),))))
    ).iter_tables()

    assert (read.columns[0].name, read.columns[0].description) == ('"max flux"', column.description)
    assert read.foreignkeys[0].fkcolumns[0].fromcolumn == '"max flux"' == published_name(column.name)
    assert read.type == "view"


@pytest.mark.parametrize("path", ["capabilities", "tables", "tables?detail=min", "tables/provenance.used"])
def test_below_the_root_nothing_has_a_namespace(client, path):
    """C2: STILTS finds elements by their bare names; C1: the root has no version."""
    root = etree.fromstring(client.get(f"/tap/{path}").data)

    assert root.tag.startswith("{http://www.ivoa.net/xml/VOSI")
    assert "version" not in root.attrib
    assert [element.tag for element in root.iterdescendants() if "{" in element.tag] == []


def test_types_have_the_usual_prefixes(client):
    """REG-1, ST-5: pyvo and STILTS read xsi:type as text."""
    documents = [etree.fromstring(client.get(f"/tap/{path}").data) for path in ("capabilities", "tables")]

    assert {e.get(XSI_TYPE) for document in documents for e in document.iter() if e.get(XSI_TYPE)} == {
        "tr:TableAccess",
        "vs:ParamHTTP",
        "vr:WebBrowser",
        "vs:VOTableType",
    }


UNCHANGING = [
    "/tap/capabilities",
    "/tap/tables",
    "/tap/tables?detail=min",
    "/tap/tables/provenance.used",
    "/provsap/capabilities",
]


@pytest.mark.parametrize("path", UNCHANGING)
def test_a_document_is_sent_once_to_whom_keeps_it(client, path):
    """VOSI-1, HTTP-1: HEAD tells when it changed and by which tag to ask again."""
    first = client.head(path)
    by_time = client.get(path, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    by_tag = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, first.data) == (200, b"")
    assert [(r.status_code, r.data) for r in (by_time, by_tag)] == [(304, b"")] * 2
    assert by_tag.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize("path", UNCHANGING)
def test_a_document_that_changed_is_sent_again(client, path):
    """VOSI-1; RFC 9110, section 13.2.2: the tag counts where both are given."""
    first = client.head(path)
    later = {"If-Modified-Since": first.headers["Last-Modified"], "If-None-Match": 'W/"another"'}

    assert client.get(path, headers=later).data == client.get(path).data != b""
    assert client.get(path, headers={"If-Modified-Since": "Fri, 01 Jan 2016 00:00:00 GMT"}).data != b""


def test_each_document_has_a_tag_of_its_own(client):
    """A cache may hold all of them."""
    assert len({client.head(path).headers["ETag"] for path in UNCHANGING}) == len(UNCHANGING)


def test_caches_ask_each_time(client):
    """VOSI-1: without this a cache may reckon the age itself, and show an old limit for days."""
    assert client.get("/tap/capabilities").headers["Cache-Control"] == "no-cache"


def test_a_document_is_made_once(client):
    """A process renders each document when it is first asked for."""
    made = []

    def make():
        made.append("made")
        return b"<made/>"

    with client.application.test_request_context():
        answers = [cached_document("own", make).data for _ in range(3)]

    assert (answers, made) == ([b"<made/>"] * 3, ["made"])


def test_last_modified_is_when_the_metadata_changed(settings, database, tableset):
    """VOSI-1: the same on every node, however often they are started."""
    ours = Service(settings, tableset, database)
    first = last_change(database, metadata_digest(ours, observed=False))
    client = create_app(settings, database, tableset, first).test_client()

    assert last_change(database, metadata_digest(replace(ours), observed=False)) == first
    assert client.get("/tap/tables").last_modified == first.replace(microsecond=0)


def test_other_limits_or_tables_are_a_change(settings, database, tableset):
    """VOSI-1: also back to what was there before."""
    ours = Service(settings, tableset, database)
    others = [
        replace(ours, settings=replace(settings, maxrec=11)),
        replace(ours, tableset=replace(tableset, digest="0" * 64)),
        ours,
    ]
    times = [last_change(database, metadata_digest(node, observed=False)) for node in others]

    assert times == sorted(set(times))


def test_a_read_only_store_has_the_time_of_the_start(settings, tableset):
    """A standby serves metadata, too; clients must not keep outdated documents."""
    read_only = make_dsn(settings.database_url, options="-c default_transaction_read_only=on")
    with open_database(replace(settings, database_url=read_only)) as database:
        before = datetime.now(UTC)

        assert last_change(database, "0" * 64) >= before


@pytest.mark.parametrize("path", ["capabilities", "tables", "availability"])
def test_only_reading_is_allowed(client, path):
    """ERR-4."""
    assert client.post(f"/tap/{path}").status_code == 405


# Availability


def availability(client):
    found = parsed(parse_availability, client.get("/tap/availability"))
    (note,) = found.notes
    return found.available, note


def test_a_service_that_answers_is_available(settings, database, tableset):
    """VOSI-2."""
    client = create_app(settings, database, tableset).test_client()

    assert availability(client) == (True, "Queries are answered.")


def test_a_service_without_database_reports_it(client):
    """VOSI-2: the document itself is still served."""
    available, note = availability(client)

    assert not available
    assert re.fullmatch(
        r"The database of this service cannot be reached\. Try again later\."
        r" The log of the service gives the reason under [0-9a-f]{8}\.",
        note,
    )


def test_a_node_with_other_metadata_files_reports_it(settings, database, tableset):
    """D7."""
    client = create_app(settings, database, replace(tableset, digest="0" * 64)).test_client()
    available, note = availability(client)

    assert not available
    assert "provtap init" in note


def test_every_element_of_availability_has_the_namespace(client):
    """C2, VOSI-2."""
    root = etree.fromstring(client.get("/tap/availability").data)

    assert {etree.QName(element).namespace for element in root.iter()} == {
        "http://www.ivoa.net/xml/VOSIAvailability/v1.0"
    }


# The whole, by the validator of the VO


@pytest.fixture(scope="module")
def tap_url(settings, tmp_path_factory):
    """URL of a live service."""
    with live_server(settings, tmp_path_factory.mktemp("live") / "log") as server:
        yield f"{server.url}/tap"


def test_a_response_has_one_date(tap_url):
    """RFC 9110, section 6.6.1; Flask's and the server's own would be two."""
    with urlopen(f"{tap_url}/tables") as response:
        assert len(response.headers.get_all("Date")) == 1


@pytest.mark.skipif(not shutil.which("stilts"), reason="STILTS is not installed")
def test_taplint_accepts_the_metadata(tap_url):
    """The documents are valid by their schemas, and say the same as TAP_SCHEMA: C1 to C5, REG, SCH."""
    stages = "stages=TMV TME TMS TMC CPV CAP AVV MDQ"
    done = subprocess.run(
        ["stilts", "taplint", f"tapurl={tap_url}", stages, "report=EWF"], capture_output=True, text=True
    )

    assert "Totals: Errors: 0; Warnings: 0; Failures: 0" in done.stdout, done.stdout
