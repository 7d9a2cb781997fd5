"""Rows of an entry: exactly as wide as the screen, cut at cell borders, nothing lost, no markup."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.journal_fakes import NOW, entry, hidden_in, ordinary_night
from tui.model.journal import EntryKind, Level
from tui.model.journal_filter import Filter
from tui.model.text import scrub
from tui.widgets.cells import cut_cells, pad_cells, short_names, wrap_cells, wrap_words
from tui.widgets.journal_rows import Layout, Marks, Row

NAMES = {"web1": "web1", "web2": "web2"}
LAYOUT = Layout(79, names=NAMES, colours={"web1": 0, "web2": 1})

messages = st.text(
    st.sampled_from("ab \n[]/@=漢字🎉é\u0301\ufe0f\u200d\x1b\x9b‮\x00") | st.characters(),
    max_size=400,
).map(scrub)


def text_of(row: Row) -> str:
    """A row as it is read."""
    return "".join(text for text, _ in row)


def texts(layout: Layout, *args: object) -> list[str]:
    """The rows of an entry as they are read, without blanks at their ends."""
    return [text_of(row).rstrip() for row in layout.rows(*args)]  # type: ignore[arg-type]


class TestAsSketched:
    def test_a_line_has_time_host_level_and_message(self) -> None:
        assert texts(LAYOUT, entry("GET /v1/users/4", at=NOW + 0.18)) == [
            " 03:08:00.180 web1 info  GET /v1/users/4"
        ]

    def test_the_time_and_level_that_elixir_writes_are_not_said_twice(self) -> None:
        said = entry("03:07:41.180 request_id=72 [info] GET /v1/users/4")
        assert texts(LAYOUT, said) == [" 03:08:00.000 web1 info  request_id=72 GET /v1/users/4"]

    def test_a_level_that_is_not_the_entrys_stays(self) -> None:
        said = entry("[error] but PRIORITY says info")
        assert texts(LAYOUT, said)[0].endswith("info  [error] but PRIORITY says info")

    def test_the_second_stands_once(self) -> None:
        assert texts(LAYOUT, entry("again", at=NOW + 0.5), Marks(short=True)) == [
            "         .500 web1 info  again"
        ]

    def test_a_trace_is_folded_and_says_how_much_is_left(self) -> None:
        rows = texts(LAYOUT, ordinary_night()[1])
        assert [row[:26] for row in rows] == [
            " 03:07:41.204 web2 ERROR A",
            " ┃            web2        ",
            " ┃            web2       (",
        ]
        assert rows[0].endswith(":telemetry_a+")
        assert "(3 more lines)" in rows[2]
        assert rows[2].endswith("⏎")

    def test_three_lines_are_not_folded(self) -> None:
        assert len(texts(LAYOUT, entry("a\nb\nc"))) == 3

    def test_unfolded_it_is_all_there_and_wrapped(self) -> None:
        trace = ordinary_night()[1]
        rows = LAYOUT.rows(trace, Marks(unfolded=True))
        said = "".join(text_of(row)[25:] for row in rows).replace(" ", "")
        assert said == trace.message.replace("\n", "").replace(" ", "")

    def test_systemd_speaks_as_unit(self) -> None:
        unit = entry("Started.", kind=EntryKind.UNIT)
        assert LAYOUT.rows(unit)[0][3] == ("unit  ", "unit")
        failed = entry("Failed.", level=Level.ERROR, kind=EntryKind.UNIT)
        assert LAYOUT.rows(failed)[0][3] == ("UNIT  ", "error")

    def test_a_gap_is_a_rule_across(self) -> None:
        gap = ordinary_night()[4]
        (row,) = texts(LAYOUT, gap, Marks(lasts="14s"))
        assert row.startswith(" ── web4: link lost 03:07:43 ────")
        assert row.endswith("──── resuming, 14s ──")
        assert cell_len(row) == 78

    def test_another_remark_of_ours_is_one_sentence(self) -> None:
        remark = entry("12,345 bytes here are no journal entry: a, b", kind=EntryKind.GAP)
        assert "web1: 12,345 bytes here are no journal entry: a, b ──" in texts(LAYOUT, remark)[0]

    def test_another_day_is_said_above(self) -> None:
        rows = texts(LAYOUT, entry("x"), Marks(day=True))
        assert rows[0].startswith(" ── 2018-06-04 UTC ──")
        assert len(rows) == 2

    def test_a_host_has_one_colour_and_always_its_word(self) -> None:
        web2 = LAYOUT.rows(entry("x\ny", "web2"))
        assert [row[2] for row in web2] == [("web2 ", "host-1"), ("web2 ", "host-1")]
        assert LAYOUT.rows(entry("x", "else"))[0][2][0] == "else "


class TestCutAndWrapped:
    def test_a_line_that_just_fits_is_not_cut(self) -> None:
        room = LAYOUT.message_width
        assert text_of(LAYOUT.rows(entry("x" * room))[0]).endswith("x")
        cut = text_of(LAYOUT.rows(entry("x" * (room + 1)))[0])
        assert cut.endswith("x+")
        assert cut.count("x") == room - 1

    def test_a_wide_character_is_never_halved(self) -> None:
        for blanks in (0, 1):
            row = text_of(LAYOUT.rows(entry(" " * blanks + "漢" * 60))[0])
            assert cell_len(row) == 79
            assert row.endswith("+")

    def test_wrapping_loses_nothing(self) -> None:
        said = "漢字 " * 40 + "end"
        rows = replace(LAYOUT, wrap=True).rows(entry(said))
        assert len(rows) > 2
        assert "".join(text_of(row)[25:].rstrip() for row in rows).replace(" ", "") == (
            said.replace(" ", "")
        )

    def test_a_monster_is_wrapped_into_a_few_rows_only(self) -> None:
        rows = replace(LAYOUT, wrap=True).rows(entry("x" * 60_000))
        assert len(rows) == 8
        assert text_of(rows[-1]).endswith("+")

    def test_an_unfolded_monster_ends_with_a_count(self) -> None:
        rows = texts(LAYOUT, entry("line\n" * 5_000), Marks(unfolded=True))
        assert len(rows) == 401
        assert "(4601 more lines)" in rows[-1]

    @pytest.mark.parametrize("width", [20, 39, 40, 59, 60, 79, 199])
    @settings(deadline=None)
    @given(message=messages, wrap=st.booleans(), unfolded=st.booleans(), gap=st.booleans())
    def test_every_row_fills_the_width_exactly(
        self, width: int, message: str, wrap: bool, unfolded: bool, gap: bool
    ) -> None:
        layout = Layout(width, names=NAMES, wrap=wrap, hits=Filter("a").spans)
        kind = EntryKind.GAP if gap else EntryKind.APP
        rows = layout.rows(entry(message, kind=kind, cursor="c"), Marks(True, False, unfolded))
        assert [cell_len(text_of(row)) for row in rows] == [width] * len(rows)
        assert not any(hidden_in(text_of(row)) for row in rows)


class TestHits:
    def rows(self, text: str, message: str) -> list[Row]:
        return list(replace(LAYOUT, hits=Filter(text).spans).rows(entry(message)))

    def hits(self, row: Row) -> list[str]:
        return [text for text, role in row if role == "hit"]

    def test_hits_are_marked_where_they_stand(self) -> None:
        (row,) = self.rows("get", "GET /budget")
        assert self.hits(row) == ["GET", "get"]
        assert text_of(row).rstrip().endswith("GET /budget")

    def test_a_hit_beyond_the_cut_marks_the_sign_of_the_cut(self) -> None:
        (row,) = self.rows("needle", "x" * 100 + "needle")
        assert row[-1] == ("+", "hit")
        (row,) = self.rows("needle", "needle" + "x" * 100)
        assert row[-1] == ("+", "more")

    def test_hits_in_folded_lines_are_counted(self) -> None:
        rows = self.rows("needle", "a\nb\nneedle\nneedle\nc")
        assert "(3 more lines, 2 with hits)" in text_of(rows[-1])

    def test_what_elixir_writes_stays_if_it_is_what_was_hit(self) -> None:
        (row,) = self.rows("[info]", "03:07:41.180 [info] GET")
        assert self.hits(row) == ["[info]"]

    def test_a_hit_across_a_fold_is_marked_on_both_rows(self) -> None:
        room = LAYOUT.message_width
        layout = replace(LAYOUT, wrap=True, hits=Filter("needle").spans)
        rows = layout.rows(entry("x" * (room - 3) + "needle"))
        assert [self.hits(row) for row in rows] == [["nee"], ["dle"]]


class TestCells:
    @settings(deadline=None)
    # With no room there is no head at all, not even a mark of no width: the next test's.
    @given(messages, st.integers(1, 60))
    def test_a_head_fits_and_no_longer_one_would(self, text: str, cells: int) -> None:
        line = text.replace("\n", " ")
        head, width = cut_cells(line, cells)
        assert line.startswith(head)
        assert width == cell_len(head) <= cells
        assert head == line or cell_len(line[: len(head) + 1]) > cells
        assert cell_len(pad_cells(line, cells)) == cells

    @pytest.mark.parametrize("text", ["", "a", "\U0001da00", "日"])
    def test_without_room_nothing_is_left(self, text: str) -> None:
        assert cut_cells(text, 0) == cut_cells(text, -1) == ("", 0)

    @settings(deadline=None)
    @given(messages, st.integers(2, 60))
    def test_pieces_fit_and_are_the_whole(self, text: str, cells: int) -> None:
        line = text.replace("\n", " ")
        pieces = wrap_cells(line, cells)
        assert all(cell_len(piece) <= cells for piece, _ in pieces)
        assert all(line.startswith(piece, at) for piece, at in pieces)
        if cell_len(line):
            assert "".join(piece for piece, _ in pieces) == line

    @settings(deadline=None)
    @given(messages, st.integers(2, 40))
    def test_a_sentence_fits_and_keeps_its_words(self, text: str, room: int) -> None:
        sentence = text.replace("\n", " ")
        lines = wrap_words(sentence, room)
        assert all(cell_len(line) <= room for line in lines)
        assert "".join(lines).replace(" ", "") == sentence.replace(" ", "")

    def test_a_sentence_is_broken_between_words(self) -> None:
        assert wrap_words("no right: add the user", 12) == ["no right:", "add the user"]

    def test_names_lose_the_domain_they_share(self) -> None:
        assert short_names(["web1.shop.example", "db1.shop.example"], 10) == {
            "web1.shop.example": "web1",
            "db1.shop.example": "db1",
        }

    def test_long_names_are_cut_where_they_are_alike(self) -> None:
        fleet = ["production-eu-web-1", "production-eu-web-2"]
        assert list(short_names(fleet, 8).values()) == ["…u-web-1", "…u-web-2"]
        ends = ["alpha-production-eu", "omega-production-eu"]
        assert list(short_names(ends, 8).values()) == ["alp…n-eu", "ome…n-eu"]

    @settings(deadline=None)
    @given(st.lists(st.text("ab.漢-1", min_size=1, max_size=30), unique=True, max_size=6))
    def test_names_always_fit(self, names: list[str]) -> None:
        shown = short_names(names, 8)
        assert set(shown) == set(names)
        assert all(cell_len(word) <= 8 for word in shown.values())
