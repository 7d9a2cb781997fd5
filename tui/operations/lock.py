"""One operation at a time per app: a lock on every host concerned, taken in a fixed order.

`with_locks` puts a plan under them; the runner gives back what it took when a plan ends early.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tui.commands.lock import LIMIT_S, lock_command, unlock_command
from tui.errors import BeamdeckError
from tui.model.lock import LOCK, UNLOCK, LockSeen
from tui.model.plan import Facts, Plan, PlanRefused, Step, Verdict, VerdictKind
from tui.operations.context import PlanContext
from tui.operations.lock_work import LockWork, look_at_lock
from tui.operations.ports import Session
from tui.operations.rights import read_owner_rights
from tui.operations.steps import StepKind, StepWork


def kinds(context: PlanContext) -> dict[str, StepKind]:
    """How locks are taken and given back."""

    def work(step: Step, session: Session, _facts: Facts) -> StepWork:
        return LockWork(step, session, context.app)

    return {LOCK: work, UNLOCK: work}


def lock_steps(context: PlanContext, hosts: Sequence[str], why: str) -> tuple[Step, ...]:
    """A step a host that takes its lock to do `why`, sorted by host: nobody waits in a circle."""
    app = context.app
    return tuple(
        Step(
            kind=LOCK,
            host=host,
            what=f"lock {app.name}",
            why="one operation at a time; whoever comes next is told of this one",
            command=lock_command(app, why),
            precondition="nobody else holds it",
            verification="the lock names this operation",
            undo="it is given back when the plan ends",
            limit_s=LIMIT_S,
        )
        for host in sorted(set(hosts))
    )


def unlock_steps(context: PlanContext, hosts: Sequence[str]) -> tuple[Step, ...]:
    """A step a host that gives its lock back, sorted by host."""
    app = context.app
    return tuple(
        Step(
            kind=UNLOCK,
            host=host,
            what=f"unlock {app.name}",
            why="the operation is over here",
            command=unlock_command(app),
            precondition="it is this operation's",
            verification="the lock is gone",
            undo="none is needed",
            limit_s=LIMIT_S,
        )
        for host in sorted(set(hosts))
    )


async def read_locks(context: PlanContext, hosts: Sequence[str]) -> dict[str, LockSeen]:
    """The lock of each host, all at once; what cannot be read says why."""

    async def look(host: str) -> LockSeen:
        session = context.sessions.get(host)
        if session is None:
            return LockSeen(host, problem="it is not a host of this environment")
        try:
            return await look_at_lock(session, context.app)
        except BeamdeckError as error:
            return LockSeen(host, problem=error.detail)

    names = sorted(set(hosts))
    return dict(zip(names, await asyncio.gather(*map(look, names)), strict=True))


def lock_facts(seen: Mapping[str, LockSeen]) -> Facts:
    """How the locks stand, as facts that a plan rests on."""
    return tuple((f"{host} lock", seen[host].word) for host in sorted(seen))


def lock_problems(seen: Mapping[str, LockSeen]) -> list[str]:
    """Who stands in the way, a sentence a host, with how to go on; empty if nobody does."""
    found: list[str] = []
    for lock in seen.values():
        if lock.holder is not None:
            found.append(f"{lock.sentence}; {_way_on(lock)}")
        elif lock.problem:
            found.append(lock.sentence)
    return found


def _way_on(lock: LockSeen) -> str:
    """What to do about a lock that is held: a dead console's is not ended by waiting."""
    if lock.live:
        return "wait for its end"
    taken_up = "go on with it or end it by O (beamdeck operations)"
    if lock.stale:
        return f"{taken_up}, or clear it (beamdeck plan unlock)"
    return f"wait for its end; if its console is gone, {taken_up}"


async def with_locks(context: PlanContext, plan: Plan, *, or_without: bool = False) -> Plan:
    """The plan between taking and giving back the locks of its hosts, read freshly.

    PlanRefused if somebody holds one, with who and why, or if one cannot be taken; the app's other
    hosts are asked too, since releases and the schema are the fleet's. With `or_without`, for what
    concerns a host alone, they are not, and where the SSH user may keep no lock, or its disk is
    full, that host goes without one, and a verdict says so: in an incident a full disk must not
    forbid the restart that mends it.
    """
    seen = await read_locks(context, plan.hosts)
    lacking = await _lacking(context, [lock for lock in seen.values() if lock.barred])
    lacking |= {host: lock.cramped for host, lock in seen.items() if lock.cramped}
    taken = {host: lock for host, lock in seen.items() if host not in lacking}
    problems = lock_problems(taken)
    if not or_without:
        problems += [f"{host}: {text}" for host, text in lacking.items()]
        problems += await _held_elsewhere(context, plan)
    if problems:
        raise PlanRefused("\n".join(problems))
    without = tuple(
        Verdict(VerdictKind.WARN, "lock", _without_words(host, text))
        for host, text in lacking.items()
    )
    facts = (
        *plan.facts,
        *lock_facts(taken),
        *((f"{host} lock", "none is kept") for host in lacking),
    )
    return replace(
        plan,
        steps=(
            *lock_steps(context, tuple(taken), plan.title),
            *plan.steps,
            *unlock_steps(context, tuple(taken)),
        ),
        facts=tuple(sorted(facts)),
        verdicts=(*plan.verdicts, *without),
    )


async def _held_elsewhere(context: PlanContext, plan: Plan) -> list[str]:
    """Who changes the app on hosts that are not of the plan; one that does not answer is no no."""
    concerned = {*plan.hosts, *plan.left_out}
    seen = await read_locks(context, [host for host in context.hosts if host not in concerned])
    return lock_problems({host: lock for host, lock in seen.items() if lock.holder is not None})


async def _lacking(context: PlanContext, barred: Sequence[LockSeen]) -> dict[str, str]:
    """Why no lock can be kept on each host, with the line that would allow it."""
    rights = await read_owner_rights(context, [lock.host for lock in barred])
    found: dict[str, str] = {}
    for lock in barred:
        line = rights[lock.host].line
        how = f". What visudo there would have to add:\n  {line}" if line else ""
        found[lock.host] = lock.problem + how
    return found


def _without_words(host: str, why: str) -> str:
    return f"{host} goes without a lock, and nobody else's can be seen: {why}"
