"""Commands for the jobs of all users: `provtap jobs`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from provtap.client.command import as_json, print_json
from provtap.config import Settings

if TYPE_CHECKING:
    from provtap.uws.job import Job
    from provtap.uws.store import JobStore

PHASES = ("PENDING", "QUEUED", "EXECUTING", "COMPLETED", "ERROR", "ABORTED")
SHOWN = 60
"""Maximum characters of a query in a list."""


@click.group(
    short_help="List, show and abort the jobs of all users.",
    epilog="Example: provtap jobs list --phase EXECUTING",
)
def jobs() -> None:
    """List, show and abort the asynchronous jobs of all users."""


@jobs.command(name="list", epilog="Example: provtap jobs list --phase QUEUED --phase EXECUTING")
@click.option(
    "--phase",
    "phases",
    multiple=True,
    type=click.Choice(PHASES, case_sensitive=False),
    help="Only this phase.",
)
@click.option("--last", type=click.IntRange(1), default=50, show_default=True, help="Maximum number of jobs.")
@as_json
@click.pass_obj
def list_(settings: Settings, phases: tuple[str, ...], last: int, as_json: bool) -> None:
    """List the newest jobs: id, phase, creation, account or address, and query."""
    from provtap.uws.job import Phase

    with _store(settings) as store:
        found = store.everybodys(limit=last, phases=[Phase(phase) for phase in phases] or None)
    if as_json:
        print_json([_content(job) for job in found])
        return
    if not found:
        click.echo(f"There is no {' or '.join(phases) + ' ' if phases else ''}job.")
    for job in found:
        query = " ".join(_query(job).split())
        short = query if len(query) <= SHOWN else f"{query[: SHOWN - 1]}…"
        click.echo(
            f"{job.job_id}  {job.phase:9}  {_text(job.creation_time)}  {_printable(_client(job)):20}"
            f"  {_printable(short)}"
        )


@jobs.command(name="show", epilog="Example: provtap jobs show 0123456789abcdef0123456789abcdef")
@click.argument("job_id", metavar="ID")
@as_json
@click.pass_obj
def show(settings: Settings, job_id: str, as_json: bool) -> None:
    """Show everything about a job."""
    with _store(settings) as store:
        content = _content(store.job(job_id, None))
    if as_json:
        print_json(content)
        return
    for name, value in content.items():
        if value is not None:
            lines = str(value).split("\n")
            click.echo(f"{name:20} {_printable(lines[0])}")
            for line in lines[1:]:
                click.echo(f"{'':20} {_printable(line)}")


@jobs.command(name="abort", epilog="Example: provtap jobs abort 0123456789abcdef0123456789abcdef")
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def abort(settings: Settings, job_ids: tuple[str, ...]) -> None:
    """Abort jobs that are pending, queued or executing."""
    with _store(settings) as store:
        for job_id in job_ids:
            click.echo(f"{job_id}  {store.abort(job_id, None).phase}")


@contextmanager
def _store(settings: Settings) -> "Iterator[JobStore]":
    from provtap import install
    from provtap.uws.store import JobStore

    with install.ready(settings) as (database, _):
        yield JobStore(database, settings)


def _content(job: "Job") -> dict[str, Any]:
    """Return the data of a job for an operator; the query comes last because it may be long."""
    return {
        "job_id": job.job_id,
        "phase": job.phase.value,
        "owner": job.owner_id,
        "client": _client(job),
        "run_id": job.run_id,
        "creation_time": _text(job.creation_time),
        "start_time": job.start_time and _text(job.start_time),
        "end_time": job.end_time and _text(job.end_time),
        "execution_duration": job.execution_duration,
        "destruction": _text(job.destruction),
        "upload_bytes": job.parts.size,
        "result_bytes": job.result and job.result.size,
        "error_message": job.error_message,
        "query": _query(job) or None,
    }


def _client(job: "Job") -> str:
    """Return the account, or the address of an anonymous client."""
    return job.owner_id or job.client.removeprefix("address ")


def _query(job: "Job") -> str:
    return job.grouped().get("QUERY", [""])[0]


def _text(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _printable(text: str) -> str:
    """Return *text*, which comes from a user, without control characters."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
