"""UWS 1.1 over HTTP: the jobs at /tap/async (section 2.2).

Views read a request, call one method of the store, and return a document or the address of one.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast

from flask import Blueprint, Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from provtap.errors import NotFound, ParameterError
from provtap.query.origin import TAP, request_origin
from provtap.results.votable import write_error
from provtap.uws import documents
from provtap.uws.job import RESULT, Job, Phase
from provtap.uws.parameters import Parts
from provtap.uws.request import choice, filters, instant, one, patience, seconds
from provtap.uws.results import ResultStore
from provtap.uws.store import JobStore, new_id
from provtap.uws.watch import JobWatch
from provtap.web.http.access_log import note
from provtap.web.http.admission import admit
from provtap.web.http.authentication import caller, client
from provtap.web.http.context import Service, service
from provtap.web.http.hangup import hangup
from provtap.web.http.origin import is_foreign
from provtap.web.http.params import admit_uploads, parameters
from provtap.web.http.responses import see_other
from provtap.web.http.stored_results import stored_response

bp = Blueprint("jobs", __name__)

PIECE = 262_144
"""Bytes of a file that are stored at once."""
WAITING_SHARE = 4
"""One of this number of threads may be occupied by a WAIT."""


_HOW_TO_GO_ON = {
    Phase.PENDING: "POST PHASE=RUN to its phase to run it.",
    Phase.QUEUED: "Ask again when it is COMPLETED.",
    Phase.EXECUTING: "Ask again when it is COMPLETED.",
}


@dataclass(frozen=True)
class Jobs:
    """The objects shared by the views of jobs in one web process."""

    store: JobStore
    results: ResultStore
    watch: JobWatch


@bp.record_once
def _open(state: BlueprintSetupState) -> None:
    ours: Service = state.app.extensions["provtap"]
    store = JobStore(ours.database, ours.settings)
    state.app.extensions["provtap.jobs"] = Jobs(
        store,
        store.results,
        JobWatch(ours.database.login, max(1, ours.settings.threads // WAITING_SHARE)),
    )


def stop_waiting(app: Flask) -> None:
    """Finish all requests that wait for a job, because the process ends."""
    app.extensions["provtap.jobs"].watch.close()


def jobs() -> Jobs:
    """Return the Jobs of the application that handles the current request."""
    return cast(Jobs, current_app.extensions["provtap.jobs"])


@bp.get("")
def job_list() -> Response:
    """List the caller's jobs (section 2.2.2.1).

    Pages of other sites get an empty list, because their address is not that of their author, and only the
    secret ids protect the jobs of an address.
    """
    wanted = filters(parameters(request))
    hidden = caller() is None and is_foreign()
    response = _xml(
        documents.jobs_document([] if hidden else jobs().store.references(client(), **wanted), _url())
    )
    response.cache_control.no_store = True  # what one page may see, another one may not
    return response


@bp.post("")
def create() -> Response:
    """Create a job, and run it at once with PHASE=RUN (section 2.2.3.1)."""
    admit()
    admit_uploads(request, service().settings)
    given = parameters(request)
    run = bool(one(given, "PHASE")) and choice(given, "PHASE", "RUN") == "RUN"
    given.pop("PHASE", None)
    job_id = new_id()
    note(query=given.get("QUERY", [""])[0], run_id=given.get("RUNID", [None])[0])
    with _kept(job_id) as parts:
        jobs().store.create(client(), given, job_id=job_id, parts=parts, run=run)
    return _see(job_id)


@bp.get("/<job_id>")
def job(job_id: str) -> Response:
    """Show a job; with WAIT, after its phase has changed (section 2.2.1.1)."""
    given = parameters(request)
    wait = patience(given, service().settings.wait_limit)
    if wait is not None:
        jobs().watch.wait(
            job_id,
            lambda: jobs().store.phase(job_id, client()),
            wait,
            expected=one(given, "PHASE") or None,
            gone=hangup(request.environ),
        )
    return _xml(documents.job_document(_job(job_id), _url(job_id)))


@bp.post("/<job_id>")
def act(job_id: str) -> Response:
    """Delete a job by POST, the only action allowed here (section 2.2.3.2; DALI 1.1, section 2.1.1)."""
    given = parameters(request)
    if "ACTION" not in given:
        raise ParameterError(
            "The only parameter allowed here is ACTION=DELETE.",
            hint=f"POST parameters to {_url(job_id)}/parameters.",
        )
    choice(given, "ACTION", "DELETE")
    return delete(job_id)


@bp.delete("/<job_id>")
def delete(job_id: str) -> Response:
    """Delete a job and its result; a running query is stopped (section 2.2.3.2)."""
    jobs().store.remove(job_id, client())
    return _see()


@bp.get("/<job_id>/phase")
def phase(job_id: str) -> Response:
    """Show the phase."""
    return _text(_job(job_id).phase.value)


@bp.post("/<job_id>/phase")
def set_phase(job_id: str) -> Response:
    """Run or abort a job (sections 2.2.3.4 and 2.2.3.5)."""
    if choice(parameters(request), "PHASE", "RUN", "ABORT") == "RUN":
        admit()
        jobs().store.run(job_id, client())
    else:
        jobs().store.abort(job_id, client())
    return _see(job_id)


@bp.get("/<job_id>/executionduration")
def execution_duration(job_id: str) -> Response:
    """Show the execution duration, in seconds."""
    return _text(str(_job(job_id).execution_duration))


@bp.post("/<job_id>/executionduration")
def set_execution_duration(job_id: str) -> Response:
    """Set another execution duration, within the limit of this service (section 2.2.3.6)."""
    asked = seconds(parameters(request), "EXECUTIONDURATION")
    jobs().store.set_execution_duration(job_id, client(), asked)
    return _see(job_id)


@bp.get("/<job_id>/destruction")
def destruction(job_id: str) -> Response:
    """Show when the job will be destroyed."""
    return _text(documents.instant_text(_job(job_id).destruction))


@bp.post("/<job_id>/destruction")
def set_destruction(job_id: str) -> Response:
    """Set another destruction time, within the limit of this service (section 2.2.3.3)."""
    jobs().store.set_destruction(job_id, client(), instant(parameters(request), "DESTRUCTION"))
    return _see(job_id)


@bp.get("/<job_id>/quote")
def quote(job_id: str) -> Response:
    """Show when the job will be finished, which is unknown (section 2.1.8)."""
    _job(job_id)
    return _text("")


@bp.get("/<job_id>/owner")
def owner(job_id: str) -> Response:
    """Show the owner of the job, or nothing if it has none."""
    return _text(_job(job_id).owner_id or "")


@bp.get("/<job_id>/parameters")
def job_parameters(job_id: str) -> Response:
    """Show the parameters."""
    return _xml(documents.parameters_document(_job(job_id)))


@bp.post("/<job_id>/parameters")
def set_parameters(job_id: str) -> Response:
    """Add or change parameters of a PENDING job (DALI 1.1, section 2.1.1)."""
    admit_uploads(request, service().settings)
    given = parameters(request)
    if "PHASE" in given:
        raise ParameterError("PHASE is not a parameter of a job.", hint=f"POST it to {_url(job_id)}/phase.")
    _job(job_id)  # only the owner of the job may fill the store
    with _kept(job_id) as parts:
        jobs().store.set_parameters(job_id, client(), given, parts)
    return _see(job_id)


@bp.get("/<job_id>/error")
def error(job_id: str) -> Response:
    """Show the error of a failed job (TAP 1.1, section 2.4)."""
    found = _job(job_id)
    if found.error_message is None:
        raise NotFound(f"Job {job_id} has not failed: it is {found.phase}.")
    url = found.request_url(service().tap_url)
    document = write_error(found.error_message, request_origin(service().settings, TAP, url=url))
    return Response(document, content_type="application/x-votable+xml")


@bp.get("/<job_id>/results")
def results(job_id: str) -> Response:
    """Show the address of the result."""
    return _xml(documents.results_document(_job(job_id), _url(job_id)))


@bp.get(f"/<job_id>/results/{RESULT}")
def result(job_id: str) -> Response:
    """Return the result of a COMPLETED job (TAP 1.1, section 2.4), or the reason why there is none."""
    found = _job(job_id)
    if found.error_message is not None:
        raise NotFound(found.error_message)
    if found.result is None:
        raise NotFound(
            f"Job {job_id} has no result yet: it is {found.phase}.", hint=_HOW_TO_GO_ON[found.phase]
        )
    return stored_response(found.result, jobs().results)


@contextmanager
def _kept(job_id: str) -> Iterator[Parts]:
    """Store the files of the request for the job, and yield them; remove them if the job rejects them."""
    results = jobs().results
    names = {part: f"{job_id}.upload-{secrets.token_hex(8)}" for part in request.files}
    size = 0
    try:
        for part, name in names.items():
            size += results.put(name, iter(partial(request.files[part].stream.read, PIECE), b""))
        yield Parts(names, size)
    except BaseException:
        for name in names.values():
            results.delete(name)
        raise


def _job(job_id: str) -> Job:
    return jobs().store.job(job_id, client())


def _url(*path: str) -> str:
    return "/".join([f"{service().tap_url}/async", *path])


def _see(*path: str) -> Response:
    """Redirect the client to a job, or the list of jobs, always with status 303 (HTTP-5)."""
    return see_other(_url(*path))


def _text(text: str) -> Response:
    return Response(text, content_type="text/plain; charset=utf-8")


def _xml(document: bytes) -> Response:
    return Response(document, content_type="application/xml")
