"""A link that is cut in mid-deploy: each step has no effect or one, and the report is true (R27).

Every KiB of a deploy takes half an hour and is marked `soak` (BEAMDECK_CUT_EVERY: every so many
KiB); a few of them are always tried.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.conftest import MakeFleet
from tests.operations.plan_console import PlanConsole, hasten, plan_console
from tests.security.archives import LIB, file, whole
from tui.demo.fleet import DemoFleet
from tui.demo.machine import Machine
from tui.demo.timing import FAST
from tui.model.host import LinkState
from tui.model.plan import PlanRefused, StepState
from tui.operations.plan_run import PlanRun

NOISE = 24 * 1024
EVERY_KIB = int(os.environ.get("BEAMDECK_CUT_EVERY", "1"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


class Applied(set[int]):
    """`schema_migrations`, counting how often each migration was run."""

    def __init__(self, versions: Iterable[int]) -> None:
        super().__init__(versions)
        self.ran: Counter[int] = Counter()

    def add(self, version: int) -> None:
        self.ran[version] += 1
        super().add(version)


def starts_of(machine: Machine) -> int:
    """How often the app's unit was started; the steps' own units are not counted."""
    said = [bytes(entry.get("MESSAGE") or b"") for entry in machine.journal.entries]
    return sum(line.startswith(b"Started billing_prod.service") for line in said)


def judge(run: PlanRun, machine: Machine, applied: Applied, started: int, cut: str) -> None:
    """Every step's report against what the host holds."""
    tree = machine.beam.tree
    last = {
        (step.kind, step.params): run.last_of(index).state
        for index, step in enumerate(run.plan.steps)
    }
    host: dict[str, Callable[[str], bool]] = {
        "unpack": lambda v: (tree.real / ".beamdeck" / "staging" / v).is_dir() or tree.exists(v),
        "install": tree.exists,
        "switch": lambda v: tree.boot_version() == v,
        "restart": lambda v: started == 1,
        "migrate_up": lambda v: applied.ran[int(v)] == 1,
    }
    for (kind, params), state in last.items():
        if kind not in host:
            continue
        word = dict(params).get("version", "")
        is_so = host[kind](word)
        where = f"{cut}: {kind} {word} is reported as {state}"
        if state is StepState.DONE:
            assert is_so, where
        elif state in (StepState.WAITING, StepState.SKIPPED, StepState.REFUSED):
            assert not is_so, where
    assert started <= 1, f"{cut}: started {started} times"
    assert set(applied.ran.values()) <= {1}, f"{cut}: {applied.ran}"


async def one_deploy(
    demo: DemoFleet, folder: Path, archive: Path, cut_after: int | None
) -> tuple[PlanRun, int]:
    """Deploy to web1, its link cut once; (the run, bytes that the cable carried)."""
    machine = demo.machines["web1"]
    applied = demo.database.applied = Applied(demo.database.applied)
    async with plan_console(demo.environment, demo.app, folder) as at:
        at.fleet.watch(lambda name, link: hurry(at, link.state))
        plan = await at.plan("deploy", archive=str(archive), hosts="web1")
        before, carried = starts_of(machine), machine.sshd.wire.carried
        if cut_after is not None:
            machine.cut_in(cut_after)
        run = at.run_of(plan)
        run.watch(lambda: run.go_on() if run.paused else None)
        await asyncio.wait_for(run.run(), 60)
        judge(run, machine, applied, starts_of(machine) - before, f"cut after {cut_after}")
        assert run.ended is not None
        if not run.ended.ok:
            await _way_on(at, machine, archive)
        return run, machine.sshd.wire.carried - carried


async def _way_on(at: PlanConsole, machine: Machine, archive: Path) -> None:
    """What was left can be brought to its end by a plan: the deploy again, or the switch."""
    await asyncio.wait_for(at.fleet.sessions["web1"].usable(), 20)
    if machine.beam.tree.exists("0.3.0"):
        with pytest.raises(PlanRefused, match="is there already"):
            await at.plan("deploy", archive=str(archive), hosts="web1")
        snapshot = await at.context.refresh("web1")
        assert snapshot is not None
        if (snapshot.release.runs, snapshot.release.boots) != ("0.3.0", "0.3.0"):
            await at.do("rollback", version="0.3.0", hosts="web1")
    else:
        await at.do("deploy", archive=str(archive), hosts="web1")
    assert machine.beam.tree.boot_version() == "0.3.0"


def hurry(at: PlanConsole, state: LinkState) -> None:
    """The back-off between tries is not what is tested here."""
    if state is LinkState.LOST:
        asyncio.get_running_loop().call_later(0.05, at.fleet.retry, "web1")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "billing-0.3.0.tar.gz"
    path.write_bytes(whole(file(f"{LIB}/priv/noise", random.Random(27).randbytes(NOISE))))
    return path


@pytest.mark.parametrize("tenth", [3, 8])
async def test_cut_once(make_fleet: MakeFleet, tmp_path: Path, archive: Path, tenth: int) -> None:
    demo = await make_fleet(hosts=("web1",))
    run, _ = await one_deploy(demo, tmp_path, archive, tenth * 12 * 1024)
    assert demo.machines["web1"].sshd.wire.cuts == 1
    assert run.ended is not None


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_cut_at_every_kib(tmp_path: Path, archive: Path) -> None:
    async def deploy(name: str, cut_after: int | None) -> tuple[PlanRun, int]:
        async with DemoFleet(hosts=("web1",), chatter=False, timing=FAST) as demo:
            return await one_deploy(demo, tmp_path / name, archive, cut_after)

    whole_run, total = await deploy("whole", None)
    assert whole_run.ended is not None
    assert whole_run.ended.ok
    ended: Counter[str] = Counter()
    for kib in range(0, total // 1024 + 1, EVERY_KIB):
        run, _ = await deploy(str(kib), kib * 1024)
        assert run.ended is not None
        print(kib, run.ended.summary, flush=True)
        ended["done" if run.ended.ok else "stopped"] += 1
    print(f"{total:,} bytes; {dict(ended)}")
