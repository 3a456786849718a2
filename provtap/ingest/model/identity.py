"""The rules for ids: the same thing has the same id in every document, in any order of arrival.

Nothing here depends on the content of the store. Ids from a source are UUIDs; ids made from a path or role
are UUIDs of version 5; ids of things with a name are readable: `urn:x-provtap:<kind>:<part>:...`, with each
part percent-encoded.
"""

import json
import string
import uuid
from urllib.parse import quote

from provtap import iris
from provtap.ingest.model import identity

NAME_BYTES = 1000
"""Maximum length of a name (schema: domain provenance.name)."""


ROLE_BYTES = 500
"""Maximum length of a role, status or version (schema: domain provenance.role)."""


def file_name(url: str) -> str | None:
    """Return the file name in *url*, unless it exceeds the maximum length of a name."""
    name = identity.basename(url)
    return name if name and len(name.encode()) <= NAME_BYTES else None


_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:x-provtap")
MAX_BYTES = 1000
"""Maximum length of an id (schema: domain provenance.identifier)."""
_PLAIN = string.punctuation.replace("%", "")


def given(source_uuid: str) -> str:
    """Return the id of an activity or product that its source identified by a UUID, in lower case."""
    return f"urn:uuid:{source_uuid}"


def output(activity_id: str, role: str | None, url: str) -> str:
    """Return the id of a file that a run wrote without an id."""
    return _derived("output", activity_id, role, url)


def storage(url: str, site: str) -> str:
    """Return the scope in which *url* is unique: its scheme and authority, else the site."""
    return iris.authority(url) or site


def external(url_storage: str, url: str) -> str:
    """Return the id of a file without known producer, shared by all its users."""
    return _derived("external", url_storage, url)


def config_file(activity_id: str, url: str) -> str:
    """Return the id of a configuration file of one activity."""
    return _derived("configfile", activity_id, url)


def parameter(activity_id: str, name: str) -> str:
    """Return the id of a parameter by its dotted name, unique within its activity; ids are ASCII."""
    text = f"{activity_id}/{quote(name, safe=_PLAIN)}"
    return text if len(text) <= MAX_BYTES else _derived("parameter", activity_id, name)


def value(activity_id: str, role: str) -> str:
    """Return the id of a value that a run produced, such as its status."""
    return f"{activity_id}#{role}"


def node(site: str, host: str) -> str:
    """Return the id of a computer; two sites may have the same host name."""
    return _readable("node", site, host)


def environment(sha256: str) -> str:
    """Return the id of a software environment, by the digest of its content."""
    return _readable("environment", sha256)


def user(site: str, name: str) -> str:
    """Return the id of a person known by a login name at a site."""
    return _readable("user", site, name)


def account(name: str) -> str:
    """Return the id of the agent for an account of the service."""
    return _readable("account", name)


def contact(email: str | None, name: str | None, organization: str | None) -> str:
    """Return the id of a contact: from its e-mail address, else from name and organization."""
    if email:
        return _readable("contact", email.lower())
    return _readable("contact", organization or "", name or "")


def activity_description(name: str, version: str | None) -> str:
    """Return the id of an activity description, from its natural key."""
    return _readable("activitydescription", name, *([] if version is None else [version]))


def entity_description(set_name: str, name: str) -> str:
    """Return the id of a kind of entity in a set of descriptions."""
    return _readable("entitydescription", set_name, name)


def part_description(kind: str, name: str, version: str | None, part: str) -> str:
    """Return the id of the description of a role or parameter (*part*) of one version of a tool."""
    return _readable(kind, name, *([] if version is None else [version]), part)


def named_description(kind: str, name: str) -> str:
    """Return the id of a description of entities, from its class and name."""
    return _readable(kind.lower(), name)


def part_of(kind: str, description_id: str, part: str) -> str:
    """Return the id of `part_description`, from the id of the activity description."""
    start, end = activity_description("", None), f":{quote(part, safe='')}"
    whole = description_id.replace(start, f"urn:x-provtap:{kind.lower()}:", 1) + end
    if not description_id.startswith(start) or len(whole) > MAX_BYTES:
        return _derived(kind.lower(), description_id, part)
    return whole


def dataset_description(*parts: str | None) -> str:
    """Return the id of a dataset description, from data model, version, data levels and format."""
    return _readable("datasetdescription", *(part or "" for part in parts))


def session(site: str, id: str, started: str) -> str:
    """Return the id of a session of logprov; its own id is not unique across processes."""
    return _readable("logprov", site, id, started)


def scope(kind: str, *parts: str) -> str:
    """Return the scope of ids that are unique only within *parts*, such as one run of a workflow."""
    return _readable(kind, *parts)


def within(session_id: str, *parts: str) -> str:
    """Return the id of a thing whose own id is unique only within its session."""
    text = ":".join([session_id, *(quote(part, safe="") for part in parts)])
    return text if len(text) <= MAX_BYTES else _derived("within", session_id, *parts)


def kind(name: str, description: str | None) -> str:
    """Return the id of an entity description that its source identifies only by name."""
    return _readable("kind", name, description or "")


def archived(archive: str, name: str) -> str:
    """Return the id of a file, from its name in an archive."""
    return _readable(archive, name)


def recipe(product_id: str, step: str) -> str:
    """Return the id of a processing step known only from the header of its product."""
    return _derived("recipe", product_id, step)


def withdrawal(document: str) -> str:
    """Return the id of the activity recorded by a document; *document* is its digest."""
    return _derived("withdrawal", document)


def blank(document: str, label: str) -> str:
    """Return the id of a thing without an id outside of its document; *document* is its digest."""
    return _derived("blank", document, label)


def basename(url: str) -> str | None:
    """Return the last segment of a path or URL, or None for the root."""
    return url.rstrip("/").rpartition("/")[2] or None


def _derived(*parts: str | None) -> str:
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, json.dumps(parts))}"


def _readable(*parts: str) -> str:
    text = ":".join(["urn:x-provtap", *(quote(part, safe="") for part in parts)])
    return text if len(text) <= MAX_BYTES else _derived(*parts)
