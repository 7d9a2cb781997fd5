"""The timeline's screen on the embedded fleet: read, narrowed, a note added, never markup."""

from __future__ import annotations

from pathlib import Path

from screens.hosts import HostsScreen
from screens.timeline import TimelineScreen
from tests.screens.test_app import opened, screen_text
from tests.waiting import until
from tui.demo.fleet import DemoFleet
from tui.model.timeline import Entry, Kind
from tui.operations.timeline_store import TimelineStore

AT = 1_528_081_680.0


async def test_it_is_read_narrowed_and_a_note_is_added(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    store = TimelineStore.beside(tmp_path / "audit" / "audit.jsonl")
    for number, text in enumerate(("[bold]the pager[/] rang", "web1 looked at", "elsewhere")):
        app = demo_fleet.app.name if number < 2 else "another"
        kind = Kind.INCIDENT_OPENED if number == 0 else Kind.NOTE
        place = (demo_fleet.environment.name, app)
        store.add(Entry(AT + number, kind, text, *place, who="ada@desk"))
    async with opened(demo_fleet, tmp_path) as (app_shown, pilot):
        await pilot.press("I")
        await until(lambda: isinstance(app_shown.screen, TimelineScreen))
        await until(lambda: "web1 looked at" in screen_text(app_shown))
        shown = screen_text(app_shown)
        assert "incident open: [bold]the pager[/] rang" in shown
        assert "06-04 03:08:00 incident opened" in shown
        assert "elsewhere" not in shown, "another app's"
        assert " by ada@desk" in shown
        await pilot.press("i")
        await pilot.press(*"told ann", "enter")
        await until(lambda: "told ann" in screen_text(app_shown))
        assert [e.text for e in store.read().entries][-1] == "told ann"
        await pilot.press("slash", *"LOOKED", "enter")
        await until(lambda: "told ann" not in screen_text(app_shown))
        assert "web1 looked at" in screen_text(app_shown)
        assert "2 entries not listed" in screen_text(app_shown)
        await pilot.press("escape")
        await until(lambda: "told ann" in screen_text(app_shown))
        await pilot.press("escape")
        await until(lambda: isinstance(app_shown.screen, HostsScreen))
