"""`beamdeck releases`: release versions by host without a screen, read once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

from tui.headless import opened
from tui.model.release_report import releases_json, releases_lines
from tui.operations.releases import read_releases

if TYPE_CHECKING:
    from tui.model.fleet import App, Config, Environment
    from tui.model.release_rows import Releases


def print_releases(
    config: Config, environment: Environment, app: App, *, as_json: bool, timeout_s: float
) -> int:
    """Print the matrix; 0, or 1 if a host's folder or the store could not be read."""

    async def read() -> Releases:
        async with opened(config, environment, app) as deck:
            deck.start(journal=False)
            await deck.settled(timeout_s)
            return await read_releases(deck.context, deck.oplog.folder)

    releases = asyncio.run(read())
    if as_json:
        told = releases_json(environment, app, releases)
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print("\n".join(releases_lines(releases, tuple(releases.trees), time.time())))
    whole = all(not tree.problem for tree in releases.trees.values())
    return 0 if whole and (not releases.store_problem or not app.release_store) else 1
