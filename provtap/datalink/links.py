"""The links of products: to their bytes, to what is one step away from them, and to documents about them.

Terms of the IVOA's vocabulary say what a link leads to. `#calibration` and its like are for what was not yet
applied: a calibration that was used is a `#progenitor`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from mimetypes import MimeTypes
from typing import Any
from urllib.parse import quote, urlencode

from provtap import addresses
from provtap.config import Settings
from provtap.database.connect import Transaction
from provtap.database.sql import literal, load_statements
from provtap.datalink.copies import Copy, copies
from provtap.query.links import DATALINK_TYPE
from provtap.query.names import Meaning, find
from provtap.query.withdrawals import CurrentWithdrawal, current

SQL = load_statements("provtap.datalink", "links.sql")
MOST = 100
"""Links of a kind: of more, one leads to a query that lists them."""
COUNTED = 1_000
"""Relations of a kind that are counted."""
NAME_SHOWN = 200
"""Characters of a name that nothing has, in the text of the error."""
REASON_SHOWN = 500
"""Characters of the reason of a withdrawal."""
DEPTH = 4
"""Relations that documents of the provenance go back: two runs."""
PROVENANCE = (
    ("Picture of the provenance", "PROV-SVG", "image/svg+xml"),
    ("Provenance as PROV-JSON", "PROV-JSON", "application/json"),
    ("Provenance as PROV-N", "PROV-N", "text/plain;charset=utf-8"),
)
"""Documents of ProvSAP: what they are called, RESPONSEFORMAT and the media type of the answer."""
_VOTABLE = "application/x-votable+xml"
_MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+(?:;.*)?")
_BY_NAME = MimeTypes()
for _type, _ends in (("application/fits", ".fits .fit .fts"), ("application/x-hdf5", ".h5 .hdf5")):
    for _end in _ends.split():
        _BY_NAME.add_type(_type, _end)
_COLUMNS = "e_id, e_name, e_class, e_location, e_generatedattime"


@dataclass(frozen=True)
class Kind:
    """A kind of neighbours of a product."""

    semantics: str
    steps: str
    """SQL of the ids one step away from `given.id`, and their roles."""
    one: str
    """What one of them is to the product."""
    many: str
    adql: str
    """A query for all of them; `{id}` is the product."""


KINDS = (
    Kind(
        "#progenitor",
        SQL["progenitor"],
        "used to make",
        "things were used to make",
        f"SELECT {_COLUMNS} FROM provenance.lineage JOIN provenance.entity ON e_id = l_ancestor_id"
        " WHERE l_descendant_id = {id} AND l_distance = 1 ORDER BY e_name, e_id",
    ),
    Kind(
        "#derivation",
        SQL["derivation"],
        "made from",
        "things were made from",
        f"SELECT {_COLUMNS} FROM provenance.lineage JOIN provenance.entity ON e_id = l_descendant_id"
        " WHERE l_ancestor_id = {id} AND l_distance = 1 AND e_class <> 'ValueEntity' ORDER BY e_name, e_id",
    ),
    Kind(
        "#coderived",
        SQL["coderived"],
        "made by the same run as",
        "files were made by the same run as",
        f"SELECT {_COLUMNS} FROM provenance.wasgeneratedby AS mine"
        " JOIN provenance.wasgeneratedby AS other ON other.wgb_activity_id = mine.wgb_activity_id"
        " JOIN provenance.entity ON e_id = other.wgb_entity_id"
        " WHERE mine.wgb_entity_id = {id} AND e_id <> {id} AND e_class <> 'ValueEntity'"
        " ORDER BY e_name, e_id",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Link:
    """A row of DataLink: exactly one of *url*, *error* and *service* is there (LINK-2)."""

    id: str
    """As it was asked for."""
    semantics: str
    url: str | None = None
    error: str | None = None
    service: bool = False
    """Whether it leads to the service that the document describes."""
    description: str
    content_type: str | None = None
    size: int | None = None  # bytes
    role: str | None = None
    is_ours: bool = False
    """Whether this service answers at *url*."""


@dataclass(frozen=True)
class _File:
    """A copy of a product that people can fetch."""

    url: str
    content_type: str | None
    size: int | None  # bytes


def links(transaction: Transaction, names: Sequence[str], settings: Settings) -> list[list[Link]]:
    """Return the links of what each of *names* means, all those of a name together.

    A name that means no product has one that says so.
    """
    known = [name for name in names if "\0" not in name]
    meanings = _meanings(transaction, known)
    entities = {name: found.id for name, found in meanings.items() if found.kind == "entity"}
    ids = list(dict.fromkeys(entities.values()))
    products = {row.id: row for row in transaction.rows(SQL["products"], ids=ids)} if ids else {}
    places = copies(transaction, ids, settings.downloads) if ids else {}
    near = {kind: _neighbours(transaction, kind, ids) if ids else {} for kind in KINDS}
    observed = _observed(transaction, [name for name in known if name not in meanings], ids, settings)
    withdrawn = _withdrawn(transaction, ids, near.values())
    answer = []
    for name in names:
        product = products.get(entities.get(name, ""))
        if product is not None:
            page = _Page(name, product, withdrawn, settings)
            found = {kind: rows.get(product.id, []) for kind, rows in near.items()}
            public = [*_files(product, places.get(product.id, [])), *observed.get(product.id, [])]
            answer.append([*page.bytes(public), *page.neighbours(found), *page.documents()])
        elif name in observed:
            answer.append(list(_this(name, name, observed[name], "No public copy is known.")))
        else:
            answer.append([_unknown(name, meanings.get(name))])
    return answer


def _meanings(transaction: Transaction, names: Sequence[str]) -> dict[str, Meaning]:
    """Return what each name means: best an entity, and of several the one that bears the name now."""
    best: dict[str, Meaning] = {}
    for meaning in find(transaction, names) if names else ():
        known = best.setdefault(meaning.given, meaning)
        if meaning.kind == "entity" and known.kind != "entity":
            best[meaning.given] = meaning
    return best


def _unknown(name: str, meaning: Meaning | None) -> Link:
    shown = name.replace("\0", "")[:NAME_SHOWN]
    if meaning is None:
        error = f"NotFoundFault: Nothing has the name {shown}."
    else:
        error = f"UsageFault: {shown} is the name of an {meaning.kind}; only entities have links."
    return Link(id=name, semantics="#this", error=error, description="The name leads to no product.")


def _files(product: Any, places: Sequence[Copy]) -> list[_File]:
    """Return the copies of a product, as provenance knows them."""
    urls = [place.download for place in places if place.download]
    return [_File(url, _media_type(product.content_type, url), product.size) for url in urls]


def _observed(
    transaction: Transaction, names: Sequence[str], ids: Sequence[str], settings: Settings
) -> dict[str, list[_File]]:
    """Return the copies that ObsCore knows: of publisher's identifiers among *names*, and of products *ids*.

    An address of links, such as our own, is no copy.
    """
    files: dict[str, list[_File]] = {}
    for row in transaction.rows(SQL["observations"], names=list(names), ids=list(ids)):
        of_one = files.setdefault(row.id, [])
        url = settings.downloads.url(row.url) if row.url else None
        if url and "content=datalink" not in (row.content_type or ""):
            of_one.append(_File(url, _media_type(row.content_type, url), row.size))
    return files


def _this(name: str, description: str, files: Sequence[_File], missing: str) -> Iterator[Link]:
    """Yield a link to each of *files*, each URL once; if there is none, one that says what is *missing*."""
    by_url: dict[str, _File] = {}
    for file in files:
        by_url.setdefault(file.url, file)
    for file in by_url.values():
        yield Link(
            id=name,
            semantics="#this",
            description=description,
            url=file.url,
            content_type=file.content_type,
            size=file.size,
        )
    if not files:
        yield Link(id=name, semantics="#this", description=description, error=f"DefaultFault: {missing}")


def _neighbours(transaction: Transaction, kind: Kind, ids: Sequence[str]) -> dict[str, list[Any]]:
    rows: dict[str, list[Any]] = {}
    statement = SQL["neighbours"].replace("{steps}", kind.steps)
    for row in transaction.rows(statement, ids=list(ids), counted=COUNTED, most=MOST):
        rows.setdefault(row.id, []).append(row)
    return rows


def _withdrawn(
    transaction: Transaction, ids: Sequence[str], near: Iterable[Mapping[str, Sequence[Any]]]
) -> dict[str, CurrentWithdrawal]:
    """Return the current withdrawals of products and of what is *near* them."""
    others = {row.other for of_kind in near for rows in of_kind.values() for row in rows}
    return current(transaction, others.union(ids)) if ids else {}


class _Page:
    """Makes the links of one product, which a request calls *name*."""

    def __init__(
        self, name: str, product: Any, withdrawn: Mapping[str, CurrentWithdrawal], settings: Settings
    ) -> None:
        self._name = name
        self._product = product
        self._withdrawn = withdrawn
        self._settings = settings
        self._called = product.name or product.id

    def bytes(self, files: Sequence[_File]) -> Iterator[Link]:
        """Yield a link to each copy that people can fetch; if there is none, a link that says so."""
        product = self._product
        mark = "" if product.invalidated is None else f", not valid since {product.invalidated}"
        if withdrawal := self._withdrawn.get(product.id):
            reason = withdrawal.reason[:REASON_SHOWN]
            mark = f", withdrawn ({withdrawal.kind}) since {withdrawal.since}: {reason}"
        value = "This is a value, which has no file."
        missing = "No public copy is known." if product.value is None else value
        return _this(self._name, f"{self._called}{mark}", files, missing)

    def neighbours(self, near: Mapping[Kind, Sequence[Any]]) -> Iterator[Link]:
        """Yield a link to each neighbour, or one to a query where a kind has many."""
        for kind, rows in near.items():
            if rows and (rows[0].number > MOST or rows[0].counted >= COUNTED):
                yield self._many(kind, rows[0])
                continue
            for row in rows:
                mark = " (withdrawn)" if row.other in self._withdrawn else ""
                yield self._link(
                    kind.semantics,
                    f"{row.name or row.other}{mark}, {kind.one} {self._called}",
                    url=links_url(self._settings.root_url, row.other),
                    content_type=DATALINK_TYPE,
                    role=row.role,
                    is_ours=True,
                )

    def _many(self, kind: Kind, row: Any) -> Link:
        number = f"At least {row.number}" if row.counted >= COUNTED else str(row.number)
        parameters = {
            "LANG": "ADQL",
            "MAXREC": str(self._settings.maxrec_limit),
            "QUERY": kind.adql.format(id=literal(self._product.id)),
        }
        return self._link(
            kind.semantics,
            f"{number} {kind.many} {self._called}: a query that lists them",
            url=f"{self._settings.root_url}/tap/sync?{urlencode(parameters, quote_via=quote)}",
            content_type=_VOTABLE,
            is_ours=True,
        )

    def documents(self) -> Iterator[Link]:
        """Yield links to its provenance, its page and what else is documented."""
        product, root = self._product, self._settings.root_url
        yield self._ours(f"{root}{addresses.page('entity', product.id)}", "Page", "text/html")
        for title, form, media_type in PROVENANCE:
            parameters = {"ID": product.id, "DEPTH": DEPTH, "RESPONSEFORMAT": form}
            url = f"{root}/provsap?{urlencode(parameters, quote_via=quote, safe='')}"
            yield self._ours(url, title, media_type)
        yield self._link(
            "#documentation", f"Provenance of {self._called}, by ProvSAP", service=True, content_type=_VOTABLE
        )
        for url, what in (
            (product.program_url, f"Documentation of {product.program}"),
            (product.content_url, f"Documentation of {product.content}"),
        ):
            if url and (public := self._settings.downloads.url(url)):
                yield self._link("#documentation", what, url=public)

    def _ours(self, url: str, what: str, content_type: str) -> Link:
        return self._link(
            "#documentation", f"{what} of {self._called}", url=url, content_type=content_type, is_ours=True
        )

    def _link(self, semantics: str, description: str, **more: Any) -> Link:
        return Link(id=self._name, semantics=semantics, description=description, **more)


def _media_type(described: str | None, url: str) -> str | None:
    """Return the media type of a file: as it was described, else by the end of its name."""
    if described and _MEDIA_TYPE.fullmatch(described):
        return described
    by_name, compression = _BY_NAME.guess_type(url)
    return f"application/{compression}" if compression in {"gzip", "zstd"} else by_name


def links_url(root_url: str, id_: str) -> str:
    """Return the address of the links of one product."""
    return f"{root_url}/links?{urlencode({'ID': id_}, quote_via=quote, safe='')}"
