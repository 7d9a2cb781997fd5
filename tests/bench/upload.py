"""How fast an upload is beside scp's, for the same file, cipher and server; prints the ratio.

    python -m tests.bench.upload [--lab] [PAIRS] [MEGABYTES]

A real sshd on loopback, or with `--lab` the host web1 of a lab that is up. Pairs are taken in turn,
so that what else the machine does falls on both; the medians are compared.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab.lab import Lab, default_folder
from tests.lab.network import entered
from tests.lab.recipe import MACHINES
from tui.model.fleet import Environment, Host, Limits
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

CIPHER = "aes128-gcm@openssh.com"
MUST, GOAL = 0.8, 0.95


@dataclass(frozen=True)
class Server:
    """A real sshd: where it listens, who may come in with which key, and its known_hosts."""

    address: str
    port: int
    user: str
    key: Path
    known_hosts: Path

    def ssh(self, *command: str) -> str:
        """What the machine's own client brings."""
        argv = ["ssh", "-p", str(self.port), *self.options, f"{self.user}@{self.address}", *command]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    @property
    def options(self) -> list[str]:
        """The options of ssh and scp: this key, this cipher, strictly checked."""
        known = f"UserKnownHostsFile={self.known_hosts}"
        return ["-i", str(self.key), "-c", CIPHER, "-o", known, "-o", "BatchMode=yes"]


@contextlib.contextmanager
def sshd() -> Iterator[Server]:
    """OpenSSH's own server on a free port of loopback, ended at the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="beamdeck-bench-"))
    for name in ("host", "user"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(keygen, check=True)
    port = _free_port()
    (folder / "keys").write_text((folder / "user.pub").read_text())
    public = (folder / "host.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}")
    config = (
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/keys\nStrictModes no\nUsePAM no\nCiphers {CIPHER}\n"
        "Subsystem sftp internal-sftp\n"
    )
    (folder / "sshd_config").write_text(config)
    Path("/run/sshd").mkdir(exist_ok=True)
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    server = subprocess.Popen(
        [program, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.DEVNULL
    )
    try:
        _wait(port)
        user = os.environ.get("USER") or "root"
        yield Server("127.0.0.1", port, user, folder / "user", folder / "known_hosts")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def _free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(port: int) -> None:
    import socket

    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("sshd did not come up")


@contextlib.contextmanager
def web1() -> Iterator[Server]:
    """The lab's first host, as devops; this process is in the lab's network from here on."""
    lab = Lab(Path(os.environ.get("BEAMDECK_LAB") or default_folder()))
    if not lab.running:
        raise SystemExit("no lab is up: python -m tests.lab up")
    (machine,) = (machine for machine in MACHINES if machine.name == "web1")
    with entered():
        yield Server(machine.address, 22, "devops", lab.key, lab.known_hosts)


def scp(server: Server, file: Path, target: str) -> float:
    """Seconds that scp takes, its start and sign-in included."""
    argv = ["scp", "-q", "-P", str(server.port), *server.options, str(file)]
    began = time.monotonic()
    subprocess.run(
        [*argv, f"{server.user}@{server.address}:{target}"],
        check=True,
        env={**os.environ, "SSH_AUTH_SOCK": ""},
    )
    return time.monotonic() - began


def connect_seconds(server: Server) -> float:
    """Seconds of an ssh that does nothing: what scp spends before the first byte."""
    began = time.monotonic()
    server.ssh("true")
    return time.monotonic() - began


async def ours(fleet: Fleet, gate: Gate, file: Path, target: str) -> float:
    """Seconds of our own upload over the link that is up already."""
    session = fleet.sessions["bench"]
    grant = gate.grant("bench")
    began = time.monotonic()
    outcome = await session.upload(file, target, 0, lambda count: None, grant)
    took = time.monotonic() - began
    gate.revoke(grant)
    if not outcome.ok:
        raise SystemExit(f"the upload failed: {outcome}")
    return took


async def measure(server: Server, pairs: int, megabytes: int) -> int:
    """Print the rates and the ratio; 0 if it is as good as it must be."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "release.tar.gz"
        file.write_bytes(os.urandom(megabytes * 1024 * 1024))
        host = Host(
            "bench",
            address=server.address,
            port=server.port,
            user=server.user,
            identity=str(server.key),
            known_hosts=str(server.known_hosts),
        )
        gate = Gate(False, 900.0, time.time)
        fleet = Fleet(Environment("bench", hosts=(host,)), Limits(), gate, ssh_config=())
        fleet.start()
        await asyncio.wait_for(fleet.sessions["bench"].usable(), 20)
        theirs, own = list[float](), list[float]()
        names = (f".beamdeck-bench-{os.getpid()}-a", f".beamdeck-bench-{os.getpid()}-b")
        try:
            for _ in range(pairs):
                connect = await asyncio.to_thread(connect_seconds, server)
                theirs.append(await asyncio.to_thread(scp, server, file, names[0]) - connect)
                own.append(await ours(fleet, gate, file, names[1]))
            sums = await asyncio.to_thread(server.ssh, "sha256sum", *names)
            same = len({line.split()[0] for line in sums.splitlines()}) == 1
        finally:
            await fleet.close()
            server.ssh("rm", "-f", *names)
    scp_s, ours_s = statistics.median(theirs), statistics.median(own)
    print(f"{megabytes} MB, {pairs} pairs, {CIPHER}, medians; both files the same: {same}")
    print(f"scp       {megabytes / scp_s:8.1f} MB/s (its connecting taken off)")
    print(f"beamdeck  {megabytes / ours_s:8.1f} MB/s")
    print(f"ratio     {scp_s / ours_s:8.2f}   must {MUST}, goal {GOAL}")
    return 0 if same and scp_s / ours_s >= MUST else 1


def main() -> int:
    """The command."""
    words = [word for word in sys.argv[1:] if word != "--lab"]
    pairs = int(words[0]) if words else 5
    megabytes = int(words[1]) if len(words) > 1 else 384
    with web1() if "--lab" in sys.argv else sshd() as server:
        return asyncio.run(measure(server, pairs, megabytes))


if __name__ == "__main__":
    raise SystemExit(main())
