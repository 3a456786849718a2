"""DataLink 1.1: what was asked for, and the table of links that answers it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provtap.config import Settings
from provtap.database.connect import BY_KEYS, Database
from provtap.datalink.links import Link, links
from provtap.errors import ParameterError
from provtap.query.links import DATALINK_ID, DATALINK_TYPE, provenance_tables
from provtap.query.origin import request_origin
from provtap.query.request import request_url
from provtap.results.votable import Descriptor, Info, service_id, write_rows
from provtap.tableset import Column

IDS = 500
"""Ids of one request that are answered; pyvo then asks for the others, as many at a time."""
ROWS = 20_000
"""Links of one answer, after which no further id is answered."""


def _text(name: str, ucd: str, description: str) -> Column:
    return Column(name=name, datatype="char", arraysize="*", ucd=ucd, description=description)


COLUMNS = (
    _text("ID", "meta.id;meta.main", "The id or name that was asked for."),
    _text("access_url", "meta.ref.url", "Where to get it."),
    _text("service_def", "meta.ref", "The service of this document that has it."),
    _text("error_message", "meta.code.error", "Why there is no link."),
    _text("semantics", "meta.code", "What it is to the product: a term of the IVOA's vocabulary."),
    _text("description", "meta.note", "What it is, in words."),
    _text("content_type", "meta.code.mime", "Its media type."),
    Column(
        name="content_length",
        datatype="long",
        unit="byte",
        ucd="phys.size;meta.file",
        description="Its size.",
    ),
    _text("local_semantics", "meta.id.assoc", "The role that it had in the run."),
    _text("link_auth", "meta.code", "Whether getting it needs an account: false, optional or true."),
    Column(
        name="link_authorized",
        datatype="boolean",
        ucd="meta.code",
        description="Whether the client that asks may get it.",
    ),
)
"""In the order of the standard: the ID first (LINK-2)."""


@dataclass(frozen=True, kw_only=True)
class LinksRequest:
    """The parameters of DataLink."""

    ids: tuple[str, ...]

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Sequence[str]]) -> "LinksRequest":
        """Read the parameters of a request, by names in upper case; others are ignored.

        Raises: ParameterError for a RESPONSEFORMAT that is not VOTable.
        """
        for form in parameters.get("RESPONSEFORMAT", ()):
            if form.partition(";")[0].strip().lower() not in _FORMATS:
                raise ParameterError(
                    f"RESPONSEFORMAT {form[:40]!r} is not supported.", hint=f"Use {' or '.join(_FORMATS)}."
                )
        return cls(ids=tuple(filter(None, parameters.get("ID", ()))))


_FORMATS = ("votable", "application/x-votable+xml")


def links_document(request: LinksRequest, database: Database, settings: Settings) -> bytes:
    """Return the links of all ids of *request*, or of the first ones: those of an id are never cut (LINK-1).

    Raises: QueryTimeout, DatabaseUnavailable.
    """
    url = request_url(f"{settings.root_url}/links", {"ID": request.ids})
    infos = [*request_origin(settings, DATALINK_ID, url=url), Info("standardID", DATALINK_ID)]
    if not request.ids:
        return write_rows(COLUMNS, (), [*infos, _itself(settings)])
    with database.reading(settings.sync_duration) as transaction:
        transaction.execute(BY_KEYS)
        found = links(transaction, request.ids[:IDS], settings)
    answered = _within(found, ROWS)
    rows = (_cells(link, settings) for of_one in answered for link in of_one)
    left_out = len(request.ids) - len(answered)
    overflow = (
        f"The last {left_out} of {len(request.ids)} ids were not answered; ask for them again."
        if left_out
        else ""
    )
    infos.append(provenance_tables(0, COLUMNS[0], settings.root_url))
    return write_rows(COLUMNS, rows, infos, overflow)


def _within(found: Sequence[Sequence[Link]], most: int) -> list[Sequence[Link]]:
    """Return the links of the first ids, whole, until there are *most*; those of at least one id."""
    answered: list[Sequence[Link]] = []
    total = 0
    for of_one in found:
        if answered and total + len(of_one) > most:
            break
        answered.append(of_one)
        total += len(of_one)
    return answered


def _cells(link: Link, settings: Settings) -> Iterator[str]:
    """Yield the cells of a row, in the order of COLUMNS."""
    yield link.id
    yield link.url or ""
    yield service_id("tables", "ID") if link.service else ""
    yield link.error or ""
    yield link.semantics
    yield link.description
    yield link.content_type or ""
    yield "" if link.size is None else str(link.size)
    yield link.role or ""
    ours = link.is_ours or link.service
    yield ("true" if settings.require_account else "false") if ours else ""
    yield "true" if ours else ""


def _itself(settings: Settings) -> Descriptor:
    """Return the description of this service (LINK-8)."""
    return Descriptor(
        name="Links",
        value=f"{settings.root_url}/links",
        text="Files, inputs, derived products and documents of a product, by its id or another name.",
        key="links",
        column=None,
        standard_id=DATALINK_ID,
        content_type=DATALINK_TYPE,
    )
