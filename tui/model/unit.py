"""A systemd unit's facts and the word that sums them up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UnitWord(StrEnum):
    """A unit's state in one word; capitals mean that somebody must look."""

    RUNNING = "running"
    STARTING = "starting"
    STOPPING = "stopping"
    RELOADING = "reloading"
    STOPPED = "stopped"
    LOOPING = "LOOPING"
    FAILED = "FAILED"
    NOT_FOUND = "NO UNIT"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """`systemctl show` of one unit. Times are Unix seconds; None is not set or not known."""

    name: str
    load_state: str = ""
    active_state: str = ""
    sub_state: str = ""
    result: str = ""
    main_pid: int | None = None
    control_pid: int | None = None
    restarts: int | None = None
    job: str = ""
    job_type: str = ""
    invocation_id: str = ""
    since: float | None = None
    since_monotonic_us: int | None = None
    exec_code: int | None = None
    exec_status: int | None = None
    type: str = ""
    timeout_start_s: float | None = None
    timeout_stop_s: float | None = None
    restart_s: float | None = None
    user: str = ""
    working_directory: str = ""
    fragment_path: str = ""
    need_daemon_reload: bool = False
    memory_bytes: int | None = None
    cpu_ns: int | None = None
    tasks: int | None = None
    looping: bool = False

    @property
    def word(self) -> UnitWord:
        """The state in one word; a unit that dies and is started again by systemd is LOOPING.

        `looping` is set by whoever saw NRestarts rise: between two deaths it is up for a moment.
        """
        if self.load_state == "not-found":
            return UnitWord.NOT_FOUND
        if self.active_state == "activating":
            looping = self.sub_state in ("auto-restart", "auto-restart-queued")
            return UnitWord.LOOPING if looping or self.looping else UnitWord.STARTING
        if self.active_state == "failed":
            # systemd gave up on a loop. 252 leaves Result as the last death's (exit-code, say);
            # the count of its own restarts is what tells a loop from a single failure.
            gave_up = self.result == "start-limit-hit" or bool(self.restarts)
            return UnitWord.LOOPING if gave_up else UnitWord.FAILED
        if self.active_state == "active" and self.looping:
            return UnitWord.LOOPING
        return {
            "active": UnitWord.RUNNING,
            "reloading": UnitWord.RELOADING,
            "deactivating": UnitWord.STOPPING,
            "inactive": UnitWord.STOPPED,
        }.get(self.active_state, UnitWord.UNKNOWN)
