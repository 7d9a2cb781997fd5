"""From arguments to an exit code; imports the app last, so that every other command stays quick."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli import Opening, commands

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tui.app import BeamdeckApp, Source


def open_console(opening: Opening) -> int:
    """Run the console until it is left; the exit code. A screenshot needs no terminal."""
    from tui.app import BeamdeckApp
    from tui.paths import state_folder

    app = BeamdeckApp(
        opening.config,
        opening.state_folder or state_folder(),
        provider=_demo(opening.scenario) if opening.demo else None,
        choice=(opening.environment, opening.app),
    )
    if opening.screenshot is not None:
        pilot = _photographer(app, opening.screenshot)
        result = app.run(headless=True, size=opening.size, auto_pilot=pilot)
    else:
        result = app.run()
    return app.return_code or result or 0


def _demo(scenario: str | None):  # type: ignore[no-untyped-def]  # the type is imported late
    def provide() -> AbstractAsyncContextManager[Source]:
        from tui.demo.source import DemoSource

        return DemoSource(scenario)

    return provide


def _photographer(app: BeamdeckApp, path: Path):  # type: ignore[no-untyped-def]  # Textual's own
    async def take(pilot: Pilot[int]) -> None:
        await app.ready.wait()
        if app.deck is None or not await app.deck.settled(30):
            app.exit(1, message="not every host answered within 30 s")
            return
        # A moment for the journal, so that the picture has the errors a minute.
        await pilot.pause(1.0)
        picture = app.export_screenshot(title="beamdeck")
        await asyncio.to_thread(path.write_text, picture, encoding="utf-8")
        app.exit(0)

    return take


def main() -> None:
    """The `beamdeck` command."""
    sys.exit(commands.main(obj=open_console, standalone_mode=True))


if __name__ == "__main__":
    main()
