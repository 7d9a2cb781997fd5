"""The commands without a screen: status, tail, audit, and the demo fleet kept up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tui.errors import BeamdeckError
from tui.model.fleet import App, Config, Environment
from tui.model.host import HostView
from tui.model.journal import JournalQuery, Level
from tui.model.journal_filter import Filter
from tui.model.pending import Pending
from tui.operations.deck import Deck, open_deck, open_site
from tui.paths import config_file, open_private, state_folder


@dataclass(frozen=True, slots=True)
class TailAsked:
    """The options of `beamdeck tail`."""

    since: str | None
    until: str | None
    hosts: tuple[str, ...]
    level: str | None
    grep: str
    regex: bool
    as_json: bool
    follow: bool


@contextlib.asynccontextmanager
async def opened(config: Config, environment: Environment, app: App) -> AsyncIterator[Deck]:
    """The services of an app of an environment, closed at the end; nothing is started yet."""
    site = open_site(config, environment, time.time, state_folder())
    deck = open_deck(site, app)
    try:
        yield deck
    finally:
        await deck.close()
        await site.close()


def print_status(
    config: Config, environment: Environment, app: App, *, as_json: bool, timeout_s: float
) -> int:
    """Print every host's facts; 0 if all answered, 1 if one did not."""
    from tui.model.status import status_json, status_lines

    async def read() -> tuple[tuple[HostView, ...], tuple[Pending, ...]]:
        async with opened(config, environment, app) as deck:
            deck.start(journal=False)
            await deck.settled(timeout_s)
            for warning in deck.fleet.warnings:
                print(warning, file=sys.stderr)
            await deck.read_left_out()
            return tuple(deck.board.views), deck.left_out

    views, left = asyncio.run(read())
    now = time.time()
    if as_json:
        told = status_json(environment, app, views, now, left)
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print("\n".join(status_lines(environment, app, views, now, left)))
    return 0 if all(view.fresh(now) for view in views) else 1


def print_tail(config: Config, environment: Environment, app: App, asked: TailAsked) -> int:
    """Print the merged journal; ends with Ctrl-C, a closed pipe, or the past if not following."""
    from tui.model.journal import FeedState, FeedWord
    from tui.model.journal_text import format_line, json_line
    from tui.operations.tail import tail

    wanted, query = _filter_of(asked), _query_of(config, environment, app, asked)

    ending = False

    def said(host: str, state: FeedState) -> None:
        # Waiting and reading are no news; what ends because this command does is none either.
        quiet = (FeedWord.WAITING, FeedWord.READING, FeedWord.LIVE)
        if not ending and state.word not in quiet and (state.detail or state.hint):
            print(f"{host}: {state.word} {state.detail} {state.hint}".rstrip(), file=sys.stderr)

    async def follow() -> int:
        nonlocal ending
        async with opened(config, environment, app) as deck:
            _end_on_signals()
            deck.site.start()
            lines = tail(
                deck.sessions,
                app,
                config.limits,
                query,
                deck.clock,
                follow=asked.follow and asked.until is None,
                said=said,
            )
            try:
                async for entry in lines:
                    if wanted.matches(entry):
                        shown = json_line(entry) if asked.as_json else format_line(entry)
                        print(shown, flush=True)
            finally:
                ending = True
        return 0

    try:
        return asyncio.run(follow())
    except asyncio.CancelledError:
        return 130
    except BrokenPipeError:
        # The reader (head, say) has what it wanted; nothing more can be written, not even at exit.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it lives until the process ends
        return 0


def _filter_of(asked: TailAsked) -> Filter:
    level = None
    if asked.level:
        names = {level.name.lower(): level for level in Level}
        level = names.get(asked.level.lower())
        if level is None:
            raise BeamdeckError(f"no such level: {asked.level}; there are {', '.join(names)}")
    wanted = Filter(asked.grep, regex=asked.regex, level=level, hosts=frozenset(asked.hosts))
    if wanted.problem:
        raise BeamdeckError(wanted.problem)
    return wanted


def _query_of(config: Config, environment: Environment, app: App, asked: TailAsked) -> JournalQuery:
    unknown = set(asked.hosts) - {host.name for host in environment.hosts_of(app)}
    if unknown:
        raise BeamdeckError(f"no such host: {', '.join(sorted(unknown))}")
    return JournalQuery(
        since=asked.since or config.limits.journal_since,
        until=asked.until,
        hosts=frozenset(asked.hosts),
    )


def _end_on_signals() -> None:
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def write_example(path: Path | None) -> int:
    """Write config.example.toml (0600) to `path` or the usual place; never over a file."""
    import tui

    target = path or config_file()
    package = Path(tui.__file__).parent
    # Installed it lies in the package; in a checkout at the top.
    places = (package / "config.example.toml", package.parent / "config.example.toml")
    example = next(place for place in places if place.exists())
    try:
        with open_private(target, "x") as file:
            file.write(example.read_text(encoding="utf-8"))
    except FileExistsError:
        raise BeamdeckError(f"{target} is already there", remedy="It was left alone.") from None
    print(f"{target}: edit the environment and the app, then: beamdeck status")
    return 0


def serve_demo(scenario: str | None) -> int:
    """Keep the embedded fleet up until a signal; prints the path of its config first."""
    from tui.demo.fleet import DemoFleet

    async def serve() -> None:
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        async with DemoFleet(scenario=scenario) as fleet:
            print(fleet.config_path, flush=True)
            print(
                f"the fleet is up: beamdeck --config {fleet.config_path} status; Ctrl-C ends it",
                file=sys.stderr,
            )
            await ended.wait()

    asyncio.run(serve())
    return 0
