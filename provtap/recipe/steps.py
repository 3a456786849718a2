"""A recipe as values: steps with their arguments and files, and what was not recorded."""

import re
from dataclasses import dataclass

from provtap.recipe.command_line import is_url
from provtap.runs import Run

CHECKSUM_PROGRAMS = {
    "md5": "md5sum", "sha1": "sha1sum", "sha224": "sha224sum", "sha256": "sha256sum", "sha384": "sha384sum",
    "sha512": "sha512sum",
}  # fmt: skip
"""Programs for the checksums that a recipe can compare; Python's hashlib has them under the same names."""
_SEPARATORS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def one_line(text: str) -> str:
    """Return a text for a comment or message: control characters would end its line or change a terminal."""
    return _SEPARATORS.sub(lambda found: ascii(found[0])[1:-1], text)


@dataclass(frozen=True)
class File:
    """A file of a recipe: an input to be given, or one that a step makes."""

    number: int
    """Among the inputs, or among what the steps make."""
    name: str
    path: str | None
    """Where the recipe reads it unless another path is given, or writes it. None: it is not recorded."""
    recorded: str | None
    """Where it was."""
    checksum: tuple[str, str] | None
    """The best one that a recipe can compare: name of the algorithm, digits."""
    step: int | None
    """The step that makes it; None for an input."""
    is_directory: bool
    gap: str | None = None
    """Of an input that was made by a run: why the recipe does not make it, in a sentence."""

    @property
    def is_url(self) -> bool:
        """Whether the program itself reads it from the network."""
        return self.path is not None and is_url(self.path)

    @property
    def title(self) -> str:
        """Its name on one line."""
        return one_line(self.name)

    @property
    def unchecked(self) -> str | None:
        """Why its content cannot be compared, in one sentence."""
        if self.checksum is None:
            return f"The content of {self.title} is not compared: no checksum of it is recorded."
        if self.is_directory or self.is_url:
            return f"The content of {self.title} is not compared: it is not a single local file."
        return None


@dataclass(frozen=True)
class Argument:
    """An argument: a text, or the path of a file after a text."""

    text: str
    file: File | None = None


@dataclass(frozen=True)
class Environment:
    """The packages that runs had, as a file of requirements."""

    number: int
    packages: tuple[tuple[str, str], ...]
    unpinned: tuple[str, ...]
    """Packages whose version is not recorded or has an unknown form."""

    @property
    def file(self) -> str:
        """The name of the file of requirements."""
        return f"requirements-{self.number}.txt"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A run to be repeated."""

    number: int
    run: Run
    program: str | None
    recorded_program: str | None
    """The program as on the recorded command line, perhaps with the path that it had there."""
    arguments: tuple[Argument, ...]
    inputs: tuple[File, ...]
    outputs: tuple[File, ...]
    directories: tuple[str, ...]
    """Directories that must exist before, relative ones."""
    environment: Environment | None
    gaps: tuple[str, ...]
    """What is missing to repeat it: a sentence for each."""
    notes: tuple[str, ...]
    """What a reader should know: a sentence for each."""

    @property
    def title(self) -> str:
        """Its number, program and version, on one line."""
        name = one_line(" ".join(filter(None, [self.run.program, self.run.version])) or "unnamed")
        return f"Step {self.number} ({name})"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The steps that made a product, in an order in which they can run."""

    product: File
    product_id: str
    address: str
    """The page of the product."""
    steps: tuple[Step, ...]
    inputs: tuple[File, ...]
    environments: tuple[Environment, ...]

    @property
    def heading(self) -> tuple[str, ...]:
        """Lines for the beginning of a file."""
        return (
            f"How {self.product.title} was made, as ProvTAP recorded it.",
            f"Product: {one_line(self.product_id)}",
            f"Record:  {one_line(self.address)}",
        )
