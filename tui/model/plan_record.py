"""A whole plan as JSON values and back, exactly: what another console needs to go on with it.

What may not be kept (a secret) leaves a gap: its step is named, and that plan is not gone on with.
What is read back may come from a host: it is checked, and is nothing but values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tui.model.command import Command, Effect, Secret, Word
from tui.model.plan import Facts, Loss, Plan, Step, Tier, Verdict, VerdictKind, canonical_json
from tui.model.redact import redact

LIMIT_BYTES = 1024 * 1024
"""Bytes of JSON that a plan may take; a bigger one is kept without its commands."""

_TEXTS = ("kind", "host", "what", "why", "precondition", "verification", "undo", "pause")
_PLAN_TEXTS = ("kind", "title", "environment", "app", "undo", "oldest", "policy")


class PlanUnreadable(ValueError):
    """The values are no plan that can be gone on with; says why."""


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan's JSON values, and the steps (0-based) whose command could not be kept, with why."""

    values: dict[str, object]
    gaps: tuple[tuple[int, str], ...] = ()


def to_record(plan: Plan) -> PlanRecord:
    """The plan as JSON values without a secret; scripts stand once, under their checksum."""
    record = _record(plan, {})
    if len(canonical_json(record.values)) <= LIMIT_BYTES:
        return record
    too_big = dict.fromkeys(range(len(plan.steps)), "the plan is too big to be kept whole")
    return _record(plan, too_big)


def _record(plan: Plan, gaps: dict[int, str]) -> PlanRecord:
    gaps = {**_secret_steps(plan), **gaps}
    scripts: dict[str, str] = {}
    steps = [_step_values(s, scripts, kept=i not in gaps) for i, s in enumerate(plan.steps)]
    values: dict[str, object] = {
        **{name: redact(str(getattr(plan, name))) for name in _PLAN_TEXTS},
        "production": plan.production,
        "tier": int(plan.tier),
        "hash": plan.hash,
        "steps": steps,
        "scripts": scripts,
        "facts": _pairs(plan.facts),
        "params": _pairs(plan.params),
        "losses": _pairs((loss.key, loss.what) for loss in plan.losses),
        "verdicts": [[str(v.kind), redact(v.guard), redact(v.reason)] for v in plan.verdicts],
        "left_out": [redact(host) for host in plan.left_out],
        "gaps": [[index, why] for index, why in sorted(gaps.items())],
    }
    return PlanRecord(values, tuple(sorted(gaps.items())))


def _secret_steps(plan: Plan) -> dict[int, str]:
    found: dict[int, str] = {}
    for index, step in enumerate(plan.steps):
        if step.command is not None and _holds_secret(step.command):
            found[index] = "its command holds a secret, which is not written down"
        elif any(redact(value) != value for _, value in step.params):
            found[index] = "its parameters look like a secret, which is not written down"
    return found


def _holds_secret(command: Command) -> bool:
    # A script is a constant of ours: it names secrets and has none.
    words = (*command.argv, *(value for _, value in command.env), command.as_user or "")
    return any(isinstance(word, Secret) or redact(word) != word for word in words)


def _pairs(facts: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [[redact(name), redact(value)] for name, value in facts]


def _step_values(step: Step, scripts: dict[str, str], *, kept: bool) -> dict[str, object]:
    values: dict[str, object] = {name: redact(str(getattr(step, name))) for name in _TEXTS}
    values["limit_s"] = step.limit_s
    values["params"] = _pairs(step.params)
    values["command"] = None
    if kept and step.command is not None:
        values["command"] = _command_values(step.command, scripts)
    return values


def _command_values(command: Command, scripts: dict[str, str]) -> dict[str, object]:
    digest = None
    if command.script is not None:
        digest = _sha256(command.script)
        scripts[digest] = command.script
    long = [str(word) for word in command.argv]
    return {
        "argv": [_kept(word, scripts) for word in long],
        "effect": str(command.effect),
        "timeout_s": command.timeout_s,
        "max_bytes": command.max_bytes,
        "script": digest,
        "env": [[name, str(value)] for name, value in command.env],
        "as_user": command.as_user,
    }


_LONG = 200
"""Characters from which a word stands once, with the scripts: shell text in words repeats."""


def _kept(word: str, scripts: dict[str, str]) -> str | list[str]:
    if len(word) < _LONG:
        return word
    digest = _sha256(word)
    scripts[digest] = word
    return [digest]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# -- back ----------------------------------------------------------------------------------


def from_record(values: Mapping[str, object]) -> Plan:
    """The plan of a record, equal to the one that was written.

    PlanUnreadable if it has a gap, is no plan, or is not the one whose hash stands beside it.
    """
    plan, gaps = read_record(values)
    if gaps:
        index, why = gaps[0]
        raise PlanUnreadable(f"step {index + 1}: {why}")
    if plan.hash != values.get("hash"):
        raise PlanUnreadable("its steps are not those of the hash beside them")
    return plan


def read_record(values: Mapping[str, object]) -> tuple[Plan, tuple[tuple[int, str], ...]]:
    """The plan as far as it was kept, to be looked at, and its gaps; PlanUnreadable if it is none.

    Where there are gaps the hash is not that of the plan that was consented to.
    """
    try:
        return _plan(values), tuple((_whole(i), _text(why)) for i, why in _list(values, "gaps"))
    except PlanUnreadable:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise PlanUnreadable(f"it is not as a plan is written: {error!r}") from None


def _plan(values: Mapping[str, object]) -> Plan:
    scripts = {}
    for digest, text in _object(values, "scripts").items():
        if _sha256(_text(text)) != digest:
            raise PlanUnreadable("a script does not fit its checksum")
        scripts[digest] = _text(text)
    verdicts = [tuple(map(_text, row)) for row in _list(values, "verdicts")]
    plan = Plan(
        **{name: _text(values[name]) for name in _PLAN_TEXTS},  # type: ignore[arg-type]  # texts
        production=_truth(values["production"]),
        tier=Tier(_whole(values["tier"])),
        steps=tuple(_step(step, scripts) for step in _list(values, "steps")),
    )
    return replace(
        plan,
        facts=_facts(values, "facts"),
        params=_facts(values, "params"),
        losses=tuple(Loss(key, what) for key, what in _facts(values, "losses")),
        verdicts=tuple(Verdict(VerdictKind(kind), guard, why) for kind, guard, why in verdicts),
        left_out=tuple(map(_text, _list(values, "left_out"))),
    )


def _step(values: object, scripts: Mapping[str, str]) -> Step:
    if not isinstance(values, dict):
        raise PlanUnreadable("a step is no object")
    command = values["command"]
    return Step(
        **{name: _text(values[name]) for name in _TEXTS},
        command=None if command is None else _command(_object(values, "command"), scripts),
        limit_s=_number(values["limit_s"]),
        params=_facts(values, "params"),
    )


def _command(values: Mapping[str, object], scripts: Mapping[str, str]) -> Command:
    timeout, script, user = values["timeout_s"], values["script"], values["as_user"]
    argv: list[Word] = [
        scripts[_text(word[0])] if isinstance(word, list) else _text(word)
        for word in _list(values, "argv")
    ]
    return Command(
        tuple(argv),
        effect=Effect(_text(values["effect"])),
        timeout_s=None if timeout is None else _number(timeout),
        max_bytes=_whole(values["max_bytes"]),
        script=None if script is None else scripts[_text(script)],
        env=_facts(values, "env"),
        as_user=None if user is None else _text(user),
    )


def _facts(values: Mapping[str, object], name: str) -> Facts:
    return tuple((_text(key), _text(value)) for key, value in _list(values, name))


def _list(values: Mapping[str, object], name: str) -> list[list[object]]:
    found = values[name]
    if not isinstance(found, list):
        raise PlanUnreadable(f"{name} is no list")
    return found


def _object(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = values[name]
    if not isinstance(found, dict):
        raise PlanUnreadable(f"{name} is no object")
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise PlanUnreadable(f"{value!r} is no text")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise PlanUnreadable(f"{value!r} is neither true nor false")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise PlanUnreadable(f"{value!r} is no whole number")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PlanUnreadable(f"{value!r} is no number")
    return float(value)
