"""Detached steps on real hosts: systemd's transient units and setsid, over a link that is cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.faults import link_down
from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT, DATABASE_PASSWORD, UNIT
from tests.operations.demo_bench import Console, console
from tests.waiting import until
from tui.commands.detached import (
    ALREADY,
    STEP_VARIABLE,
    detached_command,
    parse_detached,
    read_detached,
    start_problem,
)
from tui.commands.owner import NOT_ALLOWED
from tui.model.command import Command, Outcome
from tui.model.fleet import Environment, Limits
from tui.model.plan import StepState
from tui.operations.detached import DetachedEnd, follow_detached

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]

FORMS = ("unit", "setsid")


@contextmanager
def sudo_of_devops(lab: Lab, form: str) -> Iterator[None]:
    """What devops may: everything, or only to act as the owner."""
    if form == "unit":
        yield
        return
    rules = "/etc/sudoers.d/lab"
    lab.sh("web1", f"cp {rules} /root/rules && sed -i '/^devops/d' {rules}")
    lab.sh("web1", f"echo 'devops ALL=(billing) NOPASSWD: ALL' >>{rules} && visudo -cf {rules}")
    try:
        yield
    finally:
        lab.sh("web1", f"cp /root/rules {rules} && visudo -cf {rules}")


class Bench:
    """web1, and a step of this name there."""

    def __init__(self, lab: Lab, at: Console, name: str) -> None:
        self.lab = lab
        self.app = at.context.app
        self.session = at.fleet.sessions["web1"]
        self.name = name
        self.said: list[tuple[StepState, str]] = []
        self._gate = at.gate

    async def change(self, command: Command) -> Outcome:
        named = replace(command, env=((STEP_VARIABLE, self.name),))
        return await self.session.run(named, self._gate.grant("f" * 64))

    async def start(self, inner: str, *words: str, environment: bool = False) -> Outcome:
        return await self.change(
            detached_command(self.app, inner, words, limit_s=60.0, environment=environment)
        )

    async def follow(self, limit_s: float = 60.0) -> DetachedEnd:
        return await follow_detached(
            self.session, self.app, self.name, limit_s, lambda *said: self.said.append(said)
        )


@asynccontextmanager
async def bench(
    lab: Lab, environment: Environment, folder: Path, user: str = "devops"
) -> AsyncIterator[Bench]:
    name = f"20180604T030800Z-{abs(hash(folder)) % 16**8:08x}-1"
    async with console(environment, folder, user, Limits()) as at:
        await asyncio.wait_for(at.fleet.sessions["web1"].usable(), 30)
        try:
            yield Bench(lab, at, name)
        finally:
            lab.sh("web1", f"rm -rf {APP_ROOT}/.beamdeck")


@pytest.mark.parametrize("form", FORMS)
async def test_it_runs_as_the_owner_in_the_release_and_leaves_no_unit(
    lab: Lab, lab_environment: Environment, tmp_path: Path, form: str
) -> None:
    with sudo_of_devops(lab, form):
        async with bench(lab, lab_environment, tmp_path) as at:
            words = ("a b", "it's", '$HOME ${HOME} $$ `id` "\\', "", "two\nlines", "%n %%")
            started = await at.start(
                'id -un; pwd; cat /proc/self/cgroup | tail -n 1; printf "[%s]" "$@"; exit 3', *words
            )
            assert started.ok, started.stderr
            assert f"form={form}" in started.stdout.decode()
            end = await at.follow()
            again = await at.start("echo twice")
            modes = lab.sh("web1", f"cd {APP_ROOT} && stat -c '%U %a' .beamdeck .beamdeck/steps")
    who, where, group, *rest = end.output.decode().splitlines()
    assert (end.exit_status, end.lost) == (3, False)
    assert (who, where) == ("billing", APP_ROOT)
    assert (f"beamdeck-{at.name}.service" in group) == (form == "unit")
    assert "\n".join(rest) == "".join(f"[{word}]" for word in words)
    assert again.exit_status == ALREADY
    assert start_problem(again) == f"{at.name} was started already; it is not started again"
    assert modes.split() == ["billing", "750", "billing", "750"]
    assert lab.sh("web1", "systemctl list-units --all --plain --no-legend 'beamdeck-*'") == ""


@pytest.mark.parametrize("form", FORMS)
async def test_it_has_the_units_environment_and_nobody_sees_it_in_ps(
    lab: Lab, lab_environment: Environment, tmp_path: Path, form: str
) -> None:
    folder = f"/run/systemd/system/{UNIT}.d"
    # Not found in the command line of the one that looks for it.
    pattern = f"'[{DATABASE_PASSWORD[0]}]{DATABASE_PASSWORD[1:]}'"
    lab.sh(
        "web1",
        f"mkdir -p {folder} && printf '%s\\n' '[Service]' 'Environment=\"PLAIN=one two\" "
        f"QUOTE=it\\x27s' 'EnvironmentFile=-/run/absent' 'EnvironmentFile=/run/billing.env' "
        f">{folder}/env.conf; printf '%s\\n' '# c' 'FILED=\"from a file\"' >/run/billing.env; "
        f"chmod 600 /run/billing.env; systemctl daemon-reload; systemctl restart {UNIT}",
    )
    try:
        with sudo_of_devops(lab, form):
            async with bench(lab, lab_environment, tmp_path) as at:
                inner = (
                    'printf "%s|" "$PLAIN" "$QUOTE" "$FILED" "$RELEASE_NODE" "$RELEASE_VSN" '
                    '"$LC_ALL" "$DATABASE_URL"; '
                    'bin/billing eval "IO.puts(to_string(System.get_env(\\"FILED\\")))"; sleep 2'
                )
                started = await at.start(inner, environment=True)
                assert started.ok, started.stderr
                seen = lab.sh(
                    "web1",
                    "for i in 1 2 3 4 5 6 7 8; do cat /proc/[0-9]*/cmdline 2>/dev/null; "
                    f"sleep 0.2; done | tr '\\0' ' ' | grep -c {pattern} || true",
                )
                end = await at.follow()
    finally:
        lab.sh(
            "web1",
            f"rm -rf {folder} /run/billing.env; systemctl daemon-reload; systemctl restart {UNIT}",
        )
    assert end.exit_status == 0, end.output
    plain, quote, filed, node, version, locale, url, told = end.output.decode().strip().split("|")
    assert (plain, quote, filed) == ("one two", "it's", "from a file")
    assert node == "billing@web1"
    assert (version, locale) == ("", "")
    assert DATABASE_PASSWORD in url
    assert told == "from a file"
    assert seen.strip() == "0"


async def test_an_environment_that_nobody_may_read_begins_nothing(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    lab.sh("web1", f"echo A=1 >/run/billing.env; chmod 600 /run/billing.env; systemctl stop {UNIT}")
    app = replace(lab_environment.apps[0], env_file="/run/billing.env")
    try:
        with sudo_of_devops(lab, "setsid"):
            async with bench(lab, replace(lab_environment, apps=(app,)), tmp_path) as at:
                await at.start("echo begun", environment=True)
                end = await at.follow()
    finally:
        lab.sh("web1", f"rm -f /run/billing.env; systemctl start {UNIT}")
    assert end.exit_status == 78
    assert b"/run/billing.env cannot be read by billing" in end.output
    assert b"begun\n" not in end.output


@pytest.mark.parametrize("form", FORMS)
async def test_a_link_cut_in_mid_step_costs_nothing(
    lab: Lab, lab_environment: Environment, tmp_path: Path, form: str
) -> None:
    inner = 'i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo "line $i of $1"; sleep 0.2; done'
    with sudo_of_devops(lab, form):
        async with bench(lab, lab_environment, tmp_path) as at:
            assert (await at.start(inner, "hundred")).ok
            following = asyncio.create_task(at.follow(120.0))
            await until(lambda: any("line" in text for _, text in at.said))
            with link_down("web1"):
                await asyncio.sleep(16)
            end = await asyncio.wait_for(following, 120)
    assert end.output.decode().splitlines() == [f"line {i} of hundred" for i in range(1, 101)]
    assert (end.exit_status, end.lost) == (0, False)
    assert StepState.UNKNOWN in [state for state, _ in at.said]


@pytest.mark.parametrize("form", FORMS)
async def test_a_step_that_is_killed_is_told_from_one_that_ended(
    lab: Lab, lab_environment: Environment, tmp_path: Path, form: str
) -> None:
    with sudo_of_devops(lab, form):
        async with bench(lab, lab_environment, tmp_path) as at:
            assert (await at.start("echo begun; sleep 300")).ok
            base = f"{APP_ROOT}/.beamdeck/steps/{at.name}"
            lab.sh("web1", f"kill -9 $(cut -d' ' -f1 {base}.pid)")
            looked = await at.session.run(read_detached(at.app, at.name, 0))
            state = parse_detached(looked.stdout, 0)
            if form == "setsid":
                # What it started goes on: it is not over while one of its session is left.
                assert state.word == "running"
                pid = lab.sh("web1", f"cut -d' ' -f1 {base}.pid").strip()
                lab.sh("web1", f"pkill -9 -s {pid}")
            end = await at.follow()
    assert (end.exit_status, end.lost) == (None, True)
    assert end.output == b"begun\n"
    assert end.detail == "it ended without a status"


async def test_whoever_may_not_act_as_the_owner_is_told(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    async with bench(lab, lab_environment, tmp_path, "restarter") as at:
        outcome = await at.start("echo begun")
    assert outcome.exit_status == NOT_ALLOWED
    assert start_problem(outcome) == "restarter may not act as billing by sudo"
    assert lab.sh("web1", f"ls -d {APP_ROOT}/.beamdeck 2>&1 || true").startswith("ls: cannot")
