"""Lines that a stranger could put into a log, each meant to do something to the reader."""

from __future__ import annotations

import random

SEEDS: tuple[bytes, ...] = (
    b"\x1b]52;c;cm0gLXJmIC8=\x07 clipboard",
    b"\x1b]0;all is well\x07 title",
    b"\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\",
    b"\x1b[6n report where the cursor is",
    b"\x1b[c\x1b[>c who are you",
    b"\x1b[8mhidden\x1b[0m",
    b"\x1b[2J\x1b[H wiped",
    b"\x1b[1A\x1b[2K web2 running",
    b"\x9b31mC1 red\x9b0m",
    b"\x9d0;C1 title\x9c",
    b"\xc2\x9b6n C1 in UTF-8",
    b"\xe2\x80\xaegnp.exe bidi",
    b"\xe2\x80\x8b zero width",
    b"\xff\xfe not UTF-8 \xc3\x28",
    b"a\rb carriage return",
    b"\x07\x08\x0b\x0c\x0e\x0f\x7f the small ones",
    b"\x1bP1$r0m\x1b\\ DCS",
    b"\x1b_APC\x1b\\ \x1b^PM\x1b\\ \x1bXSOS\x1b\\",
    b"[@click=app.ask_quit]quit[/]",
    b"[/] [link='x [bold] [/bold",
    b"[link=javascript:alert(1)]here[/link]",
    b"e" + "\u0301".encode() * 200,
    "日本語 🎉 👨‍👩‍👧‍👦 ключ".encode(),
    b"x" * 6000,
    b"\x1b[38;5;0;48;5;0mblack on black\x1b[0m",
)


def lines(count: int, seed: int = 1) -> list[bytes]:
    """`count` lines without newlines: each seed first, then seeds cut, joined and sprinkled."""
    chance = random.Random(seed)
    made = list(SEEDS[:count])
    while len(made) < count:
        one, two = chance.choice(SEEDS), chance.choice(SEEDS)
        cut = chance.randrange(len(one) + 1)
        noise = bytes(chance.randrange(1, 256) for _ in range(chance.randrange(8)))
        made.append((one[:cut] + noise + two).replace(b"\n", b" "))
    return made
