"""The timeline's entries: harmless however they are made, in order, filtered, kept as they were."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model.audit import AuditRecord
from tui.model.timeline import Entry, Filter, Kind, filtered, from_record, merged, to_record
from tui.model.timeline_audit import entry_of

NOTE = Entry(100.0, Kind.NOTE, "pager rang", app="billing", who="ada@desk")
GAP = Entry(50.0, Kind.GAP, "web2 was unreachable", host="web2", until=90.0)
PIN = Entry(80.0, Kind.PIN, "** (exit) killed", host="web1", cursor="s=ab;i=1;b=cd")


def record(event: str, **values: object) -> dict[str, object]:
    body = AuditRecord(event, **values).body()  # type: ignore[arg-type]  # fields by name
    utc = "2018-06-04T03:08:00.123+00:00"
    return {**body, "utc": utc, "os_user": "ada", "client_host": "desk"}


def test_no_entry_holds_what_would_harm_a_terminal_or_tell_a_secret() -> None:
    hostile = "\x1b]0;x\x07\u202e DATABASE_URL=ecto://app:hunter2hunter2@db/app"
    entry = Entry(1.0, Kind.NOTE, hostile, host=f"web1\n{hostile}", who=hostile, op=hostile)
    said = json.dumps(to_record(entry), ensure_ascii=False)
    assert "hunter2" not in said
    assert "\x1b" not in entry.text
    assert "<U+202E>" in entry.text
    assert "\n" not in entry.host


def test_an_entry_without_a_time_is_none() -> None:
    for at in (math.nan, math.inf):
        with pytest.raises(ValueError, match="time"):
            Entry(at, Kind.NOTE, "x")


def test_a_cursor_is_kept_whole_or_not_at_all() -> None:
    assert PIN.cursor == "s=ab;i=1;b=cd"
    assert Entry(1.0, Kind.PIN, "x", cursor="s=ab\x1b[2J").cursor == ""


def test_sources_come_in_order_and_ties_as_they_stood() -> None:
    first, second = Entry(80.0, Kind.COMMAND, "one"), Entry(80.0, Kind.OUTCOME, "two")
    assert merged([NOTE, first, second], [PIN, GAP]) == (GAP, first, second, PIN, NOTE)


def test_a_filter_wants_by_kind_host_text_and_time() -> None:
    entries = (GAP, PIN, NOTE)
    assert filtered(entries, Filter()) == entries
    assert filtered(entries, Filter(kinds=frozenset({Kind.PIN}))) == (PIN,)
    # A note without a host is about all of them.
    assert filtered(entries, Filter(hosts=frozenset({"web1"}))) == (PIN, NOTE)
    assert filtered(entries, Filter(text="UNREACHABLE")) == (GAP,)
    assert filtered(entries, Filter(text="ADA@")) == (NOTE,)
    # A gap that reaches into the time is part of it.
    assert filtered(entries, Filter(since=85.0)) == (GAP, NOTE)
    assert filtered(entries, Filter(until=80.0)) == (GAP, PIN)


_TIMES = st.floats(0, 4e9)


@settings(max_examples=30)
@given(_TIMES, st.sampled_from(Kind), st.text(), st.text(), st.none() | st.integers(1, 99))
def test_what_is_kept_comes_back_as_it_was(
    at: float, kind: Kind, text: str, host: str, step: int | None
) -> None:
    entry = Entry(at, kind, text, host=host, step=step, cursor="s=1", until=at)
    assert from_record(json.loads(json.dumps(to_record(entry)))) == entry


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"kind": "note", "text": "x"}, "no time"),
        ({"at": True, "kind": "note"}, "no time"),
        ({"at": 1, "kind": "party"}, "party"),
        ({"at": 1, "kind": "note", "text": 3}, "texts"),
        ({"at": math.nan, "kind": "note"}, "needs a time"),
    ],
)
def test_a_record_that_is_none_is_refused(bad: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_record(bad)


def test_audit_records_say_what_was_done() -> None:
    begun = record("begin", step=2, host="web1", command="sudo -n systemctl restart x", op="o1")
    entry = entry_of(begun)
    assert (entry.kind, entry.step, entry.host, entry.op) == (Kind.COMMAND, 3, "web1", "o1")
    assert entry.text == "sudo -n systemctl restart x"
    assert entry.at == 1_528_081_680.123
    assert entry.who == "ada@desk"
    assert entry_of(record("begin", step=0)).kind is Kind.STEP
    done = entry_of(record("end", step=0, exit_status="1", detail="failed: it is down"))
    assert (done.kind, done.text) == (Kind.OUTCOME, "ended: failed: it is down; exit status 1")
    over = entry_of(record("end", detail="ok: restarted"))
    assert (over.kind, over.text) == (Kind.PLAN, "ended: ok: restarted")
    unlocked = entry_of(record("unlock", reason="pager"))
    assert (unlocked.kind, unlocked.text) == (Kind.UNLOCK, "unlocked: pager")
    assert entry_of(record("console-line", typed="node()")).text == "typed: node()"


def test_every_event_of_the_audit_has_its_words() -> None:
    doc = AuditRecord.__doc__ or ""
    listed = doc.split("`event` is ")[1].split(".")[0].replace(" or ", ", ")
    events = [event.strip() for event in listed.split(",")]
    assert len(events) > 10
    for event in (*events, "resumed", "takeover"):
        assert entry_of(record(event)).text


@pytest.mark.parametrize(
    ("utc", "why"),
    [("", "isoformat"), ("yesterday", "isoformat"), ("2018-06-04T03:08:00", "no zone")],
)
def test_a_record_without_a_time_is_refused(utc: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        entry_of({**record("end"), "utc": utc})
