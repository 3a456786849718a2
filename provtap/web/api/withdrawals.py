"""Withdrawals over the write API: what is withdrawn or reinstated, as JSON."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from flask import Response

from provtap.database.connect import Transaction
from provtap.errors import DocumentError, nearest
from provtap.ingest.parsing.json import parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.withdrawals import Agent, Report, Selection, reinstate, withdraw
from provtap.web.api.idempotency import Answer
from provtap.web.api.storing import Finish, body, once
from provtap.web.http.admission import admit
from provtap.web.http.authentication import caller
from provtap.web.http.context import service

_COMMON = ("ids", "query", "confirm", "reason", "agent", "dryRun")
_OF_WITHDRAWALS = ("kind", "since", "successor")


def withdrawals() -> Response:
    """Withdraw entities: all of them, or none."""
    admit("write")
    content = body()
    node = _wish(content, (*_COMMON, *_OF_WITHDRAWALS))
    given = {name: node[name].text() for name in _OF_WITHDRAWALS if name in node}
    return _store(content, node, withdraw, reason=node["reason"].text() or "", **given)


def reinstatements() -> Response:
    """End withdrawals of entities: all of them, or none."""
    admit("write")
    content = body()
    node = _wish(content, _COMMON)
    return _store(content, node, reinstate, reason=node["reason"].text())


def _wish(content: bytes, names: Iterable[str]) -> Node:
    """Return the object in *content*. Raises: DocumentError."""
    values = list(parse(content))
    if len(values) != 1 or not isinstance(values[0], dict):
        raise DocumentError("the body must be one JSON object")
    node = Node(values[0], "$")
    known = list(names)
    for name in node:
        if name not in known:
            hint = nearest(name, known) or f"There are {', '.join(known)}."
            raise DocumentError(f"there is no attribute {name[:40]!r} here", hint=hint)
    return node


def _store(content: bytes, node: Node, act: Callable[..., Report], **options: Any) -> Response:
    ours = service()
    dry_run = _flag(node["dryRun"])
    selection = Selection(
        names=tuple(each.given_text() for each in node["ids"].items()),
        query=node["query"].text(),
        confirmed=_flag(node["confirm"]),
    )
    agent = node["agent"].text()
    account = Agent.account(caller() or "anonymous")

    def work(finish: Finish) -> None:
        def answer(transaction: Transaction, report: Report) -> None:
            finish(transaction, _answer(report, dry_run))

        act(
            selection,
            ours.database,
            ours.tableset,
            ours.settings,
            agent=Agent(agent) if agent else account,
            dry_run=dry_run,
            finish=answer,
            **options,
        )

    return once(content, work)


def _flag(node: Node) -> bool:
    if node.value is not None and not isinstance(node.value, bool):
        raise node.wrong("must be true or false")
    return node.value is True


def _answer(report: Report, dry_run: bool) -> Answer:
    content = {
        "ingestion": None if dry_run else report.ingestion,
        "activity": report.activity_id,
        "entities": report.entities,
        "affected": report.affected,
    }
    return Answer(200 if dry_run else 201, json.dumps(content, ensure_ascii=False) + "\n")
