"""What tests and scenarios do to a host: its links, its disk, its clock, its app, its journal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.demo import keys
from tui.demo.shims import small
from tui.demo.users import User, parse_rules

if TYPE_CHECKING:
    import asyncssh

    from tui.demo.health import HttpPort
    from tui.demo.hostclock import HostClock
    from tui.demo.journal import Journal
    from tui.demo.sandbox import Sandbox
    from tui.demo.server import Sshd

_TICK_S = 0.02


class Faults:
    """The faults of a machine; the machine has what is annotated here."""

    name: str
    sandbox: Sandbox
    sshd: Sshd
    http: HttpPort
    journal: Journal
    users: dict[str, User]
    key: asyncssh.SSHKey
    forwarding: bool
    clock: HostClock
    key_generation: int

    # Links

    def drop_connections(self) -> None:
        """Reset every SSH connection."""
        self.sshd.wire.drop()

    def cut_in(self, count: int) -> None:
        """Reset every SSH connection that there is once it has carried `count` more bytes."""
        self.sshd.wire.cut_in(count)

    def black_hole(self, on: bool = True) -> None:
        """Let nothing through, in neither direction, and tell nobody."""
        self.sshd.wire.black_hole(on)

    async def refuse_connections(self, on: bool = True) -> None:
        """Listen no more (or again): new connections are refused, those that are stay."""
        if on:
            self.sshd.wire.refuse()
        else:
            await self.sshd.wire.open()

    async def change_host_key(self) -> None:
        """Serve a new host key, as after a reinstallation; connections are reset."""
        self.key_generation += 1
        self.key = keys.host_key(self.name, self.key_generation)
        self.drop_connections()
        await self.sshd.open(self.key)

    def forbid_forwarding(self, on: bool = True) -> None:
        """`AllowTcpForwarding no`."""
        self.forwarding = not on

    # Rights

    def set_sudoers(self, user: str, rules: Iterable[str]) -> None:
        """What sudo lets a user run: `ALL`, or whole command lines; none: a password is asked."""
        self.users[user].rules = parse_rules(rules)

    # App

    def make_unhealthy(self, on: bool = True) -> None:
        """`/health` answers 503."""
        self.http.healthy = not on

    def app_says(self, text: str | bytes, priority: int = 6) -> None:
        """Lines on the app's stdout."""
        raise NotImplementedError

    def log(self, message: str | bytes, priority: int = 6) -> None:
        """Lines of the app's unit, as its stdout with a `<N>` prefix would be."""
        self.app_says(message, priority)

    async def flood(self, rate: float, seconds: float) -> int:
        """`rate` lines a second for a time, `[info] flood 0` and on; how many were written."""
        loop = asyncio.get_running_loop()
        begun, written, total = loop.time(), 0, int(rate * seconds)
        while written < total:
            due = min(total, int((loop.time() - begun) * rate) + 1)
            for number in range(written, due):
                self.app_says(f"[info] flood {number} of {total}")
            written = due
            await asyncio.sleep(_TICK_S)
        return written

    # Machine

    def set_skew(self, seconds: int) -> None:
        """Put the host's clock wrong by whole seconds: its journal, systemd's times and `date`."""
        self.clock.skew_s = float(seconds)
        shim = self.sandbox.bin / "date"
        shim.unlink(missing_ok=True)
        if seconds:
            text = small("date.sh").replace("@SKEW@", f"{seconds:+d}")
            self.sandbox.write("bin/date", text, 0o755)

    def fill_disk(self, on: bool = True) -> None:
        """No room: df and SFTP say so, and what users start cannot make a file grow."""
        self.sandbox.full = on
        (self.sandbox.bin / "df").unlink(missing_ok=True)
        if on:
            self.sandbox.write("bin/df", small("df.sh"), 0o755)

    def make_volatile(self) -> None:
        """`Storage=volatile`: what earlier boots wrote is gone. (/var/log/journal itself is this
        machine's own, so a test for that folder still sees the machine's.)"""
        self.journal.make_volatile()

    def rotate(self) -> None:
        """`journalctl --rotate`."""
        self.journal.rotate()

    def vacuum(self) -> int:
        """`journalctl --rotate --vacuum-files=1`: all that was written so far is gone."""
        self.journal.rotate()
        return self.journal.vacuum()
