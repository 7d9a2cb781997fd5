"""What the app asks its operator: trust, the lock, help, leaving; imported at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.help import HelpScreen
from screens.quit import QuitScreen
from screens.trust import Trust, TrustScreen
from screens.unlock import UnlockScreen
from tui.errors import BeamdeckError

if TYPE_CHECKING:
    from tui.app import BeamdeckApp
    from tui.operations.deck import Deck


def show_help(app: BeamdeckApp) -> None:
    """The keys of the place in view, once."""
    if not isinstance(app.screen, HelpScreen):
        place = str(getattr(app.screen, "place", ""))
        app.push_screen(HelpScreen(place, app.config.keys))


async def ask_trust(app: BeamdeckApp, deck: Deck, host: str) -> None:
    """Show what keeps a host out, and carry out what the operator answers."""
    fleet = deck.fleet

    async def answered(trust: Trust | None) -> None:
        if trust is None:
            return
        try:
            if trust.passphrase:
                await fleet.unlock_identity(host, trust.passphrase)
            else:
                await fleet.trust_key(host, trust.fingerprint)
        except BeamdeckError as error:
            app.tell(error)

    await app.push_screen(TrustScreen(host, fleet.sessions[host].link), answered)


def turn_lock(app: BeamdeckApp, deck: Deck) -> None:
    """Unlock a production environment with a reason, or lock it again."""
    if isinstance(app.screen, UnlockScreen):
        return
    state = deck.gate.state
    if not state.production:
        app.notify("this environment is not production: nothing is locked", markup=False)
    elif state.locked(app.clock()):
        app.run_worker(ask_unlock(app, deck), name="unlock")
    else:
        deck.gate.lock()
        try:
            app.plans.record_lock(deck)
        except BeamdeckError as error:
            app.tell(error)
        app.notify("locked", markup=False)


async def ask_unlock(app: BeamdeckApp, deck: Deck) -> bool:
    """Ask for a reason, write it down, unlock; whether it was done. Runs in a worker."""
    minutes = app.config.limits.unlock_minutes
    reason = await app.push_screen_wait(UnlockScreen(deck.environment.name, minutes))
    if reason is None:
        return False
    try:
        app.plans.record_unlock(deck, reason)
    except BeamdeckError as error:
        app.tell(error)
        return False
    deck.gate.unlock(reason)
    return True


def ask_quit(app: BeamdeckApp, running: str) -> None:
    """A plan is under way: stay, stop it before its next step, or leave it."""

    def answered(answer: str | None) -> None:
        if answer == "stop":
            app.plans.stop_before_next_step()
        elif answer == "leave":
            app.exit(0)

    if not isinstance(app.screen, QuitScreen):
        app.push_screen(QuitScreen(running), answered)
