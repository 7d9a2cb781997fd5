"""The mark in a host's journal: a change that no text turns into options, read back by a read."""

from __future__ import annotations

from tui.commands.audit_marks import leave_mark, parse_marks, read_marks
from tui.model.audit_marks import mark_text
from tui.model.command import Effect, display


def test_leaving_one_is_a_change_that_no_text_turns_into_options() -> None:
    command = leave_mark("-p emerg; rm")
    assert command.effect is Effect.CHANGE
    assert display(command) == "logger -t beamdeck-audit -- '-p emerg; rm'"


def test_reading_them_is_a_read() -> None:
    command = read_marks()
    assert command.effect is Effect.READ
    assert "-t beamdeck-audit" in display(command)


def test_they_are_found_among_other_lines_with_their_time_and_whole_hash() -> None:
    text = mark_text("20180604T030800Z-00c0ffee", "ada@desk", 1, "restart: begin", "ab" * 32)
    entries = "".join(
        f"__CURSOR=s={n}\n__REALTIME_TIMESTAMP=152808168000000{n}\n"
        f"SYSLOG_IDENTIFIER=beamdeck-audit\nMESSAGE={message}\n\n"
        for n, message in enumerate(["somebody was here", text])
    )
    (mark,) = parse_marks("web1", entries.encode())
    assert (mark.host, mark.at_s, mark.digest) == ("web1", 1_528_081_680.000001, "ab" * 32)
