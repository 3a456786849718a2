"""Counts of the stored rows of a document."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counts:
    """Published rows that a document added, changed or left unchanged, and its warnings.

    *stubs* are its activities and entities that are only referred to.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    stubs: int = 0
    warnings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    """The warnings about values that were ignored."""

    def conflict(self, *sentences: str) -> None:
        """Add warnings about values that were ignored."""
        self.warnings += sentences
        self.conflicts += sentences

    def report_fields(self) -> dict[str, Any]:
        """Return the fields of a report."""
        return {
            **{name: getattr(self, name) for name in ("new", "updated", "unchanged", "stubs")},
            "warnings": tuple(self.warnings),
            "conflicts": tuple(self.conflicts),
        }

    def row(self) -> dict[str, Any]:
        """Return the columns of an ingestion."""
        return self.report_fields() | {
            "warnings": "\n".join(self.warnings) or None,
            "conflicts": len(self.conflicts),
        }

    def add(self, new: int, updated: int, unchanged: int = 0) -> None:
        """Count the rows of one statement."""
        self.new += new
        self.updated += updated
        self.unchanged += unchanged
