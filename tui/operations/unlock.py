"""Clear a lock whose operation shows no sign of life: an explicit plan, against the policy.

Never one with a step at work on its host, never a young one: what is not certainly over is
waited for, or asked about.
"""

from __future__ import annotations

from tui.commands.lock import LIMIT_S, unlock_command
from tui.model.lock import STALE_S, Holder, LockSeen
from tui.model.plan import Facts, Plan, PlanRefused, Step, Tier
from tui.operations.context import PlanContext
from tui.operations.lock import lock_facts, read_locks
from tui.operations.lock_work import LockWork
from tui.operations.planners import hosts_of, hosts_param
from tui.operations.ports import Session
from tui.operations.steps import StepKind, StepWork

KIND = "unlock"
CLEAR = "clear_lock"


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How a lock is cleared."""

    def work(step: Step, session: Session, _facts: Facts) -> StepWork:
        return LockWork(step, session, context.app)

    return {CLEAR: work}


async def build(context: PlanContext, params: Facts) -> Plan:
    """The plan to clear the locks of the hosts named in `params`, else of all that are held.

    PlanRefused if none is held, or one may still be somebody's at work.
    """
    asked = hosts_of(params)
    seen = await read_locks(context, asked or context.hosts)
    held = {host: lock for host, lock in seen.items() if lock.holder is not None}
    problems = [lock.sentence for lock in seen.values() if lock.problem and lock.host in asked]
    problems += [text for text in map(_problem, held.values()) if text]
    if not held and not problems:
        unread = [lock.sentence for lock in seen.values() if lock.problem]
        problems = ["no lock is held", *unread]
    if problems:
        raise PlanRefused("\n".join(problems))
    holders = [lock.holder for lock in held.values() if lock.holder is not None]
    owners = "; ".join(dict.fromkeys(holder.sentence for holder in holders))
    return Plan(
        kind=KIND,
        title=f"clear the lock of {context.app.name} on {', '.join(held)}",
        environment=context.environment.name,
        production=context.environment.production,
        app=context.app.name,
        tier=Tier.POLICY,
        steps=tuple(
            _step(context, host, lock.holder) for host, lock in held.items() if lock.holder
        ),
        facts=lock_facts(held),
        undo="a lock that is gone is not put back; its operation cannot go on as if it held it",
        params=(hosts_param(tuple(held)),),
        policy=f"somebody else's lock: {owners}",
    )


def _problem(lock: LockSeen) -> str:
    if lock.live:
        return f"{lock.sentence}; it is not cleared while that goes on"
    if not lock.stale:
        return f"{lock.sentence}; a lock is cleared when it is {STALE_S / 60:g} minutes old"
    return ""


def _step(context: PlanContext, host: str, holder: Holder) -> Step:
    return Step(
        kind=CLEAR,
        host=host,
        what=f"clear the lock of {context.app.name}",
        why=f"held by {holder.sentence}; none of its steps is at work there",
        command=unlock_command(context.app, holder.op),
        precondition="it is still that operation's, and none of its steps is at work",
        verification="the lock is gone",
        undo="none",
        limit_s=LIMIT_S,
        params=(("op", holder.op),),
    )
