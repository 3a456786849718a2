"""What differs between two things of a store. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provtap.client.notebook import html_table
from provtap.client.tables import Table, table_of

_PARTS = ("parameters", "inputs", "software", "steps")
_EQUAL = "equal_as_numbers"
_NAMES = ("kind", "name", "a", "b", "program", "runs")


@dataclass(frozen=True)
class Difference:
    """What *a* and *b* have under one name; None: nothing."""

    kind: str
    """`parameters`, `inputs`, `software` or `steps`."""
    name: str
    a: str | None
    b: str | None
    step: Mapping[str, Any] | None = None
    """The earlier runs that differ: their program, the ids `a` and `b`, and how many pairs of `runs`."""


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs, or between the histories of two products."""

    a: Mapping[str, str | None]
    """The activity, product, program and version of the first side."""
    b: Mapping[str, str | None]
    equal: bool
    """Whether nothing differs but how numbers are written."""
    differences: tuple[Difference, ...]
    equal_as_numbers: tuple[Difference, ...]
    """Parameters whose texts differ and whose values do not."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Comparison":
        """Return what the service tells."""
        found = {part: tuple(_difference(part, d) for d in told[part]) for part in (*_PARTS, _EQUAL)}
        differences = tuple(each for part in _PARTS for each in found[part])
        return cls(told["a"], told["b"], told["equal"], differences, found[_EQUAL])

    @property
    def parameters(self) -> tuple[Difference, ...]:
        """Parameters that differ."""
        return self._part("parameters")

    @property
    def inputs(self) -> tuple[Difference, ...]:
        """Inputs that differ, by role."""
        return self._part("inputs")

    @property
    def software(self) -> tuple[Difference, ...]:
        """Programs, versions, environments and packages that differ."""
        return self._part("software")

    @property
    def steps(self) -> tuple[Difference, ...]:
        """Steps that only one history has."""
        return self._part("steps")

    def _part(self, kind: str) -> tuple[Difference, ...]:
        return tuple(each for each in self.differences if each.kind == kind)

    @property
    def table(self) -> Table:
        """All differences, one a row."""
        return table_of(
            _NAMES,
            (
                (d.kind, d.name, d.a, d.b, d.step and d.step["program"], d.step["runs"] if d.step else 1)
                for d in self.differences
            ),
        )

    def to_table(self) -> Any:
        """Return the differences as an astropy.table.Table."""
        return self.table.to_table()

    def to_pandas(self) -> Any:
        """Return the differences as a pandas.DataFrame."""
        return self.table.to_pandas()

    def _repr_html_(self) -> str:
        a, b = (side["product"] or side["activity"] for side in (self.a, self.b))
        count = len(self.differences)
        title = "Nothing differs" if self.equal else f"{count:,} difference{'' if count == 1 else 's'}"
        return html_table(f"{title} between a: {a} and b: {b}", _NAMES, self.table.rows)


def _difference(kind: str, told: Mapping[str, Any]) -> Difference:
    return Difference(kind, told["name"], told["a"], told["b"], told.get("step"))
