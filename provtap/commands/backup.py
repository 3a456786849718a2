"""The commands `provtap backup` and `provtap restore`."""

from pathlib import Path

import click

from provtap.config import Settings

_DIRECTORY = click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))


@click.command(
    name="backup", short_help="Write or verify a backup.", epilog="Example: provtap backup backups/monday"
)
@_DIRECTORY
@click.option("--verify", is_flag=True, help="Verify the backup in DIR, instead of writing one.")
@click.pass_obj
def backup(settings: Settings, directory: Path, verify: bool) -> None:
    """Write a backup of the whole store to the new directory DIR, while the service runs.

    --verify restores it into a temporary store, and compares all counts of rows.
    """
    from provtap import install
    from provtap.backup.backup import write
    from provtap.backup.restore import verify as verify_backup

    if verify:
        click.echo(verify_backup(directory, settings))
        return
    with install.ready(settings) as (database, _):
        click.echo(f"Written to {directory}: {write(directory, database, settings)}.")


@click.command(
    name="restore",
    short_help="Restore a backup into an empty database.",
    epilog="Example: provtap restore backups/monday",
)
@_DIRECTORY
@click.pass_obj
def restore(settings: Settings, directory: Path) -> None:
    """Restore the backup in DIR into an empty database, or a new data directory; all or nothing."""
    from provtap import metadata
    from provtap.backup.restore import restore as restore_backup

    manifest = restore_backup(directory, settings, metadata.load(settings.metadata_dir))
    click.echo(f"Restored: {manifest}.")
