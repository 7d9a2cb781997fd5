"""Fixtures that every floor's tests may use."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.fixtures import lab, lab_environment, second

if TYPE_CHECKING:
    from tui.demo.fleet import DemoFleet

__all__ = ["demo_fleet", "lab", "lab_environment", "make_fleet", "second"]

MakeFleet = Callable[..., "Awaitable[DemoFleet]"]


@pytest.fixture
async def make_fleet() -> AsyncIterator[MakeFleet]:
    """`await make_fleet(...)` opens an embedded fleet, quiet and quick unless said otherwise."""
    from tui.demo.fleet import DemoFleet
    from tui.demo.timing import FAST

    async with AsyncExitStack() as opened:

        async def make(*args: Any, **options: Any) -> DemoFleet:
            quick = {"chatter": False, "timing": FAST, "parent": _memory()}
            fleet = DemoFleet(*args, **{**quick, **options})
            return await opened.enter_async_context(fleet)

        yield make


def _memory() -> str | None:
    """A folder in memory, if programs may run from there: a fleet has a thousand small files."""
    shared = Path("/dev/shm")
    if not (shared.is_dir() and os.access(shared, os.W_OK)):
        return None
    return None if os.statvfs(shared).f_flag & os.ST_NOEXEC else str(shared)


@pytest.fixture
async def demo_fleet(make_fleet: MakeFleet) -> DemoFleet:
    """Three quiet hosts: web1 and web2 well, web3 with a release that was never started."""
    return await make_fleet()


WHOLE = frozenset(
    {
        "test_app_plans.py",
        "test_cli_operations.py",
        "test_cli_plans.py",
        "test_cli_timeline.py",
        "test_daemon_local.py",
        "test_deploy_cuts.py",
        "test_deploy_demo.py",
        "test_detached.py",
        "test_lock.py",
        "test_migrate_demo.py",
        "test_migrations_demo.py",
        "test_operations.py",
        "test_pending_demo.py",
        "test_prune_demo.py",
        "test_rehearse_demo.py",
        "test_restart_demo.py",
        "test_resume_demo.py",
        "test_rollback_demo.py",
        "test_signals_in_a_plan.py",
        "test_start_stop_demo.py",
        "test_survival_demo.py",
        "test_task_demo.py",
        "test_timeline_demo.py",
        "test_untried_demo.py",
    }
)
"""The files that carry whole plans out: too slow for the suite that is run after every change."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them before the markers are looked at."""
    for item in items:
        if item.path.name in WHOLE:
            item.add_marker(pytest.mark.whole)
