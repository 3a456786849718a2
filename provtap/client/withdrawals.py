"""Commands that withdraw products, and tell what was made from them, for a service or the local store."""

from typing import TYPE_CHECKING, Any

import click

from provtap.client.command import RemoteCommand, as_json, dry_run, print_json, write

if TYPE_CHECKING:
    from provtap.client.service import Service

KINDS = ("defective", "superseded", "embargoed", "lost")

_ids = click.argument("ids", nargs=-1)
_query = click.option("--query", metavar="ADQL", help="Instead of IDS: a query whose first column has ids.")
_yes = click.option("--yes", is_flag=True, help="Confirm that the query may select more than one.")
_agent = click.option("--agent", metavar="ID", help="Who does it.  [default: the user or the account]")


@click.command(
    name="withdraw",
    cls=RemoteCommand,
    short_help="Withdraw products that are not valid any more.",
    epilog="Example: provtap withdraw /data/flat.fits --reason 'The lamp failed.'",
)
@_ids
@_query
@_yes
@click.option("--reason", required=True, help="What is wrong with them.")
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
@click.option("--since", metavar="TIME", help="Since when they are not valid (UTC).  [default: now]")
@click.option("--successor", metavar="ID", help="What to use instead.")
@_agent
@dry_run
@as_json
def withdraw(service: "Service", ids: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Withdraw products on the service, all of them or none.

    IDS are ids, paths or other names. What was made from them is marked from now on.
    """
    tell(service.act("withdrawals", _wish(ids, **options)), as_json, "withdrawn")


@click.command(
    name="reinstate",
    cls=RemoteCommand,
    short_help="End the withdrawal of products.",
    epilog="Example: provtap reinstate /data/flat.fits --reason 'It was the other lamp.'",
)
@_ids
@_query
@_yes
@click.option("--reason", help="Why they are valid after all.")
@_agent
@dry_run
@as_json
def reinstate(service: "Service", ids: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """End the withdrawal of products on the service, of all of them or none."""
    tell(service.act("reinstatements", _wish(ids, **options)), as_json, "reinstated")


@click.command(
    name="affected",
    cls=RemoteCommand,
    short_help="List what was made from withdrawn products.",
    epilog="Example: provtap affected /data/flat.fits --format csv > affected.csv",
)
@click.argument("ids", nargs=-1, required=True)
@click.option(
    "--format",
    "responseformat",
    type=click.Choice(["csv", "tsv", "json", "text", "votable"]),
    default="text",
    show_default=True,
)
def affected(service: "Service", ids: tuple[str, ...], responseformat: str) -> None:
    """List the products that were made from withdrawn ones, with their owners.

    IDS are ids, paths or other names of withdrawn products.
    """
    write(service.fetch("affected", [*(("id", id_) for id_ in ids), ("format", responseformat)]))


def _wish(ids: tuple[str, ...], *, yes: bool, dry_run: bool, **options: str | None) -> dict[str, Any]:
    """Return the body of a request to the write API."""
    given = {name: value for name, value in options.items() if value is not None}
    return {"ids": ids, "confirm": yes, "dryRun": dry_run} | given


def tell(report: dict[str, Any], as_json: bool, done: str) -> None:
    """Print what was *done*: withdrawn or reinstated."""
    if as_json:
        print_json(report)
        return
    entities, others = len(report["entities"]), report["affected"]
    named = report["entities"][0] if entities == 1 else f"{entities} products"
    products = "1 product" if others == 1 else f"{others} products"
    affected = "affected" if done == "withdrawn" else "no longer affected"
    if report["ingestion"] is None:
        click.echo(f"{named} would be {done}, and {products} {affected}.")
    else:
        verbs = ["is" if number == 1 else "are" for number in (entities, others)]
        click.echo(f"{named} {verbs[0]} {done} (ingestion {report['ingestion']}).")
        click.echo(f"{products} {verbs[1]} {affected}.")
