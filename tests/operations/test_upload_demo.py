"""An archive on its way to a host: resumed where it broke, compared there, never named by half."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.operations.plan_console import PlanConsole, hasten, plan_console
from tests.security.archives import LIB, file, whole
from tui.demo.fleet import DemoFleet
from tui.demo.machine import Machine
from tui.errors import ChangeRefused
from tui.model.command import Ended, Outcome
from tui.model.gate import Grant
from tui.model.plan import Step, StepState
from tui.operations.archive import read_archive
from tui.operations.deploy_steps import upload_step
from tui.operations.planners import step_kinds
from tui.operations.steps import Finding
from tui.operations.upload_work import UploadWork


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


@dataclass
class Bench:
    """One upload to web1."""

    at: PlanConsole
    machine: Machine
    archive: Path
    said: list[str]

    @property
    def folder(self) -> Path:
        """Where uploads lie, as this machine sees it."""
        return self.machine.sandbox.root / "home/devops/.beamdeck/billing"

    @property
    def part(self) -> Path:
        return self.folder / "0.3.0.tar.gz.part"

    def work(self) -> UploadWork:
        app = self.at.context.app
        step: Step = upload_step(app, read_archive(self.archive, app.name), "web1")
        session = self.at.fleet.sessions["web1"]
        work = step_kinds(self.at.context)["upload"](step, session, ())
        assert isinstance(work, UploadWork)
        return work

    async def upload(self) -> tuple[Outcome, Finding]:
        work = self.work()
        assert (await work.judge()).refused == ""
        outcome = await work.act(self.at.gate.grant("test"), self.say)
        return outcome, await work.find_out((), outcome, self.say)

    def say(self, state: StepState, detail: str) -> None:
        self.said.append(detail)

    def begin(self, data: bytes) -> None:
        """Leave what an earlier try would have left."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.part.write_bytes(data)


@pytest.fixture
async def bench(demo_fleet: DemoFleet, tmp_path: Path) -> AsyncIterator[Bench]:
    archive = tmp_path / "billing-0.3.0.tar.gz"
    archive.write_bytes(whole(file(f"{LIB}/priv/noise", bytes(range(256)) * 4096)))
    async with plan_console(demo_fleet.environment, demo_fleet.app, tmp_path) as at:
        at.gate.unlock("test")
        yield Bench(at, demo_fleet.machines["web1"], archive, [])


async def test_whole_private_and_without_a_part(bench: Bench) -> None:
    _, found = await bench.upload()
    assert found.state is StepState.DONE
    arrived = bench.folder / "0.3.0.tar.gz"
    assert arrived.read_bytes() == bench.archive.read_bytes()
    assert arrived.stat().st_mode & 0o777 == 0o600
    assert bench.folder.stat().st_mode & 0o777 == 0o700
    assert not bench.part.exists()
    again, found = await bench.upload()
    assert again.ok
    assert found.state is StepState.DONE, "what is there already is not sent again"


async def test_resumed_behind_what_is_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = bench.archive.read_bytes()[:5000]
    bench.begin(begun)
    offsets = _spy(bench, monkeypatch)
    _, found = await bench.upload()
    assert found.state is StepState.DONE
    assert offsets == [5000]
    assert any("going on behind" in detail for detail in bench.said)


async def test_what_is_of_another_archive_is_not_gone_on_with(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = bench.archive.stat().st_size + 1000
    for other in (b"x" * 5000, bench.archive.read_bytes() + b"x", b"y" * longer):
        bench.begin(other)
        offsets = _spy(bench, monkeypatch)
        _, found = await bench.upload()
        assert found.state is StepState.DONE
        assert offsets == [0]
        arrived = bench.folder / "0.3.0.tar.gz"
        assert arrived.read_bytes() == bench.archive.read_bytes()
        arrived.unlink()


def _spy(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The offsets that are sent from."""
    session, offsets = bench.at.fleet.sessions["web1"], list[int]()
    send = type(session).upload

    async def upload(
        self: object, local: Path, remote: str, offset: int, progress: object, grant: Grant | None
    ) -> Outcome:
        offsets.append(offset)
        return await send(session, local, remote, offset, progress, grant)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(type(session), "upload", upload)
    return offsets


async def test_what_changed_under_way_gets_no_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bench.at.fleet.sessions["web1"]
    send = type(session).upload

    async def upload(self: object, *words: object) -> Outcome:
        outcome = await send(session, *words)  # type: ignore[arg-type]  # passed on
        data = bytearray(bench.part.read_bytes())
        data[100] ^= 1
        bench.part.write_bytes(data)
        return outcome

    monkeypatch.setattr(type(session), "upload", upload)
    _, found = await bench.upload()
    assert found.state is StepState.FAILED
    assert "the archive on the host is not the one that was sent" in found.detail
    assert not (bench.folder / "0.3.0.tar.gz").exists()


async def test_a_disk_that_fills_up_is_named_and_the_part_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SFTP says no more than that it failed."""
    work = bench.work()
    assert (await work.judge()).refused == ""
    bench.machine.fill_disk()
    outcome = await work.act(bench.at.gate.grant("test"), bench.say)
    assert outcome.ended is Ended.EXITED
    assert not outcome.ok
    found = await work.find_out((), outcome, bench.say)
    assert found.state is StepState.FAILED
    assert found.detail.startswith("no space is left on the host")
    assert "are free for the upload" in (await bench.work().judge()).refused
    bench.machine.fill_disk(False)
    _, found = await bench.upload()
    assert found.state is StepState.DONE


async def test_a_lost_link_is_no_success_and_the_rest_is_sent_later(bench: Bench) -> None:
    bench.machine.cut_in(12_000)
    work = bench.work()
    outcome = await work.act(bench.at.gate.grant("test"), bench.say)
    assert (outcome.ended, outcome.exit_status) == (Ended.LINK_LOST, None)
    bench.at.fleet.retry("web1")
    found = await work.find_out((), outcome, bench.say)
    assert found.state is StepState.FAILED
    assert "link lost" in found.detail
    _, found = await bench.upload()
    assert found.state is StepState.DONE


async def test_nothing_is_sent_without_the_grant_of_a_plan(bench: Bench) -> None:
    session = bench.at.fleet.sessions["web1"]
    with pytest.raises(ChangeRefused):
        await session.upload(bench.archive, "stolen", 0, lambda count: None, None)
    grant = bench.at.gate.grant("test")
    bench.at.gate.revoke(grant)
    with pytest.raises(ChangeRefused):
        await session.upload(bench.archive, "stolen", 0, lambda count: None, grant)
    assert not list(bench.machine.sandbox.root.rglob("stolen"))


async def test_share_and_rate_are_told_while_it_runs(bench: Bench) -> None:
    work = bench.work()
    assert await work.progress() == ""
    await work.act(bench.at.gate.grant("test"), bench.say)
    line = await work.progress()
    assert line.startswith("█" * 20)
    assert "100% of" in line
    assert "/s, 0 s left" in line
