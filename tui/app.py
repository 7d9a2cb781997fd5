"""The composition root of the console: opens decks, goes to places, owns plans, guards quitting.

Policy stands on the floors below; here answers of dialogs meet the services they are for.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.errors import BeamdeckError
from tui.lost_terminal import leave_with_terminal
from tui.model.fleet import Config
from tui.theme import THEMES

if TYPE_CHECKING:
    from textual.command import Provider as CommandProvider

    from tui.messages import (
        LineAsked,
        MomentAsked,
        PlanAsked,
        PlanRequested,
        RollBackAsked,
        TrustRequested,
        UnlockAsked,
    )
    from tui.operations.deck import Deck, Site
    from tui.plans import PlanDesk

# Imports inside functions in this file are late on purpose: the first paint waits for none of
# what it does not show (tests/bench/first_paint.py).


def _hosts(deck: Deck) -> Screen[None]:
    from screens.hosts import HostsScreen

    return HostsScreen(deck)


def _journal(deck: Deck) -> Screen[None]:
    from screens.journal import JournalScreen

    return JournalScreen(deck)


def _migrations(deck: Deck) -> Screen[None]:
    from screens.migrations import MigrationsScreen

    return MigrationsScreen(deck)


def _releases(deck: Deck) -> Screen[None]:
    from screens.releases import ReleasesScreen

    return ReleasesScreen(deck)


def _console(deck: Deck) -> Screen[None]:
    from screens.console import ConsoleScreen

    return ConsoleScreen(deck)


def _commands() -> type[CommandProvider]:
    from tui.palette import DeckCommands

    return DeckCommands


PLACES: dict[str, Callable[[Deck], Screen[None]]] = {
    "hosts": _hosts,
    "releases": _releases,
    "journal": _journal,
    "migrations": _migrations,
    "console": _console,
}


class Source(Protocol):
    """Where a configuration comes from that takes a while: the embedded fleet."""

    config: Config
    scenarios: tuple[str, ...]

    async def play(self, scenario: str) -> None:
        """Start a scripted incident."""


Provider = Callable[[], AbstractAsyncContextManager[Source]]


class BeamdeckApp(App[int]):
    """The console. Give it a config, or a provider of one that is opened after first paint."""

    TITLE = "beamdeck"
    CSS_PATH = "app.tcss"
    COMMANDS: ClassVar = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "ask_quit", "quit", show=False, priority=True),
        Binding("ctrl+c", "interrupt", "stop?", show=False, system=True),
    ]
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        config: Config | None,
        state_folder: Path,
        *,
        provider: Provider | None = None,
        choice: tuple[str | None, str | None] = (None, None),
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.config = config or Config()
        self.clock = clock
        self._plans: PlanDesk | None = None
        self.ready = asyncio.Event()
        self._provider = provider
        self._source: Source | None = None
        self._choice = choice
        self._state_folder = state_folder
        self._sites: dict[str, Site] = {}
        self._decks: dict[str, Deck] = {}
        self._deck: Deck | None = None
        self._exits = contextlib.AsyncExitStack()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.config.theme

    # -- start and end -------------------------------------------------------------------

    async def on_mount(self) -> None:
        """Paint first; whatever takes time starts after that."""
        for number in (signal.SIGHUP, signal.SIGTERM):
            # Textual has no handler of its own: the terminal would be left raw and the log unsaid.
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal)
        if self._provider is not None:
            await self._paint("starting the embedded fleet")
            self.call_after_refresh(self._open_source, self._provider)
        else:
            # The services of a fleet and its hosts screen take longer to import than this line.
            names = " ".join("/".join(names) for names in self._choices()[:2])
            await self._paint(f"opening {names}")
            self.call_after_refresh(self._enter)

    async def _paint(self, doing: str) -> None:
        from screens.opening import OpeningScreen

        await self.push_screen(OpeningScreen(doing))

    def _on_signal(self) -> None:
        leave_with_terminal()
        self.exit(0)

    def _open_source(self, provider: Provider) -> None:
        self.run_worker(self._use_source(provider), name="source", exit_on_error=True)

    async def _use_source(self, provider: Provider) -> None:
        self._source = await self._exits.enter_async_context(provider())
        self.config = self._source.config
        self._enter()

    def _enter(self) -> None:
        self.set_keymap(dict(self.config.keys))
        self.theme = self.config.theme
        self.add_mode("environments", self._environments_screen)
        choices = self._choices()
        if len(choices) == 1:
            self.open_deck(*choices[0])
        else:
            self.switch_mode("environments")

    def _choices(self) -> list[tuple[str, str]]:
        environment, app = self._choice
        return [
            (e.name, a.name)
            for e in self.config.environments
            for a in e.apps
            if environment in (None, e.name) and app in (None, a.name)
        ]

    async def close_services(self) -> None:
        """End what this console started here; the hosts are left as they are."""
        for deck in self._decks.values():
            await deck.close()
        for site in self._sites.values():
            await site.close()
        await self._exits.aclose()

    async def on_unmount(self) -> None:
        """The last word of the app, also after a signal."""
        if self._plans is not None:
            await self._plans.stand_down()
        await self.close_services()

    @property
    def plans(self) -> PlanDesk:
        """The desk where plans are confirmed and carried out."""
        if self._plans is None:
            from tui.plans import PlanDesk

            self._plans = PlanDesk(self)
        return self._plans

    # -- places --------------------------------------------------------------------------

    @property
    def deck(self) -> Deck | None:
        """The environment and app in view."""
        return self._deck

    def open_deck(self, environment_name: str, app_name: str) -> None:
        """Bring an environment's app into view; connect if that was not done before."""
        from tui.operations.deck import open_deck, open_site

        key = f"{environment_name}/{app_name}"
        if key not in self._decks:
            environment = next(e for e in self.config.environments if e.name == environment_name)
            app = next(a for a in environment.apps if a.name == app_name)
            site = self._sites.get(environment_name)
            if site is None:
                site = open_site(self.config, environment, self.clock, self._state_folder)
                self._sites[environment_name] = site
            deck = self._decks[key] = open_deck(site, app)
            deck.on_failure = self._service_failed
            for place, screen in PLACES.items():
                self.add_mode(f"{key}/{place}", partial(screen, deck))
            # After the first paint: connecting imports asyncssh.
            self.call_after_refresh(deck.start)
            self.call_after_refresh(self._tell_unresolved, deck)
        self._deck = self._decks[key]
        self.switch_mode(f"{key}/hosts")
        self.ready.set()

    def service_ended(self, task: asyncio.Task[None]) -> None:
        """A task that no screen owns is over: what it died of is never silent."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._service_failed(error)

    def _tell_unresolved(self, deck: Deck) -> None:
        """An operation that an earlier console left without an end must not be forgotten."""
        from tui.resuming import HINT, tell_found

        try:
            unresolved = deck.oplog.unresolved()
        except BeamdeckError as error:
            self.tell(error)
            return
        for operation in unresolved:
            if operation.environment not in ("", deck.environment.name) or operation.held:
                continue
            self.notify(
                f"{operation.sentence}\n{HINT}",
                title="begun by an earlier console, never ended",
                severity="warning",
                timeout=30,
                markup=False,
            )
        self.run_worker(tell_found(self, deck), name="operations", exit_on_error=True)

    def action_operations(self) -> None:
        """The operations that were never ended, to go on with one or to end it."""
        from tui.resuming import show_operations

        if self._deck is not None:
            self.run_worker(show_operations(self, self._deck), name="resume", exclusive=False)

    def _service_failed(self, error: BaseException) -> None:
        self._handle_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    def _environments_screen(self) -> Screen[None]:
        from screens.environments import EnvironmentsScreen

        return EnvironmentsScreen(
            self.config,
            self._state_words,
            self.open_deck,
            lambda: self._deck.key if self._deck else "",
        )

    def _state_words(self, key: str) -> str:
        from screens.environments import state_words

        deck = self._decks.get(key)
        if deck is None:
            return "not opened"
        counts: dict[str, int] = {}
        for view in deck.board.views:
            fresh = view.snapshot if view.fresh(self.clock()) else None
            silent = view.silent_s(self.clock()) is not None
            word = fresh.unit.word if fresh else "no answer" if silent else view.link.state
            counts[str(word)] = counts.get(str(word), 0) + 1
        return state_words(counts)

    async def action_go(self, place: str) -> None:
        """Go to a place of the deck in view; without one there is only the choice of it."""
        if place == "environments" or self._deck is None:
            await self.switch_mode("environments")
            return
        mode = f"{self._deck.key}/{place}"
        if mode == self.current_mode:
            # What was pushed over the place (details, a walkthrough) gives it back.
            while len(self.screen_stack) > 1:
                await self.pop_screen()
        else:
            await self.switch_mode(mode)

    def action_show_plan(self) -> None:
        """Return to the plan under way, or the last one."""
        if self._deck is not None and not self.plans.show_walkthrough(self._deck):
            self.notify("no plan was begun from this console", markup=False)

    def action_help(self) -> None:
        """The keys of the place in view."""
        from tui import dialogs

        dialogs.show_help(self)

    def extra_commands(self) -> list[tuple[str, str, Callable[[], object]]]:
        """What the palette has beside the keys: themes, and incidents of the embedded fleet."""
        commands: list[tuple[str, str, Callable[[], object]]] = [
            (f"theme: {theme.name}", "colours", partial(self._use_theme, theme.name))
            for theme in THEMES
        ]
        source = self._source
        if source is not None:
            for scenario in source.scenarios:
                commands.append(
                    (
                        f"incident: {scenario}",
                        "play it on the embedded fleet",
                        partial(self._play, source, scenario),
                    )
                )
        return commands

    def _play(self, source: Source, scenario: str) -> None:
        self.run_worker(source.play(scenario), name="scenario", group="scenario")

    def _use_theme(self, name: str) -> None:
        self.theme = name

    # -- trust, lock, plans --------------------------------------------------------------

    async def on_trust_requested(self, message: TrustRequested) -> None:
        """Show what keeps a host out, and carry out what the operator answers."""
        from tui import dialogs

        if self._deck is not None:
            await dialogs.ask_trust(self, self._deck, message.host)

    def action_unlock(self) -> None:
        """Unlock a production environment with a reason, or lock it again."""
        from tui import dialogs

        if self._deck is not None:
            dialogs.turn_lock(self, self._deck)

    def on_unlock_asked(self, message: UnlockAsked) -> None:
        """Ask for the reason that unlocks a production environment."""
        from tui import dialogs

        deck = self._decks.get(message.deck)
        if deck is not None and deck.gate.state.locked(self.clock()):
            dialogs.turn_lock(self, deck)

    def on_plan_asked(self, message: PlanAsked) -> None:
        """Build a plan, then confirm it."""
        deck = self._decks.get(message.deck)
        if deck is not None:
            self.plans.ask(deck, message.kind, message.params)

    def on_roll_back_asked(self, message: RollBackAsked) -> None:
        """Leave a stuck plan, then plan one host's way back."""
        deck = self._decks.get(message.deck)
        if deck is not None:
            self.plans.roll_back(deck, message.host, message.version)

    async def on_line_asked(self, message: LineAsked) -> None:
        """Show a line of the journal where it stands."""
        from screens.journal import JournalScreen

        if self._deck is not None and self._deck.key == message.deck:
            await self.action_go("journal")
            if isinstance(self.screen, JournalScreen):
                self.screen.show_line(message.entry)

    async def on_moment_asked(self, message: MomentAsked) -> None:
        """Show what the journal holds of a moment."""
        from screens.journal import JournalScreen

        if self._deck is not None and self._deck.key == message.deck:
            await self.action_go("journal")
            if isinstance(self.screen, JournalScreen):
                self.screen.show_moment(int(message.at * 1_000_000), message.host)

    def on_plan_requested(self, message: PlanRequested) -> None:
        """Confirm a plan and carry it out, owned by the app."""
        plan = message.plan
        # Not the deck in view: reading took a while, and another may have been gone to since.
        deck = self._decks.get(f"{plan.environment}/{plan.app}")
        if deck is not None:
            self.plans.request(deck, plan)

    def action_commands_run(self) -> None:
        """The exact commands that changed something, so far."""
        if self._deck is not None:
            self.plans.show_commands(self._deck)

    def tell(self, error: BeamdeckError) -> None:
        """Say an error with its remedy; never as markup."""
        text = f"{error.detail}\n{error.remedy}".strip()
        self.notify(text, title=error.title, severity="error", timeout=15, markup=False)

    # -- leaving -------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Textual's own way out goes through ours."""
        self.action_ask_quit()

    @property
    def plan_under_way(self) -> str:
        """The titles of plans that run now, empty without one."""
        return self._plans.running if self._plans is not None else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a terminal that has the keys, all of them are the remote's: ^Q and ^P, too."""
        if action in ("ask_quit", "command_palette", "interrupt") and self.terminal_has_keys:
            return False
        return super().check_action(action, parameters)

    @property
    def terminal_has_keys(self) -> bool:
        """Whether the keys go to a console now."""
        return bool(self.focused is not None and self.focused.has_class("-terminal"))

    def action_ask_quit(self) -> None:
        """Quit; while a plan runs, ask what is to become of it."""
        running = self.plan_under_way
        if running:
            from tui import dialogs

            dialogs.ask_quit(self, running)
        else:
            self.exit(0)

    def action_interrupt(self) -> None:
        """Ctrl-C never kills: while a plan runs it asks, else it says how to leave."""
        if self.plan_under_way:
            self.action_ask_quit()
        else:
            self.notify("q quits", markup=False)

    def _fatal_error(self) -> None:
        """Write the crash down without locals, scrubbed and redacted, and say where."""
        from tui import crash

        self.bell()
        said = crash.write_report(self._state_folder, self._exception)
        self._exit_renderables.append(Text(said))
        self._close_messages_no_wait()
