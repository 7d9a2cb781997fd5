"""scrub: nothing that a terminal obeys, nothing that hides, whatever comes in (R1)."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model.text import LIMIT, MARKS, scrub, scrub_line

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
FORBIDDEN = frozenset(
    chr(code)
    for code in range(0x110000)
    if code != 0x0A and unicodedata.category(chr(code)) in HIDDEN
)
MARK = frozenset(
    chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Mn", "Me")
)

PIECES = (
    "\x1b[31m", "\x1b[0;1;38:5:9m", "\x1b[8m", "\x1b[2J", "\x1b[6n", "\x1b]0;owned\x07",
    "\x1b]52;c;cm0gLXJm\x07", "\x1b]8;;javascript:x\x1b\\", "\x1bP$q\x1b\\", "\x9b31m", "\x1b",
    "\x1b[", "\x1b[999999999999m", "\r", "\r\n", "\n", "\t", "\b\b\b", "\x7f", "\x00", "\x0e",
    "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2028", "\u2029", "\x85",
    "\U000e0041", "\ue000", "\ufffe", "\U0010ffff", "\u0378", "\ud800", "\udcff", "e\u0301",
    "a" + "\u0300" * 30, "\u0489" * 6, "\ufe0f", "\u3000", "\u00a0", "\u4e2d\u6587", "\U0001f600",
    "[error] Sent 500", "[@click=app.quit]x[/]", "<U+202E>", "␛", "…+7", "<+9 marks>", "\\xff",
)  # fmt: skip


def fuzzed(count: int, seed: int) -> list[bytes | str]:
    """`count` hostile lines: bytes at random, code points at random, and known tricks, mixed."""
    rng = random.Random(seed)
    lines: list[bytes | str] = []
    for _ in range(count):
        kind = rng.randrange(4)
        if kind == 0:
            lines.append(rng.randbytes(rng.randrange(60)))
        elif kind == 1:
            tops = (0x80, 0x400, 0x3000, 0x110000)
            codes = [rng.randrange(rng.choice(tops)) for _ in range(rng.randrange(30))]
            lines.append("".join(map(chr, codes)))
        else:
            text = "".join(rng.choices(PIECES, k=rng.randrange(1, 8)))
            raw = text.encode("utf-8", "surrogatepass")
            lines.append(text if kind == 2 else raw[rng.randrange(3) : len(raw) - rng.randrange(3)])
    return lines


def faults(shown: str) -> str:
    """What is wrong with a scrubbed text, empty if nothing is."""
    if not FORBIDDEN.isdisjoint(shown):
        return f"hidden: {sorted(set(shown) & FORBIDDEN)!r}"
    run = 0
    for char in shown:
        run = run + 1 if char in MARK else 0
        if run > MARKS:
            return "more marks on a base than allowed"
    return ""


def check(lines: list[bytes | str]) -> None:
    for line in lines:
        shown = scrub(line)
        assert faults(shown) == "", (line, shown)
        assert scrub(shown) == shown, line
        assert "\n" not in scrub_line(line)


def test_fuzz() -> None:
    check(fuzzed(20_000, seed=1))


@pytest.mark.soak
def test_fuzz_million() -> None:
    for seed in range(50):
        check(fuzzed(20_000, seed=100 + seed))


def test_every_code_point() -> None:
    between = "z|z"
    for start in range(0, 0x110000, 0x1000):
        chars = [chr(code) for code in range(start, start + 0x1000)]
        shown = scrub(between.join(chars), limit=1 << 20)
        assert FORBIDDEN.isdisjoint(shown)
        assert all(shown.split(between)), "a code point vanished"


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)), st.integers(32, 300))
@settings(max_examples=300, deadline=None)
def test_any_input(data: bytes | str, limit: int) -> None:
    shown = scrub(data, limit=limit)
    assert faults(shown) == ""
    assert len(shown) <= limit
    assert scrub(shown, limit=limit) == shown
    assert scrub_line(scrub_line(data, limit=limit), limit=limit) == scrub_line(data, limit=limit)


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=200))
def test_printable_ascii_is_left_alone(text: str) -> None:
    assert scrub(text) == text
    assert scrub(text.encode()) == text


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"\x1b[31m[error]\x1b[0m Sent 500", "[error] Sent 500"),
        (b"\x1b[38:2::10:20:30mred", "red"),
        (b"\x1b[8mhidden\x1b[28m", "hidden"),
        (b"a\x1b[2Kb", "a␛[2Kb"),
        (b"\x1b]0;title\x07", "␛]0;title␇"),
        ("\x9b31mx", "<U+009B>31mx"),
        (b"\xff\xc3(\x80", "\\xff\\xc3(\\x80"),
        (b"caf\xc3\xa9 \xe2\x9c\x93", "café ✓"),
        (b"one\r\ntwo\nthree\rfour", "one\ntwo\nthree␍four"),
        (b"\tat x\ty", "    at x    y"),
        ("user\u202egnp.exe", "user<U+202E>gnp.exe"),
        ("a\u2028b\u0085c\u200bd", "a<U+2028>b<U+0085>c<U+200B>d"),
        ("\ud83d \udc80", "<U+D83D> \\x80"),
        ("wide\u3000blank\u00a0kept", "wide\u3000blank\u00a0kept"),
        ("z" + "\u0335" * 4, "z" + "\u0335" * 4),
        ("z" + "\u0335" * 20_000 + "a", "z" + "\u0335" * 4 + "<+19996 marks>a"),
        (b"\x00\x7f", "␀␡"),
        (b"", ""),
    ],
)
def test_examples(data: bytes | str, shown: str) -> None:
    assert scrub(data) == shown


def test_line_shows_its_newlines() -> None:
    assert scrub_line(b"one\r\ntwo\n") == "one␊two␊"


def test_limit_says_how_much_is_missing() -> None:
    assert scrub("x" * LIMIT) == "x" * LIMIT
    shown = scrub("x" * (LIMIT + 1))
    assert len(shown) <= LIMIT
    head, _, rest = shown.partition("…+")
    assert len(head) + int(rest) == LIMIT + 1
    # What a colour took away is not missing; what a glyph added is.
    assert scrub("\x1b[31m" * 10 + "y" * 32, limit=32) == "y" * 32
    assert scrub("\u202e" * 32, limit=40) == "<U+202E>" * 4 + "<U+…+221"


def test_marks_stand_where_the_table_looks_for_them() -> None:
    # The class of marks is built of these ranges only; a newer Unicode may add others.
    assert all(0x300 <= ord(c) < 0x20000 or 0xE0100 <= ord(c) < 0xE01F0 for c in MARK)
