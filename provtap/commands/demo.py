"""The demonstration: real ctapipe logs, one question, one answer, and then the whole service."""

from importlib.resources import as_file, files

import click

from provtap import install, query, server
from provtap.config import Settings
from provtap.ingest import describe, ingest_all

QUESTION = "Which runs of which tool, in which version, did not complete?"
QUERY = """\
SELECT d.ad_name, d.ad_version, a.a_starttime, r.r_status, r.r_exitcode
FROM provenance.activity AS a
JOIN provenance.activitydescription AS d ON d.ad_id = a.a_activitydescription_id
JOIN provext.run AS r ON r.r_activity_id = a.a_id
WHERE r.r_status <> 'completed'
ORDER BY a.a_starttime"""


def run(settings: Settings) -> None:
    """Load the sample logs, print the answer to QUESTION, serve until Ctrl-C.

    Raises: ProvtapError, as its parts do.
    """
    with install.ready(settings) as (database, tableset):
        with as_file(files("provtap.ingest") / "samples") as samples:
            click.echo(ingest_all(sorted(samples.glob("*.log")), database, settings))
            describe(sorted(samples.glob("*.yaml")), database, settings)
        click.echo(f"\n{QUESTION}\n\n{QUERY}\n")
        request = query.QueryRequest(query=QUERY, responseformat="text")
        click.echo(b"".join(query.run(request, tableset, database, settings).body))
        root = settings.root_url
        click.echo(f"Open {root}/ in a browser, or give {root}/tap to TOPCAT or pyvo. Ctrl-C ends it.\n")
        server.serve(settings)
