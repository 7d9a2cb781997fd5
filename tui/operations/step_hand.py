"""One step, from the last look to the verdict: the only place that sends a change.

Written down before it is sent, sent once, and judged by what the host is read to be.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from tui.commands.audit_marks import leave_mark
from tui.commands.detached import STEP_VARIABLE
from tui.commands.lock import HOLDER_VARIABLE
from tui.errors import BeamdeckError, ChangeRefused, NotConnected, RecordUnwritable
from tui.model.audit_marks import mark_text
from tui.model.command import Command, Outcome
from tui.model.fleet import App
from tui.model.gate import Grant
from tui.model.plan import Facts, Step, StepState
from tui.operations.audit_log import AuditLog
from tui.operations.here import HERE, Here
from tui.operations.host_copies import HostCopies, StoodDown
from tui.operations.oplog import OpLog
from tui.operations.ports import Session
from tui.operations.records import Records, shown_command
from tui.operations.steps import (
    ActingWork,
    Finding,
    Gatekeeper,
    Ready,
    Say,
    StepKind,
    StepWork,
    step_name,
    tell_name,
)

PROGRESS_S = 1.0

Sent = Callable[[float, str, str], None]


def _unheard(at: float, host: str, text: str) -> None:
    """Nobody keeps a list of the commands sent."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a plan is carried out with: links, lock, records, kinds of step, clock (Unix s).

    `sent` is told the time, host and exact command line (redacted) of each change. Where `app` is
    given, its hosts keep copies of the operation.
    """

    sessions: Mapping[str, Session]
    gate: Gatekeeper
    oplog: OpLog
    audit: AuditLog
    kinds: Mapping[str, StepKind]
    clock: Callable[[], float]
    sent: Sent = field(default=_unheard)
    app: App | None = None


class Tell(Protocol):
    """Tells the plan's watchers how a step stands."""

    def __call__(self, index: int, state: StepState, detail: str = "") -> None: ...


@dataclass(frozen=True, slots=True)
class _Sent:
    """A step that was carried out: enough to read its truth again."""

    session: Session
    work: StepWork
    ready: Ready
    outcome: Outcome | None


class StepHand:
    """Carries out the steps of one plan, one after the other, under the plan's grant.

    `begun` is the step whose intent is written and whose truth is not, None between steps;
    `mute` says that a result could not be written down, `stood_down` that another console goes on
    with the operation; `lost_sight` that the last step's host was out of sight meanwhile, `unseen`
    that it was so before the step, of which nothing was sent then.
    """

    def __init__(
        self,
        desk: Desk,
        grant: Grant,
        records: Records,
        tell: Tell,
        copies: HostCopies | None = None,
    ) -> None:
        self.records = records
        self.copies = copies
        self.begun: int | None = None
        self.mute = ""
        self.stood_down = ""
        self.lost_sight = False
        self.unseen = False
        self._last: _Sent | None = None
        self._desk = desk
        self._grant = grant
        self._tell = tell

    async def step(self, index: int, step: Step, facts: Facts) -> Finding:
        """Carry one step out; every ending but a cancellation is a Finding."""
        self.lost_sight = self.unseen = False
        here = Here() if step.host == HERE else None
        session: Session | None = here or self._desk.sessions.get(step.host)
        if session is None:
            return self._refused(index, step, f"{step.host} is not a host of this environment")
        work = self._desk.kinds[step.kind](step, session, facts)
        tell_name(work, self.records.op, index)
        self._tell(index, StepState.RUNNING, "reading the host once more")
        try:
            ready = await work.judge()
        except BeamdeckError as error:
            ready = Ready(refused=f"it cannot be read now: {error.detail}")
        if ready.refused:
            self.unseen = not session.link.usable
            return self._refused(index, step, ready.refused)
        try:
            mark = self.records.intent(index, step, ready, session.link.fingerprint or "")
        except RecordUnwritable as error:
            return Finding(StepState.REFUSED, f"nothing was sent: {error.detail}")
        self.begun = index
        finding = await self._uncopied(index, step)
        if finding is None:
            finding = await self._carry_out(index, step, session, work, ready, mark)
        self.begun = None
        return finding

    async def _uncopied(self, index: int, step: Step) -> Finding | None:
        """Let the step's own host have the records so far; why it is not sent, None if it may be.

        A host that cannot keep a copy says so and goes without: in an incident a full disk must
        not forbid the restart that mends it.
        """
        if self.copies is None or step.host == HERE:
            return None
        try:
            off = await self.copies.bring(step.host)
        except StoodDown as error:
            # Whoever goes on with it writes what comes of it: nothing is written or sent here.
            self.stood_down = f"this console stands down: {error.detail}"
            self.mute = self.stood_down
            return Finding(StepState.REFUSED, "nothing was sent")
        except (NotConnected, ChangeRefused) as error:
            finding = Finding(StepState.REFUSED, f"nothing was sent: {error.detail}")
            with self._unwritable_is_told():
                self.records.result(index, step, finding)
            return finding
        if off:
            self._tell(index, StepState.RUNNING, off)
        return None

    def _refused(self, index: int, step: Step, why: str) -> Finding:
        with self._unwritable_is_told():
            self.records.refused(index, step, why)
        return Finding(StepState.REFUSED, f"not begun: {why}")

    async def _carry_out(
        self, index: int, step: Step, session: Session, work: StepWork, ready: Ready, mark: str
    ) -> Finding:
        outcome: Outcome | None = None
        if step.command is not None or isinstance(work, ActingWork):
            try:
                await self._mark(session, index, step, "begin", mark)
                outcome = await self._send(index, step, session, work)
            except (NotConnected, ChangeRefused) as error:
                # Both are raised before anything is sent.
                finding = Finding(StepState.REFUSED, f"nothing was sent: {error.detail}")
                with self._unwritable_is_told():
                    self.records.result(index, step, finding)
                return finding
            with self._unwritable_is_told():
                self.records.outcome(index, step, outcome)
        self._last = _Sent(session, work, ready, outcome)
        return await self._find_out(index, step, self._last)

    async def read_again(self, index: int, step: Step) -> Finding:
        """Read the truth of the step that was carried out last once more; nothing is sent."""
        if self._last is None:
            raise RuntimeError("no step has been carried out")
        self.lost_sight = False
        self.begun = index
        finding = await self._find_out(index, step, self._last)
        self.begun = None
        return finding

    async def _find_out(self, index: int, step: Step, sent: _Sent) -> Finding:
        outcome = sent.outcome
        unknown = outcome is not None and not outcome.known
        say = self._saying(index)
        if unknown and outcome is not None:
            say(StepState.UNKNOWN, str(outcome.ended))
        else:
            say(StepState.VERIFYING, "reading the host")
        finding = await sent.work.find_out(sent.ready.facts, outcome, say)
        with self._unwritable_is_told():
            mark = self.records.result(index, step, finding, resolved=unknown)
            if self.copies is not None:
                self.copies.spread()
            with contextlib.suppress(NotConnected):
                await self._mark(sent.session, index, step, finding.state, mark)
        return finding

    def _saying(self, index: int) -> Say:
        said: tuple[StepState, str] | None = None

        def say(state: StepState, detail: str) -> None:
            nonlocal said
            if state is StepState.UNKNOWN:
                self.lost_sight = True
            if (state, detail) != said:
                said = (state, detail)
                self._tell(index, state, detail)

        return say

    async def _send(self, index: int, step: Step, session: Session, work: StepWork) -> Outcome:
        if step.command is not None:
            self._desk.sent(self._desk.clock(), step.host, shown_command(step.command))
        self._tell(index, StepState.RUNNING, "sent")
        watching = asyncio.create_task(self._watch(index, work))
        try:
            if step.command is None and isinstance(work, ActingWork):
                return await work.act(self._grant, self._saying(index))
            return await session.run(self._named(index, step), self._grant)
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    def _named(self, index: int, step: Step) -> Command:
        """The step's command, told its name and who acts: no part of the plan or its lines."""
        if step.command is None:
            raise ValueError(f"{step.kind} has no command")
        name = (STEP_VARIABLE, step_name(self.records.op, index))
        holder = (HOLDER_VARIABLE, self.records.holder)
        return replace(step.command, env=(*step.command.env, name, holder))

    async def _watch(self, index: int, work: StepWork) -> None:
        said = ""
        while True:
            await asyncio.sleep(PROGRESS_S)
            line = await work.progress()
            if line and line != said:
                said = line
                self._tell(index, StepState.RUNNING, line)

    async def _mark(self, session: Session, index: int, step: Step, word: str, digest: str) -> None:
        """Leave a line in the host's own journal, so that two parties hold the record.

        A host without `logger` is none of the plan's business; a link lost before the step is.
        """
        if step.host == HERE:
            # There is no host that could hold the record too; the audit has it.
            return
        records, words = self.records, f"{step.what}: {word}"
        command = leave_mark(mark_text(records.op, records.by, index + 1, words, digest))
        self._desk.sent(self._desk.clock(), step.host, shown_command(command))
        outcome = await session.run(command, self._grant)
        if not outcome.known:
            raise NotConnected(f"the link was lost ({outcome.ended})")

    @contextlib.contextmanager
    def _unwritable_is_told(self) -> Iterator[None]:
        # The host was changed already: the truth is still worth finding out, and is told.
        try:
            yield
        except RecordUnwritable as error:
            self.mute = f"and it could not be written down ({error.detail})"
