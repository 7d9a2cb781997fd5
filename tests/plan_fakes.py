"""A plan, a run and a deck for tests of the screens that show them; frozen in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from textual.app import App
from textual.screen import Screen

from tui.commands.sudo import RestartForm, RestartRight
from tui.model.fleet import App as BeamApp
from tui.model.fleet import Config, Environment, Health, HealthKind, Host
from tui.model.gate import LockState
from tui.model.host import HostSnapshot, HostView, Link, LinkState, MachineFacts
from tui.model.plan import (
    Loss,
    Plan,
    PlanEnded,
    PlanEvent,
    PlanPaused,
    PlanStuck,
    StepEvent,
    StepState,
    Tier,
)
from tui.model.release import ReleaseFacts
from tui.model.unit import UnitFacts
from tui.operations.diagnosis import Diagnosis
from tui.operations.restart import plan_restart
from tui.operations.steps import Steering
from tui.theme import THEMES

NOW = 1_528_081_680.0
"""2018-06-04 03:08:00 UTC."""

APP = BeamApp("billing", health=Health(HealthKind.HTTP))


def right(host: str = "web1") -> RestartRight:
    """The best form, as devops."""
    argv = ("sudo", "-n", "systemctl", "--job-mode=fail", "restart", "billing.service")
    return RestartRight(argv, RestartForm.JOB_MODE_FAIL, "devops")


def unit(**changes: object) -> UnitFacts:
    """A unit that runs."""
    facts: dict[str, object] = {
        "name": "billing.service",
        "load_state": "loaded",
        "active_state": "active",
        "sub_state": "running",
        "result": "success",
        "main_pid": 4711,
        "restarts": 0,
        "invocation_id": "a" * 32,
        "timeout_start_s": 90.0,
        "timeout_stop_s": 90.0,
    }
    return UnitFacts(**{**facts, **changes})  # type: ignore[arg-type]  # UnitFacts' own names


def view(
    host: str,
    runs: str | None = "0.3.0+41",
    boots: str | None = "0.3.0+41",
    link: LinkState = LinkState.UP,
    taken_at: float = NOW - 1,
    **changes: object,
) -> HostView:
    """A host as the board shows it."""
    snapshot = HostSnapshot(
        host=host,
        app="billing",
        taken_at=taken_at,
        rtt_s=0.03,
        unit=unit(**changes),
        release=ReleaseFacts(runs=runs, boots=boots),
        machine=MachineFacts(boot_id="b" * 32),
    )
    return HostView(host, Link(link), snapshot)


def environment(*hosts: str, production: bool = False) -> Environment:
    """An environment with these hosts and the app."""
    name = "production" if production else "staging"
    return Environment(name, production, tuple(Host(host) for host in hosts), (APP,))


def restart(*views: HostView, production: bool = False) -> Plan:
    """A plan to restart these hosts; without any, web1 and a web3 that was never restarted."""
    views = views or (view("web1"), view("web3", runs="0.2.0+38"))
    names = [v.host for v in views]
    where = environment(*names, production=production)
    return plan_restart(where, APP, views, names, {name: right(name) for name in names}, NOW)


def undoing(*losses: Loss, production: bool = True, **changes: Any) -> Plan:
    """A plan of tier 3 that takes migrations down; without any, one loses something."""
    losses = losses or (Loss("20180202120000", "column t_invoices.amount"),)
    asked = (("direction", "down"), ("versions", "20180203120000 20180202120000"))
    plan = replace(
        restart(production=production),
        kind="migrate",
        title="undo 2 migrations",
        tier=Tier.DATA_LOSS,
        losses=losses,
        oldest="20180202120000",
        params=asked,
    )
    return replace(plan, **changes)


class FakeRun:
    """What the walkthrough wants of a PlanRun, driven by the test."""

    def __init__(self, plan: Plan, *events: PlanEvent) -> None:
        self.plan = plan
        self.steering = Steering()
        self.events: list[PlanEvent] = []
        self.ended: PlanEnded | None = None
        self.asked: list[str] = []
        self._watchers: list[Callable[[], None]] = []
        self.happens(*events)

    @property
    def watchers(self) -> int:
        return len(self._watchers)

    @property
    def paused(self) -> PlanPaused | None:
        last = self.events[-1] if self.events else None
        return last if isinstance(last, PlanPaused) else None

    @property
    def stuck(self) -> PlanStuck | None:
        last = self.events[-1] if self.events else None
        return last if isinstance(last, PlanStuck) and "verify" not in self.asked else None

    def verify_again(self) -> None:
        self.asked.append("verify")
        self._tell()

    def leave(self) -> None:
        self.asked.append("leave")
        self._tell()

    def happens(self, *events: PlanEvent) -> None:
        """More events."""
        self.events.extend(events)
        if events and isinstance(events[-1], PlanEnded):
            self.ended = events[-1]
        self._tell()

    def last_of(self, index: int) -> StepEvent:
        return (StepEvent(index, StepState.WAITING, 0.0), *self.history_of(index))[-1]

    def history_of(self, index: int) -> tuple[StepEvent, ...]:
        return tuple(e for e in self.events if isinstance(e, StepEvent) and e.index == index)

    def go_on(self) -> None:
        self.asked.append("go on")
        self.steering.go_on()
        self._tell()

    def stop_here(self) -> None:
        self.asked.append("stop")
        self.steering.stop_here()
        self._tell()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def _tell(self) -> None:
        for callback in list(self._watchers):
            callback()


def deck(plan: Plan) -> SimpleNamespace:
    """What a place is given."""
    views = tuple(HostView(host, Link(LinkState.UP)) for host in plan.hosts)
    return SimpleNamespace(
        config=Config(),
        environment=environment(*plan.hosts, production=plan.production),
        app=APP,
        key="staging/billing",
        board=SimpleNamespace(views=views, watch=lambda _callback: _nothing),
        gate=SimpleNamespace(state=LockState(plan.production, NOW + 700, "4711")),
        store=SimpleNamespace(errors=lambda _host: 0),
        migrations=None,
        diagnosis=Diagnosis(lambda: NOW),
        clock=lambda: NOW,
    )


def _nothing() -> None:
    """Ends a watch that watches nothing."""


class Stage(App[None]):
    """An app with nothing in it but a first screen to push others on."""

    CSS = "Screen { background: $background; color: $foreground; }"

    def __init__(self) -> None:
        super().__init__()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = "beamdeck-dark"
        self.answers: list[object] = []

    def ask(self, screen: Screen[object]) -> None:
        """Push a dialog and keep what it answers."""
        self.push_screen(screen, self.answers.append)
