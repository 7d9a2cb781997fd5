"""Everything that the releases screen knows, read at once: trees, store, who deployed what."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from tui.model.redact import from_host
from tui.model.release_rows import Releases
from tui.model.release_store import StoredArchive
from tui.operations.context import PlanContext
from tui.operations.release_store import StoreUnreadable, list_store
from tui.operations.release_trees import read_trees

_DEPLOY = re.compile(r"deploy (\S+) to ")
_LOGS = 500
"""Operations that are looked at for who deployed what, newest first."""


async def read_releases(context: PlanContext, logs: Path | None = None) -> Releases:
    """Read every host of the app and its store; `logs` are this machine's operation logs."""
    trees, (archives, problem), by = await asyncio.gather(
        read_trees(context, context.hosts), _store(context), asyncio.to_thread(_by, context, logs)
    )
    return Releases(trees, archives, by, problem, context.clock())


async def _store(context: PlanContext) -> tuple[tuple[StoredArchive, ...], str]:
    if not context.app.release_store:
        return (), "the app's config names no release store"
    try:
        return await list_store(context.app, context), ""
    except StoreUnreadable as error:
        return (), from_host(error.detail)


def _by(context: PlanContext, logs: Path | None) -> tuple[tuple[str, str], ...]:
    """(version, operator) of the deploys of this app that this machine carried to a good end."""
    found: dict[str, str] = {}
    paths = sorted(logs.glob("*.jsonl"), reverse=True)[:_LOGS] if logs is not None else []
    for path in paths:
        try:
            first, *_, last = path.read_bytes().splitlines()
            plan, end = json.loads(first), json.loads(last)
        except (OSError, ValueError):
            # A log that cannot be read is `audit verify`'s concern; here it only says no name.
            continue
        named = _DEPLOY.match(str(plan.get("title", "")))
        mine = (plan.get("environment"), plan.get("app"), plan.get("kind")) == (
            context.environment.name,
            context.app.name,
            "deploy",
        )
        if mine and named and end.get("event") == "end" and end.get("ok") is True:
            found.setdefault(named[1], from_host(str(plan.get("os_user", "")), limit=32))
    return tuple(sorted(found.items()))
