"""The releases screen on the embedded fleet: what it shows, asks for, and refuses with words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

import tui
from screens.releases import ReleasesScreen
from screens.rollback import RollbackScreen
from tests.conftest import MakeFleet
from tests.waiting import until
from tui.app import BeamdeckApp
from tui.demo.fleet import DemoFleet
from tui.messages import PlanAsked
from tui.model.fleet import Config, Limits


class Console(BeamdeckApp):
    """The console; what is asked of it and what it says is kept, and no plan is built."""

    CSS_PATH = str(Path(tui.__file__).parent / "app.tcss")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked: list[PlanAsked] = []
        self.said: list[str] = []

    async def on_plan_asked(self, message: PlanAsked) -> None:
        message.prevent_default()
        self.asked.append(message)

    def notify(self, message: str, **options: Any) -> None:
        assert options.get("markup") is False
        self.said.append(message)

    @property
    def text(self) -> str:
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(s.text for s in strip) for strip in strips)


@asynccontextmanager
async def opened(
    fleet: DemoFleet, state: Path, size: tuple[int, int] = (80, 24), **changed: Any
) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    environment = fleet.environment
    environment = replace(environment, apps=(replace(environment.apps[0], **changed),))
    limits = Limits(probe_interval_s=0.5)
    app = Console(Config((environment,), limits, ssh_config=()), state)
    async with app.run_test(size=size) as pilot:
        await app.ready.wait()
        await pilot.press("2")
        await until(lambda: isinstance(app.screen, ReleasesScreen))
        await until(lambda: "read 0s ago" in app.text or "read 1s ago" in app.text)
        yield app, pilot


def line(app: Console, version: str) -> str:
    return next(row for row in app.text.split("\n") if row[1:].startswith(version))


async def test_the_matrix_says_what_runs_boots_lacks_and_lies_in_the_store(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    (demo_fleet.machines["web2"].beam.tree.real / "releases/0.1.0/start.boot").unlink()
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        assert [row.split()[0] for row in app.text.split("\n")[3:7]] == [
            "▌0.3.1", "0.3.0", "0.2.0", "0.1.0",
        ]  # fmt: skip
        assert line(app, "0.3.1").split() == ["▌0.3.1", "●", "–", "–", "–", "1h", "4.0K"]
        assert line(app, "0.3.0").split()[:8] == [
            "0.3.0", "●", "–", "–", "boots", "↻", "2d", "+2",
        ]  # fmt: skip
        runs = ["runs", "boots"] * 2 + ["runs"]
        assert line(app, "0.2.0").split()[:9] == ["0.2.0", "●", *runs, "8d", "+1"]
        assert "whole" in line(app, "0.1.0")
        assert "lacks" in line(app, "0.1.0")
        await pilot.press("G")
        await until(lambda: "web2: lacks start.boot" in app.text)
        assert all(len(row) == 80 for row in app.text.split("\n"))


async def test_keys_ask_for_plans_with_what_is_highlighted(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        await pilot.press("D", "C")
        await until(lambda: len(app.asked) == 2)
        one, other = app.asked
        archive = str(demo_fleet.store / "billing-0.3.1.tar.gz")
        asked = {"version": "0.3.1", "archive": archive, "hosts": "web1 web2 web3"}
        assert (one.deck, one.kind, dict(one.params)) == (
            "demo/billing", "deploy", {**asked, "canary": ""},
        )  # fmt: skip
        assert dict(other.params) == {**asked, "canary": "yes"}
        # 0.3.0 lies on web3 already, where only the restart is missing.
        await pilot.press("j", "D")
        await until(lambda: len(app.asked) == 3)
        given = dict(app.asked[-1].params)
        assert (given["version"], given["hosts"]) == ("0.3.0", "web1 web2")
        del app.asked[-1]
        await pilot.press("k", "B")
        await until(lambda: "0.3.1 is on no host: deploy it" in app.said)
        await pilot.press("G", "D")
        await until(lambda: "0.1.0 is not in the release store" in app.said)
        await pilot.press("B")
        await until(lambda: isinstance(app.screen, RollbackScreen))
        await until(lambda: "▌0.1.0" in app.text)
        await pilot.press("escape", "c", "P")
        await until(lambda: len(app.asked) == 4)
        assert [(m.kind, dict(m.params).get("code_only")) for m in app.asked[2:]] == [
            ("rollback", "yes"),
            ("prune", None),
        ]
        await pilot.press("b")
        await until(lambda: "the app's config names no build command" in app.said)


async def test_filter_marks_reading_again_and_no_width_breaks_it(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with opened(demo_fleet, tmp_path) as (app, pilot):
        await pilot.press("slash", *"0.3", "enter")
        await until(lambda: "2 versions hidden" in app.text)
        assert "0.1.0" not in app.text
        await pilot.press("escape", "space", "j", "space")
        await until(lambda: "marked: 0.3.1, 0.3.0" in app.text)
        demo_fleet.machines["web1"].sandbox.write("home/billing/prod/billing/releases/9.9.9/x", "y")
        await pilot.press("escape", "r")
        await until(lambda: "9.9.9" in app.text)
        for width in (20, 40, 100, 120, 160):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            assert all(len(row) == width for row in app.text.split("\n"))


async def test_many_hosts_are_counted_in_one_column(make_fleet: MakeFleet, tmp_path: Path) -> None:
    fleet = await make_fleet(tuple(f"web{n}" for n in range(1, 7)))
    async with opened(fleet, tmp_path) as (app, _pilot):
        assert "5 runs boots, 1 runs" in line(app, "0.2.0")
        assert "1 boots ↻" in line(app, "0.3.0")


async def test_details_and_a_comparison(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    tree = demo_fleet.machines["web3"].beam.tree.real
    (tree / "releases/0.3.0/vm.args").write_text("+fnu\n-setcookie verysecretcookievalue\n")
    async with opened(demo_fleet, tmp_path, (100, 60)) as (app, pilot):
        await pilot.press("j", "enter")
        await until(lambda: "on the hosts" in app.text)
        assert "telemetry_app 1.0.0" in app.text
        assert "20180203120000 irreversible  since 0.3.0" in app.text
        assert "20180101120000 add_amount  since 0.2.0" in app.text
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, ReleasesScreen))
        await pilot.press("d")
        await until(lambda: "applications" in app.text)
        assert "0.2.0 → 0.3.0" in app.text
        assert "+ telemetry_app 1.0.0" in app.text
        assert "~ billing 0.2.0 → 0.3.0" in app.text
        assert "+ 20180203120000 irreversible (billing)" in app.text
        assert "-setcookie ***" in app.text
        assert "verysecretcookievalue" not in app.text
        assert "vm.args sets another cookie" in app.text


async def test_a_stored_release_is_compared_with_what_runs(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with opened(demo_fleet, tmp_path, (100, 60)) as (app, pilot):
        await pilot.press("d")
        await until(lambda: "applications" in app.text)
        assert "0.2.0 → 0.3.1" in app.text
        assert "+ telemetry_app 1.0.0" in app.text
        assert "the cookies differ: the host's is kept when it is deployed" in app.text
        (demo_fleet.store / "billing-0.3.1.tar.gz").write_bytes(b"\x1f\x8bnothing")
        await pilot.press("escape", "d")
        await until(lambda: "billing-0.3.1.tar.gz: it is damaged or cut short" in app.text)


async def test_what_a_host_calls_its_releases_is_only_ever_text(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    releases = demo_fleet.machines["web1"].beam.tree.real / "releases"
    (releases / "[red]$(reboot)\x1b[31m").mkdir()
    async with opened(demo_fleet, tmp_path) as (app, _pilot):
        await until(lambda: "a name that no command is made of" in app.text.replace("\n", " "))
        assert "[red]$(reboot)" in app.text
        assert "\x1b" not in app.text


@pytest.mark.parametrize("store", ["", "s3://KEY@SECRET:bucket"])
async def test_a_store_that_cannot_be_read_says_why(
    demo_fleet: DemoFleet, tmp_path: Path, store: str
) -> None:
    async with opened(demo_fleet, tmp_path, release_store=store or None) as (app, pilot):
        await pilot.press("D")
        wanted = "s3:// stores cannot be read" if store else "the app's config names no release st"
        await until(lambda: any(wanted in said for said in app.said))
        assert "SECRET" not in app.text
