"""Running programs for the lab, with the error in words when one fails."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence


class LabError(Exception):
    """The lab cannot be had or went wrong; the text says what and what to do."""


def run(*argv: str, check: bool = True, timeout_s: float = 600, text: str | None = None) -> str:
    """stdout of a program; LabError with its last words if it fails."""
    done = subprocess.run(
        argv, input=text, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if check and done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LabError(f"{' '.join(argv[:6])} ended with {done.returncode}: {words}")
    return done.stdout


def quiet(argv: Sequence[str]) -> bool:
    """Whether a program ends with 0; what it says is dropped."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
