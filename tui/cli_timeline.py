"""`beamdeck timeline`, `note`, `incident`: what was done and seen, in one order; exports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tui.cli import Asked

KINDS = (
    "plan",
    "step",
    "command",
    "outcome",
    "unlock",
    "console",
    "note",
    "pin",
    "incident opened",
    "incident closed",
)


@click.command()
@click.option("--since", help="15m, 2h, yesterday, 2026-11-23 03:00, @epoch.")
@click.option("--until", help="Like --since.")
@click.option("--host", "hosts", multiple=True, help="Only this host; may be repeated.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="May be repeated.")
@click.option("--grep", default="", help="Only entries with this text, case ignored.")
@click.option("--incident", help="Only from this incident's begin to its end.")
@click.option("--format", "form", type=click.Choice(("text", "md", "html", "json")), default="text")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A new file.")
@click.pass_obj
def timeline(
    asked: Asked,
    since: str | None,
    until: str | None,
    hosts: tuple[str, ...],
    kinds: tuple[str, ...],
    grep: str,
    incident: str | None,
    form: str,
    output: Path | None,
) -> None:
    """Plans, commands, outcomes, unlocks, consoles and notes of this operator, oldest first.

    From the audit, and what was written beside it. The HTML is one file that asks nobody for
    anything. An output file is made anew, readable by you alone, and never written over.
    """
    from tui.headless_timeline import TimelineAsked, print_timeline

    wanted = TimelineAsked(since, until, hosts, kinds, grep, incident, form, output)
    raise SystemExit(print_timeline(*asked.choose(), wanted))


@click.command()
@click.argument("text")
@click.pass_obj
def note(asked: Asked, text: str) -> None:
    """Write a line into the timeline: what was seen, decided, told to whom."""
    from tui.headless_timeline import add_note
    from tui.model.timeline import Kind

    _, environment, app = asked.choose()
    raise SystemExit(add_note(environment, app, Kind.NOTE, text))


@click.group()
def incident() -> None:
    """Give a stretch of the timeline a name."""


@incident.command("open")
@click.argument("name")
@click.pass_obj
def open_(asked: Asked, name: str) -> None:
    """Begin an incident."""
    from tui.headless_timeline import add_note
    from tui.model.timeline import Kind

    _, environment, app = asked.choose()
    raise SystemExit(add_note(environment, app, Kind.INCIDENT_OPENED, name))


@incident.command()
@click.argument("name")
@click.pass_obj
def close(asked: Asked, name: str) -> None:
    """End an incident; `timeline --incident NAME` tells it."""
    from tui.headless_timeline import add_note
    from tui.model.timeline import Kind

    _, environment, app = asked.choose()
    raise SystemExit(add_note(environment, app, Kind.INCIDENT_CLOSED, name))
