"""Notices in the room there is: worst first, nothing cut without a word, hosts by short names."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tui.model.notice import Notice, Severity
from tui.widgets.notice_panel import NoticePanel

SIGNS = {"restart": "R", "reconnect": "ctrl+r"}


def notice(host: str, headline: str = "link lost", *lines: str, **said: object) -> Notice:
    keys = (("reconnect", "connect now"),)
    return Notice(Severity.STALE, host, headline, lines, keys, **said)  # type: ignore[arg-type]


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield NoticePanel()


async def painted(
    notices: list[Notice], size: tuple[int, int] = (60, 12), names: dict[str, str] | None = None
) -> list[str]:
    app = Shown()
    async with app.run_test(size=size) as pilot:
        app.query_one(NoticePanel).show(notices, SIGNS, names or {})
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        return ["".join(s.text for s in strip).rstrip() for strip in strips][1:]


async def test_nothing_is_said_when_all_is_well() -> None:
    assert set(await painted([])) == {""}


async def test_a_block_has_its_lines_and_the_keys_as_they_are_remapped() -> None:
    assert (await painted([notice("web1", "link lost", "next try in 3s")]))[:4] == [
        " web1  link lost",
        "       next try in 3s",
        "       ctrl+r connect now",
        "",
    ]


async def test_the_same_of_several_hosts_is_one_block() -> None:
    same = [notice(f"web{n}", "link lost", "refused", f"next try in {n}s") for n in range(3)]
    assert (await painted(same))[:3] == [
        " web0, web1, web2  link lost",
        "                   refused",
        "                   ctrl+r connect now",
    ]


async def test_long_names_stand_alone_and_as_many_as_there_is_room_for() -> None:
    names = {f"web{n}": f"web{n}.example.net" for n in range(9)}
    lines = await painted([notice(name) for name in names], names=names)
    assert lines[0] == " web0.example.net, web1.example.net and 7 more"
    assert lines[1] == "     link lost"


async def test_what_does_not_fit_is_counted() -> None:
    lines = await painted([notice(f"web{n}", f"trouble {n}") for n in range(9)], (60, 9))
    assert lines[0] == " web0  trouble 0"
    shown = sum("trouble" in line for line in lines)
    assert shown == 2
    assert [line for line in lines if line][-1] == " and 7 more: Enter on a host shows its own"


async def test_one_notice_longer_than_the_room_is_begun() -> None:
    lines = await painted([notice("web1", "x", *(f"line {n}" for n in range(20)))], (60, 6))
    assert lines[0] == " web1  x"
    assert lines[-1].strip().startswith("line")


async def test_text_of_hosts_is_literal_and_wrapped() -> None:
    said = "[@click=app.quit]" + "word " * 20
    lines = await painted([notice("web1", said)])
    assert "[@click=app.quit]" in lines[0]
    assert all(len(line) <= 60 for line in lines)
    assert sum(line.count("word") for line in lines) == 20
