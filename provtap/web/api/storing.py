"""Stores documents over HTTP: reads the body and the options in the address, and returns the report."""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from flask import Response, request

from provtap.database.connect import Transaction
from provtap.errors import ParameterError, TooLarge, UnsupportedMediaType
from provtap.ingest import IngestReport, describe_content, ingest_content, read_location_map
from provtap.web.api.idempotency import Answer, keyed
from provtap.web.http.access_log import note
from provtap.web.http.context import service

OPTIONS = {
    "format": "Format of the document; auto, the default, recognises it by its content.",
    "site": "Scope of local paths and host names; default: the scope of the service.",
    "source": "Name of the document in messages and in provext.ingestion, which is public.",
    "map": "PREFIX=URI: files whose paths begin with PREFIX were stored under URI; may be repeated.",
    "workflowRun": "Id of the workflow run of the document: names of staged files are unique within it.",
    "strict": "true: a warning rejects the document.",
    "dryRun": "true: report what would be stored, but store nothing.",
}
"""Parameters in the address of a request that stores a document."""
REPEATED = {"map"}
"""Parameters that may be repeated."""
RECORD_OPTIONS = ("site", "source", "strict", "dryRun")
DESCRIPTION_OPTIONS = ("source", "dryRun")
Finish = Callable[[Transaction, Answer], None]
"""Stores a response in the transaction of its request."""
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_SITE_BYTES = 500
_SOURCE_BYTES = 1_000


def store(content: bytes, **choices: Any) -> Response:
    """Store *content* with the options of `ingest_content`; return the report, or the earlier response.

    Raises: DocumentError, TooLarge, KeyReused, DatabaseUnavailable.
    """
    database, settings = service().database, service().settings

    def work(finish: Finish) -> None:
        ingest_content(
            content,
            database=database,
            settings=settings,
            most_records=settings.document_records,
            finish=lambda transaction, report: finish(transaction, _answer(report, choices["dry_run"])),
            **choices,
        )

    return once(content, work)


def describe(content: bytes, source: str, dry_run: bool) -> Response:
    """Apply the set of descriptions in *content*; return the changes, or the earlier response.

    Raises: DocumentError, KeyReused, DatabaseUnavailable.
    """

    def work(finish: Finish) -> None:
        describe_content(
            content,
            source,
            service().database,
            dry_run=dry_run,
            finish=lambda transaction, report: finish(transaction, _json(200, asdict(report))),
        )

    return once(content, work)


def once(content: bytes, work: Callable[[Finish], None]) -> Response:
    """Do *work*, which gives its answer to its argument; a request that was sent before is only answered."""
    database, sent = service().database, keyed(content)
    answers = [sent.answered(database)] if sent else []
    if not any(answers):
        work(lambda transaction, answer: answers.append(sent.keep(transaction, answer) if sent else answer))
    return next(answer for answer in reversed(answers) if answer).response()


def body(*, unpack: bool = False) -> bytes:
    """Return the body of the current request, whatever its Content-Type; with *unpack*, gzip is allowed.

    Raises: TooLarge; UnsupportedMediaType for a form, or another Content-Encoding.
    """
    limit = service().settings.document_bytes
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if unpack and encoding == "gzip":
        return _unpacked(_content(limit), limit)
    if encoding != "identity":
        raise UnsupportedMediaType(
            "The body must not be compressed.", hint="Send it without Content-Encoding."
        )
    return _content(limit)


def _unpacked(content: bytes, limit: int) -> bytes:
    try:
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        unpacked = unpacker.decompress(content, limit + 1)
    except zlib.error as error:
        raise ParameterError("The body is not compressed with gzip, as its Content-Encoding says.") from error
    if len(unpacked) > limit:
        raise TooLarge(f"The body exceeds the limit of {limit} bytes for a document.")
    if not unpacker.eof:
        raise ParameterError("The body of the request is incomplete.")
    return unpacked


def _content(limit: int) -> bytes:
    if request.mimetype == "multipart/form-data":
        raise UnsupportedMediaType(
            "The body is a form, not a document.", hint="Send the document itself as the body."
        )
    length = request.content_length
    # Flask would silently truncate a body without a length.
    content = request.environ["wsgi.input"].read(limit + 1) if (length or 0) <= limit else b""
    if (length or len(content)) > limit:
        raise TooLarge(f"The body exceeds the limit of {limit} bytes for a document.")
    if len(content) < (length or 0):  # half a document may look like a whole one
        raise ParameterError("The body of the request is incomplete.")
    return content


def options(names: Iterable[str] = RECORD_OPTIONS) -> dict[str, Any]:
    """Return the options in the address of the current request, of which *names* are allowed.

    Raises: ParameterError for a parameter that is unknown, repeated or invalid.
    """
    known = {name.upper(): name for name in names}
    given: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for name, values in request.args.lists():
        if name.upper() not in known:
            near = get_close_matches(name.upper(), known, n=1)
            hint = (
                f"Did you mean {known[near[0]]}?"
                if near
                else f"The parameters are {', '.join(known.values())}."
            )
            raise ParameterError(f"Unknown parameter {name[:40]!r}.", hint=hint)
        if known[name.upper()] in REPEATED:
            repeated[known[name.upper()]] = values
        elif {*values, given.setdefault(known[name.upper()], values[0])} != {values[0]}:
            raise ParameterError(f"{known[name.upper()]} is given more than once, with different values.")
    source = _short(given, "source", _SOURCE_BYTES) or request.path
    note(run_id=source)
    locations = _location_map(repeated.get("map", []), _short(given, "workflowRun", _SITE_BYTES))
    return locations | {
        "format": given.get("format") or "auto",
        "site": _short(given, "site", _SITE_BYTES),
        "source": source,
        "strict": _boolean(given, "strict"),
        "dry_run": _boolean(given, "dryRun"),
    }


def _location_map(maps: list[str], workflow_run: str | None) -> dict[str, Any]:
    if not maps and workflow_run is None:
        return {}
    return {"location_map": read_location_map(maps, None, workflow_run)}


def _short(given: dict[str, str], name: str, limit: int) -> str | None:
    text = given.get(name) or None
    if text is not None and (len(text.encode()) > limit or "\0" in text):
        raise ParameterError(f"{name} must have at most {limit} bytes, and no character NUL.")
    return text


def _boolean(given: dict[str, str], name: str) -> bool:
    text = given.get(name, "false")
    if text not in _BOOLEANS:
        raise ParameterError(f"{name} must be true or false, not {text[:40]!r}.")
    return _BOOLEANS[text]


def nothing_stored(format: str, why: str) -> Response:
    """Return the report of a document without anything to store, which is not an error."""
    report = IngestReport(
        source=request.path,
        format=format,
        records=0,
        activity_ids=frozenset(),
        warnings=(why,),
        ingestion=0,
    )
    return _answer(report, dry_run=True).response()


def _answer(report: IngestReport, dry_run: bool) -> Answer:
    content = {
        "ingestion": None if dry_run else report.ingestion,
        "source": report.source,
        "format": report.format,
        "known": report.known,
        "records": report.records,
        "activities": report.activities,
        "new": report.new,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "stubs": report.stubs,
        "warnings": report.warnings,
        "conflicts": report.conflicts,
    }
    return _json(200 if report.known or dry_run else 201, content)


def _json(status: int, content: Mapping[str, Any]) -> Answer:
    return Answer(status, json.dumps(content, ensure_ascii=False) + "\n")
