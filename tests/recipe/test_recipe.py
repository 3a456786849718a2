"""Recipes run: those of the sample logs, and those of a store whose names and arguments are hostile."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from provtap.client.remote import main as client
from provtap.commands import main
from provtap.database.connect import open_database
from provtap.errors import NotFound, ParameterError, TooLarge
from provtap.ingest import ingest_content
from provtap.recipe import FORMATS, read_recipe
from provtap.web import create_app
from tests.documents import ROOT, blocks
from tests.live import live_server
from tests.workflows import program

PAGE = ROOT / "docs/how-to/reproduce.md"
STAND_IN = """#!{python}
# Writes down its arguments, and writes the file after -o, or the last argument.
import json, os, sys
name, arguments = os.path.basename(sys.argv[0]), sys.argv[1:]
with open({calls!r}, "a") as file:
    print(json.dumps([name, *arguments]), file=file)
output = arguments[arguments.index("-o") + 1] if "-o" in arguments else arguments[-1].partition("=")[2]
with open(output, "w") as file:
    file.write(name + "\\n")
"""
SAMPLE_CALLS = [
    "ctapipe-process -c conf.yaml -i {raw} -o step1_a.dl1.h5 --overwrite --max-events 1"
    " --provenance-log ok/chain_1a_process.provenance.log",
    "ctapipe-process -c conf2.yaml -i step1_a.dl1.h5 -o step2_a.dl2.h5 --overwrite"
    " --provenance-log ok/chain_2a_process_dl1_to_dl2.provenance.log",
    "ctapipe-merge step2_a.dl2.h5 -o merged1.dl2.h5 --overwrite"
    " --provenance-log ok/chain_3_merge.provenance.log",
]
"""The command lines of the sample logs behind merged1.dl2.h5."""


def sha256(text):
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


HOSTILE = "a'b\"$(touch pwned)`touch pwned` ${HOME} {input} *;& #é\\"
"""A file name and argument that shells, CWL and Snakemake would read as something else."""
NEW_LINE = "x\ntouch pwned\rEOF\u2028touch pwned"


def step(id_, words, inputs=(), outputs=(), day=1, **parameters):
    """Records of one run; inputs and outputs have id, path and content."""
    told = {"command_line": shlex.join(words)} if words else {}
    entities = [
        {"id": i, "location": path} if path else {"id": i, "name": i} for i, path, _ in (*inputs, *outputs)
    ]
    return {
        "Activity": [{"id": id_, "name": NEW_LINE, "startTime": f"2026-01-{day:02}T00:00:00Z"}],
        "DatasetEntity": entities,
        "Used": [tie(id_, *each) for each in inputs],
        "WasGeneratedBy": [tie(id_, *each) for each in outputs],
        "Parameter": [{"activity": id_, "name": n, "value": v} for n, v in (told | parameters).items()],
    }


def tie(activity, entity, _, content):
    return {"activity": activity, "entity": entity} | ({"checksums": [sha256(content)]} if content else {})


STARS, SORTED = ("urn:x:stars", "/w/stars.txt", "b\na\n"), ("urn:x:sorted", "/w/sorted.txt", "a\nb\n")
RAW = ("urn:x:raw", f"/data/{HOSTILE}", "raw\n")
MIDDLE = ("urn:x:middle", f"/run/{HOSTILE}.mid", "first\n")
LAST = ("urn:x:last", "/archive/last.fits", "second\n")
OLD = ("urn:x:old", "/data/old.fits", "")
STEPS = [
    step("urn:x:1", ["/opt/first", "-x", HOSTILE, "", f"-i{RAW[1]}", "-o", MIDDLE[1]], [RAW], [MIDDLE], 1),
    step("urn:x:2", ["second", NEW_LINE, MIDDLE[1], f"--output={LAST[1]}"], [MIDDLE], [LAST], 2),
    step("urn:x:sort", ["sort", "-o", "sorted.txt", "stars.txt"], [STARS], [SORTED]),
    step("urn:x:twice", ["cat", "-", "stars.txt", "./stars.txt"], [STARS], [("urn:x:cat", "/w/cat", "")]),
    step("urn:x:unrecorded", [], [OLD], [("urn:x:untold", "/run/untold.fits", "")]),
    step("urn:x:after", ["cat", "untold.fits", "-o", "copied.fits"],
         [("urn:x:untold", "/run/untold.fits", "")], [("urn:x:copied", "/run/copied.fits", "")]),
    step("urn:x:placeless", ["first", "-o", "x"], [OLD], [("urn:x:nowhere", None, "")]),
    step("urn:x:in-place", ["first", "old.fits"], [OLD], [("urn:x:new", OLD[1], "")]),
    step("urn:x:quotes", [], [], [("urn:x:quoted", "/run/q", "")], command_line="first 'x"),
    step("urn:x:dots", ["/opt/.."], [], [("urn:x:dotted", "/run/d", "")]),
    step("urn:x:option", ["-x"], [], [("urn:x:optional", "/run/o", "")]),
    step("urn:x:inside", ["first", "a:/run/in,b:1"], [], [("urn:x:inner", "/run/in", "")]),
    step("urn:x:folder", ["first", "--to=/run/all", "--log", "/run/all/log", "-o", "/run/all/a/b"], [],
         [("urn:x:b", "/run/all/a/b", "")]),
    step("urn:x:from-nowhere", ["first", "-o", "f"], [("urn:x:gone", None, "")], [("urn:x:f", "/run/f", "")]),
    step("urn:x:c1", ["first"], [("urn:x:c2", "/run/c2", "")], [("urn:x:c1e", "/run/c1", "")]),
    step("urn:x:c2a", ["first"], [("urn:x:c1e", "/run/c1", "")], [("urn:x:c2", "/run/c2", "")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def settings(server, template):
    """Settings of a store for the tests of this file, which only read it."""
    with server.copy(template) as copied:
        with open_database(copied) as database:
            for records in STEPS:
                ingest_content(json.dumps(records).encode(), "records", database, copied)
        yield copied


@pytest.fixture(scope="module")
def recipe(settings, tableset):
    """Return the recipe of a product, in a format."""
    with open_database(settings) as database:
        yield lambda name, form="sh": FORMATS[form](read_recipe(name, database, tableset, settings))


@pytest.fixture(scope="module")
def sample(sample_settings, tableset):
    """The recipe of the last product of the sample logs."""
    with open_database(sample_settings) as database:
        found = read_recipe("merged1.dl2.h5", database, tableset, sample_settings)
    return lambda form: FORMATS[form](found)


class Place:
    """A directory with stand-ins for programs, which write down how they were called."""

    def __init__(self, path):
        self.directory = path / "empty"
        self.calls = path / "calls"
        self._programs = path / "bin"
        self.directory.mkdir()
        self._programs.mkdir()

    def add_programs(self, *names):
        for name in names:
            made = self._programs / name
            made.write_text(STAND_IN.format(python=sys.executable, calls=str(self.calls)))
            made.chmod(0o755)

    def run(self, *command, **variables):
        path = f"{self._programs}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [*map(str, command)],
            cwd=self.directory,
            env=os.environ | {"PATH": path} | variables,
            capture_output=True,
            text=True,
        )

    def sh(self, text, *options, **variables):
        (self.directory.parent / "recipe.sh").write_text(text)
        return self.run("sh", self.directory.parent / "recipe.sh", *options, **variables)

    @property
    def called(self):
        return [json.loads(line) for line in self.calls.read_text().splitlines()]

    @property
    def files(self):
        return sorted(path.name for path in self.directory.iterdir())


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def sample_place(place):
    """What the recipe of the sample needs."""
    place.add_programs("ctapipe-process", "ctapipe-merge")
    for name in ("conf.yaml", "conf2.yaml", "raw.simtel"):
        (place.directory / name).write_text(name)
    return place


def test_the_script_of_a_sample_repeats_its_steps(sample, sample_place):
    """The arguments are those of the logs; only the input that is elsewhere has another path."""
    done = sample_place.sh(sample("sh"), input_1="raw.simtel")

    assert done.returncode == 0, done.stderr
    assert sample_place.called == [shlex.split(call.format(raw="raw.simtel")) for call in SAMPLE_CALLS]
    assert done.stderr.count("is not compared: no checksum of it is recorded.\n") == 6
    assert "ctapipe==0.28.0" in (sample_place.directory / "requirements-1.txt").read_text().splitlines()


@pytest.mark.parametrize(
    "missing, sentence",
    [
        ("conf.yaml", "The input conf.yaml, recorded at /cta/provwork/run/conf.yaml, is missing: copy it to"),
        ("ctapipe-merge", "The program ctapipe-merge is not installed, or not in PATH."),
        ("nothing", "step1_a.dl1.h5 is already there: run the recipe in an empty directory."),
    ],
)
def test_the_script_stops_before_its_first_step_if_something_is_missing(
    sample, sample_place, missing, sentence
):
    (sample_place.directory / missing).unlink(missing_ok=True)
    (sample_place.directory.parent / "bin" / missing).unlink(missing_ok=True)
    if missing == "nothing":
        (sample_place.directory / "step1_a.dl1.h5").write_text("precious")
    done = sample_place.sh(sample("sh"), input_1="raw.simtel")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(sentence)
    assert not sample_place.calls.exists()


def test_a_strict_script_stops_where_nothing_can_be_compared(sample, sample_place):
    done = sample_place.sh(sample("sh"), "--strict", input_1="raw.simtel")

    assert (done.returncode, sample_place.calls.exists()) == (1, False)


def hostile_calls(raw, middle, last, read=None):
    return [
        ["first", "-x", HOSTILE, "", f"-i{raw}", "-o", middle],
        ["second", NEW_LINE, read or middle, f"--output={last}"],
    ]


MADE = HOSTILE.replace("{", "_").replace("}", "_") + ".mid"
"""Braces in the names of outputs are wildcards of Snakemake."""


@pytest.mark.parametrize("content, code", [("raw\n", 0), ("other\n", 1)])
def test_hostile_names_are_only_text_for_the_shell(recipe, place, content, code):
    """Inputs are compared by their checksums before, outputs after."""
    place.add_programs("first", "second")
    (place.directory / "in").write_text(content)
    done = place.sh(recipe("urn:x:last"), input_1="in")

    assert done.returncode == code
    assert "pwned" not in place.files
    if code == 0:
        assert place.called == hostile_calls("in", MADE, "last.fits")
        assert done.stdout == f"As recorded: {MADE}\nAs recorded: last.fits\n"
    else:
        assert done.stderr.endswith("has another content than recorded.\n")
        assert not place.calls.exists()


def test_an_output_that_differs_is_reported_at_the_end(recipe, place):
    """All steps run, then the script ends with 1."""
    place.add_programs("first", "second")
    (place.directory / "in").write_text("raw\n")
    changed = place.directory.parent / "bin" / "first"
    changed.write_text(changed.read_text().replace('name + "', 'name + " changed'))
    done = place.sh(recipe("urn:x:last"), input_1="in")

    assert (done.returncode, len(place.called)) == (1, 2)
    assert done.stderr.splitlines() == [
        f"Differs from what was recorded: {MADE}",
        "Some files differ from what was recorded.",
    ]


def test_cwltool_accepts_the_workflow_of_a_sample(sample, sample_place):
    """It is valid, and runs the same steps."""
    (sample_place.directory.parent / "recipe.cwl").write_text(sample("cwl"))
    valid = sample_place.run(program("cwltool"), "--validate", "../recipe.cwl")
    inputs = ("--input_1", "raw.simtel", "--input_2", "conf.yaml", "--input_3", "conf2.yaml")
    done = sample_place.run(program("cwltool"), "--outdir", "out", "../recipe.cwl", *inputs)

    assert valid.returncode == 0, valid.stderr
    assert done.returncode == 0, done.stderr
    expected = [shlex.split(call.format(raw="raw.simtel")) for call in SAMPLE_CALLS]
    called = [[Path(w).name if w[:1] == "/" else w for w in words] for words in sample_place.called]
    assert called == expected
    assert (sample_place.directory / "out" / "merged1.dl2.h5").read_text() == "ctapipe-merge\n"


@pytest.mark.parametrize("content, code", [("raw\n", 0), ("other\n", 1)])
def test_hostile_names_are_only_text_for_cwltool(recipe, place, content, code):
    place.add_programs("first", "second")
    (place.directory / "in").write_text(content)
    (place.directory.parent / "recipe.cwl").write_text(recipe("urn:x:last", "cwl"))
    done = place.run(program("cwltool"), "--relax-path-checks", "../recipe.cwl", "--input_1", "in")

    assert done.returncode == code, done.stderr
    assert "pwned" not in place.files
    if code == 0:
        first, second = place.called
        raw = first[4].removeprefix("-i")
        assert [first, second] == hostile_calls(raw, MADE, "last.fits", read=second[2])
        assert [Path(raw).name, Path(second[2]).name] == ["in", MADE]
        assert (place.directory / "last.fits").read_text() == "second\n"
    else:
        assert "has another content than recorded." in done.stderr
        assert not place.calls.exists()


def snakemake(place, text, *options):
    (place.directory / "Snakefile").write_text(text)
    return place.run(program("snakemake"), "--cores", "1", *options)


def test_snakemake_accepts_the_file_of_a_sample(sample, sample_place):
    listed = snakemake(sample_place, sample("snakemake"), "--list-rules")
    done = snakemake(sample_place, sample("snakemake"), "--config", "input_1=raw.simtel")

    assert listed.stdout.split() == ["all", "requirements_1", "step_1", "step_2", "step_3"]
    assert done.returncode == 0, done.stderr
    assert sample_place.called == [shlex.split(call.format(raw="raw.simtel")) for call in SAMPLE_CALLS]


@pytest.mark.parametrize("content, code", [("raw\n", 0), ("other\n", 1)])
def test_hostile_names_are_only_text_for_snakemake(recipe, place, content, code):
    place.add_programs("first", "second")
    (place.directory / "in").write_text(content)
    done = snakemake(place, recipe("urn:x:last", "snakemake"), "--config", "input_1=in")

    assert done.returncode == code, done.stderr
    assert "pwned" not in place.files
    if code == 0:
        assert place.called == hostile_calls("in", MADE, "last.fits")
    else:
        assert "has another content than recorded." in done.stderr
        assert not place.calls.exists()


@pytest.mark.parametrize("form, name", [("cwl", "recipe.cwl"), ("snakemake", "Snakefile")])
def test_the_commands_of_the_page_run(recipe, place, form, name):
    """Those of docs/how-to/reproduce.md for workflow managers; tests/test_docs.py runs the others."""
    [command] = [block for block in blocks(PAGE, "sh") if form.startswith(block.split()[0][:3])]
    (place.directory / name).write_text(recipe("urn:x:sorted", form))
    (place.directory / "stars.txt").write_text("b\na\n")
    words = shlex.split(command)
    done = place.run(program(words[0]), *words[1:])

    assert done.returncode == 0, done.stderr
    assert (place.directory / "sorted.txt").read_text() == "a\nb\n"


def test_a_file_that_is_named_twice_is_two_arguments(recipe, place):
    """In CWL they are two inputs."""
    place.add_programs("cat")
    (place.directory / "in").write_text("b\na\n")
    changed = place.directory.parent / "bin" / "cat"
    changed.write_text(changed.read_text().replace("open(output,", 'open("cat",'))
    by_sh = place.sh(recipe("urn:x:cat"), input_1="in")
    (place.directory / "cat").unlink()
    (place.directory.parent / "recipe.cwl").write_text(recipe("urn:x:cat", "cwl"))
    by_cwltool = place.run(program("cwltool"), "../recipe.cwl", "--input_1", "in")

    assert (by_sh.returncode, by_cwltool.returncode) == (0, 0), by_cwltool.stderr
    assert [[Path(word).name for word in words] for words in place.called] == [["cat", "-", "in", "in"]] * 2


GAPS = {
    "urn:x:untold": "The command line of step 1 (x\\ntouch pwned\\rEOF\\u2028touch pwned, urn:x:unrecorded)"
    " is not recorded.",
    "urn:x:nowhere": "urn:x:placeless) wrote urn:x:nowhere.",
    "urn:x:new": "was changed in place, which a recipe cannot do again.",
    "urn:x:quoted": "has quotes that are not closed.",
    "urn:x:optional": "does not begin with the name of a program.",
    "urn:x:dotted": "does not begin with the name of a program.",
    "urn:x:inner": "names its output in a form that a recipe cannot change.",
}


@pytest.mark.parametrize("product, sentence", GAPS.items())
def test_what_was_not_recorded_is_a_check_that_fails(recipe, place, product, sentence):
    """With one sentence, and before anything runs."""
    place.add_programs("first")
    done = place.sh(recipe(product))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"{sentence}\n") and done.stderr.count("\n") == 1
    assert (place.files, place.calls.exists()) == ([], False)
    assert f"# Not recorded: {done.stderr}" in recipe(product)


def test_gaps_are_steps_that_fail_for_workflow_managers(recipe, place):
    place.add_programs("first")
    (place.directory / "in").write_text("")
    (place.directory.parent / "recipe.cwl").write_text(recipe("urn:x:untold", "cwl"))
    by_cwltool = place.run(program("cwltool"), "../recipe.cwl", "--input_1", "in")
    by_snakemake = snakemake(place, recipe("urn:x:untold", "snakemake"), "--config", "input_1=in")

    for done in (by_cwltool, by_snakemake):
        assert done.returncode == 1
        assert "urn:x:unrecorded) is not recorded." in done.stderr


UNTOLD = (
    "The command line of x\\ntouch pwned\\rEOF\\u2028touch pwned, urn:x:unrecorded, which made untold.fits,"
)


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_step_made_that_cannot_run_again_is_an_input(recipe, place, form):
    """The steps before it are not repeated. So is an input of which only its header says who made it."""
    text = recipe("urn:x:copied", form)

    assert text.count(f"# Not recorded: {UNTOLD} is not recorded.\n") == 1
    assert OLD[1] not in text


def test_the_steps_after_one_that_cannot_run_again_run(recipe, place):
    place.add_programs("cat")
    refused = place.sh(recipe("urn:x:copied"))
    (place.directory / "untold.fits").write_text("")
    done = place.sh(recipe("urn:x:copied"))

    assert refused.stderr.startswith(
        "The input untold.fits, recorded at /run/untold.fits, is missing: copy it"
    )
    assert done.returncode == 0, done.stderr
    assert place.called == [["cat", "untold.fits", "-o", "copied.fits"]]


def test_an_input_without_a_recorded_path_must_be_given(recipe, place):
    place.add_programs("first")
    (place.directory / "here").write_text("")
    refused, done = place.sh(recipe("urn:x:f")), place.sh(recipe("urn:x:f"), input_1="here")

    assert refused.stderr == ("It is not recorded where the input urn:x:gone was: set input_1 to its path.\n")
    assert (refused.returncode, done.returncode) == (1, 0)


def test_nothing_is_written_to_the_recorded_directory(recipe, place):
    """The path that a run wrote to may hold the product itself."""
    place.add_programs("first")
    done = place.sh(recipe("urn:x:b"))

    assert done.returncode == 0, done.stderr
    assert place.called == [["first", "--to=.", "--log", "log", "-o", "a/b"]]


@pytest.mark.parametrize(
    "name, error, sentence",
    [
        ("urn:x:raw", NotFound, "No run is recorded that generated urn:x:raw, so there is no recipe for it."),
        ("urn:x:1", ParameterError, "urn:x:1 is a run: only a product has a recipe."),
        ("urn:x:c1e", ParameterError, "The history of urn:x:c1e has no beginning"),
        ("nothing", NotFound, "Nothing has the name nothing."),
        ("", NotFound, "Nothing has the name"),
    ],
)
def test_what_has_no_recipe_is_refused_in_one_sentence(recipe, name, error, sentence):
    with pytest.raises(error) as caught:
        recipe(name)

    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "limit, sentence",
    [
        ("MOST_STEPS", "The history of urn:x:last has 2 runs; a recipe has at most 1."),
        ("MOST_FILES", "The steps that made urn:x:last read and wrote 4 files; a recipe has at most 1."),
    ],
)
def test_a_recipe_has_a_limit(recipe, monkeypatch, limit, sentence):
    monkeypatch.setattr(f"provtap.recipe.reading.{limit}", 1)

    with pytest.raises(TooLarge, match=sentence):
        recipe("urn:x:last")


def test_runs_that_cannot_run_again_do_not_count(recipe, monkeypatch):
    """A merge can have thousands of inputs of which only their headers say who made them."""
    monkeypatch.setattr("provtap.recipe.reading.MOST_STEPS", 1)

    assert f"# Not recorded: {UNTOLD} is not recorded.\n" in recipe("urn:x:copied")


def test_only_published_records_are_read(sample):
    """Variables and the paths of an environment are private; the recipe reads as everybody."""
    for form in FORMATS:
        text = sample(form)

        assert not any(
            private in text for private in ("CONDA_PREFIX", "/root", "LD_LIBRARY_PATH", "HOSTNAME")
        )


def test_the_page_of_a_product_offers_its_recipe(recipe, settings, tableset):
    """As a file; a raw file has none."""
    with open_database(settings) as database:
        browser = create_app(settings, database, tableset).test_client()
        pages = [browser.get(f"/entity/{id_}").text for id_ in ("urn:x:last", "urn:x:raw")]
        addresses, none = (re.findall(r'href="([^"]*/api/v1/recipe[^"]*)"', page) for page in pages)
        sent = [browser.get(address.replace("&amp;", "&")) for address in addresses]

    assert (none, ["urn:x:last" in each.text for each in sent]) == ([], 3 * [True])
    assert [each.headers["Content-Disposition"] for each in sent] == [
        f"attachment; filename={name}" for name in ("recipe.sh", "recipe.cwl", "Snakefile")
    ]


def test_a_browser_gets_a_page_if_there_is_no_recipe(settings, tableset):
    """HTTP-20: the button of a product that was made from itself; a program gets JSON."""
    with open_database(settings) as database:
        browser = create_app(settings, database, tableset).test_client()
        address = re.findall(r'href="([^"]*/api/v1/recipe[^"]*)"', browser.get("/entity/urn:x:c1e").text)[0]
        page = browser.get(address, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        told = browser.get(address).json["error"]

    assert (page.status_code, page.mimetype) == (told["status"], "text/html") == (400, "text/html")
    assert "The history of urn:x:c1e has no beginning: what these runs made was used" in page.text
    assert told["message"].startswith("The history of urn:x:c1e has no beginning")


def test_a_service_answers_as_the_local_store(settings, tmp_path):
    environ = {
        "PROVTAP_DATABASE_URL": settings.database_url,
        "PROVTAP_ROLE_PREFIX": settings.role_prefix,
    }
    with live_server(settings, tmp_path / "serve.log", "--no-worker") as service:
        environ["PROVTAP_BASE_URL"] = service.url
        for form in FORMATS:
            arguments = ["recipe", "urn:x:last", "--format", form]
            local = CliRunner(env=environ).invoke(main, arguments)
            remote = CliRunner().invoke(client, [*arguments, "--url", service.url])

            assert (local.exit_code, remote.exit_code) == (0, 0), remote.stderr
            assert local.stdout == remote.stdout
        for name, sentence in (("urn:x:1", "is a run: only a product has a recipe."), ("", "id is missing.")):
            failed = CliRunner().invoke(client, ["recipe", name, "--url", service.url])

            assert (failed.exit_code, failed.stderr.count("\n")) == (1, 1)
            assert sentence in failed.stderr
