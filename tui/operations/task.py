"""A task of the app's configuration as a plan of one step: an expression, detached, on one host."""

from __future__ import annotations

import hashlib

from tui.commands.detached import START_S, detached_command
from tui.commands.release_call import (
    EVAL_DETACHED_TEXT,
    RPC_TEXT,
    CannotCall,
    eval_words,
    rpc_words,
)
from tui.commands.task import task_expression, task_problem
from tui.model.command import Command
from tui.model.fleet import App, Task, TaskBy
from tui.model.host import HostSnapshot
from tui.model.plan import Facts, Loss, Plan, PlanRefused, Step, Tier, Verdict, VerdictKind
from tui.operations.context import PlanContext
from tui.operations.lock import with_locks
from tui.operations.planners import hosts_of, hosts_param
from tui.operations.ports import Session
from tui.operations.rights import refusals, rights_for, with_survival
from tui.operations.steps import StepKind, StepWork
from tui.operations.task_work import TaskWork

KIND = "task"


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan to run the task that `params` name on the one host that they name."""
    task = _task(context.app, dict(params).get("task", ""))
    host = _host(context, hosts_of(params))
    problem = task_problem(task)
    if problem:
        raise PlanRefused(f"{task.name} is not run: {problem}")
    snapshot = await context.refresh(host)
    if snapshot is None:
        raise PlanRefused(f"{host}: it could not be read")
    if task.by is TaskBy.RPC and not snapshot.unit.main_pid:
        raise PlanRefused(f"{host}: no node is running, and {task.name} runs in the node")
    lacking = refusals(await rights_for(context, KIND, (host,)))
    if lacking:
        raise PlanRefused("\n".join(lacking))
    try:
        step = _step(context.app, task, snapshot)
    except CannotCall as error:
        raise PlanRefused(f"{host}: {error.detail}") from None
    plan = await with_locks(context, _plan(context, task, snapshot, step))
    return await with_survival(context, plan)


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How a task is carried out."""

    def work(step: Step, session: Session, _facts: Facts) -> StepWork:
        return TaskWork(step, session, context.app, context.refresh)

    return {KIND: work}


def _task(app: App, name: str) -> Task:
    found = next((task for task in app.tasks if task.name == name), None)
    if found is None:
        known = ", ".join(task.name for task in app.tasks) or "none"
        raise PlanRefused(f"{app.name} has no task {name!r}; the configuration has {known}")
    return found


def _host(context: PlanContext, hosts: tuple[str, ...]) -> str:
    names = hosts or (context.migration_host,)
    if len(names) != 1:
        raise PlanRefused(f"a task runs on one host, not on {', '.join(names)}")
    (host,) = names
    session = context.sessions.get(host)
    if host not in context.hosts or session is None:
        raise PlanRefused(f"{host or 'no host'} does not run {context.app.name}")
    if not session.link.usable:
        raise PlanRefused(f"{host}: {session.link.state}")
    return host


def _plan(context: PlanContext, task: Task, snapshot: HostSnapshot, step: Step) -> Plan:
    environment, host = context.environment, snapshot.host
    tier = max(Tier(task.tier), Tier.PRODUCTION if environment.production else Tier.REVERSIBLE)
    what = "the configuration says that it loses data; what, this console cannot tell"
    release = snapshot.release
    return Plan(
        kind=KIND,
        title=f"run {task.name} of {context.app.name} on {host}",
        environment=environment.name,
        production=environment.production,
        app=context.app.name,
        tier=tier,
        steps=(step,),
        facts=tuple(
            sorted(
                (
                    (f"{host} runs", release.runs or ""),
                    (f"{host} boots", release.boots or ""),
                    ("task", hashlib.sha256(task.expression.encode()).hexdigest()),
                )
            )
        ),
        verdicts=(
            Verdict(
                VerdictKind.WARN,
                "task",
                f"what it does is the app's own: {task.expression}",
            ),
        ),
        undo="none that this console knows of",
        params=(("task", task.name), hosts_param((host,))),
        losses=(Loss(task.name, what),) if tier is Tier.DATA_LOSS else (),
    )


def _step(app: App, task: Task, snapshot: HostSnapshot) -> Step:
    way = "in the running node" if task.by is TaskBy.RPC else "in a VM of its own"
    return Step(
        kind=KIND,
        host=snapshot.host,
        what=f"run {task.name}",
        why=f"a task of the configuration, {way}; it outlives the link",
        command=_command(app, task, snapshot),
        precondition="the release is the one that was shown",
        verification="it came to its end and raised nothing; the main process is the same after it",
        undo="none",
        limit_s=task.limit_s + START_S,
        params=(("task", task.name), ("by", task.by.value), ("runs", snapshot.release.runs or "")),
    )


def _command(app: App, task: Task, snapshot: HostSnapshot) -> Command:
    release, text = snapshot.release, task_expression(app, task)
    if task.by is TaskBy.RPC:
        inner, words = RPC_TEXT, rpc_words(app, release, text)
    else:
        # The code that runs now, not one that a deploy has put in place but nobody started.
        inner = EVAL_DETACHED_TEXT
        words = eval_words(app, release, text, release.runs or release.boots or "")
    by_eval = task.by is TaskBy.EVAL
    return detached_command(app, inner, words, limit_s=task.limit_s, environment=by_eval)
