"""Crates checked by roc-validator and read by ro-crate-py, in their own environment, one process for all."""

import json
import subprocess
from pathlib import Path

import pytest

from provtap.client.crate_zip import write_crate
from provtap.database.connect import open_database
from provtap.ingest import ingest
from provtap.provsap import retrieve, write
from provtap.recipe import FORMATS, read_recipe
from tests.ingest.logs import SAMPLES
from tests.provsap.conftest import asked
from tests.provsap.crates import CYCLE, chain, everything, hostile, store_records, withdraw_product
from tests.workflows import program

CONTEXT = json.loads((Path(__file__).parent / "rocrate_context.json").read_text())
SCRIPT = Path(__file__).parent / "validate_crates.py"
HOSTILE_FILE = "a 'b' \"c\" #é?%20&<d>.fits"
PRODUCTS = {
    "steps": "urn:uuid:3226827a-a6be-4fa8-b6e6-c3a46ea7de7e",
    "withdrawn": "urn:x:raw",
    "hostile": "urn:x:end",
    "cycle": "urn:x:a",
    "minimal": "urn:x:unmeasured",
    "files": "urn:x:made",
}
"""A product of each crate: of three steps, withdrawn and with rows in all tables, with hostile names, of a
cycle, without size, checksum, command line and agent, and in a zip with its files.
"""
MAY_LACK = {
    "The Application SHOULD have a url",
    "The SoftwareApplication SHOULD have a version or softwareVersion",
    "The Action SHOULD have an agent that is a Person or Organization",
    "The Action SHOULD have an endTime in ISO 8601 format",
    "The Action SHOULD have a result",
    "The organization SHOULD have a URL.",
    "The author SHOULD have an organizational affiliation.",
    "The author SHOULD have a Contextual Entity which specifies the organizational `affiliation`.",
    "The Collection SHOULD have a mainEntity",
    "The Root Data Entity SHOULD have a link to a Contextual Entity representing the `author` of the"
    " RO-Crate",
    "The `publisher` property of a `Root Data Entity` SHOULD be an `Organization`",
    # A recipe has no version and no description of its inputs; the zip has no README.md.
    "The SoftwareSourceCode or ComputationalWorkflow SHOULD have a version",
    "The Main Workflow SHOULD comply with Bioschemas ComputationalWorkflow profile version 1.0 or later",
    "The README.md SHOULD have text/markdown as its encodingFormat",
    "The README.md SHOULD be about the crate",
    # By its pattern, only what begins with http: URNs are absolute URIs, too.
    "The SoftwareApplication id SHOULD be an absolute URI",
    # By its pattern, with three decimals at most: microseconds are written where they are recorded.
    "If present, the Action startTime SHOULD be in ISO 8601 format",
}
"""Recommended values that are not recorded in the stores of this file."""
MINIMAL = {
    "Activity": [{"id": "urn:x:bare"}],
    "DatasetEntity": [{"id": "urn:x:unmeasured"}],
    "WasGeneratedBy": [{"activity": "urn:x:bare", "entity": "urn:x:unmeasured"}],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    directory = tmp_path_factory.mktemp("data")
    for name in ("raw.fits", HOSTILE_FILE):
        (directory / name).write_text(name)
    return directory


@pytest.fixture(scope="module")
def settings(server, template, tableset, data):
    files = [{"id": "urn:x:read", "location": f"{data}/raw.fits"}]
    files.append({"id": "urn:x:made", "location": f"{data}/{HOSTILE_FILE}"})
    with_files = chain(
        {"DatasetEntity": files}, ("urn:x:filed", [("urn:x:read", "raw")], [("urn:x:made", "image")])
    )
    with server.copy(template) as copied:
        with open_database(copied) as database:
            for path in SAMPLES:
                ingest(path, database, copied)
            for records in (everything(), hostile(), CYCLE, MINIMAL, with_files):
                store_records(records, database, copied)
            withdraw_product("urn:x:raw", database, copied, tableset)
        yield copied


@pytest.fixture(scope="module")
def answers(settings, tableset, data, tmp_path_factory):
    """What the validator and the library say of each crate."""
    interpreter = Path(program("rocrate-validator")).parent / "python"
    directory = tmp_path_factory.mktemp("crates")
    paths = {name: directory / name for name in PRODUCTS}
    with open_database(settings) as database:
        for name, product in PRODUCTS.items():
            request = asked(product, depth="ALL", direction="BOTH", responseformat="ro-crate")
            graph = retrieve(request, database, tableset, settings)
            terms = {"publisher": "Observatory", "licence": "https://x.org/CC-BY"} if name == "steps" else {}
            crate = explained(write(graph, request, "http://example.org", **terms))
            if name == "files":
                paths[name] = directory / "files.zip"
                recipe = FORMATS["cwl"](read_recipe(product, database, tableset, settings)).encode()
                assert write_crate(crate, paths[name], [data], recipe).files == 2
            else:
                paths[name].mkdir()
                (paths[name] / "ro-crate-metadata.json").write_bytes(crate)
    done = subprocess.run([interpreter, SCRIPT, *paths.values()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return {Path(path).stem: answer for path, answer in json.loads(done.stdout).items()}


def explained(crate):
    """Return a crate with the terms that it uses, and only those of RO-Crate 1.1 and the profile."""
    return json.dumps(json.loads(crate) | {"@context": CONTEXT}).encode()


@pytest.mark.parametrize("name", PRODUCTS)
def test_crate_meets_the_requirements(answers, name):
    """Process Run Crate 0.5, and the properties that it recommends, as far as they are recorded."""
    required = [issue for issue in answers[name]["issues"] if issue[0] == "REQUIRED"]
    advised = {message for _, _, message in answers[name]["issues"]}

    assert required == []
    assert advised - MAY_LACK == set()


@pytest.mark.parametrize("name", PRODUCTS)
def test_other_library_reads_the_crate(answers, name):
    assert answers[name]["actions"] >= 1


def test_files_and_recipe_are_data_entities_of_the_zip(answers):
    """The recipe makes it a Workflow RO-Crate 1.0 as well, which the validator checks, too."""
    assert answers["files"]["profiles"] == ["process-run-crate", "workflow-ro-crate"]
    assert len(answers["files"]["files"]) == 3
