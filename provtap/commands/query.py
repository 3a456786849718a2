"""Commands that read the store: `provtap query`, `lineage`, `export`, `cite`, `diff` and `recipe`."""

import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, BinaryIO

import click

from provtap.client import remote
from provtap.config import Settings
from provtap.errors import UploadError


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
def lineage(settings: Settings, /, id: str, direction: str, depth: int, asof: str | None) -> None:
    """Show what a thing came from, or what came from it, as a tree.

    ID is the id of an entity, activity or agent, or the path or another name of an entity.
    """
    from provtap import install
    from provtap.history import retrieve
    from provtap.provsap import ProvsapRequest
    from provtap.provsap.request import Direction, as_of
    from provtap.provsap.tree import tree_lines

    way = Direction[direction.upper()]
    time = None if asof is None else as_of("--as-of", asof)
    request = ProvsapRequest(ids=(id,), depth=depth, direction=way, asof=time, agents=False, context=False)
    with install.ready(settings) as (database, tableset):
        graph = retrieve(request, database, tableset, settings)
    if graph.known is not None:
        remote.tell_undone(graph.known.undone)
    for line in tree_lines(graph, way):
        click.echo(line)


@remote.export.here
def export(
    settings: Settings,
    /,
    ids: tuple[str, ...],
    ingestion: int | None,
    archive: Path | None,
    directories: tuple[Path, ...],
    with_recipe: bool,
    **options: str | None,
) -> None:
    """Write the provenance of IDS, or of a whole ingestion, to standard output.

    An ingested PROV document is returned as a whole, in any notation of PROV, unless --depth or --direction
    select the stored graph around it.
    """
    from provtap import install
    from provtap.export import export_ingestion
    from provtap.history import retrieve
    from provtap.provsap import ProvsapRequest, not_written, write

    remote.check_archive(archive, directories, with_recipe, ids, options)
    recipe: bytes | None = None
    given = {name: [value] for name, value in remote.export_parameters(ids, ingestion, options)}
    with install.ready(settings) as (database, tableset):
        if ingestion is not None:
            found = export_ingestion(ingestion, given, database, tableset, settings, settings.root_url)
            unknown, overflow, left_out = found.unknown, found.overflow, found.left_out
            content = found.content
        else:
            request = ProvsapRequest.from_parameters(given | {"ID": ids})
            graph = retrieve(request, database, tableset, settings)
            unknown, overflow = tuple(graph.unknown), len(graph.nodes) if graph.overflow else 0
            content = write(
                graph,
                request,
                settings.root_url,
                publisher=settings.publisher,
                licence=settings.rights_uri,
            )
            left_out = not_written(graph, request)
            if with_recipe:
                from provtap.recipe import FORMATS, read_recipe

                recipe = FORMATS["cwl"](read_recipe(ids[0], database, tableset, settings)).encode()
            remote.tell_undone(graph.known.undone if graph.known else 0)
    remote.tell_export(unknown, overflow, left_out)
    if archive is None:
        sys.stdout.buffer.write(content)
    else:
        remote.write_archive(content, archive, directories, recipe)


@remote.cite.here
def cite(settings: Settings, /, product: str, responseformat: str) -> None:
    """Show what to cite and acknowledge for a product.

    PRODUCT is the id, path or another name of an entity. The product, the programs and the data with
    identifiers such as DOIs behind it are cited, and the people and organizations named, each once.
    """
    from provtap import install
    from provtap.citation import choose, credits_of, find_product

    with (
        install.ready(settings) as (database, tableset),
        database.reading(settings.sync_duration) as transaction,
    ):
        found = find_product(transaction, product)
        credits = credits_of(transaction, found.id, tableset, settings)
    click.echo(choose(responseformat).write(credits), nl=False)


@remote.diff.here
def diff(settings: Settings, /, a: str, b: str, form: str) -> None:
    """Compare two runs, or the whole histories of two products.

    A and B are ids of activities, or ids, paths, other names or file names of entities. Numbers are compared
    as numbers, inputs by their role and content. Exits with 0 if nothing differs, 1 if something does, and 2
    on an error.
    """
    from provtap import install
    from provtap.compare import FORMATS, compare

    with install.ready(settings) as (database, tableset):
        comparison = compare(a, b, database, tableset, settings)
    click.echo(FORMATS[form](comparison), nl=False)
    sys.exit(not comparison.equal)


@remote.recipe.here
def recipe(settings: Settings, /, product: str, form: str) -> None:
    """Write the steps that made a product as a script or workflow that makes it again.

    PRODUCT is the id, path, file name or another name of an entity. What was not recorded is a check that
    fails with a sentence.
    """
    from provtap import install
    from provtap.recipe import FORMATS, read_recipe

    with install.ready(settings) as (database, tableset):
        found = read_recipe(product, database, tableset, settings)
    click.echo(FORMATS[form](found), nl=False)
