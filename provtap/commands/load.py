"""Commands that fill the store: `provtap ingest`, `describe`, `load-sql` and `reingest`."""

import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from provtap.client import remote
from provtap.client.command import as_json, dry_run, print_json, warn
from provtap.client.remote import progress, tell_description, tell_ingestion
from provtap.client.run_command import run_command
from provtap.config import Settings


@remote.ingest.here
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    help="CSV file with the columns path, id (or lfn), guid, size, checksum: the names of stored files.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="the number of cores",
    help="Number of processes that read documents.",
)
@click.option("--undo", type=click.IntRange(1), help="Remove the document of this ingestion.")
def ingest(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    maps: tuple[str, ...],
    catalogue: Path | None,
    workflow_run: str | None,
    undo: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Load provenance documents, each of them whole or not at all.

    Loading a document again changes nothing. A document that cannot be read is reported; the others are
    loaded. In a directory every file is tried, and those that cannot be read are listed with the reason. A
    quoted pattern selects files: 'runs/**/*.log'.
    """
    from provtap import install
    from provtap.ingest import ingest_all, read_location_map

    if bool(files) == (undo is not None):
        raise click.UsageError("Give either FILES or --undo.")
    if undo is not None:
        _rebuild(settings, as_json, undo=undo, dry_run=options["dry_run"])
        return
    options["location_map"] = read_location_map(maps, catalogue, workflow_run)
    with install.ready(settings) as (database, _), progress(files) as queue:
        summary = ingest_all(queue, database, settings, **options)
    tell_ingestion(summary.content(), as_json, options["strict"])


def _store_run(record: bytes, source: str, site: str | None) -> None:
    from provtap import install
    from provtap.ingest import ingest_content

    settings = click.get_current_context().obj
    with install.ready(settings) as (database, _):
        ingest_content(record, source, database, settings, format="run", site=site)


run = run_command(_store_run)


def _print_schema(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    from provtap.ingest import description_schema

    if asked:
        click.echo(description_schema(), nl=False)
        ctx.exit()


@remote.describe.here
@click.option(
    "--json-schema",
    is_flag=True,
    is_eager=True,  # with PROVTAP_URL as well: no store is asked
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON schema of description files and exit.",
)
def describe(settings: Settings, /, files: tuple[Path, ...], dry_run: bool) -> None:
    """Apply description files (YAML), all of them or none.

    A description file describes the activities of a pipeline, their inputs and outputs by role, and their
    parameters. It applies to runs recorded before and after.
    """
    from provtap import install
    from provtap.ingest import describe as apply

    if not files:
        raise click.UsageError("Missing argument 'FILES...'.")
    with install.ready(settings) as (database, _):
        done = apply(files, database, settings, dry_run=dry_run)
    for report in done:
        tell_description(asdict(report))


@click.command(name="load-sql", epilog="Example: provtap load-sql job-4711.sql")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Reject scripts that contradict the store, instead of warning.")
@dry_run
@as_json
@click.pass_obj
def load_sql(settings: Settings, /, files: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """Load SQL scripts, all in one transaction.

    A script contains INSERTs of literals and COPY blocks for provenance.* and provext.*, as ingestion jobs
    and pg_dump --data-only write them. Loading a script again changes nothing.
    """
    from provtap import install
    from provtap.ingest import load_sql as load

    with install.ready(settings) as (database, _), progress(files) as queue:
        reports = load(queue, database, settings, **options)
    if as_json:
        print_json({"documents": [report.content() for report in reports], "problems": []})
        return
    for report in reports:
        click.echo(report.line())
        _warn(f"{report.source}: {sentence}" for sentence in report.warnings)


@click.command(
    name="reingest",
    short_help="Rebuild all tables from the documents.",
    epilog="Example: provtap reingest --dry-run",
)
@dry_run
@as_json
@click.pass_obj
def reingest(settings: Settings, dry_run: bool, as_json: bool) -> None:
    """Rebuild all tables from the stored documents.

    Use it after an upgrade that reads documents differently. Users see the old
    tables until the new ones are complete.
    """
    _rebuild(settings, as_json, dry_run=dry_run)


@click.command(
    name="check",
    short_help="Check the store against the rules.",
    epilog="Example: provtap check --json",
)
@as_json
@click.pass_obj
def check(settings: Settings, as_json: bool) -> None:
    """Report violations of the rules, and how to repair them; exit with 1 on errors."""
    from provtap import install
    from provtap.ingest.checks import rules

    with install.ready(settings) as (database, _), _bar(len(rules.RULES), "Checking") as bar:
        found = rules.check(database, advance=bar.update)
        advice = install.advice(database, settings)
    if as_json:
        print_json([finding.content() for finding in found])
    else:
        for line in (line for finding in found for line in finding.lines()):
            click.echo(line)
        for line in advice:
            click.echo(line)
        counts = [sum(f.number for f in found if f.rule.severity == each) for each in rules.Severity]
        click.echo("{} errors, {} warnings, {} notes".format(*counts))
    if any(finding.rule.severity == rules.Severity.ERROR for finding in found):
        sys.exit(1)


def _bar(length: int, label: str) -> Any:
    """Return a progress bar if standard error is a terminal, otherwise an invisible one."""
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())


def _rebuild(settings: Settings, as_json: bool, *, dry_run: bool, undo: int | None = None) -> None:
    from provtap import install
    from provtap.ingest import rebuild

    with install.ready(settings) as (database, _):
        number = rebuild.number_of_documents(database)
        with _bar(number, "Reading") as bar:
            if undo is None:
                done = rebuild.reingest(database, settings, dry_run=dry_run, advance=bar.update)
            else:
                done = rebuild.undo(undo, database, settings, dry_run=dry_run, advance=bar.update)
    if as_json:
        print_json(asdict(done))
    else:
        click.echo(done)


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        warn(sentence)
