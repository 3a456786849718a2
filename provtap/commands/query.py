"""Commands that read the store: `provtap query`, `lineage`, `export` and `diff`."""

import sys
import warnings
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, BinaryIO

import click

from provtap.client import remote
from provtap.config import Settings
from provtap.errors import ProvtapError, UploadError


@remote.query.here
def query(settings: Settings, /, adql: str, uploads: tuple[tuple[str, Path], ...], **options: Any) -> None:
    """Run an ADQL query and print its result."""
    from provtap import install, query

    with ExitStack() as stack:
        parts = {name: stack.enter_context(_opened(path)) for name, path in uploads}
        database, tableset = stack.enter_context(install.ready(settings))
        request = query.QueryRequest(
            query=adql,
            uploads=[f"{n},param:{n}" for n, _ in uploads],
            parts=parts,
            **options,
        )
        body = stack.enter_context(closing(query.run(request, tableset, database, settings).body))
        sys.stdout.buffer.writelines(body)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UploadError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error


@remote.lineage.here
def lineage(settings: Settings, /, id: str, direction: str, depth: int) -> None:
    """Show what a thing came from, or what came from it, as a tree.

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


@remote.export.here
@click.option("--ingestion", type=click.IntRange(1), help="Everything in the document of this ingestion.")
def export(settings: Settings, /, ids: tuple[str, ...], ingestion: int | None, **options: str | None) -> None:
    """Write the provenance of IDS, or of a whole ingestion, to standard output.

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
    remote.tell_export(graph.unknown, len(graph.nodes) if graph.overflow else 0)
    sys.stdout.buffer.write(write(graph, request, settings.root_url))


@click.command(
    name="diff",
    short_help="Compare two runs or products.",
    epilog="Example: provtap diff /data/a.dl1.h5 /data/b.dl1.h5 --format json",
)
@click.argument("a")
@click.argument("b")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "csv", "json"]),
    default="text",
    show_default=True,
    help="Format of the output.",
)
@click.pass_context
def diff(ctx: click.Context, a: str, b: str, form: str) -> None:
    """Compare two runs, or the runs that made two products.

    A and B are ids of activities, or ids, paths, other names or file names of entities. Numbers are compared
    as numbers, inputs by their role and content. Exits with 0 if nothing differs, 1 if something does, and 2
    on an error.
    """
    from provtap import install
    from provtap.compare import FORMATS, compare

    settings: Settings = ctx.obj
    try:
        with install.ready(settings) as (database, tableset):
            comparison = compare(a, b, database, tableset, settings)
    except ProvtapError as error:
        click.echo(f"provtap: {error.for_operator()}", err=True)
        ctx.exit(2)
    click.echo(FORMATS[form](comparison), nl=False)
    ctx.exit(0 if comparison.equal else 1)
