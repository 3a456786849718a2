"""Agents in sets of descriptions: claims of records about them are kept until no set describes them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from provtap.database.connect import Transaction
from provtap.database.sql import load_statements
from provtap.errors import DocumentError
from provtap.ingest.model.records import Agent, Rank
from provtap.ingest.store.counts import Counts
from provtap.ingest.store.description_links import keep_claims
from provtap.ingest.store.merge import join
from provtap.ingest.store.staging import Rows, as_rows, parameter

SQL = load_statements("provtap.ingest.store", "described_agents.sql")


def wait(transaction: Transaction, rows: Rows, described: Sequence[str]) -> None:
    """Keep the claims of records about agents that a set describes."""
    claims = {row.td_id: row.td_content for row in transaction.rows(SQL["waiting"], ids=list(described))}
    for row in rows:
        if (id_ := row["ag_id"]) in described:
            claims[id_] = _better(claims[id_], row) if id_ in claims else row
    _keep(transaction, claims.values())


def _better(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the more trusted of two claims; equally trusted ones are merged as in `join`."""
    trust, rival = ((claim["rank"], claim["claimant"]) for claim in (one, other))
    if trust != rival:
        return one if trust < rival else other
    return {name: min((v for v in (one.get(name), other.get(name)) if v is not None), default=None)
            for name in {**one, **other}}  # fmt: skip


def _keep(transaction: Transaction, claims: Iterable[Mapping[str, Any]]) -> None:
    waiting = [
        {"td_table": Agent.table, "td_id": claim["ag_id"], "td_owner_id": claim["ag_id"], "td_content": claim}
        for claim in claims
    ]
    keep_claims(transaction, waiting)


def put_agents(
    transaction: Transaction, said: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Store the agents of a set, which override records; *before* has the agents of its older version.

    Raises: DocumentError if the set omits an agent that is still referenced.
    """
    now, then = ({agent["id"] for agent in agents} for agents in (said, before))
    transaction.execute(SQL["doubt_agents"], ids=list(then))
    _give_back(transaction, list(then - now))
    displaced = transaction.rows(SQL["displaced"], ids=list(now - then))
    _keep(transaction, (row.claim for row in displaced))
    _join(transaction, list(as_rows(Agent, (Agent(rank=Rank.DESCRIBED, **agent) for agent in said))))


def _give_back(transaction: Transaction, ids: Sequence[str]) -> None:
    """Restore agents that are no longer in any set from the claims of records."""
    claims = {row.td_id: row.td_content for row in transaction.rows(SQL["waiting"], ids=list(ids))}
    _join(transaction, list(claims.values()))
    unknown = [id_ for id_ in ids if id_ not in claims]
    needed = transaction.one(SQL["agents_needed"], ids=unknown)
    if needed:
        raise DocumentError(f"the agent {needed.agent_id} cannot be left out: {needed.thing_id} refers to it")
    transaction.execute(SQL["forget_agents"], ids=unknown)
    transaction.execute(SQL["wait_no_more"], ids=list(ids))


def _join(transaction: Transaction, claims: Rows) -> None:
    if claims:
        join(transaction, Agent, parameter(Agent, claims), Counts())
