"""Mappings from keywords to columns of ObsCore. Our own are in the folder `mappings`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from provtap.errors import DocumentError, nearest
from provtap.ingest.observations import expressions
from provtap.ingest.observations.expressions import Expression, Keywords
from provtap.ingest.parsing import yaml

_MEMBERS = ("name", "about", "extends", "rows", "when", "columns")
_ORDER = ("obscore", "gadf-obs-index", "caom", "ctao", "ctapipe", "gadf-events", "eso")
"""Our mappings, the most specific first: the first one that recognises a header or row is used."""
UNPUBLISHED = ("location", "product_id", "checksum")
"""Values of a mapping besides the columns: the location of the file, its id in its header, its checksum."""


@dataclass(frozen=True)
class ObservationMapping:
    """Converts headers or rows of one dialect to observations."""

    name: str
    about: str
    rows: bool | None
    """Whether it is for rows of a table or for headers; None: depending on the keywords of the file."""
    when: tuple[Expression, ...]
    """Expressions that must have a value for the mapping to apply."""
    columns: Mapping[str, Expression]

    def applies(self, keywords: Keywords) -> bool:
        """Return whether *keywords* are in this dialect."""
        return all(condition.value(keywords) is not None for condition in self.when)

    @property
    def keywords(self) -> frozenset[str]:
        """All keywords that it reads, in upper case."""
        return frozenset[str]().union(*(expression.keywords for expression in self.columns.values()))


@cache
def shipped() -> Mapping[str, str]:
    """Return the texts of our mappings by their names, in the order of recognition."""
    folder = resources.files("provtap.ingest.observations").joinpath("mappings")
    return {name: folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8") for name in _ORDER}


def dialects(columns: Collection[str]) -> list[ObservationMapping]:
    """Return our mappings; their columns are among *columns*."""
    return [read(text.encode(), columns) for text in shipped().values()]


def load(path: Path, columns: Collection[str]) -> ObservationMapping:
    """Return the mapping in a file of a user.

    Raises: DocumentError, with the file and the position.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(
            f"The mapping {path} cannot be read: {(error.strerror or '').lower()}."
        ) from error
    try:
        return read(content, columns)
    except DocumentError as error:
        raise DocumentError(
            f"The mapping {path} cannot be used: {error.message.rstrip('.')}.",
            line=error.line,
            column=error.column,
            hint=error.hint,
        ) from error


def read(content: bytes, columns: Collection[str]) -> ObservationMapping:
    """Return the mapping in a YAML file.

    Raises: DocumentError, with the position.
    """
    document = yaml.read(content)
    given = document.value
    if not isinstance(given, dict) or not isinstance(given.get("columns"), dict):
        raise DocumentError(
            "it must be a mapping with the attribute columns, a mapping of columns of ObsCore",
            line=1,
            column=1,
        )
    for name in given:
        if name not in _MEMBERS:
            raise document.wrong(
                (name,), f"{name} is not an attribute of a mapping", nearest(name, _MEMBERS), key=True
            )
    known = [*columns, *UNPUBLISHED]
    found: dict[str, Expression] = {}
    for name, value in given["columns"].items():
        place = ("columns", name)
        if name not in known:
            raise document.wrong(place, f"{name} is not a column of ObsCore", nearest(name, known), key=True)
        found[name] = _expression(document, place, value)
    conditions = given.get("when") or []
    if not isinstance(conditions, list):
        raise document.wrong(("when",), "when must be a list of expressions")
    mapping = ObservationMapping(
        name=str(given.get("name", "mapping")),
        about=str(given.get("about", "")),
        rows=_truth(document, given.get("rows", "")),
        when=tuple(_expression(document, ("when", at), each) for at, each in enumerate(conditions)),
        columns=found,
    )
    return _extended(document, mapping, given.get("extends"), columns)


def _extended(
    document: yaml.YamlDocument, mapping: ObservationMapping, base: Any, columns: Collection[str]
) -> ObservationMapping:
    """Return *mapping*, completed with the values of the one of ours that it extends."""
    if not base:
        return mapping
    if base not in shipped():
        hint = f"There are {', '.join(shipped())}."
        raise document.wrong(("extends",), f"there is no mapping {base} to extend", hint)
    below = read(shipped()[base].encode(), columns)
    return replace(
        mapping,
        rows=below.rows if mapping.rows is None else mapping.rows,
        when=mapping.when or below.when,
        columns={**below.columns, **mapping.columns},
    )


def _truth(document: yaml.YamlDocument, given: Any) -> bool | None:
    truths = {"": None, "true": True, "yes": True, "false": False, "no": False}
    if str(given).lower() not in truths:
        raise document.wrong(("rows",), f"rows must be true or false, not {given}")
    return truths[str(given).lower()]


def _expression(document: yaml.YamlDocument, place: tuple[int | str, ...], given: Any) -> Expression:
    match given:
        case {"constant": str(value), **rest} if not rest:
            return expressions.constant(value)
        case {"keyword": str(value), **rest} if not rest:
            return expressions.keyword(value)
        case {"expression": str(value), **rest} if not rest:
            given = value
        case str():
            pass
        case _:
            raise document.wrong(
                place, f"{place[-1]} must be an expression, or have the attribute constant or keyword"
            )
    try:
        return expressions.parse(given) if given else expressions.constant(None)
    except DocumentError as error:
        raise document.wrong(place, error.message, error.hint) from error
