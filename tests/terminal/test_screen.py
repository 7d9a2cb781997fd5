"""The terminal's past, another width, searching and marking, keys and pastes."""

from __future__ import annotations

import pytest

from tui.model.screen import Screen
from tui.model.screen_modes import Modes, Mouse
from tui.model.terminal_keys import key_bytes, mouse_bytes, paste_bytes
from tui.model.terminal_lines import Lines, Point


def screen(text: str, columns: int = 20, lines: int = 5) -> Screen:
    made = Screen(columns, lines, lambda: 0.0)
    made.feed(text.encode())
    return made


def whole(shown: Screen) -> str:
    """All that is held as one text, wraps taken out."""
    rows = [(row.text, row.wrapped) for row in shown.rows]
    past = [(p, False) if isinstance(p, str) else ("".join(p.cells), p.wrapped) for p in shown.past]
    return "".join(text if on else text.rstrip() + "\n" for text, on in past + rows).rstrip("\n")


@pytest.mark.parametrize("columns", [7, 13, 40, 3])
@pytest.mark.parametrize("lines", [3, 5, 30])
def test_another_width_loses_nothing_and_comes_back(columns: int, lines: int) -> None:
    text = "\r\n".join(f"{n}: " + "abc 日本 e\u0301 " * n + "end" for n in range(12))
    shown = screen(text)
    before, at = whole(shown), shown.rows[shown.cursor[0]].cells[shown.cursor[1] - 1]
    shown.resize(columns, lines)
    assert whole(shown) == before
    assert shown.rows[shown.cursor[0]].cells[max(0, shown.cursor[1] - 1)] in (at, "n")
    shown.resize(20, 5)
    assert whole(shown) == before
    shown.feed(b"!")
    assert whole(shown) == before + "!"


def test_the_past_is_bounded_and_a_burst_is_as_if_line_by_line() -> None:
    lines = [f"line {n} {'w' * (n % 60)}" for n in range(2000)]
    burst, slow = screen("\r\n".join(lines)), screen("")
    for line in lines[:-1]:
        slow.feed(line.encode() + b"\r\n")
    slow.feed(lines[-1].encode())
    said = [[line.rstrip() for line in shown.everything()] for shown in (burst, slow)]
    assert said[0] == said[1]
    assert burst.pushed == slow.pushed
    assert [line.rstrip() for line in whole(burst).split("\n")] == [x.rstrip() for x in lines]
    burst.feed(b"x\r\n" * 30_000)
    assert burst.past_count == 10_000


def test_styles_are_kept_in_the_past() -> None:
    shown = screen("\x1b[1;38:2::1:2:3mred\x1b[0m plain\r\n" + "\r\n" * 9)
    row = Lines(shown)
    row.scroll(-99, 5)
    first = row.row(0)
    assert first is not None
    assert first.text.startswith("red plain")
    assert [style.flags for style in first.styles[:5]] == [1, 1, 1, 0, 0]
    assert first.styles[0].fg & 0xFFFFFF == 0x010203


def test_search_finds_in_the_past_and_marks_are_copied_unwrapped() -> None:
    shown = screen("needle one\r\n" + "x" * 25 + "\r\n" * 9 + "NEEDLE two")
    lines = Lines(shown)
    assert lines.search("needle") == 2
    assert lines.next_hit(-1, 5)
    assert lines.top is None
    assert lines.next_hit(-1, 5)
    assert lines.number(0) == 0
    assert lines.hits_on(0) == [(0, 6)]
    lines.mark_from(Point(0, 7))
    lines.mark_to(Point(2, 19))
    assert lines.marked_text() == "one\n" + "x" * 25


@pytest.mark.parametrize(
    ("key", "character", "sent"),
    [
        ("a", "a", b"a"),
        ("A", "A", b"A"),
        ("ctrl+c", "\x03", b"\x03"),
        ("ctrl+backslash", "\x1c", b"\x1c"),
        ("enter", "\r", b"\r"),
        ("backspace", "\x7f", b"\x7f"),
        ("up", None, b"\x1b[A"),
        ("ctrl+left", None, b"\x1b[1;5D"),
        ("shift+f5", None, b"\x1b[15;2~"),
        ("f1", None, b"\x1bOP"),
        ("alt+x", "x", b"\x1bx"),
        ("delete", None, b"\x1b[3~"),
        ("shift+tab", None, b"\x1b[Z"),
        ("full_stop", ".", b"."),
        ("日", "日", "日".encode()),
        ("ctrl+q", "\x11", b"\x11"),
        ("ctrl+p", "\x10", b"\x10"),
        ("<ignore>", None, b""),
    ],
)
def test_keys(key: str, character: str | None, sent: bytes) -> None:
    assert key_bytes(key, character, Modes()) == sent


def test_modes_change_keys_and_pastes() -> None:
    shown = screen("\x1b[?1;1000;1006;2004h")
    assert key_bytes("up", None, shown.modes) == b"\x1bOA"
    assert paste_bytes("a\nb\x1b[201~\x1b]52;c;x\x07c", shown.modes) == (
        b"\x1b[200~a\rb[201~]52;c;xc\x1b[201~"
    )
    held = (False, False, True)
    assert mouse_bytes("press", 1, 4, 2, shown.modes, held=held) == b"\x1b[<16;5;3M"
    assert mouse_bytes("release", 1, 4, 2, shown.modes, held=held) == b"\x1b[<16;5;3m"
    assert mouse_bytes("drag", 1, 4, 2, shown.modes, held=held) == b""
    assert shown.modes.mouse is Mouse.CLICKS


def test_a_title_is_a_line_of_printable_text() -> None:
    shown = screen("\x1b]0;evil\x1b[2J\x07\x1b]2;\u202eforged\nname" + "x" * 900 + "\x07")
    assert shown.title.isprintable()
    assert len(shown.title) <= 200
