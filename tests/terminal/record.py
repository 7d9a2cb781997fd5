"""Record a session of a real program: `python -m tests.terminal.record NAME COLUMNSxLINES`.

Keys are scripted here; the programs are those of this machine. Written as asciicast v2.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

from tests.terminal.sessions import FOLDER

TEXT = "\n".join(
    f"line {n}: the quick brown fox jumps over 日本語 e\u0301 {n * 7919}" for n in range(200)
)
SCRIPTS: dict[str, tuple[list[str], list[str]]] = {
    "vim": (
        ["vim", "-u", "NONE", "-N", "-n", "-i", "NONE", "sample.txt"],
        [
            "ihello\x1b",
            "o",
            "второй 字\x1b",
            "G",
            ":set number\r",
            ":syntax on\r",
            "gg",
            "/fox\r",
            "n",
            "n",
            ":split\r",
            "\x17j",
            "dd",
            "dd",
            "p",
            "u",
            "\x06",
            "\x02",
            "V",
            "jj",
            "d",
            ":set list\r",
            ":help\r",
            ":q\r",
            ":%s/quick/slow/g\r",
            "ggVG",
            "\x1b",
            ":q!\r",
            ":q!\r",
        ],
    ),
    "less": (
        ["less", "sample.txt"],
        [" ", " ", "b", "/fox 日\r", "n", "G", "g", "j", "j", "k", "\x04", "-S\r", "&7\r", "q"],
    ),
    "top": (
        ["sh", "-c", "sleep 60 & sleep 61 & exec top -d1 -p $!,$$"],
        ["1", "M", "c", "t", "m", "h", "q", "P", "q"],
    ),
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        [
            "PS1='$ '\r",
            "ls --color=always -l /usr\r",
            "echo 日本語 e\u0301\r",
            "\x1b[A",
            "\x01",
            "\x0b",
            "printf '%s\\n' {1..60}\r",
            "clear\r",
            "echo a very long line that wraps around the end of "
            "the terminal because it has more than eighty letters\x1b[D\x1b[D\x01\x05\r",
            "\x12echo",
            "\r",
            "exit\r",
        ],
    ),
    "psql": (["psql", "--help"], ["", ""]),
}


def record(name: str, columns: int, lines: int) -> None:
    argv, keys = SCRIPTS[name]
    with open("sample.txt", "w", encoding="utf-8") as file:
        file.write(TEXT)
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(
            TERM="xterm-256color", LC_ALL="C.UTF-8", LINES="", COLUMNS="", HOME="/tmp"
        )
        for name_ in ("LINES", "COLUMNS"):
            os.environ.pop(name_)
        os.execvp(argv[0], argv)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    os.kill(pid, signal.SIGWINCH)
    events: list[tuple[float, str, str]] = []
    began, rest = time.monotonic(), b""
    for key in ["", *keys]:
        os.write(fd, key.encode())
        until = time.monotonic() + (1.2 if name == "top" else 0.4)
        try:
            while (left := until - time.monotonic()) > 0:
                if select.select([fd], [], [], left)[0]:
                    rest += os.read(fd, 65536)
        except OSError:
            break
        finally:
            text = rest.decode("utf-8", "ignore")
            rest = b""
            if text:
                events.append((round(time.monotonic() - began, 3), "o", text))
    head = {"version": 2, "width": columns, "height": lines, "title": name}
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.cast").open("w") as out:
        for value in (head, *events):
            out.write(json.dumps(value, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    width, _, height = sys.argv[2].partition("x")
    record(sys.argv[1], int(width), int(height))
