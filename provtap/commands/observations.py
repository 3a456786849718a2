"""The command `provtap obscore`: loads observations into `ivoa.obscore`, and removes them."""

import sys
from pathlib import Path

import click

from provtap.client.command import as_json, dry_run, print_json, warn
from provtap.config import Settings


@click.command(
    name="obscore",
    short_help="Load observations, for searches by position.",
    epilog="Example: provtap obscore obs-index.fits.gz --collection hess-dl3-dr1",
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--mapping", type=click.Path(path_type=Path), help="YAML file: which column comes from which keyword."
)
@click.option("--collection", help="Name of the collection of data, obs_collection.")
@click.option("--authority", help="What the ids of data products begin with, such as ivo://example.org/dl3.")
@click.option("--no-checksums", is_flag=True, help="Do not read whole files to find them by their checksums.")
@click.option(
    "--remove", multiple=True, metavar="DID", help="Remove the observation with this obs_publisher_did."
)
@click.option(
    "--print-mapping", metavar="NAME", help="Print one of the mappings of ProvTAP, to extend it, and exit."
)
@dry_run
@as_json
@click.pass_obj
def obscore(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    mapping: Path | None,
    collection: str | None,
    authority: str | None,
    no_checksums: bool,
    remove: tuple[str, ...],
    print_mapping: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Load the observations that FILES describe into ivoa.obscore, all in one transaction.

    Files are headers of products (FITS, HDF5, ECSV), tables with a row for each observation (CSV, VOTable,
    ECSV, FITS), or observations of CAOM. Loading an observation again replaces it. Files and rows that are
    not observations are listed with the reason.
    """
    from provtap import install
    from provtap.ingest.observations.load import load_observations, remove_observations
    from provtap.ingest.observations.mapping import shipped
    from provtap.ingest.observations.observation import Naming

    if print_mapping is not None:
        if print_mapping not in shipped():
            raise click.BadParameter(f"{print_mapping} is not one of {', '.join(shipped())}.")
        click.echo(shipped()[print_mapping], nl=False)
        return
    if bool(files) == bool(remove):
        raise click.UsageError("Give either FILES or --remove.")
    if authority is not None and not authority.startswith("ivo://"):
        raise click.BadParameter(f"--authority must begin with ivo://, which {authority} does not.")
    if remove:
        with install.ready(settings) as (database, _):
            number = remove_observations(remove, database)
        click.echo(f"{number} observation{'' if number == 1 else 's'} removed.")
        return
    with install.ready(settings) as (database, tableset):
        report = load_observations(
            files,
            database,
            settings,
            tableset,
            mapping=mapping,
            naming=Naming(collection, authority),
            checksums=not no_checksums,
            dry_run=dry_run,
        )
    if as_json:
        print_json(report.content())
    else:
        click.echo(
            f"{report.observations} observations in {report.files} files: {report.new} new,"
            f" {report.updated} updated, {report.unchanged} unchanged;"
            f" the provenance of {report.linked} is stored."
        )
        for remark in (*report.refused, *report.skipped):
            warn(str(remark))
        if report.without_authority:
            warn(
                f"{report.without_authority} have no id of a publisher, and got one that only this service"
                " knows: --authority gives them an IVOA identifier."
            )
    if report.refused or not report.observations:
        sys.exit(1)
