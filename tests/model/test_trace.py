"""Lines of one event are one entry; every line is in exactly one, in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.model.journal import Entry, EntryKind, Level
from tui.model.level import level_of
from tui.model.trace import MAX_LINES, TraceFolder


def line(
    message: str,
    at_us: int,
    stream: str = "s1",
    pid: int = 7,
    kind: EntryKind = EntryKind.APP,
) -> Entry:
    return Entry(
        "web1",
        at_us,
        level_of(message, None),
        kind,
        message,
        cursor=f"c{at_us}",
        stream_id=stream,
        pid=pid,
    )


def folded(*lines: Entry) -> list[str]:
    """The events of lines that all came at once."""
    grown, fresh = TraceFolder().fold(lines)
    assert grown is None
    return [entry.message for entry in fresh]


CRASH = (
    "23:06:02.844 [error] GenServer #PID<0.211.0> terminating",
    "** (RuntimeError) boom",
    "    (app 0.3.0) lib/app/worker.ex:12: App.Worker.handle_call/3",
    "Last message (from #PID<0.2.0>): :boom",
    "State: %{}",
)


def test_crash_of_a_process_is_one_event() -> None:
    lines = [line(text, 1000 + 60 * n) for n, text in enumerate(CRASH)]
    _, (event,) = TraceFolder().fold(lines)
    assert event.message == "\n".join(CRASH)
    assert (event.at_us, event.level, event.cursor) == (1000, Level.ERROR, "c1240")


def test_records_with_a_level_or_a_time_stay_apart() -> None:
    texts = (
        "[info] a",
        "[info] b",
        "23:06:02 plain",
        "2026-11-23 23:06:02.1 c",
        '{"level":"info"}',
    )
    assert folded(*(line(text, n) for n, text in enumerate(texts))) == list(texts)


def test_plain_lines_stay_apart() -> None:
    assert folded(line("line 1", 0), line("line 2", 10)) == ["line 1", "line 2"]


def test_rest_of_a_write_belongs_to_its_record_only_while_it_is_written() -> None:
    head, rest = "[debug] QUERY OK db=0.5ms", 'SELECT u0."id" FROM "users"'
    assert folded(line(head, 0), line(rest, 60)) == [f"{head}\n{rest}"]
    assert folded(line(head, 0), line(rest, 60_000)) == [head, rest]


def test_indented_line_goes_on_even_after_a_pause() -> None:
    assert len(folded(line("** (E) x", 0), line("    (app 1.0) lib/a.ex:1: A.b/0", 400_000))) == 1
    assert len(folded(line("** (E) x", 0), line("    (app 1.0) lib/a.ex:1: A.b/0", 4_000_000))) == 2


def test_erlang_report_is_one_event() -> None:
    head = "=INFO REPORT==== 23-Nov-2026::00:33:35.573507 ==="
    said = "SIGTERM received - shutting down"
    assert folded(line(head, 0), line(said, 60)) == [f"{head}\n{said}"]


def test_exception_is_not_hidden_under_a_harmless_line() -> None:
    texts = ("[info] ok", "** (RuntimeError) boom")
    assert folded(line(texts[0], 0), line(texts[1], 60)) == list(texts)


def test_other_processes_streams_hosts_and_speakers_stay_apart() -> None:
    trace = "    (app 1.0) lib/a.ex:1: A.b/0"
    head = line("[error] x", 0)
    for other in (
        line(trace, 10, stream="s2"),
        line(trace, 10, pid=8),
        line(trace, 10, kind=EntryKind.UNIT),
        line(trace, 10)._replace(boot_id="other"),
        line(trace, -10),
    ):
        assert len(folded(head, other)) == 2
    assert len(folded(line("[error] x", 0, stream=""), line(trace, 10, stream=""))) == 2
    unit = line("app.service: Failed", 5, stream="", kind=EntryKind.UNIT)
    assert len(folded(head, unit, line(trace, 10))) == 3, "only neighbours are joined"


def test_very_long_traces_are_bounded() -> None:
    lines = [line(f"    {n}", n) for n in range(3 * MAX_LINES)]
    events = folded(*lines)
    assert max(event.count("\n") + 1 for event in events) == MAX_LINES
    assert "\n".join(events) == "\n".join(entry.message for entry in lines)
    huge = [line("[error] x", 0), *(line("    " + "y" * 60_000, n + 1) for n in range(9))]
    assert len(folded(*huge)) > 1


_texts = st.sampled_from(
    (*CRASH, "[info] a", "plain", "    indented", "** (E) x", "=INFO REPORT==== x", "{", "")
)


@given(st.lists(st.tuples(_texts, st.sampled_from((1, 60, 5000, 2_000_000)))), st.data())
def test_every_line_is_in_one_event_however_it_arrives(
    lines: list[tuple[str, int]], data: st.DataObject
) -> None:
    at = 0
    raw = []
    for text, gap in lines:
        at += gap
        raw.append(line(text, at))
    whole = TraceFolder().fold(raw)[1]
    folder = TraceFolder()
    shown: list[Entry] = []
    left = raw
    while left:
        count = data.draw(st.integers(1, len(left)))
        before = shown[-1:]
        grown, fresh = folder.fold(left[:count])
        if grown is not None:
            assert before[0].message + "\n" + grown.added.message == grown.whole.message
            shown[-1] = grown.whole
        shown += fresh
        left = left[count:]
    assert "\n".join(e.message for e in shown) == "\n".join(e.message for e in raw)
    assert shown == whole, "the blocks in which lines arrive do not matter"
