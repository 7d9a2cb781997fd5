"""Marks that hosts hold beside the audit: whose they are, and which of them it lacks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.audit import GENESIS, chained
from tui.model.audit_marks import Mark, judge_marks, mark_text, read_mark, who_words

ME, OP, AT = "ada@desk", "20180604T030800Z-00c0ffee", 1_528_081_680.0


def audit(count: int, op: str = OP) -> tuple[list[bytes], list[str]]:
    """(lines, hashes) of an audit of one operation, begun at AT."""
    lines, hashes, before = [], [], GENESIS
    for seq in range(1, count + 1):
        body: dict[str, object] = {"event": "begin", "op": op, "step": seq - 1}
        body["utc"] = "2018-06-04T03:08:00.000+00:00"
        line, before = chained(body, seq, before)
        lines.append(line)
        hashes.append(before)
    return lines, hashes


def mark(digest: str, op: str = OP, by: str = ME, at_s: float = AT + 5) -> Mark:
    found = read_mark("web1", at_s, mark_text(op, by, 2, "restart billing.service: done", digest))
    assert found is not None
    return found


def test_a_mark_comes_back_as_it_was_left() -> None:
    found = mark("ab" * 32)
    assert (found.op, found.by, found.step, found.digest) == (OP, ME, 2, "ab" * 32)
    assert found.sentence == (
        f"web1 2018-06-04 03:08:05 UTC: {OP} by {ME} step 2 restart billing.service: done"
    )


def test_a_mark_of_an_earlier_version_names_nobody() -> None:
    found = read_mark("web1", AT, f"op={OP} step=1 restart: begin audit={'0' * 64}")
    assert found is not None
    assert found.by == ""


@pytest.mark.parametrize(
    "text", ["", "hello", f"op={OP} step=1 x audit=12", f"op=a;b step=1 x audit={'0' * 64}"]
)
def test_what_is_no_mark_is_none(text: str) -> None:
    assert read_mark("web1", AT, text) is None


def test_a_name_stays_one_word() -> None:
    assert who_words("ada l step=9", "b\u202ex\n") == "ada_l_step_9@b_x_"


@given(cut=st.integers(0, 6))
def test_every_record_cut_off_that_a_host_marked_is_found(cut: int) -> None:
    lines, hashes = audit(6)
    judged = judge_marks(lines[:cut], [mark(digest) for digest in hashes], ME)
    assert [found.digest for found in judged.held] == hashes[:cut]
    assert [found.digest for found in judged.lacking] == hashes[cut:]
    assert not judged.others


def test_an_audit_written_anew_lacks_them_all() -> None:
    _, hashes = audit(3)
    anew, _ = audit(3, "20180604T040000Z-11111111")
    assert len(judge_marks(anew, [mark(digest) for digest in hashes], ME).lacking) == 3


def test_another_s_marks_and_those_before_the_file_began_are_not_its_own() -> None:
    lines, _ = audit(2)
    others = [
        mark("1" * 64, op="20180604T020000Z-22222222", by="bob@desk"),
        mark("2" * 64, op="20180603T020000Z-33333333", at_s=AT - 86_400),
        mark("3" * 64, op="20180604T020000Z-44444444", by="-"),
    ]
    judged = judge_marks([*lines, b"torn"], others, ME)
    assert judged.others == tuple(others)
    assert not judged.lacking


def test_another_s_mark_of_an_operation_that_the_audit_knows_is_looked_up() -> None:
    lines, _ = audit(2)
    assert judge_marks(lines, [mark("1" * 64, by="bob@desk")], ME).lacking
