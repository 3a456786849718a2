"""A recorded command line, and which of its words name the files of the run."""

import posixpath
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from provtap.runs import Run

COMMAND_LINE = "command_line"
WORKING_DIRECTORY = "working_directory"
PATH_LENGTH = 4_096
"""Characters. Longer texts are no paths."""


@dataclass(frozen=True)
class Mention:
    """A word that names a file."""

    before: str
    """The word up to the path, such as `--output=`."""
    path: str
    location: str
    """The recorded location of the file."""


@dataclass(frozen=True)
class CommandLine:
    """The program and arguments of a run."""

    program: str
    arguments: tuple[str, ...]
    by_word: Mapping[str, Sequence[Mention]]
    """The files that a word may name: more than one if it is ambiguous."""
    by_location: Mapping[str, Sequence[Mention]]
    """The words for a file, in order."""

    @property
    def called(self) -> str:
        """The program to call."""
        return to_call(self.program)


def to_call(program: str) -> str:
    """Return a program as it is to be called: one with a whole path may be elsewhere on another machine."""
    return program.rpartition("/")[2] if program.startswith("/") else program


def recorded_words(run: Run) -> list[str]:
    """Return the program of a run and its arguments; nothing if they are not recorded.

    Raises: ValueError if there are quotes that are not closed.
    """
    words = shlex.split(_values(run).get(COMMAND_LINE, ""))
    return words if words and words[0] else []


def _values(run: Run) -> dict[str, str]:
    return {parameter.name: parameter.value for parameter in run.parameters}


def read_command_line(run: Run) -> CommandLine | None:
    """Return the command line of a run; None if none is recorded.

    Raises: ValueError if its quotes are not closed.
    """
    program, *words = recorded_words(run) or [""]
    if not program:
        return None
    files = [each.location for each in (*run.inputs, *run.outputs) if each.location]
    places = _Places([*files, *run.configuration], words, _values(run).get(WORKING_DIRECTORY))
    by_word = {word: list(places.mentions(word)) for word in dict.fromkeys(words)}
    by_location: defaultdict[str, list[Mention]] = defaultdict(list)
    for mentions in by_word.values():
        for mention in mentions:
            by_location[mention.location].append(mention)
    return CommandLine(program, tuple(words), by_word, by_location)


def forms(word: str) -> Iterator[tuple[str, str]]:
    """Yield what may be a path in a word, after the rest: `PATH`, `--option=PATH`, `-oPATH`."""
    yield "", word
    before, equals, path = word.partition("=")
    if equals and path:
        yield before + equals, path
    if re.match(r"-[A-Za-z].", word):
        yield word[:2], word[2:]


def plain(location: str) -> str:
    """Return a location as the path that a command line has: without the scheme of a local file."""
    if location.startswith("file://"):
        return unquote(re.sub(r"^file://[^/]*", "", location))
    return location


def is_url(path: str) -> bool:
    """Return whether a location has a scheme, except that of a local file."""
    return re.match(r"[A-Za-z][\w+.-]*://", path) is not None and not path.startswith("file://")


def suffixes(path: str) -> Iterator[str]:
    """Yield the ends of an absolute path, from its second part on, such as `b/c` and `c` of `/a/b/c`."""
    parts = path.split("/") if len(path) <= PATH_LENGTH else []
    for start in range(1, len(parts)):
        yield "/".join(parts[start:])


def root_of(words: Iterable[str], locations: Iterable[str]) -> str | None:
    """Return the shortest of the directories in *words* that one of *locations* is below."""
    above = {str(parent) for each in locations if len(each) <= PATH_LENGTH for parent in _parents(each)}
    named = {posixpath.normpath(path) for word in words for _, path in forms(word) if path.startswith("/")}
    return min(named & above, key=len, default=None)


def _parents(path: str) -> Iterator[str]:
    directory = posixpath.dirname(posixpath.normpath(path))
    while directory.strip("/"):
        yield directory
        directory = posixpath.dirname(directory)


class _Places:
    """The recorded locations of the files of a run, by the paths that may name them."""

    def __init__(self, locations: Iterable[str], words: Sequence[str], directory: str | None) -> None:
        self._exact: defaultdict[str, set[str]] = defaultdict(set)
        self._normal: defaultdict[str, set[str]] = defaultdict(set)
        for location in locations:
            self._exact[location].add(location)
            self._exact[plain(location)].add(location)
            if not is_url(location):
                self._normal[posixpath.normpath(plain(location))].add(location)
        paths = {path for word in words for _, path in forms(word)}
        in_full = {each for path in paths if _is_whole(path) for each in self._whole(path)}
        self._ends: defaultdict[str, set[str]] = defaultdict(set)
        """Locations by their ends, without those that a word names in full: others only look like them."""
        for normal, found in self._normal.items():
            for end in suffixes(normal) if normal.startswith("/") and not found & in_full else ():
                self._ends[end] |= found
        self._directory = directory or self._working_directory(paths)

    def mentions(self, word: str) -> Iterator[Mention]:
        """Yield the files that a word names."""
        seen: set[str] = set()
        for before, path in forms(word):
            for location in sorted(self._named(path) - seen):
                seen.add(location)
                yield Mention(before, path, location)

    def _named(self, path: str) -> set[str]:
        if _is_whole(path) or not path:
            return self._whole(path)
        short = posixpath.normpath(path)
        exact = self._exact.get(path, set()) | self._normal.get(short, set())
        if exact:
            return exact
        if self._directory:
            return self._normal.get(posixpath.normpath(posixpath.join(self._directory, short)), set())
        return self._ends.get(re.sub(r"^(\.\./)+", "", short), set())

    def _whole(self, path: str) -> set[str]:
        if path in self._exact or is_url(path) or not path:
            return self._exact.get(path, set())
        return self._normal.get(posixpath.normpath(plain(path)), set())

    def _working_directory(self, paths: Iterable[str]) -> str | None:
        """Return the one directory in which most relative *paths* are those of files, if there is one."""
        found = Counter(
            posixpath.normpath(plain(location))[: -len(path) - 1]
            for path in {posixpath.normpath(each) for each in paths}
            for location in self._ends.get(path, ())
        ).most_common(2)
        alone = len(found) == 1 or (len(found) == 2 and found[0][1] > found[1][1])
        return (found[0][0] or "/") if alone else None


def _is_whole(path: str) -> bool:
    return path.startswith("/") or "://" in path
