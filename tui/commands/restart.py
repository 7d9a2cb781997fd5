"""The restart of a unit as a command, its limit, and its mark in the host's own journal."""

from __future__ import annotations

from tui.commands.sudo import RestartRight
from tui.model.command import Command, Effect
from tui.model.unit import UnitFacts

UNBOUNDED_S = 600.0
"""What stands in for a unit's limit where it sets none (`infinity`), or a longer one."""

MARGIN_S = 10.0


def restart_command(right: RestartRight, limit_s: float) -> Command:
    """The restart as it was found to be allowed; a change. ValueError for a refused right."""
    if not right.argv:
        raise ValueError(f"a refused right has no command: {right.refused}")
    # `systemctl restart` waits for its job, but the job lives in PID 1 and survives a lost
    # client: nothing has to be detached, and a link lost meanwhile loses only the answer.
    return Command(right.argv, effect=Effect.CHANGE, timeout_s=limit_s, max_bytes=64 * 1024)


def stop_limit_s(unit: UnitFacts) -> float:
    """Seconds that systemd gives the unit to stop before it kills it, at most UNBOUNDED_S."""
    return _bounded(unit.timeout_stop_s)


def start_limit_s(unit: UnitFacts) -> float:
    """Seconds that systemd gives the unit to start, at most UNBOUNDED_S."""
    return _bounded(unit.timeout_start_s)


def _bounded(limit_s: float | None) -> float:
    return UNBOUNDED_S if limit_s is None else min(limit_s, UNBOUNDED_S)


def limit_words(limit_s: float | None) -> str:
    """A unit's own limit: `at most 90 s`, `no limit set`."""
    return "no limit set" if limit_s is None else f"at most {limit_s:g} s"


def restart_limit_s(unit: UnitFacts) -> float:
    """Seconds after which the restart's outcome is unknown: beyond all that systemd may take.

    ExecStop and the signal after it may each use up a stop limit (facts.md section 5).
    """
    return start_limit_s(unit) + 2 * stop_limit_s(unit) + MARGIN_S
