"""The table of hosts: what stands in its lines, what keeps its place, what is never markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from tui.model.host_rows import SIGNS
from tui.widgets.host_table import Column, HostTable, Row, _fitted

COLUMNS = (Column("host", "host", 8), Column("state", "state", 12), Column("load", "load", 5, True))


def row(host: str, state: str = "running", load: str = "0.4", *, marked: bool = False) -> Row:
    cells = (("host", host, "plain"), ("state", state, "good"), ("load", load, "plain"))
    return Row(host, cells, marked)


class Shown(App[None]):
    """Only the table; every message that another host is highlighted is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield HostTable()

    def on_host_table_highlighted(self, event: HostTable.Highlighted) -> None:
        self.told.append(event.host)

    @property
    def table(self) -> HostTable:
        return self.query_one(HostTable)

    def lines(self) -> list[str]:
        return [self.table.render_line(y).text.rstrip() for y in range(self.table.size.height)]


async def test_a_line_a_host_and_the_highlight_follows_its_host() -> None:
    app = Shown()
    async with app.run_test(size=(40, 10)) as pilot:
        app.table.show(COLUMNS, [row("web1"), row("web2"), row("web3")])
        app.table.move(1)
        await pilot.pause()
        assert app.lines() == [
            " host     state         load",
            " web1     running        0.4",
            "▌web2     running        0.4",
            " web3     running        0.4",
        ]
        app.table.show(COLUMNS, [row("web0"), row("web1"), row("web2", "LOOPING"), row("web3")])
        await pilot.pause()
        assert app.table.highlighted == "web2"
        assert app.lines()[3] == "▌web2     LOOPING        0.4"
        app.table.show(COLUMNS, [row("web1"), row("web3")])
        assert app.table.highlighted == "web3", "its neighbour, when it is gone"
        app.table.show(COLUMNS, [], nothing="no host matches x")
        await pilot.pause()
        assert (app.table.highlighted, app.lines()[1]) == ("", " no host matches x")
        app.table.move(1)
        app.table.show(COLUMNS, [row("web1")])
        assert app.table.highlighted == "web1"
        await pilot.pause()
        assert app.told == ["web1", "web2", "web3", "web1"]


async def test_marks_and_ends() -> None:
    app = Shown()
    async with app.run_test(size=(40, 10)) as pilot:
        app.table.show(COLUMNS, [row("web1", marked=True), row("web2", marked=True), row("web3")])
        await pilot.pause()
        assert app.lines()[1].startswith("▌*web1")
        assert app.lines()[2].startswith("*web2")
        app.table.to_end()
        app.table.move(99)
        assert app.table.highlighted == "web3"
        app.table.move(-99)
        assert app.table.highlighted == "web1"


async def test_only_lines_that_changed_are_painted_anew() -> None:
    app = Shown()
    async with app.run_test(size=(40, 10)) as pilot:
        rows = [row(f"web{n}") for n in range(5)]
        app.table.show(COLUMNS, rows)
        await pilot.pause()
        painted: list[int] = []
        was = app.table.render_line
        app.table.render_line = lambda y: (painted.append(y), was(y))[1]  # type: ignore[method-assign, func-returns-value]
        app.table.show(COLUMNS, list(rows))
        await pilot.pause()
        assert painted == []
        app.table.show(COLUMNS, [*rows[:3], row("web3", load="2.1"), rows[4]])
        await pilot.pause()
        assert set(painted) == {4}


async def test_a_click_highlights_and_starts_nothing() -> None:
    app = Shown()
    hostile = "[@click=app.quit]x[/]"
    async with app.run_test(size=(60, 10)) as pilot:
        wide = (Column("host", "host", 8), Column("state", "state", 30))
        app.table.show(wide, [row("web1"), row("web2", hostile)])
        await pilot.pause()
        assert hostile in app.lines()[2], "literal"
        await pilot.click(HostTable, offset=(14, 2))
        assert app.table.highlighted == "web2"
        assert app.is_running


async def test_more_hosts_than_lines_scroll_with_the_highlight() -> None:
    app = Shown()
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.show(COLUMNS, [row(f"web{n:02}") for n in range(30)])
        await pilot.pause()
        app.table.to_end()
        await pilot.pause()
        assert "▌web29" in "\n".join(app.lines())
        app.table.move_to(0)
        await pilot.pause()
        assert app.table.scroll_offset.y <= 1


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("0.2.0", 8, "0.2.0   "),
        ("0.3.0+20180604-master-41aa07c", 12, "0.3.0+2…a07c"),
        ("0.3.0+20180604-master-41aa07c ≠", 12, "0.3.0…a07c ≠"),
        ("0.3.0+41 ↻", 9, "0.3…+41 ↻"),
        ("running, clock", 3, "run"),
        ("データベース", 7, "デー…ス"),
    ],
)
def test_a_text_that_is_too_long_loses_its_middle_and_keeps_its_sign(
    text: str, width: int, shown: str
) -> None:
    assert _fitted(text, Column("runs", "runs", width)).rstrip() == shown.rstrip()


@given(st.text(max_size=40), st.integers(1, 30), st.sampled_from(["", *SIGNS]), st.booleans())
def test_a_cell_is_exactly_as_wide_as_its_column(
    text: str, width: int, sign: str, right: bool
) -> None:
    printable = "".join(char for char in text if char.isprintable())
    whole = f"{printable} {sign}" if sign else printable
    fitted = _fitted(whole, Column("x", "x", width, right))
    assert cell_len(fitted) == width
    if sign and width > 2:
        assert sign in fitted
