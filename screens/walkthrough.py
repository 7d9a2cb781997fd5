"""A plan being carried out: its steps, the present one in full, the verdict. Looks, never owns.

The plan runs on the app; leaving this screen leaves it alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from screens.place import Place, bindings_of
from tui.messages import RollBackAsked
from tui.model.plan import PlanEnded, PlanPaused, PlanStuck, StepEvent, StepState
from tui.widgets.confirm import Threshold
from tui.widgets.frame import KeyLine
from tui.widgets.plan_view import StepList
from tui.widgets.walkthrough_words import (
    back_to,
    ended_lines,
    headline,
    paused_lines,
    step_detail,
    stuck_lines,
)

if TYPE_CHECKING:
    from tui.operations.deck import Deck
    from tui.operations.plan_run import PlanRun

_OVER = (StepState.DONE, StepState.FAILED, StepState.REFUSED, StepState.SKIPPED)


class WalkthroughScreen(Place):
    """Shows a `PlanRun`; `c` goes on after a pause, `=` pauses before each further step, `s`
    begins no further step, Esc leaves.

    Where a step is stuck, `v` reads it again, `B` rolls its host back, `l` leaves it.
    """

    CSS_PATH = "walkthrough.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("walkthrough")
    place = "walkthrough"

    def __init__(
        self, deck: Deck, run: PlanRun, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` is the monotonic one, for input that came before what it answers."""
        super().__init__(deck)
        self.run_shown = run
        self._chosen: int | None = None
        self._threshold = Threshold(clock)
        self._answered: object = None
        self._watch_stop: Callable[[], None] | None = None
        self._due = False

    def compose_body(self) -> ComposeResult:
        """Headline, steps, the present one."""
        yield Static(Content(""), classes="headline", markup=False)
        yield StepList(self.run_shown.plan)
        with VerticalScroll(classes="detail") as detail:
            detail.can_focus = False
            yield Static(Content(""), classes="text", markup=False)

    def on_mount(self) -> None:
        """Follow the run; once a second what goes with the clock."""
        super().on_mount()
        self._watch_stop = self.run_shown.watch(self._changed)
        self.set_interval(1.0, self._draw)
        self._draw()
        self.call_after_refresh(self._threshold.painted)

    def on_unmount(self) -> None:
        """Stop looking; the run goes on."""
        super().on_unmount()
        if self._watch_stop is not None:
            self._watch_stop()
            self._watch_stop = None

    def on_screen_resume(self) -> None:
        """What happened meanwhile."""
        self._draw()

    def on_resize(self) -> None:
        """Wrap to the width there is, once it is known."""
        self.call_after_refresh(self._draw)

    def check_message_enabled(self, message: Message) -> bool:
        """Keys typed before a result was painted were not meant as an answer to it."""
        if self._threshold.drops(message):
            return False
        return super().check_message_enabled(message)

    # -- drawing -------------------------------------------------------------------------

    def _changed(self) -> None:
        if not self._due:
            # Many events of one moment are one frame.
            self._due = True
            self.call_later(self._draw)

    def _draw(self) -> None:
        self._due = False
        if not self.is_current or not self.is_mounted:
            return
        run = self.run_shown
        marked = self._marked()
        now = self.deck.clock()
        self.query_one(".headline", Static).update(
            headline(
                run.plan,
                run.ended,
                run.stuck or run.paused,
                stopping=run.steering.stopping,
                by_step=run.steering.by_step,
            )
        )
        self.query_one(StepList).show(run.last_of, self._elapsed, marked)
        width = max(20, self.query_one(".detail").size.width - 2)
        parts: list[Content] = []
        if run.paused is not None:
            parts.append(paused_lines(run.paused, width, by_step=run.steering.by_step))
        if run.stuck is not None:
            parts.append(stuck_lines(run.plan, run.stuck, width))
        if run.ended is not None:
            parts.append(ended_lines(run.ended, width))
        parts.append(step_detail(run.plan, marked, run.history_of(marked), width, now))
        self.query_one(".text", Static).update(Content("\n\n").join(parts))
        self.query_one(KeyLine).leave_out(self._idle_keys())
        self._guard_answer()

    def _idle_keys(self) -> frozenset[str]:
        """The ids of the keys that do nothing as the run stands."""
        run = self.run_shown
        if run.ended is not None:
            return frozenset({"filter", "go_on", "step_by_step", "stop_here"})
        waits = run.paused is not None or run.steering.stopping
        return frozenset({"filter"}) if waits else frozenset({"filter", "go_on"})

    def _guard_answer(self) -> None:
        """A new result or question on screen: what was typed before it is not its answer."""
        run = self.run_shown
        last = run.events[-1] if run.events else None
        results = isinstance(last, PlanPaused | PlanStuck | PlanEnded)
        results = results or (isinstance(last, StepEvent) and last.state in _OVER)
        if results and last is not self._answered:
            self._answered = last
            self.call_after_refresh(self._threshold.painted)

    def _present(self) -> int:
        """The step under way, else the last one that began."""
        for event in reversed(self.run_shown.events):
            if isinstance(event, StepEvent) and event.state is not StepState.SKIPPED:
                return event.index
        return 0

    def _marked(self) -> int:
        return self._present() if self._chosen is None else self._chosen

    def _elapsed(self, index: int) -> float | None:
        history = self.run_shown.history_of(index)
        if not history or history[0].state is StepState.SKIPPED:
            return None
        over = history[-1].state in _OVER or self.run_shown.ended is not None
        end = history[-1].at if over else self.deck.clock()
        return max(0.0, end - history[0].at)

    # -- keys ----------------------------------------------------------------------------

    def action_go_on(self) -> None:
        """`c`: after a pause, or taking back a stop that did not take effect."""
        run = self.run_shown
        if run.ended is None and (run.paused is not None or run.steering.stopping):
            run.go_on()

    def action_stop_here(self) -> None:
        """`s`: the present step runs to its end, no other begins."""
        if self.run_shown.ended is None:
            self.run_shown.stop_here()

    def action_step_by_step(self) -> None:
        """`=`: pause before each further step, or no more."""
        run = self.run_shown
        if run.ended is None:
            run.steering.by_step = not run.steering.by_step
            self._draw()

    def action_verify_again(self) -> None:
        """`v`: read the step that is stuck anew; nothing is sent again."""
        if self.run_shown.stuck is not None:
            self.run_shown.verify_again()

    def action_leave(self) -> None:
        """`l`: end the plan at the step that is stuck."""
        if self.run_shown.stuck is not None:
            self.run_shown.leave()

    def action_roll_back(self) -> None:
        """`B`: leave the step that is stuck, and open a plan that rolls its host back."""
        stuck, plan = self.run_shown.stuck, self.run_shown.plan
        if stuck is None:
            return
        host = plan.steps[stuck.index].host
        version = back_to(plan, host)
        if version:
            self.post_message(RollBackAsked(self.deck.key, host, version))
        else:
            said = f"which release {host} ran before is not known, or it is the same"
            self.notify(said, severity="warning", markup=False)

    def action_down(self) -> None:
        """Look at the next step."""
        self._choose(min(self._marked() + 1, len(self.run_shown.plan.steps) - 1))

    def action_up(self) -> None:
        """Look at the step before."""
        self._choose(max(self._marked() - 1, 0))

    def action_top(self) -> None:
        """Look at the first step."""
        self._choose(0)

    def action_bottom(self) -> None:
        """Follow the present step again."""
        self._chosen = None
        self._draw()

    def _choose(self, index: int) -> None:
        self._chosen = index
        self._draw()

    def action_page_down(self) -> None:
        """Move the lower part."""
        self.query_one(".detail").scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        """Move the lower part."""
        self.query_one(".detail").scroll_page_up(animate=False)

    def action_copy(self) -> None:
        """Copy the steps' commands and results as plain text (OSC 52)."""
        run = self.run_shown
        lines = [
            f"{step.host}: {step.what}: {run.last_of(index).state} {run.last_of(index).detail}"
            for index, step in enumerate(run.plan.steps)
        ]
        if run.ended is not None:
            lines.append(run.ended.summary)
        self.app.copy_to_clipboard("\n".join(lines))
        self.notify("copied", markup=False)

    def action_details(self) -> None:
        """Enter follows the present step again; it confirms nothing."""
        self.action_bottom()

    def action_filter(self) -> None:
        """There is nothing to filter here."""

    def action_back(self) -> None:
        """Esc: leave; the plan goes on, and `p` comes back to it."""
        self.app.pop_screen()
