"""`python -m tests.lab up|down|status|exec|test`, each with --folder and --install."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.lab.lab import Lab, check_machine, default_folder
from tests.lab.network import inside
from tests.lab.shell import LabError


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--folder", type=Path, default=default_folder(), help="cache and state")
    parser.add_argument("--install", action="store_true", help="install missing Debian packages")
    parser.add_argument("verb", choices=["up", "down", "status", "exec", "test"])
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="HOST SCRIPT, or pytest's arguments")
    return parser


def _test(lab: Lab, arguments: list[str]) -> int:
    """Run the tests marked lab where they can reach the hosts; take down what was brought up."""
    was_up = lab.running
    lab.up()
    environment = {**os.environ, "BEAMDECK_LAB": str(lab.folder)}
    chosen = arguments or ["-q", "-m", "lab", "-p", "no:cacheprovider", "tests"]
    try:
        argv = inside(sys.executable, "-m", "pytest", *chosen)
        return subprocess.run(argv, env=environment, check=False).returncode
    finally:
        if not was_up:
            lab.down()


def main() -> int:
    """Carry out one verb; 0, pytest's own status, or 3 if the lab cannot be had here."""
    asked, extra = _arguments().parse_known_args()
    rest = [*extra, *asked.rest]
    install = asked.install or "--install" in rest
    rest = [word for word in rest if word != "--install"]
    lab = Lab(asked.folder)
    try:
        check_machine(install=install)
        if asked.verb == "up":
            lab.up()
            print(lab.inventory_path)
        elif asked.verb == "down":
            lab.down()
        elif asked.verb == "status":
            for host in lab.hosts:
                print(f"{host.machine.name}  {host.machine.address}  pid {host.pid or '-'}")
        elif asked.verb == "exec":
            print(lab.sh(rest[0], " ".join(rest[1:])), end="")
        else:
            return _test(lab, rest)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
