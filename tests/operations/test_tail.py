"""The tail: one strict sequence of all hosts' lines, each once."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from tests.operations.fake_journal import FakeHost
from tui.model.fleet import App, Limits
from tui.model.host import LinkState
from tui.model.journal import Entry, EntryKind, FeedState, FeedWord, JournalQuery, Level
from tui.model.timespec import NotATime
from tui.operations import follower
from tui.operations import tail as tail_module
from tui.operations.tail import tail

APP = App("app")
LIMITS = Limits(connect_timeout_s=0.3)
HOLD_S = 0.15


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fake hosts say at once what they have: no need to wait as long as for real ones."""
    monkeypatch.setattr(follower, "QUIET_S", 0.02)
    monkeypatch.setattr(follower, "SILENT_S", 0.05)


def lines(
    *hosts: FakeHost,
    query: JournalQuery | None = None,
    follow: bool = True,
    said: Callable[[str, FeedState], None] | None = None,
) -> AsyncIterator[Entry]:
    sessions = {host.name: host for host in hosts}
    return tail(
        sessions,
        APP,
        LIMITS,
        query or JournalQuery(),
        time.time,
        follow=follow,
        hold_back_s=HOLD_S,
        said=said,
    )


async def first(count: int, entries: AsyncIterator[Entry]) -> list[Entry]:
    """The next `count` entries; the tail goes on after them."""
    got: list[Entry] = []
    async with asyncio.timeout(10):
        while len(got) < count:
            got.append(await anext(entries))
    return got


def fleet(count: int) -> tuple[FakeHost, ...]:
    return tuple(FakeHost(f"web{n}", time.time, seed=n) for n in range(1, count + 1))


async def test_past_is_told_in_time_order_and_ends() -> None:
    one, two, three = fleet(3)
    now = one.now_us()
    dice = random.Random(3)
    # More than a queue takes, and very unlike: who tells more must wait for who tells less.
    for step in range(12_000, 0, -1):
        host = dice.choices((one, two, three), (8, 2, 1))[0]
        host.write(f"[info] {step}", now - step * 1000)
    async with asyncio.timeout(20):
        told = [e async for e in lines(one, two, three, follow=False)]
    assert [int(e.message.split()[1]) for e in told] == list(range(12_000, 0, -1))


async def test_past_of_a_slow_host_is_waited_for() -> None:
    one, slow = fleet(2)
    slow.probe_delay_s = HOLD_S * 1.6
    for step in range(20, 0, -1):
        (one, slow)[step % 2].write(f"[info] {step}", one.now_us() - step * 1_000_000)
    entries = lines(one, slow)
    told = await first(20, entries)
    assert [int(e.message.split()[1]) for e in told] == list(range(20, 0, -1))
    await entries.aclose()  # type: ignore[attr-defined]  # it is an async generator


async def test_queue_of_a_host_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "ROOM", 100)
    (one,) = fleet(1)
    for step in range(5000, 0, -1):
        one.write(f"[info] {step}", one.now_us() - step * 1000)
    entries = lines(one, follow=False)
    await anext(entries)
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(one.commands) == 2
    generator_frame = entries.ag_frame  # type: ignore[attr-defined]  # it is an async generator
    held = len(generator_frame.f_locals["merge"]._queues["web1"])
    assert held < 100 + 500, "a queue and the entries of a piece"
    rest = [e async for e in entries]
    assert len(rest) == 4999


async def test_following_holds_back_so_that_stragglers_find_their_place() -> None:
    one, two = fleet(2)
    entries = lines(one, two)
    at = one.now_us()
    first_ = asyncio.ensure_future(first(4, entries))
    await one.asked(2)
    await two.asked(2)
    one.write("[info] 1", at + 1000)
    one.write("[info] 3", at + 3000)
    await asyncio.sleep(HOLD_S / 3)
    two.write("[info] 2", at + 2000)
    two.write("[info] 4", at + 4000)
    assert [e.message for e in await first_] == [f"[info] {n}" for n in (1, 2, 3, 4)]
    await entries.aclose()  # type: ignore[attr-defined]  # it is an async generator


async def test_line_is_told_within_the_hold_back() -> None:
    (one,) = fleet(1)
    entries = lines(one)
    waiting = asyncio.ensure_future(first(1, entries))
    await one.asked(2)
    began = time.monotonic()
    one.write("[info] now")
    await waiting
    assert HOLD_S * 0.9 <= time.monotonic() - began < HOLD_S + 1.0
    await entries.aclose()  # type: ignore[attr-defined]  # it is an async generator


async def test_trace_in_pieces_is_one_entry() -> None:
    (one,) = fleet(1)
    entries = lines(one)
    waiting = asyncio.ensure_future(first(2, entries))
    await one.asked(2)
    at = one.now_us()
    trace = ("[error] boom", "    (app 1.0) lib/a.ex:1: A.b/0", "    (app 1.0) lib/a.ex:2: A.c/0")
    for step, text in enumerate(trace):
        one.write(text, at + step)
        await asyncio.sleep(0.01)
    one.write("[info] next", at + 1000)
    assert [e.message for e in await waiting] == ["\n".join(trace), "[info] next"]
    await entries.aclose()  # type: ignore[attr-defined]  # it is an async generator


async def test_lines_of_a_trace_that_come_too_late_are_told_alone() -> None:
    (one,) = fleet(1)
    entries = lines(one)
    at = one.now_us()
    one.write("[error] boom", at)
    assert [e.message for e in await first(1, entries)] == ["[error] boom"]
    one.write("    (app 1.0) lib/a.ex:1: A.b/0", at + 500_000)
    (late,) = await first(1, entries)
    assert (late.message, late.level) == ("    (app 1.0) lib/a.ex:1: A.b/0", Level.ERROR)
    await entries.aclose()  # type: ignore[attr-defined]  # it is an async generator


async def test_host_that_is_not_reached_is_left_out_and_said() -> None:
    one, away, refused = fleet(3)
    one.write("[info] here")
    away.cut(LinkState.UNREACHABLE)
    refused.readable = False
    said: list[tuple[str, FeedWord, str]] = []
    told = [
        e
        async for e in lines(
            one, away, refused, follow=False, said=lambda h, s: said.append((h, s.word, s.detail))
        )
    ]
    assert [e.message for e in told] == ["[info] here"]
    assert ("web1", FeedWord.ENDED, "") in said
    assert any(h == "web2" and detail.startswith("unreachable") for h, _, detail in said)
    assert any(h == "web3" and word is FeedWord.NO_RIGHT for h, word, _ in said)


async def test_cuts_lose_nothing_and_double_nothing() -> None:
    one, two = fleet(2)
    written: list[str] = []
    dice = random.Random(5)

    async def write() -> None:
        for number in range(300):
            host = dice.choice((one, two))
            written.append(message := f"[info] line {number}")
            host.write(message)
            if dice.random() < 0.1:
                host.cut()
                await asyncio.sleep(0)
                host.mend()
            await asyncio.sleep(0.001)

    told: list[Entry] = []
    writing = asyncio.ensure_future(write())
    async with asyncio.timeout(20):
        async with contextlib.aclosing(lines(one, two)) as entries:  # type: ignore[type-var]  # it is an async generator
            async for entry in entries:
                told.append(entry)
                if sum(e.kind is EntryKind.APP for e in told) == 300:
                    break
    await writing
    assert sorted(e.message for e in told if e.kind is EntryKind.APP) == sorted(written)
    closed = [e.message for e in told if e.kind is EntryKind.GAP and "resumed" in e.message]
    assert closed
    assert all(message.endswith("nothing lost") for message in closed)


async def test_only_chosen_hosts_and_readable_times() -> None:
    one, two = fleet(2)
    one.write("[info] one")
    two.write("[info] two")
    query = JournalQuery(hosts=frozenset({"web2"}))
    assert [e.host async for e in lines(one, two, query=query, follow=False)] == ["web2"]
    assert one.commands == []
    with pytest.raises(NotATime):
        await anext(lines(one, query=replace(query, since="soon")))


async def test_what_journald_writes_after_its_stamp_is_told_too() -> None:
    one, two = fleet(2)
    began = one.now_us()
    one.write("[info] on time", began - 3_000_000)
    two.write("[info] nothing else", began - 2_000_000)
    entries = lines(one, two, follow=False)
    told = [asyncio.create_task(anext(aiter(entries)))]

    async def late() -> None:
        # Stamped before the end that was asked for, in the file after journalctl reached its end.
        await one.asked(2)
        while one._streams:  # noqa: ASYNC110 - the fake's streams tell nobody that they end
            await asyncio.sleep(0)
        one.write("[info] late", began - 1_000)

    await late()
    said = [(await told[0]).message] + [entry.message async for entry in entries]
    assert said == ["[info] on time", "[info] nothing else", "[info] late"]
    assert len(one.commands) == 3, "who may read, the past, and the past once more"


async def test_an_end_long_ago_is_not_looked_at_twice() -> None:
    (one,) = fleet(1)
    one.write("[info] old", one.now_us() - 3_600_000_000)
    query = JournalQuery(since="2h", until="30m")
    assert [e.message async for e in lines(one, query=query)] == ["[info] old"]
    assert len(one.commands) == 2
