"""A task under way: followed to its end over as many links as that takes, then judged.

Done is what says so itself and leaves the app's main process alone; no exit status counts.
"""

from __future__ import annotations

from tui.commands.detached import ALREADY, start_problem
from tui.commands.task import TaskAnswer, parse_task, task_mark
from tui.model.command import Outcome
from tui.model.fleet import App, Task, TaskBy
from tui.model.host import HostSnapshot
from tui.model.plan import Facts, Step, StepState
from tui.operations.context import Refresh
from tui.operations.detached import DetachedEnd, follow_detached
from tui.operations.ports import Session
from tui.operations.sight import OutOfSight, in_sight
from tui.operations.steps import Finding, Ready, Say


class TaskWork:
    """The work of one task's step; made anew for each, also for one of an earlier console."""

    step_name = ""

    def __init__(self, step: Step, session: Session, app: App, refresh: Refresh) -> None:
        self._step = step
        self._session = session
        self._app = app
        self._refresh = refresh

    def _task(self) -> Task | None:
        name = self._step.param("task")
        return next((task for task in self._app.tasks if task.name == name), None)

    async def judge(self) -> Ready:
        """The release is still the one that was shown, and a node runs where one is needed."""
        snapshot = await self._refresh(self._step.host)
        if snapshot is None:
            return Ready(refused="it could not be read right before the step")
        if self._task() is None:
            return Ready(refused=f"the configuration has no task {self._step.param('task')}")
        runs, shown = snapshot.release.runs or "", self._step.param("runs")
        if runs != shown:
            return Ready(refused=f"it runs {runs or 'nothing that is known'}, not {shown}")
        if self._step.param("by") == TaskBy.RPC and not snapshot.unit.main_pid:
            return Ready(refused="no node is running")
        return Ready(_facts(snapshot))

    async def progress(self) -> str:
        """Its start takes a moment; what it prints is told while it is followed."""
        return ""

    async def find_out(self, before: Facts, outcome: Outcome | None, say: Say) -> Finding:
        """Follow it to its end, then look at the app's main process."""
        if outcome is not None and outcome.known and outcome.exit_status != ALREADY:
            refused = start_problem(outcome)
            if refused:
                return Finding(StepState.FAILED, f"not begun: {refused}")
        end = await follow_detached(
            self._session, self._app, self.step_name, self._step.limit_s, say
        )
        say(StepState.VERIFYING, "reading the main process")
        try:
            after = await in_sight(self._session, self._look, say)
        except OutOfSight:
            return Finding(StepState.UNKNOWN, "the host was not seen again", open=True)
        task = self._task()
        answer = parse_task(end.output, task_mark(task)) if task is not None else TaskAnswer()
        return self._judged(answer, end, dict(before), after)

    async def _look(self) -> HostSnapshot | None:
        return await self._refresh(self._step.host)

    def _judged(
        self, answer: TaskAnswer, end: DetachedEnd, before: dict[str, str], after: HostSnapshot
    ) -> Finding:
        facts = _facts(after)
        node = _node_words(before, after, self._app)
        if answer.failed:
            detail = "; ".join(filter(None, (f"it failed: {answer.failed}", node)))
            return Finding(StepState.FAILED, detail, facts=facts)
        if not answer.ended:
            told = "\n".join((end.detail or "no status", *answer.log[-4:]))
            if end.lost:
                # By rpc the node may still be at it, and a VM of its own may be past its limit.
                detail = f"whether it came to its end is not known: {told}"
                return Finding(StepState.UNKNOWN, detail, open=True, facts=facts)
            begun = "it did not come to its end" if answer.began else "it was not begun"
            detail = "; ".join(filter(None, (f"{begun}: {told}", node)))
            return Finding(StepState.FAILED, detail, facts=facts)
        if node:
            return Finding(StepState.FAILED, f"it came to its end, but {node}", facts=facts)
        return Finding(StepState.DONE, f"it came to its end: {answer.value or ':ok'}", facts=facts)


def _facts(snapshot: HostSnapshot) -> Facts:
    unit = snapshot.unit
    return (("pid", str(unit.main_pid or "")), ("invocation", unit.invocation_id))


def _node_words(before: dict[str, str], after: HostSnapshot, app: App) -> str:
    """What became of the main process meanwhile; empty if it is the same."""
    unit = after.unit
    was, now_is = before.get("pid", ""), str(unit.main_pid or "")
    if was == now_is:
        return ""
    if not now_is:
        return f"{app.name} is {unit.word} now, its main process {was} is gone: start it"
    return f"its main process is {now_is} now, and was {was or 'none'} before"
