"""What became of the rows that were told."""

from dataclasses import dataclass, field


@dataclass
class Counts:
    """Published rows that a document added, changed, or told again as they were; and its warnings."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    warnings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    """Those of the warnings that tell what is not kept."""

    def conflict(self, *sentences: str) -> None:
        """Warn of what is not kept."""
        self.warnings += sentences
        self.conflicts += sentences

    def add(self, new: int, updated: int, unchanged: int = 0) -> None:
        """Count the rows of one statement."""
        self.new += new
        self.updated += updated
        self.unchanged += unchanged
