"""Rules for a store beyond the constraints of its tables: how violations are found and repaired."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any

from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.database.transaction import Row
from provtap.ingest.checks.cycles import on_cycles
from provtap.ingest.model.descriptions import FLOW_TYPES
from provtap.ingest.model.records import ACTIVITY_TYPES, Activity
from provtap.ingest.store.description_links import PARTS, Part
from provtap.ingest.store.merge import STUBS

SQL = load_statements("provtap.ingest.checks", "check.sql")
MOST = 20
"""Maximum findings of one rule that are shown; all are counted."""
_REINGEST = "Run provtap reingest to rebuild the tables from the documents."
_BACKUP = "Restore it from a backup, or undo the ingestion and ingest the document again."
_SOURCE = "Check the clocks and records of the sources: the store keeps what they recorded."
_DESCRIPTION = "Correct the description (provtap describe), or the pipeline that wrote the record."


class Severity(StrEnum):
    """The severity of a rule."""

    ERROR = "error"
    """The store contradicts itself."""
    WARNING = "warning"
    """A recorded statement can't be entirely true."""
    NOTE = "note"
    """The description could be more complete."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule with its number, and the statement of check.sql that finds violations."""

    id: str
    severity: Severity
    name: str
    remedy: str


RULES = tuple(
    Rule(id=f"C{number:02}", severity=severity, name=name, remedy=remedy)
    for number, (severity, name, remedy) in enumerate(
        (
            (
                Severity.ERROR,
                "one_kind",
                "Undo the ingestion of one of them, or change its id in the source.",
            ),
            (Severity.ERROR, "unkept_documents", _BACKUP),
            (Severity.ERROR, "changed_documents", _BACKUP),
            (Severity.ERROR, "unheld_trust", _REINGEST),
            (Severity.ERROR, "unread_usages", _REINGEST),
            (Severity.ERROR, "unused_readings", _REINGEST),
            (Severity.WARNING, "unkept_places", "Undo the ingestion, and ingest the document again."),
            (Severity.WARNING, "cycles", "provtap lineage shows the cycle; one of its steps cannot be true."),
            (Severity.WARNING, "used_too_early", _SOURCE),
            (Severity.WARNING, "read_too_early", _SOURCE),
            (Severity.WARNING, "used_too_late", _SOURCE),
            (Severity.WARNING, "generated_outside", _SOURCE),
            (
                Severity.WARNING,
                "other_generators",
                "The earlier run is kept. Undo the ingestion that is wrong.",
            ),
            (Severity.WARNING, "usage_multiplicity", _DESCRIPTION),
            (Severity.WARNING, "generation_multiplicity", _DESCRIPTION),
            (Severity.WARNING, "parameter_values", _DESCRIPTION),
            (Severity.WARNING, "misspelt_types", _DESCRIPTION),
            (Severity.WARNING, "two_names", "Change one of the two ids in its source."),
            (Severity.NOTE, "stubs", "Ingest the log of the run, if there is one."),
            (Severity.NOTE, "undescribed", "Describe the program with provtap describe."),
            (Severity.NOTE, "unused_descriptions", "No action is needed."),
        ),
        start=1,
    )
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The violations of a rule: their number, and a sentence about each of the first ones."""

    rule: Rule
    number: int
    shown: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Yield the finding as lines of text."""
        for sentence in self.shown:
            yield f"{self.rule.id} {self.rule.severity}: {sentence}"
        if self.number > len(self.shown):
            yield f"{self.rule.id} {self.rule.severity}: and {self.number - len(self.shown)} more"
        yield f"    {self.rule.remedy}"

    def content(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "rule": self.rule.id,
            "name": self.rule.name,
            "severity": self.rule.severity,
            "number": self.number,
            "things": list(self.shown),
            "remedy": self.rule.remedy,
        }


def check(database: Database, *, advance: Callable[[int], object] = lambda done: None) -> list[Finding]:
    """Return the findings of all rules, in one snapshot of the store; *advance* is called after each rule.

    Raises: DatabaseUnavailable.
    """
    found = []
    with database.transaction() as transaction:
        transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for rule in RULES:
            rows = _broken(transaction, rule.name)
            advance(1)
            if rows:
                shown = tuple(f"{row.thing} {row.about}" for row in rows)
                found.append(Finding(rule=rule, number=rows[0].number, shown=shown))
    return found


def _broken(transaction: Transaction, name: str) -> list[Row]:
    statement, found = SQL.get(name), []
    if name in _MULTIPLICITIES:
        statement = SQL["multiplicity"].format(**_MULTIPLICITIES[name])
    elif name == "cycles":
        [row] = transaction.rows(SQL["edges"])
        statement, found = SQL["entities_of"], on_cycles(row.earlier or b"", row.later or b"")
    elif name == "changed_documents":
        found = [row.ingestion for row in transaction.rows(SQL["scripts"]) if _changed(transaction, row)]
    return transaction.rows(
        f"SELECT *, count(*) OVER () AS number FROM ({statement}) AS broken"
        " ORDER BY thing, about LIMIT %(most)s",
        most=MOST,
        found=found,
        activity_types=list(ACTIVITY_TYPES),
        flow_types=list(FLOW_TYPES),
        stubs=[int(rank) for rank in STUBS[Activity]],
    )


def _changed(transaction: Transaction, script: Row) -> bool:
    """Return whether the archived bytes of a script have changed; one piece is in memory at a time."""
    digest = hashlib.sha256()
    for number in count():
        piece = transaction.one(SQL["piece"], ingestion=script.ingestion, number=number)
        if piece is None:
            return bool(digest.hexdigest() != script.sha256)
        digest.update(piece.content)
    return True


def _multiplicity(part: Part, word: str, does: str) -> dict[str, str]:
    """Return the parameters of the statement on multiplicities for one class of role descriptions."""
    owner, role = part.natural
    return {
        "word": word,
        "does": does,
        "table": part.kind.table,
        "key": part.key,
        "owner": owner,
        "role": role,
        "multiplicity": f"{part.kind.prefix}multiplicity",
        "flow": part.described,
        "activity": f"{part.prefix}activity_id",
        "link": part.link,
    }


_MULTIPLICITIES = {
    "usage_multiplicity": _multiplicity(PARTS[0], "usage", "uses"),
    "generation_multiplicity": _multiplicity(PARTS[1], "generation", "generated"),
}
