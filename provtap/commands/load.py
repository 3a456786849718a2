"""Commands that fill the store: `provtap ingest`, `describe`, `load-sql` and `reingest`."""

import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from provtap.client import remote
from provtap.client.command import warn
from provtap.client.remote import as_json, dry_run, print_json, progress, tell_description, tell_ingestion
from provtap.config import Settings


@remote.ingest.here
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="PREFIX=URI",
    help="What paths that begin so are called elsewhere.",
)
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path),
    help="CSV file with columns path, id (or lfn), guid, size, checksum: under what names files were stored.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1),
    default=lambda: len(os.sched_getaffinity(0)),
    show_default="the number of cores",
    help="Processes that read documents.",
)
@click.option("--undo", type=click.IntRange(1), help="Take the document of this ingestion out again.")
def ingest(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    maps: tuple[str, ...],
    catalogue: Path | None,
    undo: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Load provenance documents, each in a transaction of its own.

    The same document again changes nothing. One that can't be read is reported and the others are loaded.
    Of a directory every file is tried; those that can't be read are listed with the reason. A quoted
    pattern stands for the files that match it: 'runs/**/*.log'.
    """
    from provtap import install
    from provtap.ingest import ingest_all, read_location_map

    if bool(files) == (undo is not None):
        raise click.UsageError("Give either FILES or --undo.")
    if undo is not None:
        _rebuild(settings, as_json, undo=undo, dry_run=options["dry_run"])
        return
    options["location_map"] = read_location_map(maps, catalogue)
    with install.ready(settings) as (database, _), progress(files) as queue:
        summary = ingest_all(queue, database, settings, **options)
    tell_ingestion(summary.content(), as_json, options["strict"])


@remote.describe.here
@click.option(
    "--json-schema", is_flag=True, help="Print the JSON schema of such a file, and do nothing else."
)
def describe(settings: Settings, /, files: tuple[Path, ...], dry_run: bool, json_schema: bool) -> None:
    """Apply files of descriptions (YAML), all of them or none.

    They say what the activities of a pipeline are, what these use and make in which role, and what their
    parameters mean. Whatever is recorded is described by them, before or after.
    """
    from provtap import install
    from provtap.ingest import describe as apply
    from provtap.ingest import description_schema

    if json_schema:
        click.echo(description_schema(), nl=False)
        return
    if not files:
        raise click.UsageError("Missing argument 'FILES...'.")
    with install.ready(settings) as (database, _):
        done = apply(files, database, settings, dry_run=dry_run)
    for report in done:
        tell_description(asdict(report))


@click.command(name="load-sql", epilog="Example: provtap load-sql job-4711.sql")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--strict", is_flag=True, help="Refuse scripts that differ from what is stored, instead of warning."
)
@dry_run
@as_json
@click.pass_obj
def load_sql(settings: Settings, /, files: tuple[Path, ...], as_json: bool, **options: Any) -> None:
    """Load scripts of SQL, all in one transaction.

    They may hold INSERTs of literals and COPY blocks for provenance.* and provext.*, as ingestion jobs and
    pg_dump --data-only write them. The same script again changes nothing.
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
    short_help="Make all tables anew from the documents.",
    epilog="Example: provtap reingest --dry-run",
)
@dry_run
@as_json
@click.pass_obj
def reingest(settings: Settings, dry_run: bool, as_json: bool) -> None:
    """Make all tables anew from the documents that were kept as they came.

    After an upgrade that maps them otherwise, this brings the new mapping to what is stored already. Users
    see the store as it was until all is done.
    """
    _rebuild(settings, as_json, dry_run=dry_run)


@click.command(
    name="check",
    short_help="Tell what breaks a rule, how to mend it.",
    epilog="Example: provtap check --json",
)
@as_json
@click.pass_obj
def check(settings: Settings, as_json: bool) -> None:
    """Tell what in the store breaks a rule, and how to mend it; exit 1 if it contradicts itself."""
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
    """Return a progress bar on a terminal's standard error; elsewhere it shows nothing."""
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
