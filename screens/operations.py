"""Operations that no record ends: which one, and what is to become of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from screens.dialog import Dialog
from tui.model.operation import Unresolved
from tui.widgets.option_moves import move_option


class OperationsScreen(Dialog[str]):
    """The list of them; answers the operation that is to be looked at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor(1)", "down", show=False),
        Binding("k", "cursor(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    OperationsScreen OptionList, OperationsScreen OptionList:focus {
        border: none; height: auto; background: $surface;
    }
    """

    def __init__(self, found: Sequence[Unresolved], unread: Sequence[tuple[str, str]]) -> None:
        """`unread` are hosts that could not be asked, and why."""
        super().__init__("operations that were never ended")
        self._found = tuple(found)
        self._unread = tuple(unread)

    def compose_body(self) -> ComposeResult:
        """An option an operation, what could not be asked below."""
        options = []
        for left in self._found:
            who = f"{left.worker.words}; " if left.worker.user else ""
            where = (f"\n   {who}{_where(left)}", "$foreground-muted")
            options.append(Option(Content.assemble(left.sentence, where)))
        yield OptionList(*options, markup=False)
        for host, why in self._unread:
            yield Static(Content(f"{host} could not be asked: {why}"), classes="muted")
        yield Static(Content("\nEnter looks at it and reads its host; Esc leaves"), classes="said")

    def on_mount(self) -> None:
        """The list has the focus."""
        self.query_one(OptionList).focus()

    def action_cursor(self, by: int) -> None:
        """j and k beside the arrows."""
        move_option(self.query_one(OptionList), by)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer the operation."""
        self.dismiss(self._found[event.option_index].op)


def _where(left: Unresolved) -> str:
    return f"found on {', '.join(left.found_on)}" if left.found_on else "in the log of this machine"


class OperationScreen(Dialog[str]):
    """One of them, its truth read: answers `on`, `stop`, `again`, or None (leave it as it is)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "answer('on')", "go on", show=False),
        Binding("s", "answer('stop')", "stop here", show=False),
        Binding("r", "answer('again')", "ask again", show=False),
    ]

    def __init__(
        self, title: str, words: Sequence[str], ways: Sequence[tuple[str, str]], problem: str = ""
    ) -> None:
        """`words` are what is known, `ways` the answers that are possible and what each does;
        `problem` says why the others are not."""
        super().__init__(title)
        self._words = tuple(words)
        self._ways = dict(ways)
        self._problem = problem

    def compose_body(self) -> ComposeResult:
        """What is known, and the ways on."""
        for line in self._words:
            yield Static(Content(line), classes="said")
        if self._problem:
            yield Static(Content(self._problem), classes="problem")
        keys = {"on": "c", "stop": "s", "again": "r"}
        lines = [f"{keys[way]:<4} {told}" for way, told in self._ways.items()]
        yield Static(Content("\n" + "\n".join([*lines, "esc  leave it as it is"])), classes="said")

    def action_answer(self, answer: str) -> None:
        """Close with the answer, if it is one of those offered."""
        if answer in self._ways:
            self.dismiss(answer)
