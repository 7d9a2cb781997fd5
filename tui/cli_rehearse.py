"""`beamdeck rehearse …`: would it work now? Reads only, and says why not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tui.cli import Asked


@click.group()
def rehearse() -> None:
    """Try a plan without carrying it out; for a nightly job."""


@rehearse.command()
@click.argument("app")
@click.option("--to", "--version", "version", default="", help="Else the newest earlier one.")
@click.option("--code-only", is_flag=True, help="Leave the schema ahead.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON document.")
@click.option("--timeout", default=20.0, show_default=True, help="Seconds to wait for hosts.")
@click.pass_obj
def rollback(
    asked: Asked, app: str, version: str, code_only: bool, as_json: bool, timeout: float
) -> None:
    """Check on every host whether a rollback would work now; nothing is changed.

    Prints the plan. Without --to, back to the newest earlier release that is whole on every host.
    Exit status 0 only if it would work; 1 with every reason why not.
    """
    from tui.headless_plans import Place
    from tui.headless_rehearse import print_rehearsal

    if asked.app not in (None, app):
        raise click.UsageError(f"which app, {asked.app} or {app}?")
    place = Place(*replace(asked, app=app).choose())
    raise SystemExit(
        print_rehearsal(place, version, code_only=code_only, as_json=as_json, timeout_s=timeout)
    )
