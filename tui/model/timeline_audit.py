"""What the audit's records say on the timeline: nothing of it is written a second time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tui.model.audit_marks import who_words
from tui.model.timeline import Entry, Kind

_KINDS = {
    "plan": Kind.PLAN,
    "confirm": Kind.PLAN,
    "break-glass": Kind.PLAN,
    "resumed": Kind.PLAN,
    "takeover": Kind.PLAN,
    "left": Kind.PLAN,
    "begin": Kind.COMMAND,
    "end": Kind.OUTCOME,
    "unknown": Kind.OUTCOME,
    "resolved": Kind.OUTCOME,
    "refused": Kind.OUTCOME,
    "unlock": Kind.UNLOCK,
    "lock": Kind.UNLOCK,
    "console": Kind.CONSOLE,
    "console-line": Kind.CONSOLE,
    "console-end": Kind.CONSOLE,
}

_WORDS = {
    "plan": "asked for",
    "confirm": "confirmed",
    "break-glass": "rules broken on purpose",
    "resumed": "gone on with",
    "takeover": "taken over",
    "left": "left by its console",
    "end": "ended",
    "unknown": "end not known",
    "resolved": "found out",
    "refused": "not sent",
    "unlock": "unlocked",
    "lock": "locked again",
    "console": "remote console opened",
    "console-line": "typed",
    "console-end": "remote console closed",
}


def entry_of(record: Mapping[str, object]) -> Entry:
    """The entry of one audit record; ValueError if its time or its event cannot be told.

    A step without a command of its own is a step; an end without a step is its plan's.
    """
    event = _text(record, "event")
    kind = _KINDS.get(event)
    if kind is None:
        raise ValueError(f"the timeline knows no event {event!r:.40}")
    step = record.get("step")
    step = step + 1 if isinstance(step, int) and not isinstance(step, bool) else None
    command = _text(record, "command")
    if event == "begin" and not command:
        kind = Kind.STEP
    elif event == "end" and step is None:
        kind = Kind.PLAN
    user, machine = _text(record, "os_user"), _text(record, "client_host")
    return Entry(
        at=_at(record),
        kind=kind,
        text=_sentence(event, record, command),
        environment=_text(record, "environment"),
        app=_text(record, "app"),
        host=_text(record, "host"),
        who=who_words(user, machine) if user or machine else "",
        op=_text(record, "op"),
        step=step,
    )


def _sentence(event: str, record: Mapping[str, object], command: str) -> str:
    if event == "begin":
        return command or "begun: no command of its own"
    said = [_text(record, name) for name in ("policy", "detail", "break_glass", "reason")]
    if event == "console-line":
        said.append(_text(record, "typed"))
    status = _text(record, "exit_status")
    if status and event in ("end", "resolved"):
        said.append(f"exit status {status}")
    told = "; ".join(part for part in said if part)
    return f"{_WORDS[event]}: {told}" if told else _WORDS[event]


def _at(record: Mapping[str, object]) -> float:
    at = datetime.fromisoformat(_text(record, "utc"))
    if at.tzinfo is None:
        raise ValueError("its time has no zone")
    return at.timestamp()


def _text(record: Mapping[str, object], name: str) -> str:
    said = record.get(name)
    return said if isinstance(said, str) else ""
