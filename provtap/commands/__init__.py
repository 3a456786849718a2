"""The command `provtap`: one function for each command, without logic of its own.

Modules are imported when a command runs, so that each command starts fast.
"""

import click

from provtap.client.command import SETTINGS, Commands, version_option, warn
from provtap.commands import (
    backup,
    demo,
    forget,
    jobs,
    load,
    observations,
    operate,
    query,
    serve,
    translate,
    withdraw,
)
from provtap.config import Settings
from provtap.errors import ProvtapError


class AllCommands(Commands):
    """All commands, including the errors of a local store."""

    failures = (*Commands.failures, ProvtapError)

    def sentence(self, error: Exception) -> str:
        """Return the text of an error for the operator."""
        return error.for_operator() if isinstance(error, ProvtapError) else str(error)


@click.group(cls=AllCommands, context_settings=SETTINGS)
@version_option
@click.pass_context
def main(ctx: click.Context) -> None:
    """Store, search and retrace the provenance of astronomical data products.

    Settings come from PROVTAP_* variables, or a file that PROVTAP_CONFIG names. Without PROVTAP_DATABASE_URL
    an embedded PostgreSQL is started in ./provtap-data.

    To try it: provtap demo. To begin: provtap ingest FILE, then provtap serve.
    """
    ctx.obj = Settings.from_environ(warn=warn)


for command in (
    demo.demo,
    operate.init,
    operate.status,
    serve.serve,
    serve.worker,
    serve.systemd,
    query.query,
    translate.translate,
    query.lineage,
    query.export,
    query.cite,
    query.diff,
    query.recipe,
    load.ingest,
    load.run,
    load.describe,
    load.load_sql,
    load.reingest,
    observations.obscore,
    load.check,
    forget.forget,
    withdraw.withdraw,
    withdraw.reinstate,
    withdraw.affected,
    jobs.jobs,
    operate.token,
    operate.maintenance,
    backup.backup,
    backup.restore,
):
    main.add_command(command)
