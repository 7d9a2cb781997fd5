"""What of a resumed reading is new, and what its beginning proves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.model.journal import Entry, EntryKind, Level
from tui.operations.bookmark import REMEMBERED, Bookmark, Resumed


def raw(*numbers: int) -> list[Entry]:
    return [Entry("web1", n, Level.INFO, EntryKind.APP, str(n), cursor=f"c{n}") for n in numbers]


def numbers(entries: object) -> list[int]:
    return [e.at_us for e in entries]  # type: ignore[attr-defined]  # a sequence of entries


def read_up_to(last: int) -> Bookmark:
    mark = Bookmark()
    mark.unread(raw(*range(1, last + 1)))
    return mark


def test_nothing_is_compared_before_something_was_read() -> None:
    mark = Bookmark()
    mark.resume()
    assert not mark.checking
    entries, verdict = mark.unread(raw(1, 2))
    assert (numbers(entries), verdict, mark.cursor, mark.at_us) == ([1, 2], None, "c2", 2)


def test_last_entry_comes_again_and_is_dropped() -> None:
    mark = read_up_to(5)
    mark.resume()
    assert mark.checking
    entries, verdict = mark.unread(raw(5, 6))
    assert (numbers(entries), verdict) == ([6], Resumed.WHOLE)
    assert not mark.checking
    assert mark.unread(raw(7)) == (raw(7), None)


def test_last_entry_alone_proves_it_as_well() -> None:
    mark = read_up_to(5)
    mark.resume()
    assert mark.unread(raw(5)) == ([], Resumed.WHOLE)
    assert mark.cursor == "c5"


def test_replay_from_nearby_is_dropped_up_to_the_last_entry() -> None:
    mark = read_up_to(9)
    mark.resume()
    assert mark.unread(raw(6, 7)) == ([], None)
    entries, verdict = mark.unread(raw(8, 9, 10))
    assert (numbers(entries), verdict) == ([10], Resumed.WHOLE)


def test_missing_last_entry_is_a_loss_said_once_and_replays_stay_out() -> None:
    mark = read_up_to(9)
    mark.resume()
    entries, verdict = mark.unread(raw(7, 8, 12))
    assert (numbers(entries), verdict) == ([12], Resumed.TORN)
    assert mark.left_at_us == 9
    entries, verdict = mark.unread(raw(3, 13))
    assert (numbers(entries), verdict) == ([13], None)


def test_remarks_of_ours_have_no_cursor_and_prove_nothing() -> None:
    mark = read_up_to(3)
    mark.resume()
    remark = [Entry("web1", 3, Level.WARNING, EntryKind.GAP, "garbage")]
    assert mark.unread(remark) == (remark, None)
    assert mark.cursor == "c3"
    assert mark.unread(raw(3)) == ([], Resumed.WHOLE)


def test_what_is_remembered_is_bounded() -> None:
    mark = read_up_to(3 * REMEMBERED)
    assert len(mark._read) == REMEMBERED
    mark.resume()
    mark.unread(raw(*range(10**6, 10**6 + 2 * REMEMBERED)))
    assert mark._known is None, "the comparison ends some time after a loss"


@given(st.data())
def test_whatever_is_resumed_each_entry_is_new_once(data: st.DataObject) -> None:
    mark = Bookmark()
    got: list[int] = []
    written = 0
    for _ in range(data.draw(st.integers(1, 12))):
        written += data.draw(st.integers(0, 5))
        mark.resume()
        last = got[-1] if got else 0
        start = max(1, last - data.draw(st.integers(0, 4))) if last else 1
        sent = list(range(start, data.draw(st.integers(min(last, written), written)) + 1))
        cut = data.draw(st.integers(0, len(sent)))
        for part in (sent[:cut], sent[cut:]):
            entries, verdict = mark.unread(raw(*part))
            assert verdict is not Resumed.TORN
            got += numbers(entries)
    assert got == list(range(1, len(got) + 1))
