"""The desk where plans are confirmed and carried out, one an app at a time.

The policy is `operations/guards.py` and `operations/runner.py`; here dialogs meet them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from screens.commands_run import CommandsRunScreen
from screens.confirm import ConfirmScreen
from screens.leave_out import LeaveOutScreen
from screens.walkthrough import WalkthroughScreen
from tui.dialogs import ask_unlock
from tui.errors import BeamdeckError
from tui.model.audit import AuditRecord
from tui.model.consent import Consent
from tui.model.plan import Facts, Plan, PlanRefused
from tui.operations.guards import changed_facts, consent_needs
from tui.operations.plan_run import PlanRun
from tui.operations.planners import (
    build_plan,
    hosts_param,
    plan_again,
    step_kinds,
    without_param,
)
from tui.operations.resume import shown_again, shown_end

if TYPE_CHECKING:
    from tui.app import BeamdeckApp
    from tui.operations.deck import Deck
    from tui.operations.records import Resumption
    from tui.operations.resume import Look


class PlanDesk:
    """Confirms plans, runs them, remembers what was sent. Belongs to the app, not to a screen."""

    def __init__(self, app: BeamdeckApp) -> None:
        self._app = app
        self._runs: dict[str, PlanRun] = {}
        self._finished: list[PlanRun] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked: set[str] = set()

    @property
    def running(self) -> str:
        """The titles of the plans under way, empty without one."""
        return "; ".join(run.plan.title for run in self._runs.values() if run.ended is None)

    def holds(self, key: str) -> bool:
        """Whether a plan of `environment/app` is under way: a second one is refused."""
        run = self._runs.get(key)
        return run is not None and run.ended is None

    def ask(self, deck: Deck, kind: str, params: Facts) -> None:
        """Build a plan of a kind from a fresh look, then take it where `request` does."""
        if self._free(deck):
            self._app.notify("reading the hosts", timeout=2, markup=False)
            self._app.run_worker(self._build(deck, kind, params), name="plan", exclusive=False)

    def roll_back(self, deck: Deck, host: str, version: str) -> None:
        """End the stuck plan of this deck, its locks given back, then plan the host's way back."""
        run, task = self._runs.get(deck.key), self._tasks.get(deck.key)
        if run is None or task is None or run.stuck is None:
            return
        run.leave()

        async def plan_back() -> None:
            await asyncio.wait([task])
            self.ask(deck, "rollback", (("version", version), hosts_param((host,))))

        self._app.run_worker(plan_back(), name="roll back", exclusive=False)

    def request(self, deck: Deck, plan: Plan) -> None:
        """Take a plan through unlock, confirmation and a last look; then run it."""
        if self._free(deck):
            # Never exclusive: another plan's confirmation must not cancel this one.
            self._app.run_worker(self._confirm(deck, plan), name="confirm", exclusive=False)

    def _free(self, deck: Deck) -> bool:
        """Take the deck's one place for a question; False, and said, if it is taken."""
        if self.holds(deck.key):
            run = self._runs[deck.key]
            self._app.notify(f"under way: {run.plan.title}", severity="warning", markup=False)
            self._app.push_screen(WalkthroughScreen(deck, run))
            return False
        if deck.key in self._asked:
            # R typed twice: a second question under the first would outlive the first's plan.
            self._app.notify("a plan is being made or asked about", timeout=2, markup=False)
            return False
        self._asked.add(deck.key)
        return True

    async def _build(self, deck: Deck, kind: str, params: Facts) -> None:
        plan: Plan | None = None
        try:
            while plan is None:
                try:
                    plan = await build_plan(deck.context, kind, params)
                except PlanRefused as refused:
                    out = await self._left_out(refused)
                    if not out:
                        return
                    params = without_param(params, out)
        except BeamdeckError as error:
            self._app.tell(error)
        finally:
            if plan is None:
                self._asked.discard(deck.key)
        if plan is not None:
            await self._confirm(deck, plan)

    async def _left_out(self, refused: PlanRefused) -> tuple[str, ...]:
        """The hosts that the operator leaves out by name; () if the plan stays refused."""
        if refused.unreachable:
            screen = LeaveOutScreen(refused.reason, refused.unreachable)
            return await self._app.push_screen_wait(screen) or ()
        self._app.notify(refused.reason, title="not possible", severity="warning", markup=False)
        return ()

    async def _confirm(self, deck: Deck, plan: Plan) -> None:
        try:
            if deck.gate.state.locked(deck.clock()) and not await ask_unlock(self._app, deck):
                return
            confirmed = await self._consented(deck, plan)
            if confirmed is not None:
                self._start(deck, *confirmed)
        except PlanRefused as refused:
            self._app.notify(refused.reason, title="not possible", severity="error", markup=False)
        except BeamdeckError as error:
            self._app.tell(error)
        finally:
            self._asked.discard(deck.key)

    async def resume(self, deck: Deck, look: Look, *, stop: bool) -> None:
        """Go on with an operation of an earlier console, or end it where it stands."""
        plan = look.plan
        if plan is None or not self._free(deck):
            return
        try:
            if deck.gate.state.locked(deck.clock()) and not await ask_unlock(self._app, deck):
                return
            # Not planned anew: half of it is done, and each step is judged again before it.
            again = shown_end(look, plan) if stop else shown_again(look, plan)
            screen = ConfirmScreen(plan, consent_needs(plan), again=again)
            consent = await self._app.push_screen_wait(screen)
            if consent is not None:
                self._start(deck, plan, consent, look.resumption, stop=stop)
        except BeamdeckError as error:
            self._app.tell(error)
        finally:
            self._asked.discard(deck.key)

    async def _consented(self, deck: Deck, plan: Plan) -> tuple[Plan, Consent] | None:
        """Ask until the facts that were consented to are the facts of right now."""
        changed: tuple[str, ...] = ()
        while True:
            needs = consent_needs(plan)
            consent = await self._app.push_screen_wait(ConfirmScreen(plan, needs, changed=changed))
            if consent is None:
                return None
            fresh = await plan_again(deck.context, plan)
            changed = changed_facts(plan, fresh)
            if not changed:
                return plan, consent
            plan = fresh

    def _start(
        self,
        deck: Deck,
        plan: Plan,
        consent: Consent,
        going: Resumption | None = None,
        *,
        stop: bool = False,
    ) -> None:
        if self.holds(deck.key):
            self._app.notify("another plan was begun meanwhile", severity="error", markup=False)
            return
        run = PlanRun(
            plan,
            consent,
            sessions=deck.sessions,
            gate=deck.gate,
            oplog=deck.oplog,
            audit=deck.audit,
            kinds=step_kinds(deck.context),
            clock=deck.clock,
            attended=True,
            app=deck.app,
            going=going,
        )
        if stop:
            run.stop_here()
        self._runs[deck.key] = run
        self._finished.append(run)
        # A task of the desk, not a worker of a screen: it outlives whatever is popped.
        task = asyncio.create_task(self._carry_out(deck, run), name=plan.title)
        task.add_done_callback(self._app.service_ended)
        self._tasks[deck.key] = task
        self._app.push_screen(WalkthroughScreen(deck, run))

    async def _carry_out(self, deck: Deck, run: PlanRun) -> None:
        try:
            await run.run()
        except BeamdeckError as error:
            self._app.tell(error)
        else:
            ended = run.ended
            if ended is not None and not isinstance(self._app.screen, WalkthroughScreen):
                self._app.notify(
                    ended.summary,
                    severity="information" if ended.ok else "error",
                    timeout=15,
                    markup=False,
                )
            await deck.read_left_out()

    def stop_before_next_step(self) -> None:
        """Let the present steps end and begin no other."""
        for run in self._runs.values():
            if run.ended is None:
                run.steering.stop_here()

    async def stand_down(self) -> None:
        """The console ends: what is known is written; what runs on hosts goes on."""
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            # What one died of was told when it did; it must not keep the links from closing.
            await asyncio.wait(self._tasks.values())

    def show_commands(self, deck: Deck) -> None:
        """The exact commands sent by the plans of this console, oldest first."""
        sent = [item for run in self._finished for item in run.commands_sent]
        self._app.push_screen(CommandsRunScreen(deck.environment.name, sorted(sent)))

    def show_walkthrough(self, deck: Deck) -> bool:
        """Return to the last plan of this app; False if there was none."""
        run = self._runs.get(deck.key)
        if run is None:
            return False
        self._app.push_screen(WalkthroughScreen(deck, run))
        return True

    @staticmethod
    def record_unlock(deck: Deck, reason: str) -> None:
        """Write the unlock down; RecordUnwritable if that cannot be done, and then no unlock."""
        deck.audit.write(
            AuditRecord(event="unlock", environment=deck.environment.name, reason=reason)
        )

    @staticmethod
    def record_lock(deck: Deck) -> None:
        """Write down that the environment was locked again by hand."""
        deck.audit.write(AuditRecord(event="lock", environment=deck.environment.name))
