"""`beamdeck audit verify`: the audit's chain, and with `--hosts` the marks that the hosts hold."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from tui.headless import opened
from tui.model.fleet import App, Config, Environment
from tui.model.text import scrub
from tui.model.words import counted
from tui.operations.audit_log import verify
from tui.operations.audit_marks import MarksCompared, compare_marks
from tui.paths import state_folder

Chosen = tuple[Config, Environment, App]


def verify_audit(file: Path | None, hosts: Callable[[], Chosen] | None, timeout_s: float) -> int:
    """Check the audit's chain, and each host's marks if `hosts` says which; 0 whole, 1 not."""
    path = file or state_folder() / "audit" / "audit.jsonl"
    problem = verify(path) if path.exists() else ""
    print(f"{path}: {problem or ('whole' if path.exists() else 'nothing was recorded yet')}")
    if hosts is None:
        return 1 if problem else 0
    told = asyncio.run(_compare(path, *hosts(), timeout_s))
    _print(told)
    return 1 if problem or told.judged.lacking or told.unread else 0


async def _compare(
    path: Path, config: Config, environment: Environment, app: App, timeout_s: float
) -> MarksCompared:
    async with opened(config, environment, app) as deck:
        deck.start(journal=False)
        await deck.settled(timeout_s)
        return await compare_marks(path, deck.context.sessions)


def _print(told: MarksCompared) -> None:
    for host, count in told.counts:
        more = ", and maybe older ones" if host in told.cut else ""
        print(scrub(f"{host}: {counted(count, 'mark')}{more}"))
    judged = told.judged
    print(f"{counted(len(judged.held), 'mark')} in the audit, {len(judged.others)} of others")
    for mark in judged.lacking:
        print(scrub(f"not in the audit: {mark.sentence}"))
    if judged.lacking:
        print("lines were cut off the audit, it was written anew, or its file was moved aside")
    for host, why in told.unread:
        print(scrub(f"{host} could not be asked: {why}"), file=sys.stderr)
