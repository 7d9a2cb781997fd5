"""`beamdeck operations`: those that were never ended, in the local log and on the hosts. Reads."""

from __future__ import annotations

import asyncio
import json
import sys

from tui.headless import opened
from tui.model.fleet import App, Config, Environment
from tui.model.operation import Unresolved
from tui.model.text import scrub
from tui.operations.open_operations import OpenOperations, open_operations


def print_operations(
    config: Config, environment: Environment, app: App, *, as_json: bool, timeout_s: float
) -> int:
    """Print every operation without an end; 0 if there is none and every host was asked, else 1."""

    async def read() -> OpenOperations:
        async with opened(config, environment, app) as deck:
            deck.start(journal=False)
            await deck.settled(timeout_s)
            return await open_operations(deck.context, deck.oplog)

    told = asyncio.run(read())
    if as_json:
        values = {
            "operations": [_json(left) for left in told.found],
            "not asked": [{"host": host, "why": scrub(why)} for host, why in told.unread],
        }
        print(json.dumps(values, indent=2, ensure_ascii=False))
    else:
        for left in told.found:
            print(scrub(f"{left.op}  {left.sentence}"))
            if left.worker.user:
                print(scrub(f"  begun by {left.worker.words}; {left.standing}"))
            if left.found_on:
                print(scrub(f"  found on {', '.join(left.found_on)}"))
        if not told.found:
            print("every operation has its end")
    for host, why in told.unread:
        print(scrub(f"{host} could not be asked: {why}"), file=sys.stderr)
    return 1 if told.found or told.unread else 0


def _json(left: Unresolved) -> dict[str, object]:
    return {
        "op": left.op,
        "title": left.title,
        "kind": left.kind,
        "environment": left.environment,
        "app": left.app,
        "user": left.worker.user,
        "client_host": left.worker.client_host,
        "began_at": left.began_at,
        "last_at": left.last_at,
        "step": None if left.step is None else left.step + 1,
        "steps": left.steps,
        "host": left.host,
        "what": left.what,
        "state": left.state or ("unknown" if left.step is not None else ""),
        "held": left.held,
        "found_on": list(left.found_on),
        "problem": left.problem,
    }
