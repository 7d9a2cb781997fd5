"""Running programs for the lab, with the error in words when one fails."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path


class LabError(Exception):
    """The lab cannot be had or went wrong; the text says what and what to do."""


def run(*argv: str, check: bool = True, timeout_s: float = 600, text: str | None = None) -> str:
    """stdout of a program; LabError with its last words if it fails."""
    done = subprocess.run(
        argv,
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout_s,
        check=False,
    )
    if check and done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise LabError(f"{' '.join(argv[:6])} ended with {done.returncode}: {words}")
    return done.stdout


def quiet(argv: Sequence[str]) -> bool:
    """Whether a program ends with 0; what it says is dropped."""
    stdin = subprocess.DEVNULL
    return subprocess.run(argv, stdin=stdin, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until nobody else works on what this lock file stands for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def mounts_below(folder: Path) -> list[str]:
    """Mount points at or below a folder, the innermost first."""
    found = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        # Blanks and the like are written in octal there.
        target = line.split()[1].encode().decode("unicode_escape")
        if target == str(folder) or target.startswith(f"{folder}/"):
            found.append(target)
    return found[::-1]


def unmount_below(folder: Path, limit_s: float = 15) -> None:
    """Nothing stays mounted at or below a folder: it is about to be removed."""
    until = time.monotonic() + limit_s
    while left := mounts_below(folder):
        # Busy for a moment where the last program of a run that was killed has not ended yet.
        for target in left:
            quiet(("umount", target))
        if mounts_below(folder):
            if time.monotonic() > until:
                raise LabError(f"still mounted, so nothing is removed: {', '.join(left)}")
            time.sleep(0.1)
