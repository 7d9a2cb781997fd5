"""Another lab beside this one: interrupted while coming up, and taken down with nothing left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab import Lab

pytestmark = pytest.mark.lab

NAME = "beamdeck-lab-twin"
TWIN = {**os.environ, "BEAMDECK_LAB_NAME": NAME}


def _argv(folder: Path, verb: str) -> list[str]:
    return [sys.executable, "-m", "tests.lab", "--folder", str(folder), verb]


def _lab(folder: Path, verb: str) -> str:
    """What the twin's command printed; it must end well."""
    done = subprocess.run(
        _argv(folder, verb), env=TWIN, text=True, stdout=subprocess.PIPE, timeout=120, check=True
    )
    return done.stdout


def _left(folder: Path) -> list[str]:
    """Whatever of the twin is still on this machine."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    left = [mount for mount in mounts if mount.startswith(f"{folder}/")]
    for place in (
        "/run/netns",
        "/sys/fs/cgroup",
        "/sys/fs/cgroup/systemd",
        "/sys/fs/cgroup/unified",
    ):
        left += [str(path) for path in Path(place).glob(f"{NAME}*")]
    left += [str(path) for path in Path("/run/systemd/nspawn/propagate").glob(f"{NAME}*")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue  # It ended while being looked at.
        if str(folder).encode() in command and int(process.name) != os.getpid():
            left.append(f"{process.name}: {command!r}")
    if folder.exists():
        left.append(str(folder))
    return left


@pytest.fixture
def folder(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """The twin's folder; down it goes, whatever the test found."""
    path = tmp_path / "twin"
    yield path
    _lab(path, "down")


def test_an_interrupted_up_is_cleaned_by_down(folder: Path) -> None:
    begun = folder / "state/hosts/db1/pid"
    with subprocess.Popen(_argv(folder, "up"), env=TWIN) as coming:
        until = time.monotonic() + 60
        while not begun.exists():
            assert coming.poll() is None, "it ended before it could be interrupted"
            assert time.monotonic() < until
            time.sleep(0.02)
        coming.kill()
    assert len(_left(folder)) > 8, "the test was to interrupt something"
    _lab(folder, "down")
    assert _left(folder) == []


def test_an_interrupted_build_leaves_nothing_running_or_mounted(tmp_path: Path) -> None:
    """A cache of its own, so that it has to build; it is ended long before it has the packages."""
    cache, folder = tmp_path / "cache", tmp_path / "twin"
    argv = [sys.executable, "-m", "tests.lab", "--cache", str(cache), "--folder", str(folder)]
    with subprocess.Popen([*argv, "up"], env=TWIN) as coming:
        until = time.monotonic() + 40
        while not list(cache.glob("*.making/base/debootstrap/*")):
            assert coming.poll() is None, "it ended before it could be interrupted"
            assert time.monotonic() < until
            time.sleep(0.02)
        assert [line for line in _left(cache) if "debootstrap" in line]
        coming.kill()
    while [line for line in _left(cache) if line != str(cache)]:
        assert time.monotonic() < until, _left(cache)
        time.sleep(0.05)
    subprocess.run([*argv, "--purge", "down"], env=TWIN, check=True)
    assert not cache.exists()


@pytest.mark.timeout(240)
def test_up_twice_is_up_once_and_down_leaves_nothing(folder: Path) -> None:
    assert _lab(folder, "up") == f"{folder}/state/inventory.json\n"
    leaders = _lab(folder, "status")
    assert leaders.count("up, pid") == 3
    _lab(folder, "up")
    assert _lab(folder, "status") == leaders
    _lab(folder, "down")
    assert _left(folder) == []
    _lab(folder, "down")
