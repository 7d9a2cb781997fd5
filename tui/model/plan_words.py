"""A plan in plain text and as JSON, for commands without a screen. Pure; no secrets in either."""

from __future__ import annotations

from tui.model.command import Command, display
from tui.model.consent import ConsentNeeds
from tui.model.plan import Plan, PlanEnded, PlanEvent, PlanPaused, PlanStuck, Step, StepEvent
from tui.model.redact import redact
from tui.model.text import scrub
from tui.model.words import clock, counted, duration

_SIGN = {"pass": "✓", "warn": "!", "block": "✗"}


def plan_text(plan: Plan, needs: ConsentNeeds) -> str:
    """The whole plan: verdicts, steps with their literal commands, losses, undo, what it asks."""
    where = plan.environment.upper() if plan.production else plan.environment
    lines = [f"{where}: {plan.title}", ""]
    if plan.policy:
        lines.append(f" ✗ break-glass: {plan.policy}")
    lines += [f" {_SIGN[v.kind]} {v.guard}: {_indented(v.reason, 3)}" for v in plan.verdicts]
    for number, step in enumerate(plan.steps, start=1):
        lines += _step_lines(number, step)
    lines += [f" goes      {loss.key}  {loss.what}" for loss in plan.losses]
    if plan.oldest:
        lines.append(f" oldest    {plan.oldest}")
    if plan.left_out:
        lines.append(f" left out  {', '.join(plan.left_out)}")
    lines += [
        f" undo      {_indented(plan.undo or 'nothing to undo', 11)}",
        f" asks for  {needs_words(needs)}",
        f" plan      {plan.hash}",
    ]
    return scrub("\n".join(lines))


def _step_lines(number: int, step: Step) -> list[str]:
    lines = [f" {number:>2}  {step.host}  {step.what}".rstrip(), f"      why    {step.why}"]
    if step.pause:
        lines.append(f"      waits  {step.pause}")
    if step.command is not None:
        lines.append(f"      $      {_indented(shown(step.command), 13)}")
    return [
        *lines,
        f"      if     {step.precondition}",
        f"      then   {step.verification}",
        f"      undo   {step.undo}",
        f"      limit  {duration(step.limit_s)}",
    ]


def _indented(text: str, columns: int) -> str:
    return text.replace("\n", "\n" + " " * columns)


def shown(command: Command | None) -> str:
    """The exact command line without secrets; empty without a command."""
    return redact(display(command)) if command is not None else ""


def needs_words(needs: ConsentNeeds) -> str:
    """What has to be given before the plan may start, in one line."""
    if needs.blocked:
        return f"nothing: it is not possible ({needs.blocked})"
    asked = [
        f"the environment's name ({needs.environment})" if needs.environment else "",
        "a reason" if needs.reason else "",
        f"the oldest that goes ({needs.oldest})" if needs.oldest else "",
        counted(len(needs.losses), "tick") if needs.losses else "",
        "a break-glass reason" if needs.policy else "",
    ]
    return ", ".join(filter(None, asked)) or "a yes"


def plan_json(plan: Plan, needs: ConsentNeeds) -> dict[str, object]:
    """The plan as JSON values."""
    return {
        "plan": plan.hash,
        "kind": plan.kind,
        "title": plan.title,
        "environment": plan.environment,
        "production": plan.production,
        "app": plan.app,
        "tier": int(plan.tier),
        "params": dict(plan.params),
        "steps": [_step_json(step) for step in plan.steps],
        "facts": dict(plan.facts),
        "verdicts": [
            {"verdict": str(v.kind), "guard": v.guard, "reason": v.reason} for v in plan.verdicts
        ],
        "losses": [{"key": loss.key, "what": loss.what} for loss in plan.losses],
        "oldest": plan.oldest,
        "left_out": list(plan.left_out),
        "policy": plan.policy,
        "undo": plan.undo,
        "asks_for": {
            "environment_name": bool(needs.environment),
            "reason": needs.reason,
            "oldest": needs.oldest,
            "lose": [loss.key for loss in needs.losses],
            "break_glass": bool(needs.policy),
        },
        "blocked": needs.blocked,
    }


def _step_json(step: Step) -> dict[str, object]:
    return {
        "kind": step.kind,
        "host": step.host,
        "what": step.what,
        "why": step.why,
        "command": shown(step.command),
        "precondition": step.precondition,
        "verification": step.verification,
        "undo": step.undo,
        "limit_s": step.limit_s,
        "pause": step.pause,
    }


def event_line(plan: Plan, event: PlanEvent) -> str:
    """One thing that happened, as a line: `03:07:41 2/4 web1 done: …`."""
    at = clock(event.at)
    if isinstance(event, StepEvent):
        step = plan.steps[event.index]
        word = f"{event.state} (not clean)" if event.warning else str(event.state)
        head = f"{at} {event.index + 1}/{len(plan.steps)} {step.host} {word}"
        return scrub(f"{head}: {event.detail}".removesuffix(": "))
    if isinstance(event, PlanEnded):
        undo = f"\nundo: {event.undo}" if event.undo else ""
        return scrub(f"{at} {'DONE' if event.ok else 'NOT DONE'}: {event.summary}{undo}")
    word = "stuck" if isinstance(event, PlanStuck) else "waits"
    return scrub(f"{at} {word}: {event.reason}")


def event_json(plan: Plan, event: PlanEvent) -> dict[str, object]:
    """One thing that happened, as JSON values."""
    if isinstance(event, StepEvent):
        step = plan.steps[event.index]
        return {
            "at": event.at,
            "step": event.index + 1,
            "host": step.host,
            "what": step.what,
            "state": str(event.state),
            "detail": event.detail,
            "clean": not event.warning,
        }
    if isinstance(event, PlanPaused):
        return {"at": event.at, "waits_before": event.index + 1, "reason": event.reason}
    if isinstance(event, PlanStuck):
        return {"at": event.at, "stuck_at": event.index + 1, "reason": event.reason}
    return {"at": event.at, "ok": event.ok, "summary": event.summary, "undo": event.undo}
