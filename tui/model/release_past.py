"""What the records of operations tell of release versions: who brought one, how long it ran, and
whether it was marked. Pure.

Records in, values out. A record may come from a host; what is read of it is only text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tui.model.operation import text_of
from tui.model.release_tree import release_order
from tui.model.words import duration, stamp

BAD, GOOD = "bad", "good"
MARK = "mark"
"""The kind of plan that marks a release."""

_BRING = ("deploy", "rollback")
_Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Told:
    """A plan that came to a good end at `at` (Unix seconds): it brought `version`, or marked it.

    `before` are the releases that its hosts ran before, in the order of `hosts` (empty: not told).
    """

    op: str
    kind: str
    version: str
    at: float
    who: str = ""
    reason: str = ""
    hosts: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody holds of a release: `word` is bad or good."""

    word: str
    who: str
    at: float
    reason: str
    rolled_back: bool = False

    @property
    def words(self) -> str:
        """`rolled back by ann at 2018-06-04 03:08:00 UTC: errors`."""
        did = "rolled back" if self.rolled_back else f"marked {self.word}"
        said = f"{did} by {self.who or 'nobody knows whom'} at {stamp(self.at)}"
        return f"{said}: {self.reason}" if self.reason else said


@dataclass(frozen=True, slots=True)
class Ran:
    """How long a release ran on any host, as far as it was written down.

    `seconds` None: when it came is not known; `until` (Unix seconds) None: it runs now.
    """

    seconds: float | None
    until: float | None

    def words(self, now: float) -> str:
        """`runs for 2d 4h`, `ran 3d 2h, until 5m ago`, `until 5m ago; since when is not known`."""
        if self.until is None:
            return f"runs for {duration(self.seconds or 0.0)}"
        ago = f"until {duration(now - self.until)} ago"
        if self.seconds is None:
            return f"{ago}; since when is not known"
        return f"ran {duration(self.seconds)}, {ago}"


def told_of(
    op: str, records: Sequence[Mapping[str, object]], environment: str, app: str
) -> Told | None:
    """What these records (the first is the plan's, the last its end) tell; None where nothing
    of a release, or of another app's."""
    if len(records) < 2 or records[-1].get("event") != "end" or records[-1].get("ok") is not True:
        return None
    plan, end = records[0], records[-1]
    kind = text_of(plan.get("kind"))
    mine = (text_of(plan.get("environment")), text_of(plan.get("app"))) == (environment, app)
    params, facts, steps = plan.get("params"), plan.get("facts"), plan.get("steps")
    params = params if isinstance(params, dict) else {}
    facts = facts if isinstance(facts, dict) else {}
    version = text_of(params.get("version")) or text_of(facts.get("version"))
    if not mine or kind not in (*_BRING, MARK) or not version or not isinstance(steps, list):
        return None
    names = (text_of(step.get("host")) for step in steps if isinstance(step, dict))
    hosts = tuple(dict.fromkeys(name for name in names if name))
    at, mark = end.get("at"), text_of(params.get("mark"))
    if kind == MARK and mark not in (BAD, GOOD):
        return None
    return Told(
        op,
        kind,
        version,
        float(at) if isinstance(at, int | float) else 0.0,
        text_of(plan.get("os_user"))[:32],
        text_of(plan.get("reason")),
        hosts,
        tuple(text_of(facts.get(f"{host} runs")) for host in hosts),
        mark if kind == MARK else "",
    )


def marks_of(told: Iterable[Told]) -> dict[str, Mark]:
    """The newest mark of each release: one by hand, or of the rollback that left it."""
    found: dict[str, Mark] = {}
    for plan in sorted(told, key=lambda plan: (plan.at, plan.op)):
        if plan.kind == MARK:
            found[plan.version] = Mark(plan.mark, plan.who, plan.at, plan.reason)
        elif plan.kind == "rollback":
            # The way forward again is a rollback too, and leaves nothing bad behind.
            newer = {v for v in plan.before if v and release_order(v) > release_order(plan.version)}
            for left in newer:
                found[left] = Mark(BAD, plan.who, plan.at, plan.reason, rolled_back=True)
    return found


def brought_by(told: Iterable[Told], version: str) -> str:
    """Who deployed a release first, by the records; empty if none tells."""
    deploys = [plan for plan in told if plan.kind == "deploy" and plan.version == version]
    return min(deploys, key=lambda plan: plan.at).who if deploys else ""


def ran_of(told: Iterable[Told], version: str, runs_on: Collection[str], now: float) -> Ran | None:
    """How long a release ran on the fleet, the time on several hosts counted once; None where
    nothing is known. `runs_on` are the hosts that run it at `now`."""
    plans = sorted((p for p in told if p.kind in _BRING), key=lambda plan: (plan.at, plan.op))
    spans: list[_Span] = []
    left: list[float] = []
    for host in dict.fromkeys(host for plan in plans for host in plan.hosts):
        here = [plan for plan in plans if host in plan.hosts]
        since: float | None = None
        for plan in here:
            was = plan.before[plan.hosts.index(host)] if plan.before else ""
            if plan.version == version:
                since = plan.at if since is None or was not in ("", version) else since
                continue
            if since is not None:
                spans.append((since, plan.at))
            elif was == version:
                left.append(plan.at)
            since = None
        if since is not None and host in runs_on:
            spans.append((since, now))
    if not spans and not left:
        return None
    until = None if runs_on else max([end for _, end in spans] + left)
    if runs_on and not any(end == now for _, end in spans):
        # It runs by nobody's record: since when is not known, and no more can be said.
        return None
    known = not left or (bool(spans) and min(s for s, _ in spans) < min(left))
    return Ran(_total(spans) if spans and known else None, until)


def _total(spans: Iterable[_Span]) -> float:
    """The seconds that are in any of the spans."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total
