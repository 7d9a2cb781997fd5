"""What is written of a plan under way: operation log and audit, in the order that counts."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, replace

from tui.commands.lock import holder_words
from tui.errors import RecordUnwritable
from tui.model.audit import AuditRecord
from tui.model.audit_marks import who_words
from tui.model.command import Command, Outcome, display, script_of
from tui.model.consent import Consent
from tui.model.operation import Unresolved
from tui.model.plan import Plan, Step
from tui.model.redact import redact
from tui.operations.audit_log import AuditLog, operator_facts
from tui.operations.guards import consent_needs
from tui.operations.oplog import Operation, OpLog
from tui.operations.steps import Finding, Ready


def shown_command(command: Command | None) -> str:
    """The exact command line as it may be kept: no secrets in it."""
    return redact(display(command)) if command else ""


@dataclass(frozen=True, slots=True)
class Resumption:
    """An operation that is gone on with, or ended where it stands, by a console that comes after.

    `left` is how it stands by now, `content` the copy of its log that counts; `event` is resumed
    (by whoever worked on it) or takeover; `finding` is what was found out about the step that was
    under way, `found` the same in words.
    """

    left: Unresolved
    content: bytes
    event: str = "resumed"
    finding: Finding | None = None
    found: str = ""


class Records:
    """The records of one plan. Every method raises RecordUnwritable if it cannot write."""

    def __init__(self, plan: Plan, operation: Operation, audit: AuditLog) -> None:
        self.op = operation.op
        self._plan = plan
        self._operation = operation
        self._audit = audit
        self.holder = self.by = ""
        self._exit_status = ""
        self._digests = ("", "")

    @classmethod
    def begin(cls, plan: Plan, consent: Consent, oplog: OpLog, audit: AuditLog) -> Records:
        """Write down the plan as shown and what was typed; nothing may start without it."""
        operation = oplog.begin(plan, consent)
        records = cls(plan, operation, audit)
        records._name_holder(consent)
        try:
            records._write_asked(consent)
        except RecordUnwritable:
            with contextlib.suppress(RecordUnwritable):
                operation.end(False, "not begun: the audit could not be written")
            operation.close()
            raise
        return records

    @classmethod
    def resume(
        cls, plan: Plan, consent: Consent, oplog: OpLog, audit: AuditLog, going: Resumption
    ) -> Records:
        """Go on writing an operation that an earlier console left, and who does so and why."""
        oplog.adopt(going.left.op, going.content)
        operation = oplog.reopen(going.left)
        records = cls(plan, operation, audit)
        records._name_holder(consent)
        try:
            start, why = going.left.next_step, consent.break_glass or consent.reason
            operation.resumed(going.event, start, why, going.found)
            records._write(
                AuditRecord(going.event, step=start, reason=redact(why), detail=going.found)
            )
            records._write_asked(consent)
            if going.finding is not None and going.left.step is not None:
                index = going.left.step
                records.result(index, plan.steps[index], going.finding, resolved=True)
        except RecordUnwritable:
            operation.close()
            raise
        return records

    def _name_holder(self, consent: Consent) -> None:
        who = operator_facts()
        user, machine = str(who["os_user"]), str(who["client_host"])
        self.holder = holder_words(user, machine, consent.reason)
        self.by = who_words(user, machine)

    def _write_asked(self, consent: Consent) -> None:
        """The plan as it was shown, and what was typed."""
        plan = self._plan
        shown = "\n".join(f"{s.host}: {s.what}: {shown_command(s.command)}" for s in plan.steps)
        self._write(AuditRecord("plan", shown=shown, detail=plan.title))
        self._write(_confirmed(consent))
        needs = consent_needs(plan)
        if needs.policy:
            # A record of its own: whoever reads the audit later must not have to look for it.
            why = redact(consent.break_glass)
            self._write(AuditRecord("break-glass", policy=needs.policy, break_glass=why))

    def content(self) -> bytes:
        """The operation's log so far, as it is on disk."""
        return self._operation.read()

    def intent(self, index: int, step: Step, ready: Ready, host_key: str) -> str:
        """Before the step is sent; the audit's hash, to be left in the host's journal too."""
        self._exit_status, self._digests = "", ("", "")
        self._operation.intent(index, ready.facts)
        record = AuditRecord("begin", before=ready.facts, host_key=host_key)
        return self._of_step(index, step, record)

    def outcome(self, index: int, step: Step, outcome: Outcome) -> None:
        """How the command ended; an unknown end is a record of its own in the audit."""
        self._operation.outcome(index, outcome)
        status = outcome.exit_status if outcome.known else None
        self._exit_status = "unknown" if status is None else str(status)
        self._digests = (_sha256(outcome.stdout), _sha256(outcome.stderr))
        if not outcome.known:
            record = AuditRecord("unknown", exit_status="unknown", detail=str(outcome.ended))
            self._of_step(index, step, record)

    def result(self, index: int, step: Step, finding: Finding, *, resolved: bool = False) -> str:
        """What the host was read to be; `resolved` if the command's own end was unknown."""
        self._operation.result(index, finding.state, finding.detail, finding.facts)
        record = AuditRecord(
            "unknown" if finding.open else "resolved" if resolved else "end",
            after=finding.facts,
            exit_status=self._exit_status,
            stdout_sha256=self._digests[0],
            stderr_sha256=self._digests[1],
            detail=f"{finding.state}: {finding.detail}",
        )
        return self._of_step(index, step, record)

    def refused(self, index: int, step: Step, why: str) -> None:
        """A step that was not sent."""
        self._of_step(index, step, AuditRecord("refused", detail=why))

    def left(self, index: int | None, why: str) -> None:
        """The console goes away; what it does not know stays unresolved."""
        self._operation.left(index, why)
        self._write(AuditRecord("left", step=index, detail=why))

    def end(self, ok: bool, summary: str) -> None:
        """The plan is over, and nothing about it is unknown."""
        self._operation.end(ok, summary)
        self._write(AuditRecord("end", detail=f"{'ok' if ok else 'not ok'}: {summary}"))

    def close(self) -> None:
        """Let other consoles have the operation."""
        self._operation.close()

    def _of_step(self, index: int, step: Step, record: AuditRecord) -> str:
        facts = dict(self._plan.facts)
        return self._write(
            replace(
                record,
                step=index,
                host=step.host,
                command=shown_command(step.command),
                command_sha256=_sha256(script_of(step.command)) if step.command else "",
                unit=facts.get(f"{step.host} unit", ""),
                ssh_user=facts.get(f"{step.host} user", ""),
            )
        )

    def _write(self, record: AuditRecord) -> str:
        plan = self._plan
        return self._audit.write(
            replace(
                record,
                environment=plan.environment,
                app=plan.app,
                op=self.op,
                plan_hash=plan.hash,
            )
        )


def _confirmed(consent: Consent) -> AuditRecord:
    return AuditRecord(
        "confirm",
        typed=consent.environment,
        oldest=consent.oldest,
        ticked=" ".join(sorted(consent.ticked)),
        reason=redact(consent.reason),
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if data else ""
