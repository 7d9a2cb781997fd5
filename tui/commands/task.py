"""An app's task as an expression, what it may not hold, and what its output says. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from tui.commands.migration import marked, shown_text
from tui.commands.snippet import Atom, expression
from tui.model.fleet import App, Task, TaskBy
from tui.model.redact import from_host

_KILLERS = re.compile(
    r":?\binit\.(?:stop|restart|reboot)\b|\bSystem\.(?:stop|halt|restart)\b|:?\berlang\.halt\b"
)
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class TaskAnswer:
    """What a task's output says: whether it began and came to its end, its value or its error,
    and the last lines that it printed (redacted)."""

    began: bool = False
    ended: bool = False
    value: str = ""
    failed: str = ""
    log: tuple[str, ...] = ()


def task_problem(task: Task) -> str:
    """Why a task is not run, in words; empty if nothing known stands against it."""
    found = _KILLERS.search(_BLANKS.sub("", task.expression))
    if task.by is TaskBy.RPC and found is not None:
        return (
            f"{found[0]} ends the node that runs it: by rpc that stops the app. By eval it would "
            "end a VM of its own"
        )
    return ""


def task_mark(task: Task) -> str:
    """The mark in the output: the same for the same task, so that its plan keeps its hash."""
    return "t" + hashlib.sha256(f"{task.name} {task.expression}".encode()).hexdigest()[:15]


def task_expression(app: App, task: Task) -> str:
    """The task between marks, as one expression that no shell and no quoting can change."""
    return expression(
        "task.exs", app=Atom(app.name), mark=task_mark(task), code=task.expression.encode().hex()
    )


def parse_task(output: bytes, mark: str) -> TaskAnswer:
    """The answer in the output of a step."""
    said = dict(marked(output, mark))
    lines = [line for line in output.split(b"\n") if line.strip() and mark.encode() not in line]
    return TaskAnswer(
        began="began" in said,
        ended="ended" in said,
        value=shown_text(said["value"]) if "value" in said else "",
        failed=shown_text(said["failed"]) if "failed" in said else "",
        log=tuple(from_host(line, limit=300) for line in lines[-20:]),
    )
