"""Stores the selected record sets in the scratch database, and reads the answer there."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from threading import BoundedSemaphore

from provtap.config import Settings
from provtap.database.connect import Database, Transaction
from provtap.database.scratch import rolled_back, scratch
from provtap.database.sql import load_statements
from provtap.errors import Busy, DocumentError, NotFound, ProvtapError, TooLarge
from provtap.history.archive import Archive, Arrived, Clock, Part, arrived
from provtap.history.selection import Rules, Selection, both_ways
from provtap.ingest.descriptions.apply import apply_again
from provtap.ingest.model.mentions import About, key
from provtap.ingest.scripts.load import take_again
from provtap.ingest.store.loader import load
from provtap.ingest.store.transaction import lock
from provtap.provsap import Graph, ProvsapRequest
from provtap.provsap import retrieve as retrieve_present
from provtap.provsap.graph import Key, Known
from provtap.provsap.traverse import graph_around, nodes_around
from provtap.query.names import Closeness, find_or_file
from provtap.query.origin import instant
from provtap.tableset import Tableset

SQL = load_statements("provtap.history", "history.sql")

_DESCRIPTIONS = ("provtap.description_set", "provtap.described_activity")
_SCRIPTS = {
    "provext.ingestion": "in_id",
    "provtap.document": "doc_ingestion_id",
    "provtap.document_piece": "dp_ingestion_id",
}
"""The tables with the content of SQL scripts, and their columns with the number of the ingestion."""

_TURN = BoundedSemaphore(1)
"""One answer at a time in each process: it reads many documents, and others need the processor, too."""
Rows = dict[str, str]
"""Rows as JSON, by table."""


def retrieve(request: ProvsapRequest, database: Database, tableset: Tableset, settings: Settings) -> Graph:
    """Return the graph around the ids of *request*, as it was known at its time, if it has one.

    Raises: as `provsap.retrieve`; TooLarge if more documents are needed than this service allows; Busy.
    """
    if request.asof is None:
        return retrieve_present(request, database, tableset, settings)
    with one_answer(settings):
        return _as_of(request, request.asof, database, tableset, settings)


@contextmanager
def one_answer(settings: Settings) -> Iterator[None]:
    """Let no other thread prepare an answer during the block. Raises: Busy if another one takes long."""
    if not _TURN.acquire(timeout=settings.connection_wait):
        raise Busy("Another answer as of a date takes long.", hint="Try again in a minute.")
    try:
        yield
    finally:
        _TURN.release()


def _as_of(
    request: ProvsapRequest, time: datetime, database: Database, tableset: Tableset, settings: Settings
) -> Graph:
    clock = Clock(settings.sync_duration)
    with _snapshot(database) as store:
        until = arrived(store, time)
        asked = _by_id(store, request)
        selection = _selected(store, until, asked, settings, clock)
        copied = _copied(store, selection.scripts)
        try:
            graph = _answer(database, asked, selection, copied, tableset, settings, clock)
        except NotFound as error:
            raise _unknown_then(store, request, error) from error
    return replace(graph, known=Known(until.time, until.undone))


def _selected(
    store: Transaction, until: Arrived, request: ProvsapRequest, settings: Settings, clock: Clock
) -> Selection:
    """Return the selection for *request*; it is fast if the present answer is about the same things."""
    expected: Iterable[Key] = ()
    with suppress(NotFound):
        expected = nodes_around(store, request, settings.asof_documents)
    selection = Selection(Archive(store, until, settings, clock), request)
    try:
        selection.expect(expected)
    except TooLarge:  # much of it belongs to the answer since later
        selection = Selection(Archive(store, until, settings, clock), request)
    selection.around(request.ids)
    return selection


@contextmanager
def _snapshot(database: Database) -> Iterator[Transaction]:
    """Yield a transaction of the writer, who may read documents, in which the store does not change."""
    with database.transaction() as transaction:
        transaction.execute("SET TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ")
        yield transaction


def _by_id(store: Transaction, request: ProvsapRequest) -> ProvsapRequest:
    """Return *request* with ids in place of names without a history: of observations and files."""
    names = [*request.ids, *([request.to] if request.to is not None else [])]
    ids = {row.did: row.id for row in store.rows(SQL["products"], names=names)}
    files = find_or_file(store, [name for name in names if name not in ids])
    ids |= {file.given: file.id for file in files if file.closeness > Closeness.OTHER_NAME}
    to = None if request.to is None else ids.get(request.to, request.to)
    return replace(request, ids=tuple(ids.get(id_, id_) for id_ in request.ids), to=to)


def _copied(store: Transaction, scripts: Sequence[int]) -> Rows:
    """Return rows of the store that documents do not have: sets of descriptions, and SQL scripts."""
    conditions = dict.fromkeys(_DESCRIPTIONS, "true")
    if scripts:
        numbers = ", ".join(map(str, scripts))
        conditions |= {table: f"{column} IN ({numbers})" for table, column in _SCRIPTS.items()}
    return {
        table: store.rows(SQL["rows"].format(table=table, condition=condition))[0].rows
        for table, condition in conditions.items()
    }


def _answer(
    database: Database,
    request: ProvsapRequest,
    selection: Selection,
    copied: Rows,
    tableset: Tableset,
    settings: Settings,
    clock: Clock,
) -> Graph:
    """Return the graph of the selected record sets; the selection grows by what SQL scripts lead to."""
    place = scratch(database)
    while True:
        with _scratch(place, settings, clock) as transaction:
            _store(transaction, selection, copied, settings)
            graph = graph_around(transaction, request, tableset, settings.provsap_nodes)
        further = graph.nodes.keys() - selection.reached
        if not further:
            return graph
        selection.walk(both_ways(request.direction, further), Rules.of(request), request.depth)


@contextmanager
def _scratch(place: Database, settings: Settings, clock: Clock) -> Iterator[Transaction]:
    with rolled_back(place, settings.connection_wait, clock.left()) as transaction:
        lock(transaction)
        transaction.execute(SQL["quick"])
        yield transaction


def _store(transaction: Transaction, selection: Selection, copied: Rows, settings: Settings) -> None:
    for table, rows in copied.items():
        transaction.execute(SQL["copy"].format(table=table), rows=rows)
    apply_again(transaction)
    scripts = list(selection.scripts)
    for part in _between(selection.parts, scripts):
        if isinstance(part, int):
            take_again(transaction, part, settings)
        else:
            _load(transaction, part)


def _between(parts: Sequence[Part], scripts: Sequence[int]) -> Iterator[Sequence[Part] | int]:
    """Yield the record sets before, between and after SQL scripts, and the numbers of the scripts."""
    rest = list(parts)
    for script in scripts:
        before = [part for part in rest if part.ingestion < script]
        rest = rest[len(before) :]
        yield before
        yield script
    yield rest


def _load(transaction: Transaction, parts: Sequence[Part]) -> None:
    """Store *parts* together; as in a rebuild, one document after the other if they contradict each other."""
    if not parts:
        return
    try:
        with transaction.savepoint():
            _load_together(transaction, parts)
    except DocumentError:
        for _, document in groupby(parts, key=lambda part: part.ingestion):
            _load_together(transaction, list(document))


def _load_together(transaction: Transaction, parts: Sequence[Part]) -> None:
    load(transaction, [part.record_set for part in parts], parts[-1].ingestion, notices=False)


def _unknown_then(store: Transaction, request: ProvsapRequest, error: NotFound) -> ProvtapError:
    """Return *error* with the date, and with the time when the name first came into the store."""
    assert request.asof is not None
    keys = [key(about, name) for name in request.ids for about in (About.THING, About.NAME)]
    first = store.rows(SQL["first_mention"], keys=keys)[0].time
    message = f"{error.message.rstrip('.')} as of {instant(request.asof)}."
    if first is None or first <= request.asof:
        return NotFound(message, hint=error.hint)
    return NotFound(message, hint=f"The first document about it arrived on {instant(first)}.")
