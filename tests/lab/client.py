"""The machine's own SSH client and plain TCP, as the lab's self-tests use them."""

from __future__ import annotations

import re
import socket
import subprocess
from dataclasses import dataclass

from tests.lab.lab import Lab
from tests.lab.recipe import PORT, UNIT


@dataclass(frozen=True)
class Answer:
    """What a command said; status 255 is ssh's own failure."""

    status: int
    out: str
    err: str


def ssh_argv(lab: Lab, user: str, host: str, *options: str) -> list[str]:
    """The argv of an SSH session, strictly checked against the lab's own host keys."""
    return ["ssh", "-F", str(lab.ssh_config), *options, "-l", user, host]


def ssh(lab: Lab, user: str, host: str, command: str, *options: str, limit_s: int = 5) -> Answer:
    """Run a command by SSH; connecting may take `limit_s`."""
    argv = ssh_argv(lab, user, host, "-o", f"ConnectTimeout={limit_s}", *options)
    done = subprocess.run(
        [*argv, command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)


def http_get(address: str, path: str, port: int = PORT, limit_s: float = 5) -> tuple[int, str]:
    """Status and body of a GET to the application."""
    request = f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((address, port), limit_s) as connection:
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body.strip()


def main_process(lab: Lab, host: str) -> tuple[str, str]:
    """The main process of the app's unit, and the release version of its boot path."""
    pid = lab.sh(host, f"systemctl show -p MainPID --value {UNIT}").strip()
    command = lab.sh(host, f"tr '\\0' ' ' </proc/{pid}/cmdline")
    found = re.search(r"-boot \S+/releases/([^/]+)/start", command)
    assert found, command
    return pid, found[1]
