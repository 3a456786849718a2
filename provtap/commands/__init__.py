"""The command line: one function a command, no logic of its own.

What a command needs is imported when it runs, so that each starts as fast as it can.
"""

import sys
import warnings
from contextlib import ExitStack, closing
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, BinaryIO

import click

from provtap import __version__
from provtap.commands import load as loading
from provtap.commands import operate
from provtap.config import Settings
from provtap.errors import ProvtapError, UploadError


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


def changed(settings: Settings, options: dict[str, Any]) -> Settings:
    """Return *settings* with the options that were given on the command line."""
    return replace(settings, **{name: value for name, value in options.items() if value is not None})


@main.command(
    name="demo",
    short_help="Load sample logs, answer a query, serve.",
    epilog="Example: provtap demo --port 8081",
)
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.pass_obj
def demo_command(settings: Settings, /, **options: Any) -> None:
    """Load the sample ctapipe logs, answer one query, then serve until Ctrl-C."""
    from provtap.commands import demo

    demo.run(changed(settings, options))


@main.command(
    name="init",
    short_help="Make or upgrade the store.",
    epilog="Example: provtap init --print-sql > provtap.sql",
)
@click.option("--print-sql", is_flag=True, help="Print the SQL for a DBA to run, and change nothing.")
@click.pass_obj
def init_command(settings: Settings, print_sql: bool) -> None:
    """Create or upgrade schemas, roles and published metadata, in one transaction."""
    from provtap import install, metadata

    tableset = metadata.load(settings.metadata_dir)
    if print_sql:
        click.echo(install.print_sql(settings, tableset), nl=False)
    else:
        click.echo(install.init(settings, tableset))


@main.command(name="serve", epilog="Example: provtap serve --port 8081")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 1000), help="Web processes.")
@click.option("--no-worker", is_flag=True, help="Run no jobs here: `provtap worker` does, somewhere.")
@click.pass_obj
def serve_command(settings: Settings, /, no_worker: bool, **options: Any) -> None:
    """Serve TAP over HTTP, and run jobs, until Ctrl-C or SIGTERM."""
    from provtap import server

    server.serve(changed(settings, options), worker=not no_worker)


@main.command(name="worker", short_help="Run asynchronous jobs.", epilog="Example: provtap worker")
@click.pass_obj
def worker_command(settings: Settings) -> None:
    """Run asynchronous jobs, beside those that `provtap serve` runs, until Ctrl-C or SIGTERM."""
    from provtap import server

    server.work(settings)


@main.command(name="query", epilog='Example: provtap query "SELECT a_name, a_starttime FROM activity"')
@click.argument("adql", metavar="ADQL")
@click.option(
    "--format",
    "responseformat",
    default="csv",
    show_default=True,
    help="csv, tsv, votable, votable/b2, json, fits, parquet, text, html, or a media type.",
)
@click.option("--maxrec", type=click.IntRange(0), help="Rows at most.")
@click.option(
    "--upload", "uploads", metavar="NAME=FILE", multiple=True, help="A VOTable to query as TAP_UPLOAD.NAME."
)
@click.pass_obj
def query_command(settings: Settings, /, adql: str, uploads: tuple[str, ...], **options: Any) -> None:
    """Answer an ADQL query on standard output."""
    from provtap import install, query

    with ExitStack() as stack:
        parts = {name: stack.enter_context(_opened(path)) for name, path in map(_named_file, uploads)}
        database, tableset = stack.enter_context(install.ready(settings))
        request = query.QueryRequest(
            query=adql,
            uploads=[f"{n},param:{n}" for n, _ in map(_named_file, uploads)],
            parts=parts,
            **options,
        )
        body = stack.enter_context(closing(query.run(request, tableset, database, settings).body))
        sys.stdout.buffer.writelines(body)


def _named_file(text: str) -> tuple[str, Path]:
    """Return name and file of NAME=FILE."""
    name, equals, path = text.partition("=")
    if not name or not equals or not path:
        raise click.BadParameter(f"{text} is not like NAME=FILE.", param_hint="--upload")
    return name, Path(path)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UploadError(f"{path} can't be read: {(error.strerror or str(error)).lower()}.") from error


@main.command(
    name="translate",
    short_help="Print the SQL that a query becomes.",
    epilog='Example: provtap translate "SELECT TOP 5 a_id FROM activity"',
)
@click.argument("adql", metavar="ADQL")
@click.option("--explain", is_flag=True, help="Show the plan of PostgreSQL as well, for the default MAXREC.")
@click.pass_obj
def translate_command(settings: Settings, adql: str, explain: bool) -> None:
    """Print the PostgreSQL that an ADQL query becomes, and what its output columns are."""
    from provtap import install, metadata
    from provtap.adql import translate
    from provtap.commands.translate import report
    from provtap.database.explain import explain as plan

    statement = translate(adql, metadata.load(settings.metadata_dir))
    click.echo(report(statement))
    if explain:
        with install.ready(settings) as (database, _):
            lines = plan(database.reader, statement.copy_sql(settings.maxrec), settings.sync_duration)
        click.echo("\n" + "\n".join(lines))


@main.command(name="lineage", epilog="Example: provtap lineage /data/gamma.dl2.h5 --depth 4")
@click.argument("id")
@click.option(
    "--direction", type=click.Choice(["back", "forth"]), default="back", show_default=True, help="Way to go."
)
@click.option("--depth", type=click.IntRange(0), default=10, show_default=True, help="Relations to follow.")
@click.pass_obj
def lineage_command(settings: Settings, /, id: str, direction: str, depth: int) -> None:
    """Show what a thing came from, or what came of it, as a tree.

    ID is the id of an entity, activity or agent, or the path or another name of an entity.
    """
    from provtap import install
    from provtap.provsap import ProvsapRequest, retrieve
    from provtap.provsap.request import Direction
    from provtap.provsap.tree import tree_lines

    way = Direction[direction.upper()]
    request = ProvsapRequest(ids=(id,), depth=depth, direction=way, agents=False, context=False)
    with install.ready(settings) as (database, tableset):
        graph = retrieve(request, database, tableset, settings)
    for line in tree_lines(graph, way):
        click.echo(line)


@main.command(
    name="export",
    short_help="Write provenance as a document or picture.",
    epilog="Example: provtap export /data/gamma.dl2.h5 --format svg > gamma.svg",
)
@click.argument("ids", nargs=-1)
@click.option("--ingestion", type=click.IntRange(1), help="All that the ingestion of this number told.")
@click.option(
    "--format",
    "responseformat",
    default="prov-json",
    show_default=True,
    help="prov-json, prov-xml, provn, jsonld, votable, svg, png or dot.",
)
@click.option("--depth", help="Relations to follow, or ALL.  [default: ALL; for an ingestion 1]")
@click.option("--direction", help="BACK, FORTH or BOTH.  [default: BACK; for an ingestion BOTH]")
@click.option("--model", default="IVOA", show_default=True, help="IVOA or W3C.")
@click.pass_obj
def export_command(
    settings: Settings, /, ids: tuple[str, ...], ingestion: int | None, **options: str | None
) -> None:
    """Write the provenance of things, or of all that an ingestion told, on standard output.

    A PROV document that was taken in is given back whole, in any of PROV's notations, unless --depth or
    --direction ask for what is stored round it.
    """
    from provtap import install
    from provtap.ingest import archived_document, recorded_activities
    from provtap.provsap import ProvsapRequest, retrieve, write
    from provtap.provsap.documents import serialized
    from provtap.provsap.formats import choose

    if bool(ids) == (ingestion is not None):
        raise click.UsageError("Give either IDS or --ingestion.")
    usual = {"depth": "ALL", "direction": "BACK"} if ids else {"depth": "1", "direction": "BOTH"}
    given = usual | {name: value for name, value in options.items() if value is not None}
    with install.ready(settings) as (database, tableset):
        serializer = choose(given["responseformat"]).serializer
        if ingestion is not None and serializer and not options["depth"] and not options["direction"]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what the library may refuse in a later release
                document = archived_document(ingestion, database)
                content = None if document is None else serialized(document, serializer)
            if content is not None:
                sys.stdout.buffer.write(content)
                return
        asked = list(ids) if ingestion is None else list(recorded_activities(ingestion, database))
        request = ProvsapRequest.from_parameters(
            {"ID": asked} | {name.upper(): [value] for name, value in given.items()}
        )
        graph = retrieve(request, database, tableset, settings)
    for unknown in graph.unknown:
        click.echo(f"provtap: nothing here is called {unknown}", err=True)
    if graph.overflow:
        click.echo(
            f"provtap: only the nearest {len(graph.nodes)} things are given (PROVTAP_PROVSAP_NODES)", err=True
        )
    sys.stdout.buffer.write(write(graph, request, settings.root_url))


for command in (loading.ingest, loading.describe, loading.load_sql, loading.reingest, loading.check):
    main.add_command(command)
main.add_command(operate.token)
main.add_command(operate.maintenance)
