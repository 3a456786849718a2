"""Finds withdrawn entities, and entities made from them, for marks on pages and in documents.

Queries find the same in `provext.affected`; these functions check many things at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from provtap.adql.lineage.recursion import BACK, steps_sql
from provtap.database.connect import Transaction
from provtap.database.sql import literal, load_statements
from provtap.errors import ParameterError
from provtap.query.names import find_or_file, unknown_name

SQL = load_statements("provtap.query", "withdrawals.sql")

_AFFECTED = """\
SELECT af_entity_id, e_name, e_location, af_distance, af_withdrawn_id, af_kind, af_since, af_successor_id,
  af_replaced, ow_names, ow_emails
FROM provext.affected
JOIN provenance.entity ON e_id = af_entity_id
JOIN provext.owner ON ow_entity_id = af_entity_id
WHERE af_withdrawn_id {withdrawn} AND e_class <> 'ValueEntity'
ORDER BY af_distance, e_name, af_entity_id"""


def affected_adql(withdrawn: Sequence[str]) -> str:
    """Return the query for the products that were made from *withdrawn* entities, and who owns them."""
    ids = ", ".join(map(literal, withdrawn))
    return _AFFECTED.format(withdrawn=f"= {ids}" if len(withdrawn) == 1 else f"IN ({ids})")


def withdrawn_now(transaction: Transaction, names: Sequence[str]) -> list[str]:
    """Return the withdrawn entities that *names* mean.

    Raises: NotFound for a name that nothing has; ParameterError for what is not withdrawn.
    """
    found = find_or_file(transaction, [name for name in names if "\0" not in name])
    ids: dict[str, None] = {}
    for name in names:
        meant = [meaning.id for meaning in found if meaning.given == name]
        if not meant:
            raise unknown_name(transaction, [name])
        now = current(transaction, meant)
        if not now:
            raise ParameterError(
                f"{name} is not withdrawn.",
                hint="provtap lineage --direction forth shows what was made from it.",
            )
        ids |= dict.fromkeys(now)
    return list(ids)


@dataclass(frozen=True)
class CurrentWithdrawal:
    """A withdrawal that has not ended. Times are UTC."""

    entity_id: str
    activity_id: str
    kind: str
    reason: str
    since: datetime
    time: datetime
    """When it was recorded."""
    successor_id: str | None
    successor_name: str | None
    agent_id: str
    agent_name: str | None


@dataclass(frozen=True)
class Marks:
    """The marks of some entities, by their ids."""

    withdrawn: Mapping[str, CurrentWithdrawal]
    """The withdrawn entities, including those from which others were made."""
    affected: Mapping[str, tuple[str, ...]]
    """The entities made from withdrawn ones, with these."""

    def joined(self, other: "Marks") -> "Marks":
        """Return the marks of all that either has."""
        return Marks({**self.withdrawn, **other.withdrawn}, {**self.affected, **other.affected})

    def word(self, id_: str) -> str:
        """Return what to write on a thing: nothing if it has no mark."""
        if id_ in self.withdrawn:
            return f"withdrawn ({self.withdrawn[id_].kind})"
        return "made from something withdrawn" if id_ in self.affected else ""


UNMARKED = Marks({}, {})


def current(transaction: Transaction, ids: Iterable[str]) -> dict[str, CurrentWithdrawal]:
    """Return the withdrawals of *ids* that have not ended, by entity."""
    rows = transaction.rows(SQL["current"], ids=list(ids))
    return {row.w_entity_id: CurrentWithdrawal(*row) for row in rows}


def standing(transaction: Transaction, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the entities of *ids* made from currently withdrawn ones, with these."""
    ids = list(dict.fromkeys(ids))
    statement = SQL["behind"].format(back=steps_sql(BACK, "behind"))
    withdrawn: set[str] = set()
    made_from: dict[str, list[str]] = {}
    for row in transaction.rows(statement, ids=ids) if ids else ():
        if row.withdrawn is not None:
            withdrawn.add(row.withdrawn)
        else:
            made_from.setdefault(row.ancestor, []).append(row.descendant)
    wanted, found = set(ids), dict[str, list[str]]()
    for start in sorted(withdrawn):
        for id_ in _reached(start, made_from) & wanted:
            found.setdefault(id_, []).append(start)
    return {id_: tuple(starts) for id_, starts in found.items()}


def _reached(start: str, steps: Mapping[str, Iterable[str]]) -> set[str]:
    """Return what *steps* lead to from *start*, without that itself."""
    reached, waiting = {start}, [start]
    while waiting:
        for id_ in steps.get(waiting.pop(), ()):
            if id_ not in reached:
                reached.add(id_)
                waiting.append(id_)
    return reached - {start}


def marks(transaction: Transaction, ids: Iterable[str]) -> Marks:
    """Return the marks of *ids*."""
    ids = list(dict.fromkeys(ids))
    affected = standing(transaction, ids)
    behind = {withdrawn for each in affected.values() for withdrawn in each}
    return Marks(current(transaction, {*ids, *behind}), affected)
