"""Entries packed and read back: all of them, one by one, and the columns a search reads."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tui.model.journal import Entry, EntryKind, Level
from tui.model.packed import SEPARATOR, Piece, pack

_TEXT = st.text(st.characters(exclude_characters=SEPARATOR), max_size=20)
_ENTRIES = st.lists(
    st.builds(
        Entry,
        host=st.sampled_from(("web1", "wéb2")),
        at_us=st.integers(-(2**40), 2**62 - 1),
        level=st.sampled_from(Level),
        kind=st.sampled_from(EntryKind),
        message=_TEXT,
        cursor=_TEXT,
        boot_id=st.sampled_from(("", "b" * 32)),
        pid=st.sampled_from((None, 1, 2**31)),
        identifier=_TEXT,
        fields=st.lists(st.tuples(_TEXT, _TEXT), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(_ENTRIES)
def test_what_is_packed_is_read_back(entries: list[Entry]) -> None:
    keys = [entry.at_us * 2 for entry in entries]
    shape, packed = pack(entries, keys)
    assert shape.size_bytes == len(packed)
    piece = Piece(shape, lambda start, stop: packed[start:stop])
    assert piece.entries() == entries
    assert [piece.entry(row) for row in range(len(entries))] == entries
    assert type(piece.entry(0).level) is Level
    assert type(piece.entry(0).kind) is EntryKind
    assert list(piece.keys) == keys
    assert list(piece.at_us) == [entry.at_us for entry in entries]
    assert piece.messages == [entry.message for entry in entries]
    starts = piece.starts
    for row, entry in enumerate(entries):
        message = piece.text[starts[row] : starts[row + 1] - 1]
        assert message.decode("utf-8", "surrogatepass") == entry.message
    common = piece.common
    assert [common[number][0] for number in piece.numbers] == [entry.host for entry in entries]


def test_what_entries_share_is_written_once() -> None:
    one = Entry("web1", 1, Level.INFO, EntryKind.APP, "x", fields=(("NAME", "y" * 1000),))
    shape, _ = pack([one._replace(at_us=n) for n in range(100)], range(100))
    assert shape.common < 1200
    assert shape.plain
