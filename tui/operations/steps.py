"""What the runner wants of a kind of step, and how the operator steers it between steps."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tui.model.command import Outcome
from tui.model.gate import Grant
from tui.model.plan import Facts, Step, StepState
from tui.operations.ports import Session


@dataclass(frozen=True, slots=True)
class Ready:
    """A precondition judged right before its step: what was read, or why it does not hold.

    `facts` are written down before the step and are enough to tell later, after a crash too,
    whether the step happened.
    """

    facts: Facts = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a host was read to be after a step; `detail` is shown.

    `warning`: done, but not cleanly. `open`: the truth could not be read, and the operation
    stays unresolved.
    """

    state: StepState
    detail: str
    warning: bool = False
    open: bool = False
    facts: Facts = ()


Say = Callable[[StepState, str], None]


class StepWork(Protocol):
    """One step on its host. Reads only: what changes is the step's command, sent by the runner."""

    async def judge(self) -> Ready:
        """Read the host and judge the precondition; NotConnected if it cannot be read."""
        ...

    async def progress(self) -> str:
        """A line about the command under way, empty if there is nothing to say."""
        ...

    async def find_out(self, before: Facts, outcome: Outcome | None, say: Say) -> Finding:
        """Read the truth, wait as long as the step's limits allow, judge it.

        `outcome` is None where the console that sent the step is gone. Never raises for a
        lost link: it waits for the link a bounded time, then says that nothing is known.
        """
        ...


def step_name(op: str, index: int) -> str:
    """The name of step `index` (0-based) of an operation, on its host: `OP-N`, from 1 on."""
    return f"{op}-{index + 1}"


def tell_name(work: StepWork, op: str, index: int) -> None:
    """Set `work.step_name`, before anything else of a step's work is used."""
    with contextlib.suppress(AttributeError):  # a work with slots and no use for a name
        setattr(work, "step_name", step_name(op, index))  # noqa: B010 - optional, so not declared


@runtime_checkable
class ActingWork(Protocol):
    """A StepWork whose change is more than one command (an upload); its step has none."""

    async def act(self, grant: Grant, say: Say) -> Outcome:
        """Make the change, where a command would be sent: after the intent is written.

        NotConnected and ChangeRefused only before anything was changed; afterwards every
        ending is an Outcome, one of a lost link too.
        """
        ...


StepKind = Callable[[Step, Session, Facts], StepWork]
"""Makes the work of a step from the step, its host's session and the plan's facts."""


class Gatekeeper(Protocol):
    """What the runner needs of the environment's lock."""

    def grant(self, plan_hash: str) -> Grant: ...

    def revoke(self, grant: Grant) -> None: ...


class Steering:
    """The operator's hand on a plan under way; it acts between steps only.

    `attended`: somebody looks at the plan and can answer when a step did not come out well.
    `by_step`: the plan waits before each further step, until it is told to go on.
    """

    def __init__(self, *, attended: bool = False) -> None:
        self.attended = attended
        self.by_step = False
        self._stop = False
        self._again = False
        self._moved = asyncio.Event()

    @property
    def stopping(self) -> bool:
        """Whether no further step shall begin."""
        return self._stop

    def stop_here(self) -> None:
        """Begin no further step; the present one runs to its end."""
        self._stop = True
        self._moved.set()

    def go_on(self) -> None:
        """Go on after a pause; takes back a stop that did not take effect yet."""
        self._stop = False
        self._moved.set()

    def verify_again(self) -> None:
        """Read the step that is stuck anew; if it is done by now, the plan goes on."""
        self._again = True
        self._moved.set()

    def leave(self) -> None:
        """End the plan at the step that is stuck."""
        self.stop_here()

    async def decided(self) -> None:
        """Wait until the operator says stop or go on, from now on."""
        self._moved.clear()
        if not self._stop:
            await self._moved.wait()

    async def stopped(self) -> None:
        """Wait until no further step shall begin."""
        while not self._stop:
            self._moved.clear()
            await self._moved.wait()

    async def reads_again(self) -> bool:
        """Wait, from now on, until a stuck step shall be read anew (True) or left (False)."""
        self._again = False
        while not (self._stop or self._again):
            self._moved.clear()
            await self._moved.wait()
        return not self._stop
