"""The timeline's lines: what fits in 80 columns, and all that is known of an entry."""

from __future__ import annotations

from datetime import UTC

from tui.model.timeline import Entry, Kind
from tui.model.timeline_rows import cells_of, columns_for, entry_lines

AT = 1_528_081_680.0
LINE = Entry(AT, Kind.COMMAND, "systemctl restart x", host="web1", who="a@b", op="o1", step=2)
SCRIPT = Entry(AT, Kind.COMMAND, "/bin/sh -c 'one\ntwo\nthree'", host="web1", step=3)


def text_of(entry: Entry) -> str:
    return {key: text for key, text, _ in cells_of(entry)}["text"]


def test_a_script_is_told_by_its_step_and_length_and_a_command_by_itself() -> None:
    assert text_of(LINE) == "systemctl restart x"
    assert text_of(SCRIPT) == "step 3: a script of 3 lines"


def test_the_columns_fit_and_the_text_has_what_is_left() -> None:
    for width in (40, 79, 200):
        columns = columns_for(width, [LINE])
        assert [key for key, _, _ in columns] == [key for key, _, _ in cells_of(LINE)]
        used = sum(cells for _, _, cells in columns) + len(columns) + 1
        assert used <= max(width, 45)


def test_everything_that_is_known_is_told() -> None:
    assert entry_lines(LINE, UTC) == (
        "2018-06-04 03:08:00 UTC, 03:08:00 +0000 here: command",
        "on web1",
        "by a@b",
        "operation o1, step 2",
        "systemctl restart x",
    )
