"""The record of the service for the registry of the Virtual Observatory.

It has the same capabilities and tables as the service itself.

Registries that poll records, such as purx, accept a new version only if `updated` has changed, so it is the
time of the last change of metadata or settings (REG-32). Source: VOResource 1.1; VODataService 1.2.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from flask import Blueprint, Response, current_app
from lxml import etree

from provtap import __version__
from provtap.config import PREFIX, Settings
from provtap.errors import NotFound, ProvtapError
from provtap.metadata.change import has_observations, last_change, set_up
from provtap.results.votable import legal
from provtap.web.capabilities import capabilities_document
from provtap.web.http.cached_documents import cached_document
from provtap.web.http.context import Service, service
from provtap.web.tables import element, schemas, text, texts

bp = Blueprint("registry", __name__)

NEEDED = ("title", "publisher", "contact", "service_ivoid")
"""The settings without a default that is suitable for a record."""
ABOUT = (
    "ProvTAP: the provenance of astronomical data products, by the IVOA Provenance Data Model. Search by ADQL"
    " which activities generated the products, from which data, with which configuration and software, and by"
    " whom, over any number of steps."
)
"""A description in all records, so that searches for provenance find them (REG-34)."""
SHORT = 16
"""Maximum characters of a short name."""
_RI = "http://www.ivoa.net/xml/RegistryInterface/v1.0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NAMESPACES = {
    "ri": _RI,
    "vr": "http://www.ivoa.net/xml/VOResource/v1.0",
    "vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "tr": "http://www.ivoa.net/xml/TAPRegExt/v1.0",
    "xsi": _XSI,
}


@bp.get("/registry")
def registry() -> Response:
    """Return the record of this service for registries, if it is complete.

    Raises: NotFound, with the missing settings.
    """
    ours = service()
    if incomplete := shortcoming(ours.settings):
        raise NotFound(incomplete)
    observed = has_observations(ours.database)
    changed = modified(ours, observed)
    return cached_document(
        f"tap/registry?changed={changed.isoformat()}",
        lambda: registry_record(
            replace(ours, modified=changed), created=set_up(ours.database), observed=observed
        ),
        content_type="text/xml",
        modified=changed,
    )


def shortcoming(settings: Settings) -> str | None:
    """Return a sentence about missing settings for a record; None if it is complete."""
    missing = [f"{PREFIX}{name.upper()}" for name in NEEDED if getattr(settings, name) is None]
    if missing:
        return f"This service has no registry record: set {_listed(missing)}."
    if "://" in str(settings.contact):
        return f"This service has no registry record: {PREFIX}CONTACT must be a mail address for that."
    return None


def _listed(names: list[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def registry_record(ours: Service, created: datetime, *, observed: bool) -> bytes:
    """Return the record of a service with all settings for it; *created* is when it was first set up."""
    settings = ours.settings
    root = etree.Element(
        f"{{{_RI}}}Resource",
        {
            f"{{{_XSI}}}type": "vs:CatalogService",
            "created": _instant(min(created, ours.modified)),
            "updated": _instant(ours.modified),
            "status": "active",
            "version": "1.1",
        },
        nsmap=_NAMESPACES,
    )
    title = _line(settings.title)
    root.extend(texts(title=title, shortName=title if len(title) <= SHORT else None))
    root.append(text("identifier", str(settings.service_ivoid)))
    root.extend([_curation(settings, title), _content(ours)])
    if settings.rights_uri:
        root.append(element("rights", rightsURI=settings.rights_uri))
    capabilities = etree.fromstring(
        capabilities_document(ours.tap_url, settings, ours.tableset, observed=observed)
    )
    root.extend(capabilities.findall("capability"))
    root.append(element("tableset", *schemas(ours.tableset)))
    etree.cleanup_namespaces(root, keep_ns_prefixes=[*_NAMESPACES])
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _curation(settings: Settings, title: str) -> etree._Element:
    contact = element("contact", *texts(name=f"Operators of {title}", email=settings.contact))
    return element("curation", text("publisher", _line(settings.publisher)), contact)


def _content(ours: Service) -> etree._Element:
    settings = ours.settings
    subjects = [text("subject", _line(each)) for each in settings.subjects.split(",") if each.strip()]
    rest = texts(
        description=" ".join(filter(None, [_line(settings.description), ABOUT])),
        referenceURL=settings.reference_url or f"{ours.base_url}/",
        type="Catalog",
        contentLevel="Research",
    )
    return element("content", *subjects, *rest)


def _line(given: str | None) -> str:
    return " ".join(legal(given or "").split())


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def modified(ours: Service, observed: bool) -> datetime:
    """Return when metadata last changed; the first observation counts as a change."""
    known: dict[bool, datetime] = current_app.extensions.setdefault("provtap.observed", {})
    if observed not in known:
        try:
            changed = last_change(ours.database, metadata_digest(ours, observed=observed))
        except ProvtapError:  # metadata are also sent while the database is down
            return ours.modified
        known.clear()
        known[observed] = changed
    return known[observed]


def metadata_digest(ours: Service, *, observed: bool) -> str:
    """Return a digest that changes whenever a metadata document may change."""
    parts = [
        __version__.encode(),
        ours.tableset.digest.encode(),
        capabilities_document(ours.tap_url, ours.settings, ours.tableset, observed=observed),
    ]
    if shortcoming(ours.settings) is None:
        parts.append(registry_record(replace(ours, modified=_NO_TIME), created=_NO_TIME, observed=observed))
    return hashlib.sha256(b"\n".join(parts)).hexdigest()
