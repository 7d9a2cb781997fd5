"""Following a fleet's journals: what is on screen is what the hosts wrote, each line once."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.operations.fake_journal import HINT, FakeHost
from tui.model.command import display
from tui.model.fleet import App, Limits
from tui.model.host import LinkState
from tui.model.journal import Entry, EntryKind, FeedWord, JournalQuery, Level
from tui.model.timespec import NotATime
from tui.operations import follower
from tui.operations.follow import JournalFeed, NotABoot
from tui.operations.store import JournalStore

APP = App("app")


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake hosts say at once what they have: no need to wait as long as for real ones."""
    monkeypatch.setattr(follower, "QUIET_S", 0.02)
    monkeypatch.setattr(follower, "SILENT_S", 0.05)


class Desk:
    """A feed over fake hosts, with what a test asks of it."""

    def __init__(
        self, *hosts: FakeHost, since: str = "15m", clock: Callable[[], float] = time.time
    ) -> None:
        self.store = JournalStore(100_000, clock)
        limits = Limits(journal_since=since)
        sessions = {host.name: host for host in hosts}
        self.feed = JournalFeed(sessions, APP, limits, self.store, time.time)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Desk]:
        task = asyncio.create_task(self.feed.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def until(self, holds: Callable[[], bool], within_s: float = 10.0) -> None:
        """Wait for the feed to say that `holds` is so."""
        changed = asyncio.Event()
        stop = self.feed.watch(changed.set)
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            pytest.fail(f"not within {within_s} s: {self.feed.states} {self.messages()[-5:]}")
        finally:
            stop()

    async def holds_lines(self, count: int) -> None:
        await self.until(lambda: self.count() >= count)

    def count(self) -> int:
        return sum(e.kind is not EntryKind.GAP for e in self.store.entries)

    def messages(self, host: str | None = None) -> list[str]:
        return [
            e.message
            for e in self.store.entries
            if e.kind is not EntryKind.GAP and host in (None, e.host)
        ]

    def gaps(self, host: str | None = None) -> list[str]:
        entries: Sequence[Entry] = self.store.entries
        return [e.message for e in entries if e.kind is EntryKind.GAP and host in (None, e.host)]

    def word(self, host: str) -> FeedWord:
        return self.feed.states[host].word


def hosts(count: int, **more: object) -> tuple[FakeHost, ...]:
    return tuple(FakeHost(f"web{n}", time.time, seed=n, **more) for n in range(1, count + 1))  # type: ignore[arg-type]  # the test's own words


async def test_past_of_all_hosts_is_merged_by_time_and_then_followed() -> None:
    one, two = hosts(2)
    now = one.now_us()
    for step in range(600, 0, -2):
        one.write(f"[info] one {step}", now - step * 1_000_000)
        two.write(f"[info] two {step - 1}", now - (step - 1) * 1_000_000)
    async with Desk(one, two).running() as desk:
        await desk.holds_lines(600)
        steps = [int(message.split()[-1]) for message in desk.messages()]
        assert steps == list(range(600, 0, -1))
        one.write("[error] upstream timed out")
        await desk.holds_lines(601)
        assert desk.store.entries[-1].level is Level.ERROR
        await desk.until(lambda: desk.word("web1") is FeedWord.LIVE)
        await desk.until(lambda: desk.word("web2") is FeedWord.LIVE)
        assert desk.gaps() == []


async def test_past_of_a_host_that_comes_late_is_merged_too() -> None:
    one, two = hosts(2)
    now = one.now_us()
    for step in range(20, 0, -2):
        one.write(f"[info] one {step}", now - step * 1_000_000)
        two.write(f"[info] two {step - 1}", now - (step - 1) * 1_000_000)
    two.cut(LinkState.UNREACHABLE)
    late = 0.0
    async with Desk(one, two, clock=lambda: time.time() + late).running() as desk:
        await desk.holds_lines(10)
        late = 60.0
        two.mend()
        await desk.holds_lines(20)
        assert [int(message.split()[-1]) for message in desk.messages()] == list(range(20, 0, -1))
        two.write("[info] two live")
        await desk.holds_lines(21)
        assert desk.messages()[-1] == "[info] two live"


async def test_link_lost_before_the_first_line_is_a_gap_that_costs_nothing() -> None:
    (one,) = hosts(1)
    async with Desk(one).running() as desk:
        await desk.until(lambda: desk.word("web1") is FeedWord.LIVE)
        one.cut()
        await desk.until(lambda: len(desk.gaps()) == 1)
        one.write("[info] first")
        one.mend()
        await desk.holds_lines(1)
        assert desk.gaps()[0].endswith("nothing lost")
        assert desk.messages() == ["[info] first"]


async def test_only_what_was_asked_for_is_read() -> None:
    (one,) = hosts(1)
    one.write("[info] too old", one.now_us() - 3600 * 1_000_000)
    one.write("[info] asked for", one.now_us() - 60 * 1_000_000)
    async with Desk(one).running() as desk:
        await desk.holds_lines(1)
        assert desk.messages() == ["[info] asked for"]
        words = display(one.commands[-1]).split()
        assert words[words.index("-f") + 1 : words.index("-f") + 3] == ["-b", "all"]
        assert words[-1].startswith("--since=@")


async def test_random_cuts_lose_nothing_and_double_nothing() -> None:
    fleet = hosts(3)
    dice = random.Random(11)
    numbers = itertools.count()
    written: dict[str, list[str]] = {host.name: [] for host in fleet}
    async with Desk(*fleet).running() as desk:
        await desk.until(lambda: all(desk.word(h.name) is FeedWord.LIVE for h in fleet))
        for _ in range(60):
            victim = dice.choice(fleet)
            for host in (*fleet, victim):
                for _ in range(dice.randrange(8)):
                    message = f"[info] line {next(numbers)}"
                    written[host.name].append(message)
                    host.write(message)
                for _ in range(dice.randrange(4)):
                    await asyncio.sleep(0)
            if dice.random() < 0.3:
                victim.end_streams(1, b"Failed to iterate through journal: Bad message\n", 37)
            else:
                victim.cut()
                victim.write(message := f"[info] line {next(numbers)} while away")
                written[victim.name].append(message)
                await asyncio.sleep(0)
                victim.mend()
        await desk.holds_lines(sum(map(len, written.values())))
        for host in fleet:
            assert desk.messages(host.name) == written[host.name]
        assert desk.gaps()
        assert {gap.split(", ")[-1] for gap in desk.gaps()} == {"nothing lost"}


async def test_gap_is_shown_while_it_lasts_and_closed_with_what_it_cost() -> None:
    (one,) = hosts(1)
    one.write("[info] before")
    async with Desk(one).running() as desk:
        await desk.holds_lines(1)
        one.cut()
        await desk.until(lambda: len(desk.gaps()) == 1)
        assert desk.gaps()[0].startswith("link lost ")
        assert desk.gaps()[0].endswith(", resuming")
        assert desk.word("web1") is FeedWord.RESUMING
        one.write("[info] while away")
        one.mend()
        await desk.holds_lines(2)
        assert [e.message for e in desk.store.entries][0::2] == [
            "[info] before",
            "[info] while away",
        ]
        assert desk.gaps()[0].endswith("resumed after 0s, nothing lost")


async def test_quiet_unit_closes_its_gap_by_the_line_it_read_last() -> None:
    (one,) = hosts(1)
    one.write("[info] before")
    async with Desk(one).running() as desk:
        await desk.holds_lines(1)
        one.cut()
        await desk.until(lambda: len(desk.gaps()) == 1)
        one.mend()
        await desk.until(lambda: desk.gaps()[0].endswith("nothing lost"))
        await desk.until(lambda: desk.word("web1") is FeedWord.LIVE)
        assert desk.messages() == ["[info] before"]


async def test_what_was_vacuumed_while_away_is_a_gap_that_says_so() -> None:
    (one,) = hosts(1)
    one.write("[info] before")
    async with Desk(one).running() as desk:
        await desk.holds_lines(1)
        one.cut()
        await desk.until(lambda: len(desk.gaps()) == 1)
        for number in range(10):
            one.write(f"[info] away {number}")
        one.vacuum(keep=3)
        one.mend()
        await desk.holds_lines(4)
        assert desk.messages() == ["[info] before", *(f"[info] away {n}" for n in (7, 8, 9))]
        lost, torn = desk.gaps()
        assert "nothing lost" not in lost
        assert "may be lost: the journal no longer holds what was read last" in torn


async def test_vacuum_under_a_follower_is_a_gap_too() -> None:
    (one,) = hosts(1)
    one.write("[info] before")
    async with Desk(one).running() as desk:
        await desk.holds_lines(1)
        one.end_streams(1, b"Failed to iterate through journal: Bad message\n")
        one.write("[info] never seen")
        one.vacuum(keep=0)
        one.write("[info] after")
        await desk.holds_lines(2)
        assert desk.messages() == ["[info] before", "[info] after"]
        assert ["may be lost" in gap for gap in desk.gaps()] == [True]


async def test_connected_again_with_everything_vacuumed_does_not_claim_that_nothing_was_lost() -> (
    None
):
    (one,) = hosts(1)
    one.write("[info] before")
    async with Desk(one).running() as desk:
        await desk.holds_lines(1)
        one.cut()
        await desk.until(lambda: len(desk.gaps()) == 1)
        one.write("[info] never seen")
        one.vacuum(keep=0)
        one.mend()
        await desk.until(lambda: desk.gaps()[0].endswith("nothing came since"))
        one.write("[info] after")
        await desk.holds_lines(2)
        assert "may be lost" in desk.gaps()[-1]


async def test_refused_cursor_falls_back_to_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "BACKOFF_FIRST_S", 0.001)
    (one,) = hosts(1)
    at = one.now_us() - 5_000_000
    for step in range(3):
        one.write(f"[info] same time {step}", at)
    async with Desk(one).running() as desk:
        await desk.holds_lines(3)
        one.refuses_cursors = True
        one.end_streams(1)
        one.write("[info] after")
        await desk.holds_lines(4)
        assert desk.messages() == [*(f"[info] same time {n}" for n in range(3)), "[info] after"]
        assert desk.gaps() == []


async def test_no_right_to_read_is_said_with_the_hint_and_a_remedy() -> None:
    (one,) = hosts(1, readable=False)
    one.write("[info] secret")
    async with Desk(one).running() as desk:
        await desk.until(lambda: desk.word("web1") is FeedWord.NO_RIGHT)
        state = desk.feed.states["web1"]
        assert state.detail == HINT
        assert "systemd-journal" in state.hint
        assert len(one.commands) == 1, "asked once; nothing is streamed that would show too little"
        one.readable = True
        one.cut()
        one.mend()
        await desk.holds_lines(1)
        assert desk.gaps() == [], "nothing was being read when the link went"


async def test_sudo_is_used_where_it_may_and_only_there() -> None:
    may, need_not = hosts(2, sudo=True)
    may.readable = False
    for host in (may, need_not):
        host.write("[info] line")
    async with Desk(may, need_not).running() as desk:
        await desk.holds_lines(2)
        assert may.commands[-1].argv[:3] == ("sudo", "-n", "journalctl")
        assert need_not.commands[-1].argv[0] == "journalctl"


async def test_sudo_that_wants_a_password_after_all_is_not_tried_again() -> None:
    (one,) = hosts(1, readable=False, sudo=True)
    async with Desk(one).running() as desk:
        await desk.until(lambda: len(one.commands) == 2)
        one.end_streams(1, b"sudo: a password is required\n")
        await desk.until(lambda: desk.word("web1") is FeedWord.NO_RIGHT)
        assert desk.feed.states["web1"].detail == "sudo: a password is required"
        assert len(one.commands) == 2


async def test_hung_and_shut_hosts_do_not_delay_the_others() -> None:
    fine, hung, shut = hosts(3)
    hung.probe_delay_s = 3600.0
    shut.cut(LinkState.UNKNOWN_KEY)
    fine.write("[info] here")
    async with Desk(fine, hung, shut).running() as desk:
        await desk.holds_lines(1)
        await desk.until(lambda: desk.word("web1") is FeedWord.LIVE)
        assert desk.word("web2") is FeedWord.WAITING
        assert desk.word("web3") is FeedWord.WAITING
        assert desk.feed.states["web3"].detail.startswith("unknown key")
        assert desk.gaps() == []


async def test_stale_link_is_said_and_taken_back() -> None:
    (one,) = hosts(1)
    one.write("[info] here")
    async with Desk(one).running() as desk:
        await desk.until(lambda: desk.word("web1") is FeedWord.LIVE)
        one.say_link(LinkState.STALE)
        await desk.until(lambda: desk.word("web1") is FeedWord.STALE)
        assert "last heard" in desk.feed.states["web1"].detail
        one.say_link(LinkState.UP)
        await desk.until(lambda: desk.word("web1") is FeedWord.LIVE)


async def test_volatile_journal_is_said() -> None:
    (one,) = hosts(1, volatile=True)
    one.write("[info] here")
    async with Desk(one).running() as desk:
        await desk.until(lambda: desk.word("web1") is FeedWord.LIVE)
        assert desk.feed.states["web1"].volatile
        assert "/var/log/journal" in desk.feed.states["web1"].hint


async def test_restart_asks_anew_and_nothing_of_before_gets_in() -> None:
    one, two = hosts(2)
    one.write("[info] old", one.now_us() - 3600 * 1_000_000)
    one.write("[info] new")
    two.write("[info] other")
    async with Desk(one, two).running() as desk:
        await desk.holds_lines(2)
        one.write("[info] under way")
        desk.feed.restart(JournalQuery(since="2h", hosts=frozenset({"web1"})))
        assert desk.count() == 0
        two.write("[info] other again")
        await desk.holds_lines(3)
        assert desk.messages() == ["[info] old", "[info] new", "[info] under way"]
        assert set(desk.feed.states) == {"web1"}
        with pytest.raises(NotATime):
            desk.feed.restart(JournalQuery(since="soon"))
        with pytest.raises(NotABoot):
            desk.feed.restart(JournalQuery(boot="all; reboot"))
        assert desk.feed.query.since == "2h"
        assert desk.count() == 3


async def test_until_ends_the_reading_there() -> None:
    (one,) = hosts(1)
    one.write("[info] in", one.now_us() - 100 * 1_000_000)
    one.write("[info] out", one.now_us() - 10 * 1_000_000)
    desk = Desk(one)
    desk.feed.restart(JournalQuery(since="5m", until="1m", boot="-1"))
    async with desk.running():
        await desk.until(lambda: desk.word("web1") is FeedWord.ENDED)
        assert desk.messages() == ["[info] in"]
        words = display(one.commands[-1])
        assert " -f" not in words
        assert " -b -1 " in words


TRACE = (
    "23:06:02.844 [error] GenServer #PID<0.211.0> terminating",
    "** (RuntimeError) boom",
    "    (app 0.3.0) lib/app/worker.ex:12: App.Worker.handle_call/3",
    "    (stdlib 4.2) gen_server.erl:1149: :gen_server.try_handle_call/4",
    "Last message (from #PID<0.2.0>): :boom",
    "State: %{}",
)


async def test_lines_of_a_trace_stay_together_whatever_comes_between_them() -> None:
    one, two = hosts(2)
    at = one.now_us()
    async with Desk(one, two).running() as desk:
        await desk.until(lambda: desk.word("web1") is FeedWord.LIVE)
        await desk.until(lambda: desk.word("web2") is FeedWord.LIVE)
        for step, line in enumerate(TRACE):
            one.write(line, at + 50 * step)
            two.write(f"[info] two {step}", at + 50 * step + 25)
            await desk.holds_lines(step + 2)
        one.write("[info] next", at + 1000)
        await desk.holds_lines(8)
        trace, *others = [e for e in desk.store.entries if e.host == "web1"]
        assert trace.message == "\n".join(TRACE)
        assert trace.level is Level.ERROR
        assert f"i={6:x};" in trace.cursor, "it goes on from the last line of the trace"
        assert [e.message for e in others] == ["[info] next"]
        assert desk.messages("web2") == [f"[info] two {n}" for n in range(6)]


async def test_wrong_clock_of_a_host_does_not_spoil_the_order() -> None:
    right, ahead = hosts(2)
    ahead.ahead_s = 600.0
    for _ in range(5):
        for host in (right, ahead):
            host.write(f"[info] {host.name}")
            await asyncio.sleep(0.002)
    async with Desk(right, ahead).running() as desk:
        await desk.holds_lines(10)
        assert abs(desk.store.skew("web2") - 600.0) < 1.0
        assert [e.host for e in desk.store.entries] == ["web1", "web2"] * 5


async def test_watchers_are_called_once_a_frame_and_for_the_last_change() -> None:
    (one,) = hosts(1)
    async with Desk(one).running() as desk:
        await desk.until(lambda: desk.word("web1") is FeedWord.LIVE)
        seen: list[int] = []
        stop = desk.feed.watch(lambda: seen.append(desk.count()))
        began = time.monotonic()
        for number in range(400):
            one.write(f"[info] {number}")
            await asyncio.sleep(0.0005)
        await desk.until(lambda: bool(seen) and seen[-1] == 400)
        took = time.monotonic() - began
        stop()
        assert len(seen) <= took * 31 + 2
        one.write("[info] nobody looks")
        await desk.holds_lines(401)
        assert seen[-1] == 400


async def test_flood_of_all_hosts_leaves_the_loop_to_keys() -> None:
    fleet = hosts(6)
    for host in fleet:
        for number in range(4000):
            host.write(f"[info] request_id={number} GET /v1/users/{number} Sent 200 in 7ms")
    waits: list[float] = []

    async def keys() -> None:
        while True:
            asked = time.process_time()
            await asyncio.sleep(0)
            waits.append(time.process_time() - asked)

    async with Desk(*fleet).running() as desk:
        ticking = asyncio.create_task(keys())
        await desk.until(lambda: len(desk.store.entries) == 24_000, within_s=30)
        ticking.cancel()
    busy = sorted(wait for wait in waits if wait > 0.001)
    assert len(busy) >= 10, "the flood must have been read in many slices"
    # A slice is 6 ms and the piece that goes over it. CPU time: others may be using the machine.
    # Unsliced, the 4,000 lines of a host take a second.
    assert busy[len(busy) // 2] < 0.06


async def test_a_clock_that_was_set_moves_what_comes_after_it_and_noise_does_not() -> None:
    desk = Desk(*hosts(1))
    desk.store.set_skew("web1", 0.2)
    desk.feed.note_clock("web1", 0.9, rtt_s=0.3)
    assert desk.store.skew("web1") == 0.2
    desk.feed.note_clock("web1", 0.9, rtt_s=0.1)
    assert desk.store.skew("web1") == 0.9
    desk.feed.note_clock("web1", -600.0, rtt_s=2.0)
    assert desk.store.skew("web1") == -600.0
