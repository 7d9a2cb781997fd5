"""The walkthrough looks at a run: steps, limits, the verdict; `c`, `s`, and leaving it alone."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from screens.walkthrough import WalkthroughScreen
from tests.plan_fakes import NOW, FakeRun, Stage, deck, restart, view
from tui.messages import RollBackAsked
from tui.model.plan import PlanEnded, PlanEvent, PlanPaused, PlanStuck, StepEvent, StepState

SMALL = (80, 24)
Then = Callable[[Pilot[None], WalkthroughScreen, FakeRun], Awaitable[None]]
S = StepState

STOPPING = (
    StepEvent(0, S.RUNNING, NOW - 20, "reading the host once more"),
    StepEvent(0, S.RUNNING, NOW - 20, "sent"),
    StepEvent(0, S.RUNNING, NOW - 19, "stopping, 1 s of at most 90 s"),
    StepEvent(0, S.RUNNING, NOW - 8, "stopping, 12 s of at most 90 s"),
)
DONE = StepEvent(0, S.DONE, NOW - 2, "restarted, main process 4712, runs 0.3.0+41")
UNCLEAN = StepEvent(0, S.DONE, NOW - 2, "restarted; unclean stop: SIGKILL after 90 s", True)
PAUSED = PlanPaused(1, NOW, "web1 was out of sight during its step. It is done; the plan waits.")
LOOPS = "it LOOPS: started 5 times in 12 s, start limit hit: [b]oom[/b]"


def long_ago() -> float:
    return time.monotonic() - 10.0


async def shown(
    then: Then,
    *events: PlanEvent,
    size: tuple[int, int] = SMALL,
    clock: Callable[[], float] = long_ago,
) -> FakeRun:
    """Show a run with these events, do something."""
    plan = restart(production=True)
    run = FakeRun(plan, *events)
    app = Stage()
    async with app.run_test(size=size) as pilot:
        screen = WalkthroughScreen(deck(plan), run, clock=clock)  # type: ignore[arg-type]  # both fakes
        await app.push_screen(screen)
        await pilot.pause()
        await pilot.pause()
        await then(pilot, screen, run)
    assert run.watchers == 0, "it stopped looking"
    return run


def text(screen: WalkthroughScreen) -> str:
    strips = screen._compositor.render_strips()
    return "\n".join("".join(s.text for s in strip).rstrip() for strip in strips)


async def test_the_present_step_is_shown_with_the_host_s_own_limits() -> None:
    async def look(_pilot: Pilot[None], screen: WalkthroughScreen, _run: FakeRun) -> None:
        said = text(screen)
        assert "restart billing on web1, web3   under way" in said
        assert "stopping, 12 s of at most 90 s" in said
        assert "stopping, 1 s of" not in said, "what only counts on is shown once"
        assert "20 s" in said
        assert "limit 4m 40s, 20s gone" in said
        assert "$     sudo -n systemctl --job-mode=fail restart billing.service" in said
        assert "·  2 web3 waiting" in said
        steps = [line for line in said.split("\n") if "web" in line[:12]]
        assert [len(line) for line in steps[:2]] == [79, len("  ·  2 web3 waiting")]

    await shown(look, *STOPPING)


async def test_events_arrive_while_it_is_looked_at() -> None:
    async def look(pilot: Pilot[None], screen: WalkthroughScreen, run: FakeRun) -> None:
        run.happens(UNCLEAN, StepEvent(1, S.RUNNING, NOW, "sent"))
        await pilot.pause()
        said = text(screen)
        assert "!  1 web1" in said
        assert "▸  2 web3" in said
        assert "Step 2 of 2  web3" in said
        await pilot.press("k")
        said = text(screen)
        assert "Step 1 of 2  web1" in said
        assert "not clean restarted; unclean stop: SIGKILL after 90 s" in said

    await shown(look, *STOPPING)


async def test_the_verdict_and_the_way_back_are_said_at_the_end() -> None:
    async def look(_pilot: Pilot[None], screen: WalkthroughScreen, _run: FakeRun) -> None:
        said = text(screen)
        assert "NOT DONE" in said
        assert f"✗ web3: {LOOPS}" in said
        assert "going back is a rollback: web3 to" in said
        assert "✗  2 web3" in said
        assert "failed: it LOOPS" in said

    failed = StepEvent(1, S.FAILED, NOW, LOOPS)
    ended = PlanEnded(False, NOW, f"web3: {LOOPS}", restart().undo)
    await shown(look, *STOPPING, DONE, failed, ended, size=(120, 30))


async def test_a_pause_is_answered_by_c() -> None:
    async def look(pilot: Pilot[None], screen: WalkthroughScreen, run: FakeRun) -> None:
        assert "WAITS FOR YOU" in text(screen)
        assert "c goes on with the next step, s stops here" in text(screen)
        await pilot.press("c")
        assert run.asked == ["go on"]

    await shown(look, *STOPPING, DONE, PAUSED)


async def test_c_typed_before_the_pause_was_painted_is_no_answer() -> None:
    async def look(pilot: Pilot[None], _screen: WalkthroughScreen, run: FakeRun) -> None:
        await pilot.press("c", "s")
        assert run.asked == []

    await shown(look, *STOPPING, DONE, PAUSED, clock=time.monotonic)


async def test_a_new_result_closes_the_threshold_again() -> None:
    painted = [long_ago(), long_ago()]

    def clock() -> float:
        return painted.pop(0) if painted else time.monotonic()

    async def look(pilot: Pilot[None], screen: WalkthroughScreen, run: FakeRun) -> None:
        await pilot.press("s")
        assert run.asked == ["stop"]
        painted.clear()
        run.happens(DONE, PAUSED)
        await pilot.pause()
        assert "WAITS FOR YOU" in text(screen)
        await pilot.press("c")
        assert run.asked == ["stop"]

    await shown(look, *STOPPING, clock=clock)


async def test_s_stops_before_the_next_step_and_c_takes_it_back() -> None:
    async def look(pilot: Pilot[None], screen: WalkthroughScreen, run: FakeRun) -> None:
        await pilot.press("c")
        assert run.asked == [], "there is nothing to go on with"
        await pilot.press("s")
        await pilot.pause()
        assert "stops after this step" in text(screen)
        await pilot.press("c")
        await pilot.pause()
        assert run.asked == ["stop", "go on"]
        assert "under way" in text(screen)

    await shown(look, *STOPPING)


async def test_leaving_leaves_the_run_alone() -> None:
    async def look(pilot: Pilot[None], screen: WalkthroughScreen, run: FakeRun) -> None:
        await pilot.press("escape")
        await pilot.pause()
        assert not screen.is_current
        assert run.asked == []

    await shown(look, *STOPPING)


async def test_an_ended_run_takes_no_more_keys() -> None:
    async def look(pilot: Pilot[None], _screen: WalkthroughScreen, run: FakeRun) -> None:
        await pilot.press("c", "s", "enter")
        assert run.asked == []

    await shown(look, *STOPPING, DONE, PlanEnded(True, NOW, "done"))


async def test_of_many_steps_those_around_the_present_one_are_shown() -> None:
    plan = restart(*(view(f"web{n}") for n in range(1, 31)))
    done = [StepEvent(n, S.DONE, NOW - 30 + n, "restarted") for n in range(20)]
    run = FakeRun(plan, *done, StepEvent(20, S.RUNNING, NOW, "sent"))
    app = Stage()
    async with app.run_test(size=SMALL) as pilot:
        screen = WalkthroughScreen(deck(plan), run, clock=long_ago)  # type: ignore[arg-type]  # both fakes
        await app.push_screen(screen)
        await pilot.pause()
        await pilot.pause()
        said = text(screen)
        assert "21 web21" in said
        assert " 1 web1 " not in said
        assert "Step 21 of 30" in said
        await pilot.press("g")
        assert " 1 web1 " in text(screen)
        await pilot.press("G")
        assert "Step 21 of 30" in text(screen)


# -- a step that is stuck --------------------------------------------------------------------

STUCK = PlanStuck(1, NOW, "restarted, but not healthy after 60 s: answered 503")


async def on_web3(then: Then, *events: PlanEvent) -> tuple[FakeRun, list[RollBackAsked]]:
    """A restart that was to bring 0.3.0+41 to web3, which ran 0.2.0+38, and what it asks for."""
    asked: list[RollBackAsked] = []

    class Listening(Stage):
        def on_roll_back_asked(self, message: RollBackAsked) -> None:
            asked.append(message)

    run = FakeRun(restart(production=True), *events)
    app = Listening()
    async with app.run_test(size=SMALL) as pilot:
        screen = WalkthroughScreen(deck(run.plan), run, clock=long_ago)  # type: ignore[arg-type]  # both fakes
        await app.push_screen(screen)
        await pilot.pause()
        await pilot.pause()
        await then(pilot, screen, run)
        await pilot.pause()
    return run, asked


async def test_what_is_stuck_says_why_and_offers_three_ways() -> None:
    async def look(pilot: Pilot[None], screen: WalkthroughScreen, run: FakeRun) -> None:
        said = text(screen)
        assert "STUCK, WAITS FOR YOU" in said
        assert "not healthy after 60 s: answered 503" in said
        assert "v reads it again" in said
        assert "B leaves it and opens a plan that rolls web3 back to 0.2.0+38" in said
        assert "l leaves it as it is" in said
        await pilot.press("c", "enter", "v")
        assert run.asked == ["verify"]

    run, asked = await on_web3(look, *STOPPING, DONE, STUCK)
    assert asked == []
    assert run.asked == ["verify"]


async def test_l_leaves_and_b_asks_for_the_way_back_of_that_host() -> None:
    async def look(pilot: Pilot[None], _screen: WalkthroughScreen, run: FakeRun) -> None:
        await pilot.press("B", "l")
        assert run.asked == ["leave"]

    _run, asked = await on_web3(look, *STOPPING, DONE, STUCK)
    assert [(a.deck, a.host, a.version) for a in asked] == [("staging/billing", "web3", "0.2.0+38")]


async def test_a_host_that_ran_the_same_before_has_no_way_back() -> None:
    async def look(pilot: Pilot[None], screen: WalkthroughScreen, run: FakeRun) -> None:
        assert "rolls" not in text(screen)
        await pilot.press("B")
        assert run.asked == []

    _run, asked = await on_web3(look, *STOPPING, PlanStuck(0, NOW, "not healthy"))
    assert asked == []


async def test_nothing_is_offered_where_nothing_is_stuck() -> None:
    async def look(pilot: Pilot[None], _screen: WalkthroughScreen, run: FakeRun) -> None:
        await pilot.press("v", "l", "B")
        assert run.asked == []

    _run, asked = await on_web3(look, *STOPPING)
    assert asked == []


async def test_a_step_says_why_and_what_to_do_if_it_goes_wrong() -> None:
    async def look(_pilot: Pilot[None], screen: WalkthroughScreen, _run: FakeRun) -> None:
        said = text(screen)
        assert "   why   " in said
        assert "   wrong It is looked at until its limits are over, and never sent again" in said
        assert "= pause" in said.split("\n")[-1]

    await shown(look, *STOPPING)


async def test_the_pause_key_is_taken_back_by_itself() -> None:
    async def look(pilot: Pilot[None], screen: WalkthroughScreen, run: FakeRun) -> None:
        await pilot.press("equals_sign")
        assert run.steering.by_step
        assert "pauses after this step (= takes it back)" in text(screen)
        await pilot.press("equals_sign")
        assert not run.steering.by_step
        assert "under way" in text(screen)

    await shown(look, *STOPPING)


async def test_the_key_line_shows_no_key_that_would_do_nothing() -> None:
    def keys(screen: WalkthroughScreen) -> str:
        return text(screen).splitlines()[-1]

    async def under_way(_pilot: Pilot[None], screen: WalkthroughScreen, _run: FakeRun) -> None:
        assert "s stop here" in keys(screen)
        assert "go on" not in keys(screen), "nothing waits"

    async def waits(_pilot: Pilot[None], screen: WalkthroughScreen, _run: FakeRun) -> None:
        assert "c go on" in keys(screen)

    async def over(_pilot: Pilot[None], screen: WalkthroughScreen, _run: FakeRun) -> None:
        assert "go on" not in keys(screen)
        assert "stop here" not in keys(screen)
        assert "? keys" in keys(screen)
        assert "filter" not in keys(screen)

    await shown(under_way, *STOPPING)
    await shown(waits, *STOPPING, DONE, PAUSED)
    await shown(over, *STOPPING, DONE, PlanEnded(True, NOW, "done"))
