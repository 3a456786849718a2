"""`provtap demo`: loads real ctapipe logs, runs one query, then starts the whole service."""

from importlib.resources import as_file, files
from typing import Any

import click

from provtap.commands.serve import changed
from provtap.config import Settings

QUESTION = "Which runs of which tool, in which version, did not complete?"
QUERY = """\
SELECT d.ad_name, d.ad_version, a.a_starttime, r.r_status, r.r_exitcode
FROM provenance.activity AS a
JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
JOIN provext.run AS r ON r.r_activity_id = a.a_id
WHERE r.r_status <> 'completed'
ORDER BY a.a_starttime"""


@click.command(
    name="demo",
    short_help="Load sample logs, answer a query, serve.",
    epilog="Example: provtap demo --port 8081",
)
@click.option("--host", help="Address to listen on (default: PROVTAP_HOST, or 127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port to listen on (default: PROVTAP_PORT, or 8080)."
)
@click.pass_obj
def demo(settings: Settings, /, **options: Any) -> None:
    """Load the sample ctapipe logs, answer one query, then serve until Ctrl-C."""
    from provtap import install, query, server
    from provtap.ingest import describe, ingest_all

    settings = changed(settings, options)
    with install.ready(settings) as (database, tableset):
        with as_file(files("provtap.ingest") / "samples") as samples:
            click.echo(ingest_all(sorted(samples.glob("*.log")), database, settings))
            describe(sorted(samples.glob("*.yaml")), database, settings)
        click.echo(f"\n{QUESTION}\n\n{QUERY}\n")
        request = query.QueryRequest(query=QUERY, responseformat="text")
        click.echo(b"".join(query.run(request, tableset, database, settings).body))
        root = settings.root_url
        click.echo(
            f"Open {root}/ in a browser, or enter {root}/tap in TOPCAT or pyvo. Press Ctrl-C to stop.\n"
        )
        server.serve(settings)
