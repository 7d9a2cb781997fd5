"""Which module plans and carries out which kind of change.

A module of the table has `build(context, params) -> Plan` (reads, then plans; PlanRefused) and
`kinds(context) -> {step kind: StepKind}`. They are imported when they are first asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from tui.model.fleet import Manager
from tui.model.plan import Facts, Plan, PlanRefused
from tui.operations.context import PlanContext
from tui.operations.guards import guarded
from tui.operations.steps import StepKind

PLANNERS: Mapping[str, str] = {
    "restart": "tui.operations.restart",
    "start": "tui.operations.start",
    "stop": "tui.operations.stop",
    "daemon_reload": "tui.operations.daemon_reload",
    "task": "tui.operations.task",
    "migrate": "tui.operations.migrate",
    "deploy": "tui.operations.deploy",
    "rollback": "tui.operations.rollback",
    "build": "tui.operations.build",
    "prune": "tui.operations.prune",
    "unlock": "tui.operations.unlock",
}
"""Kind of plan -> its module."""

CARRIERS: tuple[str, ...] = (
    "tui.operations.restart",
    "tui.operations.start",
    "tui.operations.stop",
    "tui.operations.daemon_reload",
    "tui.operations.task",
    "tui.operations.migrate",
    "tui.operations.deploy",
    "tui.operations.build",
    "tui.operations.prune",
    "tui.operations.lock",
    "tui.operations.unlock",
)
"""The modules whose steps may stand in a plan of any kind."""


_BY_SYSTEMD = frozenset({"daemon_reload"})
"""What is systemd's alone; a release that it does not run has no such thing."""


async def build_plan(context: PlanContext, kind: str, params: Facts) -> Plan:
    """The plan of a kind for what is asked, from a fresh look, under the policies of right now.

    PlanRefused says why not.
    """
    module = _module(PLANNERS.get(kind, ""))
    if module is None:
        raise PlanRefused(f"no plan of the kind {kind!r} can be built")
    if kind in _BY_SYSTEMD and context.app.manager is not Manager.SYSTEMD:
        raise PlanRefused(f"systemd does not run {context.app.name}: it has no unit file")
    plan: Plan = await module.build(context, params)
    return guarded(plan, context.environment, context.clock())


async def plan_again(context: PlanContext, plan: Plan) -> Plan:
    """The same change planned from a fresh look at the hosts."""
    return await build_plan(context, plan.kind, plan.params)


def step_kinds(context: PlanContext) -> dict[str, StepKind]:
    """How every kind of step is carried out for the app of the context."""
    found: dict[str, StepKind] = {}
    for name in CARRIERS:
        module = _module(name)
        if module is not None:
            found.update(module.kinds(context))
    return found


def hosts_param(hosts: tuple[str, ...] | list[str]) -> tuple[str, str]:
    """The hosts that were asked for, as a plan's parameter."""
    return ("hosts", " ".join(hosts))


def hosts_of(params: Facts) -> tuple[str, ...]:
    """The hosts that were asked for; () if none were named."""
    return tuple(dict(params).get("hosts", "").split())


def without_param(params: Facts, hosts: tuple[str, ...]) -> Facts:
    """The same question with these hosts left out as well, by name."""
    rest = tuple((name, value) for name, value in params if name != "without")
    return (*rest, ("without", " ".join(dict.fromkeys((*without_of(params), *hosts)))))


def without_of(params: Facts) -> tuple[str, ...]:
    """The hosts that the operator left out by name."""
    return tuple(dict(params).get("without", "").split())


def _module(name: str) -> Any:
    return importlib.import_module(name) if name else None
