"""Which words of a command line are files, and where a recipe has them. Needs no database."""

import shlex

import pytest

from provtap.recipe.planning import plan
from provtap.runs import Parameter, Run, Thing


def run(line, inputs=(), outputs=(), directory=None, id_="run", **more):
    """A run with files at these locations, whose ids are their locations."""
    told = {"command_line": line} | ({"working_directory": directory} if directory else {})
    return Run(
        id=id_,
        program="tool",
        parameters=tuple(Parameter(name, value) for name, value in told.items()),
        inputs=tuple(Thing(place, None, None, location=place) for place in inputs),
        outputs=tuple(Thing(f"{id_} {place}", None, None, location=place) for place in outputs),
        **more,
    )


def repeated(step):
    """Return the arguments as a shell would show them; inputs by their numbers."""
    words = [step.program]
    for argument in step.arguments:
        file = argument.file
        place = "" if file is None else f"<{file.number}>" if file.step is None else file.path
        words.append(argument.text + place)
    return " ".join(words)


CASES = {
    "relative paths remain": ("t a -o b", ["/w/a"], ["/w/b"], "t <1> -o b"),
    "outputs are moved here": ("t /w/a -o /w/x/b", ["/w/a"], ["/w/x/b"], "t <1> -o b"),
    "options have paths": ("t -i/w/a --out=x/b", ["/w/a"], ["/w/x/b"], "t -i<1> --out=x/b"),
    "nothing leaves the directory": ("t -o ../b", [], ["/w/b"], "t -o b"),
    "folders of outputs": ("t --to /w/x", [], ["/w/x/1", "/w/x/y/2"], "t --to ."),
    "other files in these folders": ("t --to /w/x --log=/w/x/log", [], ["/w/x/1"], "t --to . --log=log"),
    "files by URL": ("t file:///w/a file:/w/a", ["file:///w/a"], [], "t <1> file:/w/a"),
    "remote inputs remain": ("t s3://b/a -o s3://b/c", ["s3://b/a"], ["s3://b/c"], "t s3://b/a -o c"),
    "a name of a file that is named in full": ("t /w/a -x a", ["/w/a"], [], "t <1> -x a"),
    "the directory that fits": ("t a x/a b", ["/w/a", "/w/x/a", "/w/b"], [], "t <1> <2> <3>"),
    "programs are looked up": ("/opt/bin/t a", ["/w/a"], [], "t <1>"),
    "programs of the directory": ("./t a", ["/w/a"], [], "./t <1>"),
    "words that are nothing": ("t '' - -- /etc/x", [], [], "t  - -- /etc/x"),
}


@pytest.mark.parametrize("line, inputs, outputs, expected", CASES.values(), ids=CASES)
def test_files_are_found_in_the_arguments(line, inputs, outputs, expected):
    recorded = run(line, inputs, [*outputs, "/product"])
    [step] = plan("run /product", [recorded], "").steps

    assert (repeated(step), step.gaps) == (expected, ())


def test_the_working_directory_says_which_file_is_meant():
    """Without it, the name could be that of both."""
    places = ["/v/x/a", "/w/x/a"]
    [known] = plan("run /o", [run("t x/a", places, ["/o"], directory="/w")], "").steps
    [unknown] = plan("run /o", [run("t x/a", places, ["/o"])], "").steps

    assert (repeated(known), known.gaps) == ("t <2>", ())
    assert unknown.gaps == ("The argument x/a of step 1 (tool, run) may be any of 2 files.",)


def test_two_runs_that_wrote_one_path_have_two():
    first = run("t -o x", [], ["/w/x"], id_="a")
    second = Run(
        id="b",
        parameters=(Parameter("command_line", "t x -o /v/x"),),
        inputs=first.outputs,
        outputs=(Thing("last", None, None, location="/v/x"),),
    )
    third = run("t", [], ["/u/x"], id_="c")
    steps = plan("last", [first, second, third], "").steps

    assert [repeated(step) for step in steps[:2]] == ["t -o x", "t x -o step-2/x"]
    assert [step.directories for step in steps[:2]] == [(), ("step-2",)]
    assert steps[2].gaps == (
        "In step 3 (tool, c), x is written, as by another run, and the command line does not say where.",
    )


def test_only_packages_with_a_version_are_pinned():
    packages = {"numpy": "2.4.6", "local": "no version", "x; import os": "1", "-r/etc/passwd": "1"}
    [environment] = plan("run /o", [run("t", [], ["/o"], packages=packages)], "").environments

    assert environment.packages == (("numpy", "2.4.6"),)
    assert environment.unpinned == ("-r/etc/passwd", "local", "x; import os")


def test_directories_of_other_paths_are_made():
    """A log that a parameter records with its whole path has its directory, too."""
    recorded = run(shlex.join(["t", "--log", "logs/t.log", "-o", "out/x"]), [], ["/w/out/x"])
    recorded = Run(
        **vars(recorded) | {"parameters": (*recorded.parameters, Parameter("log", "/w/logs/t.log"))}
    )
    [step] = plan("run /w/out/x", [recorded], "").steps

    assert step.directories == ("out", "logs")
