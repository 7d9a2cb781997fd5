"""Confirming: Cancel first, Enter never, typed ahead dropped, a plan that fits 80 columns."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from screens.confirm import ConfirmScreen
from tests.plan_fakes import Stage, restart, undoing, view
from tui.model.consent import Consent
from tui.model.plan import Loss, Plan, Tier, Verdict, VerdictKind
from tui.operations.guards import consent_needs
from tui.widgets.confirm import PAUSE_S, LossList, LossRow, Threshold

SMALL = (80, 24)
Then = Callable[[Pilot[None], ConfirmScreen], Awaitable[None]]


def long_ago() -> float:
    """A monotonic clock by which whatever is painted was painted ten seconds ago."""
    return time.monotonic() - 10.0


async def asked(
    plan: Plan,
    then: Then,
    *,
    size: tuple[int, int] = SMALL,
    clock: Callable[[], float] = long_ago,
    changed: Sequence[str] = (),
) -> list[object]:
    """Show the dialog, do something, give what it answered."""
    app = Stage()
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = ConfirmScreen(plan, consent_needs(plan), changed=changed, clock=clock)
        app.ask(screen)
        await pilot.pause()
        await then(pilot, screen)
        await pilot.pause()
        return app.answers


def rows(screen: ConfirmScreen) -> list[str]:
    """The screen as text, a line each."""
    strips = screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def missing(screen: ConfirmScreen) -> str:
    return str(screen.query_one(".missing", Static).content)


async def type_in(pilot: Pilot[None], screen: ConfirmScreen, name: str, text: str) -> None:
    screen.query_one(f"#{name}", Input).focus()
    await pilot.pause()
    await pilot.press(*(("space" if sign == " " else sign) for sign in text))


# -- what it shows ---------------------------------------------------------------------------


async def test_80_columns_show_the_commands_the_questions_and_both_buttons() -> None:
    async def look(_pilot: Pilot[None], screen: ConfirmScreen) -> None:
        shown = rows(screen)
        assert len(shown) == 24
        text = "\n".join(shown)
        assert "PRODUCTION: restart billing on web1, web3" in shown[0]
        assert text.count("$ sudo -n systemctl --job-mode=fail restart billing.service") == 2
        assert "web3 will come up with 0.3.0+41, it runs 0.2.0+38" in text
        assert "environment ›" in text
        assert "reason ›" in text
        assert "missing: type production, a reason" in shown[-3]
        assert "Cancel" in shown[-2]
        assert "restart billing on web1, web3 (off)" in shown[-2]

    await asked(restart(production=True), look)


async def test_many_hosts_scroll_while_the_questions_stay() -> None:
    plan = restart(*(view(f"web{n}") for n in range(1, 13)), production=True)

    async def look(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        assert "12  web12" not in "\n".join(rows(screen))
        for _ in range(9):
            await pilot.press("pagedown")
        shown = "\n".join(rows(screen))
        assert "12  web12" in shown
        assert "reason ›" in shown
        assert "12 hosts (off)" in shown

    await asked(plan, look)


async def test_at_shows_what_is_sent_and_under_which_limits() -> None:
    async def look(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        assert "export LC_ALL=C" not in "\n".join(rows(screen))
        await pilot.press("@")
        shown = "\n".join(rows(screen))
        assert "exec sudo -n systemctl --job-mode=fail restart billing.service" in shown
        assert "limit 4m 40s" in shown
        assert restart().hash in shown
        assert "logger -t beamdeck-audit" in shown

    await asked(restart(), look, size=(120, 50))


async def test_what_changed_since_it_was_shown_stands_first() -> None:
    async def look(_pilot: Pilot[None], screen: ConfirmScreen) -> None:
        assert "≠ web3 runs: was 0.1.9, is 0.2.0+38" in rows(screen)[2]

    await asked(restart(), look, changed=("web3 runs: was 0.1.9, is 0.2.0+38",))


async def test_no_message_covers_the_plan_or_its_buttons() -> None:
    async def look(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        before = rows(screen)
        pilot.app.notify("reading web3", timeout=30)
        await pilot.pause(0.3)
        assert rows(screen) == before

    await asked(restart(), look)


async def test_text_from_a_host_is_never_markup() -> None:
    plan = restart(view("web3", runs="[b]0.2[/b][@click=app.quit]x[/]"))

    async def look(_pilot: Pilot[None], screen: ConfirmScreen) -> None:
        assert "[b]0.2[/b][@click=app.quit]x[/]" in "\n".join(rows(screen))

    await asked(plan, look, size=(120, 40))


# -- consent ---------------------------------------------------------------------------------


async def test_production_is_consented_to_by_name_reason_and_y() -> None:
    plan = restart(production=True)

    async def consent(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        assert isinstance(screen.focused, Button)
        assert screen.focused.id == "cancel"
        await type_in(pilot, screen, "environment", "production")
        assert missing(screen) == "missing: a reason"
        await pilot.press("enter")
        assert isinstance(screen.focused, Input)
        assert screen.focused.id == "reason"
        await pilot.press(*"y", "space", *"pager")
        assert not screen.query_one("#act", Button).disabled
        await pilot.press("enter")
        assert isinstance(screen.focused, Button)
        assert screen.focused.id == "act"
        await pilot.press("y")

    answers = await asked(plan, consent)
    assert answers == [Consent(plan.hash, "production", "y pager")]


async def test_elsewhere_y_is_enough() -> None:
    plan = restart()

    async def consent(pilot: Pilot[None], _screen: ConfirmScreen) -> None:
        await pilot.press("y")

    assert await asked(plan, consent) == [Consent(plan.hash)]


@pytest.mark.parametrize(
    ("environment", "reason"), [("productio", "pager"), ("production", "  "), ("", "")]
)
async def test_y_does_nothing_while_something_is_missing(environment: str, reason: str) -> None:
    async def try_it(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await type_in(pilot, screen, "environment", environment)
        await type_in(pilot, screen, "reason", reason)
        screen.query_one("#cancel", Button).focus()
        await pilot.press("y")
        assert screen.is_current
        assert screen.query_one("#act", Button).disabled
        assert missing(screen).startswith("missing: ")

    assert await asked(restart(production=True), try_it) == []


async def test_a_blocked_plan_has_no_way_through() -> None:
    plan = replace(restart(), verdicts=(Verdict(VerdictKind.BLOCK, "window", "not at night"),))

    async def try_it(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await pilot.press("y")
        assert missing(screen) == "not possible: not at night"
        assert not screen.query(Input)

    assert await asked(plan, try_it) == []


# -- tiers 3 and 4 ---------------------------------------------------------------------------


LOSSES = (
    Loss("20180202120000", "column t_invoices.amount"),
    Loss("20180203120000", "table t_[b]notes[/b]"),
)


async def test_what_goes_is_ticked_one_by_one_and_the_oldest_typed() -> None:
    plan = undoing(*LOSSES)

    async def consent(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        shown = "\n".join(rows(screen))
        assert "[ ] 20180202120000  column t_invoices.amount" in shown
        assert "[ ] 20180203120000  table t_[b]notes[/b]" in shown
        assert "oldest that goes ›" in shown
        assert missing(screen).startswith("missing: type production, a reason, type 20180202120000")
        assert len(rows(screen)) == 24
        assert "undo 2 migrations (off)" in rows(screen)[-2]
        await pilot.press("tab")
        focused = screen.focused
        assert isinstance(focused, LossRow), "from Cancel, Tab leads round to what goes"
        await pilot.press("space", "k", "j", "space", "j")
        assert "[x] 20180203120000" in "\n".join(rows(screen))
        await pilot.press("space")
        assert missing(screen).endswith("tick 20180203120000 (Space ticks, j and k move)")
        await pilot.press("y", "enter", "space", "tab")
        assert screen.is_current
        await pilot.press(*"production", "enter", *"why", "enter", *"20180202")
        assert screen.query_one("#act", Button).disabled
        await pilot.press(*"120000", "enter")
        assert missing(screen) == "y starts it; Esc cancels"
        await pilot.press("y")

    ticked = frozenset(loss.key for loss in LOSSES)
    answers = await asked(plan, consent)
    assert answers == [Consent(plan.hash, "production", "why", "20180202120000", ticked)]


async def test_enter_in_the_last_field_leads_to_what_is_not_ticked() -> None:
    async def look(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await type_in(pilot, screen, "environment", "production")
        await type_in(pilot, screen, "reason", "why")
        await type_in(pilot, screen, "oldest", "20180202120000")
        await pilot.press("enter", "space")
        await type_in(pilot, screen, "oldest", "")
        assert missing(screen) == "missing: tick 20180203120000"
        await pilot.press("enter")
        assert isinstance(screen.focused, LossRow)
        assert screen.focused.loss is LOSSES[1]

    assert await asked(undoing(*LOSSES), look) == []


async def test_a_click_on_what_goes_ticks_nothing() -> None:
    async def look(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await pilot.click(LossRow)
        await pilot.click(LossRow)
        assert isinstance(screen.focused, LossRow)
        assert not screen.query_one(LossList).ticked

    assert await asked(undoing(*LOSSES), look) == []


async def test_many_losses_scroll_while_plan_questions_and_buttons_stay() -> None:
    losses = tuple(Loss(f"201802{day:02}120000", f"column t.c{day}") for day in range(1, 13))
    plan = undoing(*losses, tier=Tier.POLICY, policy="the change window is shut")

    async def look(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await pilot.press("tab", *["j"] * 11, "space")
        shown = rows(screen)
        text = "\n".join(shown)
        assert "[x] 20180212120000  column t.c12" in text
        assert "[ ] 20180201120000" not in text
        assert "break-glass: the change window is shut" in text
        for label in ("environment ›", "reason ›", "oldest that goes ›", "break-glass ›"):
            assert label in text
        assert "tick 11 losses" in text
        assert "a break-glass reason" in text
        assert "Cancel" in shown[-2]
        await pilot.press("j", "j")
        assert isinstance(screen.focused, LossRow)

    assert await asked(plan, look) == []


async def test_breaking_a_policy_takes_a_reason_of_its_own() -> None:
    plan = replace(restart(production=True), tier=Tier.POLICY, policy="the window is shut")

    async def consent(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await type_in(pilot, screen, "environment", "production")
        await type_in(pilot, screen, "reason", "pager")
        screen.query_one("#cancel", Button).focus()
        await pilot.press("y")
        assert missing(screen) == "missing: a break-glass reason"
        await type_in(pilot, screen, "break_glass", "500s")
        await pilot.press("enter", "y")

    answers = await asked(plan, consent)
    assert answers == [Consent(plan.hash, "production", "pager", break_glass="500s")]


async def test_ticks_typed_ahead_are_dropped() -> None:
    async def too_early(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await pilot.press("tab", "space")
        assert not screen.query_one(LossList).ticked

    assert await asked(undoing(*LOSSES), too_early, clock=time.monotonic) == []


# -- Enter, Esc, clicks ----------------------------------------------------------------------


async def test_enter_and_clicks_never_confirm() -> None:
    async def try_it(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await type_in(pilot, screen, "environment", "production")
        await type_in(pilot, screen, "reason", "pager")
        await pilot.press("enter", "enter", "enter")
        assert screen.is_current
        assert missing(screen) == "neither Enter nor a click: y does it"
        await pilot.click("#act")
        await pilot.press("space")
        assert screen.is_current

    assert await asked(restart(production=True), try_it) == []


async def test_enter_on_cancel_cancels() -> None:
    async def cancel(pilot: Pilot[None], _screen: ConfirmScreen) -> None:
        await pilot.press("enter")

    assert await asked(restart(production=True), cancel) == [None]


async def test_esc_cancels_from_anywhere() -> None:
    async def leave(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await type_in(pilot, screen, "environment", "production")
        await pilot.press("escape")

    assert await asked(restart(production=True), leave) == [None]


# -- typed ahead -----------------------------------------------------------------------------


async def test_keys_typed_ahead_are_dropped_and_esc_is_not() -> None:
    # The real clock: the dialog was painted a few milliseconds ago.
    async def too_early(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await pilot.press("y", "enter", "y")
        assert screen.is_current
        await pilot.press("escape")

    assert await asked(restart(), too_early, clock=time.monotonic) == [None]


async def test_a_key_from_before_the_paint_is_dropped_however_late_it_is_handled() -> None:
    def in_ten_seconds() -> float:
        return time.monotonic() + 10.0

    async def too_early(pilot: Pilot[None], screen: ConfirmScreen) -> None:
        await pilot.press("y", "y")
        await pilot.click("#cancel")
        assert screen.is_current

    assert await asked(restart(), too_early, clock=in_ten_seconds) == []


def test_the_threshold_goes_by_the_time_that_input_carries() -> None:
    threshold = Threshold(lambda: 100.0)
    key = events.Key("y", "y")
    key.time = 1e9
    assert threshold.drops(key), "nothing is painted yet"
    threshold.painted()
    for at, dropped in ((99.0, True), (100.0 + PAUSE_S - 0.01, True), (100.0 + PAUSE_S, False)):
        key.time = at
        assert threshold.drops(key) is dropped
        paste = events.Paste("production")
        paste.time = at
        assert threshold.drops(paste) is dropped
    escape = events.Key("escape", None)
    escape.time = 0.0
    assert not threshold.drops(escape)
