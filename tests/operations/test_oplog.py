"""The write-ahead log: what an earlier console left is found, whatever it was doing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plan_fakes import NOW, restart
from tui.errors import RecordUnwritable
from tui.model.command import Ended, Outcome
from tui.model.consent import Consent
from tui.model.plan import StepState
from tui.operations.oplog import Operation, OpLog, Unresolved

BEFORE = (("invocation", "a" * 32), ("boot_id", "b" * 32))


Begun = tuple[OpLog, Operation]


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Begun]:
    """An operation that was begun, and nothing more."""
    oplog = OpLog(tmp_path / "ops", lambda: NOW)
    plan = restart(production=True)
    reason = "pager password=hunter2hunter2"
    operation = oplog.begin(plan, Consent(plan.hash, "production", reason))
    yield oplog, operation
    operation.close()


def only(oplog: OpLog) -> Unresolved:
    (left,) = oplog.unresolved()
    return left


def records(oplog: OpLog) -> list[dict[str, object]]:
    (path,) = oplog.folder.glob("*.jsonl")
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_the_plan_is_the_first_record_without_a_secret(begun: Begun) -> None:
    oplog, operation = begun
    plan = records(oplog)[0]
    assert plan["event"] == "plan"
    assert plan["op"] == operation.op
    assert plan["plan_hash"] == restart(production=True).hash
    assert "hunter2" not in str(plan)
    steps = plan["steps"]
    assert isinstance(steps, list)
    assert steps[0]["command"] == "sudo -n systemctl --job-mode=fail restart billing.service"


def test_an_operation_with_its_end_is_over(begun: Begun) -> None:
    oplog, operation = begun
    operation.intent(0, BEFORE)
    operation.outcome(0, Outcome(Ended.EXITED, 0))
    operation.result(0, StepState.DONE, "restarted")
    operation.end(True, "done")
    operation.close()
    assert oplog.unresolved() == ()


def test_each_prefix_of_an_operation_says_where_it_stood(begun: Begun) -> None:
    oplog, operation = begun
    operation.close()
    (path,) = oplog.folder.glob("*.jsonl")
    assert only(oplog).step is None
    assert "no step was begun" in only(oplog).sentence

    operation = oplog.reopen(only(oplog))
    operation.intent(0, BEFORE)
    operation.close()
    left = only(oplog)
    assert (left.step, left.host, left.step_kind, left.state) == (0, "web1", "restart", "")
    assert sorted(left.before) == sorted(BEFORE)
    assert dict(left.plan_facts)["web3 runs"] == "0.2.0+38"
    assert left.limit_s == 280.0
    assert left.sentence == (
        "unresolved: restart billing on web1, web3 (production, 2018-06-04 03:08:00 UTC): step 1 "
        "of 2, restart billing.service, was begun and its end is not known: look at the host"
    )

    operation = oplog.reopen(left)
    operation.outcome(0, Outcome(Ended.LINK_LOST, None))
    operation.left(0, "the console was left")
    operation.close()
    assert only(oplog).state == ""

    operation = oplog.reopen(only(oplog))
    operation.result(0, StepState.DONE, "restarted")
    operation.close()
    assert only(oplog).state == "done"
    assert only(oplog).sentence.endswith(
        "step 1 of 2, restart billing.service, is done; what came after it was not begun"
    )
    assert path.exists()


def test_what_was_left_and_an_end_that_cannot_be_written_leave_it_unresolved(
    begun: Begun, monkeypatch: pytest.MonkeyPatch
) -> None:
    oplog, operation = begun
    operation.left(None, "the console was left")
    assert records(oplog)[-1] == records(oplog)[-1] | {"event": "left", "step": None}

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(RecordUnwritable):
        operation.end(True, "done")
    plan = restart()
    with pytest.raises(RecordUnwritable):
        oplog.begin(plan, Consent(plan.hash))


def test_an_outcome_without_a_status_is_written_as_none(begun: Begun) -> None:
    oplog, operation = begun
    operation.outcome(0, Outcome(Ended.LINK_LOST, 0))
    assert records(oplog)[-1]["exit_status"] is None


def test_what_another_console_works_on_is_said_to_be_so(begun: Begun) -> None:
    oplog, operation = begun
    operation.intent(0, BEFORE)
    left = only(oplog)
    assert left.held
    assert left.sentence.startswith("under way in another console")
    with pytest.raises(RecordUnwritable):
        oplog.reopen(left)
    operation.close()
    assert not only(oplog).held


def test_a_torn_record_was_never_there(begun: Begun) -> None:
    oplog, operation = begun
    operation.close()
    (path,) = oplog.folder.glob("*.jsonl")
    with path.open("ab") as file:
        file.write(b'{"event":"intent","step":0')
    assert only(oplog).step is None
    assert not only(oplog).problem


def test_a_log_that_was_changed_is_a_problem_not_a_truth(begun: Begun) -> None:
    oplog, operation = begun
    operation.intent(0, BEFORE)
    operation.close()
    (path,) = oplog.folder.glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"step":0', b'"step":1'))
    assert "line 3" in only(oplog).problem
    assert "cannot be read" in only(oplog).sentence


def test_a_file_that_says_nothing_is_no_operation(tmp_path: Path) -> None:
    oplog = OpLog(tmp_path / "ops", lambda: NOW)
    assert oplog.unresolved() == ()
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "x.jsonl").write_bytes(b"")
    (tmp_path / "ops" / "x.jsonl").chmod(0o600)
    assert oplog.unresolved() == ()


def test_each_operation_has_a_file_of_its_own_in_order_of_time(tmp_path: Path) -> None:
    times = iter([NOW, NOW, NOW + 1, NOW + 1])
    oplog = OpLog(tmp_path / "ops", lambda: next(times))
    plan = restart()
    first = oplog.begin(plan, Consent(plan.hash))
    second = oplog.begin(plan, Consent(plan.hash))
    assert first.op < second.op
    first.close()
    second.close()
    assert [left.op for left in oplog.unresolved()] == [first.op, second.op]
