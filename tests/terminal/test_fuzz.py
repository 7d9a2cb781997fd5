"""Whatever a remote sends: nothing raises, nothing takes long, no reply outside the fixed set."""

from __future__ import annotations

import os
import random
import re
import time

import pytest

from tui.model.screen import DA1, DA2, Screen
from tui.model.screen_rows import MARKS

REPLY = re.compile(
    rb"(?:\x1b\[[1-9]\d{0,2};[1-9]\d{0,2}R|" + re.escape(DA1) + b"|" + re.escape(DA2) + rb")*\Z"
)
_FINALS = "@ABCDEFGHIJKLMPSTXZ`abcdefghlmnpqrstu"
_TEXTS = (
    "a",
    "text ",
    "日本",
    "e\u0301\u0302\u0303\u0304\u0305",
    "🎉",
    "\u202e",
    "\x9b31m",
    "\ue0b0",
)
_MODES = (1, 3, 5, 6, 7, 25, 47, 1000, 1002, 1003, 1006, 1047, 1048, 1049, 2004)


def piece(chance: random.Random) -> bytes:
    """A bit of what a hostile remote might send."""
    kind = chance.randrange(9)
    if kind == 0:
        return chance.choice(_TEXTS).encode() * chance.randrange(1, 40)
    if kind == 1:
        return bytes(chance.randrange(256) for _ in range(chance.randrange(1, 20)))
    if kind == 2:
        return chance.choice(b"\r\n\t\b\x07\x0b\x0e\x0f\x18\x1a\x1b\x7f").to_bytes(1, "big")
    if kind == 3:
        return f"\x1b[?{chance.choice(_MODES)}{chance.choice('hl')}".encode()
    if kind == 4:
        start = chance.choice(
            ("\x1b]0;", "\x1b]52;c;", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1bk")
        )
        return (
            start + "z" * chance.choice((3, 5000)) + chance.choice(("\x07", "\x1b\\", ""))
        ).encode()
    if kind == 5:
        return f"\x1b{chance.choice('()#%* ')}{chance.choice('0AB8@')}".encode()
    if kind == 6:
        return b"\x1b" + chance.choice("78DEHMNOZc=>\\").encode()
    numbers = ";".join(
        chance.choice(("", "0", "1", "7", "24", "80", "9999", "9" * 30, "38:2::1:2:3"))
        for _ in range(chance.randrange(5))
    )
    private = chance.choice(("", "", "", "?", ">", "=", "<", "!", "$", " "))
    return f"\x1b[{private}{numbers}{chance.choice(_FINALS)}".encode()


def check(screen: Screen) -> None:
    """What holds of every screen."""
    y, x = screen.cursor
    assert 0 <= y < screen.lines
    assert 0 <= x < screen.columns
    assert len(screen.rows) == screen.lines
    for row in screen.rows:
        assert len(row.cells) == len(row.styles) == screen.columns
        assert all(len(cell) <= MARKS + 1 for cell in row.cells)
    assert all(line.isprintable() for line in screen.title.splitlines())


def fuzz(seed: int, count: int) -> None:
    chance = random.Random(seed)
    now = [0.0]
    screen = Screen(80, 24, lambda: now[0])
    for number in range(count):
        data = b"".join(piece(chance) for _ in range(chance.randrange(1, 12)))
        try:
            screen.feed(data)
        except Exception as error:
            raise AssertionError(f"{seed}/{number}: {data!r}") from error
        replies = screen.take_replies()
        assert REPLY.match(replies), replies
        now[0] += 0.01
        if number % 50 == 0:
            screen.resize(chance.randrange(2, 150), chance.randrange(2, 60))
            check(screen)
    check(screen)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_raises(seed: int) -> None:
    fuzz(seed, 500)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_nothing_raises_a_million_times() -> None:
    count = int(os.environ.get("BEAMDECK_FUZZ", "1000000"))
    for seed in range(count // 1000):
        fuzz(10_000 + seed, 1000)


FLOODS = {
    "marks": "e" + "\u0301" * 2000,
    "marks on many": "e\u0301\u0302\u0303\u0304\u0305" * 400,
    "clear": "\x1b[2J" * 1024,
    "clear between letters": "x\x1b[2J" * 800,
    "scroll": "\x1b[9999S" * 600,
    "scroll with letters": "x\x1b[99S" * 600,
    "repeat": "x\x1b[9999b" * 500,
    "insert lines": "\x1b[H\x1b[99L" * 500,
    "alternate": "\x1b[?1049h\x1b[?1049l" * 256,
    "alignment": "\x1b#8" * 1365,
    "parameters": "\x1b[" + ";" * 4000 + "m",
    "digits": "\x1b[" + "9" * 4090 + "A",
    "colours": "".join(f"\x1b[38;2;{n % 256};7;9mx" for n in range(256)),
    "titles": "\x1b]0;t\x07" * 680,
    "questions": "\x1b[6n\x1b[c\x1b[>c" * 400,
    "escapes": "\x1b" * 4096,
}


@pytest.mark.parametrize("name", FLOODS)
def test_no_flood_takes_long(name: str) -> None:
    data = FLOODS[name].encode()
    data = (data * (4096 // len(data) + 1))[:4096]
    screen = Screen(80, 24, lambda: 0.0)
    best = 9.9
    for _ in range(5):
        began = time.process_time()
        screen.feed(data)
        best = min(best, time.process_time() - began)
    assert best <= 0.05
    assert len(re.findall(rb"\x1b\[", screen.take_replies())) <= 10


def test_replies_are_ten_a_second() -> None:
    now = [0.0]
    screen = Screen(80, 24, lambda: now[0])
    answered = 0
    for _ in range(1000):
        screen.feed(b"\x1b[6n")
        answered += screen.take_replies().count(b"R")
        now[0] += 0.01
    assert 95 <= answered <= 110
    screen.feed(b"\x1b[5n\x1bZ\x1bP$qm\x1b\\\x1b]52;c;?\x07\x1b[?6n\x1b[14t\x1b[18t\x05")
    assert screen.take_replies() == b""
