"""The consoles of an app's hosts: a real terminal in a pane, within a frame it cannot paint."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from screens.console_dialogs import ConsoleChoiceScreen, MeantScreen, SnippetScreen
from screens.console_moves import ConsoleMoves
from screens.place import bindings_of
from tui.messages import UnlockAsked
from tui.model.console_words import ConsoleFacts, frame_words, strip_words
from tui.model.terminal_keys import key_bytes, paste_bytes
from tui.operations.console import ConsoleRun
from tui.operations.console_choice import choices_of, command_of
from tui.widgets.frame import key_sign
from tui.widgets.terminal_view import TerminalView

if TYPE_CHECKING:
    from tui.operations.console_choice import ConsoleChoice
    from tui.operations.deck import Deck


class ConsoleScreen(ConsoleMoves):
    """Place 5. With the focus in the terminal all keys are the remote's but the escape key;
    without it the keys are this console's: scroll, search, mark and copy, open, go elsewhere."""

    place = "console"
    CSS_PATH = "console.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("console")

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._at = 0
        self._seen_bytes = 0
        self._bells: dict[int, int] = {}
        self._asking = False
        self._was_live = False

    def compose_body(self) -> ComposeResult:
        """The strip of consoles, what this one is, the terminal, what there is to say."""
        yield Static(Content(""), id="strip")
        yield Static(Content(""), id="about")
        yield TerminalView(self.deck.config.console.escape_key, time.monotonic)
        yield Input(placeholder="search what is held", id="search")
        yield Static(Content(""), id="note")

    def on_mount(self) -> None:
        """What was left open is shown; without any, which one to open is asked."""
        self.set_interval(1.0, self.refresh_about)
        if not self.deck.consoles:
            self.action_open_console()
        self._show()

    def on_screen_resume(self) -> None:
        """Back again: what came meanwhile is shown."""
        self._show()

    # -- which one -----------------------------------------------------------------------

    @property
    def run(self) -> ConsoleRun | None:
        """The console in view."""
        consoles = self.deck.consoles
        return consoles[min(self._at, len(consoles) - 1)] if consoles else None

    def _show(self) -> None:
        """Put the console of `_at` into the pane."""
        run = self.run
        for other in self.deck.consoles:
            other.on_change = self.refresh_about if other is not run else self._changed
        self.view.show(run.screen if run is not None else None)
        self._seen_bytes = run.received_bytes if run is not None else 0
        if run is not None and run.end is None and not run.problem:
            self.view.focus()
        self.refresh_about()

    def _changed(self) -> None:
        """Something came, or the console's state changed."""
        run = self.run
        if run is None or not self.is_current:
            return
        more, self._seen_bytes = run.received_bytes - self._seen_bytes, run.received_bytes
        self.view.changed(more)
        if run.live != self._was_live:
            self._was_live = run.live
            self.refresh_about()
        if not run.live and self.view.has_focus and not run.opening:
            self.set_focus(None)

    def action_turn(self, step: int) -> None:
        """The next console, or the one before."""
        if self.deck.consoles:
            self._at = (self._at + step) % len(self.deck.consoles)
            self._show()

    def action_open_console(self) -> None:
        """Ask which one, then open it."""
        choices = choices_of(self.deck)
        run = self.run
        here = next((i for i, c in enumerate(choices) if run and c.host == run.host), 0)

        def chosen(choice: ConsoleChoice | None) -> None:
            if choice is not None:
                self.open(choice)

        self.app.push_screen(ConsoleChoiceScreen(choices, here), chosen)

    def open(self, choice: ConsoleChoice) -> None:
        """Open a console beside those that are open; refused in words."""
        command = command_of(self.deck, choice)
        if isinstance(command, str):
            self.notify(command, title="not possible", severity="warning", markup=False)
            return
        if self._locked():
            return
        size = (max(2, self.view.size.width), max(2, self.view.size.height))
        run = ConsoleRun(self.deck, choice.host, command, size)
        self.deck.consoles.append(run)
        self._at = len(self.deck.consoles) - 1
        run.start()
        self._show()

    def _locked(self) -> bool:
        """Whether production is locked: then its unlocking is asked for, and nothing opened."""
        locked = self.deck.gate.state.locked(self.deck.clock())
        if locked:
            text = "production is locked: unlock it with a reason, then open the console"
            self.notify(text, severity="warning", markup=False)
            self.post_message(UnlockAsked(self.deck.key))
        return locked

    def action_reopen(self) -> None:
        """Open an ended console again, below what it shows."""
        run = self.run
        if run is not None and not run.live and not run.opening and not self._locked():
            run.screen.feed(b"\x1b[?1049l\x1b[!p\x1b[?1000;1002;1003;2004l\r\n")
            run.start()
            self._show()

    async def action_close_console(self) -> None:
        """Hang up and forget it; what runs there gets SIGHUP."""
        run = self.run
        if run is not None:
            await run.close()
            self.deck.consoles.remove(run)
            self._at = max(0, self._at - 1)
            self._show()

    # -- the frame -----------------------------------------------------------------------

    def refresh_about(self) -> None:
        """The strip and the frame's line, as things stand."""
        if not self.is_current:
            return
        run = self.run
        about, note = self.query_one("#about", Static), self.query_one("#note", Static)
        titles = [
            (c.title, c.live or c.opening, self._bells.get(id(c), 0) < c.screen.bells)
            for c in self.deck.consoles
        ]
        at = self.deck.consoles.index(run) if run is not None else -1
        self.query_one("#strip", Static).update(Content(" " + strip_words(titles, at)))
        about.set_class(self.deck.environment.production, "-production")
        if run is None:
            about.update(Content(" no console is open; o opens one"))
            note.display = False
            return
        self._bells[id(run)] = run.screen.bells
        escape = key_sign(self.deck.config.console.escape_key)
        words = frame_words(self._facts(run), typing=self.view.has_focus, escape=escape)
        about.update(Content(f" {words}"))
        said = self._note(run, escape)
        note.display = bool(said)
        note.update(Content(f" {said}"))

    def _facts(self, run: ConsoleRun) -> ConsoleFacts:
        deck = self.deck
        views = {view.host: view for view in deck.board.views}
        snapshot = views[run.host].snapshot if run.host in views else None
        release = snapshot.release if snapshot is not None else None
        since = None if run.opened_at is None else deck.clock() - run.opened_at
        recorder = run.recorder
        recording = "NOT recorded"
        if recorder is not None:
            recording = "recorded" if run.live else "recording ended"
            if recorder.problem and run.live:
                recording = "RECORDING FAILED"
        return ConsoleFacts(
            environment=deck.environment.name,
            production=deck.environment.production,
            host=run.host,
            command=run.command.shown,
            release=(release.runs or "") if release is not None else "",
            node=(release.node or deck.app.node or "") if release is not None else "",
            state=run.state,
            live=run.live,
            since_s=since,
            recording=recording,
            title=run.screen.title,
            bells=run.screen.bells,
        )

    def _note(self, run: ConsoleRun, escape: str) -> str:
        if not (run.live or run.opening):
            return f"r opens it again, X closes it; what it showed stays. {run.state}"
        if not self.view.has_focus:
            return f"keys are beamdeck's: t types again, {escape} sends {escape}"
        return ""

    # -- keys of the terminal ------------------------------------------------------------

    def on_terminal_view_sized(self, message: TerminalView.Sized) -> None:
        """The pane's size is the terminal's."""
        run = self.run
        if run is not None:
            run.resize(message.columns, message.lines)
            self.view.changed()

    def on_terminal_view_left(self) -> None:
        """The escape key: the keys are ours until the terminal has them again."""
        self.set_focus(None)
        self.refresh_about()

    def on_terminal_view_typed(self, message: TerminalView.Typed) -> None:
        """To the remote; a slip is held and asked about first."""
        run = self.run
        if run is None or self._asking:
            return
        why = run.slip() if message.entered else ""
        if not why:
            run.send(message.data)
            return
        self._asking = True

        def answered(meant: bool | None) -> None:
            self._asking = False
            if meant:
                run.send(message.data)
            self.view.focus()

        said = f"{why}, on {run.host} of {self.deck.environment.name}. This catches slips only."
        line = run.prompt_line() or "(not shown yet)"
        self.app.push_screen(MeantScreen("this line is held", said, line, "Send it"), answered)

    def on_terminal_view_pasted(self, message: TerminalView.Pasted) -> None:
        """A paste with a newline would run at once: it is asked about first."""
        run = self.run
        if run is None or not run.live:
            return
        data = paste_bytes(message.text, run.screen.modes)
        if not any(sign in message.text for sign in "\r\n"):
            run.send(data)
            return

        def answered(meant: bool | None) -> None:
            if meant:
                run.send(data)
            self.view.focus()

        lines = message.text.count("\n") + message.text.count("\r")
        said = f"a paste with {lines} line ends: each of them is an Enter on {run.host}"
        self.app.push_screen(MeantScreen("paste?", said, message.text, "Paste it"), answered)

    async def on_key(self, event: events.Key) -> None:
        """The escape key a second time is sent."""
        run = self.run
        if event.key == self.deck.config.console.escape_key and self.focused is None:
            event.stop()
            if run is not None:
                run.send(key_bytes(event.key, event.character, run.screen.modes))
                self.view.focus()

    # -- keys that are ours --------------------------------------------------------------

    def action_type(self) -> None:
        """Give the keys back to the terminal."""
        self.view.focus()
        self.refresh_about()

    def action_details(self) -> None:
        """Enter: as `type`."""
        self.action_type()

    def action_back(self) -> None:
        """Esc: forget mark and search, then type again."""
        if self.query_one("#search", Input).display:
            self._end_search()
        elif not self.view.lines.unmark():
            self.action_type()
        self.view.refresh()

    def action_snippets(self) -> None:
        """Put an expression from the shelf into the prompt; Enter is the operator's."""
        run = self.run

        def chosen(expression: str | None) -> None:
            if expression is not None and run is not None:
                run.send(expression.encode())
                self.view.focus()

        self.app.push_screen(SnippetScreen(), chosen)
