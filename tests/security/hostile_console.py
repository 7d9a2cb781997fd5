"""A console whose one host says hostile things: run in a terminal by test_real_pty.

python -m tests.security.hostile_console LINES STATE_FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.security.hostile import lines
from tui.app import BeamdeckApp
from tui.demo.fleet import DemoFleet
from tui.demo.timing import FAST
from tui.model.fleet import Config


async def main() -> int:
    """Fill the journal, then run the console until it is left."""
    async with DemoFleet(("web1",), chatter=False, timing=FAST) as fleet:
        for line in lines(int(sys.argv[1])):
            fleet.machines["web1"].app_says(line)
        config = Config(environments=(fleet.environment,), ssh_config=())
        app = BeamdeckApp(config, Path(sys.argv[2]))
        await app.run_async()
        return app.return_code or 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
