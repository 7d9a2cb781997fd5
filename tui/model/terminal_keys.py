"""Keys and mouse of the operator as the bytes that a terminal's remote expects. Pure."""

from __future__ import annotations

from tui.model.screen_modes import Modes, Mouse

_CURSOR = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
_NUMBERED = {"insert": 2, "delete": 3, "pageup": 5, "pagedown": 6}
_NUMBERED |= {"f5": 15, "f6": 17, "f7": 18, "f8": 19, "f9": 20, "f10": 21, "f11": 23, "f12": 24}
_PF = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_PLAIN = {
    "enter": "\r",
    "tab": "\t",
    "backspace": "\x7f",
    "escape": "\x1b",
    "space": " ",
    "shift+tab": "\x1b[Z",
    "shift+enter": "\r",
    "ctrl+space": "\x00",
    "ctrl+at": "\x00",
    "ctrl+@": "\x00",
    "ctrl+left_square_bracket": "\x1b",
    "ctrl+backslash": "\x1c",
    "ctrl+right_square_bracket": "\x1d",
    "ctrl+circumflex_accent": "\x1e",
    "ctrl+underscore": "\x1f",
    "ctrl+slash": "\x1f",
    "ctrl+backspace": "\x08",
}
_HELD = {"shift": 1, "alt": 2, "ctrl": 4}
PASTE_START, PASTE_END = "\x1b[200~", "\x1b[201~"


def key_bytes(key: str, character: str | None, modes: Modes) -> bytes:
    """The bytes of a key by Textual's name and character; b"" for one a terminal has not."""
    if key in _PLAIN:
        return _PLAIN[key].encode()
    *held, name = key.split("+") if len(key) > 1 else [key]
    factor = 1 + sum(_HELD.get(word, 0) for word in held)
    if name in _CURSOR:
        if factor > 1:
            return f"\x1b[1;{factor}{_CURSOR[name]}".encode()
        return f"\x1b{'O' if modes.application_cursor else '['}{_CURSOR[name]}".encode()
    if name in _PF:
        return (
            f"\x1b[1;{factor}{_PF[name]}".encode() if factor > 1 else f"\x1bO{_PF[name]}".encode()
        )
    if name in _NUMBERED:
        return f"\x1b[{_NUMBERED[name]}{f';{factor}' if factor > 1 else ''}~".encode()
    alt = "\x1b" if "alt" in held else ""
    if "ctrl" in held and len(name) == 1 and "a" <= name.lower() <= "z":
        return f"{alt}{chr(ord(name.lower()) - 96)}".encode()
    if alt and name in _PLAIN:
        return f"{alt}{_PLAIN[name]}".encode()
    if character is not None and len(character) == 1 and "ctrl" not in held:
        return f"{alt}{character}".encode("utf-8", "ignore")
    return b""


def paste_bytes(text: str, modes: Modes) -> bytes:
    """A pasted text: newlines as Enter, and nothing in it that could end the paste.

    Escapes and other controls are taken out altogether: a paste is text.
    """
    text = text.replace("\r\n", "\r").replace("\n", "\r")
    clean = "".join(c for c in text if c in "\r\t" or (c >= " " and not "\x7f" <= c <= "\x9f"))
    if modes.bracketed_paste:
        clean = f"{PASTE_START}{clean}{PASTE_END}"
    return clean.encode("utf-8", "ignore")


def mouse_bytes(
    action: str, button: int, x: int, y: int, modes: Modes, *, held: tuple[bool, bool, bool]
) -> bytes:
    """A press, release, drag, move or scroll (`up`, `down`) at a cell from 0, if asked for.

    `button`: 1 left, 2 middle, 3 right, 0 none; `held`: shift, meta, ctrl.
    """
    wanted = {"press": Mouse.PRESS, "release": Mouse.CLICKS, "drag": Mouse.DRAGS, "move": Mouse.ALL}
    needed = wanted.get(action, Mouse.PRESS)
    if modes.mouse is Mouse.OFF or modes.mouse < needed:
        return b""
    code = {"up": 64, "down": 65}.get(action, max(0, button - 1))
    if action in ("drag", "move"):
        code = (code if button else 3) + 32
    if modes.mouse is not Mouse.PRESS:
        code += sum(bit for bit, on in zip((4, 8, 16), held, strict=True) if on)
    if modes.mouse_sgr:
        return f"\x1b[<{code};{x + 1};{y + 1}{'m' if action == 'release' else 'M'}".encode()
    if action == "release":
        code |= 3
    if x > 222 or y > 222:
        return b""
    return b"\x1b[M" + bytes((code + 32, x + 33, y + 33))
