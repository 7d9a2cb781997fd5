"""The places on a connection, as a counter without a connection."""

from __future__ import annotations

import asyncio
import random

import pytest

from tui.ssh.channels import RESERVED, Channels, Place


async def waiting(channels: Channels, *, stream: bool = False) -> asyncio.Task[Place]:
    task = asyncio.create_task(channels.place(stream=stream))
    await asyncio.sleep(0)
    return task


async def test_no_more_than_the_limit_in_order_of_arrival() -> None:
    channels = Channels(2)
    first, second = await channels.place(), await channels.place()
    third, fourth = await waiting(channels), await waiting(channels)
    assert not third.done()
    first.free()
    first.free()
    assert not fourth.done()
    await third
    assert channels.open == 2
    second.free()
    await fourth
    assert channels.peak == 2


async def test_streams_leave_places_and_do_not_hold_up_the_short_ones() -> None:
    channels = Channels(8)
    streams = [await channels.place(stream=True) for _ in range(8 - RESERVED)]
    more = await waiting(channels, stream=True)
    short = [await channels.place() for _ in range(RESERVED)]
    late = await waiting(channels)
    streams[0].free()
    assert channels.open == 8
    await more
    assert not late.done()
    short[0].free()
    await late


async def test_a_stream_has_a_place_even_where_there_is_only_one() -> None:
    channels = Channels(1)
    place = await channels.place(stream=True)
    place.free()
    assert (await channels.place()) is not None


async def test_cancelled_while_waiting_takes_no_place() -> None:
    channels = Channels(1)
    held = await channels.place()
    task = await waiting(channels)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    held.free()
    assert channels.open == 0


async def test_cancelled_in_the_moment_of_getting_it_gives_it_back() -> None:
    channels = Channels(1)
    held = await channels.place()
    task = await waiting(channels)
    held.free()  # it has the place now, but has not run yet
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert channels.open == 0
    assert (await channels.place()) is not None


async def test_a_refusal_lowers_the_ceiling_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.ssh.channels.LOWERED_S", 0.05)
    channels = Channels(8)
    held = [await channels.place() for _ in range(4)]
    assert channels.refused()
    held.pop().free()
    task = await waiting(channels)
    assert not task.done(), "three are what the host gives"
    async with asyncio.timeout(2):
        await task  # the ceiling is back by itself


async def test_a_refusal_of_the_only_channel_cannot_be_waited_for() -> None:
    channels = Channels(8)
    await channels.place()
    assert not channels.refused()


async def test_handing_over_frees_once() -> None:
    channels = Channels(1)
    place = await channels.place()
    other = place.handed_over()
    place.free()
    assert channels.open == 1
    other.free()
    assert channels.open == 0


@pytest.mark.parametrize("seed", range(30))
async def test_random_lives_never_pass_the_limit_and_leave_nothing(seed: int) -> None:
    chance = random.Random(seed)
    channels = Channels(5)
    streams = 0

    async def life(stream: bool) -> None:
        nonlocal streams
        place = await channels.place(stream=stream)
        try:
            streams += stream
            assert channels.open <= 5
            assert streams <= 3
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
        finally:
            streams -= stream
            place.free()

    tasks = [asyncio.create_task(life(chance.random() < 0.5)) for _ in range(60)]
    for task in chance.sample(tasks, 25):
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(r is None or isinstance(r, asyncio.CancelledError) for r in results), results
    assert channels.open == 0
