"""Withdraws and reinstates entities: looks up their names, and stores a document.

The document is archived and numbered like any other (`readers/withdrawal`): a rebuild keeps it, and undo
removes it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from provtap.adql import translate
from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.sql import load_statements
from provtap.errors import NotFound, ParameterError, TooLarge, nearest
from provtap.ingest.documents.document import ingest_content
from provtap.ingest.model import identity
from provtap.ingest.parsing.node import utc
from provtap.ingest.readers.withdrawal import KINDS, MARK, VERSION
from provtap.ingest.store.transaction import IngestReport
from provtap.query.names import Meaning, closest, find, unknown_name
from provtap.query.withdrawals import current
from provtap.tableset import Tableset

SQL = load_statements("provtap.ingest", "withdrawals.sql")

FORMAT = "withdrawal"
MOST = 1_000_000
"""Maximum entities of one query."""
REASON_BYTES = 10_000


@dataclass(frozen=True)
class Agent:
    """The agent that withdraws or reinstates entities."""

    id: str
    name: str | None = None

    @classmethod
    def account(cls, name: str) -> "Agent":
        """Return the agent for an account of the service."""
        return cls(identity.account(name), name)

    @classmethod
    def user(cls, site: str, name: str) -> "Agent":
        """Return the agent for a user of a machine, as recorded by `provtap run`."""
        return cls(identity.user(site, name), name)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The entities to withdraw or to reinstate."""

    names: tuple[str, ...] = ()
    """Ids, paths or other names."""
    query: str | None = None
    """ADQL with ids in its first column."""
    confirmed: bool = False
    """Whether the query may return more than one entity."""

    def __post_init__(self) -> None:
        """Reject an empty selection, or one with both names and a query.

        Raises: ParameterError.
        """
        if bool(self.names) == (self.query is not None):
            raise ParameterError("Give either ids or a query that selects them.")


@dataclass(frozen=True)
class Report:
    """The report on a withdrawal or reinstatement."""

    ingestion: int
    """The number of its document."""
    activity_id: str
    entities: tuple[str, ...]
    affected: int
    """Number of other entities made from these that are now, or no longer, affected."""


Finish = Callable[[Transaction, Report], None]


def withdraw(
    selection: Selection,
    database: Database,
    tableset: Tableset,
    settings: Settings,
    *,
    agent: Agent,
    reason: str,
    kind: str = KINDS[0],
    since: str | None = None,
    successor: str | None = None,
    dry_run: bool = False,
    finish: Finish = lambda transaction, report: None,
) -> Report:
    """Withdraw the selected entities, all of them or none; *finish* is called last in the transaction.

    Raises: NotFound for an unknown name; ParameterError for entities that are already withdrawn, and for
    invalid values; AdqlError, QueryError, DatabaseUnavailable.
    """
    if kind not in KINDS:
        hint = nearest(kind, KINDS) or f"Use one of {', '.join(KINDS)}."
        raise ParameterError(f"The kind of a withdrawal cannot be {kind[:40]!r}.", hint=hint)
    reason = reason.strip()
    if not reason or "\0" in reason or len(reason.encode()) > REASON_BYTES:
        raise ParameterError(f"A withdrawal needs a reason of at most {REASON_BYTES} bytes.")
    with_successor = () if successor is None else (successor,)
    ids, time, used = _look_up(selection, with_successor, database, tableset, settings)
    start = _since(since, time)
    content = {
        MARK: VERSION,
        "withdraw": ids,
        "kind": kind,
        "reason": reason,
        "since": start.isoformat(),
        "successor": used[0] if used else None,
    }
    return _store("withdrawn", content, time, agent, database, settings, dry_run, finish)


def reinstate(
    selection: Selection,
    database: Database,
    tableset: Tableset,
    settings: Settings,
    *,
    agent: Agent,
    reason: str | None = None,
    dry_run: bool = False,
    finish: Finish = lambda transaction, report: None,
) -> Report:
    """End the withdrawals of the selected entities, of all or none; *finish* is as in `withdraw`.

    Raises: NotFound for an unknown name; ParameterError for entities that are not withdrawn; AdqlError,
    QueryError, DatabaseUnavailable.
    """
    ids, time, _ = _look_up(selection, (), database, tableset, settings)
    content = {MARK: VERSION, "reinstate": ids, "reason": reason}
    return _store("reinstated", content, time, agent, database, settings, dry_run, finish)


def _since(since: str | None, now: datetime) -> datetime:
    try:
        start = utc(since.strip()) if since else now
    except ValueError as error:
        raise ParameterError(f"The time since when it is withdrawn {error}.") from error
    if start > now:
        raise ParameterError(f"The time since when it is withdrawn, {start.isoformat()}, is in the future.")
    return start


def _look_up(
    selection: Selection,
    successor: Sequence[str],
    database: Database,
    tableset: Tableset,
    settings: Settings,
) -> tuple[list[str], datetime, list[str]]:
    """Return the selected entities, the time of the change, and the ids of their successor.

    This time is later than all earlier changes of them, even if clocks differ.

    Raises: NotFound, ParameterError, TooLarge, AdqlError, QueryError, DatabaseUnavailable.
    """
    names = selection.names
    if selection.query is not None:
        names = _queried(selection.query, database, tableset, settings)
        if len(names) > 1 and not selection.confirmed:
            raise ParameterError(
                f"The query selects {len(names)} entities.",
                hint="Confirm that all of them are meant: --yes, or in the write API confirm: true.",
            )
    with database.transaction() as transaction:
        ids = list(dict.fromkeys(_entities(transaction, names)))
        used = _entities(transaction, successor)
        if set(used) & set(ids):
            raise ParameterError(f"{used[0]} cannot be the successor of itself.")
        if ended := current(transaction, used):
            raise ParameterError(f"The successor {', '.join(ended)} is itself withdrawn.")
        [now] = transaction.rows(SQL["time"], ids=ids)
    return ids, now.time, used


def _queried(query: str, database: Database, tableset: Tableset, settings: Settings) -> tuple[str, ...]:
    statement = translate(query, tableset)
    column = statement.columns[0]
    columns = ", ".join(f"c{number}" for number, _ in enumerate(statement.columns, start=1))
    selected = f"SELECT DISTINCT c1 AS id FROM ({statement.sql}) AS answer ({columns})".replace("%", "%%")
    if column.datatype not in {"char", "unicodeChar"}:
        raise ParameterError(f"The first column of the query, {column.name}, has no ids.")
    with database.reading(settings.sync_duration) as transaction:
        rows = transaction.rows(f"{selected} LIMIT %(most)s", most=MOST + 1)
    if len(rows) > MOST:
        raise TooLarge(f"The query selects more than {MOST} entities.")
    if not rows:
        raise NotFound("The query selects nothing.")
    return tuple(sorted(row.id for row in rows if row.id is not None))


def _entities(transaction: Transaction, names: Sequence[str]) -> list[str]:
    """Return the entity that currently has each of *names*.

    Raises: NotFound, ParameterError.
    """
    given = [name for name in dict.fromkeys(names) if "\0" not in name]
    meanings: dict[str, list[Meaning]] = {}
    for meaning in find(transaction, given) if given else ():
        meanings.setdefault(meaning.given, []).append(meaning)
    return [_entity(transaction, name, closest(meanings.get(name, ()))) for name in dict.fromkeys(names)]


def _entity(transaction: Transaction, name: str, meanings: Sequence[Meaning]) -> str:
    """Return the only entity among *meanings* of *name*. Raises: NotFound, ParameterError."""
    now = [meaning for meaning in meanings if meaning.until is None] or meanings
    ids = [meaning.id for meaning in now if meaning.kind == "entity"]
    if not meanings:
        raise unknown_name(transaction, [name])
    if not ids:
        raise ParameterError(
            f"{name} is an {now[0].kind}: only entities can be withdrawn.",
            hint="Select those that it generated by a query." if now[0].kind == "activity" else None,
        )
    if len(ids) > 1:
        raise ParameterError(f"{name} is the name of {', '.join(ids[:5])}.", hint="Give an id.")
    return ids[0]


def _store(
    done: str,
    content: dict[str, object],
    time: datetime,
    agent: Agent,
    database: Database,
    settings: Settings,
    dry_run: bool,
    finish: Finish,
) -> Report:
    content |= {"time": time.isoformat(), "agent": {"id": agent.id, "name": agent.name}}
    document = json.dumps(content, ensure_ascii=False).encode()
    reports: list[Report] = []

    def check(transaction: Transaction, report: IngestReport) -> None:
        [activity] = report.activity_ids
        if wrong := transaction.one(SQL[f"not_{done}"], activity=activity):
            also = f", and {wrong.others} more" if wrong.others else ""
            raise ParameterError(f"{wrong.id} {_NOT[done]}{also}.")
        [row] = transaction.rows(SQL[f"count_{done}"], activity=activity)
        reports.append(Report(report.ingestion, activity, tuple(row.entities), row.affected))
        finish(transaction, reports[-1])

    ingest_content(
        document,
        f"{done} {time.isoformat()}",
        database,
        settings,
        format=FORMAT,
        finish=check,
        dry_run=dry_run,
    )
    return reports[-1]


_NOT = {"withdrawn": "is already withdrawn", "reinstated": "is not withdrawn"}
