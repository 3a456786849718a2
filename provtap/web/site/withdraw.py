"""/withdraw: the form by which a product is withdrawn or reinstated, for accounts that may write."""

from dataclasses import dataclass

from flask import Blueprint, Response, request

from provtap.errors import ParameterError
from provtap.ingest.readers.withdrawal import KINDS
from provtap.ingest.withdrawals import Agent, Selection, reinstate, withdraw
from provtap.query.names import Closeness
from provtap.query.withdrawals import CurrentWithdrawal, current
from provtap.web.http.authentication import caller, require
from provtap.web.http.closing import refuse_under_maintenance
from provtap.web.http.context import service
from provtap.web.http.responses import see_other
from provtap.web.site import frame, marking
from provtap.web.site.asked import check_form, form_token
from provtap.web.site.named import Thing, asked, elsewhere, nothing, thing
from provtap.web.site.store import asking

bp = Blueprint("withdraw", __name__)


@dataclass(frozen=True, kw_only=True)
class WithdrawForm:
    """The page."""

    thing: Thing
    withdrawal: CurrentWithdrawal | None
    """None: it can be withdrawn; otherwise it can be reinstated."""
    account: str | None
    kinds: tuple[str, ...] = KINDS


@bp.get("/withdraw")
def form() -> Response:
    """Show the form; a browser asks for the account and its token first."""
    require("write", by_form=True)
    with asking() as store:
        named = asked(store, "withdraw", None, (), "entity")
        if named is None:
            return nothing(None)
        found = named.meaning
        if found.kind != "entity":
            raise ParameterError(f"{found.id} is an {found.kind}: only entities can be withdrawn.")
        if found.closeness != Closeness.ID:
            return elsewhere("withdraw", found)
        now = store.within(lambda transaction: current(transaction, [found.id]), needed=True) or {}
        page = WithdrawForm(thing=thing(store, found), withdrawal=now.get(found.id), account=caller())
        marking.mark(store, page)
        response = frame.present("withdraw.html", page, form_token=form_token())
    response.cache_control.no_store = True
    return response


@bp.post("/withdraw")
def act() -> Response:
    """Withdraw or reinstate the product of the form, and lead to its page."""
    refuse_under_maintenance()
    check_form()
    require("write", by_form=True)
    ours = service()
    id_ = request.form.get("id", "")
    place = (Selection(names=(id_,)), ours.database, ours.tableset, ours.settings)
    agent = Agent.account(caller() or "")
    reason = request.form.get("reason", "").replace("\r\n", "\n").strip()
    if request.form.get("action") == "reinstate":
        reinstate(*place, agent=agent, reason=reason or None)
    else:
        withdraw(
            *place,
            agent=agent,
            reason=reason,
            kind=request.form.get("kind", KINDS[0]),
            since=request.form.get("since", "").strip() or None,
            successor=request.form.get("successor", "").strip() or None,
        )
    return see_other(frame.url("entity", id_))
