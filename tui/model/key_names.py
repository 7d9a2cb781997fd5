"""Names of keys as the terminal library says them, so that the config may say `/` or `slash`."""

from __future__ import annotations

import unicodedata

# Keys that never arrive, or arrive as another: who takes them.
AVOIDED = {
    "ctrl+a": "tmux and screen take it",
    "ctrl+b": "tmux takes it",
    "ctrl+s": "flow control takes it",
    "ctrl+i": "terminals send it as Tab",
    "ctrl+m": "terminals send it as Enter",
    "ctrl+h": "terminals send it as Backspace",
    "ctrl+left_square_bracket": "terminals send it as Esc",
}

NAMED = frozenset(
    (
        *("enter", "escape", "tab", "space", "backspace", "insert", "delete", "home", "end"),
        *("up", "down", "left", "right", "pageup", "pagedown"),
        *(f"f{number}" for number in range(1, 25)),
    )
)
_SHORT = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_MODIFIERS = ("ctrl", "alt", "shift")


def canonical_key(name: str) -> str | None:
    """The one name of a key (`/`, `Ctrl+P`, `slash` → `slash`, `ctrl+p`, `slash`); None if there
    is no such key. Single letters keep their case: `G` is Shift and g."""
    *modifiers, last = _parts(name.strip())
    modifiers = [modifier.lower() for modifier in modifiers]
    if len(set(modifiers)) != len(modifiers) or not set(modifiers) <= set(_MODIFIERS):
        return None
    if len(last) == 1:
        base = _of_character(last.lower() if modifiers else last)
    else:
        base = last.lower() if last.lower() in NAMED | _PUNCTUATION else None
    if base is None:
        return None
    return "+".join((*sorted(modifiers, key=_MODIFIERS.index), base))


def canonical_keys(names: str) -> tuple[str, ...] | None:
    """The keys of a list such as `slash, f3`; None if it is empty or one is no key."""
    keys = [canonical_key(name) for name in names.split(",")]
    known = tuple(key for key in keys if key is not None)
    return known if known and len(known) == len(keys) else None


def _parts(name: str) -> list[str]:
    # `+` is plus and `ctrl++` is Ctrl and plus; `ctrl+` is nothing.
    if name == "+" or name.endswith("++"):
        return [*name[:-2].split("+"), "+"] if name != "+" else ["+"]
    return name.split("+")


def _of_character(char: str) -> str | None:
    if char.isalnum():
        return char
    if not char.isprintable():
        return None
    name = unicodedata.name(char).lower().replace("-", "_").replace(" ", "_")
    return _SHORT.get(name, name)


_PUNCTUATION = frozenset(
    key for code in range(0x21, 0x7F) if (key := _of_character(chr(code))) and len(key) > 1
)
