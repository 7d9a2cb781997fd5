"""Slow links for a long time: none is taken for a lost one (R22).

Each takes an hour, or what the environment variable BEAMDECK_SOAK_MINUTES says.
"""

from __future__ import annotations

import asyncio
import os
import random
import time

import pytest

from tests.faults.proxy import proxied
from tests.ssh.bed import Bed, World
from tests.ssh.test_link import states
from tui.model.command import Command, Ended
from tui.model.fleet import Limits
from tui.model.host import LinkState

MINUTES = float(os.environ.get("BEAMDECK_SOAK_MINUTES", "60"))

pytestmark = [pytest.mark.soak, pytest.mark.timeout(MINUTES * 60 + 120)]


@pytest.mark.parametrize("bytes_per_s", [None, 64_000], ids=["latency", "latency and 64 kB/s"])
async def test_a_slow_link_is_never_taken_for_a_lost_one(
    world: World, bed: Bed, bytes_per_s: float | None
) -> None:
    """500 ms ± 300 each way (twice the round trip that R22 asks for), a tail and probes on it."""
    faults = {"delay_s": 0.5, "jitter_s": 0.3, "bytes_per_s": bytes_per_s}
    async with proxied(bed.port, **faults) as proxy:
        proxy.chance = random.Random(22)
        real, bed.port = bed.port, proxy.port
        world.know(bed)
        limits = Limits(connect_timeout_s=20.0, command_timeout_s=30.0)
        fleet = world.fleet(world.host(bed), limits=limits)
        fleet.start()
        session = fleet.sessions["web1"]
        async with asyncio.timeout(60):
            await session.usable()
        seen = states(session)  # type: ignore[arg-type]  # it is one over SSH
        until = time.monotonic() + MINUTES * 60
        rate = 100 if bytes_per_s is None else 4000
        tail = Command(
            (), script=f"while :; do head -c {rate} /dev/zero; sleep 0.05; done", timeout_s=None
        )
        received = 0

        async def follow() -> None:
            nonlocal received
            async with session.stream(tail) as blocks:
                async for block in blocks:
                    received += len(block)
            assert blocks.outcome is not None
            raise AssertionError(f"the stream ended: {blocks.outcome}")

        following = asyncio.create_task(follow())
        probes = 0
        while time.monotonic() < until:
            assert not following.done(), following
            outcome = await session.run(Command(("uptime",), timeout_s=60))
            assert outcome.ended is Ended.EXITED, outcome
            probes += 1
            await asyncio.sleep(random.Random(probes).choice((0.0, 1.0, 3.0, 8.0)))
        following.cancel()
        await asyncio.wait({following})
        lost = [link for _, link in seen if link.state is LinkState.LOST]
        stale = [link for _, link in seen if link.state is LinkState.STALE]
        print(f"{MINUTES:g} min, {probes} probes, {received} bytes, {len(stale)} times stale")
        assert lost == []
        assert len(bed.connections) == 1
        bed.port = real


async def test_a_slow_and_silent_link_is_neither_lost_nor_stale(world: World, bed: Bed) -> None:
    """Without any command of ours the pulse alone knows that the link is alive."""
    async with proxied(bed.port, delay_s=0.5, jitter_s=0.3) as proxy:
        real, bed.port = bed.port, proxy.port
        world.know(bed)
        fleet = world.fleet(world.host(bed), limits=Limits(connect_timeout_s=20.0))
        fleet.start()
        session = fleet.sessions["web1"]
        async with asyncio.timeout(60):
            await session.usable()
        seen = states(session)  # type: ignore[arg-type]  # it is one over SSH
        await asyncio.sleep(MINUTES * 60)
        assert [link.state for _, link in seen] == []
        bed.port = real
