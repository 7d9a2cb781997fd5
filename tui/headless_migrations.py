"""`beamdeck migrations`: an app's migrations without a screen, read once."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from tui.errors import BeamdeckError
from tui.headless import opened
from tui.model.migration_report import migrations_json, migrations_lines
from tui.operations.migration_read import read_both

if TYPE_CHECKING:
    from tui.model.fleet import App, Config, Environment
    from tui.model.migration_views import MigrationsSeen


def print_migrations(
    config: Config, environment: Environment, app: App, *, as_json: bool, timeout_s: float
) -> int:
    """Print both views and every judgement; 0, or 1 if one of the views is not known."""

    async def read() -> MigrationsSeen:
        async with opened(config, environment, app) as deck:
            deck.site.start()
            host = deck.context.migration_host
            if host not in deck.sessions:
                raise BeamdeckError(f"{app.name} has no host that could be asked")
            try:
                await asyncio.wait_for(deck.sessions[host].usable(), timeout_s)
            except TimeoutError:
                link = deck.sessions[host].link
                raise BeamdeckError(f"{host}: {link.state} {link.detail}".strip()) from None
            return await read_both(deck.context, host)

    seen = asyncio.run(read())
    if as_json:
        told = migrations_json(environment, app, seen)
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print("\n".join(migrations_lines(seen)))
    return 1 if seen.running.trouble or seen.on_disk.trouble else 0
