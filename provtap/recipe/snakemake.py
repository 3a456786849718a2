"""A recipe as a Snakefile. Texts of the store are literals of Python, which no shell and no format reads."""

from collections.abc import Iterator

from provtap.recipe.steps import Argument, Environment, File, Recipe, Step, one_line

_HEAD = """\
{heading}
#
# Run it in an empty directory: snakemake --snakefile Snakefile --cores 1
# Inputs are read at the paths below, or at others: --config input_1=/my/copy
# With --config strict=1 it also fails where a content cannot be compared.
import hashlib
import os
import subprocess
import sys
from functools import partial


def same(path, algorithm, digits):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest() == digits


def check(path, algorithm, digits, sentence):
    if not same(path, algorithm, digits):
        raise ValueError(sentence)


def not_compared(sentence):
    if config.get("strict"):
        raise ValueError(sentence)
    print(sentence, file=sys.stderr)


def given(name, recorded, sentence):
    path = config.get(name, recorded)
    if path is None:
        raise ValueError(sentence)
    return str(path)
"""


def as_snakemake(recipe: Recipe) -> str:
    """Return rules that check the inputs, run the steps, and compare what they make."""
    heading = "\n".join(f"# {line}" for line in recipe.heading)
    parts = [
        _HEAD.format(heading=heading),
        *(_lines(_input(file)) for file in recipe.inputs),
        _lines(_all(recipe)),
        *(_lines(_requirements(environment)) for environment in recipe.environments),
        *(_lines(_rule(step)) for step in recipe.steps),
    ]
    return "\n\n".join(parts)


def _lines(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _input(file: File) -> Iterator[str]:
    yield f"# Input {file.number}: {file.title}"
    if file.recorded:
        yield f"# Recorded at {one_line(file.recorded)}"
    if file.gap:
        yield f"# Not recorded: {file.gap}"
    gap = f"It is not recorded where the input {file.title} was: set input_{file.number} to its path."
    if file.path is None:
        yield f"# Not recorded: {gap}"
    yield f"input_{file.number} = partial(given, 'input_{file.number}', {file.path!r}, {gap!r})"


def _all(recipe: Recipe) -> Iterator[str]:
    yield "rule all:"
    yield "    input:"
    for step in recipe.steps:
        yield from (f"        {_read(file)}," for file in step.outputs if file.path is not None)
        if all(file.path is None for file in step.outputs):
            yield f"        'step-{step.number}.done',"
    yield from (f"        {environment.file!r}," for environment in recipe.environments)
    yield "    run:"
    yield "        differing = []"
    for file in (file for step in recipe.steps for file in step.outputs if file.path is not None):
        if file.checksum and not file.unchecked:
            name, digits = file.checksum
            yield f"        if not same({file.path!r}, {name!r}, {digits!r}):"
            yield f"            differing.append({file.path!r})"
        else:
            yield f"        not_compared({file.unchecked!r})"
    yield "        if differing:"
    yield "            raise ValueError('These files differ from what was recorded: ' + ', '.join(differing))"


def _requirements(environment: Environment) -> Iterator[str]:
    yield f"# Packages: python3 -m venv venv && venv/bin/pip install -r {environment.file}"
    yield from (f"# Not recorded: the version of {name}" for name in environment.unpinned)
    yield f"rule requirements_{environment.number}:"
    yield "    output:"
    yield f"        {environment.file!r},"
    yield "    run:"
    yield "        with open(output[0], 'w') as file:"
    yield "            file.writelines(line + '\\n' for line in ["
    yield from (f"                {f'{name}=={version}'!r}," for name, version in environment.packages)
    yield "            ])"


def _rule(step: Step) -> Iterator[str]:
    yield f"# {step.title}"
    yield f"# Run {one_line(step.run.id)}"
    if step.environment:
        yield f"# Packages: {step.environment.file}"
    if step.recorded_program != step.program:
        yield f"# Program recorded at {one_line(step.recorded_program or '')}"
    yield from (f"# Note: {note}" for note in step.notes)
    yield from (f"# Not recorded: {gap}" for gap in step.gaps)
    yield f"rule step_{step.number}:"
    yield "    input:"
    yield f"        lambda wildcards: [{', '.join(_read(file) for file in step.inputs if not file.is_url)}],"
    yield "    output:"
    yield from (f"        {place}," for place in _outputs(step))
    yield "    run:"
    if step.gaps:
        yield f"        raise ValueError({' '.join(step.gaps)!r})"
        return
    for file in step.inputs:
        if file.step is None and file.checksum and not file.unchecked:
            name, digits = file.checksum
            differs = f"The input {file.title} has another content than recorded."
            yield f"        check(input_{file.number}(), {name!r}, {digits!r}, {differs!r})"
        elif file.step is None:
            yield f"        not_compared({file.unchecked!r})"
    yield from (f"        os.makedirs({directory!r}, exist_ok=True)" for directory in step.directories)
    yield "        subprocess.run(["
    yield f"            {step.program!r},"
    yield from (f"            {_argument(argument)}," for argument in step.arguments)
    yield "        ], check=True)"


def _outputs(step: Step) -> Iterator[str]:
    """Yield the outputs of a rule: of a step without known files, a mark that it ran."""
    places = [file for file in step.outputs if file.path is not None]
    yield from (f"directory({file.path!r})" if file.is_directory else repr(file.path) for file in places)
    if not places:
        yield f"touch('step-{step.number}.done')"


def _read(file: File) -> str:
    """Return the expression for a file that a step needs."""
    if file.step is None:
        return f"input_{file.number}()"
    return repr(f"step-{file.step}.done" if file.path is None else file.path)


def _argument(argument: Argument) -> str:
    file = argument.file
    if file is None:
        return repr(argument.text)
    if file.step is None:
        return (f"{argument.text!r} + " if argument.text else "") + f"input_{file.number}()"
    return repr(argument.text + (file.path or ""))
