"""The console's themes. Colour is never alone: every state is a word or a sign as well."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="beamdeck-dark",
    primary="#7aa2f7",
    secondary="#9ece6a",
    accent="#bb9af7",
    warning="#e0af68",
    error="#f7768e",
    success="#9ece6a",
    foreground="#c8d0e8",
    background="#14161f",
    surface="#1a1d29",
    panel="#232738",
    dark=True,
)

LIGHT = Theme(
    name="beamdeck-light",
    primary="#2e5aac",
    secondary="#3d6b1f",
    accent="#6b3fa0",
    warning="#8a5a00",
    error="#b3192e",
    success="#2f6b1f",
    foreground="#1d2433",
    background="#f7f7f4",
    surface="#eeeeea",
    panel="#e0e0da",
    dark=False,
)

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#ffffff",
    secondary="#ffff00",
    accent="#00ffff",
    warning="#ffff00",
    error="#ff6060",
    success="#00ff00",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#202020",
    dark=True,
)

THEMES = (DARK, LIGHT, HIGH_CONTRAST)
