"""The migrations screen by its keys: what is read, shown and asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from screens.migration_source import MigrationSourceScreen
from screens.migrations import MigrationsScreen
from tests.screens.fake_deck import fake_deck
from tests.values import NOW, view
from tests.waiting import until
from tui.demo.migrations import FILES
from tui.messages import PlanAsked
from tui.model.fleet import Config
from tui.model.migration import By, Migration, MigrationState, MigrationStatus, RepoStatus
from tui.model.migration_files import MigrationFile, MigrationFiles
from tui.model.migration_views import MigrationsSeen
from tui.theme import THEMES
from tui.widgets.host_table import HostTable

APPLIED, PENDING, LOST = MigrationState.APPLIED, MigrationState.PENDING, MigrationState.NO_FILE
USERS, EMAIL, INVOICES, AMOUNT, LEGACY, IRREVERSIBLE = (file.version for file in FILES)
PATH = "/opt/billing/lib/billing-{}/priv/repo/migrations"


def repo(release: str, applied: tuple[int, ...], name: str = "Billing.Repo") -> RepoStatus:
    names = {file.version: file.name for file in FILES if release in file.releases}
    rows = []
    for version in sorted(set(applied) | set(names)):
        state = PENDING if version not in applied else APPLIED if version in names else LOST
        rows.append(Migration(version, names.get(version, ""), state))
    return RepoStatus(name, tuple(rows), PATH.format(release))


def files() -> MigrationFiles:
    found = tuple(
        MigrationFile(
            "billing", release, "priv/repo/migrations", file.version, file.name, str(file.version)
        )
        for file in FILES
        for release in file.releases
        if release <= "0.3.0"
    )
    return MigrationFiles(found, {str(file.version): file.source for file in FILES})


OLD = (USERS, EMAIL, INVOICES, AMOUNT)


def seen(
    running: str = "0.2.0", on_disk: str = "0.3.0", applied: tuple[int, ...] = OLD
) -> MigrationsSeen:
    return MigrationsSeen(
        "web1",
        MigrationStatus("web1", By.RPC, running, NOW - 12, (repo(running, applied),)),
        MigrationStatus("web1", By.EVAL, on_disk, NOW - 11, (repo(on_disk, applied),)),
        files(),
        NOW - 11,
    )


class Shown(App[None]):
    """Only the migrations screen; what it asks of the app is kept."""

    def __init__(self, deck: Any) -> None:
        super().__init__()
        self._given = deck
        self.said: list[str] = []
        self.plans: list[tuple[str, dict[str, str]]] = []
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def on_mount(self) -> None:
        self.push_screen(MigrationsScreen(self._given))

    def notify(self, message: str, **options: Any) -> None:
        assert options.get("markup") is False
        self.said.append(message)

    def on_plan_asked(self, message: PlanAsked) -> None:
        self.plans.append((message.kind, dict(message.params)))


def deck_of(found: MigrationsSeen | None) -> Any:
    deck: Any = fake_deck([view("web1", runs="0.2.0", boots="0.3.0")], production=True)
    deck.migrations = found
    deck.context = SimpleNamespace(migration_host="web1")
    return deck


@asynccontextmanager
async def opened(
    deck: Any, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Shown, Pilot[None]]]:
    app = Shown(deck)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


def text(app: App[Any]) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(s.text for s in strip).rstrip() for strip in strips)


async def test_what_the_columns_cut_is_told_whole_below_of_the_highlighted_one() -> None:
    async with opened(deck_of(seen())) as (app, pilot):
        assert "column t_create_invoices.amount" not in text(app)
        await pilot.press("j", "j")
        shown = text(app)
        assert f" {AMOUNT} add_amount, Billing.Repo: applied" in shown
        assert " can it be undone: yes" in shown
        assert " undoing it loses: column t_create_invoices.amount" in shown


async def test_both_views_and_why_they_differ() -> None:
    async with opened(deck_of(seen()), (120, 30)) as (app, _):
        shown = text(app)
        assert "seen by web1: running 0.2.0 (rpc), on disk 0.3.0 (eval)" in shown
        assert "Billing.Repo   applied 4   pending 2   no file 0" in shown
        assert "read 11s ago; r reads again" in shown
        assert "0.3.0 lies on disk and was not restarted into: only by eval has it 2 migr" in shown
        *rows, chosen = [line for line in shown.split("\n") if line[1:5].isdigit()]
        assert chosen.startswith(f" {IRREVERSIBLE} ")
        assert [row[1:15] for row in rows] == [
            str(v) for v in (IRREVERSIBLE, LEGACY, AMOUNT, INVOICES, EMAIL, USERS)
        ]
        assert "pending, disk 0.3.0 no (neither down nor change)" in rows[0]
        assert "up: cannot tell" in rows[1]
        assert "0.2.0" in rows[2]
        assert "down: column t_create_invoices.amount" in rows[2]
        assert "[4 migrations 2?]" in shown


async def test_small_it_says_the_same_in_words_without_reasons() -> None:
    async with opened(deck_of(seen())) as (app, _):
        shown = text(app)
        assert "20180101120000 add_amount" in shown
        assert all(len(line) <= 80 for line in shown.split("\n"))
        assert "M migrate" in shown


async def test_a_rollback_prepared_shows_what_the_older_release_lacks() -> None:
    both = seen("0.3.0", "0.2.0", (*OLD, LEGACY))
    async with opened(deck_of(both), (120, 30)) as (app, _):
        shown = text(app)
        assert "0.3.0 runs and 0.2.0 boots next, which lacks" in shown
        assert "undo them before it boots" in shown
        assert "applied ≠" in shown


async def test_nothing_goes_down_unmarked() -> None:
    async with opened(deck_of(seen("0.2.0", "0.2.0"))) as (app, pilot):
        await pilot.press("M")
        assert app.plans == []
        assert "what is to be undone is marked first" in app.said[0]
        await pilot.press("space", "space", "M")
        assert app.plans == [
            (
                "migrate",
                {
                    "direction": "down",
                    "repo": "Billing.Repo",
                    "versions": f"{AMOUNT} {INVOICES}",
                    "by": "rpc",
                    "release": "",
                    "hosts": "web1",
                },
            )
        ]
        await pilot.press("escape", "M")
        assert len(app.plans) == 1


async def test_up_is_all_that_is_pending_by_the_code_that_has_it() -> None:
    async with opened(deck_of(seen())) as (app, pilot):
        await pilot.press("M")
        kind, params = app.plans[0]
        assert (kind, params["direction"], params["by"]) == ("migrate", "up", "eval")
        assert params["release"] == "0.3.0"
        assert params["versions"] == f"{IRREVERSIBLE} {LEGACY}"
        await pilot.press("space", "j", "space", "M")  # one pending, one applied
        assert len(app.plans) == 1
        assert "mark either" in app.said[-1]


async def test_what_both_lack_is_undone_by_a_release_that_still_lies_there() -> None:
    both = seen("0.2.0", "0.2.0", (*OLD, LEGACY))
    async with opened(deck_of(both)) as (app, pilot):
        assert "4 migrations 1?" in text(app)
        await pilot.press("space", "M")
        _, params = app.plans[0]
        assert (params["direction"], params["by"], params["release"]) == ("down", "eval", "0.3.0")
        assert params["versions"] == str(LEGACY)


async def test_the_source_with_the_lines_that_the_judgement_rests_on() -> None:
    async with opened(deck_of(seen()), (100, 40)) as (app, pilot):
        await pilot.press("j", "enter")
        await until(lambda: isinstance(app.screen, MigrationSourceScreen))
        await pilot.pause()
        shown = text(app)
        assert f"{LEGACY} drop_legacy" in shown
        assert "node       does not know it" in shown
        assert "disk       pending" in shown
        assert "up loses   cannot tell" in shown
        marked = [line for line in shown.split("\n") if "▸" in line]
        assert len(marked) == 1
        assert 'execute "UPDATE t_create_users SET name = lower(name)"' in marked[0]
        await pilot.press("y")
        assert app.said == ["source copied"]
        await pilot.press("escape")
        await until(lambda: isinstance(app.screen, MigrationsScreen))


async def test_hostile_text_is_shown_as_text() -> None:
    found = seen()
    files_of = found.files
    text_of = {**files_of.texts, str(LEGACY): "# [@click=app.quit]x[/]\x1b[2J\u202e\n[/] end"}
    hostile = MigrationsSeen(
        found.host, found.running, found.on_disk, MigrationFiles(files_of.files, text_of), NOW
    )
    async with opened(deck_of(hostile), (100, 40)) as (app, pilot):
        await pilot.press("j", "enter")
        await until(lambda: isinstance(app.screen, MigrationSourceScreen))
        await pilot.pause()
        shown = text(app)
        assert "# [@click=app.quit]x[/]" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown


async def test_it_is_read_when_first_opened_and_by_its_key_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def read_both(_context: object, host: str) -> MigrationsSeen:
        asked.append(host)
        return seen()

    monkeypatch.setattr("tui.operations.migration_read.read_both", read_both)
    deck = deck_of(None)
    async with opened(deck) as (app, pilot):
        await until(lambda: deck.migrations is not None)
        await pilot.pause()
        assert asked == ["web1"]
        assert app.screen.query_one(HostTable).hosts
        await pilot.press("r")
        await until(lambda: len(asked) == 2)


async def test_keys_are_named_as_they_are_remapped() -> None:
    deck = deck_of(seen())
    deck.config = Config(keys={"read_migrations": "f5"})
    async with opened(deck) as (app, _):
        assert "f5 reads again" in text(app)
