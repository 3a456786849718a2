"""Commands that withdraw and reinstate products: `provtap withdraw`, `reinstate` and `affected`."""

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from provtap.client import withdrawals
from provtap.config import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from provtap.ingest.withdrawals import Report


@withdrawals.withdraw.here
def withdraw(settings: Settings, /, as_json: bool, **options: Any) -> None:
    """Withdraw products that are not valid any more, all of them or none.

    IDS are ids, paths or other names. What was made from them is marked from now on: see `provtap affected`.
    `provtap reinstate` ends a withdrawal.
    """
    from provtap.ingest.withdrawals import withdraw

    _act(settings, withdraw, "withdrawn", as_json, **options)


@withdrawals.reinstate.here
def reinstate(settings: Settings, /, as_json: bool, **options: Any) -> None:
    """End the withdrawal of products, of all of them or none."""
    from provtap.ingest.withdrawals import reinstate

    _act(settings, reinstate, "reinstated", as_json, **options)


def _act(
    settings: Settings,
    act: "Callable[..., Report]",
    done: str,
    as_json: bool,
    *,
    ids: tuple[str, ...],
    query: str | None,
    yes: bool,
    agent: str | None,
    dry_run: bool,
    **options: Any,
) -> None:
    from getpass import getuser

    from provtap import install
    from provtap.ingest.withdrawals import Agent, Selection

    selection = Selection(names=ids, query=query, confirmed=yes)
    who = Agent(agent) if agent else Agent.user(settings.site, getuser())
    with install.ready(settings) as (database, tableset):
        report = act(selection, database, tableset, settings, agent=who, dry_run=dry_run, **options)
    content = {
        "ingestion": None if dry_run else report.ingestion,
        "activity": report.activity_id,
        "entities": report.entities,
        "affected": report.affected,
    }
    withdrawals.tell(content, as_json, done)


@withdrawals.affected.here
def affected(settings: Settings, /, ids: tuple[str, ...], responseformat: str) -> None:
    """List the products that were made from withdrawn ones, with their owners.

    IDS are ids, paths or other names of withdrawn products.
    """
    from provtap import install
    from provtap.query import QueryRequest, run
    from provtap.query.withdrawals import affected_adql, withdrawn_now

    with install.ready(settings) as (database, tableset):
        with database.reading(settings.sync_duration) as transaction:
            adql = affected_adql(withdrawn_now(transaction, ids))
        request = QueryRequest(query=adql, responseformat=responseformat, maxrec=settings.maxrec_limit)
        with closing(run(request, tableset, database, settings).body) as body:
            sys.stdout.buffer.writelines(body)
