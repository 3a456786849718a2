"""The origin of a result: remarks for people and programs, with the names of Data Origin in the VO 1.2.

Remarks about the request, its time and the service belong to the whole document (ORIG-1). Remarks about the
authors of the data and how to cite them belong to the result, for all schemas in the query (ORIG-3).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from weakref import WeakKeyDictionary

from provtap import __version__
from provtap.config import Settings
from provtap.database.connect import Database, Pool
from provtap.database.watched import Watched
from provtap.results.votable import DocumentInfo, Info
from provtap.tableset import DATA_ORIGIN, Tableset

TAP = "ivo://ivoa.net/std/TAP"
OURS = frozenset(("provenance", "provext"))
"""The schemas filled by ingestions."""
_LAST_INGESTION = "SELECT in_time FROM provext.ingestion ORDER BY in_id DESC LIMIT 1"


def request_origin(
    settings: Settings, protocol: str, *, url: str | None = None, query: str | None = None
) -> Iterator[Info]:
    """Yield remarks on the request: *url* repeats it, *protocol* is the IVOID of its standard."""
    date = instant(datetime.now(UTC))
    given = (
        ("publisher", settings.publisher, "Who published this result."),
        ("server_software", f"ProvTAP/{__version__}", ""),
        ("service_protocol", protocol, ""),
        ("service_ivoid", settings.service_ivoid, "The service in the registry of the Virtual Observatory."),
        ("request", url, "The request of this response."),
        ("request_date", date, "When the request was answered, in UTC."),
        ("contact", settings.contact, "Whom to ask about this result."),
        ("QUERY", query, ""),
    )
    return (DocumentInfo(name, value, text) for name, value, text in given if value is not None)


def dataset_origin(
    settings: Settings,
    tableset: Tableset,
    schemas: Iterable[str],
    updated: datetime | None,
    product: Mapping[str, tuple[str, ...]] | None = None,
) -> list[Info]:
    """Return how to cite the data of *schemas*; *updated* is when the store last changed.

    Values in the metadata file of a schema take precedence over the settings, which apply to all schemas.
    Values of the *product* that the document is about take precedence over both.
    """
    found: dict[str, dict[str, None]] = {name: {} for name in DATA_ORIGIN}
    of_all = {
        "data_ivoid": settings.service_ivoid,
        "citation": settings.citation,
        "reference_url": settings.reference_url or f"{settings.root_url}/",
        "rights_uri": settings.rights_uri,
    }
    for schema in tableset.schemas:
        if schema.name in schemas:
            given = {name: (value,) for name, value in of_all.items() if value is not None}
            if schema.name in OURS and updated is not None:
                given["last_update_date"] = (instant(updated),)
            for name, values in (given | dict(schema.data_origin)).items():
                found[name].update(dict.fromkeys(values))
    for name, values in (product or {}).items():
        found[name] = dict.fromkeys(values)
    return [Info(name, value, DATA_ORIGIN[name]) for name, values in found.items() for value in values]


def instant(time: datetime) -> str:
    """Return a UTC time in the form of DALI, to the second."""
    return time.replace(tzinfo=None).isoformat(timespec="seconds")


def _last_ingestion(database: Database) -> datetime | None:
    with database.transaction() as transaction:
        row = transaction.one(_LAST_INGESTION)
    return row and row.in_time


_watched: WeakKeyDictionary[Pool, Watched[datetime | None]] = WeakKeyDictionary()


def last_update(database: Database) -> datetime | None:
    """Return when the last document was ingested, in UTC; None without one, or if the database is down."""
    known = _watched.setdefault(database.writer, Watched(None))
    return known.latest(partial(_last_ingestion, database))
