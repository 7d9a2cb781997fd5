"""Steps whose truth is what one read says: the work of most that change files on a host."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tui.commands.answer import Said, parse_said
from tui.errors import BeamdeckError
from tui.model.command import Command, Outcome
from tui.model.plan import Facts, Step, StepState
from tui.model.redact import from_host
from tui.operations.held import now
from tui.operations.ports import Session
from tui.operations.sight import read_in_sight
from tui.operations.steps import Finding, Ready, Say

POLL_S = 1.0
_FACTS = 20


@dataclass(frozen=True, slots=True)
class Looks:
    """How a kind of step is judged by what a look says.

    `refusal` is why the step may not begin (empty: it may); `truth` what became of it, None while
    it is still at work. Both are pure.
    """

    look: Callable[[Step], Command]
    refusal: Callable[[Step, Said, Facts], str]
    truth: Callable[[Step, Said, Outcome | None], Finding | None]


class LookWork:
    """The work of a step that one read can judge, before and after."""

    step_name = ""

    def __init__(self, step: Step, session: Session, facts: Facts, looks: Looks) -> None:
        self.step = step
        self.session = session
        self._facts = facts
        self._looks = looks

    async def judge(self) -> Ready:
        """Look once more; refused if it is not as the plan saw it."""
        outcome = await self.session.run(self._looks.look(self.step))
        problem = look_problem(outcome)
        if problem:
            return Ready(refused=problem)
        try:
            said = parse_said(outcome.stdout)
        except ValueError as error:
            return Ready(refused=str(error))
        refused = self._looks.refusal(self.step, said, self._facts)
        return Ready(facts_of(said), refused)

    async def progress(self) -> str:
        """How far it is; empty where there is nothing to say."""
        return ""

    async def find_out(self, before: Facts, outcome: Outcome | None, say: Say) -> Finding:
        """Look until it is told; bounded by the step's limit."""
        deadline = now() + self.step.limit_s
        while True:
            answer = await read_in_sight(self.session, self._looks.look(self.step), say)
            if answer is None:
                return Finding(StepState.UNKNOWN, f"{self.step.host} was not seen again", open=True)
            finding = self._told(answer, outcome)
            if finding is not None:
                return finding
            if now() >= deadline:
                detail = f"still at work after {self.step.limit_s:g} s"
                return Finding(StepState.UNKNOWN, detail, open=True)
            say(StepState.VERIFYING, "still at work")
            await asyncio.sleep(POLL_S)

    def _told(self, answer: Outcome, outcome: Outcome | None) -> Finding | None:
        problem = look_problem(answer)
        if not problem:
            try:
                said = parse_said(answer.stdout)
            except ValueError as error:
                problem = str(error)
            else:
                return self._looks.truth(self.step, said, outcome)
        return Finding(StepState.UNKNOWN, f"it cannot be read: {problem}", open=True)


def look_problem(outcome: Outcome) -> str:
    """Why a look brought nothing, in the host's words; empty if it did."""
    if outcome.ok:
        return ""
    if not outcome.known:
        return str(outcome.ended)
    return said_on(outcome) or f"exit status {outcome.exit_status}"


def said_on(outcome: Outcome | None) -> str:
    """The last line that a command said on stderr, as it may be shown; empty without one."""
    if outcome is None:
        return ""
    lines = from_host(outcome.stderr, limit=2000).strip().splitlines()
    return lines[-1].removeprefix("beamdeck: ").strip() if lines else ""


def facts_of(said: Said) -> Facts:
    """What was said, as facts to be written down."""
    return tuple((name, " ".join(values)) for name, values in list(said.items())[:_FACTS])


async def ask(session: Session, command: Command) -> tuple[Said, str]:
    """(what a host says to a read script, why it says nothing): one of them is empty."""
    try:
        outcome = await session.run(command)
    except BeamdeckError as error:
        return {}, error.detail
    problem = look_problem(outcome)
    if problem:
        return {}, problem
    try:
        return parse_said(outcome.stdout), ""
    except ValueError as error:
        return {}, str(error)
