"""`python -m tests.lab up|down|status|exec|ssh|fault|reset|test`; see README.md beside this."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.lab import base, faults
from tests.lab.lab import Lab, check_machine, default_cache, default_folder
from tests.lab.network import inside
from tests.lab.shell import LabError

IMPOSSIBLE = 3
A_DAY_S = 86_400.0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--folder", type=Path, default=default_folder(), help="state")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="roots and releases")
    parser.add_argument("--install", action="store_true", help="install missing Debian packages")
    parser.add_argument("--fresh", action="store_true", help="up, test: take it down first")
    parser.add_argument("--purge", action="store_true", help="down: the cache as well")
    parser.add_argument("verb", choices=sorted(VERBS))
    parser.add_argument(
        "rest",
        nargs=argparse.REMAINDER,
        help="exec HOST SCRIPT | ssh HOST [COMMAND] | fault NAME HOST [SECONDS] | test [pytest's]",
    )
    return parser


def _up(lab: Lab, asked: argparse.Namespace) -> int:
    if asked.fresh:
        lab.down()
    if lab.stale:
        print("lab: it is up, but from another recipe; --fresh makes it anew", file=sys.stderr)
    lab.up()
    print(lab.inventory_path)
    return 0


def _down(lab: Lab, asked: argparse.Namespace) -> int:
    lab.down()
    if asked.purge:
        base.drop(lab.cache)
    return 0


def _status(lab: Lab, _: argparse.Namespace) -> int:
    for host in lab.hosts:
        state = f"up, pid {host.leader}" if host.leader else "down"
        print(f"{host.name}  {host.machine.address}  {state}")
    print(f"inventory  {lab.inventory_path if lab.running else '-'}")
    return 0 if lab.running else 1


def _exec(lab: Lab, asked: argparse.Namespace) -> int:
    name, *words = _words(asked, "exec HOST SCRIPT", 2)
    argv = lab.host(name).inside("/bin/sh", "-c", " ".join(words))
    return subprocess.run(argv, check=False).returncode


def _ssh(lab: Lab, asked: argparse.Namespace) -> int:
    words = _words(asked, "ssh [OPTIONS] [USER@]HOST [COMMAND]", 1)
    argv = inside("ssh", "-F", str(lab.ssh_config), *words)
    return subprocess.run(argv, check=False).returncode


def _fault(lab: Lab, asked: argparse.Namespace) -> int:
    """Break something for some seconds, or until interrupted; then mend it."""
    name, host, *seconds = _words(asked, "fault NAME HOST [SECONDS]", 2)
    known: dict[str, Callable[[], contextlib.AbstractContextManager[object]]] = {
        "link_down": lambda: faults.link_down(host),
        "black_hole": lambda: faults.black_hole(host),
        "stopped_connections": lambda: faults.stopped_connections(lab.sh, host),
        "full_disk": lambda: faults.full_disk(lab.sh, host),
        "read_only": lambda: faults.read_only(lab.sh, host),
    }
    if name not in known:
        raise LabError(f"no fault {name!r}: there are {', '.join(known)}")
    with known[name](), contextlib.suppress(KeyboardInterrupt):
        time.sleep(float(seconds[0]) if seconds else A_DAY_S)
    return 0


def _reset(lab: Lab, _: argparse.Namespace) -> int:
    lab.reset()
    return 0


TESTS_FAILED = 1


def _test(lab: Lab, asked: argparse.Namespace) -> int:
    """Run the tests marked lab where they can reach the hosts; take down what was brought up."""
    was_up = lab.running and not asked.fresh
    _up(lab, asked)
    environment = {**os.environ, "BEAMDECK_LAB": str(lab.folder)}
    chosen = asked.rest or ["-q", "tests"]
    remembered = f"cache_dir={lab.state / 'pytest'}"
    pytest = (sys.executable, "-m", "pytest", "-o", remembered, "-m", "lab", *chosen)
    try:
        code = subprocess.run(inside(*pytest), env=environment, check=False).returncode
        if code == TESTS_FAILED:
            # Real hosts on a busy machine: what failed gets one more try, alone and said aloud.
            print("lab: what failed is run once more; a pass now means that it is not steady")
            again = (*pytest, "--last-failed", "--last-failed-no-failures=none")
            code = subprocess.run(inside(*again), env=environment, check=False).returncode
        return code
    finally:
        if not was_up:
            lab.down()


def _words(asked: argparse.Namespace, form: str, least: int) -> list[str]:
    words: list[str] = asked.rest
    if len(words) < least:
        raise LabError(f"python -m tests.lab {form}")
    return words


VERBS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "exec": _exec,
    "ssh": _ssh,
    "fault": _fault,
    "reset": _reset,
    "test": _test,
}


def main() -> int:
    """Carry out one verb; the status of what was run, or 3 if the lab cannot be had here."""
    asked = _arguments().parse_args()
    # `test --install` and the like: an option of ours may also stand behind the verb.
    while asked.rest and asked.rest[0] in ("--install", "--fresh", "--purge"):
        setattr(asked, asked.rest.pop(0)[2:], True)
    try:
        check_machine(install=asked.install)
        return VERBS[asked.verb](Lab(asked.folder, asked.cache), asked)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return IMPOSSIBLE


if __name__ == "__main__":
    sys.exit(main())
