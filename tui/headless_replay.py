"""`beamdeck replay FILE` without the console: what a recorded console showed, at its pace."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tui.model.screen import Screen
from tui.model.screen_rows import Row
from tui.model.screen_style import DEFAULT, TRUE_COLOUR, Style
from tui.operations.replay import Cast, events_of, read_head

_FLAGS = {1: "1", 2: "2", 4: "3", 8: "4", 32: "7", 128: "9"}


def replay(path: Path, *, speed: float, longest_s: float, dump: bool) -> int:
    """Play a recording: `speed` times as fast, no pause above `longest_s` seconds.

    `dump` prints the last screen and what was scrolled away, as text, and waits for nothing.
    """
    cast = read_head(path)
    screen = Screen(cast.columns, cast.lines, time.monotonic)
    if dump:
        for _, kind, text in events_of(cast):
            _apply(screen, kind, text)
        lines = [line.rstrip() for line in screen.everything()]
        while lines and not lines[-1]:
            lines.pop()
        print("\n".join(lines))
        return 0
    _play(cast, screen, speed, longest_s)
    return 0


def _apply(screen: Screen, kind: str, text: str) -> None:
    if kind == "o":
        screen.feed(text.encode("utf-8", "replace"))
    elif kind == "r":
        columns, _, lines = text.partition("x")
        if columns.isdecimal() and lines.isdecimal():
            screen.resize(min(int(columns[:4]), 1000), min(int(lines[:4]), 500))


def _play(cast: Cast, screen: Screen, speed: float, longest_s: float) -> None:
    last, drawn = 0.0, [""] * 0
    out = sys.stdout
    out.write("\x1b[?1049h\x1b[2J")
    try:
        for at, kind, text in events_of(cast):
            time.sleep(min(longest_s, max(0.0, at - last) / speed))
            last = at
            _apply(screen, kind, text)
            drawn = _draw(screen, drawn)
        out.write(f"\x1b[{screen.lines + 1};1H\x1b[0m the end; Enter leaves")
        out.flush()
        sys.stdin.readline()
    except KeyboardInterrupt:
        return
    finally:
        out.write("\x1b[0m\x1b[?25h\x1b[?1049l")
        out.flush()


def _draw(screen: Screen, drawn: list[str]) -> list[str]:
    lines = [_line(row) for row in screen.rows]
    for y, line in enumerate(lines):
        if y >= len(drawn) or drawn[y] != line:
            sys.stdout.write(f"\x1b[{y + 1};1H{line}\x1b[0m\x1b[K")
    y, x = screen.cursor
    sys.stdout.write(f"\x1b[{y + 1};{x + 1}H")
    sys.stdout.flush()
    return lines


def _line(row: Row) -> str:
    """A row in our own words: cells hold no control character."""
    parts: list[str] = []
    current = DEFAULT
    for cell, style in zip(row.cells, row.styles, strict=True):
        if style != current:
            parts.append(_sgr(style))
            current = style
        parts.append(cell)
    return "".join(parts)


def _sgr(style: Style) -> str:
    codes = ["0", *(code for bit, code in _FLAGS.items() if style.flags & bit)]
    for base, colour in ((38, style.fg), (48, style.bg)):
        if colour >= 0 and colour & TRUE_COLOUR:
            codes.append(f"{base};2;{colour >> 16 & 255};{colour >> 8 & 255};{colour & 255}")
        elif colour >= 0:
            codes.append(f"{base};5;{colour}")
    return f"\x1b[{';'.join(codes)}m"
