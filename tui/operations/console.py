"""An open console: a terminal on a host, the screen it draws on, its recording and its audit.

Lives as long as it is not closed, whatever place is looked at. Nothing here draws.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import BeamdeckError
from tui.model.audit import AuditRecord
from tui.model.console_guard import slip, typed_on
from tui.model.redact import from_host, redact
from tui.model.screen import Screen
from tui.model.terminal import ConsoleKind, TerminalCommand, TerminalEnd
from tui.operations.cast import Recorder

if TYPE_CHECKING:
    from tui.operations.deck import Deck
    from tui.operations.ports import Terminal

SLICE = 16 * 1024
SLICE_S = 0.008
"""Bytes, and seconds, after which keys and the screen have their turn."""
_TYPED_LIMIT = 4096
_AWAITED = 20
"""Lines whose echo is waited for; an older one was never shown."""


class ConsoleRun:
    """One console, from its opening until it is closed; it may be opened again after its end."""

    def __init__(self, deck: Deck, host: str, command: TerminalCommand, size: tuple[int, int]):
        """`size` is columns and lines."""
        self.deck = deck
        self.host = host
        self.command = command
        self.screen = Screen(*size, time.monotonic)
        self.opened_at: float | None = None
        self.end: TerminalEnd | None = None
        self.problem = ""
        self.received_bytes = 0
        self.on_change: Callable[[], None] = _nothing
        self.recorder: Recorder | None = None
        self._terminal: Terminal | None = None
        self._typed = ""
        self._awaited: list[str] = []
        self._task: asyncio.Task[None] | None = None

    # -- its life ------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """Whether keys reach a remote."""
        return self._terminal is not None and self.end is None

    @property
    def opening(self) -> bool:
        """Whether it is being opened."""
        return self._task is not None and not self._task.done() and self._terminal is None

    @property
    def title(self) -> str:
        """Host and what runs there."""
        return f"{self.host} {self.command.name}"

    @property
    def state(self) -> str:
        """How it stands, in a word or a few."""
        if self.problem:
            return self.problem
        if self.end is not None:
            return self.end.words
        return "open" if self._terminal is not None else "opening"

    def start(self) -> None:
        """Open it in the background; again after it has ended, below what stands there."""
        if self._task is None or self._task.done():
            self.end, self.problem, self._terminal = None, "", None
            self._task = asyncio.create_task(self._live(), name=f"console {self.title}")

    async def close(self) -> None:
        """Hang up, and end the recording."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _live(self) -> None:
        try:
            self._begin()
            session = self.deck.sessions[self.host]
            size = (self.screen.columns, self.screen.lines)
            self._terminal = await session.open_terminal(self.command, *size)
        except BeamdeckError as error:
            self.problem = f"{error.title}: {error.detail}"
            self._stop_recording()
            self.on_change()
            return
        except BaseException:
            self._stop_recording()
            raise
        if size != (self.screen.columns, self.screen.lines):
            # The pane changed while it was being opened.
            self._terminal.resize(self.screen.columns, self.screen.lines)
        self.opened_at = self.deck.clock()
        self.on_change()
        try:
            await self._read(self._terminal)
        finally:
            await self._ended(self._terminal)

    def _begin(self) -> None:
        """Written down before it is opened; what cannot be written down is not opened."""
        gate = self.deck.gate
        gate.check_console()
        self.deck.audit.write(self._record("console", reason=gate.state.reason))
        folder = self.deck.site.recordings
        if self.deck.config.console.record and folder is not None:
            size = (self.screen.columns, self.screen.lines)
            self.recorder = Recorder(self._path(folder), *size, self.title, self.deck.clock)

    def _path(self, folder: Path) -> Path:
        moment = datetime.fromtimestamp(self.deck.clock(), UTC)
        stem = f"{moment:%Y%m%dT%H%M%S}-{self.deck.environment.name}-{self.host}"
        path = folder / f"{stem}-{self.command.kind}.cast"
        number = 1
        while path.exists():
            number += 1
            path = folder / f"{stem}-{self.command.kind}-{number}.cast"
        return path

    async def _read(self, terminal: Terminal) -> None:
        while data := await terminal.read():
            self.received_bytes += len(data)
            began = time.monotonic()
            for at in range(0, len(data), SLICE):
                piece = data[at : at + SLICE]
                self.screen.feed(piece)
                if self.recorder is not None:
                    self.recorder.output(piece, whole_screen=self.screen.alternate)
                if time.monotonic() - began > SLICE_S:
                    # A flood is drained between keys and frames, never instead of them.
                    self.on_change()
                    await asyncio.sleep(0)
                    began = time.monotonic()
            self._look_for_echo()
            if replies := self.screen.take_replies():
                terminal.write(replies)
            self.on_change()

    async def _ended(self, terminal: Terminal) -> None:
        await terminal.close()
        self.end = terminal.end or TerminalEnd(detail="closed here")
        self._stop_recording()
        try:
            self.deck.audit.write(self._record("console-end", detail=self.end.words))
        except BeamdeckError as error:
            self.problem = f"{error.title}: {error.detail}"
        self.on_change()

    def _stop_recording(self) -> None:
        if self.recorder is not None:
            self.recorder.close()

    def _record(
        self, event: str, *, reason: str = "", detail: str = "", typed: str = ""
    ) -> AuditRecord:
        return AuditRecord(
            event=event,
            environment=self.deck.environment.name,
            app=self.deck.app.name,
            host=self.host,
            command=self.command.shown,
            reason=reason,
            detail=detail,
            typed=typed,
        )

    # -- keys ----------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Keys, as bytes; what was entered as a line and shown is written down."""
        if self._terminal is None or self.end is not None:
            return
        text = data.decode("utf-8", "replace")
        if text in ("\r", "\n"):
            self._entered()
            self._typed = ""
        elif text in ("\x03", "\x15", "\x04"):
            self._typed = ""
        elif text == "\x7f":
            self._typed = self._typed[:-1]
        elif text.isprintable():
            self._typed = (self._typed + text)[-_TYPED_LIMIT:]
        self._terminal.write(data)

    def resize(self, columns: int, lines: int) -> None:
        """The pane has another size."""
        if (columns, lines) == (self.screen.columns, self.screen.lines):
            return
        self.screen.resize(columns, lines)
        if self._terminal is not None:
            self._terminal.resize(columns, lines)
        if self.recorder is not None:
            self.recorder.resized(self.screen.columns, self.screen.lines)

    def prompt_line(self) -> str:
        """What stands on the cursor's line, all its wrapped rows."""
        rows, y = self.screen.rows, self.screen.cursor[0]
        first = y
        while first > 0 and rows[first - 1].wrapped:
            first -= 1
        while y < len(rows) - 1 and rows[y].wrapped:
            y += 1
        return "".join(row.text for row in rows[first : y + 1]).rstrip()

    def slip(self) -> str:
        """Why Enter should be asked about first; empty if it need not."""
        rules = self.deck.config.console
        if not (rules.guard_rails and self.deck.environment.production):
            return ""
        if self.screen.alternate or not self.live:
            return ""
        # Keys may be ahead of what is shown: both are looked at.
        return slip(typed_on(self.prompt_line()), self._typed)

    def _entered(self) -> None:
        """Enter: the line is written down once it is shown; a password is not, and never is."""
        if self.screen.alternate:
            return
        shown = typed_on(self.prompt_line())
        if shown and self._typed.strip() in ("", shown):
            self._write_down(shown)
        elif typed := self._typed.strip():
            # Its echo is still on its way, or it was edited: then what is shown is looked at.
            self._awaited = [*self._awaited, typed][-_AWAITED:]
            if shown.endswith(typed):
                self._awaited.pop()
                self._write_down(shown)

    def _look_for_echo(self) -> None:
        if not self._awaited or self.screen.alternate:
            return
        said = {typed_on(row.text.rstrip()) for row in self.screen.rows}
        for typed in [typed for typed in self._awaited if typed in said]:
            self._awaited.remove(typed)
            self._write_down(typed)

    def _write_down(self, typed: str) -> None:
        if self.recorder is not None:
            self.recorder.typed(typed)
        if self.command.kind is ConsoleKind.REMOTE or self.deck.environment.production:
            try:
                line = redact(from_host(typed))
                self.deck.audit.write(self._record("console-line", typed=line))
            except BeamdeckError as error:
                self.problem = f"{error.title}: {error.detail}"


def _nothing() -> None:
    """Nobody looks."""
