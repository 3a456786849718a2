"""Plans a recipe: which file each step reads and writes at which path, and what is missing."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from provtap.recipe.command_line import (
    CommandLine,
    Mention,
    forms,
    is_url,
    plain,
    read_command_line,
    recorded_words,
    root_of,
    suffixes,
    to_call,
)
from provtap.recipe.steps import CHECKSUM_PROGRAMS, Argument, Environment, File, Recipe, Step, one_line
from provtap.runs import Run, Thing

_UNFIT = re.compile(r"[{}\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Characters that paths of outputs cannot have: braces are wildcards of Snakemake."""
_DIGEST = re.compile(r"[0-9a-f]{32,128}")
_PROGRAM = re.compile(r"(?!\.{1,2}$|.*/$|-)[^=]+", re.DOTALL)
"""Names that `env` takes for programs."""
_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")


def why_uncallable(run: Run, title: str) -> str | None:
    """Return why a recipe cannot call the program of a run, in a sentence with *title*; None if it can."""
    try:
        words = recorded_words(run)
    except ValueError:
        return f"The command line of {title} has quotes that are not closed."
    if not words:
        return f"The command line of {title} is not recorded."
    if not _PROGRAM.fullmatch(to_call(words[0])):
        return f"The command line of {title} does not begin with the name of a program."
    return None


def plan(product: str, runs: Sequence[Run], address: str, before: Mapping[str, Run] = {}) -> Recipe:
    """Return the recipe for a product of the last of *runs*, which are in order; *address* is its page.

    What those in *before* made is an input, because a recipe cannot call them.
    """
    made = {thing.id for run in runs for thing in run.outputs}
    needed = {product} | {thing.id for run in runs for thing in run.inputs}
    recorded = [_Recorded(number, run) for number, run in enumerate(runs, start=1)]
    files = _Files()
    for each in recorded:
        for thing in each.inputs:
            if thing.id not in made:
                files.add_input(thing, each.line, before.get(thing.made_by or ""))
    inputs = tuple(files.by_id.values())
    environments = _Environments()
    steps = tuple(_PlannedStep(each, files, needed).step(environments.of(each.run)) for each in recorded)
    return Recipe(
        product=files.by_id[product],
        product_id=product,
        address=address,
        steps=steps,
        inputs=inputs,
        environments=tuple(environments.by_packages.values()),
    )


class _Recorded:
    """A run with its command line."""

    def __init__(self, number: int, run: Run) -> None:
        self.number = number
        self.run = run
        self.title = f"step {number} ({_called(run)})"
        self.gap = why_uncallable(run, self.title)
        self.line = None if self.gap else read_command_line(run)

    @property
    def words(self) -> tuple[str, ...]:
        """Its arguments."""
        return self.line.arguments if self.line else ()

    @property
    def inputs(self) -> Iterator[Thing]:
        """Yield its inputs, each once, with the configuration files that are no entities."""
        places = {thing.location for thing in self.run.inputs}
        yield from {thing.id: thing for thing in self.run.inputs}.values()
        for path in dict.fromkeys(self.run.configuration):
            if path not in places:
                yield Thing(path, path.rstrip("/").rpartition("/")[2], None, location=path)


class _Files:
    """The files of a recipe. Each has its own path."""

    def __init__(self) -> None:
        self.by_id: dict[str, File] = {}
        self.paths: set[str] = set()
        self._made = 0

    def add_input(self, thing: Thing, line: CommandLine | None, maker: Run | None) -> None:
        """Add an input, unless it is there; its path is the one on a command line, or the recorded one.

        *maker* is the run that made it, if a recipe cannot call that.
        """
        if thing.id in self.by_id:
            return
        mentions = line.by_location.get(thing.location or "", ()) if line else ()
        path = next((plain(mention.path) for mention in mentions), None)
        if path is None or path in self.paths:
            path = plain(thing.location) if thing.location else None
        gap = (
            None
            if maker is None
            else why_uncallable(maker, f"{_called(maker)}, which made {_name_of(thing)},")
        )
        self._add(thing, path, None, len(self.by_id) + 1, gap)

    def add_output(self, thing: Thing, path: str | None, step: int) -> File:
        """Add what a step makes."""
        self._made += 1
        return self._add(thing, path, step, self._made)

    def _add(
        self, thing: Thing, path: str | None, step: int | None, number: int, gap: str | None = None
    ) -> File:
        if path is not None:
            self.paths.add(posixpath.normpath(path))
        self.by_id[thing.id] = File(
            number=number,
            name=_name_of(thing),
            path=path,
            recorded=thing.location,
            checksum=_best_checksum(thing.digests),
            step=step,
            is_directory=thing.is_collection,
            gap=gap,
        )
        return self.by_id[thing.id]


def _name_of(thing: Thing) -> str:
    last = (thing.location or thing.id).rstrip("/").rpartition("/")[2]
    return thing.name or last or thing.id


def _called(run: Run) -> str:
    return f"{one_line(run.program or 'unnamed')}, {one_line(run.id)}"


class _Environments:
    """The distinct sets of packages of all runs."""

    def __init__(self) -> None:
        self.by_packages: dict[tuple[tuple[str, str], ...], Environment] = {}

    def of(self, run: Run) -> Environment | None:
        """Return the environment of a run, if its packages are recorded."""
        packages = tuple(sorted(run.packages.items()))
        if not packages:
            return None
        if packages not in self.by_packages:
            pinned = tuple((n, v) for n, v in packages if _PACKAGE.fullmatch(n) and _VERSION.fullmatch(v))
            others = tuple(one_line(name) for name, version in packages if (name, version) not in pinned)
            self.by_packages[packages] = Environment(len(self.by_packages) + 1, pinned, others)
        return self.by_packages[packages]


class _PlannedStep:
    """A step, while its paths are chosen."""

    def __init__(self, recorded: _Recorded, files: _Files, needed: Set[str]) -> None:
        self._recorded = recorded
        self._run = recorded.run
        self._line = recorded.line
        self._title = recorded.title
        self._gaps = [recorded.gap] if recorded.gap else []
        self._notes: list[str] = []
        self._inputs = tuple(files.by_id[thing.id] for thing in recorded.inputs)
        locations = [plain(thing.location) for thing in self._run.outputs if thing.location]
        self._in_place = {plain(file.recorded) for file in self._inputs if file.recorded} & {*locations}
        """Paths that the run both read and wrote."""
        self._tell_of_outputs(needed)
        self._root = root_of(recorded.words, locations)
        """The directory of outputs that the command line names."""
        self._base = ""
        """The directory that the recipe puts in its place."""
        self._outputs = tuple(self._add_outputs(files))
        self._whole_places = [place for place in map(plain, locations) if place.startswith("/")]
        self._at: defaultdict[str, list[File]] = defaultdict(list)
        """The files of the run by their recorded locations."""
        for file in (*self._inputs, *self._outputs):
            self._at[file.recorded or ""].append(file)

    def step(self, environment: Environment | None) -> Step:
        """Return it complete."""
        arguments = tuple(map(self._argument, self._recorded.words))
        if self._run.status not in {None, "completed"}:
            self._notes.append(f"The run ended with the status {one_line(str(self._run.status))}.")
        if environment is None:
            self._notes.append("The packages of its software environment are not recorded.")
        return Step(
            number=self._recorded.number,
            run=self._run,
            program=self._line.called if self._line else None,
            recorded_program=self._line.program if self._line else None,
            arguments=arguments,
            inputs=self._inputs,
            outputs=self._outputs,
            directories=tuple(self._directories()),
            environment=environment,
            gaps=tuple(dict.fromkeys(self._gaps)),
            notes=tuple(dict.fromkeys(self._notes)),
        )

    def _tell_of_outputs(self, needed: Set[str]) -> None:
        for thing in self._run.outputs:
            name = one_line(thing.name or thing.id)
            if not thing.location and thing.id in needed:
                self._gaps.append(f"It is not recorded where {self._title} wrote {name}.")
            elif thing.location and plain(thing.location) in self._in_place:
                self._gaps.append(
                    f"In {self._title}, {name} was changed in place, which a recipe cannot do again."
                )

    def _add_outputs(self, files: _Files) -> Iterator[File]:
        paths = {thing.id: self._output_path(thing) for thing in self._run.outputs}
        if any(path in files.paths for path in paths.values()) and self._recorded.words:
            self._base = f"step-{self._recorded.number}"
        for thing in self._run.outputs:
            path = paths[thing.id]
            if path is not None and self._base and self._is_redirected(thing):
                path = f"{self._base}/{path}"
            if path in files.paths:
                self._gaps.append(
                    f"In {self._title}, {one_line(path)} is written, as by another run, and the command line"
                    " does not say where."
                )
            yield files.add_output(thing, path, self._recorded.number)

    def _is_redirected(self, thing: Thing) -> bool:
        """Return whether the command line says where a thing goes."""
        below = self._root is not None and plain(thing.location or "").startswith(f"{self._root}/")
        return below or bool(self._mentions(thing))

    def _mentions(self, thing: Thing) -> Sequence[Mention]:
        return self._line.by_location.get(thing.location or "", ()) if self._line else ()

    def _output_path(self, thing: Thing) -> str | None:
        """Return where a thing is written: always below the directory in which the recipe runs."""
        if not thing.location:
            return None
        location = posixpath.normpath(plain(thing.location))
        if self._root is not None and location.startswith(f"{self._root}/"):
            return _fit(location[len(self._root) + 1 :])
        for mention in self._mentions(thing):
            path = plain(mention.path)
            if not path.startswith("/") and not is_url(path):
                return _fit(re.sub(r"^(\.\./)+", "", posixpath.normpath(path)))
        return _fit(location.rpartition("/")[2])

    def _argument(self, word: str) -> Argument:
        """Return an argument with the file that it names, if it names one."""
        mentions = self._line.by_word[word] if self._line else ()
        found = [(mention, file) for mention in mentions for file in self._at[mention.location]]
        if len(found) > 1:
            if not {plain(mention.location) for mention, _ in found} <= self._in_place:
                self._gaps.append(
                    f"The argument {one_line(word)} of {self._title} may be any of {len(found)} files."
                )
        elif found:
            [(mention, file)] = found
            return Argument(word) if file.is_url else Argument(mention.before, file)
        for before, path in forms(word):
            normal = posixpath.normpath(path)
            if self._root is not None and (normal == self._root or normal.startswith(f"{self._root}/")):
                place = posixpath.relpath(normal, self._root)
                self._notes.append(f"The directory {one_line(path)} is replaced by one of the recipe.")
                return Argument(before + posixpath.normpath(posixpath.join(self._base, place)))
        if any(place in word for place in self._whole_places):
            self._gaps.append(
                f"The argument {one_line(word)} of {self._title} names its output in a form that a recipe"
                " cannot change."
            )
        for _, path in forms(word):
            if path.startswith(("/", "../")):
                self._notes.append(f"{one_line(path)} is not recorded as a file of this run.")
        return Argument(word)

    def _directories(self) -> Iterator[str]:
        """Yield the directories that the step needs: those of its outputs, and of other relative paths."""
        values = [parameter.value for parameter in self._run.parameters]
        known = {end for value in values if value.startswith("/") for end in suffixes(value)}
        paths = [file.path for file in self._outputs if file.path is not None]
        paths += [path for word in self._recorded.words for _, path in forms(word) if path in known]
        found = dict.fromkeys(posixpath.dirname(posixpath.normpath(path)) for path in paths)
        yield from (
            each for each in found if each and not _UNFIT.search(each) and ".." not in each.split("/")
        )


def _fit(path: str) -> str:
    path = _UNFIT.sub("_", path)
    return path if path.strip("./ ") else "output"


def _best_checksum(digests: Iterable[str]) -> tuple[str, str] | None:
    """Return the longest of the checksums that a recipe can compare."""
    parts = (digest.rpartition(":") for digest in sorted(digests))
    known = {name.lower().replace("-", ""): digits.lower() for name, _, digits in parts}
    return next(
        (
            (name, known[name])
            for name in reversed(CHECKSUM_PROGRAMS)
            if _DIGEST.fullmatch(known.get(name, ""))
        ),
        None,
    )
