"""What a console asks: which one to open, whether a held line or a paste is meant, a snippet."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from screens.dialog import Dialog
from tui.model.snippets import SNIPPETS
from tui.model.text import scrub
from tui.operations.console_choice import ConsoleChoice


class ConsoleChoiceScreen(Dialog[ConsoleChoice]):
    """Which host, and what on it."""

    def __init__(self, choices: Sequence[ConsoleChoice], highlighted: int = 0) -> None:
        super().__init__("open a console")
        self._choices = tuple(choices)
        self._highlighted = highlighted

    def compose_body(self) -> ComposeResult:
        """One line each."""
        options = [Option(Content(f"{c.host:<16} {c.says}")) for c in self._choices]
        yield OptionList(*options)

    def on_mount(self) -> None:
        """The host that was looked at last, first."""
        options = self.query_one(OptionList)
        options.focus()
        options.highlighted = min(self._highlighted, len(self._choices) - 1)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """That one."""
        self.dismiss(self._choices[event.option_index])


class SnippetScreen(Dialog[str]):
    """The shelf: read-only expressions, inserted at the prompt and not run."""

    def __init__(self) -> None:
        super().__init__("put into the prompt, not run")

    def compose_body(self) -> ComposeResult:
        """Name and what it answers."""
        yield OptionList(*(Option(Content(f"{s.name:<20} {s.answers}")) for s in SNIPPETS))

    def on_mount(self) -> None:
        """Ready for the arrows."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Its expression."""
        self.dismiss(SNIPPETS[event.option_index].expression)


class MeantScreen(Dialog[bool]):
    """Something that is held: shown in full, why, and Cancel in focus."""

    def __init__(self, title: str, why: str, text: str, yes: str) -> None:
        super().__init__(title)
        self._why = why
        self._text = text
        self._yes = yes

    def compose_body(self) -> ComposeResult:
        """Why it is held, the text, two buttons."""
        yield Static(Content(self._why), classes="said")
        yield Static(Content.styled(scrub(self._text, limit=2000), "bold"), classes="said")
        with Horizontal(classes="buttons"):
            yield Button(Content("Cancel"), id="cancel")
            yield Button(Content(self._yes), id="yes")

    def on_mount(self) -> None:
        """Keys that were typed ahead come to Cancel."""
        self.query_one("#cancel", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Meant, or not."""
        self.dismiss(event.button.id == "yes")
