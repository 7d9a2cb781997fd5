"""Plans that were printed, kept a while, so that a run can say what has changed since.

What is kept is only for words: consent is bound to the hash, which is made anew each time.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from tui.model.plan import Plan, Step, Tier
from tui.model.plan_words import shown
from tui.paths import open_private

KEPT = 50
"""So many printed plans are kept, the newest."""


def keep(folder: Path, plan: Plan) -> None:
    """Write down what the plan rests on; OSError if that cannot be done."""
    values = {
        "facts": [list(fact) for fact in plan.facts],
        "steps": [[s.kind, s.host, s.what, shown(s.command)] for s in plan.steps],
        "left_out": list(plan.left_out),
        "losses": [[loss.key, loss.what] for loss in plan.losses],
    }
    with open_private(_file(folder, plan.hash), "w") as file:
        json.dump(values, file)
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[KEPT:]:
        with contextlib.suppress(OSError):
            path.unlink()


def kept(folder: Path, plan_hash: str, like: Plan) -> Plan | None:
    """The plan that was printed with this hash, as far as its facts and hosts go; None: unknown.

    `like` is the plan of right now, which lends what was not kept.
    """
    try:
        with open_private(_file(folder, plan_hash), "r") as file:
            values = json.load(file)
        steps = tuple(
            Step(str(kind), str(host), str(what), "", None, "", str(line), "", 0.0)
            for kind, host, what, line in values["steps"]
        )
        facts = tuple((str(name), str(value)) for name, value in values["facts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Plan(
        kind=like.kind,
        title=like.title,
        environment=like.environment,
        production=like.production,
        app=like.app,
        tier=Tier(like.tier),
        steps=steps,
        facts=facts,
        left_out=tuple(map(str, values.get("left_out", ()))),
    )


def _file(folder: Path, plan_hash: str) -> Path:
    if not (len(plan_hash) == 64 and plan_hash.isascii() and plan_hash.isalnum()):
        raise ValueError(f"{plan_hash!r} is no hash of a plan")
    return folder / f"{plan_hash}.json"
