"""What screens ask of the app, as messages; each carries values only."""

from __future__ import annotations

from textual.message import Message

from tui.model.journal import Entry
from tui.model.plan import Facts, Plan


class PlanAsked(Message):
    """A screen asks for a plan of a kind to be built from a fresh look, then shown as usual.

    `deck` is the key of the deck it is for: another may be in view when the hosts have been read.
    """

    def __init__(self, deck: str, kind: str, params: Facts) -> None:
        super().__init__()
        self.deck = deck
        self.kind = kind
        self.params = params


class RollBackAsked(Message):
    """A screen asks to leave a stuck plan and to plan the way back of one host."""

    def __init__(self, deck: str, host: str, version: str) -> None:
        super().__init__()
        self.deck = deck
        self.host = host
        self.version = version


class PlanRequested(Message):
    """A screen asks for a plan to be shown, consented to and carried out."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan


class TrustRequested(Message):
    """A screen asks for the dialog that lets a host in: its key's fingerprint or a passphrase."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self.host = host


class LineAsked(Message):
    """A screen asks for a line of a deck's journal to be shown where it stands."""

    def __init__(self, deck: str, entry: Entry) -> None:
        super().__init__()
        self.deck = deck
        self.entry = entry


class MomentAsked(Message):
    """A screen asks for a moment (Unix seconds) of a deck's journal; of a host, or "" for all."""

    def __init__(self, deck: str, at: float, host: str) -> None:
        super().__init__()
        self.deck = deck
        self.at = at
        self.host = host


class UnlockAsked(Message):
    """A screen asks for the dialog that unlocks the production environment of a deck."""

    def __init__(self, deck: str) -> None:
        super().__init__()
        self.deck = deck
