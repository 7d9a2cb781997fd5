"""The write-ahead log of operations: one hash-chained file each, intent before effect.

An operation without an `end` record is unresolved: only its hosts can say what happened.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tui.errors import RecordUnwritable
from tui.model.audit import parse_line
from tui.model.command import Outcome, display
from tui.model.consent import Consent
from tui.model.operation import WHOLE, Unresolved, read_content, whole_lines
from tui.model.plan import Facts, Plan, StepState
from tui.model.plan_record import to_record
from tui.model.redact import redact
from tui.operations.audit_log import operator_facts
from tui.operations.chain_file import ChainFile, is_held
from tui.paths import open_private

__all__ = ["OpLog", "Operation", "Unresolved", "read_operation"]


class Operation:
    """One operation's open log, locked against other consoles until it is closed."""

    def __init__(self, op: str, chain: ChainFile, clock: Callable[[], float]) -> None:
        self.op = op
        self._chain = chain
        self._clock = clock

    def intent(self, step: int, before: Facts) -> None:
        """A step is about to be sent; RecordUnwritable means that it must not be."""
        self._write("intent", step=step, before=dict(before))

    def outcome(self, step: int, outcome: Outcome) -> None:
        """How the step's command ended, as far as this side knows."""
        status = outcome.exit_status if outcome.known else None
        self._write("outcome", step=step, ended=str(outcome.ended), exit_status=status)

    def result(self, step: int, state: StepState, detail: str, after: Facts = ()) -> None:
        """What the host was read to be after the step."""
        self._write("result", step=step, state=str(state), detail=detail, after=dict(after))

    def left(self, step: int | None, why: str) -> None:
        """This console goes away before it knows the end; the operation stays unresolved."""
        self._write("left", step=step, detail=why)

    def end(self, ok: bool, summary: str) -> None:
        """The operation is over and nothing about it is unknown any more."""
        self._write("end", ok=ok, summary=summary)

    def resumed(self, event: str, start: int, why: str, found: str) -> None:
        """Somebody goes on at `start` (0-based); `event` is resumed or takeover."""
        self._write(event, start=start, reason=redact(why), detail=found, **operator_facts())

    def read(self) -> bytes:
        """Everything that was written, as it is on disk; OSError if it cannot be read."""
        with open_private(self._chain.path, "rb") as file:
            return file.read()

    def close(self) -> None:
        """Give up the lock; nothing can be written after it."""
        self._chain.close()

    def _write(self, event: str, **values: object) -> None:
        body = {"event": event, "op": self.op, **values}
        self._chain.append(body if "at" in body else {**body, "at": self._clock()})


class OpLog:
    """The folder of operations of this operator on this machine."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self.folder = folder
        self._clock = clock

    def begin(self, plan: Plan, consent: Consent) -> Operation:
        """Write the plan down; RecordUnwritable if that cannot be done, and then nothing starts."""
        now = self._clock()
        op = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        chain = ChainFile(self.folder / f"{op}.jsonl", new=True)
        operation = Operation(op, chain, self._clock)
        try:
            operation._write(
                "plan",
                **_plan_values(plan),
                reason=redact(consent.reason),
                **operator_facts(),
            )
            # A record of its own: who looks over many operations need not read it.
            operation._write(WHOLE, at=now, plan=to_record(plan).values)
        except BaseException:
            chain.close()
            raise
        return operation

    def unresolved(self) -> tuple[Unresolved, ...]:
        """The operations without an end, oldest first; a file that cannot be read is one."""
        found: list[Unresolved] = []
        if self.folder.is_dir():
            for path in sorted(self.folder.glob("*.jsonl")):
                operation = read_operation(path)
                if operation is not None:
                    found.append(operation)
        return tuple(found)

    def ended(self, most: int) -> tuple[tuple[str, tuple[dict[str, object], ...]], ...]:
        """(operation, its first and last record) of the newest `most` logs here.

        One that cannot be read is left out: `unresolved` tells of it.
        """
        found = []
        for path in sorted(self.folder.glob("*.jsonl"), reverse=True)[:most]:
            with contextlib.suppress(OSError, ValueError):
                lines = whole_lines(self.content_of(path.stem))
                if lines:
                    ends = (lines[0].rstrip(b"\n"), lines[-1].rstrip(b"\n"))
                    found.append((path.stem, tuple(map(parse_line, ends))))
        return tuple(found)

    def path_of(self, op: str) -> Path:
        """Where the log of an operation is kept here, whether there is one or not."""
        return self.folder / f"{op}.jsonl"

    def content_of(self, op: str) -> bytes:
        """What is kept here of an operation; b"" for nothing, OSError if it cannot be read."""
        try:
            with open_private(self.path_of(op), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def adopt(self, op: str, content: bytes) -> None:
        """Make the log kept here what the hosts' copies say; it must be a beginning of theirs.

        A log that this console ended because it stood down is kept beside it. RecordUnwritable
        if it cannot be written, or says something else.
        """
        here = self.content_of(op)
        if here == content:
            return
        path = self.path_of(op)
        if here and not content.startswith(b"".join(whole_lines(here))):
            if read_operation(path) is not None:
                raise RecordUnwritable(f"{path} says something else than the hosts' copies")
            path.rename(path.with_suffix(f".stood-down-{secrets.token_hex(2)}.jsonl"))
            here = b""
        chain = ChainFile(path, new=not here, wait_s=0.0)
        try:
            chain.copy(content)
        finally:
            chain.close()

    def reopen(self, unresolved: Unresolved) -> Operation:
        """The log of an unresolved operation, to write what the host was read to be."""
        return Operation(unresolved.op, ChainFile(unresolved.path, wait_s=0.0), self._clock)


_SHOWN = 400
"""Characters of a command that stand in the first record; all of it stands in the second."""


def _plan_values(plan: Plan) -> dict[str, object]:
    return {
        "kind": plan.kind,
        "title": plan.title,
        "environment": plan.environment,
        "production": plan.production,
        "app": plan.app,
        "tier": int(plan.tier),
        "plan_hash": plan.hash,
        "facts": dict(plan.facts),
        "params": dict(plan.params),
        "left_out": list(plan.left_out),
        "steps": [
            {
                "kind": step.kind,
                "host": step.host,
                "what": step.what,
                "command": redact(display(step.command))[:_SHOWN] if step.command else "",
                "limit_s": step.limit_s,
            }
            for step in plan.steps
        ],
    }


def read_operation(path: Path) -> Unresolved | None:
    """The operation of a log file if it is unresolved, None if it has its end."""
    op = path.name.removesuffix(".jsonl")
    try:
        with open_private(path, "rb") as file:
            content = file.read()
        held = is_held(path)
    except OSError as error:
        return Unresolved(op, path, problem=error.strerror or str(error))
    return read_content(op, path, content, held=held)
