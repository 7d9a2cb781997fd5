"""Severity of a line: Elixir and Erlang write it into the text, systemd into ids and priorities.

stdout entries all carry PRIORITY 6, errors too, so the text decides there.
"""

from __future__ import annotations

import re

from tui.model.journal import Level

# The name that an Elixir, Erlang, JSON or logfmt line gives its level.
LEVEL_NAMES: dict[str, Level] = {
    "emergency": Level.EMERGENCY,
    "emerg": Level.EMERGENCY,
    "alert": Level.ALERT,
    "critical": Level.CRITICAL,
    "crit": Level.CRITICAL,
    "fatal": Level.CRITICAL,
    "error": Level.ERROR,
    "err": Level.ERROR,
    "warning": Level.WARNING,
    "warn": Level.WARNING,
    "notice": Level.NOTICE,
    "info": Level.INFO,
    "debug": Level.DEBUG,
    "trace": Level.DEBUG,
}

# What systemd says by MESSAGE_ID (sd-messages.h), at least this bad whatever its priority.
MESSAGE_ID_LEVELS: dict[str, Level] = {
    "be02cf6855d2428ba40df7e9d022f03d": Level.ERROR,  # start job failed
    "d9b373ed55a64feb8242e02dbe79a49c": Level.ERROR,  # unit failed
    "fe6faa94e7774663a0da52717891d8ef": Level.ERROR,  # out of memory
    "d989611b15e44c9dbf31e3c81256e4ed": Level.ERROR,  # killed by systemd-oomd
    "fc2e22bc6ee647b6b90729ab34a250b1": Level.ERROR,  # core dumped
    "5eb03494b6584870a536b337290809b3": Level.WARNING,  # automatic restart: it died by itself
    "a596d6fe7bfa4994828e72309e95d61e": Level.WARNING,  # journald dropped messages
    "e9bf28e6e834481bb6f48f548ad13606": Level.WARNING,  # journald missed messages
}

_NAMES = "|".join(LEVEL_NAMES)
# `[error]` after at most a time and metadata; `level=error` of logfmt.
_MARK = re.compile(rf"\[({_NAMES})\]|(?:^|\s)(?:level|severity)=\"?({_NAMES})\b", re.IGNORECASE)
_JSON = re.compile(rf'"(?:level|severity|log\.level)"\s*:\s*"({_NAMES})"', re.IGNORECASE)
_REPORT = re.compile(r"=([A-Z]+) REPORT====")
_REPORTS = {
    "CRASH": Level.ERROR,
    "SUPERVISOR": Level.ERROR,
    "CRITICAL": Level.CRITICAL,
    "ERROR": Level.ERROR,
    "WARNING": Level.WARNING,
    "NOTICE": Level.NOTICE,
    "INFO": Level.INFO,
    "PROGRESS": Level.INFO,
}
# How a BEAM says on stdout that it cannot go on, before any logger is up.
_DYING = (
    "** (",
    "ERROR! ",
    "Runtime terminating during boot",
    "Kernel pid terminated",
    "Crash dump is being written",
    "init terminating in do_boot",
    '{"init terminating in do_boot"',
    '{"Kernel pid terminated"',
)
_MARK_WITHIN = 200
_JSON_WITHIN = 4096
DEFAULT_PRIORITY = Level.INFO


def mark_of(message: str) -> Level | None:
    """The level that a log record's first line carries in its text, None if it carries none."""
    if message[:1] == "[":
        known = LEVEL_NAMES.get(message[1 : message.find("]", 0, 12)])
        if known is not None:
            return known
    elif message[:1] == "{":
        found = _JSON.search(message, 0, _JSON_WITHIN)
        return LEVEL_NAMES[found[1].lower()] if found else None
    elif message[:1] == "=":
        found = _REPORT.match(message)
        return _REPORTS.get(found[1]) if found else None
    found = _MARK.search(message, 0, _MARK_WITHIN)
    return LEVEL_NAMES[(found[1] or found[2]).lower()] if found else None


def level_of(message: str, priority: Level | None) -> Level:
    """The level of an app's line: a priority set on purpose, else the text's, else info.

    6 is what journald gives every stdout line, so it does not count as set on purpose.
    """
    if priority is not None and priority != DEFAULT_PRIORITY:
        return priority
    marked = mark_of(message)
    if marked is not None:
        return marked
    return Level.ERROR if message.startswith(_DYING) else DEFAULT_PRIORITY


def unit_level(message_id: str, priority: Level | None, exit_code: str, exit_status: str) -> Level:
    """The level of systemd's or journald's own message: its priority, or worse by its id.

    A process that exits badly is a warning even where systemd calls it a notice: the unit's
    failure that follows is the error.
    """
    level = DEFAULT_PRIORITY if priority is None else priority
    level = min(level, MESSAGE_ID_LEVELS.get(message_id, level))
    if exit_code and (exit_code != "exited" or exit_status not in ("0", "")):
        level = min(level, Level.WARNING)
    return Level(level)
