"""The board: what every host of an app looks like now, one probe a host and interval."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from tui.commands.probe import ProbeAnswer, SlowFacts, parse_probe, probe_command
from tui.errors import BeamdeckError
from tui.model.command import Ended, Outcome
from tui.model.fleet import App, Limits
from tui.model.host import SILENT_AFTER_S, HostSnapshot, HostView, Link, NodeSaid
from tui.model.loop import LoopMemory
from tui.model.redact import from_host
from tui.model.release import ReleaseFacts
from tui.model.unit import UnitFacts
from tui.operations.pacing import Pulse
from tui.operations.ports import Session

SLOW_EVERY = 100
"""Probes between two that ask for what hardly ever changes."""
SLOWEST_S = 60.0
"""A host that lets probes hang is asked this seldom at last: each leaves a process there."""


class Board:
    """Views of an app's hosts, kept fresh by independent probes; a slow host delays no other."""

    def __init__(
        self,
        sessions: Mapping[str, Session],
        app: App,
        limits: Limits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pulse = Pulse()
        self._hosts = {
            name: HostProbe(session, app, limits, clock, self._pulse.beat)
            for name, session in sessions.items()
        }

    @property
    def views(self) -> tuple[HostView, ...]:
        """Every host's link and last snapshot, in configured order."""
        return tuple(probe.view for probe in self._hosts.values())

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when a view changed, at most once a frame; the result ends it."""
        return self._pulse.watch(callback)

    async def refresh(self, host: str) -> HostSnapshot | None:
        """Probe one host anew, never handing out an earlier answer; None if it gave none."""
        return await self._hosts[host].read()

    async def read_running(self, host: str) -> str:
        """Ask the node itself for version and readiness, into the view; a sentence if it fails.

        Starts a small BEAM on the host: on demand only, one at a time.
        """
        return await self._hosts[host].read_running()

    async def run(self) -> None:
        """Probe for ever; ends only by being cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for name, probe in self._hosts.items():
                    group.create_task(probe.run(), name=f"probe {name}")
        finally:
            self._pulse.stop()


class HostProbe:
    """One host's probe and what is remembered of it."""

    def __init__(
        self,
        session: Session,
        app: App,
        limits: Limits,
        clock: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self._session = session
        self._app = app
        self._limits = limits
        self._clock = clock
        self._changed = changed
        self._snapshot: HostSnapshot | None = None
        self._trouble = ""
        self._hung = 0
        self._slow: SlowFacts | None = None
        self._slow_at: float | None = None
        self._count = 0
        self._loop = LoopMemory()
        # What the node said of itself, and which run of the unit it was.
        self._told: tuple[str, str] | None = None
        self._said: tuple[str, NodeSaid] | None = None
        # One at a time: a screen's refresh and the interval's probe must not double the work.
        self._reading = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._link_up = asyncio.Event()
        self._was_usable = False

    @property
    def view(self) -> HostView:
        """The host as it is known now."""
        interval = self._limits.probe_interval_s
        return HostView(
            self._session.host.name,
            self._session.link,
            self._snapshot,
            self._trouble,
            silent_after_s=max(SILENT_AFTER_S, 2 * interval + 4.0),
        )

    async def run(self) -> None:
        """Read at once whenever the link becomes usable, then once an interval."""
        stop = self._session.watch(self._link_changed)
        try:
            while True:
                await self._session.usable()
                self._was_usable = True
                self._link_up.clear()
                await self.read()
                await self._rest()
        finally:
            stop()

    async def _rest(self) -> None:
        interval = self._limits.probe_interval_s
        wait = min(interval * 2**self._hung, max(SLOWEST_S, interval))
        try:
            # Spread, so that a hundred hosts are not asked in the same instant.
            async with asyncio.timeout(wait * random.uniform(0.85, 1.15)):  # noqa: S311
                await self._link_up.wait()
        except TimeoutError:
            return

    def _link_changed(self, link: Link) -> None:
        if link.usable and not self._was_usable:
            self._hung = 0
            self._link_up.set()
        self._was_usable = link.usable
        self._changed()

    async def read(self) -> HostSnapshot | None:
        """Ask once; None if the host could not be asked or did not answer."""
        async with self._reading:
            token = secrets.token_hex(12)
            slow = self._slow is None or self._count % SLOW_EVERY == 0
            runs = self._snapshot.release.runs if self._snapshot is not None else None
            command = probe_command(
                self._app, token, slow=slow, timeout_s=self._limits.command_timeout_s, runs=runs
            )
            loop = asyncio.get_running_loop()
            began, began_at = loop.time(), self._clock()
            try:
                outcome = await self._session.run(command)
            except BeamdeckError:
                # Not connected just now: the link's own state says why, the last snapshot stays.
                return None
            took = loop.time() - began
            answer = parse_probe(outcome.stdout, self._app, token, self._slow)
            self._trouble = trouble_of(outcome, whole=answer.whole)
            self._hung = self._hung + 1 if outcome.ended is Ended.TIMED_OUT else 0
            if not self._trouble:
                self._count += 1
                self._keep(answer, began_at, took)
            self._changed()
            return None if self._trouble else self._snapshot

    def _keep(self, answer: ProbeAnswer, began_at: float, took: float) -> None:
        now = began_at + took
        if answer.slow is not None:
            self._slow, self._slow_at = answer.slow, now
        host_time = answer.host_time
        skew = None if host_time is None else host_time - (began_at + took / 2)
        self._loop = self._loop.seen(answer.unit, now, host_time)
        self._snapshot = HostSnapshot(
            host=self._session.host.name,
            app=self._app.name,
            taken_at=now,
            rtt_s=took,
            unit=replace(answer.unit, looping=self._loop.looping(now)),
            release=self._release(answer),
            machine=replace(answer.machine, skew_s=skew, slow_at=self._slow_at),
            problem=answer.problem,
            node=self._node_said(answer.unit),
        )

    def _node_said(self, unit: UnitFacts) -> NodeSaid | None:
        """What the node of this run said; what an earlier one said is over."""
        if self._said is not None and self._said[0] != _run_of(unit):
            self._said = None
        return None if self._said is None else self._said[1]

    def _release(self, answer: ProbeAnswer) -> ReleaseFacts:
        """With what earlier looks and the node itself told, as far as that still holds."""
        release = answer.release
        if self._told is not None and self._told[0] != _run_of(answer.unit):
            self._told = None
        if self._told is not None:
            release = replace(release, runs=self._told[1], runs_by="rpc")
        last = self._snapshot.release.ran if self._snapshot is not None else None
        return replace(release, ran=release.runs or last)

    async def read_running(self) -> str:
        """Ask the node how it is; empty, or a sentence that says why that is not known."""
        # Late: the first paint does not wait for what reads the snippets.
        from tui.commands.node import CannotAsk, parse_running, read_running_by_rpc

        async with self._asking:
            snapshot = self._snapshot
            if snapshot is None or not snapshot.unit.main_pid:
                return "no node is running" if snapshot else "the host was not read yet"
            token = secrets.token_hex(12)
            limit = self._limits.command_timeout_s
            try:
                question = read_running_by_rpc(self._app, snapshot.release, token, timeout_s=limit)
                answer = parse_running(await self._session.run(question), token)
            except CannotAsk as refused:
                return refused.detail
            except BeamdeckError as error:
                return f"{error.title}: {error.detail}"
            run = _run_of(snapshot.unit)
            said = NodeSaid(self._clock(), answer.status, answer.app_started, answer.problem)
            self._said = (run, said)
            if answer.version is not None:
                self._told = (run, answer.version)
            await self.read()
            if answer.version is None:
                return answer.problem
            return "" if self._told is not None else "it was restarted meanwhile"


def _run_of(unit: UnitFacts) -> str:
    # Beside the ID, for systemd older than it, what else tells one run from the next.
    return f"{unit.invocation_id} {unit.main_pid} {unit.since_monotonic_us}"


def trouble_of(outcome: Outcome, *, whole: bool) -> str:
    """Why a probe's answer cannot be used, in words; empty if it is `whole`."""
    if outcome.ended is Ended.LINK_LOST:
        return "the link was lost while it was read"
    if not outcome.known:
        return f"the probe did not end ({outcome.ended})"
    if whole:
        return ""
    said = from_host(outcome.stderr.strip().split(b"\n")[0], limit=120)
    status = "no exit status" if outcome.exit_status is None else f"exit {outcome.exit_status}"
    return f"the probe broke off ({status}){': ' + said if said else ''}"
