"""Plans as values: steps, facts they rest on, the hash that consent is bound to, and events.

Plans are built by pure functions (`plan_*`) from a fresh snapshot; nothing here runs anything.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from tui.model.command import Command, display, script_of

Facts = tuple[tuple[str, str], ...]
"""Names and values that were read from hosts, as they are shown, hashed and written down."""


class Tier(IntEnum):
    """How much a change asks for before it may start (design.md, Guards)."""

    READ = 0
    REVERSIBLE = 1
    PRODUCTION = 2
    DATA_LOSS = 3
    POLICY = 4


class VerdictKind(StrEnum):
    """What a guard says."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A guard's word on a plan or a step, with the reason as it is shown."""

    kind: VerdictKind
    guard: str
    reason: str


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that goes when the plan is carried out; each must be ticked by itself.

    `key` is what goes (a migration version, a release version), `what` what is lost with it.
    """

    key: str
    what: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done on one host. `precondition` and `verification` are said in words and
    named by `kind`, which the runner looks up; `limit_s` is seconds until it is unknown.

    `params` are what the kind needs to judge and verify (never a secret: they are written down
    and enough to go on in another console); `pause` is said and waited for before the step.
    """

    kind: str
    host: str
    what: str
    why: str
    command: Command | None
    precondition: str
    verification: str
    undo: str
    limit_s: float
    params: Facts = ()
    pause: str = ""

    def param(self, name: str) -> str:
        """A parameter of the step, empty if it has none of that name."""
        return next((value for key, value in self.params if key == name), "")


@dataclass(frozen=True, slots=True)
class Plan:
    """A change shown before it runs. `facts` are what it rests on (sorted key, value pairs).

    `params` are what was asked for, enough to build the plan anew from a fresh look. From tier 3
    on `losses` are ticked one by one and `oldest` is typed; `policy` says what tier 4 breaks.
    """

    kind: str
    title: str
    environment: str
    production: bool
    app: str
    tier: Tier
    steps: tuple[Step, ...]
    facts: Facts = ()
    verdicts: tuple[Verdict, ...] = ()
    left_out: tuple[str, ...] = ()
    undo: str = ""
    params: Facts = ()
    losses: tuple[Loss, ...] = ()
    oldest: str = ""
    policy: str = ""

    def param(self, name: str) -> str:
        """What was asked for under this name, empty if nothing was."""
        return next((value for key, value in self.params if key == name), "")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts concerned, in the order of their first step."""
        return tuple(dict.fromkeys(step.host for step in self.steps if step.host))

    @property
    def blocked(self) -> bool:
        """Whether a guard forbids it."""
        return any(v.kind is VerdictKind.BLOCK for v in self.verdicts)

    @property
    def hash(self) -> str:
        """SHA-256, hex, over canonical JSON of steps (host, command, verification) and facts."""
        body = {
            "kind": self.kind,
            "environment": self.environment,
            "app": self.app,
            "steps": [
                [s.kind, s.host, _command_digest(s.command), s.verification, sorted(s.params)]
                for s in self.steps
            ],
            "params": sorted(self.params),
            "losses": [[loss.key, loss.what] for loss in self.losses],
            "facts": sorted(self.facts),
            "left_out": sorted(self.left_out),
        }
        return hashlib.sha256(canonical_json(body)).hexdigest()


def _command_digest(command: Command | None) -> list[str]:
    # The digest of what is really sent, beside what is shown: a secret is bound without a trace.
    if command is None:
        return []
    return [display(command), hashlib.sha256(script_of(command)).hexdigest()]


def canonical_json(value: object) -> bytes:
    """JSON with sorted keys, no blanks, ASCII only: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


class PlanRefused(Exception):
    """A plan that cannot be built, with the reason to show.

    `unreachable` are hosts that block it only by being out of reach: the operator may leave them
    out by name, and then it can be built. Empty if anything else stands in the way too.
    """

    def __init__(self, reason: str, unreachable: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unreachable = unreachable


class StepState(StrEnum):
    """Where a step stands; `unknown` is neither success nor failure."""

    WAITING = "waiting"
    RUNNING = "running"
    VERIFYING = "verifying"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    SKIPPED = "skipped"

    @property
    def sign(self) -> str:
        """One character beside the word."""
        return {"done": "✓", "failed": "✗", "unknown": "?", "refused": "✗", "waiting": "·"}.get(
            self.value, "▸"
        )


@dataclass(frozen=True, slots=True)
class StepEvent:
    """Something that happened to step `index` (0-based) at Unix time `at`; `detail` is shown.

    `warning` marks a step that is done, but not cleanly.
    """

    index: int
    state: StepState
    at: float
    detail: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True)
class PlanPaused:
    """The plan waits for the operator before step `index` (0-based); `reason` is shown."""

    index: int
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class PlanStuck:
    """Step `index` (0-based) did not come out well, and the plan waits for the operator.

    Either its verification is read anew, or the plan ends here; nothing is sent again.
    """

    index: int
    at: float
    reason: str


@dataclass(frozen=True, slots=True)
class PlanEnded:
    """The plan is over: `ok` only if every step was verified by reading state."""

    ok: bool
    at: float
    summary: str
    undo: str = ""


PlanEvent = StepEvent | PlanPaused | PlanStuck | PlanEnded
