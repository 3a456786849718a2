"""The command `provtap run`: runs and records any command."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from provtap.client.command import NEEDS_FULL, warn

Store = Callable[[bytes, str, str | None], None]
"""Stores a record (content, source, site) on this machine."""
_PATIENCE = 5.0
"""Seconds for which sending is repeated while the service is unavailable; then the record is spooled."""


def _pairs(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Return the names and values of NAME=VALUE arguments."""
    pairs = [(text, *text.partition("=")) for text in given]
    for text, name, equals, _ in pairs:
        if not name or not equals:
            raise click.BadParameter(f"{text} is not of the form NAME=VALUE.")
    return {name: value for _, name, _, value in pairs}


def run_command(store: Store | None) -> click.Command:
    """Return the command; *store* stores the record without a service, in the full installation."""

    @click.command(
        name="run",
        short_help="Run a command and record it.",
        context_settings={"allow_interspersed_args": False},
        epilog="Example: provtap run --used 'raw=n7/*.fits' --generated image=stack.fits -- swarp n7/*.fits",
    )
    @click.option("--used", metavar="[ROLE=]FILE", multiple=True, help="Input: file, pattern or URL.")
    @click.option("--generated", metavar="[ROLE=]FILE", multiple=True, help="Output: file, pattern or URL.")
    @click.option("--config", "configuration", metavar="FILE", multiple=True, help="Configuration file.")
    @click.option(
        "--param", "parameters", metavar="NAME=VALUE", multiple=True, callback=_pairs, help="Parameter."
    )
    @click.option("--name", help="Name of the activity.  [default: the program]")
    @click.option("--version", help="Version of the software.")
    @click.option("--site", help="Scope of local paths: equal paths of two sites are different files.")
    @click.option("--no-checksums", is_flag=True, help="Do not compute checksums.")
    @click.option(
        "--to",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Append the record to this file, for provtap ingest.",
    )
    @click.option("--url", envvar="PROVTAP_URL", show_envvar=True, help="Send the record to this service.")
    @click.argument("command", nargs=-1, type=click.UNPROCESSED)
    @click.pass_context
    def run(
        ctx: click.Context,
        /,
        command: tuple[str, ...],
        to: Path | None,
        url: str | None,
        site: str | None,
        no_checksums: bool,
        **options: Any,
    ) -> None:
        """Run COMMAND and record it: files, parameters, times, host, user, command line and exit code.

        COMMAND has the same standard input and output, exit code and signals as without `provtap run`.
        Trouble with the record is reported on standard error only. Files are identified by their paths. A
        file that matches --generated counts if COMMAND created or changed it. A quoted pattern is expanded
        before (--used) or after (--generated) COMMAND.
        """
        from provtap.client.files import Given
        from provtap.client.run import CommandRun

        if not command:
            raise click.UsageError("Missing argument 'COMMAND...'.")
        if to is None and url is None and store is None:
            raise click.UsageError(
                f"Give --to, --url or set PROVTAP_URL. A store on this machine {NEEDS_FULL}"
            )
        used, generated = ([Given.of(text) for text in options.pop(name)] for name in ("used", "generated"))
        recorded = CommandRun(command, used=used, generated=generated, checksums=not no_checksums, **options)
        try:
            recorded.run()
        except OSError as error:
            warn(f"{command[0]} cannot be run: {(error.strerror or str(error)).lower()}.")
            ctx.exit(127 if isinstance(error, FileNotFoundError) else 126)
        try:
            _keep(recorded.record(), recorded.id, to, url, site, store)
        except Exception as error:  # errors of recording must not change the result of the command
            warn(f"The run could not be recorded: {error}")
        for problem in recorded.problems:
            warn(f"{problem}.")
        recorded.end()

    return run


def _keep(
    record: bytes, id: str, to: Path | None, url: str | None, site: str | None, store: Store | None
) -> None:
    """Append the record to a file, or send it, or store it; save it in the spool on failure."""
    if to is not None:
        with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666), "wb", buffering=0) as file:
            file.write(record)
    elif url is not None:
        from provtap.client import ProvClient

        token = os.environ.get("PROVTAP_TOKEN")
        client = ProvClient(url.rstrip("/").removesuffix("/tap"), token, site=site, patience=_PATIENCE)
        client.deliver(record, source=f"run {id}", format="run")
    elif store is not None:
        store(record, f"run {id}", site)
    sys.stderr.flush()
