"""The lock: who may change, until when, and what a plan under way keeps."""

from __future__ import annotations

import pytest

from tui.errors import ChangeRefused
from tui.model.command import Command, Effect
from tui.model.gate import Grant, LockState
from tui.ssh.gate import Gate

CHANGE = Command(("systemctl", "restart", "a.service"), effect=Effect.CHANGE)
READ = Command(("true",))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def production(clock: Clock) -> Gate:
    return Gate(True, 900.0, clock)


def test_production_opens_locked_and_others_do_not(production: Gate, clock: Clock) -> None:
    assert production.state.locked(clock())
    with pytest.raises(ChangeRefused, match="locked"):
        production.grant("hash")
    staging = Gate(False, 900.0, clock)
    assert not staging.state.locked(clock())
    assert staging.grant("hash").plan_hash == "hash"


def test_an_unlock_needs_a_reason_and_runs_out(production: Gate, clock: Clock) -> None:
    for reason in ("", "  \n"):
        with pytest.raises(ChangeRefused, match="reason"):
            production.unlock(reason)
    production.unlock("  pager 4711 ")
    assert production.state == LockState(True, 1900.0, "pager 4711")
    clock.now = 1899.9
    assert production.grant("hash")
    clock.now = 1900.0
    with pytest.raises(ChangeRefused):
        production.grant("hash")


def test_reads_pass_a_locked_gate_and_changes_need_a_live_grant_anywhere(
    production: Gate, clock: Clock
) -> None:
    for gate in (production, Gate(False, 900.0, clock)):
        assert gate.admits(READ, None)
        assert not gate.admits(CHANGE, None)
        assert not gate.admits(CHANGE, Grant("hash", "guessed"))
        with pytest.raises(ChangeRefused):
            gate.check(CHANGE, None)


def test_a_plan_under_way_keeps_its_grant_until_it_is_revoked(
    production: Gate, clock: Clock
) -> None:
    production.unlock("pager")
    grant = production.grant("hash")
    clock.now += 10_000
    assert production.state.locked(clock())
    assert production.admits(CHANGE, grant)
    production.lock()
    assert production.admits(CHANGE, grant)
    assert production.grants == {grant}
    production.revoke(grant)
    production.revoke(grant)
    assert not production.admits(CHANGE, grant)


def test_each_grant_is_its_own_and_bound_to_its_gate(clock: Clock) -> None:
    one, other = Gate(False, 1.0, clock), Gate(False, 1.0, clock)
    first, second = one.grant("hash"), one.grant("hash")
    assert first != second
    assert not other.admits(CHANGE, first)
    with pytest.raises(ChangeRefused):
        one.grant("")


def test_watchers_see_each_change_until_they_stop(production: Gate) -> None:
    seen: list[LockState] = []
    stop = production.watch(seen.append)
    production.unlock("pager")
    production.lock()
    stop()
    stop()
    production.unlock("again")
    assert [state.until for state in seen] == [1900.0, None]
