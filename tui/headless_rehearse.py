"""`beamdeck rehearse rollback`: the plan that would work now, or why none would."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from tui.headless import opened
from tui.model.plan_words import plan_json, plan_text
from tui.model.text import scrub
from tui.operations.guards import consent_needs
from tui.operations.rehearse import Rehearsal, rehearse_rollback

if TYPE_CHECKING:
    from tui.headless_plans import Place


def print_rehearsal(
    place: Place, version: str, *, code_only: bool, as_json: bool, timeout_s: float
) -> int:
    """Print the plan and the verdict; 0 only if a rollback would work now, else 1."""

    async def read() -> Rehearsal:
        async with opened(place.config, place.environment, place.app) as deck:
            deck.start(journal=False)
            await deck.settled(timeout_s)
            return await rehearse_rollback(deck.context, version, code_only=code_only)

    rehearsal = asyncio.run(read())
    if as_json:
        print(json.dumps(rehearsal_json(rehearsal), indent=2, ensure_ascii=False))
    else:
        if rehearsal.plan is not None:
            print(plan_text(rehearsal.plan, consent_needs(rehearsal.plan)))
            print()
        for reason in rehearsal.reasons:
            print(f"no: {scrub(reason)}", file=sys.stderr)
        if rehearsal.works:
            print(f"a rollback to {rehearsal.target} would work now; nothing was changed")
    return 0 if rehearsal.works else 1


def rehearsal_json(rehearsal: Rehearsal) -> dict[str, object]:
    """The rehearsal as plain JSON values; `plan` is what `beamdeck plan --json` prints."""
    plan = rehearsal.plan
    return {
        "works": rehearsal.works,
        "target": rehearsal.target,
        "reasons": [scrub(reason) for reason in rehearsal.reasons],
        "plan": plan_json(plan, consent_needs(plan)) if plan is not None else None,
    }
