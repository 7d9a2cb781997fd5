"""A restart's facts and words: what is recorded before, what counts as new, how ends are told.

Pure: snapshots and what the journal showed go in, sentences come out.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass

from tui.commands.restart import limit_words, start_limit_s, stop_limit_s
from tui.commands.restart_evidence import StartsSeen
from tui.model.host import HostSnapshot
from tui.model.plan import Facts, StepState
from tui.model.unit import UnitFacts
from tui.model.words import counted


def restart_facts(snapshot: HostSnapshot) -> Facts:
    """What a restart of the unit on this host rests on, for the plan's hash.

    A unit that loops has no process now and one the next moment; then what it boots stands for
    what it runs, so that the hash stays while it loops.
    """
    host, release = snapshot.host, snapshot.release
    boots = release.boots or ""
    return (
        (f"{host} unit", snapshot.unit.name),
        (f"{host} runs", release.runs or boots),
        (f"{host} boots", boots),
    )


def busy(unit: UnitFacts) -> bool:
    """Whether somebody's job is under way, so that a restart would meet or displace it.

    systemd's own automatic restarts are jobs too: a unit that loops may be restarted. A restart
    by hand sets NRestarts back to 0, so what is activating with a count was not asked for.
    """
    by_itself = unit.active_state == "activating" and (unit.restarts or 0) > 0
    return bool(unit.job) and not by_itself


def moving(unit: UnitFacts) -> bool:
    """Whether systemd is still at work on the unit (waiting to start it again is not work)."""
    if unit.active_state == "activating":
        return not unit.sub_state.startswith("auto-restart")
    return bool(unit.job) or unit.active_state in ("deactivating", "reloading", "refreshing")


@dataclass(frozen=True, slots=True)
class Before:
    """The unit right before its restart; all that is needed to tell later what became of it.

    `at_us` is when that was by the host's own clock, microseconds since the epoch.
    """

    invocation: str = ""
    active_us: str = ""
    boot_id: str = ""
    state: str = ""
    pid: str = ""
    restarts: int | None = None
    runs: str = ""
    boots: str = ""
    at_us: int = 0

    @classmethod
    def of(cls, snapshot: HostSnapshot) -> Before:
        """As the snapshot shows it."""
        unit, release = snapshot.unit, snapshot.release
        return cls(
            unit.invocation_id,
            _text(unit.since_monotonic_us),
            snapshot.machine.boot_id or "",
            unit.active_state,
            _text(unit.main_pid),
            unit.restarts,
            release.runs or "",
            release.boots or "",
            round((snapshot.taken_at + (snapshot.machine.skew_s or 0.0)) * 1e6),
        )

    def facts(self) -> Facts:
        """As written down."""
        return (
            ("invocation", self.invocation),
            ("active_us", self.active_us),
            ("boot_id", self.boot_id),
            ("state", self.state),
            ("pid", self.pid),
            ("restarts", _text(self.restarts)),
            ("runs", self.runs),
            ("boots", self.boots),
            ("at_us", str(self.at_us)),
        )

    @classmethod
    def read(cls, facts: Facts) -> Before:
        """As it was written down."""
        said = dict(facts)
        count, at_us = said.get("restarts", ""), said.get("at_us", "")
        return cls(
            said.get("invocation", ""),
            said.get("active_us", ""),
            said.get("boot_id", ""),
            said.get("state", ""),
            said.get("pid", ""),
            int(count) if count.isdigit() else None,
            said.get("runs", ""),
            said.get("boots", ""),
            int(at_us) if at_us.isdigit() else 0,
        )

    def rebooted(self, snapshot: HostSnapshot) -> bool:
        """Whether the host itself was started anew since."""
        boot_id = snapshot.machine.boot_id or ""
        return bool(self.boot_id and boot_id) and self.boot_id != boot_id

    def is_new(self, unit: UnitFacts) -> bool:
        """Whether the unit's present run is another one than before."""
        if unit.invocation_id and self.invocation:
            return unit.invocation_id != self.invocation
        # Without both IDs (an inactive unit may have none): by when it became active.
        since = _text(unit.since_monotonic_us)
        started = unit.active_state in ("active", "activating", "reloading", "failed")
        return started and bool(unit.invocation_id or since) and since != self.active_us

    def count_base(self, restarts: int | None) -> int:
        """What NRestarts began to count from after the restart, judged by its first reading."""
        if restarts is None or self.restarts is None or restarts < self.restarts:
            return 0
        return self.restarts


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def after_facts(snapshot: HostSnapshot) -> Facts:
    """The unit after its restart, as written down."""
    return Before.of(snapshot).facts()


def phase_words(unit: UnitFacts, elapsed_s: float) -> str:
    """What systemd does to the unit, with its limit: `stopping, 12 s of at most 90 s`."""
    seconds = f"{elapsed_s:.0f} s"
    if unit.active_state == "deactivating":
        if "sigkill" in unit.sub_state:
            return f"it did not stop in {stop_limit_s(unit):g} s: systemd kills it"
        return f"stopping, {_against(seconds, unit.timeout_stop_s)}"
    if unit.active_state == "activating":
        return f"starting, {_against(seconds, unit.timeout_start_s)}"
    return f"waiting for systemd's job, {seconds}"


def _against(seconds: str, limit_s: float | None) -> str:
    joined = "," if limit_s is None else " of"
    return f"{seconds}{joined} {limit_words(limit_s)}"


def loop_words(unit: UnitFacts, seen: StartsSeen, starts: int, watched_s: float) -> str:
    """A unit that does not stay up; `starts` and `watched_s` stand in for an unread journal."""
    if seen.starts > 1:
        starts, watched_s = seen.starts, seen.within_s
    gave_up = unit.active_state in ("failed", "inactive")
    hit = seen.start_limit or unit.result == "start-limit-hit"
    if gave_up:
        end = "start limit hit" if hit else "then systemd gave up"
    else:
        end = "and systemd goes on"
    times = counted(starts, "time")
    return f"it LOOPS: started {times} in {watched_s:.0f} s, {end}{_because(seen)}"


def down_words(unit: UnitFacts, seen: StartsSeen) -> str:
    """A unit whose new process is gone, and that systemd does not start again."""
    if unit.result == "timeout":
        why = f"it did not start within {start_limit_s(unit):g} s"
    elif unit.result in ("exit-code", "signal", "core-dump"):
        why = f"start failed: {_exit_words(unit)}"
    elif unit.result == "oom-kill":
        why = "start failed: it was killed for want of memory"
    elif unit.result in ("", "success"):
        why = "it came up and ended by itself, without a failure"
    else:
        why = f"start failed: {unit.result}"
    return f"{why}; it is {unit.active_state} now{_because(seen)}"


def _exit_words(unit: UnitFacts) -> str:
    status = unit.exec_status
    if status is None:
        return unit.result
    if unit.exec_code in (2, 3):
        try:
            name = signal.Signals(status).name
        except ValueError:
            name = f"signal {status}"
        return f"ended by {name}" + (", core dumped" if unit.exec_code == 3 else "")
    return f"exit status {status}"


def _because(seen: StartsSeen) -> str:
    return f": {seen.error}" if seen.error else ""


def not_started_words(unit: UnitFacts, seen: StartsSeen, was: str) -> str:
    """A unit that is down and was not started: systemd refused to."""
    gone = "it was stopped, and " if was == "active" else ""
    if seen.start_limit or unit.result == "start-limit-hit":
        return (
            f"{gone}systemd refuses to start it: start limit hit (starts by hand count too). "
            f"Wait for the limit's interval or run systemctl reset-failed {unit.name} on the "
            f"host, then restart again{_because(seen)}"
        )
    return f"{gone}systemd did not start it: {unit.active_state}, {unit.result}{_because(seen)}"


def refusal(
    unit: UnitFacts, status: int, said: str, done: str = "restarted"
) -> tuple[StepState, str]:
    """systemctl's own no, by its exit status; `said` is what stood on stderr."""
    told = f" ({said})" if said else ""
    if status == 5 or unit.load_state == "not-found":
        return StepState.REFUSED, f"systemd knows no {unit.name}{told}"
    if unit.load_state == "masked":
        return StepState.REFUSED, f"{unit.name} is masked{told}"
    if status == 4:
        # systemctl has one status for both; its words say which.
        return StepState.REFUSED, f"access denied, or a conflicting job is queued{told}"
    if status == 6:
        return StepState.REFUSED, f"systemd cannot use the unit file{told}"
    if status in (126, 127):
        return StepState.REFUSED, f"the command cannot be run on the host{told}"
    return StepState.FAILED, f"not {done}: the command ended with {status}{told}"
