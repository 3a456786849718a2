"""Commands that run the service: `provtap serve` and `provtap worker`."""

from dataclasses import replace
from typing import Any

import click

from provtap.config import Settings


@click.command(name="serve", epilog="Example: provtap serve --port 8081")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
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


def changed(settings: Settings, options: dict[str, Any]) -> Settings:
    """Return *settings* with the options that were given on the command line."""
    return replace(settings, **{name: value for name, value in options.items() if value is not None})
