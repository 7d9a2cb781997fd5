"""`beamdeck timeline`, `note` and `incident`: what was done, and what is written beside it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tui.errors import BeamdeckError
from tui.model.fleet import App, Config, Environment
from tui.model.redact import from_host
from tui.model.text import scrub
from tui.model.timeline import TEXT_LIMIT, Entry, Filter, Kind, filtered, incident, open_incidents
from tui.model.timeline_export import render
from tui.model.timespec import parse_since
from tui.operations.audit_log import who_acts
from tui.operations.export import export_text
from tui.operations.timeline_store import TimelineStore
from tui.paths import state_folder


@dataclass(frozen=True, slots=True)
class TimelineAsked:
    """What of the timeline is wanted, in which form, and where it goes (None: stdout)."""

    since: str | None = None
    until: str | None = None
    hosts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    grep: str = ""
    incident: str | None = None
    form: str = "text"
    output: Path | None = None


def store_here() -> TimelineStore:
    """The timeline of this operator on this machine."""
    return TimelineStore.beside(state_folder() / "audit" / "audit.jsonl")


def print_timeline(
    _config: Config, environment: Environment, app: App, asked: TimelineAsked
) -> int:
    """Print or export it; 0, or 1 if a part of it could not be read (said on stderr)."""
    stream = store_here().read()
    now = time.time()
    wanted = Filter(
        environment.name,
        app.name,
        frozenset(map(Kind, asked.kinds)),
        frozenset(asked.hosts),
        asked.grep,
        parse_since(asked.since, now) if asked.since else None,
        parse_since(asked.until, now) if asked.until else None,
    )
    mine = filtered(stream.entries, Filter(environment.name, app.name))
    title = f"{environment.name} {app.name}"
    if asked.incident is not None:
        span = incident(mine, _kept(asked.incident))
        if span is None:
            raise BeamdeckError(
                f"no incident is called {asked.incident!r}",
                remedy="beamdeck timeline --kind 'incident opened' lists them.",
            )
        begin, end = span
        wanted = replace(
            wanted,
            since=max(begin, wanted.since or begin),
            until=end if wanted.until is None else min(wanted.until, end or wanted.until),
        )
        title = f"{title}: {asked.incident}"
    text = render(filtered(mine, wanted), asked.form, title)
    if asked.output is None:
        sys.stdout.write(text)
    else:
        export_text([text], asked.output)
        print(f"{asked.output}: written")
    for problem in stream.problems:
        print(scrub(problem), file=sys.stderr)
    return 1 if stream.problems else 0


def _kept(text: str) -> str:
    """A typed line as the timeline keeps it: one line, and nothing in it that is a secret."""
    return from_host(" ".join(text.split()), limit=TEXT_LIMIT)


def add_note(environment: Environment, app: App, kind: Kind, text: str) -> int:
    """Write a note, or the begin or end of an incident; 0, or 1 with why it makes no sense."""
    text = _kept(text)
    if not text:
        raise BeamdeckError("there is nothing to write down")
    store = store_here()
    mine = filtered(store.read().entries, Filter(environment.name, app.name))
    under_way = open_incidents(mine)
    if kind is Kind.INCIDENT_OPENED and text in under_way:
        raise BeamdeckError(f"the incident {text!r} is open already")
    if kind is Kind.INCIDENT_CLOSED and text not in under_way:
        listed = ", ".join(map(repr, under_way)) or "none is"
        raise BeamdeckError(f"no open incident is called {text!r}", remedy=f"Open: {listed}.")
    store.add(Entry(time.time(), kind, text, environment.name, app.name, who=who_acts()))
    print(f"{kind}: written down")
    return 0
