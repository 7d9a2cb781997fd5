"""Draw the README's pictures from the embedded fleet: `python -m tests.pictures`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
PICTURES = {"hosts.svg": ["--size", "100x26", "--scenario", "bad-deploy"]}


def main() -> None:
    """Run the demo once a picture."""
    for name, options in PICTURES.items():
        target = FOLDER / name
        argv = [sys.executable, "-m", "tui", "demo", "--screenshot", str(target), *options]
        subprocess.run(argv, check=True, timeout=120)
        print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
