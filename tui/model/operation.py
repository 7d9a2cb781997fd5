"""An operation as its records tell it: what was asked for, how each step stands, who was at it.

Pure: records in, values out. A record may come from a host; what is read of it is only text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.model.audit import check_chain, parse_line
from tui.model.lock import LOCK, UNLOCK
from tui.model.plan import Facts, Plan, StepState
from tui.model.plan_record import PlanUnreadable, read_record
from tui.model.redact import from_host
from tui.model.words import stamp

WHOLE = "whole"
"""The event of the record that holds the whole plan."""

BEGINNERS = ("plan", "resumed", "takeover")
"""Events that say who works on the operation from there on."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Who works on an operation: an OS user on a machine, and since when (Unix seconds)."""

    user: str = ""
    client_host: str = ""
    at: float = 0.0

    @property
    def words(self) -> str:
        """Who and from where."""
        return f"{self.user or 'nobody knows who'} on {self.client_host or 'an unknown machine'}"

    def same(self, other: Worker) -> bool:
        """Whether both are the same user on the same machine."""
        return (self.user, self.client_host) == (other.user, other.client_host)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An operation that no record ends. `step` is the last one that was begun, None if none was;
    `state` is what was found out about it, empty for nothing.

    `states` is how each step stands (empty: not begun), `plan` the whole plan if it was kept,
    `not_whole` why it cannot be gone on with. `before` are the facts read right before that step;
    `began_at` and `last_at` are Unix seconds; `held` says that a console on this machine works on
    it now; `found_on` are hosts that hold a copy; `problem` that its records cannot be trusted.
    """

    op: str
    path: Path
    title: str = ""
    kind: str = ""
    environment: str = ""
    app: str = ""
    began_at: float = 0.0
    step: int | None = None
    step_kind: str = ""
    host: str = ""
    what: str = ""
    state: str = ""
    before: Facts = ()
    plan_facts: Facts = ()
    steps: int = 0
    limit_s: float = 0.0
    held: bool = False
    problem: str = ""
    plan: Plan | None = None
    not_whole: str = ""
    states: tuple[str, ...] = ()
    last_at: float = 0.0
    worker: Worker = Worker()
    found_on: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """One line for the start of the console."""
        if self.problem:
            return f"operation {self.op}: its log cannot be read ({self.problem})"
        when = f"{self.title} ({self.environment}, {stamp(self.began_at)})"
        if self.held:
            return f"under way in another console: {when}"
        if self.step is None:
            return f"unresolved: {when}: no step was begun"
        if not self.open:
            return (
                f"unresolved: {when}: step {self.step + 1} of {self.steps}, {self.what}, is "
                f"{self.state}; what came after it was not begun"
            )
        return (
            f"unresolved: {when}: step {self.step + 1} of {self.steps}, {self.what}, was begun "
            "and its end is not known: look at the host"
        )

    @property
    def open(self) -> bool:
        """Whether the truth of the step that was begun last is not known."""
        return self.step is not None and self.state in ("", str(StepState.UNKNOWN))

    @property
    def next_step(self) -> int:
        """The first step (0-based) that is not done; as many as there are if all are."""
        done = str(StepState.DONE)
        return next((i for i, s in enumerate(self.states) if s != done), self.steps)

    @property
    def locked(self) -> tuple[str, ...]:
        """The hosts whose lock it took and did not give back, as far as its records know."""
        held: dict[str, None] = {}
        for step, state in zip(self.plan.steps if self.plan else (), self.states, strict=False):
            if state == StepState.DONE and step.kind == LOCK:
                held[step.host] = None
            elif state == StepState.DONE and step.kind == UNLOCK:
                held.pop(step.host, None)
        return tuple(held)

    @property
    def goes_on(self) -> str:
        """Why it cannot be gone on with, a sentence; empty if it can."""
        if self.problem:
            return f"its log cannot be trusted: {self.problem}"
        if self.held:
            return "another console on this machine works on it"
        if self.plan is None or self.not_whole:
            return self.not_whole or "its log does not hold the whole plan"
        if self.open:
            return "it is not known what became of the step that was under way"
        early = next((s for s in range(self.next_step, self.steps) if self._given_back(s)), None)
        if early is not None:
            return "it gave back locks already: it was about to end"
        return ""

    def _given_back(self, index: int) -> bool:
        step = self.plan.steps[index] if self.plan else None
        return step is not None and step.kind == UNLOCK and self.states[index] == StepState.DONE

    @property
    def standing(self) -> str:
        """What is done and what is not, host by host, in one sentence for people."""
        done: list[str] = []
        left: list[str] = []
        for step, state in zip(self.plan.steps if self.plan else (), self.states, strict=False):
            if step.kind in (LOCK, UNLOCK):
                continue
            told = f"{step.host}: {step.what}"
            if state == StepState.DONE:
                done.append(told)
            else:
                left.append(f"{told} ({state})" if state else told)
        parts = [f"done: {', '.join(done)}" if done else "nothing of it is done"]
        if left:
            parts.append(f"not done: {', '.join(left)}")
        return "; ".join(parts)


def whole_lines(content: bytes) -> list[bytes]:
    """The lines of a log, newlines included; a torn last one was never there."""
    return [line + b"\n" for line in content.split(b"\n")[:-1]]


def read_content(op: str, path: Path, content: bytes, *, held: bool = False) -> Unresolved | None:
    """The operation of a log's bytes if it is unresolved, None if it has its end or is empty."""
    lines = whole_lines(content)
    if not lines:
        # Nothing was written, so nothing was sent.
        return None
    problem = check_chain(lines)
    if problem:
        return Unresolved(op, path, held=held, problem=problem)
    records = [parse_line(line.rstrip(b"\n")) for line in lines]
    if records[0].get("op") != op:
        return Unresolved(op, path, held=held, problem="it is another operation's")
    if any(record.get("event") == "end" for record in records):
        return None
    return of_records(op, path, records, held)


def of_records(
    op: str, path: Path, records: Sequence[Mapping[str, object]], held: bool = False
) -> Unresolved:
    """The operation that these records tell of, the first one being its plan's."""
    plan = records[0]
    begun = [record for record in records if record.get("event") == "intent"]
    last: Mapping[str, object] = begun[-1] if begun else {}
    steps = plan.get("steps")
    steps = steps if isinstance(steps, list) else []
    index = last.get("step")
    index = index if isinstance(index, int) and 0 <= index < len(steps) else None
    step = steps[index] if index is not None and isinstance(steps[index], dict) else {}
    states = _states(records, len(steps))
    whole, not_whole = _whole_plan(records, str(plan.get("plan_hash", "")), len(steps))
    state = states[index] if index is not None else ""
    return Unresolved(
        op=op,
        path=path,
        title=text_of(plan.get("title")),
        kind=text_of(plan.get("kind")),
        environment=text_of(plan.get("environment")),
        app=text_of(plan.get("app")),
        began_at=_number(plan.get("at")),
        step=index,
        step_kind=text_of(step.get("kind")),
        host=text_of(step.get("host")),
        what=text_of(step.get("what")),
        state="" if state == StepState.RUNNING else state,
        before=_facts(last.get("before")),
        plan_facts=_facts(plan.get("facts")),
        steps=len(steps),
        limit_s=_number(step.get("limit_s")),
        held=held,
        plan=whole,
        not_whole=not_whole,
        states=states,
        last_at=_number(records[-1].get("at")),
        worker=worker_of(records),
    )


def _states(records: Sequence[Mapping[str, object]], count: int) -> tuple[str, ...]:
    """How each step stands by the records: begun and nothing more is `running`."""
    states = [""] * count
    for record in records:
        index = record.get("step")
        if not isinstance(index, int) or not 0 <= index < count:
            continue
        if record.get("event") == "intent":
            states[index] = str(StepState.RUNNING)
        elif record.get("event") == "result":
            states[index] = _state(record.get("state"))
    return tuple(states)


def _state(value: object) -> str:
    try:
        return str(StepState(str(value)))
    except ValueError:
        return str(StepState.UNKNOWN)


def _whole_plan(
    records: Sequence[Mapping[str, object]], plan_hash: str, steps: int
) -> tuple[Plan | None, str]:
    values = next((r.get("plan") for r in records if r.get("event") == WHOLE), None)
    if not isinstance(values, dict):
        return None, "it was begun by a console that did not write the whole plan down"
    try:
        plan, gaps = read_record(values)
    except PlanUnreadable as error:
        return None, f"the plan in its log cannot be read: {error}"
    if len(plan.steps) != steps:
        return None, "the plan in its log is not the one that was begun"
    if gaps:
        return plan, f"step {gaps[0][0] + 1} cannot be gone on with: {gaps[0][1]}"
    if plan.hash != plan_hash:
        return plan, "the plan in its log is not the one that was consented to"
    return plan, ""


def worker_of(records: Sequence[Mapping[str, object]]) -> Worker:
    """Who began it, or went on with it last."""
    said = [record for record in records if record.get("event") in BEGINNERS]
    last: Mapping[str, object] = said[-1] if said else {}
    return Worker(
        text_of(last.get("os_user")), text_of(last.get("client_host")), _number(last.get("at"))
    )


def text_of(value: object) -> str:
    """A record's value as text of one line that may be shown; empty if it is none."""
    return from_host(value, limit=2000).replace("\n", " ") if isinstance(value, str) else ""


def _facts(value: object) -> Facts:
    items: Mapping[str, object] = value if isinstance(value, dict) else {}
    return tuple((str(name), str(said)) for name, said in items.items())


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


# -- which copy counts ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """The copy of an operation's log that counts, and where it was found.

    `at` are the places that hold all of it, `behind` those that hold less, `problem` why no copy
    counts: two that say different things.
    """

    content: bytes = b""
    at: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    problem: str = ""


def choose(copies: Mapping[str, bytes]) -> Chosen:
    """The longest whole chain among the copies (place -> bytes), if all others are its beginnings.

    A copy whose chain is broken counts for nothing and is named in `problem` only if no other
    is whole.
    """
    whole: dict[str, bytes] = {}
    broken: list[str] = []
    for place, content in copies.items():
        lines = whole_lines(content)
        problem = check_chain(lines)
        if problem:
            broken.append(f"{place}: {problem}")
        elif lines:
            whole[place] = b"".join(lines)
    if not whole:
        return Chosen(problem="; ".join(broken) or "there is no copy of it")
    best = max(whole.values(), key=len)
    odd = [place for place, content in whole.items() if not best.startswith(content)]
    if odd:
        at = [place for place, content in whole.items() if content == best]
        return Chosen(
            problem=f"the copies at {', '.join(odd)} and at {', '.join(at)} say different things"
        )
    return Chosen(
        best,
        tuple(place for place, content in whole.items() if content == best),
        tuple(place for place, content in whole.items() if content != best),
    )
