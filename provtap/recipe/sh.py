"""A recipe as a script for any POSIX shell."""

import shlex
from collections.abc import Iterable, Iterator

from provtap.recipe.command_line import plain
from provtap.recipe.steps import CHECKSUM_PROGRAMS, Argument, Environment, File, Recipe, Step, one_line

_HEAD = """\
#!/bin/sh
{heading}
#
# Run it in an empty directory: sh recipe.sh
# Inputs are read at the paths below, or at others: input_1=/my/copy sh recipe.sh
# With --strict it also stops where a content cannot be compared.
# It ends with 1 if something is missing, or differs from what was recorded.
set -eu

strict=no
[ "${{1-}}" != --strict ] || strict=yes
differing=0

stop() {{
    printf '%s\\n' "$1" >&2
    exit 1
}}

# not_compared SENTENCE
not_compared() {{
    printf '%s\\n' "$1" >&2
    [ "$strict" = no ] || exit 1
}}

# same PROGRAM CHECKSUM FILE: whether the file has the checksum.
same() {{
    "$1" < "$3" | grep -q "^$2 "
}}

# compare PROGRAM CHECKSUM FILE
compare() {{
    if same "$@"; then
        printf 'As recorded: %s\\n' "$3"
    else
        printf 'Differs from what was recorded: %s\\n' "$3" >&2
        differing=1
    fi
}}
"""


def as_sh(recipe: Recipe) -> str:
    """Return a script that checks the inputs, runs the steps, and compares what they make."""
    parts = [
        _HEAD.format(heading="\n".join(f"# {line}" for line in recipe.heading)),
        *map(_requirements, recipe.environments),
        *_gaps(recipe),
        "\n".join(_programs(recipe)),
        *map(_input, recipe.inputs),
        "\n".join(_fresh(recipe.steps)),
        *map(_step, recipe.steps),
        '[ "$differing" = 0 ] || stop "Some files differ from what was recorded."\n',
    ]
    return "\n".join(part for part in parts if part)


def _gaps(recipe: Recipe) -> Iterator[str]:
    """Yield a check that fails for what was not recorded, before anything runs."""
    gaps = [gap for step in recipe.steps for gap in step.gaps]
    if gaps:
        checks = [f"printf '%s\\n' {shlex.quote(gap)} >&2" for gap in gaps]
        yield "\n".join(["# Not recorded, so it cannot run:", *checks, "exit 1"]) + "\n"


def _input(file: File) -> str:
    variable = f"input_{file.number}"
    lines = [f"# Input {file.number}: {file.title}"]
    if file.recorded:
        lines.append(f"# Recorded at {one_line(file.recorded)}")
    if file.gap:
        lines.append(f"# Not recorded: {file.gap}")
    if file.is_url:
        return "\n".join([*lines, f"not_compared {shlex.quote(file.unchecked or '')}"]) + "\n"
    if file.path is None:
        gap = f"It is not recorded where the input {file.title} was: set {variable} to its path."
        lines += [f"# Not recorded: {gap}", f'[ -n "${{{variable}-}}" ] || stop {shlex.quote(gap)}']
    else:
        lines.append(f"{variable}_recorded={shlex.quote(file.path)}")
        lines.append(f"{variable}=${{{variable}:-${variable}_recorded}}")
    lines.append(f'[ -e "${variable}" ] || stop {shlex.quote(_missing(file))}')
    if file.checksum and not file.unchecked:
        name, digits = file.checksum
        differs = f"The input {file.title} has another content than recorded."
        lines.append(f'same {CHECKSUM_PROGRAMS[name]} {digits} "${variable}" || stop {shlex.quote(differs)}')
    else:
        lines.append(f"not_compared {shlex.quote(file.unchecked or '')}")
    return "\n".join(lines) + "\n"


def _missing(file: File) -> str:
    variable = f"input_{file.number}"
    if file.path is None:
        return f"The input {file.title} is missing: set {variable} to its path."
    if not file.recorded or plain(file.recorded) == file.path:
        return f"The input {one_line(file.path)} is missing: set {variable} to the path of a copy."
    return (
        f"The input {file.title}, recorded at {one_line(file.recorded)}, is missing: copy it to"
        f" {one_line(file.path)}, or set {variable} to its path."
    )


def _requirements(environment: Environment) -> str:
    """Return commands that write a file of requirements, for pip."""
    lines = [f"# Packages: python3 -m venv venv && venv/bin/pip install -r {environment.file}"]
    lines += [f"# Not recorded: the version of {name}" for name in environment.unpinned]
    pins = [shlex.quote(f"{name}=={version}") for name, version in environment.packages]
    lines.append(" \\\n    ".join([r"printf '%s\n'", *pins, f"> {environment.file}"]))
    return "\n".join(lines) + "\n"


def _programs(recipe: Recipe) -> Iterator[str]:
    """Yield checks that the programs are installed."""
    called = [step.program for step in recipe.steps if step.program and not step.gaps]
    made = [file for step in recipe.steps for file in step.outputs]
    compared = [file.checksum[0] for file in (*recipe.inputs, *made) if file.checksum and not file.unchecked]
    for program in dict.fromkeys([*called, *(CHECKSUM_PROGRAMS[name] for name in compared)]):
        missing = f"The program {one_line(program)} is not installed, or not in PATH."
        yield f"command -v {shlex.quote(program)} > /dev/null || stop {shlex.quote(missing)}"
    yield ""


def _fresh(steps: Iterable[Step]) -> Iterator[str]:
    """Yield checks that nothing would be overwritten."""
    for file in (file for step in steps for file in step.outputs):
        if file.path is not None:
            there = f"{one_line(file.path)} is already there: run the recipe in an empty directory."
            yield f"[ ! -e {shlex.quote(file.path)} ] || stop {shlex.quote(there)}"
    yield ""


def _step(step: Step) -> str:
    run = step.run
    lines = [f"# {step.title}", f"# Run {one_line(run.id)}"]
    if run.start_time:
        lines[-1] += f", started {run.start_time.isoformat()}Z"
    if step.recorded_program != step.program:
        lines.append(f"# Program recorded at {one_line(step.recorded_program or '')}")
    if step.environment:
        lines.append(f"# Packages: {step.environment.file}")
    lines += [f"# Note: {note}" for note in step.notes]
    if step.gaps:
        lines += [f"# Not recorded: {gap}" for gap in step.gaps]
        return "\n".join(lines) + "\n"
    lines += [f"mkdir -p -- {shlex.quote(directory)}" for directory in step.directories]
    words = [f"env {shlex.quote(step.program or '')}", *map(_argument, step.arguments)]
    lines.append(" ".join(words))
    for file in step.outputs:
        lines += _output(step, file)
    return "\n".join(lines) + "\n"


def _output(step: Step, file: File) -> Iterator[str]:
    if file.path is None:
        yield f"# Not recorded: where this step wrote {file.title}"
        return
    path = shlex.quote(file.path)
    missing = f"{step.title} did not write {one_line(file.path)}."
    yield f"[ -e {path} ] || stop {shlex.quote(missing)}"
    if file.checksum and not file.unchecked:
        name, digits = file.checksum
        yield f"compare {CHECKSUM_PROGRAMS[name]} {digits} {path}"
    else:
        yield f"not_compared {shlex.quote(file.unchecked or '')}"


def _argument(argument: Argument) -> str:
    file = argument.file
    if file is None:
        return shlex.quote(argument.text)
    if file.step is None:
        return (shlex.quote(argument.text) if argument.text else "") + f'"$input_{file.number}"'
    return shlex.quote(argument.text + (file.path or ""))
