"""Following the embedded fleet over real SSH: whatever breaks, each line once or a gap."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tui.model.fleet import Limits
from tui.model.journal import EntryKind, FeedWord, JournalQuery, Level
from tui.operations import follower
from tui.operations.follow import JournalFeed
from tui.operations.store import JournalStore
from tui.operations.tail import tail
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet

LIMITS = Limits(journal_since="15m")
MakeFleet = Callable[..., "Awaitable[DemoFleet]"]


@pytest.fixture(autouse=True)
def short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """These hosts are quiet until the test speaks: no need to wait for their past for long."""
    monkeypatch.setattr(follower, "SILENT_S", 0.5)


class Desk:
    """A feed over the demo's hosts."""

    def __init__(self, demo: DemoFleet, user: str = "devops") -> None:
        hosts = tuple(replace(host, user=user) for host in demo.environment.hosts)
        self.demo = demo
        environment = replace(demo.environment, hosts=hosts)
        gate = Gate(False, 900.0, time.time)
        self.fleet = Fleet(environment, LIMITS, gate, ssh_config=())
        self.store = JournalStore(100_000, time.time)
        self.feed = JournalFeed(self.fleet.sessions, demo.app, LIMITS, self.store, time.time)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Desk]:
        self.fleet.start()
        task = asyncio.create_task(self.feed.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))
            await self.fleet.close()

    async def until(self, holds: Callable[[], bool], within_s: float = 20.0) -> None:
        """Wait for the feed to say that `holds` is so."""
        changed = asyncio.Event()
        stop = self.feed.watch(changed.set)
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            pytest.fail(f"not within {within_s} s: {self.feed.states} {self.gaps()}")
        finally:
            stop()

    async def live(self) -> None:
        await self.until(
            lambda: {state.word for state in self.feed.states.values()} == {FeedWord.LIVE}
        )

    def said(self, host: str) -> list[str]:
        """The lines of this test that are held of a host."""
        return [
            line
            for entry in self.store.entries
            if entry.host == host
            for line in entry.message.split("\n")
            if line.startswith("[info] said ")
        ]

    def gaps(self) -> list[str]:
        return [f"{e.host}: {e.message}" for e in self.store.entries if e.kind is EntryKind.GAP]


async def test_line_of_every_host_arrives(demo_fleet: DemoFleet) -> None:
    async with Desk(demo_fleet).running() as desk:
        await desk.live()
        for name, machine in demo_fleet.machines.items():
            machine.app_says(f"[info] said by {name}")
            machine.app_says("[error] boom\n    (app 0.2.0) lib/a.ex:1: A.b/0")
        names = list(demo_fleet.machines)
        await desk.until(lambda: all(desk.store.errors(name) == 1 for name in names))
        for name in names:
            assert desk.said(name) == [f"[info] said by {name}"]
        errors = [e for e in desk.store.entries if e.level is Level.ERROR]
        assert {e.message.count("\n") for e in errors} == {1}, "a trace is one entry"


async def test_drops_rotations_and_breaks_lose_nothing_and_double_nothing(
    demo_fleet: DemoFleet,
) -> None:
    dice = random.Random(23)
    numbers = itertools.count()
    written: dict[str, list[str]] = {name: [] for name in demo_fleet.machines}
    async with Desk(demo_fleet).running() as desk:
        await desk.live()
        for _ in range(12):
            for name, machine in demo_fleet.machines.items():
                for _ in range(dice.randrange(30)):
                    written[name].append(line := f"[info] said {next(numbers)}")
                    machine.app_says(line)
            name = dice.choice(list(demo_fleet.machines))
            victim = demo_fleet.machines[name]
            if dice.random() < 0.4:
                victim.journal.rotate()
                victim.journal.break_followers()
            else:
                victim.drop_connections()
                desk.fleet.retry(name)
            for _ in range(dice.randrange(20)):
                await asyncio.sleep(0.005)
        await desk.until(
            lambda: all(len(desk.said(name)) >= len(written[name]) for name in written)
        )
        assert {name: desk.said(name) for name in written} == written
        assert desk.gaps()
        await desk.until(lambda: all(gap.endswith("nothing lost") for gap in desk.gaps()))


async def test_what_was_vacuumed_unread_is_a_gap(demo_fleet: DemoFleet) -> None:
    machine = demo_fleet.machines["web1"]
    async with Desk(demo_fleet).running() as desk:
        await desk.live()
        machine.app_says("[info] said first")
        await desk.until(lambda: len(desk.said("web1")) == 1)
        machine.drop_connections()
        await desk.until(lambda: bool(desk.gaps()))
        machine.app_says("[info] said never seen")
        machine.journal.rotate()
        machine.journal.vacuum()
        machine.app_says("[info] said last")
        desk.fleet.retry("web1")
        await desk.until(lambda: len(desk.said("web1")) == 2)
        assert desk.said("web1") == ["[info] said first", "[info] said last"]
        assert "may be lost" in desk.gaps()[-1]


async def test_black_hole_is_stale_then_a_gap_then_whole(make_fleet: MakeFleet) -> None:
    limits = Limits(journal_since="15m", keepalive_s=0.3, keepalive_misses=2)
    demo = await make_fleet(hosts=("web1",))
    machine = demo.machines["web1"]
    desk = Desk(demo)
    gate = Gate(False, 900.0, time.time)
    desk.fleet = Fleet(demo.environment, limits, gate, ssh_config=())
    desk.feed = JournalFeed(desk.fleet.sessions, demo.app, limits, desk.store, time.time)
    async with desk.running():
        await desk.live()
        machine.black_hole(True)
        machine.app_says("[info] said into the void")
        await desk.until(lambda: bool(desk.gaps()))
        assert desk.gaps()[0].endswith("resuming")
        machine.black_hole(False)
        desk.fleet.retry("web1")
        await desk.until(lambda: len(desk.said("web1")) == 1)
        assert desk.gaps()[0].endswith("nothing lost")


async def test_who_may_not_read_is_told_and_the_others_read(demo_fleet: DemoFleet) -> None:
    async with Desk(demo_fleet, user="watcher").running() as desk:
        await desk.until(
            lambda: {state.word for state in desk.feed.states.values()} == {FeedWord.NO_RIGHT}
        )
        assert "systemd-journal" in desk.feed.states["web1"].hint
        assert len(desk.store.entries) == 0
    async with Desk(demo_fleet, user="restarter").running() as desk:
        await desk.live()


async def test_sudo_reads_where_it_may(make_fleet: MakeFleet) -> None:
    demo = await make_fleet(hosts=("web1",))
    demo.machines["web1"].set_sudoers("watcher", ["/usr/bin/journalctl"])
    async with Desk(demo, user="watcher").running() as desk:
        await desk.live()
        demo.machines["web1"].app_says("[info] said for root's eyes")
        await desk.until(lambda: len(desk.said("web1")) == 1)


async def test_wrong_clock_is_measured_and_the_order_kept(demo_fleet: DemoFleet) -> None:
    demo_fleet.machines["web2"].set_skew(600)
    async with Desk(demo_fleet).running() as desk:
        await desk.live()
        assert desk.store.skew("web2") == pytest.approx(600.0, abs=2.0)
        for number in range(6):
            name = ("web1", "web2")[number % 2]
            demo_fleet.machines[name].app_says(f"[info] said {number}")
            await desk.until(
                lambda name=name, number=number: f"[info] said {number}" in desk.said(name)  # type: ignore[misc]  # bound on purpose
            )
        order = [e.message for e in desk.store.entries if e.message.startswith("[info] said")]
        assert order == [f"[info] said {number}" for number in range(6)]


async def test_tail_tells_the_past_of_the_fleet_and_ends(demo_fleet: DemoFleet) -> None:
    fleet = Desk(demo_fleet).fleet
    fleet.start()
    try:
        for number in range(30):
            name = ("web1", "web2", "web3")[number % 3]
            demo_fleet.machines[name].app_says(f"[info] said {number}")
        query = JournalQuery(since="1m")
        told = [
            entry
            async for entry in tail(
                fleet.sessions, demo_fleet.app, LIMITS, query, time.time, follow=False
            )
        ]
        said = [e.message for e in told if e.message.startswith("[info] said")]
        assert said == [f"[info] said {number}" for number in range(30)]
    finally:
        await fleet.close()
