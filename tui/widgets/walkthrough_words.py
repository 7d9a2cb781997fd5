"""What the walkthrough says of a plan under way: headline, a step in full, pause, end. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textual.content import Content

from tui.model.plan import Plan, PlanEnded, PlanPaused, PlanStuck, StepEvent, StepState
from tui.model.step_reason import if_wrong, why_of
from tui.model.words import clock, duration
from tui.widgets.plan_view import MUTED, hanging, short_command

_NUMBER = re.compile(r"\d+")
SHOWN = 12
"""So many of a step's last events are shown."""


def headline(
    plan: Plan,
    ended: PlanEnded | None,
    paused: PlanPaused | PlanStuck | None,
    *,
    stopping: bool,
    by_step: bool = False,
) -> Content:
    """What is being done, and how it goes, in one line."""
    if ended is not None:
        word, style = (
            ("DONE", "bold $text-success") if ended.ok else ("NOT DONE", "bold $text-error")
        )
    elif isinstance(paused, PlanStuck):
        word, style = "STUCK, WAITS FOR YOU", "bold $text-error"
    elif paused is not None:
        word, style = "WAITS FOR YOU", "bold $text-warning"
    elif stopping:
        word, style = "stops after this step (c takes it back)", "bold $text-warning"
    elif by_step:
        word, style = "pauses after this step (= takes it back)", "bold $text-warning"
    else:
        word, style = "under way", "bold $text-primary"
    return Content.assemble(" ", (plan.title, "bold"), "   ", (word, style))


def step_detail(
    plan: Plan, index: int, history: Sequence[StepEvent], width: int, now: float
) -> Content:
    """A step in full: why it is there, how it stands, what is sent, and what if it goes wrong."""
    step = plan.steps[index]
    parts = [
        Content.styled(f" Step {index + 1} of {len(plan.steps)}  {step.host}  {step.what}", "bold"),
        hanging("   why   ", why_of(plan, step), width, MUTED),
    ]
    told = _told(history)
    if len(told) > SHOWN:
        parts.append(Content.styled(f"   … {len(told) - SHOWN} more before", MUTED))
    # Above the command: a script has a screenful of its own.
    parts += [_event(event, width) for event in told[-SHOWN:]]
    if step.command is not None:
        parts.append(short_command(step.command, "   $     ", width, "@ has them once sent"))
    parts.append(hanging("   then  ", step.verification, width, MUTED))
    parts.append(hanging("   wrong ", if_wrong(step), width, MUTED))
    parts.append(Content.styled(f"   limit {_limit(step.limit_s, history, now)}", MUTED))
    return Content("\n").join(parts)


def _told(history: Sequence[StepEvent]) -> list[StepEvent]:
    """The events without those that only count on: of `3 s of 90 s`, `4 s of 90 s` the last."""
    told: list[StepEvent] = []
    for event in history:
        same = told and told[-1].state is event.state
        if same and _NUMBER.sub("", told[-1].detail) == _NUMBER.sub("", event.detail):
            told.pop()
        told.append(event)
    return told


def _limit(limit_s: float, history: Sequence[StepEvent], now: float) -> str:
    if not history or history[0].state is StepState.SKIPPED:
        return duration(limit_s)
    running = history[-1].state in (StepState.RUNNING, StepState.VERIFYING, StepState.UNKNOWN)
    end = now if running else history[-1].at
    return f"{duration(limit_s)}, {duration(end - history[0].at)} gone"


def _event(event: StepEvent, width: int) -> Content:
    style = ""
    if event.state in (StepState.FAILED, StepState.REFUSED):
        style = "bold $text-error"
    elif event.state is StepState.UNKNOWN or event.warning:
        style = "bold $text-warning"
    elif event.state is StepState.DONE:
        style = "bold $text-success"
    word = "not clean" if event.warning else str(event.state)
    return hanging(f"   {clock(event.at)} {word:<9} ", event.detail, width, style)


def paused_lines(paused: PlanPaused, width: int, *, by_step: bool = False) -> Content:
    """Why it waits, and the ways on."""
    reason = hanging(" ? ", paused.reason, width, "bold $text-warning")
    ways = "c goes on with the next step, s stops here"
    ways += ", = then c runs to the end" if by_step else ""
    return Content("\n").join([reason, Content(f"   {ways}")])


def back_to(plan: Plan, host: str) -> str:
    """The release version that the host ran before this plan; empty if it is not known, or
    the same as the one that the plan brings up."""
    facts = dict(plan.facts)
    before = facts.get(f"{host} runs", "")
    brings = plan.param("version") or facts.get(f"{host} boots", "")
    return before if before != brings else ""


def stuck_lines(plan: Plan, stuck: PlanStuck, width: int) -> Content:
    """What did not come out well, and what can be done; nothing is sent again by itself."""
    host = plan.steps[stuck.index].host
    reason = hanging(" ✗ ", stuck.reason, width, "bold $text-error")
    version = back_to(plan, host)
    ways = ["v reads it again: if it is done by now, the plan goes on"]
    if version:
        ways.append(f"B leaves it and opens a plan that rolls {host} back to {version}")
    ways.append("l leaves it as it is: the plan ends here")
    return Content("\n").join([reason, *(Content(f"   {way}") for way in ways)])


def ended_lines(ended: PlanEnded, width: int) -> Content:
    """The verdict and what undoes it."""
    style = "bold $text-success" if ended.ok else "bold $text-error"
    parts = [hanging(" ✓ " if ended.ok else " ✗ ", ended.summary, width, style)]
    if ended.undo:
        parts.append(hanging("   undo: ", ended.undo, width, MUTED))
    parts.append(Content.styled("   Esc leaves. The audit has every command: @ shows them.", MUTED))
    return Content("\n").join(parts)
