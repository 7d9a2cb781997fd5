"""Where operations that were never ended meet their operator: told, looked at, gone on with.

The policy is `operations/resume.py`; the runs are the plan desk's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.operations import OperationScreen, OperationsScreen
from tui.errors import BeamdeckError
from tui.model.operation import Unresolved
from tui.model.pending import pending_notices
from tui.model.plan import StepState
from tui.operations.open_operations import OpenOperations, open_operations
from tui.operations.planners import step_kinds
from tui.operations.resolve import resolve
from tui.operations.resume import look_at, ways, words_of

if TYPE_CHECKING:
    from tui.app import BeamdeckApp
    from tui.operations.deck import Deck

SETTLE_S = 20.0
HINT = "O looks at it: go on with it, or end it where it stands"


async def tell_found(app: BeamdeckApp, deck: Deck) -> None:
    """Once the hosts have answered, say which operations they know of that were never ended."""
    await deck.settled(SETTLE_S)
    await deck.read_left_out()
    watch_returns(app, deck)
    try:
        found = (await open_operations(deck.context, deck.oplog)).found
    except BeamdeckError as error:
        app.tell(error)
        return
    for left in found:
        # What is in the log of this machine was told at once.
        if left.held or (deck.oplog.path_of(left.op).exists() and not left.problem):
            continue
        app.notify(
            f"{left.sentence}\n{HINT}",
            title=f"begun by {left.worker.words}, never ended",
            severity="warning",
            timeout=30,
            markup=False,
        )


def watch_returns(app: BeamdeckApp, deck: Deck) -> None:
    """Say once of each host that a plan left out that it is back and what finishes it."""
    told: set[tuple[str, str]] = set()

    def look() -> None:
        now = deck.clock()
        for notice in pending_notices(deck.left_out, deck.board.views, now):
            if notice.keys and (notice.host, notice.headline) not in told:
                told.add((notice.host, notice.headline))
                app.notify(
                    f"{notice.headline}\nthe key F on the hosts makes a plan to finish it",
                    title=notice.host,
                    severity="warning",
                    timeout=30,
                    markup=False,
                )

    deck.board.watch(look)
    look()


async def show_operations(app: BeamdeckApp, deck: Deck) -> None:
    """Let the operator choose one of them, look at it, and decide. Runs in a worker."""
    try:
        # What said that there are any is answered now; it would stand over what comes of it.
        app.clear_notifications()
        app.notify("reading the hosts", timeout=2, markup=False)
        told = await open_operations(deck.context, deck.oplog)
        left = await _chosen(app, told)
        if left is not None:
            await _decide(app, deck, left)
    except BeamdeckError as error:
        app.tell(error)


async def _chosen(app: BeamdeckApp, told: OpenOperations) -> Unresolved | None:
    if not told.found:
        unread = "; ".join(f"{host} could not be asked: {why}" for host, why in told.unread)
        app.notify(f"every operation has its end. {unread}".strip(), markup=False)
        return None
    op = await app.push_screen_wait(OperationsScreen(told.found, told.unread))
    return next((left for left in told.found if left.op == op), None)


async def _decide(app: BeamdeckApp, deck: Deck, left: Unresolved) -> None:
    while True:
        app.notify("reading what became of it", timeout=2, markup=False)

        def say(_state: StepState, detail: str) -> None:
            app.notify(detail, timeout=3, markup=False)

        look = await look_at(deck.context, left, deck.oplog, step_kinds(deck.context), say)
        screen = OperationScreen(
            left.title or left.op, words_of(look), ways(look), look.problem or look.cannot
        )
        answer = await app.push_screen_wait(screen)
        if answer == "again":
            continue
        if answer is not None and look.left is not None:
            if look.plan is None:
                await _end_old(app, deck, look.left)
            else:
                await app.plans.resume(deck, look, stop=answer == "stop")
        return


async def _end_old(app: BeamdeckApp, deck: Deck, left: Unresolved) -> None:
    """End an operation whose log does not hold its plan: its truth is read and written down."""
    session = deck.sessions.get(left.host)
    kinds = step_kinds(deck.context)
    finding = await resolve(left, session, kinds, deck.oplog, deck.audit, lambda *_: None)
    app.notify(f"{finding.state}: {finding.detail}", title="written down", markup=False)
