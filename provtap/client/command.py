"""What every `provtap` command has in common, in the full installation and in `provtap-client`.

Standard library and click only. `provtap/commands/` extends the group by the commands that need the store.
"""

import copy
import os
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, ClassVar

import click
from click.core import ParameterSource

from provtap import __version__
from provtap.client.delivery import ProvError

SETTINGS: Any = {"help_option_names": ["-h", "--help"]}
FULL_ONLY = (
    *("demo", "init", "serve", "worker", "load-sql", "reingest", "check", "translate"),
    *("token", "maintenance", "status", "jobs"),
)
"""Commands that need the store; `provtap-client` has none of them."""


class Failure(Exception):
    """A command can't do its work. The text is one sentence for the user."""


class Commands(click.Group):
    """A group of commands: an error is one line on standard error, never a traceback."""

    failures: ClassVar[tuple[type[Exception], ...]] = (Failure, ProvError)
    """Errors whose text is for the user."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit 1 when its work failed, 130 on Ctrl-C (click: 2 when its usage is wrong)."""
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
        """Return the command of this name; for an unknown one, suggest the nearest."""
        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in FULL_ONLY:
            ctx.fail(f"provtap {cmd_name} {NEEDS_FULL}")
        if found is None and (near := get_close_matches(cmd_name, self.commands, n=1)):
            ctx.fail(f"No such command {cmd_name!r}. Did you mean {near[0]}?")
        return found


NEEDS_FULL = "needs the full installation: install provtap instead of provtap-client."


class RemoteCommand(click.Command):
    """A command that sends its work to a service, or in the full installation works on the local store.

    Its callback gets a `Service` where a URL is given. `here` is the way to add the local half.
    """

    def __init__(self, name: str | None, *, params: list[click.Parameter], **options: Any) -> None:
        url = click.Option(
            ["--url"],
            envvar="PROVTAP_URL",
            show_envvar=True,
            help="Work on this service; PROVTAP_TOKEN holds the token.",
        )
        super().__init__(name, params=[*params, url], **options)
        self._local: Callable[..., Any] | None = None
        self._local_options: tuple[click.Parameter, ...] = ()

    def here(self, function: Callable[..., None]) -> "RemoteCommand":
        """Return this command with *function* as its local half; further options of it work there only.

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
        """Send the work to the service if there is a URL, else do it here."""
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
            given.pop(option.name)
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
