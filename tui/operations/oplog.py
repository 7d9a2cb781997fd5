"""The write-ahead log of operations: one hash-chained file each, intent before effect.

An operation without an `end` record is unresolved: only its hosts can say what happened.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tui.errors import RecordUnwritable
from tui.model.audit import check_chain, parse_line
from tui.model.command import Outcome, display
from tui.model.consent import Consent
from tui.model.plan import Facts, Plan, StepState
from tui.model.redact import redact
from tui.model.words import stamp
from tui.operations.audit_log import operator_facts
from tui.operations.chain_file import ChainFile, is_held
from tui.paths import open_private


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An operation that no record ends. `step` is the last one that was begun, None if none was;
    `state` is what was found out about it, empty for nothing.

    `before` are the facts read right before that step; `began_at` is Unix seconds; `held` says
    that a console works on it now; `problem` that its file cannot be trusted.
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
        if self.state not in ("", str(StepState.UNKNOWN)):
            return (
                f"unresolved: {when}: step {self.step + 1} of {self.steps}, {self.what}, is "
                f"{self.state}; what came after it was not begun"
            )
        return (
            f"unresolved: {when}: step {self.step + 1} of {self.steps}, {self.what}, was begun "
            "and its end is not known: look at the host"
        )


class Operation:
    """One operation's open log, locked against other consoles until it is closed."""

    def __init__(self, op: str, chain: ChainFile, clock: Callable[[], float]) -> None:
        self.op = op
        self._chain = chain
        self._clock = clock

    def intent(self, step: int, before: Facts) -> None:
        """A step is about to be sent; RecordUnwritable means that it must not be."""
        self._write("intent", step=step, before=dict(before))

    def outcome(self, step: int, outcome: Outcome) -> None:
        """How the step's command ended, as far as this side knows."""
        status = outcome.exit_status if outcome.known else None
        self._write("outcome", step=step, ended=str(outcome.ended), exit_status=status)

    def result(self, step: int, state: StepState, detail: str, after: Facts = ()) -> None:
        """What the host was read to be after the step."""
        self._write("result", step=step, state=str(state), detail=detail, after=dict(after))

    def left(self, step: int | None, why: str) -> None:
        """This console goes away before it knows the end; the operation stays unresolved."""
        self._write("left", step=step, detail=why)

    def end(self, ok: bool, summary: str) -> None:
        """The operation is over and nothing about it is unknown any more."""
        self._write("end", ok=ok, summary=summary)

    def close(self) -> None:
        """Give up the lock; nothing can be written after it."""
        self._chain.close()

    def _write(self, event: str, **values: object) -> None:
        self._chain.append({"event": event, "op": self.op, "at": self._clock(), **values})


class OpLog:
    """The folder of operations of this operator on this machine."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self.folder = folder
        self._clock = clock

    def begin(self, plan: Plan, consent: Consent) -> Operation:
        """Write the plan down; RecordUnwritable if that cannot be done, and then nothing starts."""
        now = self._clock()
        op = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        chain = ChainFile(self.folder / f"{op}.jsonl", new=True)
        operation = Operation(op, chain, self._clock)
        try:
            operation._write(
                "plan", **_plan_values(plan), reason=redact(consent.reason), **operator_facts()
            )
        except RecordUnwritable:
            chain.close()
            raise
        return operation

    def unresolved(self) -> tuple[Unresolved, ...]:
        """The operations without an end, oldest first; a file that cannot be read is one."""
        found: list[Unresolved] = []
        if self.folder.is_dir():
            for path in sorted(self.folder.glob("*.jsonl")):
                operation = read_operation(path)
                if operation is not None:
                    found.append(operation)
        return tuple(found)

    def reopen(self, unresolved: Unresolved) -> Operation:
        """The log of an unresolved operation, to write what the host was read to be."""
        return Operation(unresolved.op, ChainFile(unresolved.path, wait_s=0.0), self._clock)


def _plan_values(plan: Plan) -> dict[str, object]:
    return {
        "kind": plan.kind,
        "title": plan.title,
        "environment": plan.environment,
        "production": plan.production,
        "app": plan.app,
        "tier": int(plan.tier),
        "plan_hash": plan.hash,
        "facts": dict(plan.facts),
        "steps": [
            {
                "kind": step.kind,
                "host": step.host,
                "what": step.what,
                "command": redact(display(step.command)) if step.command else "",
                "limit_s": step.limit_s,
            }
            for step in plan.steps
        ],
    }


def read_operation(path: Path) -> Unresolved | None:
    """The operation of a log file if it is unresolved, None if it has its end."""
    op = path.name.removesuffix(".jsonl")
    try:
        with open_private(path, "rb") as file:
            data = file.read()
        held = is_held(path)
    except OSError as error:
        return Unresolved(op, path, problem=error.strerror or str(error))
    # A torn last line was never on disk as a whole: what it announced was not sent.
    lines = [line + b"\n" for line in data.split(b"\n")[:-1]]
    if not lines:
        # Nothing was written, so nothing was sent.
        return None
    problem = check_chain(lines)
    if problem:
        return Unresolved(op, path, held=held, problem=problem)
    records = [parse_line(line.rstrip(b"\n")) for line in lines]
    if any(record.get("event") == "end" for record in records):
        return None
    return _unresolved(op, path, records, held)


def _unresolved(op: str, path: Path, records: list[dict[str, object]], held: bool) -> Unresolved:
    plan = records[0]
    begun = [record for record in records if record.get("event") == "intent"]
    states = {r.get("step"): r.get("state") for r in records if r.get("event") == "result"}
    last = begun[-1] if begun else None
    steps = plan.get("steps")
    steps = steps if isinstance(steps, list) else []
    index = last.get("step") if last else None
    step = steps[index] if isinstance(index, int) and index < len(steps) else {}
    return Unresolved(
        op=op,
        path=path,
        title=str(plan.get("title", "")),
        kind=str(plan.get("kind", "")),
        environment=str(plan.get("environment", "")),
        app=str(plan.get("app", "")),
        began_at=_number(plan.get("at")),
        step=index if isinstance(index, int) else None,
        step_kind=str(step.get("kind", "")),
        host=str(step.get("host", "")),
        what=str(step.get("what", "")),
        state=str(states.get(index) or ""),
        before=_facts(last.get("before") if last else None),
        plan_facts=_facts(plan.get("facts")),
        steps=len(steps),
        limit_s=_number(step.get("limit_s")),
        held=held,
    )


def _facts(value: object) -> Facts:
    items: Mapping[str, object] = value if isinstance(value, dict) else {}
    return tuple((str(name), str(said)) for name, said in items.items())


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
