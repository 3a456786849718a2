"""The XML documents of UWS 1.1 (section 3), made with vo-models.

A job's document keeps its empty elements: the schema requires ownerId, startTime and endTime as nil.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from pydantic_xml import BaseXmlModel, element
from vo_models.uws import models
from vo_models.uws.types import ErrorType, ExecutionPhase

from provtap.results.votable import legal
from provtap.uws.job import RESULT, Job, JobReference


class _Parameters(models.Parameters):
    """Any parameters in any order; the model of vo-models has one field for each name."""

    parameter: list[models.Parameter] = element(tag="parameter", default_factory=list)

    def __init__(self, **values: Any) -> None:
        BaseXmlModel.__init__(self, **values)


def instant_text(instant: datetime) -> str:
    """Return *instant* in the form of UWS documents (UWS 1.1, section 2.2.1)."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def job_document(job: Job, url: str) -> bytes:
    """Return the document of *job* at the address *url*."""
    return _xml(
        models.JobSummary[_Parameters](
            job_id=job.job_id,
            run_id=job.run_id,
            owner_id=job.owner_id,
            phase=ExecutionPhase(job.phase.value),
            creation_time=job.creation_time,
            start_time=job.start_time,
            end_time=job.end_time,
            execution_duration=job.execution_duration,
            destruction=job.destruction,
            parameters=_parameters(job),
            results=_results(job, url),
            error_summary=_error(job),
        )
    )


def parameters_document(job: Job) -> bytes:
    """Return the document of /parameters."""
    return _xml(_parameters(job))


def results_document(job: Job, url: str) -> bytes:
    """Return the document of /results."""
    return _xml(_results(job, url))


def jobs_document(references: Iterable[JobReference], url: str) -> bytes:
    """Return the list of jobs below *url*."""
    return _xml(
        models.Jobs(
            jobref=[
                models.ShortJobDescription(
                    job_id=reference.job_id,
                    href=f"{url}/{reference.job_id}",
                    phase=ExecutionPhase(reference.phase.value),
                    run_id=reference.run_id,
                    owner_id=reference.owner_id,
                    creation_time=reference.creation_time,
                )
                for reference in references
            ]
        )
    )


def _parameters(job: Job) -> _Parameters:
    return _Parameters(
        parameter=[models.Parameter(id=legal(name), value=legal(value)) for name, value in job.parameters]
    )


def _results(job: Job, url: str) -> models.Results:
    if job.result is None:
        return models.Results()
    reference = models.ResultReference(
        id=RESULT, href=f"{url}/results/{RESULT}", size=job.result.size, mime_type=job.result.mime
    )
    return models.Results(results=[reference])


def _error(job: Job) -> models.ErrorSummary | None:
    if job.error_message is None:
        return None
    return models.ErrorSummary(message=job.error_message, type=ErrorType(job.error_type), has_detail=True)


def _xml(document: Any) -> bytes:
    return cast(bytes, document.to_xml(encoding="UTF-8", xml_declaration=True))
