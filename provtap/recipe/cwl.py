"""A recipe as a workflow of CWL 1.2, in one document.

No text of the store stands where CWL evaluates expressions: arguments are default values of inputs.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import yaml

from provtap.recipe.steps import CHECKSUM_PROGRAMS, Environment, File, Recipe, Step, one_line

Json = dict[str, Any]

_CHECK = """\
"$0" < "$2" | grep -q "^$1 " || { printf '%s\\n' "$3" >&2; exit 1; }
printf '%s\\n' "$2"
"""
_STOP = """\
printf '%s\\n' "$@" >&2
exit 1
"""


def as_cwl(recipe: Recipe) -> str:
    """Return a workflow that checks the inputs, runs the steps, and compares what they make."""
    shared = recipe.environments[0] if len(recipe.environments) == 1 else None
    all_have_it = shared is not None and all(step.environment is shared for step in recipe.steps)
    checked = [file for file in _files(recipe) if _is_compared(file)]
    tools = [_tool(step, None if all_have_it else step.environment) for step in recipe.steps]
    workflow: Json = {
        "class": "Workflow",
        "id": "main",
        "label": f"How {recipe.product.title} was made",
        "doc": "\n".join(recipe.heading),
        "inputs": {_name(file): _workflow_input(file) for file in recipe.inputs if not file.is_url},
        "outputs": {_name(file): _workflow_output(file) for file in _made(recipe)}
        | {
            f"compared_{_name(file)}": {"type": "File", "outputSource": f"compare_{_name(file)}/compared"}
            for file in checked
        },
        "steps": {f"step_{step.number}": _workflow_step(step) for step in recipe.steps}
        | {f"compare_{_name(file)}": _comparison(file) for file in checked},
    }
    if all_have_it and shared is not None:
        workflow["hints"] = _software(shared)
    document = {"cwlVersion": "v1.2", "$graph": [workflow, *tools, *([_CHECKSUM] if checked else [])]}
    head = "".join(f"# {line}\n" for line in (*recipe.heading, *_remarks(recipe)))
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)


def _remarks(recipe: Recipe) -> Iterator[str]:
    yield "Run it with the inputs that were recorded: cwltool recipe.cwl --input_1 FILE ..."
    for file in recipe.inputs:
        yield f"Input {file.number}: {file.title}, recorded at {one_line(file.recorded or 'no known path')}"
        if file.gap:
            yield f"Not recorded: {file.gap}"
    for file in _files(recipe):
        if file.unchecked:
            yield f"Not recorded: {file.unchecked}"
    for environment in recipe.environments:
        yield from (f"Not recorded: the version of the package {name}" for name in environment.unpinned)
    for step in recipe.steps:
        yield from (f"{step.title}: {note}" for note in step.notes)
        yield from (f"Not recorded: {gap}" for gap in _gaps(step))


def _gaps(step: Step) -> tuple[str, ...]:
    """Return what is missing, also for CWL alone: each step runs in a directory of its own."""
    odd = [each for each in step.directories if "$(" in each or "${" in each]
    return step.gaps + tuple(f"CWL cannot make the directory {one_line(each)}." for each in odd)


_CHECKSUM: Json = {
    "class": "CommandLineTool",
    "id": "checksum",
    "label": "Fails if a file has another checksum than recorded.",
    "baseCommand": ["sh", "-c", _CHECK],
    "inputs": {
        name: {"type": "File" if name == "file" else "string", "inputBinding": {"position": position}}
        for position, name in enumerate(("program", "checksum", "file", "sentence"))
    },
    "stdout": "compared.txt",
    "outputs": {"compared": "stdout"},
}


def _tool(step: Step, environment: Environment | None) -> Json:
    """Return the tool of a step; one that fails with a sentence if something is missing."""
    gaps = _gaps(step)
    command = ["sh", "-c", _STOP, "sh"] if gaps else [step.program or ""]
    inputs: Json = {f"gap_{number}": _constant(gap, number) for number, gap in enumerate(gaps)}
    inputs |= {name: _type(file) for name, file in _needed(step)}
    inputs |= {} if gaps else dict(_arguments(step))
    checks = [file for file in step.inputs if file.step is None and _is_compared(file)]
    inputs |= {f"compared_{_name(file)}": {"type": "File"} for file in checks}
    tool: Json = {
        "class": "CommandLineTool",
        "id": f"tool_{step.number}",
        "label": step.title,
        "doc": one_line(step.run.id),
        "baseCommand": command,
        "inputs": inputs,
        "outputs": {
            _name(file): _type(file) | {"outputBinding": {"glob": _glob(file.path)}}
            for file in step.outputs
            if file.path is not None
        },
    }
    if step.directories and not gaps:
        listing = _directories([each.split("/") for each in step.directories])
        tool["requirements"] = {"InitialWorkDirRequirement": {"listing": listing}}
    if environment is not None:
        tool["hints"] = _software(environment)
    return tool


def _arguments(step: Step) -> Iterator[tuple[str, Json]]:
    """Yield the arguments in order, each as an input; its name is its own, or that of the file."""
    named: set[str] = set()
    for position, argument in enumerate(step.arguments, start=1):
        file = argument.file
        if file is None or file.step == step.number:
            text = argument.text if file is None else argument.text + (file.path or "")
            yield f"argument_{position}", _constant(text, position)
            continue
        prefix = {"prefix": argument.text, "separate": False} if argument.text else {}
        name = f"argument_{position}" if _name(file) in named else _name(file)
        named.add(name)
        yield name, _type(file) | {"inputBinding": {"position": position} | prefix}


def _needed(step: Step) -> Iterator[tuple[str, File]]:
    """Yield the files that a step reads, with the names of its inputs; one named again has several."""
    yield from ((_name(file), file) for file in step.inputs if not file.is_url)
    named: set[str] = set()
    for position, argument in enumerate(step.arguments, start=1):
        file = argument.file
        if file is not None and file.step != step.number:
            if _name(file) in named:
                yield f"argument_{position}", file
            named.add(_name(file))


def _constant(text: str, position: int) -> Json:
    return {"type": "string", "default": text, "inputBinding": {"position": position}}


def _workflow_step(step: Step) -> Json:
    sources: Json = {name: _source(file) for name, file in _needed(step)}
    for file in step.inputs:
        if file.step is None and _is_compared(file):
            sources[f"compared_{_name(file)}"] = f"compare_{_name(file)}/compared"
    outputs = [_name(file) for file in step.outputs if file.path is not None]
    return {"run": f"#tool_{step.number}", "in": sources, "out": outputs}


def _comparison(file: File) -> Json:
    assert file.checksum is not None
    name, digits = file.checksum
    which = "input" if file.step is None else "output"
    return {
        "run": "#checksum",
        "in": {
            "program": {"default": CHECKSUM_PROGRAMS[name]},
            "checksum": {"default": digits},
            "file": _source(file),
            "sentence": {"default": f"The {which} {file.title} has another content than recorded."},
        },
        "out": ["compared"],
    }


def _workflow_input(file: File) -> Json:
    return _type(file) | {"label": file.title} | ({"doc": one_line(file.recorded)} if file.recorded else {})


def _workflow_output(file: File) -> Json:
    return _type(file) | {"outputSource": _source(file)}


def _files(recipe: Recipe) -> Iterator[File]:
    yield from recipe.inputs
    yield from _made(recipe)


def _made(recipe: Recipe) -> Iterator[File]:
    yield from (file for step in recipe.steps for file in step.outputs if file.path is not None)


def _is_compared(file: File) -> bool:
    return file.checksum is not None and file.unchecked is None


def _name(file: File) -> str:
    return f"{'input' if file.step is None else 'output'}_{file.number}"


def _source(file: File) -> str:
    return _name(file) if file.step is None else f"step_{file.step}/{_name(file)}"


def _type(file: File) -> Json:
    return {"type": "Directory" if file.is_directory else "File"}


def _glob(path: str | None) -> str:
    """Return a pattern for exactly one path, in which CWL sees no expression."""
    return re.sub(r"[*?\[$\\]", lambda found: f"[{found[0]}]", path or "")


def _directories(paths: Iterable[Sequence[str]]) -> list[Json]:
    """Return empty directories, within each other."""
    inner: dict[str, list[Sequence[str]]] = {}
    for path in paths:
        inner.setdefault(path[0], []).extend([path[1:]] if path[1:] else [])
    return [
        {"class": "Directory", "basename": name, "listing": _directories(below)}
        for name, below in inner.items()
    ]


def _software(environment: Environment) -> Json:
    packages = {name: {"version": [version]} for name, version in environment.packages}
    return {"SoftwareRequirement": {"packages": packages}}
