"""Events of OpenLineage: the endpoint for `OPENLINEAGE_URL` of Airflow, Spark or dbt."""

from typing import Any

from flask import Response, jsonify

from provtap.errors import DocumentError, NoProvenance, TooLarge
from provtap.ingest.parsing.json import canonical, parse
from provtap.web.api.storing import body, nothing_stored, options, store
from provtap.web.http.admission import admit

FORMAT = "openlineage"


def lineage() -> Response:
    """Store an event of OpenLineage, or an array of them.

    An event about only a job or a dataset is accepted, but not stored.
    """
    admit("write")
    return _store(body(unpack=True))


def lineage_batch() -> Response:
    """Store an array of events of OpenLineage, independently of each other."""
    admit("write")
    values = list(parse(body(unpack=True)))
    events = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    failed: list[dict[str, Any]] = []
    for index, event in enumerate(events):
        try:
            _store(canonical(event).encode())
        except (DocumentError, TooLarge) as error:
            failed.append({"index": index, "reason": str(error), "retriable": False})
    counts = {"received": len(events), "successful": len(events) - len(failed), "failed": len(failed)}
    status = "success" if not failed else "partial_success" if counts["successful"] else "failure"
    return jsonify({"status": status, "summary": counts, "failed_events": failed})


def _store(content: bytes) -> Response:
    try:
        return store(content, **options() | {"format": FORMAT})
    except NoProvenance:
        return nothing_stored(FORMAT, "The event does not belong to a run.")
