"""Environments and apps: which fleet, which app; asked at start only if there is a choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.model.fleet import Config
from tui.model.keys import KEYS
from tui.model.words import counted
from tui.widgets.frame import KeyLine
from tui.widgets.option_moves import move_option


class EnvironmentsScreen(Screen[None]):
    """Every environment with its apps, each with its state in a word; Enter opens one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key.keys, key.action, key.label, show=False, id=key.id)
            for key in KEYS
            if key.place == "*" and key.action.startswith("app.")
        ),
        Binding("j", "cursor(1)", "down", show=False),
        Binding("k", "cursor(-1)", "up", show=False),
        Binding("escape", "back", "back", show=False),
    ]
    DEFAULT_CSS = """
    EnvironmentsScreen .title { height: 1; background: $panel; text-style: bold; }
    EnvironmentsScreen OptionList { border: none; height: 1fr; background: $background; }
    """
    place = "environments"

    def __init__(
        self,
        config: Config,
        state_of: Callable[[str], str],
        opened: Callable[[str, str], None],
        present: Callable[[], str],
    ) -> None:
        super().__init__()
        self._config = config
        self._state_of = state_of
        self._opened = opened
        self._present = present
        self._choices: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        """Title, the list, the keys."""
        yield Static(Content(" beamdeck   choose an environment and app"), classes="title")
        yield OptionList(markup=False)
        yield KeyLine(self.place)

    def on_mount(self) -> None:
        """Fill once, then keep the words fresh."""
        self.query_one(KeyLine).show(self._config.keys)
        self._fill()
        self.set_interval(1.0, self._refresh_words)
        self.query_one(OptionList).focus()

    def on_screen_resume(self) -> None:
        """The words may be old after another place was looked at."""
        self._refresh_words()

    def _line(self, environment: str, app: str) -> Content:
        env = next(e for e in self._config.environments if e.name == environment)
        word = self._state_of(f"{environment}/{app}")
        here = "▌" if self._present() == f"{environment}/{app}" else " "
        name = environment.upper() if env.production else environment
        hosts = counted(len(env.hosts_of(next(a for a in env.apps if a.name == app))), "host")
        return Content.assemble(
            here,
            (f"{name:<18.18} ", "bold" if env.production else ""),
            f"{app:<20.20} ",
            f"{hosts:<10.10} ",
            word,
        )

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        for environment in self._config.environments:
            for app in environment.apps:
                self._choices.append((environment.name, app.name))
                options.add_option(Option(self._line(environment.name, app.name)))
        if self._choices:
            options.highlighted = 0

    def _refresh_words(self) -> None:
        if not self.is_current:
            return
        options = self.query_one(OptionList)
        for index, (environment, app) in enumerate(self._choices):
            options.replace_option_prompt_at_index(index, self._line(environment, app))

    def action_cursor(self, by: int) -> None:
        """j and k beside the arrows."""
        move_option(self.query_one(OptionList), by)

    def action_back(self) -> None:
        """Esc goes back to the fleet that is open, if one is."""
        if "/" in self._present():
            environment, app = self._present().split("/", 1)
            self._opened(environment, app)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter opens the fleet; opening connects and reads, it changes nothing."""
        self._opened(*self._choices[event.option_index])


def state_words(counts: Mapping[str, int]) -> str:
    """`2 running, 1 LOOPING`, worst (capitals) first."""
    ordered = sorted(counts.items(), key=lambda item: (not item[0].isupper(), item[0]))
    return ", ".join(f"{count} {word}" for word, count in ordered)
