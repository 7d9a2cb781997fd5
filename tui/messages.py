"""What screens ask of the app, as messages; each carries values only."""

from __future__ import annotations

from textual.message import Message

from tui.model.plan import Plan


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
