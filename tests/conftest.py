"""Fixtures that every floor's tests may use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.fixtures import lab, lab_environment

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet

__all__ = ["demo_fleet", "lab", "lab_environment", "make_fleet"]

MakeFleet = Callable[..., "Awaitable[DemoFleet]"]


@pytest.fixture
async def make_fleet() -> AsyncIterator[MakeFleet]:
    """`await make_fleet(...)` opens an embedded fleet, quiet and quick unless said otherwise."""
    from tui.demo.fleet import DemoFleet
    from tui.demo.timing import FAST

    async with AsyncExitStack() as opened:

        async def make(*args: Any, **options: Any) -> DemoFleet:
            fleet = DemoFleet(*args, **{"chatter": False, "timing": FAST, **options})
            return await opened.enter_async_context(fleet)

        yield make


@pytest.fixture
async def demo_fleet(make_fleet: MakeFleet) -> DemoFleet:
    """Three quiet hosts: web1 and web2 well, web3 with a release that was never started."""
    return await make_fleet()
