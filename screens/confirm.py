"""Confirm a change: the plan with its literal commands, and what it takes to let it start."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from screens.dialog import Dialog
from tui.model.consent import Consent, ConsentNeeds
from tui.model.plan import Plan
from tui.model.words import counted
from tui.operations.guards import missing
from tui.operations.resume import Again
from tui.widgets.confirm import ActButton, Field, LossList, LossRow, SafeButton, Threshold
from tui.widgets.plan_view import Detail, PlanView


class ConfirmScreen(Dialog[Consent]):
    """Answers a consent bound to the plan's hash, or None.

    Cancel has the focus; Enter never confirms; `y` does, outside the fields, once nothing that
    was asked for is missing. Keys typed ahead are dropped; Esc always cancels.
    """

    # Textual takes a list too, but Dialog's plain text is what mypy goes by.
    CSS_PATH = ["dialog.tcss", "confirm.tcss"]  # type: ignore[assignment]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", "do it", show=False),
        Binding("at", "full", "full commands", show=False),
        Binding("j,down", "scroll(1)", "down", show=False),
        Binding("k,up", "scroll(-1)", "up", show=False),
        Binding("pagedown,ctrl+d", "scroll(8)", "page down", show=False),
        Binding("pageup,ctrl+u", "scroll(-8)", "page up", show=False),
    ]

    def __init__(
        self,
        plan: Plan,
        needs: ConsentNeeds,
        *,
        changed: Sequence[str] = (),
        again: Again | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`changed` says what is different from the plan shown before, `again` what is left of it.

        `clock` is monotonic.
        """
        where = plan.environment.upper() if plan.production else plan.environment
        self._act = again.title if again else plan.title
        super().__init__(f"{where}: {self._act}")
        self._again = again
        self._plan = plan
        self._needs = needs
        self._changed = (*(again.lines if again else ()), *changed)
        self._detail = Detail.SHORT
        self._threshold = Threshold(clock)

    def compose(self) -> ComposeResult:
        """A box whose upper part scrolls while the questions stay."""
        with Vertical(classes="box") as box:
            box.border_title = Content(self._title)
            box.set_class(self._plan.production, "-production")
            yield from self.compose_body()

    def compose_body(self) -> ComposeResult:
        """The plan, the questions, the two buttons."""
        plan = self._plan
        yield Static(self._head(), classes="head")
        yield PlanView(plan, self._changed, self._again.steps if self._again else None)
        if not self._needs.blocked:
            if self._needs.losses:
                yield LossList(self._needs.losses, self._threshold)
            with Vertical(classes="asked"):
                yield from self._fields()
        yield Static(Content(""), classes="missing")
        with Horizontal(classes="buttons"):
            cancel = SafeButton(Content("Cancel"), id="cancel")
            act = ActButton(Content(""), id="act", disabled=True)
            cancel.threshold = act.threshold = self._threshold
            yield cancel
            yield act

    def _head(self) -> Content:
        steps = counted(len(self._plan.steps), "step")
        said = f"{steps}; stops at the first that is not verified"
        return Content.assemble(
            (f"{self._plan.app}  ", "bold"),
            self._again.head if self._again else said,
            (f"   {self._detail.key_words}", "$foreground-muted"),
        )

    def _fields(self) -> ComposeResult:
        needs = self._needs
        asked = (
            ("environment", "environment", bool(needs.environment)),
            ("reason", "reason", needs.reason),
            ("oldest that goes", "oldest", bool(needs.oldest)),
            ("break-glass", "break_glass", bool(needs.policy)),
        )
        for label, name, wanted in asked:
            if wanted:
                yield Field(label, name, self._threshold)

    def on_mount(self) -> None:
        """Cancel has the focus; the clock of the threshold begins with the first paint."""
        self.query_one("#cancel", Button).focus()
        self._judge()
        self.call_after_refresh(self._threshold.painted)

    def check_message_enabled(self, message: Message) -> bool:
        """Input from before the dialog could be read was not meant for it."""
        if self._threshold.drops(message):
            return False
        return super().check_message_enabled(message)

    # -- what was typed ------------------------------------------------------------------

    def _typed(self, name: str) -> str:
        fields = self.query(f"#{name}").results(Input)
        return next((field.value for field in fields), "")

    def _consent(self) -> Consent:
        losses = self.query(LossList).results(LossList)
        return Consent(
            self._plan.hash,
            environment=self._typed("environment").strip(),
            reason=self._typed("reason").strip(),
            oldest=self._typed("oldest").strip(),
            ticked=next((asked.ticked for asked in losses), frozenset()),
            break_glass=self._typed("break_glass").strip(),
        )

    def _missing(self) -> tuple[str, ...]:
        return missing(self._needs, self._consent())

    def _judge(self) -> None:
        lacking = self._missing()
        act = self.query_one("#act", Button)
        act.disabled = bool(lacking)
        act.label = Content(f"{self._act} (off)" if lacking else f"y  {self._act}")
        if self._needs.blocked:
            said = f"not possible: {self._needs.blocked}"
        elif lacking:
            said = f"missing: {', '.join(lacking)}"
        else:
            said = "Enter, then y" if self._typing() else "y starts it; Esc cancels"
        if lacking and isinstance(self.focused, LossRow):
            said += " (Space ticks, j and k move)"
        self.query_one(".missing", Static).update(Content(said))

    def _typing(self) -> bool:
        return isinstance(self.focused, Input)

    def on_input_changed(self) -> None:
        """What is missing is said anew with each letter."""
        self._judge()

    def on_loss_row_ticked(self, event: LossRow.Ticked) -> None:
        """What is missing is said anew with each tick."""
        event.stop()
        self._judge()

    def on_descendant_focus(self) -> None:
        """Where the focus stands decides whether `y` is a letter."""
        self._judge()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter moves on to what is missing, else to the button; it confirms nothing."""
        event.stop()
        fields = list(self.query(Input))
        empty = [field for field in fields if not field.value.strip()]
        open_rows = [row for row in self.query(LossRow) if not row.ticked]
        after = fields[fields.index(event.input) + 1 :]
        if not self._missing():
            self.query_one("#act", Button).focus()
        elif after:
            after[0].focus()
        elif open_rows and not empty:
            open_rows[0].focus()
        else:
            (empty or fields)[0].focus()

    # -- the answer ----------------------------------------------------------------------

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Only Cancel can be pressed."""
        event.stop()
        self.dismiss(None)

    def on_act_button_refused(self) -> None:
        """Enter or a click on the button that acts."""
        self.query_one(".missing", Static).update(Content("neither Enter nor a click: y does it"))

    def action_confirm(self) -> None:
        """`y`: answer the consent if nothing is missing."""
        if self._missing():
            self._judge()
            return
        self.dismiss(self._consent())

    def action_full(self) -> None:
        """`@`: what has to be read, every step's command, locks and scripts too; in turn."""
        self._detail = self._detail.next
        self.query_one(PlanView).show(self._detail)
        self.query_one(".head", Static).update(self._head())

    def action_scroll(self, lines: int) -> None:
        """Move the plan; the questions stay."""
        self.query_one(PlanView).scroll_relative(y=lines, animate=False)
