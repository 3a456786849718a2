"""The command `provtap`: one function a command, no logic of its own.

What a command needs is imported when it runs, so that each starts as fast as it can.
"""

from difflib import get_close_matches
from typing import Any

import click

from provtap import __version__
from provtap.commands import demo, load, operate, query, serve, translate
from provtap.config import Settings
from provtap.errors import ProvtapError


class Commands(click.Group):
    """All commands: an error is one line on standard error, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit 1 when its work failed, 130 on Ctrl-C (click: 2 when its usage is wrong)."""
        try:
            return super().invoke(ctx)
        except ProvtapError as error:
            click.echo(f"provtap: {error.for_operator()}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            ctx.exit(130)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name; for one that is not there, tell the nearest."""
        found = super().get_command(ctx, cmd_name)
        if found is None and (near := get_close_matches(cmd_name, self.commands, n=1)):
            ctx.fail(f"No such command {cmd_name!r}. Did you mean {near[0]}?")
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="provtap")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Store, search and retrace the provenance of astronomical data products.

    Settings come from PROVTAP_* variables. Without PROVTAP_DATABASE_URL an embedded PostgreSQL is started
    in ./provtap-data.
    """
    ctx.obj = Settings.from_environ(warn=lambda sentence: click.echo(f"provtap: {sentence}", err=True))


for command in (
    demo.demo,
    operate.init,
    serve.serve,
    serve.worker,
    query.query,
    translate.translate,
    query.lineage,
    query.export,
    load.ingest,
    load.describe,
    load.load_sql,
    load.reingest,
    load.check,
    operate.token,
    operate.maintenance,
):
    main.add_command(command)
