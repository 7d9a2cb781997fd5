"""Cold start to first paint, beside `python -c 'import textual.app'`, in one interleaved run.

    python -m tests.bench.first_paint [RUNS]

Starts the console in a pseudo-terminal and stops the clock at the first frame that holds its own
text; then the same interpreter importing textual.app alone. Prints each median and their ratio.
Target: at most 1.6, goal 1.3. The first frame names what is being opened; when the hosts screen
itself stands is a line of its own, without a target.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

CONFIG = """
[[environments]]
name = "bench"
hosts = ["localhost"]
[[environments.apps]]
name = "billing"
"""


def first_paint(argv: list[str], needle: bytes, limit_s: float = 20.0) -> float:
    """Seconds from the start of `argv` in an 80x24 pty to the first output with `needle`."""
    started = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24")
        os.execv(argv[0], argv)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen = b""
    try:
        while needle not in seen:
            if time.perf_counter() - started > limit_s:
                raise TimeoutError(f"no {needle!r} within {limit_s} s: {seen[-300:]!r}")
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 65536)
        return time.perf_counter() - started
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def imported(argv: list[str]) -> float:
    """Seconds that `argv` takes from start to end."""
    started = time.perf_counter()
    subprocess.run(argv, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Interleave the two, print medians and the ratio."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(CONFIG)
        config.chmod(0o600)
        os.environ["XDG_STATE_HOME"] = folder
        # As installed: pip compiles what it installs, and the first run here does it too.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "pycache")
        cases = {
            "console on a config": (
                [sys.executable, "-m", "tui", "--config", str(config)],
                b"billing",
            ),
            "its hosts screen": (
                [sys.executable, "-m", "tui", "--config", str(config)],
                b"restarts",
            ),
            "demo": ([sys.executable, "-m", "tui", "demo"], b"beamdeck"),
        }
        base: list[float] = []
        taken: dict[str, list[float]] = {name: [] for name in cases}
        for run in range(runs + 1):
            one = imported([sys.executable, "-c", "import textual.app"])
            paints = {name: first_paint(*case) for name, case in cases.items()}
            if run:  # the first fills the page cache
                base.append(one)
                for name, seconds in paints.items():
                    taken[name].append(seconds)
    middle = statistics.median(base)
    print(f"import textual.app       {middle * 1000:6.0f} ms  (n={runs})")
    for name, values in taken.items():
        median = statistics.median(values)
        print(f"{name:<24} {median * 1000:6.0f} ms  ratio {median / middle:.2f}")


if __name__ == "__main__":
    main()
