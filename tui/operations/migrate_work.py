"""One migration as a step: the last look before it, its output, and the status after it.

No exit status and no answer of Ecto's is believed by itself: a migration is done when the status,
read again, says so and nothing else in it has moved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tui.commands.detached import ALREADY, parse_detached, read_detached, start_problem
from tui.commands.migration import OneAnswer, parse_one
from tui.errors import BeamdeckError, NotConnected
from tui.model.command import Outcome
from tui.model.fleet import App
from tui.model.migration import By, Direction, MigrationStatus, RepoStatus
from tui.model.plan import Facts, Step, StepState
from tui.model.words import duration
from tui.operations.context import Refresh
from tui.operations.detached import DetachedEnd, follow_detached
from tui.operations.held import now
from tui.operations.migrate_steps import UP, mark_of
from tui.operations.migration_read import ask_status
from tui.operations.ports import Session
from tui.operations.steps import Finding, Ready, Say

RECONNECT_S = 300.0
POLL_S = 1.0
READS = 5
"""How often a status that cannot be read is asked for again: the node may be on its way up."""


class MigrateWork:
    """The work of one step; made anew for each, also for one of an earlier console."""

    step_name = ""

    def __init__(
        self,
        step: Step,
        session: Session,
        app: App,
        refresh: Refresh,
        clock: Callable[[], float],
    ) -> None:
        self._step = step
        self._session = session
        self._app = app
        self._refresh = refresh
        self._clock = clock
        self._repo = step.param("repo")
        self._version = int(step.param("version") or 0)
        self._by = By(step.param("by") or By.RPC)
        self._release = step.param("release")
        self._up = step.kind == UP
        self._applied = frozenset(map(int, step.param("applied").split()))
        self._wanted = self._applied ^ {self._version}

    async def judge(self) -> Ready:
        """The status is what the plan saw, read by the code that will run the migration."""
        if not self._version:
            return Ready(refused="it does not say which migration it is")
        status = await self._status()
        repo = status.repo(self._repo)
        if status.trouble or repo is None:
            why = status.trouble or f"{self._repo} is no repo of this release"
            return Ready(refused=f"its migrations could not be read right before the step: {why}")
        if self._release and status.release != self._release:
            told = status.release or "not known"
            return Ready(refused=f"the code that answers is {told}, not {self._release}")
        moved = _difference(self._applied, repo.applied)
        if moved:
            return Ready(refused=f"it is not as it was shown: {moved}")
        migration = repo.get(self._version)
        if migration is None or (not self._up and self._version in repo.without_file):
            return Ready(refused=f"{status.release} has no file of {self._version}")
        return Ready((("applied", _words(repo.applied)), ("began", f"{self._clock():.1f}")))

    async def progress(self) -> str:
        """The start takes a moment; what the migration says is told while it is followed."""
        return ""

    async def find_out(self, before: Facts, outcome: Outcome | None, say: Say) -> Finding:
        """Follow it to its end over as many links as it takes, then read the status."""
        if not self._version:
            detail = "its log does not say which migration it was: look at the migrations"
            return Finding(StepState.UNKNOWN, detail, open=True)
        refused = ""
        if outcome is not None and outcome.known and outcome.exit_status != ALREADY:
            refused = start_problem(outcome)
        end = DetachedEnd(None, b"", False, refused)
        if not refused:
            end = await follow_detached(
                self._session, self._app, self.step_name, self._step.limit_s, say
            )
        say(StepState.VERIFYING, "reading the status again")
        status = await self._status_after(say)
        repo = status.repo(self._repo) if status is not None and not status.trouble else None
        if repo is None:
            why = status.trouble if status is not None else "the host was not seen again"
            detail = f"whether {self._version} is {self._goal} is not known: {why or 'no answer'}"
            return Finding(StepState.UNKNOWN, f"{detail}. {self._said(end)}".strip(), open=True)
        if end.lost and (self._version in repo.applied) is not self._up:
            open_end = await self._open_end(end)
            if open_end:
                facts = (("applied", _words(repo.applied)),)
                return Finding(StepState.UNKNOWN, open_end, open=True, facts=facts)
        return self._judged(repo, end, before)

    async def _open_end(self, end: DetachedEnd) -> str:
        """Why the migration may still be under way; empty if it cannot be any more."""
        told = f"{self._version} is not {self._goal} so far"
        if self._by is By.RPC:
            # The node does the work: the end of its client, without a status, is not the work's.
            return f"{end.detail}; {told}, and the node may still be at it"
        try:
            outcome = await self._session.run(read_detached(self._app, self.step_name, 0))
            word = parse_detached(outcome.stdout, 0).word
        except (BeamdeckError, ValueError):
            return f"{end.detail}; {told}"
        return f"{end.detail}; {told}" if word == "running" else ""

    @property
    def _goal(self) -> str:
        return "applied" if self._up else "undone"

    def _judged(self, repo: RepoStatus, end: DetachedEnd, before: Facts) -> Finding:
        facts = (("applied", _words(repo.applied)),)
        answer = parse_one(end.output, self._mark())
        there = self._version in repo.applied
        moved = there is self._up
        others = _difference(
            self._wanted if moved else self._applied, repo.applied, beside=self._version
        )
        beside = f". Beside it: {others}" if others else ""
        if not moved:
            detail = f"not done: {self._version} is {self._stands(there)}. {self._said(end)}"
            return Finding(StepState.FAILED, detail.strip() + beside, facts=facts)
        if answer.failed or answer.refused:
            # The row moved, but Ecto failed: what the schema is now, nobody has read.
            detail = (
                f"{self._version} is {self._stands(there)}, but it was not carried out to its "
                f"end: look at the schema. {self._said(end)}"
            )
            return Finding(StepState.FAILED, detail + beside, facts=facts)
        took = self._took(before)
        read = f"status read: {self._version} is {self._stands(there)}{took}"
        if answer.ran is None:
            read += f"; what it printed is not known ({end.detail or 'no output'})"
        warning = bool(others) or answer.ran is None
        return Finding(StepState.DONE, read + beside, warning=warning, facts=facts)

    def _mark(self) -> str:
        direction = Direction.UP if self._up else Direction.DOWN
        return mark_of(self._repo, self._version, direction)

    def _stands(self, there: bool) -> str:
        return "applied" if there else "not applied"

    def _took(self, before: Facts) -> str:
        began = dict(before).get("began", "")
        return f", {duration(max(0.0, self._clock() - float(began)))}" if began else ""

    def _said(self, end: DetachedEnd) -> str:
        """What there is to say of how it went, Ecto's words first; redacted already."""
        answer = parse_one(end.output, self._mark())
        parts: Sequence[str] = (
            _answer_words(answer),
            end.detail,
            *(answer.log[-6:] if answer.failed or answer.ran is None else ()),
        )
        return "\n".join(part for part in parts if part)

    async def _status(self) -> MigrationStatus:
        snapshot = await self._refresh(self._step.host)
        if snapshot is None:
            raise NotConnected(f"{self._step.host} gave no answer to a probe")
        version = self._release if self._by is By.EVAL else ""
        return await ask_status(
            self._session,
            self._app,
            snapshot.release,
            self._clock,
            by=self._by,
            version=version,
        )

    async def _status_after(self, say: Say) -> MigrationStatus | None:
        """The status once the link is there; None if it did not come back in time."""
        deadline = now() + RECONNECT_S
        reads = 0
        while True:
            try:
                status = await self._status()
                reads += 1
                if not status.trouble or reads >= READS:
                    return status
                say(StepState.VERIFYING, f"the status cannot be read: {status.trouble}")
            except BeamdeckError as error:
                say(StepState.UNKNOWN, f"{error.detail}; waiting for the link")
            if now() >= deadline:
                return None
            if not self._session.link.usable:
                try:
                    async with asyncio.timeout_at(deadline):
                        await self._session.usable()
                except TimeoutError:
                    return None
            await asyncio.sleep(POLL_S)


def _answer_words(answer: OneAnswer) -> str:
    if answer.failed:
        return answer.failed
    if answer.refused:
        return f"nothing was changed: {answer.refused}"
    if answer.ran == ():
        return "Ecto answered [] (nothing to do)"
    if answer.ran:
        return f"Ecto answered [{', '.join(map(str, answer.ran))}]"
    return ""


def _words(applied: Sequence[int]) -> str:
    return " ".join(map(str, applied)) or "nothing"


def _difference(was: frozenset[int], applied: Sequence[int], beside: int | None = None) -> str:
    """What else is applied or gone, in words; empty if nothing is."""
    found = set(applied)
    more = sorted(found - was - {beside})
    less = sorted(was - found - {beside})
    told = [f"{v} is applied" for v in more] + [f"{v} is no longer applied" for v in less]
    return "; ".join(told)
