"""The commands of beamdeck: the console itself, the demo, and what can be had without a screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli_files import diagnose, replay
from tui.cli_plans import plan, run
from tui.cli_rehearse import rehearse
from tui.cli_timeline import incident, note, timeline
from tui.errors import BeamdeckError

if TYPE_CHECKING:
    from tui.model.fleet import App, Config, Environment


@dataclass(frozen=True, slots=True)
class Opening:
    """What the console is opened with."""

    config: Config | None = None
    environment: str | None = None
    app: str | None = None
    demo: bool = False
    scenario: str | None = None
    screenshot: Path | None = None
    size: tuple[int, int] = (120, 36)
    state_folder: Path | None = None


OpenConsole = Callable[[Opening], int]


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that stand before a command."""

    open_console: OpenConsole
    config: Path | None
    environment: str | None
    app: str | None

    def load(self) -> Config:
        """The configuration; wrong ones end with exit status 2."""
        from tui.config import load_config

        try:
            return load_config(self.config)
        except BeamdeckError as error:
            raise _said(error, 2) from None

    def meant(self, config: Config) -> list[tuple[Environment, App]]:
        """The environments and apps that the options leave; none of them is an error."""
        found = [
            (e, a)
            for e in config.environments
            for a in e.apps
            if self.environment in (None, e.name) and self.app in (None, a.name)
        ]
        if not found:
            raise click.UsageError(f"there is no such app; the config has {_names(config)}")
        return found

    def choose(self) -> tuple[Config, Environment, App]:
        """The configuration with the one environment and app that were meant."""
        config = self.load()
        found = self.meant(config)
        if len(found) == 1:
            return (config, *found[0])
        raise click.UsageError(
            f"say which with --environment and --app; the config has {_names(config)}"
        )


def _names(config: Config) -> str:
    return ", ".join(f"{e.name}/{a.name}" for e in config.environments for a in e.apps) or "no app"


def _said(error: BeamdeckError, code: int) -> click.ClickException:
    from tui.model.text import scrub

    text = scrub(f"{error.title}: {error.detail}\n{error.remedy}".strip())
    return _Misconfigured(text) if code == 2 else click.ClickException(text)


class _Misconfigured(click.ClickException):
    exit_code = 2


class _Commands(click.Group):
    """A group that says every error of ours as one sentence and a remedy."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BeamdeckError as error:
            raise _said(error, 1) from None


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--config", type=click.Path(path_type=Path), help="The configuration file.")
@click.option("-e", "--environment", help="The environment to open.")
@click.option("-a", "--app", help="The app to open.")
@click.version_option(package_name="beamdeck")
@click.pass_context
def commands(
    ctx: click.Context, config: Path | None, environment: str | None, app: str | None
) -> None:
    """A terminal console for production operations of Elixir releases.

    Without a command it opens the console on the configured fleet.
    """
    asked = Asked(ctx.obj, config, environment, app)
    ctx.obj = asked
    if ctx.invoked_subcommand is None:
        loaded = asked.load()
        asked.meant(loaded)
        opening = Opening(loaded, environment, app)
        ctx.exit(asked.open_console(opening))


commands.add_command(plan)
commands.add_command(run)
commands.add_command(rehearse)
commands.add_command(replay)
commands.add_command(diagnose)
commands.add_command(timeline)
commands.add_command(note)
commands.add_command(incident)


def _size(_ctx: click.Context, _param: click.Parameter, value: str) -> tuple[int, int]:
    columns, _, rows = value.partition("x")
    if not (columns.isdigit() and rows.isdigit() and 20 <= int(columns) <= 500):
        raise click.BadParameter("columns and rows, as in 80x24")
    return int(columns), int(rows)


@commands.command()
@click.pass_obj
def init(asked: Asked) -> None:
    """Write an example configuration, every field with its default, where it is looked for."""
    from tui.headless import write_example

    raise SystemExit(write_example(asked.config))


@commands.command()
@click.option("--scenario", help="Start with this incident under way, e.g. bad-deploy.")
@click.option("--serve", is_flag=True, help="Keep the fleet up without a screen.")
@click.option(
    "--screenshot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an SVG of the hosts screen and leave.",
)
@click.option("--size", default="120x36", callback=_size, help="Of the screenshot.")
@click.pass_obj
def demo(
    asked: Asked,
    scenario: str | None,
    serve: bool,
    screenshot: Path | None,
    size: tuple[int, int],
) -> None:
    """Open the console on an embedded fleet: no host, no network, nothing to configure."""
    from tui.demo.scenarios import SCENARIOS

    if scenario is not None and scenario not in SCENARIOS:
        raise click.BadParameter(f"the scenarios are {', '.join(SCENARIOS)}", param_hint="scenario")
    if serve:
        from tui.headless import serve_demo

        raise SystemExit(serve_demo(scenario))
    opening = Opening(demo=True, scenario=scenario, screenshot=screenshot, size=size)
    raise SystemExit(asked.open_console(opening))


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON document.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for hosts.")
@click.pass_obj
def status(asked: Asked, as_json: bool, timeout: float) -> None:
    """Every host's facts, as on the hosts screen. Exit status 1 if a host did not answer."""
    from tui.headless import print_status

    raise SystemExit(print_status(*asked.choose(), as_json=as_json, timeout_s=timeout))


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON document.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for hosts.")
@click.pass_obj
def releases(asked: Asked, as_json: bool, timeout: float) -> None:
    """Release versions by host and in the store, as on the releases screen.

    Exit status 1 if a host's release folder or the store could not be read.
    """
    from tui.headless_releases import print_releases

    raise SystemExit(print_releases(*asked.choose(), as_json=as_json, timeout_s=timeout))


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON document.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for the host.")
@click.pass_obj
def migrations(asked: Asked, as_json: bool, timeout: float) -> None:
    """An app's migrations, as on the migrations screen: the node's view and the disk's.

    Starts two small BEAMs on the migration host. Exit status 1 if a view is not known.
    """
    from tui.headless_migrations import print_migrations

    raise SystemExit(print_migrations(*asked.choose(), as_json=as_json, timeout_s=timeout))


@commands.command()
@click.option("--since", help="15m, 2h, yesterday, 2026-11-23 03:00, @epoch.")
@click.option("--until", help="Like --since; ends instead of following.")
@click.option("--host", "hosts", multiple=True, help="Only this host; may be repeated.")
@click.option("--level", help="This level or worse: error, warning, info.")
@click.option("--grep", default="", help="Only lines with this text.")
@click.option("--regex", is_flag=True, help="The text is a regular expression.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@click.option("--no-follow", is_flag=True, help="End when the past is told.")
@click.pass_obj
def tail(
    asked: Asked,
    since: str | None,
    until: str | None,
    hosts: tuple[str, ...],
    level: str | None,
    grep: str,
    regex: bool,
    as_json: bool,
    no_follow: bool,
) -> None:
    """The merged journal of the app on every host, in time order, as on the journal screen."""
    from tui.headless import TailAsked, print_tail

    wanted = TailAsked(since, until, hosts, level, grep, regex, as_json, follow=not no_follow)
    raise SystemExit(print_tail(*asked.choose(), wanted))


@commands.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON document.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for hosts.")
@click.pass_obj
def operations(asked: Asked, as_json: bool, timeout: float) -> None:
    """Operations that were never ended, of this machine's log and on the hosts.

    Exit status 1 if there are any, or a host could not be asked. The console goes on with them.
    """
    from tui.headless_operations import print_operations

    raise SystemExit(print_operations(*asked.choose(), as_json=as_json, timeout_s=timeout))


@commands.group()
def audit() -> None:
    """The record of what was changed, by whom and why."""


@audit.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--hosts", is_flag=True, help="Look up the marks that the hosts hold, too.")
@click.option("--timeout", default=15.0, show_default=True, help="Seconds to wait for hosts.")
@click.pass_obj
def verify(asked: Asked, file: Path | None, hosts: bool, timeout: float) -> None:
    """Check the chain of the audit log; names the first bad line.

    A chain does not show that its last lines were cut off. Each step leaves a mark with its
    record's hash in its host's journal: with --hosts every one of this operator's is looked up.
    """
    from tui.headless_audit import verify_audit

    raise SystemExit(verify_audit(file, asked.choose if hosts else None, timeout))
