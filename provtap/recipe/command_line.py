"""A recorded command line, and which of its words name the files of the run."""

import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from provtap.runs import Run

COMMAND_LINE = "command_line"
WORKING_DIRECTORY = "working_directory"


@dataclass(frozen=True)
class Word:
    """A word of a command line."""

    text: str

    def forms(self) -> Iterator[tuple[str, str]]:
        """Yield what may be a path in it, after the rest: `PATH`, `--option=PATH`, `-oPATH`."""
        yield "", self.text
        before, equals, path = self.text.partition("=")
        if equals and path:
            yield before + equals, path
        if re.match(r"-[A-Za-z].", self.text):
            yield self.text[:2], self.text[2:]


@dataclass(frozen=True)
class CommandLine:
    """The program and arguments of a run."""

    program: str
    arguments: tuple[Word, ...]
    directory: str | None
    """Where it ran: recorded, or the one directory that fits the relative paths."""
    in_full: frozenset[str]
    """The locations that it names by their whole paths."""

    @property
    def called(self) -> str:
        """The program to call: one with a whole path may be elsewhere on another machine."""
        return self.program.rpartition("/")[2] if self.program.startswith("/") else self.program

    def names(self, word: Word, location: str | None) -> tuple[str, str] | None:
        """Return the beginning of *word* and the path in it, if this is that of *location*."""
        if location is not None:
            for before, path in word.forms():
                if location in self.in_full and not _is_whole(path):
                    continue  # a word that only looks like it
                if same_place(path, location, self.directory):
                    return before, path
        return None


def read_command_line(run: Run, locations: Iterable[str | None]) -> CommandLine | None:
    """Return the command line of a run with files at *locations*; None if none is recorded.

    Raises: ValueError if its quotes are not closed.
    """
    values = {parameter.name: parameter.value for parameter in run.parameters}
    program, *words = shlex.split(values.get(COMMAND_LINE, "")) or [""]
    if not program:
        return None
    arguments = tuple(map(Word, words))
    paths = {path for word in arguments for _, path in word.forms()}
    whole = [path for path in paths if _is_whole(path)]
    places = {each for each in locations if each}
    in_full = frozenset(each for each in places if any(same_place(path, each, None) for path in whole))
    directory = values.get(WORKING_DIRECTORY) or _working_directory(paths, places - in_full)
    return CommandLine(program, arguments, directory, in_full)


def _is_whole(path: str) -> bool:
    return path.startswith("/") or "://" in path


def _working_directory(paths: Iterable[str], locations: Iterable[str]) -> str | None:
    """Return the one directory in which most relative *paths* are those of *locations*, if any."""
    places = {posixpath.normpath(plain(each)) for each in locations}
    found = Counter(
        place[: -len(path) - 1]
        for path in {posixpath.normpath(each) for each in paths}
        for place in places
        if not path.startswith((".", "/")) and place.startswith("/") and place.endswith(f"/{path}")
    ).most_common(2)
    alone = len(found) == 1 or (len(found) == 2 and found[0][1] > found[1][1])
    return (found[0][0] or "/") if alone else None


def plain(location: str) -> str:
    """Return a location as the path that a command line has: without the scheme of a local file."""
    if location.startswith("file://"):
        return unquote(re.sub(r"^file://[^/]*", "", location))
    return location


def same_place(path: str, location: str, directory: str | None) -> bool:
    """Return whether a path on a command line names the file at *location*.

    If the working directory is not recorded, a relative path is the end of that of its file.
    """
    location = plain(location)
    if path == location:
        return True
    if not path or is_url(path) or is_url(location):
        return False
    short = posixpath.normpath(plain(path))
    location = posixpath.normpath(location)
    if short.startswith("/") or not location.startswith("/"):
        return short == location
    if directory:
        return posixpath.normpath(posixpath.join(directory, short)) == location
    end = re.sub(r"^(\.\./)+", "", short)
    return end not in {".", ".."} and location.endswith(f"/{end}")


def is_url(path: str) -> bool:
    """Return whether a location has a scheme, except that of a local file."""
    return re.match(r"[A-Za-z][\w+.-]*://", path) is not None and not path.startswith("file://")


def root_of(words: Sequence[Word], locations: Sequence[str]) -> str | None:
    """Return the shortest of the directories in *words* that one of *locations* is below."""
    paths = {posixpath.normpath(path) for word in words for _, path in word.forms() if path.startswith("/")}
    found = [
        each for each in paths if each != "/" and any(plain(at).startswith(f"{each}/") for at in locations)
    ]
    return min(found, key=len, default=None)
