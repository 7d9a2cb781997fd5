"""A tmux server of our own that is given bytes and asked for its screen."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

_CONF = """\
set -g status off
set -g history-limit 20000
set -g default-terminal tmux-256color
set -g remain-on-exit on
set -g allow-rename off
set -g escape-time 0
"""


class Tmux:
    """One server, one pane; each feed starts it anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._socket = folder / "socket0"
        self._conf = folder / "conf"
        self._conf.write_text(_CONF)

    def __enter__(self) -> Tmux:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ask("kill-server", check=False)

    def _ask(self, *words: str, check: bool = True) -> str:
        tmux = shutil.which("tmux") or "tmux"
        env = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        env.pop("TMUX", None)
        argv = [tmux, "-u", "-S", str(self._socket), "-f", str(self._conf), *words]
        done = subprocess.run(argv, env=env, capture_output=True, check=False)
        if check and done.returncode:
            raise RuntimeError(done.stderr.decode())
        return done.stdout.decode("utf-8", "replace")

    def screen(self, data: bytes, columns: int, lines: int) -> tuple[list[str], tuple[int, int]]:
        """Its lines (blanks at the end off) and (line, column) of its cursor."""
        file, mark = self._folder / "data", self._folder / "mark"
        file.write_bytes(data)
        mark.unlink(missing_ok=True)
        run = f"stty raw -echo; cat {file}; sleep 0.05; : > {mark}; sleep 600"
        self._ask("kill-server", check=False)
        # A new socket: the old server may still be on its way out.
        self._count += 1
        self._socket = self._folder / f"socket{self._count}"
        self._ask("new-session", "-d", "-x", str(columns), "-y", str(lines), run)
        until = time.monotonic() + 20
        while not mark.exists():
            if time.monotonic() > until:
                raise TimeoutError("tmux did not take the bytes")
            time.sleep(0.01)
        time.sleep(0.05)
        where = self._ask("display-message", "-p", "#{cursor_y} #{cursor_x}").split()
        text = self._ask("capture-pane", "-p").split("\n")[:lines]
        text += [""] * (lines - len(text))
        return [line.rstrip(" ") for line in text], (int(where[0]), min(int(where[1]), columns - 1))
