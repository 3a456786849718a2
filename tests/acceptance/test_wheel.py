"""ProvTAP from its wheels, as `pip install` brings them: all of it, and the client alone."""

import os
import shutil
import signal
import subprocess
import sys
import venv
import zipfile
from dataclasses import replace
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from packaging.requirements import Requirement

from provtap.database.connect import open_database
from provtap.operation.accounts import create
from tests.conftest import database_name
from tests.documents import ROOT
from tests.live import command, environment, free_port, live_server


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A directory with all wheels, which `make wheels` makes of a copy of this checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "source"  # a copy: building leaves things behind
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".*", "tests", "build", "dist", "*.egg-info", "provtap-data"),
    )
    here = ["wheels", f"VENV={sys.prefix}", f"--assume-old={sys.prefix}/installed"]
    subprocess.run(["make", "-C", source, *here], check=True, stdout=subprocess.DEVNULL)
    return source / "dist"


@pytest.fixture(scope="module")
def wheel(wheels):
    """The files of the full wheel, in a directory of their own."""
    (made,) = wheels.glob("provtap-*.whl")
    with zipfile.ZipFile(made) as archive:
        archive.extractall(wheels / "site")
    return wheels / "site"


def provtap(wheel, *arguments):
    program = "import sys, provtap.commands as c; assert c.__file__.startswith(sys.path[0]); c.main()"
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[0] = {str(wheel)!r}; {program}", *arguments],
        cwd=wheel.parent,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_wheel_carries_schema_and_metadata(wheel):
    script = provtap(wheel, "init", "--print-sql")

    assert "CREATE TABLE wasgeneratedby" in script
    assert "INSERT INTO tap_schema.columns" in script


def test_wheel_carries_every_file_of_the_tree(wheel):
    """SQL, metadata, samples, templates and the marker of typed code, in whichever room they are."""
    rooms = {
        ROOT / "provtap": "",
        ROOT / "schema": "schema/",
        ROOT / "tap_schema": "tap_schema/",
        ROOT / "deploy/systemd": "systemd/",
    }
    expected = {
        f"{place}{path.relative_to(room).as_posix()}"
        for room, place in rooms.items()
        for path in room.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    carried = {path.relative_to(wheel / "provtap").as_posix() for path in wheel.rglob("provtap/**/*")}

    assert expected - carried == set()
    assert sum(name.startswith("ingest/samples/") for name in carried) == 19


def test_imports_of_a_pipeline_need_only_the_standard_library(wheel):
    """A pipeline installs it without dependencies (docs/how-to/record.md)."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        " import provtap; provtap.ProvClient, provtap.activity, provtap.connect"
    )
    subprocess.run([sys.executable, "-I", "-S", "-c", program, wheel], check=True)


# All of it, alone


class Bare:
    """An environment with the wheel and what it declares, and a user who can write only into one directory.

    If root runs the tests, that user is `nobody`. Neither make nor git are in the PATH.
    """

    def __init__(self, directory, python):
        self.directory = directory / "work"
        self.home = directory / "home"
        self.bin = directory / "environment/bin"
        self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        directory.chmod(0o755)
        self.directory.mkdir()
        self.home.mkdir(mode=0o555)
        if self.user:
            os.chown(self.directory, NOBODY, NOBODY)
        subprocess.run([python, "-m", "venv", "--without-pip", directory / "environment"], check=True)

    def install(self, wheel):
        """Install *wheel*, and copies of what it needs: no index is asked."""
        [site] = self.bin.parent.glob("lib/python*/site-packages")
        for needed in closure("provtap"):
            for file in needed.files:
                if ".." not in file.parts and "__pycache__" not in file.parts:
                    (site / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file.locate(), site / file)
        pip = [sys.executable, "-m", "pip", "--python", self.bin / "python"]
        subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", wheel], check=True)
        subprocess.run([*pip, "check"], check=True, stdout=subprocess.DEVNULL)

    def start(self, *arguments):
        return subprocess.Popen(
            [self.bin / "provtap", *arguments],
            cwd=self.directory,
            env={"PATH": str(self.bin), "HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **self.user,
        )

    def provtap(self, *arguments):
        """Run the command, and return what it printed."""
        process = self.start(*arguments)
        shown, _ = process.communicate(timeout=120)
        assert process.returncode == 0, shown
        return shown


NOBODY = 65534


def closure(name, extras=("",)):
    """Return the installed distributions that *name* needs, by what each declares; without itself."""
    found, waiting = {}, [(name, extras)]
    while waiting:
        each, extras = waiting.pop()
        for text in distribution(each).requires or ():
            needed = Requirement(text)
            applies = not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in extras)
            if applies and needed.name not in found:
                found[needed.name] = distribution(needed.name)
                waiting.append((needed.name, ("", *needed.extras)))
    return found.values()


def public_python():
    """Return a Python of this version that any user may run; None if there is none."""
    if os.geteuid() != 0:
        return sys.executable
    major, minor, *_ = sys.version_info
    return shutil.which(f"python{major}.{minor}", path="/usr/local/bin:/usr/bin")


@pytest.fixture(scope="module")
def bare(wheels):
    if (python := public_python()) is None:
        pytest.skip("only root may run this Python")
    # Not below pytest's own directory, which other users cannot enter.
    with TemporaryDirectory(prefix="provtap-bare-") as directory:
        bare = Bare(Path(directory), python)
        [made] = wheels.glob("provtap-*.whl")
        bare.install(made)
        yield bare


@pytest.mark.database
def test_the_wheel_alone_demonstrates_ingests_and_answers(bare):
    """Without make, git, a writable HOME or root, in an empty directory."""
    demo = bare.start("demo", "--port", str(free_port()))
    shown = ""
    while "answers requests" not in shown and (line := demo.stdout.readline()):
        shown += line
    demo.send_signal(signal.SIGINT)
    shown += demo.communicate(timeout=60)[0]

    assert "18 documents: 21 records, 20 activities, 0 errors" in shown
    assert demo.returncode == 0, shown

    log = bare.directory / "more.provenance.log"
    shutil.copy(ROOT / "tests/data/prov_test.log", log)
    assert "0 errors" in bare.provtap("ingest", log.name)
    counted = bare.provtap("query", "SELECT COUNT(*) AS n FROM provenance.activity", "--format", "csv")
    assert int(counted.split()[1]) > 20

    entity = "SELECT TOP 1 wgb_entity_id FROM provenance.wasgeneratedby"
    [_, product] = bare.provtap("query", entity, "--format", "csv").split()
    assert "<svg" in bare.provtap("export", product, "--format", "svg")
    assert "Nothing is left to do." in bare.provtap("status")
    assert list(bare.home.iterdir()) == []


# The client alone


class Pipeline:
    """A fresh environment with provtap-client and click, and a service that it knows."""

    def __init__(self, directory, url, token):
        self.bin = directory / "bin"
        self.directory = directory
        self.url = url
        # Nothing of this environment's own variables, but where programs are.
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(directory), "PROVTAP_TOKEN": token}

    def run(self, program, *arguments, **environ):
        return subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.directory,
            env=self.environ | environ,
            capture_output=True,
            text=True,
        )

    def provtap(self, *arguments):
        """Run the command against the service."""
        return self.run("provtap", *arguments, PROVTAP_URL=self.url)

    def python(self, program, **environ):
        done = self.run("python", "-c", program, PROVTAP_URL=self.url, **environ)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def client_settings(server, template):
    url = server.create(database_name(template.database_url))
    yield replace(template, database_url=url, accounts=True)
    server.drop(url)


@pytest.fixture(scope="module")
def pipeline(wheels, client_settings, tmp_path_factory):
    directory = tmp_path_factory.mktemp("pipeline")
    venv.create(directory, with_pip=False)
    [made] = wheels.glob("provtap_client-*.whl")
    pip = [sys.executable, "-m", "pip", "--python", directory / "bin/python"]
    install = ["install", "--quiet", "--no-index", "--no-deps", made]
    subprocess.run([*pip, *install], check=True)
    [site] = directory.glob("lib/python*/site-packages")
    for file in distribution("click").files:  # as it is here, so that no index is needed
        if ".." not in file.parts:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), site / file)
    subprocess.run([*pip, "check"], check=True, stdout=subprocess.DEVNULL)
    with open_database(client_settings) as database:
        token = create(database, "pipeline", ["read", "write", "admin"])
    log = tmp_path_factory.mktemp("live") / "serve.log"
    with live_server(client_settings, log, "--no-worker") as service:
        yield Pipeline(directory, service.url, token)


@pytest.fixture(scope="module")
def run_id(pipeline):
    """A run that the environment recorded."""
    return pipeline.python(
        "import os, provtap\n"
        "client = provtap.ProvClient(os.environ['PROVTAP_URL'], os.environ['PROVTAP_TOKEN'])\n"
        "with provtap.activity('calibrate', client=client, parameters={'gain': 2}) as run:\n"
        "    run.used('/data/raw.fits', role='raw')\n"
        "    run.generated('/data/image.fits', role='image')\n"
        "print(run.id)"
    ).strip()


def local(settings, *arguments):
    """What the full installation prints for the same store, without a service."""
    return subprocess.run(
        command(*arguments), env=environment(settings, 1), capture_output=True, text=True, check=True
    ).stdout


def test_the_client_has_nothing_of_the_service(pipeline):
    """Design, decision 17: the standard library and click."""
    [site] = pipeline.directory.glob("lib/python*/site-packages")
    packages = {path.name for path in site.iterdir() if (path / "__init__.py").exists()}

    assert packages - {"__pycache__"} == {"provtap", "click"}
    assert {path.name for path in (site / "provtap").iterdir()} - {"__pycache__"} == {
        "__init__.py",
        "py.typed",
        "client",
    }


def test_the_client_imports_the_standard_library_and_click_only(pipeline):
    program = (
        "import pkgutil, sys, provtap.client\n"
        "for module in pkgutil.iter_modules(provtap.client.__path__, 'provtap.client.'):\n"
        "    __import__(module.name)\n"
        "print({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names)"
    )
    imported = eval(pipeline.python(program))

    assert imported - {"__main__"} == {"provtap", "click"}


def test_a_recorded_run_is_read(pipeline, run_id):
    """With the standard library alone; what needs more says so in one sentence."""
    program = (
        "import os, provtap\n"
        "store = provtap.connect(os.environ['PROVTAP_URL'] + '/tap', os.environ['PROVTAP_TOKEN'])\n"
        f"run = store.run({run_id!r})\n"
        "print(run.id, run.id in run.lineage().nodes, '<table>' in run._repr_html_(), run.diff(run).equal)\n"
        "try:\n    run.parameters.to_pandas()\nexcept ImportError as error:\n    print(error)"
    )

    assert pipeline.python(program).splitlines() == [
        f"{run_id} True True True",
        "to_pandas() needs pandas: install it, or the extra notebook (provtap-client[notebook]).",
    ]


def test_a_recorded_run_is_queried(pipeline, run_id):
    done = pipeline.provtap(
        "query",
        f"SELECT a_name, r_status FROM activity JOIN provext.run ON r_activity_id = a_id"
        f" WHERE a_id = '{run_id}'",
    )

    assert (done.stdout, done.stderr) == ("a_name,r_status\ncalibrate,completed\n", "")


def test_a_table_is_uploaded(pipeline, run_id):
    table = pipeline.directory / "runs.vot"
    table.write_text(pipeline.provtap("query", "SELECT a_id FROM activity", "--format", "votable").stdout)
    query = "SELECT COUNT(*) AS n FROM TAP_UPLOAD.runs JOIN activity USING (a_id)"
    done = pipeline.provtap("query", query, "--upload", f"runs={table}", "--maxrec", "1")

    assert (done.stdout, done.stderr) == ("n\n1\n", "")


@pytest.mark.parametrize("options", [(), ("--direction", "forth", "--depth", "1")])
def test_lineage_has_the_lines_of_the_local_command(pipeline, run_id, client_settings, options):
    thing = "/data/raw.fits" if options else "/data/image.fits"
    done = pipeline.provtap("lineage", thing, *options)

    assert (done.stdout, done.stderr) == (local(client_settings, "lineage", thing, *options), "")
    assert run_id in done.stdout


def test_export_is_the_document_of_the_local_command(pipeline, run_id, client_settings):
    """An id that names nothing is a warning, as there."""
    done = pipeline.provtap("export", run_id, "urn:x:é", "--format", "provn")

    assert done.stdout == local(client_settings, "export", run_id, "--format", "provn")
    assert done.stderr == "provtap: nothing has the name urn:x:é\n"


def test_export_of_an_ingestion_is_that_of_the_local_command(pipeline, run_id, client_settings):
    """The first ingestion is the run."""
    done = pipeline.provtap("export", "--ingestion", "1", "--format", "provn")

    assert (done.stdout, done.stderr) == (
        local(client_settings, "export", "--ingestion", "1", "--format", "provn"),
        "",
    )
    assert run_id in done.stdout


def test_descriptions_have_the_lines_of_the_local_command(pipeline, run_id, client_settings):
    """If one of several files is wrong, none is applied."""
    good, bad = pipeline.directory / "good.yaml", pipeline.directory / "bad.yaml"
    good.write_text("format: 1\nname: x\nversion: 1\nactivities: [{name: calibrate, type: calibration}]\n")
    bad.write_text("format: 1\nname: y\nversion: 1\nactivites: []\n")
    expected = local(client_settings, "describe", "--dry-run", str(good))

    refused = pipeline.provtap("describe", str(good), str(bad))
    done = pipeline.provtap("describe", str(good))
    again = pipeline.provtap("describe", str(good))

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"provtap: {bad}: ")
    assert refused.stderr.endswith("'activites' (line 4, column 1) Did you mean activities?\n")
    assert done.stdout == expected
    assert done.stderr.endswith("(line 4)\n")  # `calibration` is not the reserved word
    assert again.stdout.startswith("x version 1: ")


def test_a_truncated_export_warns(pipeline, run_id, client_settings, tmp_path):
    few = replace(client_settings, provsap_nodes=1)
    with live_server(few, tmp_path / "serve.log", "--no-worker") as service:
        done = pipeline.run("provtap", "export", run_id, "--url", f"{service.url}/tap/")

    assert done.stderr == "provtap: only the nearest 1 things are shown (PROVTAP_PROVSAP_NODES)\n"


def test_ingest_has_the_lines_of_the_local_command(pipeline, client_settings):
    """One document after the other; one that is not there keeps no other one out."""
    samples = sorted(str(path) for path in Path(str(files("provtap.ingest") / "samples")).glob("chain*.log"))
    expected = local(client_settings, "ingest", "--dry-run", *samples)

    dry = pipeline.provtap("ingest", "--dry-run", *samples)
    done = pipeline.provtap("ingest", "no.log", *samples)
    again = pipeline.provtap("ingest", *samples)

    assert (dry.stdout, dry.stderr, dry.returncode) == (expected, "", 0)
    assert done.returncode == 1
    assert done.stderr == "provtap: no.log cannot be read: no such file or directory.\n"
    assert again.stdout.startswith(f"{len(samples)} documents ({len(samples)} already loaded): ")


@pytest.mark.parametrize(
    "arguments, code, sentence",
    [
        (("query", "SELECT a_idd FROM activity"), 1, "Unknown column a_idd in provenance.activity."),
        (("query", "SELECT 1 AS n FROM activity", "--upload", "x"), 2, "NAME=FILE"),
        (("lineage", "urn:x:nothing"), 1, "Nothing has the name urn:x:nothing."),
        (("export", "urn:x:nothing", "--format", "xls"), 1, "RESPONSEFORMAT 'xls' is not supported."),
        (("export", "--ingestion", "99"), 1, "ngestion 99"),
        (("export",), 2, "Give either IDS or --ingestion."),
        (
            ("query", "SELECT 1", "--url", "http://127.0.0.1:1"),
            1,
            "The service at http://127.0.0.1:1 cannot be",
        ),
        (("ingest", "."), 1, ". is a directory: with --url or PROVTAP_URL, give the files in it."),
        (("serve",), 2, "provtap serve needs the full installation: install provtap instead of"),
        (("lineag",), 2, "No such command 'lineag'. Did you mean lineage?"),
    ],
)
def test_an_impossible_request_is_one_sentence(pipeline, arguments, code, sentence):
    done = pipeline.provtap(*arguments)

    assert done.returncode == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_service_the_missing_setting_is_named(pipeline):
    done = pipeline.run("provtap", "query", "SELECT 1")

    assert done.returncode == 2
    assert "provtap query needs the URL of a service: give --url or set PROVTAP_URL." in done.stderr
    assert "install provtap instead of provtap-client" in done.stderr


def test_a_wrong_token_is_reported(pipeline):
    (pipeline.directory / "some.json").write_text('{"Activity": {"id": "urn:x:a"}}')
    done = pipeline.run("provtap", "ingest", "some.json", PROVTAP_URL=pipeline.url, PROVTAP_TOKEN="wrong")

    assert done.returncode == 1
    assert "oken" in done.stderr


def test_all_wheels_are_of_one_version(wheels, pipeline):
    """Told once, in provtap/__init__.py."""
    versions = {path.name.split("-")[1] for path in wheels.glob("*.whl")}

    assert pipeline.run("provtap", "--version").stdout == f"provtap, version {versions.pop()}\n"
    assert not versions


def test_plugin_for_snakemake_needs_the_client_only(wheels):
    """Its wheel has the module by which Snakemake finds it, and asks for nothing of the service."""
    [made] = wheels.glob("snakemake_logger_plugin_provtap-*.whl")
    with zipfile.ZipFile(made) as archive:
        names = archive.namelist()
        [metadata] = [name for name in names if name.endswith("/METADATA")]
        needed = [line for line in archive.read(metadata).decode().splitlines() if "Requires-Dist" in line]

    assert "snakemake_logger_plugin_provtap/__init__.py" in names
    assert needed == [
        "Requires-Dist: provtap-client",
        "Requires-Dist: snakemake-interface-logger-plugins>=1.2",
    ]
