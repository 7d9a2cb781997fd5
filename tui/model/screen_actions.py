"""What each control sequence does to a screen: two tables, by private mark and final letter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.model.screen_modes import CursorShape, Mouse

if TYPE_CHECKING:
    from tui.model.screen import Screen

Numbers = list[int]


def _count(numbers: Numbers, index: int = 0) -> int:
    """A number of at least 1, as most sequences mean a missing or zero one."""
    return max(1, numbers[index]) if index < len(numbers) else 1


def _at(numbers: Numbers, index: int) -> int:
    return _count(numbers, index) - 1


def _next_line(screen: Screen, count: int) -> None:
    screen.grid.down(count)
    screen.grid.column(0)


def _previous_line(screen: Screen, count: int) -> None:
    screen.grid.up(count)
    screen.grid.column(0)


def _margins(screen: Screen, n: Numbers) -> None:
    bottom = n[1] if len(n) > 1 and n[1] else screen.lines
    screen.grid.margins(_at(n, 0), bottom - 1)


def _tab_clear(screen: Screen, n: Numbers) -> None:
    if n[0] in (0, 3):
        screen.set_tab(False, every=n[0] == 3)


def _status(screen: Screen, n: Numbers) -> None:
    if n[0] == 6:
        screen.report_position()


def _device(screen: Screen, n: Numbers) -> None:
    if n[0] == 0:
        screen.reply(_da1())


def _device_2(screen: Screen, n: Numbers) -> None:
    if n[0] == 0:
        screen.reply(_da2())


def _da1() -> bytes:
    from tui.model.screen import DA1

    return DA1


def _da2() -> bytes:
    from tui.model.screen import DA2

    return DA2


def _shape(screen: Screen, n: Numbers) -> None:
    if n[0] <= 6:
        shapes = (CursorShape.BLOCK, CursorShape.UNDERLINE, CursorShape.BAR)
        screen.modes.cursor_shape = shapes[(max(1, n[0]) - 1) // 2]


def _ansi_modes(on: bool) -> Callable[[Screen, Numbers], None]:
    def set_modes(screen: Screen, numbers: Numbers) -> None:
        for mode in numbers:
            if mode == 4:
                screen.grid.insert_mode = on
            elif mode == 20:
                screen.modes.new_line = on

    return set_modes


def _private_modes(on: bool) -> Callable[[Screen, Numbers], None]:
    def set_modes(screen: Screen, numbers: Numbers) -> None:
        for mode in numbers:
            _private_mode(screen, mode, on)

    return set_modes


_FLAGS = {
    1: "application_cursor",
    5: "reverse_screen",
    25: "cursor_visible",
    66: "application_keypad",
    1006: "mouse_sgr",
    2004: "bracketed_paste",
}


def _private_mode(screen: Screen, mode: int, on: bool) -> None:
    modes, grid = screen.modes, screen.grid
    if mode in _FLAGS:
        setattr(modes, _FLAGS[mode], on)
        if mode == 5:
            for row in screen.rows:
                row.changed()
    elif mode == 6:
        grid.origin = on
        grid.to(0, 0)
    elif mode == 7:
        grid.autowrap = on
        grid.pending = grid.pending and on
    elif mode in (47, 1047, 1049):
        screen.alternate_screen(on, cursor=mode == 1049, clear=mode != 47)
    elif mode == 1048:
        (screen.save if on else screen.restore)()
    elif mode in (9, 1000, 1002, 1003):
        modes.mouse = Mouse(mode) if on else Mouse.OFF


def _erase(screen: Screen, n: Numbers) -> None:
    screen.grid.erase_display(n[0])


CSI: dict[str, Callable[[Screen, Numbers], None]] = {
    "@": lambda s, n: s.grid.insert_chars(_count(n)),
    "A": lambda s, n: s.grid.up(_count(n)),
    "B": lambda s, n: s.grid.down(_count(n)),
    "C": lambda s, n: s.grid.column(s.grid.x + _count(n)),
    "D": lambda s, n: s.grid.column(s.grid.x - _count(n)),
    "E": lambda s, n: _next_line(s, _count(n)),
    "F": lambda s, n: _previous_line(s, _count(n)),
    "G": lambda s, n: s.grid.column(_at(n, 0)),
    "H": lambda s, n: s.grid.to(_at(n, 0), _at(n, 1)),
    "I": lambda s, n: s.tab(_count(n)),
    "J": _erase,
    "K": lambda s, n: s.grid.erase_line(n[0]),
    "L": lambda s, n: s.grid.insert_lines(_count(n)),
    "M": lambda s, n: s.grid.delete_lines(_count(n)),
    "P": lambda s, n: s.grid.delete_chars(_count(n)),
    "S": lambda s, n: s.grid.scroll_up(_count(n)),
    "T": lambda s, n: s.grid.scroll_down(_count(n)) if len(n) == 1 else None,
    "X": lambda s, n: s.grid.erase_chars(_count(n)),
    "Z": lambda s, n: s.tab(-_count(n)),
    "`": lambda s, n: s.grid.column(_at(n, 0)),
    "a": lambda s, n: s.grid.column(s.grid.x + _count(n)),
    "b": lambda s, n: s.repeat(_count(n)),
    "c": _device,
    ">c": _device_2,
    "d": lambda s, n: s.grid.to(_at(n, 0), s.grid.x),
    "e": lambda s, n: s.grid.down(_count(n)),
    "f": lambda s, n: s.grid.to(_at(n, 0), _at(n, 1)),
    "g": _tab_clear,
    "h": _ansi_modes(True),
    "l": _ansi_modes(False),
    "?h": _private_modes(True),
    "?l": _private_modes(False),
    "n": _status,
    "r": _margins,
    "s": lambda s, n: s.save(),
    "u": lambda s, n: s.restore(),
    " q": _shape,
    "!p": lambda s, n: s.soft_reset(),
}
"""By private mark, what stands between, and the final letter; `n` has at least one number."""


def _line_down(screen: Screen) -> None:
    screen.grid.index()
    screen.grid.pending = False


def _new_line(screen: Screen) -> None:
    screen.grid.column(0)
    screen.grid.index()


def _keypad(on: bool) -> Callable[[Screen], None]:
    def turn(screen: Screen) -> None:
        screen.modes.application_keypad = on

    return turn


ESCAPES: dict[str, Callable[[Screen], None]] = {
    "7": lambda s: s.save(),
    "8": lambda s: s.restore(),
    "D": _line_down,
    "E": _new_line,
    "H": lambda s: s.set_tab(True),
    "M": lambda s: s.grid.reverse_index(),
    "c": lambda s: s.hard_reset(),
    "=": _keypad(True),
    ">": _keypad(False),
}
