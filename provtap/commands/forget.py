"""The command `provtap forget`."""

import sys
from typing import TYPE_CHECKING

import click

from provtap.client.command import as_json, dry_run, print_json
from provtap.config import Settings
from provtap.errors import ParameterError

if TYPE_CHECKING:
    from provtap.ingest.forgetting.forget import Forgotten, Person


@click.command(
    name="forget",
    short_help="Replace a person by a pseudonym, for good.",
    epilog="Example: provtap forget 0000-0002-9999-1232 --dry-run",
)
@click.argument("agent")
@click.option("--also", multiple=True, metavar="TEXT", help="Another text that identifies the person.")
@click.option("--yes", is_flag=True, help="Do not ask whether to continue.")
@click.option("--confirm", metavar="NAME", help="The name of the agent, instead of typing it.")
@dry_run
@as_json
@click.pass_obj
def forget(
    settings: Settings,
    agent: str,
    also: tuple[str, ...],
    yes: bool,
    confirm: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Replace a person by a pseudonym in all tables and documents of the store. This cannot be undone.

    AGENT is the id, name, e-mail address or ORCID of the person. Name, e-mail address, phone, address, web
    address and ORCID are replaced wherever they occur as whole words.
    """
    from provtap import install
    from provtap.ingest import rebuild
    from provtap.ingest.forgetting import forget as forgetting

    with install.ready(settings) as (database, _):
        person = forgetting.find(agent, database, also)
        _show(person)
        if not dry_run:
            _ask(person, yes, confirm)
        number = rebuild.number_of_documents(database)
        hidden = not sys.stderr.isatty()
        with click.progressbar(length=number, label="Rebuilding", file=sys.stderr, hidden=hidden) as bar:
            done = forgetting.forget(person, database, settings, dry_run=dry_run, advance=bar.update)
    if as_json:
        print_json(_content(done))
    else:
        for line in _lines(done, dry_run):
            click.echo(line)


def _show(person: "Person") -> None:
    for each in person.personal.texts:
        click.echo(f"{each.kind}: {each.text} -> {each.by}", err=True)
    for text in person.kept:
        click.echo(f"kept, because other agents have it as well: {text}", err=True)


def _ask(person: "Person", yes: bool, confirm: str | None) -> None:
    """Ask twice, unless the answers were given. Raises: ParameterError for a wrong name; Abort."""
    if not sys.stdin.isatty() and not (yes and confirm is not None):
        raise ParameterError(
            "Nothing was changed: this cannot be undone, so both --yes and --confirm NAME are required.",
            hint=f"The name of the agent is {person.name}.",
        )
    if not yes:
        click.confirm("This cannot be undone. Continue?", abort=True, err=True)
    if confirm is None:
        confirm = click.prompt("Type the name of the agent to confirm", err=True)
    if confirm != person.name:
        raise ParameterError(f"Nothing was changed: the name of the agent is {person.name}, not {confirm}.")


def _content(done: "Forgotten") -> dict[str, object]:
    return {
        "pseudonym": done.pseudonym,
        "documents": list(done.documents),
        "rows": done.rows,
        "published": list(done.published),
    }


def _lines(done: "Forgotten", dry_run: bool) -> list[str]:
    """Return the report as text."""
    number = len(done.documents)
    documents = "1 document" if number == 1 else f"{number} documents"
    ingestions = "ingestion" if number == 1 else "ingestions"
    numbers = f" ({ingestions} {', '.join(map(str, done.documents))})" if done.documents else ""
    published = [
        f"{table} contains one of the texts; it comes from your settings and metadata files."
        for table in done.published
    ]
    tables = [f"  {table}: {rows}" for table, rows in sorted(done.rows.items())]
    if dry_run:
        return [f"{documents} would be rewritten{numbers}; changed rows:", *tables, *published]
    return [
        f"The person is now {done.pseudonym}.",
        f"{documents} rewritten{numbers}; changed rows:",
        *tables,
        *published,
        "Backups, logs and results of jobs from before still name the person.",
    ]
