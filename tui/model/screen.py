"""A terminal's screen, as xterm shows it: bytes in, rows, a cursor and modes out. Pure, our own.

Not a wrapper of pyte: of what is wanted here (the alternate screen, a past, reflow, speed) pyte
has nothing, and its cells are a dict of dicts; tests/bench/terminal_speed.py compares the two.
Replies are the cursor's position and two constants, never text that the remote chose.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.model.screen_grid import SCROLLBACK, Grid
from tui.model.screen_modes import Modes
from tui.model.screen_parser import Parser
from tui.model.screen_reflow import reflow, resize_plain
from tui.model.screen_rows import Past, Row, text_of
from tui.model.screen_style import DEFAULT, Style, after_sgr, number
from tui.model.text import scrub_line

DA1, DA2 = b"\x1b[?1;2c", b"\x1b[>0;95;0c"
REPLIES_A_SECOND = 10
TITLE_LIMIT = 200
_LINES = str.maketrans("_`abcdefghijklmnopqrstuvwxyz{|}~", " ◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·")
_Saved = tuple[int, int, bool, Style, bool, tuple[bool, bool], int]


class Screen:
    """The state of a terminal. `clock` is monotonic seconds, for the limit on replies."""

    grid: Grid
    modes: Modes

    def __init__(
        self,
        columns: int,
        lines: int,
        clock: Callable[[], float],
        *,
        scrollback: int = SCROLLBACK,
    ) -> None:
        self.columns, self.lines = max(2, columns), max(2, lines)
        self._clock = clock
        self._primary = Grid(self.columns, self.lines, scrollback=scrollback)
        self._other: Grid | None = None
        self.grid = self._primary
        self.modes = Modes()
        self.title = ""
        self.bells = 0
        self._replies: list[bytes] = []
        self._reply_times: list[float] = []
        self._saved: dict[bool, _Saved] = {}
        self._charsets = [False, False]  # whether G0 and G1 are line drawing
        self._shift = 0
        self._last = ""
        self._tabs = set(range(0, 1024, 8))
        self._parser = Parser(self)

    # -- what is seen --------------------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """The rows on screen now."""
        return self.grid.rows

    @property
    def past(self) -> list[Past]:
        """What was scrolled away, oldest first; empty on the alternate screen."""
        return [] if self.alternate else list(self._primary.past)

    @property
    def past_count(self) -> int:
        """How many rows of the past are held."""
        return 0 if self.alternate else len(self._primary.past)

    def past_at(self, index: int) -> Past:
        """One row of the past."""
        return self._primary.past[index]

    @property
    def pushed(self) -> int:
        """How many rows were ever scrolled away: tells a view how far its rows have moved."""
        return self._primary.pushed

    @property
    def alternate(self) -> bool:
        """Whether a full-screen program has the screen."""
        return self._other is not None

    @property
    def cursor(self) -> tuple[int, int]:
        """(line, column) of the cursor, from 0."""
        return self.grid.y, self.grid.x

    def text(self) -> list[str]:
        """The screen as lines of text, blanks at their ends taken off."""
        return [row.text.rstrip(" ") for row in self.rows]

    def everything(self) -> list[str]:
        """The past and the screen as lines of text."""
        return [*map(text_of, self.past), *(row.text for row in self.rows)]

    def take_replies(self) -> bytes:
        """What is to be sent back; at most REPLIES_A_SECOND of them in any second."""
        replies, self._replies = b"".join(self._replies), []
        return replies

    # -- bytes and size ------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """The next piece of what the remote wrote."""
        self._parser.feed(data)

    def resize(self, columns: int, lines: int) -> None:
        """Another size: lines that were wrapped are wrapped anew, nothing is lost."""
        columns, lines = max(2, columns), max(2, lines)
        if (columns, lines) == (self.columns, self.lines):
            return
        if self._other is not None:
            resize_plain(self.grid, columns, lines)
        reflow(self._primary, columns, lines)
        self.columns, self.lines = columns, lines

    # -- the parser's calls --------------------------------------------------------------

    def write(self, text: str) -> None:
        """Printable ASCII."""
        self._last = text[-1]
        if self._charsets[self._shift]:
            self.grid.write_any(text.translate(_LINES))
        else:
            self.grid.write(text)

    def write_wide(self, text: str) -> None:
        """Text with other characters than ASCII."""
        self._last = text[-1]
        self.grid.write_any(text)

    def burst(self, text: str) -> bool:
        """Plain lines by the thousand, taken without drawing each; False: it is not that."""
        grid = self.grid
        # A piece may begin or end between CR and LF.
        head, tail = text[:1] == "\n", text[-1:] == "\r"
        text = text[head : len(text) - tail]
        lines = text.split("\r\n")
        usable = (
            len(lines) > 3 * grid.lines
            and text.count("\r") == text.count("\n") == len(lines) - 1
            and not (grid.insert_mode or self._charsets[self._shift])
            and grid.autowrap
            and (grid.top, grid.bottom) == (0, grid.lines - 1)
            and grid.style is DEFAULT
        )
        if not usable:
            return False
        if head:
            self.control("\n")
        lead = lines[: grid.lines]
        for line in lead:
            grid.write(line)
            self.control("\r")
            self.control("\n")
        grid.take_lines(lines[grid.lines : -1])
        grid.write(lines[-1])
        self._last = lines[-1][-1:] or self._last
        if tail:
            self.control("\r")
        return True

    def control(self, char: str) -> None:
        """C0; what is not known is dropped, and so is all of C1."""
        grid = self.grid
        if char == "\r":
            grid.x, grid.pending = 0, False
        elif char in "\n\x0b\x0c":
            grid.index()
            if self.modes.new_line:
                grid.column(0)
            else:
                grid.pending = False
        elif char == "\b":
            grid.column(grid.x - 1)
        elif char == "\t":
            self._tab(1)
        elif char == "\x07":
            self.bells += 1
        elif char in "\x0e\x0f":
            self._shift = int(char == "\x0e")

    def sgr(self, params: str) -> None:
        """Colours and attributes of what comes next."""
        self.grid.style = after_sgr(self.grid.style, params)

    def csi(self, private: str, params: str, between: str, final: str) -> None:
        """A control sequence; unknown ones do nothing."""
        action = _CSI.get(private + between + final)
        if action is not None:
            action(self, [number(word) for word in params.split(";")[:32]])

    def escape(self, between: str, final: str) -> None:
        """A two-letter sequence, with what stands between."""
        if between in ("(", ")"):
            self._charsets[between == ")"] = final == "0"
        elif between == "#" and final == "8":
            self.grid.margins(0, self.lines - 1)
            self.grid.fill("E")
        elif not between and final in _ESCAPES:
            _ESCAPES[final](self)

    def string(self, kind: str, text: str) -> None:
        """OSC: only the title counts, scrubbed. Clipboard, links, palettes, DCS: nothing."""
        code, found, rest = text.partition(";")
        if kind == "osc" and found and code in ("0", "2"):
            self.title = scrub_line(rest, limit=TITLE_LIMIT)

    # -- the rest ------------------------------------------------------------------------

    def _tab(self, count: int) -> None:
        grid = self.grid
        stops = sorted(t for t in self._tabs if grid.x < t < self.columns)
        if count < 0:
            stops = sorted((t for t in self._tabs if t < grid.x), reverse=True)
        index = abs(count) - 1
        edge = 0 if count < 0 else self.columns - 1
        # A tab does not take back a wrap that is due, as in xterm.
        grid.x = stops[index] if index < len(stops) else edge

    def reply(self, data: bytes) -> None:
        """Answer, unless there were too many answers in the last second."""
        now = self._clock()
        self._reply_times = [t for t in self._reply_times if now - t < 1.0]
        if len(self._reply_times) < REPLIES_A_SECOND:
            self._reply_times.append(now)
            self._replies.append(data)

    def save(self) -> None:
        """DECSC."""
        grid = self.grid
        self._saved[self.alternate] = (
            *(grid.y, grid.x, grid.pending, grid.style, grid.origin),
            (self._charsets[0], self._charsets[1]),
            self._shift,
        )

    def restore(self) -> None:
        """DECRC; without a save, to the top left in the default style."""
        grid = self.grid
        saved = self._saved.get(self.alternate)
        y, x, pending, style, origin, charsets, shift = saved or (
            *(0, 0, False, DEFAULT, False),
            (False, False),
            0,
        )
        grid.origin = origin
        grid.y, grid.x = min(y, grid.lines - 1), min(x, grid.columns - 1)
        grid.pending, grid.style = pending and grid.x == grid.columns - 1, style
        self._charsets, self._shift = list(charsets), shift

    def alternate_screen(self, on: bool, *, cursor: bool, clear: bool) -> None:
        """To the screen of full-screen programs, or back; it has no past."""
        if on and not self.alternate:
            if cursor:
                self.save()
            old = self.grid
            grid = self.grid = Grid(self.columns, self.lines, scrollback=0)
            grid.keeps = False
            grid.y, grid.x, grid.style = old.y, old.x, old.style
            grid.autowrap, grid.insert_mode, grid.origin = old.autowrap, old.insert_mode, old.origin
            self._other = old
        elif not on and self._other is not None:
            here = self.grid
            self.grid, self._other = self._other, None
            self.grid.autowrap = here.autowrap
            self.grid.insert_mode = here.insert_mode
            if cursor:
                self.restore()
            else:
                self.grid.y, self.grid.x = min(here.y, self.lines - 1), here.x
            for row in self.grid.rows:
                row.changed()

    def soft_reset(self) -> None:
        """DECSTR: modes, margins and style as at the start; what is on screen stays."""
        grid = self.grid
        grid.autowrap, grid.insert_mode, grid.origin = True, False, False
        grid.top, grid.bottom, grid.style = 0, self.lines - 1, DEFAULT
        self.modes.soft_reset()
        self._charsets, self._shift = [False, False], 0
        self._saved.pop(self.alternate, None)

    def hard_reset(self) -> None:
        """RIS: as new, but for the past."""
        self.alternate_screen(False, cursor=False, clear=False)
        self.soft_reset()
        self.modes = Modes()
        self._tabs = set(range(0, 1024, 8))
        self.grid.erase_display(2)
        self.grid.to(0, 0)
        self.title = ""

    def repeat(self, count: int) -> None:
        """REP: the last character again."""
        if self._last:
            text = self._last * min(count, self.columns)
            (self.write if text.isascii() else self.write_wide)(text)

    def report_position(self) -> None:
        """CPR."""
        grid = self.grid
        y = grid.y - grid.top if grid.origin else grid.y
        self.reply(b"\x1b[%d;%dR" % (y + 1, grid.x + 1))

    def tab(self, count: int) -> None:
        """CHT, and CBT with a count below 0."""
        self._tab(count)

    def set_tab(self, on: bool, every: bool = False) -> None:
        """HTS and TBC."""
        if every:
            self._tabs.clear()
        elif on:
            self._tabs.add(self.grid.x)
        else:
            self._tabs.discard(self.grid.x)


# At the end: the tables name what is above.
from tui.model.screen_actions import CSI as _CSI  # noqa: E402
from tui.model.screen_actions import ESCAPES as _ESCAPES  # noqa: E402
