"""The journal of the embedded fleet, from its hosts' sshd to the screen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from screens.journal import JournalScreen
from screens.timeline import TimelineScreen
from tests.conftest import MakeFleet
from tests.waiting import until
from tui.app import BeamdeckApp
from tui.demo.fleet import DemoFleet
from tui.model.fleet import Config, Limits
from tui.model.journal import EntryKind
from tui.model.timeline import Kind
from tui.operations.timeline_store import TimelineStore


class Console:
    """The console with the journal in view."""

    def __init__(self, app: BeamdeckApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> JournalScreen:
        screen = self.app.screen
        assert isinstance(screen, JournalScreen)
        return screen

    def lines(self) -> list[str]:
        """What is painted."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    async def shows(self, *texts: str) -> str:
        """The first line with all of these texts, as soon as there is one."""
        found: list[str] = []

        def there() -> bool:
            found[:] = [line for line in self.lines() if all(text in line for text in texts)]
            return bool(found)

        await until(there)
        return found[0]


@asynccontextmanager
async def console(fleet: DemoFleet, state: Path) -> AsyncIterator[Console]:
    """Opened on the fleet; its streams come up meanwhile."""
    limits = Limits(probe_interval_s=0.5, keepalive_s=0.5)
    app = BeamdeckApp(Config((fleet.environment,), limits, ssh_config=()), state)
    async with app.run_test(size=(80, 24)) as pilot:
        await app.ready.wait()
        await pilot.press("3")
        await until(lambda: isinstance(app.screen, JournalScreen))
        yield Console(app, pilot)


async def test_lines_of_all_hosts_are_on_screen_and_each_hosts_in_order(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as opened:
        for number in range(6):
            host = f"web{number % 3 + 1}"
            demo_fleet.machines[host].app_says(f"12:00:00.000 [info] line number {number}")
        for number in range(6):
            await opened.shows(f"line number {number}")
        said = [line for line in opened.lines() if "line number" in line]
        assert len(said) == 6
        for first, name in enumerate(("web1", "web2", "web3")):
            # Between hosts the order is as good as the measurement of their clocks.
            mine = [line[-1] for line in said if f" {name} info  line number" in line]
            assert mine == [str(first), str(first + 3)]


async def test_a_line_is_on_screen_soon(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    async with console(demo_fleet, tmp_path) as opened:
        took = []
        for number in range(9):
            begin = time.perf_counter()
            demo_fleet.machines["web1"].app_says(f"line number {number}")
            await opened.shows(f"line number {number}")
            took.append(time.perf_counter() - begin)
        median, most = sorted(took)[4] * 1000, max(took) * 1000
        print(f"line to screen: median {median:.0f} ms, most {most:.0f} ms")
        # 300 ms is what is promised; a busy machine that runs other tests gets three times that.
        assert sorted(took)[4] < 0.9


async def test_a_pinned_entry_is_on_the_timeline_without_its_secret(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as opened:
        demo_fleet.machines["web2"].app_says("12:00:00.000 [error] refused, password=correct-horse")
        await opened.shows("refused, password")
        await opened.pilot.press("e", "m")
        store = TimelineStore.beside(tmp_path / "audit" / "audit.jsonl")
        await until(lambda: bool(store.read().entries))
        (pin,) = store.read().entries
        assert (pin.kind, pin.host, pin.app) == (Kind.PIN, "web2", demo_fleet.app.name)
        assert "refused, password" in pin.text
        assert "correct-horse" not in store.path.read_text()
        assert pin.cursor.startswith("s=")
        for number in range(40):
            demo_fleet.machines["web2"].app_says(f"12:00:01.000 [info] line {number} after it")
        await opened.pilot.press("G")
        await opened.shows("line 39 after it")
        await opened.pilot.press("I")
        await until(lambda: isinstance(opened.app.screen, TimelineScreen))
        await opened.shows("pin", "web2", "refused, password")
        await opened.pilot.press("enter")
        await until(lambda: isinstance(opened.app.screen, JournalScreen))
        line = await opened.shows("▌", "refused, password")
        assert "web2 ERROR" in line


async def test_a_trace_is_one_entry_and_an_error_is_found(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as opened:
        for line in (
            "12:00:00.000 [error] GenServer Billing.Mailer terminating",
            "** (stop) exited in: GenServer.call(Billing.Smtp, :deliver, 5000)",
            "    ** (EXIT) time out",
            "    (elixir) lib/gen_server.ex:774: GenServer.call/3",
            "    (billing) lib/billing/mailer.ex:33: Billing.Mailer.handle_info/2",
        ):
            demo_fleet.machines["web2"].app_says(line)
        demo_fleet.machines["web1"].app_says("12:00:00.000 [info] all well here")
        await opened.shows("(3 more lines)")
        await opened.pilot.press("e")
        line = await opened.shows("▌", "web2 ERROR GenServer Billing.Mailer")
        assert line.startswith("▌")


async def test_a_lost_link_is_a_rule_that_closes_and_nothing_is_lost(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as opened:
        web2 = demo_fleet.machines["web2"]
        web2.app_says("before the cut")
        await opened.shows("before the cut")
        await web2.refuse_connections()
        web2.drop_connections()
        line = await opened.shows("web2: link lost")
        assert "resuming" in line
        await opened.shows("web2: resuming")
        for number in range(5):
            web2.app_says(f"while away {number}")
        await web2.refuse_connections(on=False)
        await opened.shows("resumed after")
        await opened.shows("while away 4")
        said = [line[-1] for line in opened.lines() if "while away" in line]
        assert said == list("01234")
        assert opened.app.deck is not None
        kinds = [entry.kind for entry in opened.app.deck.store.entries]
        assert kinds.count(EntryKind.GAP) == 1


async def test_another_time_is_read_anew_from_the_hosts(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    async with console(demo_fleet, tmp_path) as opened:
        demo_fleet.machines["web1"].app_says("something to see")
        await opened.shows("something to see")
        await opened.pilot.press("s", *["backspace"] * 5, *"now", "enter")
        await opened.shows("since now")
        demo_fleet.machines["web1"].app_says("something new")
        await opened.shows("something new")
        assert not any("something to see" in line for line in opened.lines())


async def test_who_may_not_read_is_told_so_and_what_to_do(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    fleet = await make_fleet(user="watcher")
    async with console(fleet, tmp_path) as opened:
        await opened.shows("web1, web2, web3: no right")
        assert "usermod -aG systemd-journal" in " ".join(" ".join(opened.lines()).split())
