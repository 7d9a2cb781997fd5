"""A console as a process of its own that deploys or rolls back and is killed on the way.

Run with a folder: `job.pickle` in it is a Job. It takes up the open operation of that folder, or
plans and begins one; it prints what it found as one line of JSON and is killed by SIGKILL where
the job says, or ends with what became of the plan.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.operations.plan_console import PlanConsole, plan_console
from tui.model.consent import Consent
from tui.model.fleet import Environment, Limits
from tui.model.plan import Plan, StepEvent, StepState
from tui.operations.audit_log import AuditLog
from tui.operations.open_operations import open_operations
from tui.operations.oplog import OpLog
from tui.operations.plan_run import PlanRun
from tui.operations.planners import step_kinds
from tui.operations.records import Resumption
from tui.operations.resume import look_at
from tui.ssh.session import SshSession

MIDDLE_S = 0.15
"""Seconds after a command was sent: it is at work on the host."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a console does: the archive to deploy, the step (from 0) to be killed at, and when.

    A `kind` of `rollback` goes back to `version` instead, and needs no archive.
    `moment` is `after` its result is written, `middle` while it is at work, or `never`.
    """

    environment: Environment
    archive: str
    step: int
    moment: str
    kind: str = "deploy"
    version: str = ""

    @property
    def params(self) -> dict[str, str]:
        """What the plan is asked for."""
        if self.kind == "rollback":
            return {"version": self.version}
        return {"archive": self.archive}


def die() -> None:
    """SIGKILL: nothing of this process runs after it."""
    os.kill(os.getpid(), signal.SIGKILL)


def say(**words: Any) -> None:
    print(json.dumps(words), flush=True)


def consent_of(plan: Plan) -> Consent:
    ticked = frozenset(loss.key for loss in plan.losses)
    return Consent(plan.hash, plan.environment, "the train is back", plan.oldest, ticked)


def dies_in_upload() -> None:
    """The next upload is killed behind its first third."""
    real = SshSession.upload

    async def upload(
        self: SshSession,
        local: Path,
        remote: str,
        offset: int,
        progress: Callable[[int], None],
        grant: Any,
    ) -> Any:
        third = local.stat().st_size // 3  # noqa: ASYNC240 - a test's own file

        def counted(count: int) -> None:
            progress(count)
            if count >= third:
                die()

        return await real(self, local, remote, offset, counted, grant)

    SshSession.upload = upload  # type: ignore[method-assign]


def watch(run: PlanRun, job: Job) -> None:
    """Kill this process at the job's step and moment."""
    loop = asyncio.get_running_loop()

    def look() -> None:
        if run.paused:
            run.go_on()
        mine = [e for e in run.events if isinstance(e, StepEvent) and e.index == job.step]
        if not mine:
            return
        if job.moment == "after" and mine[-1].state is StepState.DONE:
            die()
        command = run.plan.steps[job.step].command
        if job.moment == "middle" and mine[-1].detail == "sent":
            if command is None:
                dies_in_upload()
            else:
                loop.call_later(MIDDLE_S, die)

    run.watch(look)


async def taken_up(at: PlanConsole, ops: OpLog) -> tuple[Plan, Resumption | None]:
    """The open operation as it was found and judged; a new plan if there is none."""
    found = (await open_operations(at.context, ops)).found
    if not found:
        job = job_of(at.folder)
        return await at.plan(job.kind, **job.params), None
    seen = await look_at(at.context, found[0], ops, step_kinds(at.context), lambda *_: None)
    truth = seen.finding
    say(
        found=[left.op for left in found],
        copies=list(found[0].found_on),
        locked=list(seen.left.locked) if seen.left else [],
        state=str(truth.state) if truth else "",
        detail=truth.detail if truth else "",
        problem=seen.problem or seen.cannot,
    )
    if seen.plan is None:
        raise RuntimeError("no plan to go on with")
    return seen.plan, seen.resumption


def job_of(folder: Path) -> Job:
    job = pickle.loads((folder / "job.pickle").read_bytes())
    if not isinstance(job, Job):
        raise TypeError("no job")
    return job


async def work(folder: Path) -> None:
    """Plan or take up, carry out, die or end."""
    job = job_of(folder)
    async with plan_console(
        job.environment, job.environment.apps[0], folder, limits=Limits()
    ) as at:
        ops = OpLog(folder / "ops", time.time)
        plan, going = await taken_up(at, ops)
        say(steps=[[s.kind, s.host, s.what] for s in plan.steps])
        run = PlanRun(
            plan,
            consent_of(plan),
            sessions=at.fleet.sessions,
            gate=at.gate,
            oplog=ops,
            audit=AuditLog(at.audit_path, time.time),
            kinds=step_kinds(at.context),
            clock=time.time,
            app=at.context.app,
            going=going,
        )
        watch(run, job)
        await run.run()
        say(ok=run.ended is not None and run.ended.ok, summary=run.ended and run.ended.summary)


if __name__ == "__main__":
    from tests.operations import killed_console

    # By its name: a job is of the module that the test has, not of __main__.
    asyncio.run(killed_console.work(Path(sys.argv[1])))
