"""The board: what every host of an app looks like now, one probe a host and interval."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from tui.commands.probe import SlowFacts, parse_probe, probe_command
from tui.errors import BeamdeckError
from tui.model.fleet import App, Limits
from tui.model.host import HostSnapshot, HostView, Link
from tui.operations.ports import Session

SLOW_EVERY = 100
"""Probes between two that ask for what hardly ever changes."""
LOOP_MEMORY_S = 30.0
LOOP_RESTARTS = 2
"""So many restarts by systemd within LOOP_MEMORY_S are a loop, though it is up just now."""


class Board:
    """Views of an app's hosts, kept fresh by independent probes; a slow host delays no other."""

    def __init__(
        self,
        sessions: Mapping[str, Session],
        app: App,
        limits: Limits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hosts = {name: _HostProbe(s, app, limits, clock) for name, s in sessions.items()}
        self._interval_s = limits.probe_interval_s
        self._watchers: list[Callable[[], None]] = []
        self._told = False
        for probe in self._hosts.values():
            probe.changed = self._tell

    @property
    def views(self) -> tuple[HostView, ...]:
        """Every host's link and last snapshot, in configured order."""
        return tuple(probe.view for probe in self._hosts.values())

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when a view changed, many changes at once as one; the result ends it."""
        self._watchers.append(callback)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._watchers.remove(callback)

        return stop

    def _tell(self) -> None:
        if self._told or not self._watchers:
            return
        self._told = True
        asyncio.get_running_loop().call_soon(self._tell_now)

    def _tell_now(self) -> None:
        self._told = False
        for callback in tuple(self._watchers):
            callback()

    async def refresh(self, host: str) -> HostSnapshot | None:
        """Probe one host now; None if it could not be asked."""
        return await self._hosts[host].read()

    async def run(self) -> None:
        """Probe for ever; ends only by being cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, probe in self._hosts.items():
                group.create_task(probe.run(self._interval_s), name=f"probe {name}")


class _HostProbe:
    """One host's probe and what is remembered of it."""

    def __init__(
        self, session: Session, app: App, limits: Limits, clock: Callable[[], float]
    ) -> None:
        self.changed: Callable[[], None] = lambda: None
        self._session = session
        self._app = app
        self._timeout_s = limits.command_timeout_s
        self._clock = clock
        self._snapshot: HostSnapshot | None = None
        self._slow: SlowFacts | None = None
        self._count = 0
        # One at a time: a screen's refresh and the interval's probe must not double the work.
        self._lock = asyncio.Lock()
        self._rises: list[tuple[float, int]] = []

    @property
    def view(self) -> HostView:
        return HostView(self._session.host.name, self._session.link, self._snapshot)

    async def run(self, interval_s: float) -> None:
        stop = self._session.watch(self._link_changed)
        try:
            while True:
                await self._session.usable()
                await self.read()
                # Spread, so that a hundred hosts are not asked in the same instant.
                await asyncio.sleep(interval_s * random.uniform(0.85, 1.15))  # noqa: S311
        finally:
            stop()

    def _link_changed(self, _link: Link) -> None:
        self.changed()

    async def read(self) -> HostSnapshot | None:
        """Ask once; None if the host could not be asked or did not answer."""
        async with self._lock:
            token = secrets.token_hex(12)
            slow = self._slow is None or self._count % SLOW_EVERY == 0
            command = probe_command(self._app, token, slow=slow, timeout_s=self._timeout_s)
            began, began_at = time.monotonic(), self._clock()
            try:
                outcome = await self._session.run(command)
            except BeamdeckError:
                # Not connected just now: the link's own state says why, the last snapshot stays.
                return None
            took = time.monotonic() - began
            if not outcome.known or not outcome.stdout:
                return None
            self._count += 1
            self._keep(outcome.stdout, token, began_at, took)
            return self._snapshot

    def _keep(self, output: bytes, token: str, began_at: float, took: float) -> None:
        answer = parse_probe(output, self._app, token, self._slow)
        self._slow = answer.slow
        middle = began_at + took / 2
        skew = answer.host_time - middle if answer.host_time is not None else None
        last = self._snapshot
        now = began_at + took
        looping = self._loops(now, last.unit.restarts if last else None, answer.unit.restarts)
        self._snapshot = HostSnapshot(
            host=self._session.host.name,
            app=self._app.name,
            taken_at=now,
            rtt_s=took,
            unit=replace(answer.unit, looping=looping),
            release=answer.release,
            machine=replace(answer.machine, skew_s=skew),
            problem=answer.problem,
        )
        self.changed()

    def _loops(self, now: float, before: int | None, restarts: int | None) -> bool:
        """Whether systemd restarted it twice or more lately; a restart by hand sets back to 0."""
        rise = (restarts or 0) - (before if before is not None else restarts or 0)
        if rise < 0:
            self._rises.clear()
        elif rise:
            self._rises.append((now, rise))
        self._rises = [(at, count) for at, count in self._rises if now - at < LOOP_MEMORY_S]
        return sum(count for _, count in self._rises) >= LOOP_RESTARTS
