"""Text from outside, made harmless: behind `scrub` every code point is printable or a newline.

Colour escapes are dropped, since Elixir colours its logs; every other control, format,
surrogate, private, unassigned or line-separating code point becomes a glyph that shows it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NewType

Shown = NewType("Shown", str)

LIMIT = 65_536
# Four blanks wherever the tab stands, not the next column of eight: the text is shown behind
# prefixes of any width, and a line must read the same whole, cut, or in a table cell.
TAB = " " * 4
MARKS = 4

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
# No mark stands below U+0300, so shorter runs than this need no look at their categories.
_MAY_STACK = re.compile(f"[\u0300-\U0010ffff]{{{MARKS + 1}}}")


def scrub(data: bytes | str, *, limit: int = LIMIT) -> Shown:
    """`data` as text that is safe to draw, at most `limit` (32 or more) characters.

    Bytes are UTF-8, wrong ones show as `\\xff`. Newlines stay, CR LF is one; a tab is four
    blanks; C0 shows as `␛`, others as `<U+202E>`; a fifth combining mark on one base and the
    following show as `<+9 marks>`; what is over the limit as `…+N`. `scrub` of its own result
    with the same limit is that result.
    """
    # surrogateescape and the table give what backslashreplace does, at a third of its cost.
    text = data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")
    if len(text) <= limit and _plain(text):
        return Shown(text)
    return Shown(_mapped(text, limit))


def scrub_line(data: bytes | str, *, limit: int = LIMIT) -> Shown:
    """As `scrub`, in one line: newlines show as `␊`, for table cells and titles."""
    return Shown(scrub(data, limit=limit).replace("\n", "␊"))


def _plain(text: str) -> bool:
    # isprintable() is stricter than needed (it refuses wide blanks), never laxer.
    printable = text.isprintable() or ("\n" in text and text.replace("\n", " ").isprintable())
    return printable and (text.isascii() or _MAY_STACK.search(text) is None)


def _mapped(text: str, limit: int) -> str:
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    text = text.replace("\r\n", "\n")
    # Cut before mapping: the work is bound by the limit, not by what a host sends.
    over = max(0, len(text) - limit)
    shown = text[:limit].translate(_GLYPHS)
    if not shown.isascii() and _MAY_STACK.search(shown):
        shown = _stacks().sub(lambda m: f"{m[1]}<+{len(m[2])} marks>", shown)
    if over == 0 and len(shown) <= limit:
        return shown
    total = len(shown) + over
    kept = max(0, limit - len(f"…+{total}"))
    return f"{shown[:kept]}…+{total - min(kept, len(shown))}"


class _Glyphs(dict[int, str | int]):
    """What each code point turns into, learnt as they come; bounded, for hosts are not."""

    def __missing__(self, code: int) -> str | int:
        shown = _glyph(code)
        if len(self) < 16_384:
            self[code] = shown
        return shown


def _glyph(code: int) -> str | int:
    if unicodedata.category(chr(code)) not in _HIDDEN:
        return code
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


_GLYPHS = _Glyphs({0x09: TAB, 0x0A: 0x0A})
_GLYPHS |= {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(0x80, 0x100)}


@cache
def _stacks() -> re.Pattern[str]:
    # Marks without width of their own, from the tables of this Python; a test holds that none
    # stands outside these ranges. Built when first needed: it takes some 10 ms.
    codes = (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0))
    marks = "".join(chr(code) for code in codes if unicodedata.category(chr(code)) in ("Mn", "Me"))
    # The cheap look ahead first: the class of all marks is slow to ask about each character.
    return re.compile(f"(?={_MAY_STACK.pattern})([{marks}]{{{MARKS}}})([{marks}]+)")
