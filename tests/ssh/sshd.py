"""OpenSSH's own sshd on loopback, in a mount namespace of its own: users with other login shells
are in its /etc/passwd only, and nothing is left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SSHD = "/usr/sbin/sshd"
SHELLS = {"bdsh": "/bin/sh", "bdbash": "/bin/bash", "bdfish": "/usr/bin/fish"}


def why_not() -> str:
    """Why the real sshd cannot be tried here, empty if it can."""
    if not Path(SSHD).exists():
        return "no OpenSSH server is installed here"
    if os.geteuid() != 0:
        return "the real sshd is started in a mount namespace: needs root"
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        return "mount namespaces are not allowed here"
    return ""


@dataclass
class Sshd:
    """A running sshd."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def client_key(self) -> Path:
        return self.folder / "client"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def session_pids(self) -> list[int]:
        """The processes of sshd that serve connections: its monitors and their children."""
        found, asked = [], [self.process.pid]
        while asked:
            lines = subprocess.run(
                ["ps", "-o", "pid=,comm=", "--ppid", ",".join(map(str, asked))],
                capture_output=True,
                text=True,
            ).stdout.splitlines()
            asked = [int(line.split()[0]) for line in lines if line.split()[1:2] == ["sshd"]]
            found += asked
        return found


def keygen(path: Path, *more: str) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path), *more], check=True
    )


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def running(config: Sequence[str] = (), noise: str = "") -> Iterator[Sshd]:
    """An sshd with the users of SHELLS, key login, and `config` on top of its defaults."""
    if reason := why_not():
        pytest.skip(f"LOUD: {reason}")
    # a folder of its own: the users' homes are in it, and pytest's are closed to them
    with (
        tempfile.TemporaryDirectory(prefix="sshd-") as folder,
        _running(Path(folder), config, noise) as sshd,
    ):
        yield sshd


@contextmanager
def _running(folder: Path, config: Sequence[str], noise: str) -> Iterator[Sshd]:
    keygen(folder / "host")
    keygen(folder / "client")
    os.chmod(folder, 0o755)
    passwd = Path("/etc/passwd").read_text()
    for number, (user, shell) in enumerate(SHELLS.items()):
        home = folder / user
        (home / ".ssh").mkdir(parents=True)
        shutil.copy(folder / "client.pub", home / ".ssh" / "authorized_keys")
        (home / ".bashrc").write_text(noise)
        (home / ".config" / "fish").mkdir(parents=True)
        (home / ".config" / "fish" / "config.fish").write_text(noise)
        uid = 64000 + number
        for path in (home, *home.rglob("*")):
            os.chown(path, uid, 65534)
        passwd += f"{user}:x:{uid}:65534::{home}:{shell}\n"
    (folder / "passwd").write_text(passwd)
    # a locked password ("!") would refuse the user's keys, too
    shadow = Path("/etc/shadow").read_text()
    shadow += "".join(f"{user}:*:19000:0:99999:7:::\n" for user in SHELLS)
    (folder / "shadow").write_text(shadow)
    os.chmod(folder / "shadow", 0o600)
    port = free_port()
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder}/host",
        "PidFile none",
        "UsePAM no",
        "StrictModes no",
        "PasswordAuthentication no",
        "LogLevel DEBUG1",
        *config,
    ]
    (folder / "sshd_config").write_text("\n".join(lines) + "\n")
    script = (
        "mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd"
        f" && mount --bind {folder}/passwd /etc/passwd"
        f" && mount --bind {folder}/shadow /etc/shadow"
        f" && exec {SSHD} -D -e -f {folder}/sshd_config"
    )
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            ["unshare", "-m", "/bin/sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    sshd = Sshd(port, folder, process)
    try:
        _wait_until_listening(sshd)
        kind, blob = (folder / "host.pub").read_text().split()[:2]
        sshd.known_hosts.write_text(f"[127.0.0.1]:{port} {kind} {blob}\n")
        yield sshd
    finally:
        for pid in sshd.session_pids():
            with contextlib.suppress(ProcessLookupError):  # it may just have ended by itself
                os.kill(pid, signal.SIGKILL)
        process.terminate()
        process.wait()


def _wait_until_listening(sshd: Sshd) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if sshd.process.poll() is not None:
            raise RuntimeError(f"sshd ended: {sshd.log}")
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", sshd.port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"sshd does not listen: {sshd.log}")
