"""Names of the console's themes, for the configuration; their colours are in tui/theme.py."""

from __future__ import annotations

THEME_NAMES = ("beamdeck-dark", "beamdeck-light", "high-contrast")
