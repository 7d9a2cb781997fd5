"""Restarts of real units on the lab's hosts: real systemd, sudo, sshd, journald and releases.

What the console says is compared with what root reads on the host itself.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.lab.faults import link_down
from tests.lab.lab import Lab
from tests.lab.recipe import UNIT
from tui.model.consent import Consent
from tui.model.fleet import App, Environment, Health, Limits
from tui.model.plan import Plan, PlanRefused, StepEvent, StepState
from tui.operations.audit_log import AuditLog, verify
from tui.operations.audit_marks import compare_marks
from tui.operations.oplog import OpLog
from tui.operations.plan_run import PlanRun
from tui.operations.restart import restart_kinds, restart_plan
from tui.operations.snapshot import Board
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

LIMITS = Limits()


@dataclass
class Console:
    """A console over the lab's hosts, as some user, for some unit."""

    environment: Environment
    app: App
    fleet: Fleet
    gate: Gate
    board: Board
    folder: Path

    async def plan(self, *names: str) -> Plan:
        sessions = self.fleet.sessions
        await asyncio.wait_for(asyncio.gather(*(sessions[n].usable() for n in names)), 30)
        return await restart_plan(
            self.environment, self.app, sessions, self.board.refresh, names, time.time
        )

    def run_of(self, plan: Plan) -> PlanRun:
        return PlanRun(
            plan,
            Consent(plan.hash, self.environment.name, "lab"),
            sessions=self.fleet.sessions,
            gate=self.gate,
            oplog=OpLog(self.folder / "ops", time.time),
            audit=AuditLog(self.folder / "audit" / "audit.jsonl", time.time),
            kinds=restart_kinds(self.app, self.board.refresh),
            clock=time.time,
        )

    async def restart(self, *names: str) -> PlanRun:
        run = self.run_of(await self.plan(*names))
        await asyncio.wait_for(run.run(), 180)
        assert verify(self.folder / "audit" / "audit.jsonl") == ""
        return run


@asynccontextmanager
async def console(
    environment: Environment,
    folder: Path,
    *,
    user: str = "devops",
    unit: str | None = None,
    health: Health | None = None,
) -> AsyncIterator[Console]:
    hosts = tuple(replace(host, user=user) for host in environment.hosts)
    app = environment.apps[0]
    if unit is not None:
        app = replace(app, unit=unit, health=Health())
    if health is not None:
        app = replace(app, health=health)
    where = replace(environment, hosts=hosts, apps=(app,))
    gate = Gate(False, 900.0, time.time)
    fleet = Fleet(where, LIMITS, gate, ssh_config=())
    fleet.start()
    try:
        board = Board(fleet.sessions, app, LIMITS)
        yield Console(where, app, fleet, gate, board, folder)
    finally:
        await fleet.close()


def shown(lab: Lab, host: str, unit: str, *names: str) -> list[str]:
    """Properties of a unit as root reads them."""
    flags = " ".join(f"-p {name}" for name in names)
    lines = lab.sh(host, f"systemctl show {unit} {flags}").splitlines()
    said = dict(line.split("=", 1) for line in lines)
    return [said[name] for name in names]


def boot_path(lab: Lab, host: str, pid: str) -> str:
    words = lab.sh(host, f"tr '\\0' '\\n' </proc/{pid}/cmdline").splitlines()
    return words[words.index("-boot") + 1]


def last(run: PlanRun, index: int = 0) -> StepEvent:
    return run.last_of(index)


async def test_both_hosts_are_restarted_and_verified_by_main_pid_and_boot_path(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    before = {h: shown(lab, h, UNIT, "MainPID", "InvocationID") for h in ("web1", "web2")}
    async with console(lab_environment, tmp_path) as at:
        began = time.monotonic()
        run = await at.restart("web1", "web2")
        print(f"\nboth hosts restarted and verified in {time.monotonic() - began:.1f} s")
    assert run.ended is not None
    assert run.ended.ok, run.ended.summary
    for index, host in enumerate(("web1", "web2")):
        pid, invocation = shown(lab, host, UNIT, "MainPID", "InvocationID")
        assert pid != before[host][0]
        assert invocation != before[host][1]
        version = re.search(r"releases/([^/]+)/start$", boot_path(lab, host, pid))
        assert version is not None
        assert (
            f"main process {pid}, runs {version[1]}, healthy (answered 200)"
            in last(run, index).detail
        )
    assert run.history_of(1)[0].at >= last(run, 0).at, "web2 waited for web1"
    marks = lab.sh("web1", "journalctl -t beamdeck-audit -n 2 -o cat")
    assert ": begin audit=" in marks
    assert ": done audit=" in marks
    audit = tmp_path / "audit" / "audit.jsonl"
    async with console(lab_environment, tmp_path) as at:
        sessions = at.fleet.sessions
        await asyncio.gather(*(session.usable() for session in sessions.values()))
        told = await compare_marks(audit, sessions)
        assert not told.unread
        assert len(told.judged.held) == 4
        (op,) = {mark.op for mark in told.judged.held}
        # Other tests' consoles have the same user and machine, and audits of their own.
        assert op not in {mark.op for mark in told.judged.lacking}
        audit.write_bytes(b"".join(audit.read_bytes().splitlines(keepends=True)[:-2]))
        cut = (await compare_marks(audit, sessions)).judged.lacking
        lacking = [(mark.host, mark.words[-6:]) for mark in cut if mark.op == op]
        assert lacking == [("web2", ": done")]


async def test_the_exact_line_of_restarter_is_found_and_enough(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with console(lab_environment, tmp_path, user="restarter") as at:
        plan = await at.plan("web1")
        assert plan.steps[0].command is not None
        assert plan.steps[0].command.argv == ("sudo", "-n", "systemctl", "restart", UNIT)
        assert dict(plan.facts)["web1 user"] == "restarter"
        run = at.run_of(plan)
        await asyncio.wait_for(run.run(), 180)
    assert last(run).state is StepState.DONE, last(run).detail


async def test_a_login_shell_of_another_kind_makes_no_difference(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with console(lab_environment, tmp_path, user="fishy") as at:
        run = await at.restart("web1")
    assert last(run).state is StepState.DONE, last(run).detail


@contextmanager
def sudoers(lab: Lab, host: str, line: str) -> Iterator[None]:
    path = "/etc/sudoers.d/beamdeck-test"
    quoted = "'" + line.replace("'", "'\\''") + "'"
    lab.sh(host, f"printf '%s\\n' {quoted} >{path} && chmod 440 {path} && visudo -c -f {path}")
    try:
        yield
    finally:
        lab.sh(host, f"rm -f {path}")


async def test_the_line_that_watcher_is_told_is_the_one_that_helps(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with console(lab_environment, tmp_path, user="watcher") as at:
        with pytest.raises(PlanRefused) as caught:
            await at.plan("web1")
        line = caught.value.reason.split("\n")[1].strip()
        assert line.startswith("watcher ALL=(root) NOPASSWD: /usr/bin/systemctl")
        with sudoers(lab, "web1", line):
            run = await at.restart("web1")
    assert last(run).state is StepState.DONE, last(run).detail


async def test_a_password_that_sudo_wants_is_a_refusal_of_its_own(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    before = shown(lab, "web1", UNIT, "InvocationID")
    # One line without a password makes `sudo -n -l` answer for those with one, too.
    lines = f"watcher ALL=(root) /usr/bin/systemctl restart {UNIT}"
    with sudoers(lab, "web1", f"{lines}\nwatcher ALL=(root) NOPASSWD: /usr/bin/true"):
        async with console(lab_environment, tmp_path, user="watcher") as at:
            run = await at.restart("web1")
    assert last(run).state is StepState.REFUSED
    assert "a password is required" in last(run).detail
    assert f"NOPASSWD: /usr/bin/systemctl restart {UNIT}" in last(run).detail
    assert shown(lab, "web1", UNIT, "InvocationID") == before


async def test_a_unit_that_loops_and_a_start_limit_that_is_hit(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    lab.sh("web1", "systemctl reset-failed looper.service 2>/dev/null; true")
    async with console(lab_environment, tmp_path, unit="looper.service") as at:
        run = await at.restart("web1")
        assert last(run).state is StepState.FAILED
        assert re.fullmatch(
            r"it LOOPS: started 5 times in \d+ s, start limit hit: "
            r"\[error\] module :telemetry_app is not available",
            last(run).detail,
        )
        again = await at.restart("web1")
    assert last(again).state is StepState.FAILED
    assert "systemd refuses to start it: start limit hit" in last(again).detail
    assert "systemctl reset-failed looper.service" in last(again).detail


async def test_a_stop_that_ends_in_sigkill(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    lab.sh("web1", "systemctl restart stubborn.service")
    try:
        async with console(lab_environment, tmp_path, unit="stubborn.service") as at:
            run = await at.restart("web1")
    finally:
        lab.sh("web1", "systemctl stop stubborn.service")
    assert last(run).state is StepState.DONE
    assert last(run).warning
    assert last(run).detail.endswith("unclean stop: SIGKILL after 3 s")
    assert "stopping, 1 s of at most 3 s" in [event.detail for event in run.history_of(0)]


async def test_an_unknown_unit_is_refused_before_anything_is_sent(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with console(lab_environment, tmp_path, unit="nosuch.service") as at:
        with pytest.raises(PlanRefused, match=r"web1: systemd knows no nosuch\.service"):
            await at.plan("web1")


async def test_an_app_that_is_sick_after_its_restart_stops_the_rest(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    before = shown(lab, "web2", UNIT, "InvocationID")
    health = replace(lab_environment.apps[0].health, within_s=8.0)
    lab.sh("web1", "touch /tmp/unhealthy")
    try:
        async with console(lab_environment, tmp_path, health=health) as at:
            run = await at.restart("web1", "web2")
    finally:
        lab.sh("web1", "rm -f /tmp/unhealthy")
    assert last(run).state is StepState.FAILED
    assert "answered 503" in last(run).detail
    assert last(run, 1).state is StepState.SKIPPED
    assert shown(lab, "web2", UNIT, "InvocationID") == before


async def test_a_cable_pulled_in_mid_stop_is_resolved_by_the_host(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    lab.sh("web1", "systemctl restart slowstop.service")
    count = "journalctl -u slowstop.service -o cat | grep -c '^Started '"
    starts = int(lab.sh("web1", count))
    try:
        async with console(lab_environment, tmp_path, unit="slowstop.service") as at:
            run = at.run_of(await at.plan("web1"))
            stopping = asyncio.Event()

            def look() -> None:
                if any(e.detail.startswith("stopping") for e in run.history_of(0)):
                    stopping.set()

            run.watch(look)
            task = asyncio.create_task(run.run())
            await asyncio.wait_for(stopping.wait(), 30)
            with link_down("web1"):
                await asyncio.sleep(20)
            await asyncio.wait_for(task, 120)
    finally:
        lab.sh("web1", "systemctl stop slowstop.service")
    states = [event.state for event in run.history_of(0)]
    assert StepState.UNKNOWN in states
    assert last(run).state is StepState.DONE, last(run).detail
    assert int(lab.sh("web1", count)) == starts + 1
