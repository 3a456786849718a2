"""Crates by the command line and over HTTP: files in a zip, what is left out, and errors."""

import json
import subprocess
import zipfile
from dataclasses import replace

import pytest
from click.testing import CliRunner

from provtap.client.remote import main as client_main
from provtap.commands import main
from provtap.database.connect import open_database
from provtap.ingest import ingest
from provtap.operation.accounts import create
from provtap.web import create_app
from tests.ingest.logs import tables
from tests.live import command, environment, live_server
from tests.provsap.crates import everything, store_records

LIMIT = 500_000
"""Bytes of a document that the service accepts."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A directory with the files of a run, which is recorded by `provtap run`."""
    directory = tmp_path_factory.mktemp("data")
    (directory / "a b.txt").write_text("b\na\n")
    return directory


@pytest.fixture(scope="module")
def settings(server, template, data):
    with server.copy(template) as copied:
        raw, made = str(data / "a b.txt"), str(data / "sorted.txt")
        recorded = command("run", "--used", raw, "--generated", made, "--", "sort", "-o", made, raw)
        done = subprocess.run(recorded, env=environment(copied, 8080), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        with open_database(copied) as database:
            store_records(everything(), database, copied)
        yield copied


def run(settings, *arguments, program=main, **environ):
    given = {"PROVTAP_DATABASE_URL": settings.database_url, "PROVTAP_ROLE_PREFIX": settings.role_prefix}
    return CliRunner(env=given | environ).invoke(program, [*map(str, arguments)])


@pytest.fixture
def export(settings):
    """Run `provtap export ... --format ro-crate`."""
    return lambda *arguments: run(settings, "export", "--format", "ro-crate", *arguments)


@pytest.fixture(scope="module")
def live(settings, tmp_path_factory):
    small = replace(settings, accounts=True, document_bytes=LIMIT)
    with live_server(small, tmp_path_factory.mktemp("live") / "log", "--no-worker") as running:
        yield running.url


@pytest.fixture(scope="module")
def token(settings):
    with open_database(settings) as database:
        return create(database, "maria", ["read", "write"])


def test_zip_read_into_another_store_has_the_same_ids_and_rows(
    export, settings, data, tmp_path, server, template
):
    archive = tmp_path / "crate.zip"
    done = export(data / "sorted.txt", "--zip", archive, "--files", data)
    assert (done.exit_code, done.stdout) == (0, f"{archive}: ro-crate-metadata.json and 2 of 2 files\n")
    metadata = export(data / "sorted.txt").stdout.encode()
    (tmp_path / "ro-crate-metadata.json").write_bytes(metadata)
    found = []
    for document in (archive, tmp_path / "ro-crate-metadata.json"):
        with server.copy(template) as fresh, open_database(fresh) as database:
            assert ingest(document, database, fresh).warnings == ()
            found.append(tables(database))

    assert found[0] == found[1]
    with open_database(settings) as database:
        original = tables(database)
    for name in ("provenance.entity", "provenance.used", "provenance.wasgeneratedby", "provext.hash"):
        assert found[0][name] and not found[0][name] - original[name]


def test_zip_from_a_service_has_the_files_of_this_machine(export, live, settings, data, tmp_path):
    for number, program in enumerate((main, client_main)):
        arguments = ("export", data / "sorted.txt", "--format", "ro-crate", "--url", live)
        done = run(
            settings, *arguments, "--zip", tmp_path / f"{number}.zip", "--files", data, program=program
        )
        assert done.exit_code == 0, done.output
    export(data / "sorted.txt", "--zip", tmp_path / "2.zip", "--files", data)

    contents = []
    for number in range(3):
        with zipfile.ZipFile(tmp_path / f"{number}.zip") as packed:
            contents.append({name: packed.read(name) for name in packed.namelist()})
    assert contents[0] == contents[1] == contents[2]
    assert contents[0]["data/sorted.txt"] == b"a\nb\n"


def test_recipe_is_the_main_entity_of_the_zip(settings, live, data, tmp_path):
    """The recipe makes the product again; the crate with it comes back like any other."""
    for name, options in (("here", ()), ("there", ("--url", live))):
        arguments = ("export", data / "sorted.txt", "--format", "ro-crate", "--recipe", *options)
        done = run(settings, *arguments, "--zip", tmp_path / f"{name}.zip", "--files", data)
        assert done.exit_code == 0, done.output
    recipe = run(settings, "recipe", data / "sorted.txt", "--format", "cwl").stdout

    for name in ("here", "there"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as packed:
            crate = json.loads(packed.read("ro-crate-metadata.json"))
            root = next(thing for thing in crate["@graph"] if thing["@id"] == "./")
            assert root["mainEntity"] == {"@id": "recipe.cwl"}
            if name == "here":  # a service has another address
                assert packed.read("recipe.cwl").decode() == recipe
    again = run(settings, "ingest", "--json", "--dry-run", tmp_path / "here.zip")
    assert json.loads(again.stdout)["documents"][0]["warnings"] == []


def test_files_outside_of_the_directory_are_named(export, data, tmp_path, monkeypatch):
    """The current directory is the default."""
    monkeypatch.chdir(tmp_path)
    done = export(data / "sorted.txt", "--zip", "crate.zip")

    assert done.stdout == "crate.zip: ro-crate-metadata.json and 0 of 2 files\n"
    assert f"not in the zip, because they are not below the directories of --files: {data}" in done.stderr


def test_what_is_left_out_is_told_in_each_way(export, settings, live, tableset):
    local = export("urn:x:product", "--direction", "BOTH")
    remote = export("urn:x:product", "--direction", "BOTH", "--url", live)
    with open_database(settings) as database:
        client = create_app(settings, database, tableset).test_client()
        asked = {"ID": "urn:x:product", "DEPTH": "ALL", "DIRECTION": "BOTH"}
        response = client.get("/provsap", query_string=asked | {"RESPONSEFORMAT": "RO-CRATE"})

    header = ", ".join(response.headers.getlist("X-ProvTAP-Left-Out"))
    assert "used 1 (u_time, u_usagedescription_id), wasassociatedwith 1 (waw_role)" in header
    assert local.stderr == remote.stderr
    assert local.stderr == f"provtap: the format has no place for these rows or values: {header}\n"
    assert local.stdout == remote.stdout


def test_other_formats_leave_nothing_out(settings):
    done = run(settings, "export", "urn:x:product")

    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        (["nothing"], 1, "provtap: Nothing has the name nothing.\n"),
        (
            ["urn:x:maria"],
            1,
            "The provenance of urn:x:maria contains no run, and a Process Run Crate describes",
        ),
        (["urn:x:raw"], 1, "The provenance of urn:x:raw contains no run"),
        (
            ["urn:x:product", "--zip", "absent/x.zip"],
            1,
            "x.zip cannot be written: no such file or directory.\n",
        ),
        (["urn:x:product", "--zip", "/proc/x.zip"], 1, "/proc/x.zip cannot be written"),
        (["urn:x:product", "--files", "."], 2, "--files needs --zip."),
        (["urn:x:product", "--recipe"], 2, "--recipe needs --zip."),
        (
            ["urn:x:product", "urn:x:raw", "--recipe", "--zip", "x"],
            2,
            "--recipe needs the id of one product.",
        ),
        (["urn:x:product", "--zip", "x", "--format", "provn"], 2, "--zip needs --format ro-crate."),
        (["urn:x:product", "--zip", "there.zip"], 2, "there.zip already exists: remove it, or choose"),
    ],
)
def test_an_error_is_one_sentence(export, tmp_path, monkeypatch, arguments, code, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.zip").write_text("mine")
    done = export(*arguments)

    assert done.exit_code == code
    assert sentence in done.stderr
    assert "Traceback" not in done.output
    assert (tmp_path / "there.zip").read_text() == "mine"


def test_person_has_no_crate_over_http(settings, tableset):
    with open_database(settings) as database:
        client = create_app(settings, database, tableset).test_client()
        response = client.get("/provsap", query_string={"ID": "urn:x:maria", "RESPONSEFORMAT": "RO-CRATE"})

    assert response.status_code == 400
    assert b"contains no run" in response.data


def test_service_gets_the_metadata_of_a_large_zip(export, live, token, settings, data, tmp_path):
    """A service has a limit for documents, but only the metadata are sent."""
    archive = tmp_path / "crate.zip"
    export(data / "sorted.txt", "--zip", archive, "--files", data)
    with zipfile.ZipFile(archive, "a") as packed, packed.open("data/large", "w", force_zip64=True) as file:
        file.write(bytes(LIMIT + 1))
    for program in (main, client_main):
        done = run(settings, "ingest", archive, "--url", live, program=program, PROVTAP_TOKEN=token)
        assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("where", ["here", "service"])
@pytest.mark.parametrize("damage", ["cut", "content", "name"])
def test_damaged_zip_is_an_error_of_one_sentence(
    export, settings, live, token, data, tmp_path, damage, where
):
    archive = tmp_path / "crate.zip"
    export(data / "sorted.txt", "--zip", archive, "--files", data)
    content = bytearray(archive.read_bytes())
    match damage:
        case "cut":
            del content[len(content) // 2 :]
        case "content":
            content[100:140] = bytes(40)
        case "name":
            content = content.replace(b"ro-crate-metadata.json", b"ro-crate-metadata.jsom")
    archive.write_bytes(content)
    options = ["--url", live] if where == "service" else []
    done = run(settings, "ingest", archive, *options, PROVTAP_TOKEN=token)

    assert done.exit_code == 1
    assert done.stderr.startswith(f"provtap: {archive}: ")
    assert done.stderr.count("\n") == 1
