"""The command palette: what the keys do, and what has no key of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.model.keys import keys_of
from tui.widgets.frame import key_sign

if TYPE_CHECKING:
    from tui.app import BeamdeckApp

Entry = tuple[str, str, Callable[[], object]]


class DeckCommands(Provider):
    """Every action of the place in view, the themes, and the demo's scenarios if it is one."""

    def _entries(self) -> list[Entry]:
        app: BeamdeckApp = self.app  # type: ignore[assignment]  # the only app there is
        screen = self.screen
        place = str(getattr(screen, "place", ""))
        entries: list[Entry] = []
        for key in keys_of(place, app.config.keys):
            if key.id == "palette":
                continue
            namespace = app if key.action.startswith("app.") else screen
            entries.append((key.label, f"key {key_sign(key.keys)}", _runner(app, key, namespace)))
        entries += _tasks(app)
        entries += app.extra_commands()
        return entries

    async def discover(self) -> Hits:
        """All of them, as they stand in the table."""
        for name, help_text, run in self._entries():
            yield DiscoveryHit(Content(name), run, text=name, help=help_text)

    async def search(self, query: str) -> AsyncIterator[Hit]:
        """Those that fit what is typed."""
        matcher = self.matcher(query)
        for name, help_text, run in self._entries():
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), run, text=name, help=help_text)


def _tasks(app: BeamdeckApp) -> list[Entry]:
    """The tasks of the app in view; each opens a plan, on the host that runs migrations."""
    deck = app.deck
    if deck is None:
        return []
    return [
        (f"task: {task.name}", f"by {task.by}", partial(app.plans.ask, deck, "task", params))
        for task in deck.app.tasks
        for params in [(("task", task.name),)]
    ]


def _runner(app: BeamdeckApp, key: object, namespace: object) -> Callable[[], object]:
    action = str(getattr(key, "action", ""))

    async def run() -> None:
        await app.run_action(action, namespace)  # type: ignore[arg-type]  # app or screen

    return run
