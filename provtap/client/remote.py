"""The commands that work on a service: all commands of `provtap-client`.

Their options are defined here once; the full installation adds the functions for the local store.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import click

from provtap.client.command import (
    SETTINGS,
    Commands,
    Failure,
    RemoteCommand,
    as_json,
    dry_run,
    print_json,
    version_option,
    warn,
    write,
)
from provtap.client.delivery import ProvError
from provtap.client.run_command import run_command
from provtap.client.summary import description_text, summary_text, summary_warnings
from provtap.client.withdrawals import affected, reinstate, withdraw

if TYPE_CHECKING:
    from provtap.client.service import Answer, Service

_DOCUMENT_BYTES = 1_000_000_000
"""Files larger than this are not read: no service has a higher limit, and data products may be large."""
_OF_THE_DOCUMENT = {400, 413, 415, 422}
"""HTTP statuses that reject one document but say nothing about the next one."""


def _named_files(
    ctx: click.Context, param: click.Parameter, given: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    """Return name and file of each NAME=FILE."""
    pairs = [(text, *text.partition("=")) for text in given]
    for text, name, equals, path in pairs:
        if not name or not equals or not path:
            raise click.BadParameter(f"{text} is not of the form NAME=FILE.")
    return tuple((name, Path(path)) for _, name, _, path in pairs)


@click.command(
    name="query",
    cls=RemoteCommand,
    epilog='Example: provtap query "SELECT a_name, a_starttime FROM activity"',
)
@click.argument("adql", metavar="ADQL")
@click.option(
    "--format",
    "responseformat",
    default="csv",
    show_default=True,
    help="csv, tsv, votable, votable/b2, json, fits, parquet, text, html, or a media type.",
)
@click.option("--maxrec", type=click.IntRange(0), help="Maximum number of rows.")
@click.option(
    "--upload",
    "uploads",
    metavar="NAME=FILE",
    multiple=True,
    callback=_named_files,
    help="A VOTable to query as TAP_UPLOAD.NAME.",
)
def query(
    service: "Service",
    adql: str,
    responseformat: str,
    maxrec: int | None,
    uploads: tuple[tuple[str, Path], ...],
) -> None:
    """Run an ADQL query and print its result."""
    parameters = [("LANG", "ADQL"), ("QUERY", adql), ("RESPONSEFORMAT", responseformat)]
    parameters += [("MAXREC", str(maxrec))] if maxrec is not None else []
    parameters += [("UPLOAD", f"{name},param:{name}") for name, _ in uploads]
    files = {name: _read(path) for name, path in uploads}
    write(service.ask("tap/sync", parameters, files))


_as_of = click.option(
    "--as-of",
    "asof",
    metavar="DATE",
    help="Answer as it was known on a date or at a time (UTC): from the documents that had arrived by then.",
)


@click.command(
    name="lineage", cls=RemoteCommand, epilog="Example: provtap lineage /data/gamma.dl2.h5 --depth 4"
)
@click.argument("id")
@click.option(
    "--direction",
    type=click.Choice(["back", "forth"]),
    default="back",
    show_default=True,
    help="Towards the origins or the products.",
)
@click.option(
    "--depth", type=click.IntRange(0), default=10, show_default=True, help="Number of relations to follow."
)
@_as_of
def lineage(service: "Service", id: str, direction: str, depth: int, asof: str | None) -> None:
    """Show what a thing came from, or what came from it, as a tree.

    ID is the id of an entity, activity or agent, or the path or another name of an entity.
    """
    asked = {"ID": id, "DEPTH": depth, "DIRECTION": direction.upper(), "AGENTS": 0, "CONTEXT": 0}
    asked |= {"RESPONSEFORMAT": "PROV-TREE"} | ({} if asof is None else {"ASOF": asof})
    answer = service.ask("provsap", [(name, str(value)) for name, value in asked.items()])
    tell_undone(int(answer.headers.get("X-ProvTAP-Undone", 0)))
    write(answer)


@click.command(
    name="export",
    cls=RemoteCommand,
    short_help="Write provenance as a document or picture.",
    epilog="Example: provtap export /data/gamma.dl2.h5 --format svg > gamma.svg",
)
@click.argument("ids", nargs=-1)
@click.option(
    "--format",
    "responseformat",
    default="prov-json",
    show_default=True,
    help="prov-json, prov-xml, provn, jsonld, votable, ro-crate, svg, png or dot.",
)
@click.option("--ingestion", type=click.IntRange(1), help="Everything in the document of this ingestion.")
@click.option("--depth", help="Number of relations to follow, or ALL.  [default: ALL; for an ingestion 1]")
@click.option("--direction", help="BACK, FORTH or BOTH.  [default: BACK; for an ingestion BOTH]")
@click.option("--model", default="IVOA", show_default=True, help="IVOA or W3C.")
@click.option(
    "--zip",
    "archive",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a zip with the crate and the files that it describes; needs --format ro-crate.",
)
@click.option(
    "--files",
    "directories",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Directory whose files the zip may contain; repeatable.  [default: the current directory]",
)
@click.option("--recipe", "with_recipe", is_flag=True, help="Put the recipe of the product into the zip.")
@_as_of
def export(
    service: "Service",
    ids: tuple[str, ...],
    ingestion: int | None,
    archive: Path | None,
    directories: tuple[Path, ...],
    with_recipe: bool,
    **options: str | None,
) -> None:
    """Write the provenance of IDS, or of a whole ingestion, to standard output."""
    check_archive(archive, directories, with_recipe, ids, options)
    parameters = export_parameters(ids, ingestion, options)
    recipe = _recipe(service, ids[0], "cwl") if with_recipe else None
    if ingestion is None:
        answer = service.ask("provsap", [*(("ID", id_) for id_ in ids), *parameters])
    else:
        answer = service.fetch(f"api/v1/ingestions/{ingestion}/graph", parameters)
    tell_export(
        map(unquote, answer.headers.get_all("X-ProvTAP-Unknown-ID", [])),
        int(answer.headers.get("X-ProvTAP-Overflow", 0)),
        answer.headers.get_all("X-ProvTAP-Left-Out", []),
    )
    tell_undone(int(answer.headers.get("X-ProvTAP-Undone", 0)))
    if archive is None:
        write(answer)
    else:
        made_by = None if recipe is None else b"".join(recipe.blocks())
        write_archive(b"".join(answer.blocks()), archive, directories, made_by)


def export_parameters(
    ids: tuple[str, ...], ingestion: int | None, options: Mapping[str, str | None]
) -> list[tuple[str, str]]:
    """Return the parameters of ProvSAP, except ID, for the *options* of `provtap export`."""
    if bool(ids) == (ingestion is not None):
        raise click.UsageError("Give either IDS or --ingestion.")
    usual = {"depth": "ALL", "direction": "BACK"} if ids else {}
    given = usual | {name: value for name, value in options.items() if value is not None}
    return [(name.upper(), value) for name, value in given.items()]


def tell_export(unknown: Iterable[str], overflow: int, left_out: Iterable[str] = ()) -> None:
    """Warn about *unknown* ids, a limit to the *overflow* nearest things, if not 0, and *left_out* rows."""
    for id_ in unknown:
        warn(f"nothing has the name {id_}")
    if overflow:
        warn(f"only the nearest {overflow} things are shown (PROVTAP_PROVSAP_NODES)")
    if rows := ", ".join(left_out):
        warn(f"the format has no place for these rows or values: {rows}")


def check_archive(
    archive: Path | None,
    directories: Sequence[Path],
    with_recipe: bool,
    ids: Sequence[str],
    options: Mapping[str, str | None],
) -> None:
    """Reject options of `provtap export` that exclude each other, before anything is asked."""
    if archive is not None and options["responseformat"] not in {"ro-crate", "rocrate", "RO-CRATE"}:
        raise click.UsageError("--zip needs --format ro-crate.")
    if archive is None and (directories or with_recipe):
        raise click.UsageError(f"{'--files' if directories else '--recipe'} needs --zip.")
    if with_recipe and len(ids) != 1:
        raise click.UsageError("--recipe needs the id of one product.")
    if archive is not None and (archive.exists() or archive.is_symlink()):
        raise click.UsageError(f"{archive} already exists: remove it, or choose another name.")


def write_archive(metadata: bytes, archive: Path, directories: Sequence[Path], recipe: bytes | None) -> None:
    """Write a crate with its files and a *recipe*, and tell which files are not in it."""
    from provtap.client.crate_zip import write_crate

    written = write_crate(metadata, archive, directories or [Path()], recipe)
    click.echo(f"{archive}: ro-crate-metadata.json and {written.files} of {written.described} files")
    for sentence in written.notes:
        warn(sentence)


def tell_undone(number: int) -> None:
    """Warn that *number* documents are missing in an answer as of a date, if not 0."""
    if number:
        documents = "1 document that was" if number == 1 else f"{number} documents that were"
        warn(f"without {documents} undone since then, whose content is not kept")


class _Diff(RemoteCommand):
    """A command that ends like `diff`: 1 means that something differs, so an error ends it with 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        group = ctx.find_root().command
        assert isinstance(group, Commands)
        try:
            return super().invoke(ctx)
        except group.failures as error:
            click.echo(f"provtap: {group.sentence(error)}", err=True)
            ctx.exit(2)


@click.command(
    name="diff",
    cls=_Diff,
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
def diff(service: "Service", a: str, b: str, form: str) -> None:
    """Compare two runs, or the whole histories of two products.

    A and B are ids of activities, or ids, paths, other names or file names of entities. Numbers are compared
    as numbers, inputs by their role and content. Exits with 0 if nothing differs, 1 if something does, and 2
    on an error.
    """
    answer = service.fetch("api/v1/diff", [("a", a), ("b", b), ("format", form)])
    write(answer)
    sys.exit(answer.headers.get("X-ProvTAP-Equal") != "1")


@click.command(
    name="cite",
    cls=RemoteCommand,
    short_help="Show what to cite for a product.",
    epilog="Example: provtap cite /data/gamma.dl2.h5 --format text",
)
@click.argument("product")
@click.option(
    "--format",
    "responseformat",
    type=click.Choice(["bibtex", "text"]),
    default="bibtex",
    show_default=True,
    help="Entries for a bibliography, or an acknowledgement.",
)
def cite(service: "Service", product: str, responseformat: str) -> None:
    """Show what to cite and acknowledge for a product.

    PRODUCT is the id, path or another name of an entity. The product, the programs and the data with
    identifiers such as DOIs behind it are cited, and the people and organizations named, each once.
    """
    write(service.fetch("cite", [("ID", product), ("RESPONSEFORMAT", responseformat)]))


@click.command(
    name="recipe",
    cls=RemoteCommand,
    short_help="Write the steps that made a product, to run again.",
    epilog="Example: provtap recipe /data/gamma.dl2.h5 --format sh > recipe.sh",
)
@click.argument("product")
@click.option(
    "--format",
    "form",
    type=click.Choice(["sh", "cwl", "snakemake"]),
    default="sh",
    show_default=True,
    help="A script of the shell, a workflow of CWL, or a Snakefile.",
)
def recipe(service: "Service", product: str, form: str) -> None:
    """Write the steps that made a product as a script or workflow that makes it again.

    PRODUCT is the id, path, file name or another name of an entity. What was not recorded is a check that
    fails with a sentence.
    """
    write(_recipe(service, product, form))


def _recipe(service: "Service", product: str, form: str) -> "Answer":
    return service.fetch("api/v1/recipe", [("id", product), ("format", form)])


@click.command(name="ingest", cls=RemoteCommand, epilog="Example: provtap ingest runs/*.provenance.log")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format",
    default="auto",
    show_default=True,
    help="auto, or the name of a format, such as ctapipe, prov-json or header.",
)
@click.option("--site", help="Scope of local paths: equal paths of two sites are different files.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="PREFIX=URI",
    help="Replace PREFIX by URI in the paths of files.",
)
@click.option(
    "--workflow-run",
    metavar="ID",
    help="Id of the workflow run: files in temporary folders are identified by their names within it.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Reject documents with conflicts; exit with 1 if a file of a directory is skipped.",
)
@dry_run
@as_json
def ingest(
    service: "Service",
    files: tuple[Path, ...],
    format: str,
    site: str | None,
    maps: tuple[str, ...],
    workflow_run: str | None,
    strict: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send provenance documents to the service, which stores each of them whole or not at all.

    Sending a document again changes nothing. A document that cannot be read is reported; the others are
    stored.
    """
    if not files:
        raise click.UsageError("Missing argument 'FILES...'.")
    options = {"format": format, "strict": str(strict).lower(), "dryRun": str(dry_run).lower()}
    options |= {name: text for name, text in (("site", site), ("workflowRun", workflow_run)) if text}
    documents: list[dict[str, Any]] = []
    problems: list[str] = []
    with progress(files) as queue:
        for path in queue:
            try:
                documents.append(service.store(_document(path), source=str(path), map=maps, **options))
            except Failure as error:
                problems.append(str(error))
            except ProvError as error:
                if error.status not in _OF_THE_DOCUMENT:
                    raise
                problems.append(str(error))
    counts = {
        name: sum(each[name] for each in documents) for name in ("new", "updated", "unchanged", "stubs")
    }
    tell_ingestion({"documents": documents, "problems": problems, "passed_over": []} | counts, as_json)


def tell_ingestion(content: dict[str, Any], as_json: bool, strict: bool = False) -> None:
    """Print the report on documents.

    Exit with 1 if one was rejected, if all files of directories were passed over, or one of them with
    *strict*.
    """
    if as_json:
        print_json(content)
    else:
        click.echo(summary_text(content))
        for sentence in summary_warnings(content):
            warn(sentence)
    if content["problems"] or content["passed_over"] and (strict or not content["documents"]):
        sys.exit(1)


@click.command(name="describe", cls=RemoteCommand, epilog="Example: provtap describe --dry-run pipeline.yaml")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@dry_run
def describe(service: "Service", files: tuple[Path, ...], dry_run: bool) -> None:
    """Check description files (YAML), then apply all of them to the service.

    A description file describes the activities of a pipeline, their inputs and outputs by role, and their
    parameters. It applies to runs recorded before and after.
    """
    if not files:
        raise click.UsageError("Missing argument 'FILES...'.")
    contents = [(str(path), _read(path)) for path in files]
    for source, content in contents if len(files) > 1 and not dry_run else ():
        service.describe(content, source=source, dryRun="true")
    for source, content in contents:
        tell_description(service.describe(content, source=source, dryRun=str(dry_run).lower()))


def tell_description(report: Mapping[str, Any]) -> None:
    """Print the report on a set of descriptions."""
    click.echo(description_text(report))
    for sentence in report["warnings"]:
        warn(f"{report['source']}: {sentence}")


def progress(files: tuple[Path, ...]) -> Any:
    """Return a progress bar over *files* if standard error is a terminal, otherwise an invisible one."""
    return click.progressbar(files, label="Loading", file=sys.stderr, hidden=not sys.stderr.isatty())


def _document(path: Path) -> bytes:
    if path.is_dir():
        raise Failure(f"{path} is a directory: with --url or PROVTAP_URL, give the files in it.")
    if (header := _product_header(path)) is not None:
        return header
    if (metadata := _crate_metadata(path)) is not None:
        return metadata
    content = _read(path)
    if content.startswith(b"\x1f\x8b"):
        import gzip

        try:
            return gzip.decompress(content)
        except (OSError, EOFError) as error:
            raise Failure(f"{path} cannot be read: {str(error).lower()}.") from error
    return content


def _crate_metadata(path: Path) -> bytes | None:
    """Return the metadata of a crate, which are sent instead of a zip with all its files, or None."""
    try:
        with path.open("rb") as file:
            if not path.is_file() or file.read(4) != b"PK\x03\x04":
                return None
            from provtap.client.crate_zip import read_metadata

            return read_metadata(file, path, _DOCUMENT_BYTES)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error


def _product_header(path: Path) -> bytes | None:
    """Return the header of a data product, which is sent instead of the product, or None.

    Raises: Failure for one that cannot be read.
    """
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            start = file.read(16)
            if start.startswith(b"\x1f\x8b"):
                import gzip

                file.seek(0)
                with gzip.GzipFile(fileobj=file) as unpacked:
                    return _header_of("fits", unpacked, path) if unpacked.read(9) == b"SIMPLE  =" else None
            if form := next((form for mark, form in _FORMS.items() if start.startswith(mark)), None):
                return _header_of(form, file, path)
    except (OSError, EOFError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Failure(f"{path} cannot be read: {reason.lower()}.") from error
    return None


_FORMS = {b"SIMPLE  =": "fits", b"\x89HDF\r\n\x1a\n": "hdf5", b"# %ECSV": "ecsv"}
"""Data products, by the bytes that they begin with."""


def _header_of(form: str, file: Any, path: Path) -> bytes:
    file.seek(0)
    module = import_module(f"provtap.client.{form}")
    try:
        header: bytes = module.header_document(file, path)
    except ImportError as error:
        raise Failure(
            f"{path} is an HDF5 file: to send its header, the package h5py is needed."
            " pip install 'provtap-client[hdf5]'"
        ) from error
    return header


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise Failure(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if len(content) > _DOCUMENT_BYTES:
        raise Failure(f"{path} exceeds the limit of {_DOCUMENT_BYTES} bytes.")
    return content


@click.group(cls=Commands, context_settings=SETTINGS)
@version_option
def main() -> None:
    """Record, search and retrace the provenance of astronomical data products, on a ProvTAP service.

    PROVTAP_URL has the address of the service, PROVTAP_TOKEN a token of it.
    """


for _command in (
    *(ingest, describe, query, lineage, export, diff, cite, recipe),
    *(withdraw, reinstate, affected),
    run_command(None),
):
    main.add_command(_command)
