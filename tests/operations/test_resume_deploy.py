"""A deploy on the embedded fleet, killed behind every record of its log in turn and gone on with.

One deploy: each console takes up what the one before left. Whatever it was killed behind, the log
says what happened, a step has one effect, and no lock stays that no open operation tells of.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.operations.demo_bench import Console, console
from tests.operations.test_resume_demo import Killed, lock_of, look, ops, starts_of
from tui.demo.tree import write_archive
from tui.model.consent import Consent
from tui.model.operation import Unresolved
from tui.model.plan import Plan, StepState
from tui.operations.chain_file import ChainFile
from tui.operations.open_operations import open_operations
from tui.operations.plan_run import PlanRun
from tui.operations.records import Resumption
from tui.ssh.session import SshSession

if TYPE_CHECKING:
    from tests.conftest import MakeFleet
    from tui.demo.fleet import DemoFleet


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    work = "tui.operations.restart_aftermath"
    for name, seconds in {"POLL_S": 0.03, "SETTLE_S": 0.25, "VERSION_WAIT_S": 2.0}.items():
        monkeypatch.setattr(f"{work}.{name}", seconds)
    monkeypatch.setattr("tui.operations.restart_setback.QUIET_S", 0.6)
    monkeypatch.setattr("tui.operations.step_hand.PROGRESS_S", 0.05)
    monkeypatch.setattr("tui.operations.look_work.POLL_S", 0.05)


@dataclass
class Watch:
    """What reached the hosts, by the step's own command; and after how many records to kill."""

    plan: Plan | None = None
    sent: Counter[int] = field(default_factory=Counter)
    records: int = 0
    budget: int = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run, upload, append = SshSession.run, SshSession.upload, ChainFile.append

        async def counted_run(session: SshSession, command: Any, grant: Any = None) -> Any:
            for index, step in enumerate(self.plan.steps if self.plan else ()):
                mine = step.command is not None and step.host == session.host.name
                planned = step.command or command
                same = (planned.argv, planned.script) == (command.argv, command.script)
                if mine and same and grant is not None:
                    self.sent[index] += 1
            return await run(session, command, grant)

        async def counted_upload(session: SshSession, *words: Any) -> Any:
            for index, step in enumerate(self.plan.steps if self.plan else ()):
                if step.kind == "upload" and step.host == session.host.name:
                    self.sent[index] += 1
            return await upload(session, *words)

        def killing_append(chain: ChainFile, body: Any) -> str:
            if chain.path.parent.name != "ops":
                return append(chain, body)
            if self.records >= self.budget:
                raise Killed
            self.records += 1
            digest = append(chain, body)
            if self.records >= self.budget:
                raise Killed
            return digest

        monkeypatch.setattr(SshSession, "run", counted_run)
        monkeypatch.setattr(SshSession, "upload", counted_upload)
        monkeypatch.setattr(ChainFile, "append", killing_append)


def run_of(at: Console, plan: Plan, going: Resumption | None) -> PlanRun:
    consent = Consent(
        plan.hash,
        plan.environment,
        "the train is back",
        oldest=plan.oldest,
        ticked=frozenset(loss.key for loss in plan.losses),
    )
    run = PlanRun(
        plan,
        consent,
        sessions=at.fleet.sessions,
        gate=at.gate,
        oplog=ops(at.folder),
        audit=run_audit(at),
        kinds=kinds_of(at),
        clock=at.context.clock,
        app=at.context.app,
        going=going,
    )
    run.watch(lambda: run.go_on() if run.paused else None)
    return run


def run_audit(at: Console) -> Any:
    from tests.operations.test_resume_demo import audit

    return audit(at.folder)


def kinds_of(at: Console) -> Any:
    from tui.operations.planners import step_kinds

    return step_kinds(at.context)


def log_tells_the_truth(left: Unresolved, watch: Watch) -> None:
    """Done is what was sent; what has no word was not."""
    for index, state in enumerate(left.states):
        if state == StepState.DONE:
            assert watch.sent[index] == 1, (index, state)
        elif not state and left.step != index:
            assert watch.sent[index] == 0, (index, state)


async def killed(at: Console, plan: Plan, going: Resumption | None) -> bool:
    """Carry it out; whether it was killed on the way."""
    try:
        await asyncio.wait_for(run_of(at, plan, going).run(), 60)
    except Killed:
        was = True
    else:
        was = False
    # What the dead console held open goes with it, as with a process.
    gc.collect()
    return was


# A console that is killed closes nothing: its log is left to the collector, as to the kernel.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.soak
async def test_killed_behind_every_record_of_a_deploy(
    make_fleet: MakeFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo: DemoFleet = await make_fleet(hosts=("web1",))
    archive = tmp_path / "billing-0.3.0.tar.gz"
    write_archive(archive, "0.3.0", "A" * 52)
    before, were = starts_of(demo)["web1"], set(demo.database.applied)
    watch = Watch()
    watch.install(monkeypatch)
    async with console(demo, tmp_path) as at:
        plan = await at.plan("deploy", archive=str(archive), hosts="web1")
        watch.plan = plan
        watch.budget = 2
        kills, ahead, last = 0, 2, -1
        confirmed, going = plan, None
        while await killed(at, confirmed, going):
            kills += 1
            assert kills < 90
            found = (await open_operations(at.context, ops(tmp_path))).found
            if not found:
                # Killed behind its last word: there is nothing left to go on with.
                break
            (left,) = found
            if lock_of(demo, "web1").exists():
                assert left.op in lock_of(demo, "web1").read_text()
            seen = await look(at, left)
            assert not seen.problem, seen.problem
            assert not seen.cannot, seen.cannot
            assert not seen.open
            assert seen.left is not None
            assert seen.plan is not None
            log_tells_the_truth(seen.left, watch)
            # What it takes up is one record; a step begun again needs more than its intent.
            ahead = ahead + 1 if seen.left.next_step == last else 2
            last = seen.left.next_step
            watch.records, watch.budget = 0, ahead
            confirmed, going = seen.plan, seen.resumption
        watch.budget = 10_000
        assert (await open_operations(at.context, ops(tmp_path))).found == ()
    assert kills >= 2 * len(plan.steps), "killed behind its intent and behind its result"
    assert dict(watch.sent) == dict.fromkeys(range(len(plan.steps)), 1)
    assert starts_of(demo)["web1"] - before == 1
    migrations = [step for step in plan.steps if step.kind == "migrate_up"]
    assert len(set(demo.database.applied) - were) == len(migrations) > 0
    assert demo.machines["web1"].beam.tree.boot_version() == "0.3.0"
    assert not lock_of(demo, "web1").exists()
