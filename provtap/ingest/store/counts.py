"""What became of the rows that were told."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counts:
    """Published rows that a document added, changed, or told again as they were; and its warnings.

    *stubs* are its activities and entities that are known only because others name them.
    """

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    stubs: int = 0
    warnings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    """Those of the warnings that tell what is not kept."""

    def conflict(self, *sentences: str) -> None:
        """Warn of what is not kept."""
        self.warnings += sentences
        self.conflicts += sentences

    def told(self) -> dict[str, Any]:
        """Return what a report tells."""
        return {
            **{name: getattr(self, name) for name in ("new", "updated", "unchanged", "stubs")},
            "warnings": tuple(self.warnings),
            "conflicts": tuple(self.conflicts),
        }

    def row(self) -> dict[str, Any]:
        """Return what is kept of an ingestion."""
        return self.told() | {
            "warnings": "\n".join(self.warnings) or None,
            "conflicts": len(self.conflicts),
        }

    def add(self, new: int, updated: int, unchanged: int = 0) -> None:
        """Count the rows of one statement."""
        self.new += new
        self.updated += updated
        self.unchanged += unchanged
