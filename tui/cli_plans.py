"""`beamdeck plan …` and `beamdeck run --plan-hash HASH …`: the same words, printed or carried out.

A plan changes nothing. What a run asks for is what the console would ask for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tui.cli import Asked
    from tui.headless_plans import Given
    from tui.model.plan import Facts
    from tui.operations.plan_asked import Range

Decorator = Callable[[Callable[..., None]], Callable[..., None]]


@dataclass(frozen=True, slots=True)
class Doing:
    """What is to become of the words: printed, or with a hash carried out."""

    asked: Asked
    plan_hash: str = ""
    given: Given | None = None


@dataclass(frozen=True, slots=True)
class Common:
    """What every kind of plan is told."""

    app: str
    hosts: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    as_json: bool = False
    timeout: float = 20.0


@click.group()
@click.pass_context
def plan(ctx: click.Context) -> None:
    """Print a plan: steps with their commands, verdicts, losses, what it asks for, its hash.

    Changes nothing. Exit status 1 if the plan is blocked or cannot be built.
    """
    ctx.obj = Doing(ctx.obj)


@click.group()
@click.option("--plan-hash", required=True, help="The hash that `beamdeck plan` printed.")
@click.option("--environment-name", default="", help="The environment's name, typed in full.")
@click.option("--reason", default="", help="Why this is done.")
@click.option("--oldest", default="", help="The oldest version that goes, typed in full.")
@click.option("--lose", multiple=True, help="Something that goes; once for each.")
@click.option("--break-glass", default="", help="Why a policy is broken.")
@click.option("--unlock-reason", default="", help="Why production is unlocked.")
@click.pass_context
def run(ctx: click.Context, /, plan_hash: str, **given: Any) -> None:
    """Carry out a plan that was printed, with the words it was printed for.

    Refused if the plan is another one by now. On a terminal what is missing is asked for; without
    one every option that the plan asks for must be there. Ctrl-C stops before the next step. Exit
    status 0 only if every step was verified.
    """
    from tui.headless_plans import Given

    ctx.obj = Doing(ctx.obj, plan_hash.strip().lower(), Given(**given))


def _act(doing: Doing, common: Common, kind: str, params: Facts = (), **more: Any) -> None:
    from tui.headless_plans import Given, Place, print_plan, run_printed
    from tui.operations.plan_asked import Wanted

    asked = doing.asked
    if asked.app not in (None, common.app):
        raise click.UsageError(f"which app, {asked.app} or {common.app}?")
    place = Place(*replace(asked, app=common.app).choose())
    wanted = Wanted(kind, common.hosts, common.without, params, **more)
    how: dict[str, Any] = {"as_json": common.as_json, "timeout_s": common.timeout}
    if not doing.plan_hash:
        raise SystemExit(print_plan(place, wanted, **how))
    given = doing.given or Given()
    raise SystemExit(run_printed(place, wanted, doing.plan_hash, given, **how))


def _words(name: str, *, hosts: bool = True) -> Decorator:
    """A command of both groups: takes the app, hosts and how it is told as one `Common`."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        def called(doing: Doing, **values: Any) -> None:
            fields = {key: values.pop(key) for key in ("app", "as_json", "timeout")}
            chosen = {key: values.pop(key) for key in ("hosts", "without") if key in values}
            function(doing, Common(**fields, **chosen), **values)

        called.__doc__ = function.__doc__
        called.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]  # click's own
        options: list[Any] = [
            click.option("--json", "as_json", is_flag=True, help="As JSON."),
            click.option("--timeout", default=20.0, help="Seconds to wait for hosts."),
        ]
        if hosts:
            options += [
                click.option("--host", "hosts", multiple=True, help="Only this host; repeatable."),
                click.option("--without", multiple=True, help="Leave this host out; repeatable."),
            ]
        decorated: Any = click.pass_obj(called)
        decorated.__click_params__ = called.__click_params__  # type: ignore[attr-defined]  # click's own
        for option in options:
            decorated = option(decorated)
        decorated = click.argument("app")(decorated)
        command = click.command(name, help=function.__doc__)(decorated)
        plan.add_command(command)
        run.add_command(command)
        return function

    return decorate


def _flag(value: bool) -> str:
    return "yes" if value else ""


@_words("restart")
def restart(doing: Doing, common: Common) -> None:
    """Restart host by host, each verified before the next."""
    _act(doing, common, "restart")


@_words("start")
def start(doing: Doing, common: Common) -> None:
    """Start what is stopped, host by host."""
    _act(doing, common, "start")


@_words("stop")
def stop(doing: Doing, common: Common) -> None:
    """Stop host by host."""
    _act(doing, common, "stop")


@_words("daemon-reload")
def daemon_reload(doing: Doing, common: Common) -> None:
    """Let systemd read a unit file that changed on disk."""
    _act(doing, common, "daemon_reload")


@_words("deploy")
@click.option("--version", default="", help="The release version, looked for in the store.")
@click.option("--archive", default="", help="An archive, if it is not in the store.")
@click.option("--canary", is_flag=True, help="One host first, then a pause.")
@click.option("--migrations", default="", help="before, after or never; else as configured.")
def deploy(
    doing: Doing, common: Common, version: str, archive: str, canary: bool, migrations: str
) -> None:
    """Bring a release to the hosts and restart them."""
    if not (version or archive):
        raise click.UsageError("say which release with --version or --archive")
    given = (("version", version), ("archive", archive), ("migrations", migrations))
    _act(doing, common, "deploy", (*given, ("canary", _flag(canary))))


@_words("rollback")
@click.option("--version", "--to", required=True, help="The release version to go back to.")
@click.option("--code-only", is_flag=True, help="Leave the schema ahead.")
@click.option("--canary", is_flag=True, help="One host first, then a pause.")
def rollback(doing: Doing, common: Common, version: str, code_only: bool, canary: bool) -> None:
    """Go back to a release that is on the hosts."""
    given = (("version", version), ("code_only", _flag(code_only)), ("canary", _flag(canary)))
    _act(doing, common, "rollback", given)


@_words("migrate", hosts=False)
@click.argument("direction", type=click.Choice(["up", "down"]))
@click.option("--version", type=int, help="Up to this one; down: what stays or what goes.")
@click.option("--keep", is_flag=True, help="Down: the version stays applied.")
@click.option("--undo", is_flag=True, help="Down: the version goes too.")
@click.option("--repo", default="", help="The repo, if there are several.")
def migrate(
    doing: Doing,
    common: Common,
    direction: str,
    version: int | None,
    keep: bool,
    undo: bool,
    repo: str,
) -> None:
    """Run migrations up, or take an explicit list of them down, on the migration host."""
    _act(doing, common, "migrate", migrations=_range(direction, version, keep, undo, repo))


def _range(direction: str, version: int | None, keep: bool, undo: bool, repo: str) -> Range:
    from tui.operations.plan_asked import Range

    if direction == "up":
        if keep or undo:
            raise click.UsageError("--keep and --undo belong to down")
        return Range(down=False, version=version, repo=repo)
    if version is None:
        raise click.UsageError("down needs --version V and --keep (V stays) or --undo (V goes too)")
    if keep == undo:
        raise click.UsageError(f"say --keep ({version} stays) or --undo ({version} goes too)")
    return Range(down=True, version=version, undo=undo, repo=repo)


@_words("task")
@click.argument("name")
def task(doing: Doing, common: Common, name: str) -> None:
    """Run a task of the app's configuration on one host."""
    _act(doing, common, "task", (("task", name),))


@_words("prune")
def prune(doing: Doing, common: Common) -> None:
    """Remove old releases from the hosts, beyond those that keep_releases keeps."""
    _act(doing, common, "prune")


@_words("unlock")
def unlock(doing: Doing, common: Common) -> None:
    """Clear a lock on the hosts whose holder is gone."""
    _act(doing, common, "unlock")
