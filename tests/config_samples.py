"""A small good configuration, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.config import parse_config
from tui.errors import ConfigError

ROOT = Path(__file__).parent.parent
FILE = Path("/etc/beamdeck.toml")

GOOD = """
[[environments]]
name = "production"
production = true
hosts = ["web1", { name = "web2", address = "10.0.0.2", port = 2222, groups = ["blue"] }]
[[environments.apps]]
name = "billing"
on = ["web1", "blue"]
"""


def wrong(text: str) -> list[str]:
    """The lines of the ConfigError that `text` gives, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text, FILE)
    assert caught.value.remedy
    return [line.removeprefix(str(FILE)) for line in caught.value.detail.split("\n")]


def put(line: str, text: str = GOOD) -> str:
    """GOOD with a line before everything else."""
    return f"{line}\n{text}"
