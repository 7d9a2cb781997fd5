"""A rehearsed rollback on the embedded fleet: right in each case, and nothing but reading."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import MakeFleet
from tests.operations.plan_console import PlanConsole, hasten, plan_console
from tests.security.archives import whole
from tests.waiting import until
from tui.commands.detached import STEP_VARIABLE
from tui.commands.lock import HOLDER_VARIABLE, holder_words, lock_command, unlock_command
from tui.demo.fleet import DemoFleet
from tui.model.command import Command
from tui.model.fleet import MigrateWhen
from tui.model.gate import Grant
from tui.model.release_tree import TreeSeen, VersionSeen
from tui.operations.rehearse import newest_earlier, no_earlier, rehearse_rollback
from tui.ssh.gate import Gate


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Command, Grant | None]]:
    """Every command that the transports asked the gate for, with its grant."""
    found: list[tuple[Command, Grant | None]] = []
    real = Gate.check

    def check(self: Gate, command: Command, grant: Grant | None) -> None:
        found.append((command, grant))
        real(self, command, grant)

    monkeypatch.setattr(Gate, "check", check)
    return found


def files_of(demo: DemoFleet) -> dict[str, str]:
    """The digest of each file of each host's release, and of what the console keeps there."""
    found = {}
    for name, machine in demo.machines.items():
        root = machine.beam.tree.real
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                found[f"{name} {path}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


async def reasons(at: PlanConsole, version: str = "", *, code_only: bool = False) -> str:
    told = await rehearse_rollback(at.context, version, code_only=code_only)
    assert not told.works
    return "\n".join(told.reasons)


async def test_what_would_work_is_a_plan_and_only_reads_were_sent(
    make_fleet: MakeFleet, tmp_path: Path, sent: list[tuple[Command, Grant | None]]
) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    async with plan_console(demo.environment, demo.app, tmp_path) as at:
        before = files_of(demo)
        told = await rehearse_rollback(at.context)
        assert (told.works, told.target, told.reasons) == (True, "0.1.0", ())
        assert told.plan is not None
        assert {step.kind for step in told.plan.steps} >= {"migrate_down", "switch", "restart"}
        assert told.plan.hash == (await at.plan("rollback", version="0.1.0")).hash
        assert len(sent) > 10
        assert all(command.reading() and grant is None for command, grant in sent)
        assert files_of(demo) == before


async def test_each_reason_why_not(make_fleet: MakeFleet, tmp_path: Path) -> None:
    demo = await make_fleet(hosts=("web1", "web2"))
    root = demo.machines["web2"].beam.tree.real
    async with plan_console(demo.environment, demo.app, tmp_path) as at:
        assert "web1: 9.9.9 is not on it" in await reasons(at, "9.9.9")

        boot = root / "releases/0.1.0/start.boot"
        kept = boot.read_bytes()
        boot.unlink()
        assert "web2: 0.1.0 is not whole: start.boot" in await reasons(at, "0.1.0")
        told = await reasons(at)
        assert "no earlier release is whole on every host" in told
        assert "0.1.0 (lacks start.boot)" in told
        boot.write_bytes(kept)

        cookie = root / "releases/COOKIE"
        kept = cookie.read_bytes()
        cookie.chmod(0o600)
        cookie.write_bytes(b"ANOTHER")
        assert "web2: its node runs and does not answer control calls" in await reasons(at)
        cookie.write_bytes(kept)
        assert (await rehearse_rollback(at.context)).works

        grant = at.gate.grant("f" * 64)
        who = ((STEP_VARIABLE, "op-1"), (HOLDER_VARIABLE, holder_words("ann", "laptop", "deploy")))
        take = replace(lock_command(at.context.app, "deploy"), env=who)
        assert (await at.fleet.sessions["web1"].run(take, grant)).ok
        assert "ann" in await reasons(at)
        give = replace(unlock_command(at.context.app), env=who)
        assert (await at.fleet.sessions["web1"].run(give, grant)).ok
        at.gate.revoke(grant)
        assert (await rehearse_rollback(at.context)).works

        await demo.machines["web2"].refuse_connections()
        demo.machines["web2"].drop_connections()
        await until(lambda: not at.fleet.sessions["web2"].link.usable)
        assert "web2: it cannot be reached" in await reasons(at)


async def test_what_cannot_be_undone_is_refused_and_code_only_would_work(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    demo = await make_fleet(hosts=("web1",))
    archive = tmp_path / "billing-0.3.0.tar.gz"
    archive.write_bytes(whole())
    app = replace(demo.app, migrations=MigrateWhen.AFTER)
    async with plan_console(demo.environment, app, tmp_path) as at:
        await at.do("deploy", archive=str(archive))
        told = await reasons(at)
        assert "20180203120000" in told
        assert "neither down nor change" in told
        assert "Code only, with the schema left ahead, can be planned" in told
        code = await rehearse_rollback(at.context, code_only=True)
        assert (code.works, code.target) == (True, "0.2.0")


def tree(host: str, runs: str | None, *versions: str, broken: str = "") -> TreeSeen:
    seen = tuple(VersionSeen(v, ("start.boot",) if v == broken else ()) for v in versions)
    return TreeSeen(host, 0.0, "/opt", runs=runs, boots=versions[-1], versions=seen)


def test_the_newest_earlier_one_is_whole_everywhere() -> None:
    two = tree("web1", "0.10.0", "0.8.0", "0.9.0", "0.10.0", "0.11.0")
    assert (
        newest_earlier((two, tree("web2", "0.10.0", "0.8.0", "0.9.0", "0.10.0", "0.11.0")))
        == "0.9.0"
    )
    gone = tree("web2", "0.10.0", "0.8.0", "0.9.0", "0.10.0", broken="0.9.0")
    assert newest_earlier((two, gone)) == "0.8.0"
    alone = tree("web2", "0.10.0", "0.10.0")
    assert newest_earlier((two, alone)) == ""
    assert "web2 runs 0.10.0; on it: 0.10.0" in no_earlier((two, alone))
    looping = tree("web2", None, "0.8.0", "0.10.0")
    assert newest_earlier((two, looping)) == "0.8.0", "what does not run counts by what it boots"
    unread = TreeSeen("web2", 0.0, problem="no rights")
    assert newest_earlier((two, unread)) == ""
    assert no_earlier((two, unread)) == ("web2: its releases cannot be read: no rights",)
