"""Commands that run the service: `provtap serve`, `provtap worker` and `provtap systemd`."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from provtap.client.command import warn
from provtap.config import Settings


@click.command(name="serve", epilog="Example: provtap serve --port 8081")
@click.option("--host", help="Address to listen on (default: PROVTAP_HOST, or 127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port to listen on (default: PROVTAP_PORT, or 8080)."
)
@click.option("--workers", type=click.IntRange(1, 1000), help="Web processes.")
@click.option("--no-worker", is_flag=True, help="Run no jobs; `provtap worker` runs them.")
@click.pass_obj
def serve(settings: Settings, /, no_worker: bool, **options: Any) -> None:
    """Serve TAP over HTTP, and run jobs, until Ctrl-C or SIGTERM."""
    from provtap import server

    server.serve(changed(settings, options), worker=not no_worker)


@click.command(name="worker", short_help="Run asynchronous jobs.", epilog="Example: provtap worker")
@click.pass_obj
def worker(settings: Settings) -> None:
    """Run asynchronous jobs until Ctrl-C or SIGTERM, besides those of `provtap serve`."""
    from provtap import server

    server.work(settings)


@click.command(
    name="systemd",
    short_help="Print units of systemd for this machine.",
    epilog="Example: provtap systemd --root /",
)
@click.option("--user", default="provtap", show_default=True, help="User who runs the service.")
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the files below this directory, normally /.",
)
def systemd(user: str, root: Path | None) -> None:
    """Print the files with which systemd runs this installation: units, and a user and directories for them.

    The service gets its settings from the file PROVTAP_CONFIG, or /etc/provtap.toml.
    """
    from provtap.server.units import units, unreachable, write

    for place, text in units(os.environ.get("PROVTAP_CONFIG"), user).items():
        click.echo(f"# {place}\n{text}" if root is None else write(text, root / place.removeprefix("/")))
    if closed := unreachable(user):
        warn(closed)


def changed(settings: Settings, options: dict[str, Any]) -> Settings:
    """Return *settings* with the options that were given on the command line."""
    return replace(settings, **{name: value for name, value in options.items() if value is not None})
