"""The journal of one app on all its hosts, read into a store and followed, host by host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from tui.commands.journal import Reading, boot_fits
from tui.errors import BeamdeckError
from tui.model.fleet import App, Limits
from tui.model.journal import Entry, FeedState, FeedWord, JournalQuery
from tui.model.timespec import parse_since
from tui.operations.follower import Follower
from tui.operations.pacing import Pulse, Turns
from tui.operations.ports import Session
from tui.operations.store import JournalStore

__all__ = ["JournalFeed", "JournalQuery", "reading_of"]


class NotABoot(BeamdeckError, ValueError):
    """A boot that journalctl would not understand."""

    title = "That is not a boot"
    remedy = (
        "Give a boot ID of 32 hexadecimal digits, or an offset: -1 is the boot before this one."
    )


CLOCK_STEP_S = 0.5
"""Seconds by which a host's clock must have jumped to be taken anew while a stream is open."""


def reading_of(query: JournalQuery, app: App, now: float) -> Reading:
    """What the query asks of each host at `now`, by our clock. NotATime or NotABoot if it does
    not say a time or a boot."""
    boot = query.boot or None
    if boot is not None and not boot_fits(boot):
        raise NotABoot(f"{boot!r} is not a boot")
    until = parse_since(query.until, now) if query.until else None
    return Reading(app.service, since=parse_since(query.since, now), until=until, boot=boot)


class Witness(Protocol):
    """Who looks at every entry that arrives, before it is held."""

    def take(self, host: str, entries: Sequence[Entry]) -> None:
        """The host's next entries."""
        ...

    def amend(self, host: str, entry: Entry) -> None:
        """The host's last entry, which has more lines now."""
        ...

    def clear(self) -> None:
        """Everything is read anew."""
        ...


class _StoreSink:
    """A store as the taker of entries; it takes whatever comes, the oldest go."""

    def __init__(
        self, store: JournalStore, changed: Callable[[], None], witness: Witness | None
    ) -> None:
        self._store = store
        self._changed = changed
        self._witness = witness
        self.set_skew = store.set_skew
        self.skew = store.skew

    async def take(self, host: str, entries: Sequence[Entry], *, past: bool) -> None:
        if self._witness is not None:
            self._witness.take(host, entries)
        self._store.add(host, entries, past=past)
        self._changed()

    def amend(self, host: str, entry: Entry) -> bool:
        amended = self._store.replace_last(host, entry)
        if amended:
            if self._witness is not None:
                self._witness.amend(host, entry)
            self._changed()
        return amended


class JournalFeed:
    """Follows the app's unit on every host at once; hosts do not wait for each other.

    `states` says of each followed host how its stream stands. Watchers are called at most once
    a frame, on the loop, after the store or a state changed.
    """

    def __init__(
        self,
        sessions: Mapping[str, Session],
        app: App,
        limits: Limits,
        store: JournalStore,
        clock: Callable[[], float],
        witness: Witness | None = None,
    ) -> None:
        self._witness = witness
        self.query = JournalQuery(since=limits.journal_since)
        self._sessions = sessions
        self._app = app
        self._store = store
        self._clock = clock
        self._reading = reading_of(self.query, app, clock())
        self._turns = Turns()
        self._pulse = Pulse()
        self._sink = _StoreSink(store, self._pulse.beat, witness)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._running = False
        self.states = self._waiting()

    def note_clock(self, host: str, skew_s: float, rtt_s: float) -> None:
        """A probe saw the host's clock `skew_s` ahead of ours, within half of `rtt_s`.

        A stream takes the clock once, when it begins. Only a step of it counts here: a slow
        round trip must not move what comes next.
        """
        if abs(skew_s - self._store.skew(host)) > CLOCK_STEP_S + rtt_s:
            self._store.set_skew(host, skew_s)

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after changes of the store or the states; the result ends it."""
        return self._pulse.watch(callback)

    async def run(self) -> None:
        """Follow until cancelled."""
        self._running = True
        try:
            self._start()
            await asyncio.Event().wait()
        finally:
            self._running = False
            tasks = tuple(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tasks.clear()
            self._pulse.stop()

    def restart(self, query: JournalQuery) -> None:
        """Ask something else: the store is emptied and every host read anew.

        NotATime or NotABoot is raised before anything is changed.
        """
        self._reading = reading_of(query, self._app, self._clock())
        self.query = query
        self._store.clear()
        if self._witness is not None:
            self._witness.clear()
        self.states = self._waiting()
        if self._running:
            self._start()
        self._pulse.beat()

    def _waiting(self) -> dict[str, FeedState]:
        """The state of every chosen host before anything is known of it."""
        chosen = self.query.hosts or frozenset(self._sessions)
        now = self._clock()
        return {name: FeedState(since=now) for name in self._sessions if name in chosen}

    def _start(self) -> None:
        for name, session in self._sessions.items():
            before = self._tasks.pop(name, None)
            if before is not None:
                # From here on it adds nothing: a cancelled task does not run to another line.
                before.cancel()
            if name in self.states:
                work = self._follow(session, before)
                self._tasks[name] = asyncio.create_task(work, name=f"journal of {name}")
            elif before is not None:
                self._tasks[name] = before

    async def _follow(self, session: Session, before: asyncio.Task[None] | None) -> None:
        """Follow one host, once the stream before it has closed its channel."""
        if before is not None:
            await asyncio.wait((before,))

        sink, turns, reading = self._sink, self._turns, self._reading
        follower = Follower(session, reading, sink, turns, self._clock, self._report)
        try:
            await follower.run()
        except Exception as error:  # noqa: BLE001 - where a worker ends: a fault in one host's
            # follower is shown as that host's state and must not end the others.
            fault = f"{type(error).__name__}: {error}"
            self._report(follower.host, FeedState(FeedWord.FAILED, fault, self._clock()))

    def _report(self, host: str, state: FeedState) -> None:
        self.states[host] = state
        self._pulse.beat()
