"""A plan as lines: what is to be done with the literal commands, and how its steps stand.

Host text is scrubbed before it gets here; it is drawn as `Content`, never as markup.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from enum import IntEnum

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.model.command import Command, Secret, display, script_of
from tui.model.lock import locks_or_unlocks
from tui.model.plan import Plan, Step, StepEvent, StepState, VerdictKind
from tui.model.step_groups import Group, group_hosts, group_numbers, step_groups
from tui.model.words import duration

MUTED = "$foreground-muted"
"""Not `$text-muted`: that one paints white inside Content."""

SCRIPT_LINES = 3
"""So many lines of a script are shown where the plan is not shown in full."""

SHOWN_PASSED = 2
"""So many checks that passed are shown one by one there; more are counted."""


class Detail(IntEnum):
    """How much of a plan is shown: what has to be read, with every step's command, all of it."""

    SHORT = 0
    COMMANDS = 1
    ALL = 2

    @property
    def next(self) -> Detail:
        """What the key shows after it."""
        return Detail((self + 1) % len(Detail))

    @property
    def key_words(self) -> str:
        """What the key does now."""
        return ("@ full commands", "@ locks too", "@ less")[self]


_VERDICT = {
    VerdictKind.PASS: ("✓", "$text-success"),
    VerdictKind.WARN: ("!", "bold $text-warning"),
    VerdictKind.BLOCK: ("✗", "bold $text-error"),
}
_STATE = {
    StepState.DONE: "$text-success",
    StepState.FAILED: "bold $text-error",
    StepState.REFUSED: "bold $text-error",
    StepState.UNKNOWN: "bold $text-warning",
    StepState.RUNNING: "bold $text-primary",
    StepState.VERIFYING: "bold $text-primary",
}


def hanging(label: str, text: str, width: int, style: str = "") -> Content:
    """`text` wrapped to `width` columns, its lines below each other behind `label`."""
    room = max(20, width - cell_len(label))
    lines = [
        piece
        for line in text.split("\n")
        for piece in textwrap.wrap(line, room, break_on_hyphens=False, subsequent_indent="  ")
    ] or [""]
    blank = " " * cell_len(label)
    shown = "\n".join(f"{label if number == 0 else blank}{x}" for number, x in enumerate(lines))
    return Content.styled(shown, style) if style else Content(shown)


def plan_lines(
    plan: Plan,
    width: int,
    detail: Detail = Detail.SHORT,
    *,
    changed: Sequence[str] = (),
    only: frozenset[int] | None = None,
) -> Content:
    """The plan in `width` columns; COMMANDS adds what is sent, limits, conditions and undo.

    `changed` are sentences about what is different from what was shown before; of a plan that is
    gone on with, `only` are the steps (0-based) to come, the others are left out until ALL.
    """
    parts = [hanging(" ≠ ", sentence, width, "bold $text-warning") for sentence in changed]
    if plan.policy:
        parts.append(hanging(" ✗ ", f"break-glass: {plan.policy}", width, "bold $text-error"))
    parts += _verdicts(plan, width, detail)
    here = [i for i in range(len(plan.steps)) if only is None or detail is Detail.ALL or i in only]
    told = [plan.steps[i] for i in here]
    ends = list(dict.fromkeys(s.verification for s in told if not locks_or_unlocks(s)))
    for whole in step_groups(plan.steps):
        group = tuple(index for index in whole if index in here)
        if not group:
            continue
        if locks_or_unlocks(plan.steps[group[0]]) and detail is not Detail.ALL:
            parts.append(_lock_line(plan, group, width))
            continue
        for index in group:
            alone = detail > Detail.SHORT or len(ends) > 1
            parts += _step_lines(index + 1, plan.steps[index], width, detail, alone=alone)
    if len(ends) == 1 and detail is Detail.SHORT:
        parts.append(hanging(" then ", ends[0], width, MUTED))
    if plan.left_out:
        parts.append(hanging(" left out ", ", ".join(plan.left_out), width, "$text-warning"))
    parts.append(hanging(" undo ", plan.undo or "nothing to undo", width, MUTED))
    if detail > Detail.SHORT:
        marks = "logger -t beamdeck-audit notes each step in the host's own journal"
        parts.append(hanging(" also ", marks, width, MUTED))
        parts.append(hanging(" plan ", plan.hash, width, MUTED))
    return Content("\n").join(parts)


def _verdicts(plan: Plan, width: int, detail: Detail) -> list[Content]:
    """What was checked: the steps need the room of many that passed, never that of the others."""
    passed = [v for v in plan.verdicts if v.kind is VerdictKind.PASS]
    fold = detail is Detail.SHORT and len(passed) > SHOWN_PASSED
    lines = []
    for verdict in plan.verdicts:
        if fold and verdict.kind is VerdictKind.PASS:
            continue
        sign, style = _VERDICT[verdict.kind]
        lines.append(hanging(f" {sign} ", verdict.reason, width, style))
    if fold:
        sign, style = _VERDICT[VerdictKind.PASS]
        said = f"{len(passed)} checks passed: @ shows them"
        lines.append(hanging(f" {sign} ", said, width, style))
    return lines


def _lock_line(plan: Plan, group: Group, width: int) -> Content:
    """Locks of several hosts side by side, which nobody reads one by one."""
    what = f"{group_hosts(plan.steps, group)}  {plan.steps[group[0]].what}"
    return hanging(f" {group_numbers(group):>2}  ", what, width, MUTED)


def _step_lines(
    number: int, step: Step, width: int, detail: Detail, *, alone: bool
) -> list[Content]:
    indent = " " * 6
    parts = [Content.styled(f" {number:>2}  {step.host}  {step.what}", "bold")]
    parts.append(hanging(indent, step.why, width, MUTED))
    if step.command is not None:
        parts.append(_command(step.command, f"{indent}$ ", width, detail))
    if alone:
        parts.append(hanging(f"{indent}then ", step.verification, width, MUTED))
    if detail > Detail.SHORT:
        parts.append(hanging(f"{indent}if ", step.precondition, width, MUTED))
        parts.append(hanging(f"{indent}limit ", duration(step.limit_s), width, MUTED))
        parts.append(hanging(f"{indent}undo ", step.undo, width, MUTED))
        if step.command is not None and (detail is Detail.ALL or step.command.script is None):
            parts.append(hanging(f"{indent}sent ", _sent(step.command), width, MUTED))
    return parts


def _command(command: Command, label: str, width: int, detail: Detail) -> Content:
    """The literal command; of a script that is longer than its room its length and its words."""
    if detail > Detail.SHORT:
        return hanging(label, display(command), width)
    return short_command(command, label, width, "@")


def short_command(command: Command, label: str, width: int, where: str) -> Content:
    """The literal command; a script in one line by its words, and `where` its text is shown."""
    text = display(command)
    count = len(text.splitlines())
    if command.script is None or count <= SCRIPT_LINES:
        return hanging(label, text, width)
    words = [word for word in map(str, command.argv) if word and "\n" not in word]
    line = Content(f"{label}sh, {count} lines ({where}): {' '.join(words)}")
    return line.truncate(width, ellipsis=True)


def _sent(command: Command) -> str:
    """What goes to /bin/sh on the host, as it is, unless there is a secret in it."""
    words = (*command.argv, *(value for _, value in command.env))
    if any(isinstance(word, Secret) for word in words):
        return "not shown here: it holds a secret"
    return script_of(command).decode("utf-8", "replace").strip()


class PlanView(VerticalScroll):
    """A plan to read before it is consented to; scrolls by its screen's keys."""

    DEFAULT_CSS = """
    PlanView { height: 1fr; scrollbar-size-vertical: 1; }
    PlanView > Static { height: auto; }
    """
    can_focus = False

    def __init__(
        self, plan: Plan, changed: Sequence[str] = (), only: frozenset[int] | None = None
    ) -> None:
        super().__init__()
        self._plan = plan
        self._changed = tuple(changed)
        self._only = only
        self._detail = Detail.SHORT
        self._body = Static(markup=False)

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._body

    def on_resize(self) -> None:
        """Wrap to the width there is."""
        self._draw()

    def show(self, detail: Detail) -> None:
        """With more or less of it, from its top."""
        self._detail = detail
        self._draw()
        self.scroll_home(animate=False)

    def _draw(self) -> None:
        width = max(20, self.size.width - 1)
        self._body.update(
            plan_lines(self._plan, width, self._detail, changed=self._changed, only=self._only)
        )


def step_line(head: str, event: StepEvent, width: int, elapsed_s: float | None) -> Content:
    """One step of a plan under way in one line: sign, `head`, how it stands, how long."""
    took = "" if elapsed_s is None else f"{elapsed_s:.0f} s"
    sign = "!" if event.warning else event.state.sign
    style = "bold $text-warning" if event.warning else _STATE.get(event.state, MUTED)
    word = event.detail if event.state is not StepState.WAITING else "waiting"
    if event.state in (StepState.FAILED, StepState.UNKNOWN, StepState.REFUSED):
        word = f"{event.state}: {word}"
    room = max(0, width - cell_len(head) - len(took) - 6)
    said = Content(word.split("\n")[0]).truncate(room, ellipsis=True, pad=True)
    return Content.assemble((f" {sign} {head} ", style), said, (f" {took} ", MUTED))


def step_heads(plan: Plan, rows: Sequence[Group]) -> list[str]:
    """Numbers, hosts and what of each row in columns; what all have in common is left out.

    Locks have no say in that: where nothing else is told apart, they say it themselves.
    """
    names = [group_hosts(plan.steps, row) for row in rows]
    hosts = min(max(map(cell_len, names), default=0), 24)
    whats = {step.what for step in plan.steps if not locks_or_unlocks(step)}
    wide = max((cell_len(step.what) for step in plan.steps), default=0) if len(whats) > 1 else 0
    digits = max((len(group_numbers(row)) for row in rows), default=2)
    heads: list[str] = []
    for row, name in zip(rows, names, strict=True):
        step = plan.steps[row[0]]
        head = f"{group_numbers(row):>{max(2, digits)}} {name:<{hosts}.{hosts}}"
        if wide:
            head += f"  {step.what:<{wide}}"
        elif locks_or_unlocks(step):
            head += f"  {step.kind}"
        heads.append(head)
    return heads


def step_rows(plan: Plan, last_of: Callable[[int], StepEvent]) -> list[Group]:
    """The steps by rows: locks of several hosts share one as long as they stand alike."""
    rows: list[Group] = []
    for group in step_groups(plan.steps):
        events = [last_of(index) for index in group]
        alike = len({(event.state, event.warning) for event in events}) == 1
        quiet = events[0].state in (StepState.WAITING, StepState.DONE, StepState.SKIPPED)
        rows += [group] if alike and quiet else [(index,) for index in group]
    return rows


class StepList(Static):
    """The steps of a plan under way, one line each; of many those around the marked one."""

    DEFAULT_CSS = """
    StepList { height: auto; text-wrap: nowrap; }
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(markup=False)
        self._plan = plan
        self._asked: tuple[Callable[[int], StepEvent], Callable[[int], float | None], int] | None
        self._asked = None

    def show(
        self,
        last_of: Callable[[int], StepEvent],
        elapsed_of: Callable[[int], float | None],
        marked: int,
    ) -> None:
        """Draw every step as it stands; `elapsed_of` gives seconds, None before its begin."""
        self._asked = (last_of, elapsed_of, marked)
        self._draw()

    def on_resize(self) -> None:
        """Use the width there is."""
        self._draw()

    def _draw(self) -> None:
        if self._asked is None or not self.size.width:
            return
        last_of, elapsed_of, marked = self._asked
        rows = step_rows(self._plan, last_of)
        heads = step_heads(self._plan, rows)
        at = next((number for number, row in enumerate(rows) if marked in row), 0)
        room = max(3, self.screen.size.height // 2 - 2)
        first = max(0, min(at - room // 2, len(rows) - room))
        lines: list[Content] = []
        for number, row in list(enumerate(rows))[first : first + room]:
            took = [elapsed_of(index) for index in row]
            known = [seconds for seconds in took if seconds is not None]
            width = self.size.width - 1
            line = step_line(heads[number], last_of(row[-1]), width, sum(known) if known else None)
            lines.append(Content.assemble("▌" if number == at else " ", line))
        self.update(Content("\n").join(lines))
