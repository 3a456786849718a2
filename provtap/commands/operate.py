"""Commands of an operator: `provtap init`, `status`, `token` and `maintenance`."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from provtap.client.command import as_json, print_json
from provtap.config import Settings

if TYPE_CHECKING:
    from provtap.operation.accounts import ApiToken


@click.command(
    name="init",
    short_help="Create or upgrade the store.",
    epilog="Example: provtap init --print-sql > provtap.sql",
)
@click.option("--print-sql", is_flag=True, help="Print the SQL for a database administrator and exit.")
@click.pass_obj
def init(settings: Settings, print_sql: bool) -> None:
    """Create or upgrade schemas, roles and published metadata, in one transaction."""
    from provtap import install, metadata

    tableset = metadata.load(settings.metadata_dir)
    if print_sql:
        click.echo(install.print_sql(settings, tableset), nl=False)
    else:
        click.echo(install.init(settings, tableset))


@click.command(
    name="status",
    short_help="Show the state of the store, and what is left to do.",
    epilog="Example: provtap status --json",
)
@as_json
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Show the state of the store and of this machine; exit with 1 if something is left to do."""
    from provtap import metadata
    from provtap.monitoring import screen
    from provtap.monitoring.status import status as look

    found = look(settings, metadata.load(settings.metadata_dir))
    if as_json:
        print_json(screen.content(found))
    else:
        for line in screen.lines(found):
            click.echo(line)
    if found.problems:
        sys.exit(1)


def instant(text: str) -> datetime:
    """Return the ISO 8601 date or time in *text* in UTC; without an offset it is UTC.

    Raises: BadParameter.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text} is not a time like 2027-01-31 or 2027-01-31T12:00:00Z.") from error
    return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)


@click.group(
    short_help="Create, list and revoke tokens of users.",
    epilog="Example: provtap token create maria --scope read,write",
)
def token() -> None:
    """Create, list and revoke tokens of users (PROVTAP_ACCOUNTS)."""


_bytes = click.option(
    "--bytes",
    "max_bytes",
    type=click.IntRange(1, 2**63 - 1),
    help="Disk space for the jobs of the account (default: PROVTAP_CLIENT_BYTES).",
)
_jobs = click.option(
    "--jobs",
    "max_jobs",
    type=click.IntRange(1, 2**31 - 1),
    help="Number of jobs of the account (default: PROVTAP_CLIENT_JOBS).",
)


@token.command(name="create", epilog="Example: provtap token create maria --expires 2030-01-01")
@click.argument("name")
@click.option(
    "--scope", default="read", show_default=True, help="read, write or admin; separate several by commas."
)
@click.option("--expires", type=instant, help="End of validity (default: none).")
@_bytes
@_jobs
@click.pass_obj
def create(
    settings: Settings,
    name: str,
    scope: str,
    expires: datetime | None,
    max_bytes: int | None,
    max_jobs: int | None,
) -> None:
    """Print a new token of the account NAME. It cannot be shown again.

    --bytes and --jobs hold for all tokens of the account; without both, its limits stay as they are.
    """
    from provtap import install
    from provtap.operation import accounts

    with install.ready(settings) as (database, _):
        click.echo(accounts.create(database, name, scope.split(","), expires))
        if max_bytes is not None or max_jobs is not None:
            accounts.set_quota(database, name, max_bytes, max_jobs)
    if not settings.accounts:
        click.echo(
            "provtap: Accounts are off: the service ignores tokens unless it has PROVTAP_ACCOUNTS=true.",
            err=True,
        )


@token.command(name="list", epilog="Example: provtap token list")
@click.pass_obj
def list_(settings: Settings) -> None:
    """List all tokens: id, account, scopes and validity."""
    from provtap import install
    from provtap.operation import accounts

    with install.ready(settings) as (database, _):
        found = accounts.tokens(database)
    if not found:
        click.echo("There are no tokens. provtap token create NAME makes one.")
    for each in found:
        scopes = ",".join(each.scopes)
        click.echo(
            f"{each.id}  {each.name:20}  {scopes:16}  since {_text(each.created)}{_end(each)}{_quota(each)}"
        )


@token.command(
    name="quota",
    short_help="Set the limits for the jobs of an account.",
    epilog="Example: provtap token quota maria --bytes 200000000000",
)
@click.argument("name")
@_bytes
@_jobs
@click.pass_obj
def quota(settings: Settings, name: str, max_bytes: int | None, max_jobs: int | None) -> None:
    """Set the limits for the jobs of the account NAME; without an option, the limit of all clients holds."""
    from provtap import install
    from provtap.operation import accounts

    with install.ready(settings) as (database, _):
        accounts.set_quota(database, name, max_bytes, max_jobs)


def _quota(token: "ApiToken") -> str:
    jobs = f", {token.jobs} jobs" if token.jobs else ""
    return jobs + (f", {token.bytes} bytes" if token.bytes else "")


def _end(token: "ApiToken") -> str:
    if token.revoked:
        return f", revoked {_text(token.revoked)}"
    return f", until {_text(token.expires)}" if token.expires else ""


def _text(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


@token.command(
    name="revoke",
    short_help="Revoke a token, or all of an account.",
    epilog="Example: provtap token revoke maria",
)
@click.argument("name_or_id", metavar="NAME|ID")
@click.pass_obj
def revoke(settings: Settings, name_or_id: str) -> None:
    """Revoke the token with this id, or all tokens of an account, with immediate effect."""
    from provtap import install
    from provtap.operation import accounts

    with install.ready(settings) as (database, _):
        number = accounts.revoke(database, name_or_id)
    click.echo(f"Revoked: {number}.")


@click.group(
    short_help="Close the service for maintenance.",
    epilog='Example: provtap maintenance on --note "New disks" --until 2030-01-31T12:00:00Z',
)
def maintenance() -> None:
    """Close the service to queries on all nodes, and open it again."""


@maintenance.command(
    name="on",
    short_help="Start or announce maintenance.",
    epilog='Example: provtap maintenance on --note "New disks"',
)
@click.option("--note", required=True, help="Message to users.")
@click.option("--from", "start", type=instant, help="Start (default: now).")
@click.option("--until", type=instant, help="Expected end, shown to users.")
@click.pass_obj
def on(settings: Settings, note: str, start: datetime | None, until: datetime | None) -> None:
    """Refuse queries from now or from a later time; metadata stays available.

    Maintenance lasts until `provtap maintenance off`, even after the time of --until. Running queries and
    jobs continue; stop the workers to put their jobs back into the queue.
    """
    from provtap import install
    from provtap.operation.maintenance import announce

    with install.ready(settings) as (database, _):
        period = announce(database, note, start, until)
    click.echo(f"Queries are refused from {_text(period.start)} on, until you run provtap maintenance off.")


@maintenance.command(name="off", epilog="Example: provtap maintenance off")
@click.pass_obj
def off(settings: Settings) -> None:
    """Answer queries again, or cancel announced maintenance."""
    from provtap import install
    from provtap.operation.maintenance import end

    with install.ready(settings) as (database, _):
        ended = end(database)
    click.echo("Queries are answered." if ended else "There was no maintenance; queries are answered.")
