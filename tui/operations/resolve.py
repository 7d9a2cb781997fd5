"""Find out what became of an operation whose console is gone: ask the host, write the answer."""

from __future__ import annotations

from collections.abc import Mapping

from tui.errors import BeamdeckError
from tui.model.audit import AuditRecord
from tui.model.plan import Step, StepState
from tui.operations.audit_log import AuditLog
from tui.operations.oplog import Operation, OpLog, Unresolved
from tui.operations.ports import Session
from tui.operations.steps import Finding, Say, StepKind, tell_name


async def resolve(
    unresolved: Unresolved,
    session: Session | None,
    kinds: Mapping[str, StepKind],
    oplog: OpLog,
    audit: AuditLog,
    say: Say,
) -> Finding:
    """Read the truth of the last step that was begun; nothing is sent again, and nothing goes on.

    `session` is that step's host, None where the host is gone from the configuration. If the
    host cannot be read the finding is open and the operation stays unresolved. BeamdeckError if
    another console works on it or its log cannot be trusted.
    """
    if unresolved.problem:
        raise BeamdeckError(unresolved.sentence, remedy="Keep the file and look at the hosts.")
    operation = oplog.reopen(unresolved)
    try:
        finding = await _finding(unresolved, session, kinds, say)
        _write(operation, audit, unresolved, finding)
    finally:
        operation.close()
    return finding


async def truth(
    left: Unresolved, session: Session | None, kinds: Mapping[str, StepKind], say: Say
) -> Finding | None:
    """Read the truth of the step that was under way; nothing is written. None if none was."""
    return await _finding(left, session, kinds, say) if left.open else None


async def _finding(
    unresolved: Unresolved,
    session: Session | None,
    kinds: Mapping[str, StepKind],
    say: Say,
) -> Finding:
    if unresolved.step is None:
        return Finding(StepState.SKIPPED, "no step was begun")
    if unresolved.state not in ("", str(StepState.UNKNOWN)):
        return Finding(StepState(unresolved.state), "as it was written down")
    kind = kinds.get(unresolved.step_kind)
    if kind is None or session is None:
        detail = f"nobody can ask {unresolved.host} about it"
        return Finding(StepState.UNKNOWN, detail, open=True)
    work = kind(_step(unresolved), session, unresolved.plan_facts)
    tell_name(work, unresolved.op, unresolved.step)
    try:
        return await work.find_out(unresolved.before, None, say)
    except BeamdeckError as error:
        return Finding(StepState.UNKNOWN, error.detail, open=True)


def _step(unresolved: Unresolved) -> Step:
    """The step that was under way, as far as its log kept it."""
    if unresolved.plan is not None and unresolved.step is not None:
        return unresolved.plan.steps[unresolved.step]
    return Step(
        kind=unresolved.step_kind,
        host=unresolved.host,
        what=unresolved.what,
        why="",
        command=None,
        precondition="",
        verification="",
        undo="",
        limit_s=unresolved.limit_s,
    )


def _write(operation: Operation, audit: AuditLog, unresolved: Unresolved, finding: Finding) -> None:
    audit.write(
        AuditRecord(
            "unknown" if finding.open else "resolved",
            environment=unresolved.environment,
            app=unresolved.app,
            op=unresolved.op,
            step=unresolved.step,
            host=unresolved.host,
            before=unresolved.before,
            after=finding.facts,
            detail=f"{finding.state}: {finding.detail}",
        )
    )
    if unresolved.step is not None:
        operation.result(unresolved.step, finding.state, finding.detail, finding.facts)
    if not finding.open:
        operation.end(False, f"resolved later: {finding.detail}")
