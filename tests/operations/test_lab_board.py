"""The board on the lab's hosts: what it says is compared with what root reads there."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT, UNIT
from tests.waiting import until
from tui.commands.probe import probe_command
from tui.model.command import script_of
from tui.model.fleet import App, Environment, Limits
from tui.model.host import HostSnapshot
from tui.model.unit import UnitWord
from tui.operations.snapshot import Board
from tui.ssh.fleet import Fleet
from tui.ssh.gate import Gate

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]

LIMITS = Limits(probe_interval_s=1.0)


@asynccontextmanager
async def board_on(
    environment: Environment, *, user: str = "devops", **app: str
) -> AsyncIterator[Board]:
    hosts = tuple(replace(host, user=user) for host in environment.hosts)
    where = replace(environment, hosts=hosts)
    fleet = Fleet(where, LIMITS, Gate(False, 900.0, time.time), ssh_config=())
    board = Board(fleet.sessions, replace(environment.apps[0], **app), LIMITS)  # type: ignore[arg-type]
    fleet.start()
    running = asyncio.create_task(board.run())
    try:
        yield board
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await fleet.close()


async def snapshot(board: Board, host: str = "web1") -> HostSnapshot:
    await until(lambda: next(v for v in board.views if v.host == host).snapshot)
    found = next(v for v in board.views if v.host == host).snapshot
    assert found is not None
    return found


def root(lab: Lab, script: str, host: str = "web1") -> str:
    return lab.sh(host, script).strip()


async def test_the_facts_are_those_that_root_reads(lab: Lab, lab_environment: Environment) -> None:
    async with board_on(lab_environment) as board:
        seen = await snapshot(board)
    unit, release, machine = seen.unit, seen.release, seen.machine
    pid = root(lab, f"systemctl show -p MainPID --value {UNIT}")
    words = root(lab, f"tr '\\0' '\\n' </proc/{pid}/cmdline").splitlines()
    version = re.search(r"releases/([^/]+)/start$", words[words.index("-boot") + 1])
    assert version is not None
    assert (seen.problem, unit.word) == ("", UnitWord.RUNNING)
    assert unit.main_pid == int(pid)
    assert unit.invocation_id == root(lab, f"systemctl show -p InvocationID --value {UNIT}")
    since = root(lab, f"systemctl show -p ActiveEnterTimestamp --value --timestamp=unix {UNIT}")
    assert unit.since == float(since.removeprefix("@"))
    assert (release.root, release.runs, release.runs_by) == (APP_ROOT, version[1], "boot path")
    assert release.boots == root(lab, f"cut -d' ' -f2 {APP_ROOT}/releases/start_erl.data")
    assert set(release.versions) == set(
        root(lab, f"cd {APP_ROOT}/releases && ls -d */ | tr -d /").splitlines()
    )
    assert release.node == words[words.index("-sname") + 1]
    size, free = root(lab, f"df -B1 --output=size,avail {APP_ROOT} | tail -1").split()
    assert machine.disk_free == pytest.approx(int(free), rel=0.05)
    assert machine.disk_total is not None
    assert machine.disk_total <= int(size)
    assert machine.cpus == int(root(lab, "nproc"))
    assert machine.boot_id == root(lab, "cat /proc/sys/kernel/random/boot_id")
    assert (machine.systemd_version, machine.journal_persistent) == (252, True)
    assert machine.skew_s == pytest.approx(0.0, abs=0.2), "one machine, one clock"


async def test_no_cookie_and_no_password_are_in_what_is_known(
    lab: Lab, lab_environment: Environment
) -> None:
    cookie = root(lab, f"cat {APP_ROOT}/releases/COOKIE")
    async with board_on(lab_environment) as board:
        await snapshot(board)
        known = repr(board.views)
    assert len(cookie) > 8
    assert cookie not in known
    assert "ecto://" not in known


async def test_a_user_who_may_nothing_sees_what_runs_all_the_same(
    lab_environment: Environment,
) -> None:
    async with board_on(lab_environment, user="watcher") as board:
        seen = await snapshot(board)
    assert seen.unit.word is UnitWord.RUNNING
    assert seen.release.runs is not None
    assert seen.machine.journal_readable is False


async def test_a_folder_that_may_not_be_entered_is_named(
    lab: Lab, lab_environment: Environment
) -> None:
    home = APP_ROOT.rsplit("/", 2)[0]
    mode = root(lab, f"stat -c %a {home}")
    root(lab, f"chmod 700 {home}")
    try:
        async with board_on(lab_environment, user="watcher") as board:
            seen = await snapshot(board)
    finally:
        root(lab, f"chmod {mode} {home}")
    assert seen.problem == f"no right to look into {home}"
    assert (seen.release.boots, seen.unit.word) == (None, UnitWord.RUNNING)


async def test_the_real_node_says_which_release_it_runs(lab_environment: Environment) -> None:
    """As its owner by sudo, and as the SSH user himself."""
    for owner in ("billing", ""):
        async with board_on(lab_environment, owner=owner) as board:
            before = await snapshot(board)
            assert await board.read_running("web1") == ""
            after = await snapshot(board)
        assert (after.release.runs, after.release.runs_by) == (before.release.runs, "rpc")


async def test_who_may_not_ask_the_node_is_told_in_sudos_words(
    lab_environment: Environment,
) -> None:
    async with board_on(lab_environment, user="watcher") as board:
        await snapshot(board)
        assert "sudo" in await board.read_running("web1")


async def test_a_unit_that_does_not_exist_and_one_that_loops(
    lab: Lab, lab_environment: Environment
) -> None:
    async with board_on(lab_environment, unit="nosuch.service") as board:
        assert (await snapshot(board)).unit.word is UnitWord.NOT_FOUND
    root(lab, "systemctl reset-failed looper; systemctl start --no-block looper || true")
    try:
        async with board_on(lab_environment, unit="looper.service") as board:
            seen: set[UnitWord] = set()

            def looped() -> bool:
                found = board.views[0].snapshot
                if found is not None:
                    seen.add(found.unit.word)
                return found is not None and found.unit.active_state == "failed"

            await until(looped, 60)
    finally:
        root(lab, "systemctl stop looper; systemctl reset-failed looper || true")
    assert UnitWord.LOOPING in seen
    assert UnitWord.FAILED not in seen


async def test_a_probe_costs_the_host_a_few_milliseconds(
    lab: Lab, lab_environment: Environment
) -> None:
    """CPU of the shell and all its children, by the kernel's own count, beside an empty shell."""
    app: App = lab_environment.apps[0]
    script = script_of(probe_command(app, "5f2c0e7d9ab1", slow=False, timeout_s=9)).decode()
    root(lab, f"cat >/tmp/probe.sh <<'PROBE-ENDS'\n{script}PROBE-ENDS")

    def cpu_ms(file: str, runs: int = 40) -> float:
        loop = f"i=0; while [ $i -lt {runs} ]; do sh -s <{file} >/dev/null; i=$((i+1)); done; times"
        user, system = root(lab, loop).splitlines()[-1].split()
        total = sum(
            float(m) * 60 + float(s)
            for m, s in (part.rstrip("s").split("m") for part in (user, system))
        )
        return 1000 * total / runs

    empty = statistics.median(cpu_ms("/dev/null") for _ in range(3))
    whole = statistics.median(cpu_ms("/tmp/probe.sh") for _ in range(3))
    print(f"\na probe costs the host {whole - empty:.1f} ms of CPU (an empty shell {empty:.1f} ms)")
    assert whole - empty < 40
