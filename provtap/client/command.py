"""The common parts of all `provtap` commands, in the full installation and in `provtap-client`.

Uses only the standard library and click. `provtap/commands/` adds the commands that need the store.
"""

import copy
import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar

import click
from click.core import ParameterSource

from provtap import __version__
from provtap.client.delivery import ProvError

if TYPE_CHECKING:
    from provtap.client.service import Answer

SETTINGS: Any = {"help_option_names": ["-h", "--help"]}
FULL_ONLY = (
    *("demo", "init", "serve", "worker", "load-sql", "reingest", "check", "translate"),
    *("token", "maintenance", "status", "jobs", "obscore", "forget", "backup", "restore", "systemd"),
)
"""Commands that need the store, which are not in `provtap-client`."""


as_json = click.option("--json", "as_json", is_flag=True, help="Report as JSON.")
dry_run = click.option("--dry-run", is_flag=True, help="Report what would change, and change nothing.")


class Failure(Exception):
    """A command failed. The text is one sentence for the user."""


class Commands(click.Group):
    """A group of commands: errors are one line on standard error, never a traceback."""

    failures: ClassVar[tuple[type[Exception], ...]] = (Failure, ProvError)
    """Errors with a text for the user."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit with 1 if it failed, 130 on Ctrl-C (click: 2 for wrong usage)."""
        try:
            return super().invoke(ctx)
        except self.failures as error:
            click.echo(f"provtap: {self.sentence(error)}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            ctx.exit(130)

    def sentence(self, error: Exception) -> str:
        """Return the text of one of the `failures`."""
        return str(error)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command with this name; for an unknown name, suggest the most similar one."""
        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in FULL_ONLY:
            ctx.fail(f"provtap {cmd_name} {NEEDS_FULL}")
        if found is None and (near := get_close_matches(cmd_name, self.commands, n=1)):
            ctx.fail(f"No such command {cmd_name!r}. Did you mean {near[0]}?")
        return found


NEEDS_FULL = "needs the full installation: install provtap instead of provtap-client."


class RemoteCommand(click.Command):
    """A command that uses a service, or in the full installation also the local store.

    With a URL, its callback gets a `Service`. `here` adds the function for the local store.
    """

    def __init__(self, name: str | None, *, params: list[click.Parameter], **options: Any) -> None:
        url = click.Option(
            ["--url"],
            envvar="PROVTAP_URL",
            show_envvar=True,
            help="Use this service, with the token in PROVTAP_TOKEN.",
        )
        super().__init__(name, params=[*params, url], **options)
        self._local: Callable[..., Any] | None = None
        self._local_options: tuple[click.Parameter, ...] = ()

    def here(self, function: Callable[..., None]) -> "RemoteCommand":
        """Return this command with *function* for the local store, with its additional options.

        *function* gets the settings, then all options.
        """
        extended = copy.copy(self)
        extended._local = function
        extended._local_options = tuple(click.command()(function).params)
        *own, url = self.params
        extended.params = [*own, *extended._local_options, url]
        extended.help = function.__doc__ or self.help
        return extended

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command on the service if there is a URL, otherwise on the local store."""
        given = dict(ctx.params)
        url = given.pop("url")
        if url is None:
            if self._local is None:
                ctx.fail(
                    f"{ctx.command_path} needs the URL of a service: give --url or set PROVTAP_URL."
                    f" A store on this machine {NEEDS_FULL}"
                )
            return ctx.invoke(self._local, ctx.obj, **given)
        for option in self._local_options:
            if ctx.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE:
                ctx.fail(f"{option.opts[0]} works on the local store only, not with --url or PROVTAP_URL.")
            given.pop(option.name, None)
        from provtap.client.service import Service

        assert self.callback is not None
        return ctx.invoke(self.callback, Service(url, os.environ.get("PROVTAP_TOKEN")), **given)


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    click.echo(f"provtap, version {__version__}")
    if all(map(_installed, ("provtap", "provtap-client"))):
        click.echo(
            "provtap: provtap and provtap-client are both installed, and share files."
            " Uninstall both, then install provtap alone: it contains the client.",
            err=True,
        )
    ctx.exit()


def _installed(name: str) -> bool:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


version_option = click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)


def warn(sentence: str) -> None:
    """Write a warning to standard error."""
    click.echo(f"provtap: {sentence}", err=True)


def print_json(content: Any) -> None:
    """Print *content* as JSON for people."""
    import json

    click.echo(json.dumps(content, indent=2, ensure_ascii=False))


def write(answer: "Answer") -> None:
    """Write an answer to standard output as it comes."""
    sys.stdout.buffer.writelines(answer.blocks())
    sys.stdout.buffer.flush()
