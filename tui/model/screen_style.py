"""How a cell of a terminal looks: colours and attributes, and the SGR sequences that set them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

BOLD, FAINT, ITALIC, UNDERLINE, BLINK, REVERSE, CONCEAL, STRIKE = (1 << n for n in range(8))
TRUE_COLOUR = 1 << 24
"""Set in a colour that is red, green and blue; without it a colour is 0 to 255, or -1: default."""


class Style(NamedTuple):
    """A cell's colours (see TRUE_COLOUR) and its attributes, as bits."""

    fg: int = -1
    bg: int = -1
    flags: int = 0


DEFAULT = Style()

_ON = {1: BOLD, 2: FAINT, 3: ITALIC, 4: UNDERLINE, 5: BLINK, 6: BLINK, 7: REVERSE, 8: CONCEAL}
_ON |= {9: STRIKE, 21: UNDERLINE}
_OFF = {22: BOLD | FAINT, 23: ITALIC, 24: UNDERLINE, 25: BLINK, 27: REVERSE, 28: CONCEAL}
_OFF |= {29: STRIKE}
_MOST = 64
"""Parameters of one sequence that count; the rest is dropped."""


def number(text: str) -> int:
    """A parameter as a number, 0 if it is none; 9,999 at most, however many digits it has."""
    if len(text) > 4:
        text = text.lstrip("0")[:5]
    return min(int(text), 9999) if text.isascii() and text.isdecimal() else 0


@lru_cache(maxsize=4096)
def after_sgr(style: Style, params: str) -> Style:
    """The style after `CSI params m`; what is not known changes nothing."""
    groups = [item.split(":") for item in params.split(";")[:_MOST]]
    at = 0
    while at < len(groups):
        group = groups[at]
        code = number(group[0])
        at += 1
        if code in (38, 48, 58):
            if len(group) > 1:
                colour = _colour(_without_space(group[1:]))
            else:
                rest = [g[0] for g in groups[at : at + 4]]
                colour = _colour(rest)
                at += {"5": 2, "2": 4}.get(rest[0] if rest else "", 1)
            if colour is not None and code != 58:
                style = style._replace(fg=colour) if code == 38 else style._replace(bg=colour)
        elif code == 4 and len(group) > 1 and number(group[1]) == 0:
            style = style._replace(flags=style.flags & ~UNDERLINE)
        else:
            style = _plain_code(style, code)
    return DEFAULT if style == DEFAULT else style


def _without_space(words: list[str]) -> list[str]:
    # 38:2:SPACE:R:G:B names a colour space, which nobody uses; 38:2:R:G:B leaves it out.
    return [words[0], *words[2:5]] if words[0] == "2" and len(words) >= 5 else words


def _colour(words: list[str]) -> int | None:
    if len(words) >= 2 and words[0] == "5":
        index = number(words[1])
        return index if index < 256 else None
    if len(words) >= 4 and words[0] == "2":
        red, green, blue = (number(word) for word in words[1:4])
        if max(red, green, blue) < 256:
            return TRUE_COLOUR | red << 16 | green << 8 | blue
    return None


def _plain_code(style: Style, code: int) -> Style:
    if code == 0:
        return DEFAULT
    if code in _ON:
        return style._replace(flags=style.flags | _ON[code])
    if code in _OFF:
        return style._replace(flags=style.flags & ~_OFF[code])
    if 30 <= code <= 37 or 90 <= code <= 97:
        return style._replace(fg=code - 30 if code < 40 else code - 82)
    if 40 <= code <= 47 or 100 <= code <= 107:
        return style._replace(bg=code - 40 if code < 50 else code - 92)
    if code == 39:
        return style._replace(fg=-1)
    if code == 49:
        return style._replace(bg=-1)
    return style


def blank_style(style: Style) -> Style:
    """What an erased cell gets: the background alone."""
    return DEFAULT if style.bg == -1 else Style(-1, style.bg, 0)
