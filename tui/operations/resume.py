"""Look at an operation that no record ends, to go on with it: its copies, its truth, its locks.

Reads only. What is decided on it is a `Resumption`, carried out by the runner under a new consent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tui.model.lock import UNLOCK
from tui.model.operation import Unresolved, Worker
from tui.model.plan import Facts, Plan, StepState, Tier
from tui.model.words import counted, duration, stamp
from tui.operations.audit_log import operator_facts
from tui.operations.context import PlanContext
from tui.operations.found_copies import authority
from tui.operations.lock import read_locks
from tui.operations.oplog import OpLog
from tui.operations.records import Resumption
from tui.operations.resolve import truth
from tui.operations.steps import Finding, Say, StepKind

LATELY_S = 600.0
"""Seconds since its last record within which an operation's console may well be at work."""


@dataclass(frozen=True, slots=True)
class Look:
    """How an operation stands by its copies and its host.

    `left` is by the copy that counts (`content`), None if that has an end; `finding` is the truth
    of the step that was under way, None if nothing was. `problem` says why nothing can be done
    with it, `cannot` why it can only be ended where it stands; `notes` are worth knowing before.
    """

    left: Unresolved | None
    content: bytes = b""
    finding: Finding | None = None
    takes_over: bool = False
    problem: str = ""
    cannot: str = ""
    notes: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it is still not known what became of the step that was under way."""
        return self.finding is not None and self.finding.open

    @property
    def plan(self) -> Plan | None:
        """The plan as it is confirmed again: taking over from somebody else breaks a policy."""
        plan = self.left.plan if self.left else None
        if plan is None or self.left is None or not self.takes_over:
            return plan
        policy = f"it takes over the operation of {self.left.worker.words}"
        told = "; ".join(text for text in (plan.policy, policy) if text)
        return replace(plan, tier=Tier.POLICY, policy=told)

    @property
    def resumption(self) -> Resumption:
        """What the runner is told; RuntimeError if there is nothing to go on with."""
        if self.left is None:
            raise RuntimeError("the operation has its end")
        event = "takeover" if self.takes_over else "resumed"
        found = f"{self.finding.state}: {self.finding.detail}" if self.finding else ""
        if self.takes_over:
            found = f"from {self.left.worker.words}; {found}".removesuffix("; ")
        return Resumption(self.left, self.content, event, self.finding, found)


async def look_at(
    context: PlanContext, left: Unresolved, oplog: OpLog, kinds: Mapping[str, StepKind], say: Say
) -> Look:
    """Read an operation's copies, the truth of its step under way and its locks."""
    if left.held:
        return Look(left, problem="a console on this machine works on it now")
    hosts = left.plan.hosts if left.plan else context.hosts
    told = await authority(context, left.op, (*hosts, *left.found_on), oplog)
    chosen = told.chosen
    if chosen.problem:
        return Look(left, problem=chosen.problem)
    if told.left is None:
        return Look(None, chosen.content, notes=("it has its end by now",))
    left = told.left
    if (left.environment, left.app) != (context.environment.name, context.app.name):
        return Look(left, problem=f"it belongs to {left.environment}/{left.app}")
    finding = await truth(left, context.sessions.get(left.host), kinds, say)
    known = left if finding is None or finding.open else _with(left, finding)
    takes_over = not known.worker.same(_me())
    notes = _notes(known, takes_over, told.unread, context.clock())
    look = Look(known, chosen.content, finding, takes_over, notes=notes)
    if look.open:
        return look
    barred = (
        await _locks_gone(context, known) or (takes_over and _strangers(known, told.vouching)) or ""
    )
    return replace(look, cannot=known.goes_on or barred)


def _with(left: Unresolved, finding: Finding) -> Unresolved:
    """The operation with the truth of its step under way, as it will be written down."""
    state = str(finding.state)
    states = tuple(state if i == left.step else s for i, s in enumerate(left.states))
    return replace(left, state=state, states=states)


def _me() -> Worker:
    who = operator_facts()
    return Worker(str(who["os_user"]), str(who["client_host"]))


def _notes(left: Unresolved, takes_over: bool, unread: Facts, now: float) -> tuple[str, ...]:
    found: list[str] = []
    ago_s = now - left.last_at
    if takes_over and ago_s < LATELY_S:
        found.append(
            f"{left.worker.words} wrote its last record {duration(max(0.0, ago_s))} ago: "
            "ask first, that console may be at work"
        )
    for host, why in unread:
        found.append(f"{host}: its copy cannot be read: {why}")
    return tuple(found)


async def _locks_gone(context: PlanContext, left: Unresolved) -> str:
    """Which of its locks is no longer its own, in a sentence; empty if all are."""
    locks = await read_locks(context, left.locked)
    for host, lock in locks.items():
        if lock.word != f"held by {left.op}":
            return f"{host}'s lock is no longer its own: {lock.sentence or 'it is free'}"
    return ""


def _strangers(left: Unresolved, vouching: frozenset[str]) -> str:
    """The hosts that something is left to do on, and that hold no copy of the plan.

    A copy on one host must not say what is done on another: each vouches for itself.
    """
    steps = left.plan.steps[left.next_step :] if left.plan else ()
    strange = [host for host in dict.fromkeys(s.host for s in steps) if host not in vouching]
    return f"{', '.join(strange)} holds no copy of it: make a new plan there" if strange else ""


@dataclass(frozen=True, slots=True)
class Again:
    """How the plan of an operation is confirmed once more: only what would be done now.

    `title` is what `y` does; `lines` say how it stands; `steps` (0-based) are still to come.
    """

    title: str
    head: str
    lines: tuple[str, ...]
    steps: frozenset[int]


def words_of(look: Look) -> tuple[str, ...]:
    """What is known of it, in sentences: who, since when, which step, what is done."""
    left = look.left
    if left is None:
        return look.notes
    lines = [f"begun by {left.worker.words} at {stamp(left.began_at)}"]
    if left.step is not None:
        told = f"step {left.step + 1} of {left.steps}: {left.host}: {left.what}"
        if look.finding is not None:
            told += f": {look.finding.state}: {look.finding.detail}"
        elif left.state:
            told += f": {left.state}"
        lines.append(told)
    lines.append(left.standing)
    if left.locked:
        lines.append(f"locked by it: {', '.join(left.locked)}")
    return (*lines, *look.notes)


def ways(look: Look) -> tuple[tuple[str, str], ...]:
    """The answers that are possible (on, stop, again) and what each does."""
    left = look.left
    if look.problem or left is None:
        return (("again", "look again"),)
    if look.open:
        return (("again", "ask the host again; until it is known nothing can be done with it"),)
    gives_back = f"give back its locks ({', '.join(left.locked)}) and " if left.locked else ""
    stop = ("stop", f"{gives_back}end it where it stands")
    if look.cannot or left.plan is None:
        return (stop,)
    return (("on", _on_words(left)), stop)


def _on_words(left: Unresolved) -> str:
    steps = left.plan.steps if left.plan else ()
    if left.next_step >= len(steps):
        return "write down that it is done: every step is"
    step, number = steps[left.next_step], left.next_step + 1
    told = f"step {number} of {len(steps)}, {step.host}: {step.what}"
    if left.states[left.next_step]:
        return f"do {told} once more (it is {left.states[left.next_step]}), and what comes after"
    return f"go on with {told}; what is done is not done again"


def shown_again(look: Look, plan: Plan) -> Again:
    """What the confirmation says of a plan that is gone on with: done, and from where on."""
    left = look.left
    states = left.states if left else ()
    done = frozenset(i for i, state in enumerate(states) if state == StepState.DONE)
    count = f"{counted(len(done), 'step')} of {len(plan.steps)}"
    to_come = frozenset(range(len(plan.steps))) - done
    return Again(
        f"go on: {plan.title}",
        f"{counted(len(to_come), 'step')} to come, each verified",
        (f"{count} done already; none of them is sent again", _on_words(left), *look.notes)
        if left
        else (),
        to_come,
    )


def shown_end(look: Look, plan: Plan) -> Again:
    """What the confirmation says of a plan that is ended where it stands: its locks go back."""
    left = look.left
    locked = left.locked if left else ()
    back = frozenset(
        i for i, step in enumerate(plan.steps) if step.kind == UNLOCK and step.host in locked
    )
    return Again(
        f"end here: {plan.title}",
        "no step is begun; locks are given back",
        (f"ends here: {left.standing}", *look.notes) if left else (),
        back,
    )
