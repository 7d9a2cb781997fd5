"""Health by forwarding, by bash, or not at all: `cannot check` is never healthy."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.fake_fleet import APP, FakeFleet
from tests.operations.fake_host import FakeChannel, FakeSession, Fault
from tests.operations.fake_unit import Behaviour
from tests.operations.virtual_time import run
from tui.commands.health import HealthAnswer, HealthState
from tui.errors import NotConnected
from tui.model.fleet import Health, HealthKind
from tui.operations.health import HealthCheck

HTTP = APP.health
TCP = Health(HealthKind.TCP)


def asked(folder: Path, ways: Behaviour, health: Health = HTTP) -> HealthAnswer:
    async def ask() -> HealthAnswer:
        session = FakeFleet(folder, ways).sessions["web1"]
        return await HealthCheck(session, health).ask()

    return run(ask())


def test_the_status_decides(tmp_path: Path) -> None:
    assert asked(tmp_path, Behaviour()).state is HealthState.HEALTHY
    sick = asked(tmp_path, Behaviour(health=b"HTTP/1.1 500 Oops\r\n\r\n"))
    assert sick == HealthAnswer(HealthState.FAILING, "answered 500 Oops, not 200")
    moved = asked(tmp_path, Behaviour(), replace(HTTP, status=204))
    assert moved.state is HealthState.FAILING


def test_a_port_that_is_closed_is_failing(tmp_path: Path) -> None:
    answer = asked(tmp_path, Behaviour(health=ConnectionRefusedError("connect failed")))
    assert answer == HealthAnswer(HealthState.FAILING, "connect failed")


def test_a_connection_is_enough_for_tcp(tmp_path: Path) -> None:
    assert asked(tmp_path, Behaviour(health=b""), TCP).state is HealthState.HEALTHY
    assert asked(tmp_path, Behaviour(health=b""), HTTP).state is HealthState.FAILING


def test_bash_asks_where_forwarding_is_refused_and_forwarding_is_not_tried_again(
    tmp_path: Path,
) -> None:
    async def ask() -> tuple[HealthAnswer, int, int]:
        session = FakeFleet(tmp_path, Behaviour(forwarding=False)).sessions["web1"]
        check = HealthCheck(session, HTTP)
        first = await check.ask()
        before = session.uses
        assert await check.ask() == first
        return first, before, session.uses

    answer, before, after = run(ask())
    assert answer.state is HealthState.HEALTHY
    assert (before, after) == (2, 3)


def test_without_forwarding_and_bash_it_cannot_be_checked(tmp_path: Path) -> None:
    answer = asked(tmp_path, Behaviour(forwarding=False, bash=False))
    assert answer.state is HealthState.CANNOT_CHECK
    assert "no bash" in answer.detail


def test_nothing_configured_is_nothing_asked(tmp_path: Path) -> None:
    assert asked(tmp_path, Behaviour(), Health()).state is HealthState.NOT_ASKED


@pytest.mark.parametrize("how", ["unsent", "refused"])
@pytest.mark.parametrize("forwarding", [True, False])
def test_a_link_lost_meanwhile_is_not_an_answer(tmp_path: Path, forwarding: bool, how: str) -> None:
    async def ask() -> None:
        session = FakeFleet(tmp_path, Behaviour(forwarding=forwarding)).sessions["web1"]
        session.faults[1 if forwarding else 2] = Fault(how, 9.0)
        with pytest.raises(NotConnected):
            await HealthCheck(session, HTTP).ask()

    run(ask())


class Slow(FakeSession):
    """Accepts, and then sends a drop at a time or nothing."""

    drops: tuple[bytes, ...] = ()

    @contextlib.asynccontextmanager
    async def connect_tcp(self, address: str, port: int) -> AsyncIterator[FakeChannel]:
        drops = iter(self.drops)

        class Channel(FakeChannel):
            async def read(self, count: int) -> bytes:
                await asyncio.sleep(2.0)
                for drop in drops:
                    return drop[:count]
                await asyncio.sleep(1e6)
                return b""

        yield Channel(b"")


@pytest.mark.parametrize(
    ("drops", "state"),
    [
        ((), HealthState.FAILING),
        ((b"HTTP/1.1 2", b"00 OK\r\n"), HealthState.HEALTHY),
        ((b"HTTP/1.1 2", b"0", b"0"), HealthState.FAILING),
    ],
)
def test_an_answer_is_waited_for_a_bounded_time(
    tmp_path: Path, drops: tuple[bytes, ...], state: HealthState
) -> None:
    async def ask() -> tuple[HealthAnswer, float]:
        fleet = FakeFleet(tmp_path, Behaviour())
        session = Slow("web1", APP, fleet.gate, Behaviour())
        session.drops = drops
        loop = asyncio.get_running_loop()
        began = loop.time()
        return await HealthCheck(session, HTTP).ask(), loop.time() - began

    answer, took = run(ask())
    assert answer.state is state
    assert took <= HTTP.timeout_s


def test_an_endless_answer_is_read_to_its_bound_only(tmp_path: Path) -> None:
    read: list[int] = []

    class Endless(Slow):
        @contextlib.asynccontextmanager
        async def connect_tcp(self, address: str, port: int) -> AsyncIterator[FakeChannel]:
            class Channel(FakeChannel):
                async def read(self, count: int) -> bytes:
                    read.append(count)
                    return b"x" * min(count, 100)

            yield Channel(b"")

    async def ask() -> HealthAnswer:
        fleet = FakeFleet(tmp_path, Behaviour())
        return await HealthCheck(Endless("web1", APP, fleet.gate, Behaviour()), HTTP).ask()

    assert run(ask()).state is HealthState.FAILING
    assert sum(min(count, 100) for count in read) == 4096
