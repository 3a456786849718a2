"""The views of the write API: store documents and records, and return records and reports."""

from flask import Response, jsonify, request

from provtap.errors import DocumentError, NotFound
from provtap.ingest.parsing.json import canonical, parse
from provtap.ingest.parsing.node import Node
from provtap.ingest.readers.records.classes import Class
from provtap.web.api import reads, storing
from provtap.web.api.storing import DESCRIPTION_OPTIONS, OPTIONS, body, options, store
from provtap.web.http.admission import admit
from provtap.web.http.context import service

FORMAT = "records"


def has_own_id(each: Class) -> bool:
    """Return whether the class has its own ids, not ids made from a natural key."""
    attribute = each.attribute("id")
    return attribute is not None and attribute.needed


def documents() -> Response:
    """Store a whole document in any supported format."""
    admit("write")
    return store(body(), **options(OPTIONS))


def descriptions() -> Response:
    """Apply a set of descriptions: a YAML file as for `provtap describe`."""
    admit("admin")  # it overrides records
    given = options(DESCRIPTION_OPTIONS)
    return storing.describe(body(), given["source"], given["dry_run"])


def records() -> Response:
    """Store records of any classes: all of them, or none."""
    admit("write")
    return store(body(), **options() | {"format": FORMAT})


def add(each: Class) -> Response:
    """Store one record of a class, or an array of them."""
    admit("write")
    return _store(each, _value(body()))


def put(each: Class, id_: str) -> Response:
    """Add the attributes in the body to the record with this id."""
    admit("write")
    value = _value(body())
    if not isinstance(value, dict):
        raise DocumentError(Node(value, "the body").wrong("must be an object").message, pointer="")
    if value.get("id", id_) != id_:
        raise DocumentError(f"/id differs from the id in the address, {id_[:200]}", pointer="/id")
    return _store(each, {"id": id_} | value)


def find(each: Class) -> Response:
    """Return the stored records of a class with the attributes in the address."""
    database = admit()
    return jsonify(reads.find(database, each, dict(request.args.lists())))


def one(each: Class, id_: str) -> Response:
    """Return the record with an id."""
    database = admit()
    return jsonify(reads.one(database, each, id_))


def ingestion(number: int) -> Response:
    """Return the report on one document: a row of provext.ingestion."""
    database = admit()
    with database.reading(service().settings.sync_duration) as transaction:
        row = transaction.one(
            "SELECT in_id, in_source, in_format, in_sha256, in_time, in_new, in_updated, in_unchanged,"
            " in_stubs, in_conflicts, in_warnings, in_undone FROM provext.ingestion"
            " WHERE in_id = %(number)s::numeric",
            number=number,
        )
    if row is None:
        raise NotFound(f"Ingestion {str(number)[:40]} does not exist.")
    content = {name.removeprefix("in_"): value for name, value in row._asdict().items()}
    warnings = (content["warnings"] or "").splitlines()
    content |= {"ingestion": content.pop("id"), "time": row.in_time.isoformat(), "warnings": warnings}
    content["undone"] = row.in_undone.isoformat() if row.in_undone else None
    return jsonify(content)


def _value(content: bytes) -> object:
    values = list(parse(content))
    if len(values) > 1:
        raise DocumentError("the body must be one JSON value, but several follow each other")
    return values[0]


def _store(each: Class, value: object) -> Response:
    """Store *value* as a document of records."""
    return store(canonical({each.name: value}).encode(), **options() | {"format": FORMAT})
