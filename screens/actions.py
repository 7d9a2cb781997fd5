"""The actions of what is highlighted; those not possible say why and cannot be chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.dialog import Dialog
from tui.model.host_actions import Action
from tui.widgets.option_moves import move_option


class ActionsScreen(Dialog[Action]):
    """A list to choose from; choosing opens a plan or a dialog, it never changes anything."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor(1)", "down", show=False),
        Binding("k", "cursor(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    ActionsScreen OptionList, ActionsScreen OptionList:focus {
        border: none; height: auto; background: $surface;
    }
    """

    def __init__(
        self, title: str, actions: Sequence[Action], signs: Mapping[str, str] | None = None
    ) -> None:
        """`signs` are the keys to show, by the id that an action names."""
        super().__init__(title)
        self._actions = actions
        self._signs = signs or {}

    def compose_body(self) -> ComposeResult:
        """An option an action."""
        options = []
        for action in self._actions:
            why = f"   {action.why_not}" if action.why_not else ""
            text = f"{self._signs.get(action.key, ''):<3} {action.label}"
            options.append(Option(Content.assemble(text, (why, "$foreground-muted")),
                                  disabled=bool(action.why_not)))  # fmt: skip
        yield OptionList(*options, markup=False)

    def on_mount(self) -> None:
        """The list has the focus."""
        self.query_one(OptionList).focus()

    def action_cursor(self, by: int) -> None:
        """j and k beside the arrows."""
        move_option(self.query_one(OptionList), by)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer the chosen action."""
        self.dismiss(self._actions[event.option_index])
