"""Plans without a screen: print one, or carry one out that was printed, under the same guards."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path

from tui.errors import BeamdeckError
from tui.headless import opened
from tui.model.audit import AuditRecord
from tui.model.consent import Consent, ConsentNeeds
from tui.model.fleet import App, Config, Environment
from tui.model.plan import Plan, PlanEnded, PlanEvent, PlanPaused, PlanRefused, PlanStuck
from tui.model.plan_words import event_json, event_line, plan_json, plan_text
from tui.model.redact import redact
from tui.model.text import scrub
from tui.operations.deck import Deck
from tui.operations.guards import changed_facts, consent_needs, missing
from tui.operations.plan_asked import Wanted, params_of
from tui.operations.plan_run import PlanRun
from tui.operations.planners import build_plan, plan_again, step_kinds
from tui.operations.printed_plans import keep, kept
from tui.paths import state_folder
from tui.prompts import ask, on_a_terminal


@dataclass(frozen=True, slots=True)
class Given:
    """What was given on the command line instead of being typed when asked."""

    environment_name: str = ""
    reason: str = ""
    oldest: str = ""
    lose: tuple[str, ...] = ()
    break_glass: str = ""
    unlock_reason: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where: the configuration, the environment and the app."""

    config: Config
    environment: Environment
    app: App


class NotBegun(BeamdeckError):
    """A plan that was not begun; the detail says why."""

    title = "Not begun"


def print_plan(place: Place, wanted: Wanted, *, as_json: bool, timeout_s: float) -> int:
    """Print the plan and its hash; 0, or 1 if it is blocked or cannot be built."""

    async def read() -> Plan:
        async with opened(place.config, place.environment, place.app) as deck:
            return await _plan(deck, wanted, timeout_s)

    try:
        plan = asyncio.run(read())
    except PlanRefused as refused:
        if as_json:
            print(json.dumps({"refused": scrub(refused.reason)}, ensure_ascii=False))
        else:
            print(f"refused: {_refusal(refused)}", file=sys.stderr)
        return 1
    needs = consent_needs(plan)
    try:
        keep(_printed(), plan)
    except OSError as error:
        print(f"what changes later cannot be said: {error}", file=sys.stderr)
    if as_json:
        print(json.dumps(plan_json(plan, needs), indent=2, ensure_ascii=False))
    else:
        print(plan_text(plan, needs))
    return 1 if needs.blocked else 0


def run_printed(
    place: Place,
    wanted: Wanted,
    plan_hash: str,
    given: Given,
    *,
    as_json: bool,
    timeout_s: float,
) -> int:
    """Carry a printed plan out; 0 only if every step was verified, 130 if it was left."""

    async def carry_out() -> int:
        async with opened(place.config, place.environment, place.app) as deck:
            plan = await _same(deck, wanted, plan_hash, timeout_s)
            print(plan_text(plan, consent_needs(plan)), file=sys.stderr)
            consent = await _consent(plan, given)
            await _unlock(deck, given)
            # Typing took a while: the last look, as in the console.
            fresh = await plan_again(deck.context, plan)
            changed = changed_facts(plan, fresh)
            if changed:
                raise NotBegun("while you were asked: " + "; ".join(changed))
            return await _Run(deck, plan, consent, as_json=as_json).carry_out()

    try:
        return asyncio.run(carry_out())
    except PlanRefused as refused:
        print(f"refused: {_refusal(refused)}", file=sys.stderr)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130


def _printed() -> Path:
    return state_folder() / "plans"


def _refusal(refused: PlanRefused) -> str:
    told = scrub(refused.reason)
    if not refused.unreachable:
        return told
    words = " ".join(f"--without {host}" for host in refused.unreachable)
    return f"{told}\nleft out by name it can go on: {words}"


async def _plan(deck: Deck, wanted: Wanted, timeout_s: float) -> Plan:
    deck.start(journal=False)
    await deck.settled(timeout_s)
    for warning in deck.fleet.warnings:
        print(warning, file=sys.stderr)
    return await build_plan(deck.context, wanted.kind, await params_of(deck.context, wanted))


async def _same(deck: Deck, wanted: Wanted, plan_hash: str, timeout_s: float) -> Plan:
    """The plan with this hash, built anew; NotBegun says what has changed since it was printed."""
    plan = await _plan(deck, wanted, timeout_s)
    if plan.hash == plan_hash:
        return plan
    before = kept(_printed(), plan_hash, plan)
    if before is None:
        told = "no plan with this hash was printed here for these words"
    else:
        told = "; ".join(changed_facts(before, plan))
    raise NotBegun(
        f"the plan is another one now: {told}",
        remedy=f"Its hash is {plan.hash}. Look at it with `beamdeck plan`, then run that one.",
    )


async def _unlock(deck: Deck, given: Given) -> None:
    if not deck.gate.state.locked(deck.clock()):
        return
    reason = given.unlock_reason.strip()
    if not reason and on_a_terminal():
        reason = await ask(f"{deck.environment.name} is locked; unlock it, because")
    if not reason:
        raise NotBegun("production is locked", remedy="Give --unlock-reason, or use a terminal.")
    record = AuditRecord("unlock", environment=deck.environment.name, reason=redact(reason))
    deck.audit.write(record)
    deck.gate.unlock(reason)


async def _consent(plan: Plan, given: Given) -> Consent:
    """The consent as given, what is missing asked for on a terminal; NotBegun if it is not enough.

    Without a terminal the hash that was given is the yes to a plan that asks for nothing else.
    """
    needs = consent_needs(plan)
    consent = Consent(
        plan.hash,
        given.environment_name,
        given.reason,
        given.oldest,
        frozenset(given.lose),
        given.break_glass,
    )
    if missing(needs, consent) and not needs.blocked and on_a_terminal():
        consent = await _asked(needs, consent)
    elif needs == ConsentNeeds(plan.hash) and on_a_terminal() and await ask("start it? y") != "y":
        raise NotBegun("it was not confirmed")
    lacking = missing(needs, consent)
    if lacking:
        options = "--environment-name, --reason, --oldest, --lose, --break-glass"
        raise NotBegun(f"missing: {', '.join(lacking)}", remedy=f"Say it with {options}.")
    return consent


async def _asked(needs: ConsentNeeds, consent: Consent) -> Consent:
    if needs.environment and not consent.environment:
        consent = replace(consent, environment=await ask("environment"))
    if needs.reason and not consent.reason:
        consent = replace(consent, reason=await ask("reason"))
    if needs.oldest and not consent.oldest:
        consent = replace(consent, oldest=await ask("oldest that goes"))
    for loss in needs.losses:
        if loss.key not in consent.ticked:
            said = await ask(scrub(f"[ ] {loss.key}  {loss.what}   x ticks it"))
            if said != "x":
                raise NotBegun(f"{loss.key} was not ticked")
            consent = replace(consent, ticked=consent.ticked | {loss.key})
    if needs.policy and not consent.break_glass:
        consent = replace(consent, break_glass=await ask(f"break-glass ({needs.policy}), because"))
    return consent


class _Run:
    """A plan under way that is told in lines and steered by signals and a few letters."""

    def __init__(self, deck: Deck, plan: Plan, consent: Consent, *, as_json: bool) -> None:
        self._plan = plan
        self._as_json = as_json
        self._told = 0
        self._asking: set[asyncio.Task[None]] = set()
        self._run = PlanRun(
            plan,
            consent,
            sessions=deck.sessions,
            gate=deck.gate,
            oplog=deck.oplog,
            audit=deck.audit,
            kinds=step_kinds(deck.context),
            clock=deck.clock,
            app=deck.app,
            attended=on_a_terminal(),
        )

    async def carry_out(self) -> int:
        """Run to the end; 0 only if everything was verified."""
        work = asyncio.create_task(self._run.run(), name=self._plan.title)
        stop = self._run.watch(self._tell)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupted, work.cancel)
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, work.cancel)
        try:
            await work
        finally:
            stop()
            for task in self._asking:
                task.cancel()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.remove_signal_handler(number)
        ended = self._run.ended
        return 0 if ended is not None and ended.ok else 1

    def _interrupted(self, leave: Callable[[], bool]) -> None:
        if self._run.steering.stopping:
            print("left; what was begun on a host goes on there", file=sys.stderr)
            leave()
            return
        self._run.stop_here()
        print("stops before the next step; Ctrl-C again leaves at once", file=sys.stderr)

    def _tell(self) -> None:
        events = self._run.events
        while self._told < len(events):
            event = events[self._told]
            self._told += 1
            self._say(event)
            if isinstance(event, PlanPaused):
                self._wait_for_answer()
            elif isinstance(event, PlanStuck):
                self._keep(self._ask_stuck())

    def _say(self, event: PlanEvent) -> None:
        if self._as_json:
            print(json.dumps(event_json(self._plan, event), ensure_ascii=False), flush=True)
        else:
            print(event_line(self._plan, event), flush=True)
        if isinstance(event, PlanEnded) and not event.ok:
            print(scrub(event.summary), file=sys.stderr)

    def _wait_for_answer(self) -> None:
        if not on_a_terminal():
            print("there is no terminal to be asked on: it stops here", file=sys.stderr)
            self._run.stop_here()
            return
        self._keep(self._ask_on())

    def _keep(self, asking: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(asking)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask_on(self) -> None:
        if await self._one_of("c goes on, s stops here", "cs") == "c":
            self._run.go_on()
        else:
            self._run.stop_here()

    async def _ask_stuck(self) -> None:
        # Only asked where somebody is: a run without a terminal is not attended.
        if await self._one_of("v reads it again, l leaves it as it is", "vl") == "v":
            self._run.verify_again()
        else:
            self._run.leave()

    @staticmethod
    async def _one_of(question: str, letters: str) -> str:
        """One of the letters; the last one where the terminal is gone."""
        try:
            while (answer := await ask(question)) not in tuple(letters):
                continue
        except BeamdeckError:
            return letters[-1]
        return answer
