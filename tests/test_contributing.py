"""The example of CONTRIBUTING: an attribute of the model that is stated in three places works everywhere."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.documents import ROOT, blocks

[DIFF] = blocks(ROOT / "CONTRIBUTING.md", "diff")
PAGES = """
import json
from provtap.ingest.model.checks import Schemas
from provtap.ingest.readers.records.client_module import client_module
from provtap.ingest.readers.records.parse import MODELS
from provtap.ingest.readers.records.reference_page import records_page
schema = MODELS["Run"].model_json_schema(schema_generator=Schemas)
print(json.dumps([client_module(), records_page(), schema["properties"]["cpuTime"]]))
"""
COMMAND = "from provtap.commands import main; main()"
RECORDS = {"Activity": {"id": "urn:x:a"}, "Run": {"activity": "urn:x:a", "duration": 1, "cpuTime": 0.87}}


pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="the example is applied by git")


@pytest.fixture(scope="module")
def run(server, tmp_path_factory):
    """Return the output of Python in a copy of the tree that has the attribute of the example."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("provtap", "schema", "tap_schema"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    numbers = [int(path.name[:4]) for path in (ROOT / "schema").glob("*.sql")]
    diff = DIFF.replace("00NN", f"{max(numbers) + 1:04}")
    subprocess.run(["git", "apply", "-"], input=diff, text=True, cwd=tree, check=True)
    for name in ("schema", "tap_schema"):
        (tree / name).rename(tree / "provtap" / name)
    url = server.create()
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PROVTAP_")}
    environ |= {"PYTHONPATH": str(tree), "PROVTAP_DATABASE_URL": url, "PROVTAP_ROLE_PREFIX": server.prefix}

    def run(*arguments):
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tree, env=environ, check=True, capture_output=True, text=True
        ).stdout

    yield run
    server.drop(url)


def test_example_touches_three_places():
    """Which are SQL, metadata and dataclass: all else is made from them."""
    places = re.findall(r"^\+\+\+ b/(\w+)", DIFF, re.MULTILINE)

    assert sorted(places) == ["provtap", "schema", "tap_schema"]
    assert re.findall("^-(?!--)", DIFF, re.MULTILINE) == []


def test_client_pages_and_schemas_follow_from_the_dataclass(run):
    client, page, schema = json.loads(run("-c", PAGES))

    assert "cpu_time: float | None = None" in client
    assert "| cpuTime | number, not negative | CPU time that the activity used, in seconds. |" in page
    assert schema == {
        "type": "number",
        "minimum": 0,
        "description": "CPU time that the activity used, in seconds.",
    }


def test_attribute_is_stored_and_found(run, tmp_path):
    path = tmp_path / "records.json"
    path.write_text(json.dumps(RECORDS))
    run("-c", COMMAND, "init")
    run("-c", COMMAND, "ingest", str(path))

    answer = run("-c", COMMAND, "query", "SELECT r_cputime FROM provext.run", "--format", "csv")
    assert answer.split() == ["r_cputime", "0.87"]
