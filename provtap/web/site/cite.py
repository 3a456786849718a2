"""/cite?ID=: what to cite and to acknowledge for a product, as BibTeX or as text."""

from flask import Blueprint, Response, request

from provtap.citation import Credits, choose, credits_of, find_product
from provtap.errors import ParameterError
from provtap.web.http.context import service
from provtap.web.http.params import parameters
from provtap.web.site.frame import tagged
from provtap.web.site.store import Store, asking

bp = Blueprint("cite", __name__)


@bp.get("/cite")
def cite() -> Response:
    """Answer with the citations for the product that ID names: an id, a path or another name."""
    given = parameters(request)
    names = given.get("ID", ())
    if len(names) != 1 or not names[0].strip():
        raise ParameterError("ID must be given once.", hint="It names a product: /cite?ID=/data/image.fits.")
    form = choose(next(iter(given.get("RESPONSEFORMAT", ())), None))
    with asking() as store:
        product = store.within(lambda asked: find_product(asked, names[0]), needed=True)
        assert product is not None
        found = credits(store, product.id, needed=True)
    assert found is not None
    return tagged(Response(form.write(found), content_type=form.mime))


def credits(store: Store, id_: str, *, needed: bool = False) -> Credits | None:
    """Return what to cite for an entity; None if there is no time left.

    Raises: Busy if there is no time left, and the answer is *needed*.
    """
    ours = service()
    return store.within(lambda asked: credits_of(asked, id_, ours.tableset, ours.settings), needed=needed)
