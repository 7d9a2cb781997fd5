"""What is known of a host: its link, its machine, and a snapshot of an app on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tui.model.release import ReleaseFacts
from tui.model.unit import UnitFacts


class LinkState(StrEnum):
    """The state of the link to a host, as the word shown."""

    IDLE = "not connected"
    CONNECTING = "connecting"
    UP = "up"
    STALE = "stale"
    LOST = "link lost"
    UNREACHABLE = "unreachable"
    NO_ADDRESS = "no address"
    UNKNOWN_KEY = "unknown key"
    CHANGED_KEY = "KEY CHANGED"
    LOCKED_IDENTITY = "locked key"
    TOUCH_KEY = "touch your key"
    AUTH_FAILED = "auth refused"

    @property
    def final(self) -> bool:
        """Whether no further try is made without the operator (key or authentication)."""
        return self in (
            LinkState.UNKNOWN_KEY,
            LinkState.CHANGED_KEY,
            LinkState.LOCKED_IDENTITY,
            LinkState.AUTH_FAILED,
        )


@dataclass(frozen=True, slots=True)
class Link:
    """The link to one host at one moment. Times are Unix seconds; fingerprints are `SHA256:…`."""

    state: LinkState = LinkState.IDLE
    since: float = 0.0
    heard_at: float | None = None
    detail: str = ""
    fingerprint: str | None = None
    expected_fingerprint: str | None = None
    identity: str | None = None
    attempt: int = 0
    retry_at: float | None = None

    @property
    def usable(self) -> bool:
        """Whether commands can be sent now."""
        return self.state in (LinkState.UP, LinkState.STALE)


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """Facts of the machine itself. Sizes in bytes, times in seconds; None is not known.

    `journal_readable`: whether the SSH user may open its files itself, sudo apart. `slow_at` is
    when `cpus` and `systemd_version` were read (Unix seconds), which few probes do.
    """

    load_1m: float | None = None
    cpus: int | None = None
    memory_total: int | None = None
    memory_available: int | None = None
    disk_total: int | None = None
    disk_free: int | None = None
    uptime_s: float | None = None
    booted_at: float | None = None
    boot_id: str | None = None
    skew_s: float | None = None
    journal_persistent: bool | None = None
    journal_readable: bool | None = None
    systemd_version: int | None = None
    slow_at: float | None = None

    @property
    def disk_used_percent(self) -> int | None:
        """Share of the file system under deliver_to that is used, 0 to 100."""
        if not self.disk_total or self.disk_free is None:
            return None
        return round(100 * (self.disk_total - self.disk_free) / self.disk_total)


@dataclass(frozen=True, slots=True)
class NodeSaid:
    """What the running node said when it was asked last, at `asked_at` (Unix seconds).

    `status` is init's word; `app_started` None is not known; `problem` says why there was no
    answer, and then nothing else counts.
    """

    asked_at: float
    status: str = ""
    app_started: bool | None = None
    problem: str = ""

    @property
    def ready(self) -> bool:
        """Whether the node has started and the app with it; an open port is more than that."""
        return not self.problem and self.status == "started" and self.app_started is True

    def words(self, app: str) -> str:
        """One sentence: `answers, started, billing is up`."""
        if self.problem:
            return self.problem
        up = {True: f"{app} is up", False: f"{app} is NOT started", None: f"{app} not told"}
        return f"answers, {self.status or 'its state not told'}, {up[self.app_started]}"


@dataclass(frozen=True, slots=True)
class HostSnapshot:
    """One probe's answer: an app on a host at `taken_at` (Unix seconds, our clock).

    `problem` is a word for what kept the probe from answering in full, empty if nothing did.
    """

    host: str
    app: str
    taken_at: float
    rtt_s: float
    unit: UnitFacts
    release: ReleaseFacts
    machine: MachineFacts
    problem: str = ""
    node: NodeSaid | None = None

    def lasted_s(self, now: float) -> float | None:
        """Seconds that the unit has been as it is, at `now` by our clock; None is not known.

        `since` is by the host's own clock: a skewed one must not start a unit in the future.
        """
        if self.unit.since is None:
            return None
        return max(0.0, now + (self.machine.skew_s or 0.0) - self.unit.since)


SILENT_AFTER_S = 12.0
"""Without an answer for so long a connected host is shown as stale: a few probes of patience."""


@dataclass(frozen=True, slots=True)
class HostView:
    """What a screen shows of a host: the link now and the last snapshot, if any.

    `trouble` says why the last probe brought nothing, empty if it did. `silent_after_s` is how
    long a host may answer no probe before what is known of it is stale.
    """

    host: str
    link: Link
    snapshot: HostSnapshot | None = None
    trouble: str = ""
    silent_after_s: float = SILENT_AFTER_S

    def age_s(self, now: float) -> float | None:
        """Seconds since the last snapshot, None without one."""
        return None if self.snapshot is None else max(0.0, now - self.snapshot.taken_at)

    def silent_s(self, now: float) -> float | None:
        """Seconds for which a connected host has answered no probe, None while it does.

        A link may be well and the machine not: a disk that hangs, a systemd that does not answer.
        """
        if not self.link.usable:
            return None
        heard = self.link.since
        if self.snapshot is not None:
            heard = max(heard, self.snapshot.taken_at)
        quiet = now - heard
        return quiet if quiet > self.silent_after_s else None

    def fresh(self, now: float) -> bool:
        """Whether the snapshot tells how the host is now."""
        return self.snapshot is not None and self.link.usable and self.silent_s(now) is None
