"""Let a host in: its key's fingerprint typed by hand, or the passphrase of a locked identity."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from screens.dialog import Dialog
from tui.model.host import Link, LinkState

ENOUGH = 8
"""Characters of a fingerprint that have to be typed: 48 bits, more than a slip can hit."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The answer: a fingerprint to trust, or a passphrase to try."""

    fingerprint: str = ""
    passphrase: str = ""


class TrustScreen(Dialog[Trust]):
    """Says what the host offered and asks for what lets it in; a changed key has no way in."""

    def __init__(self, host: str, link: Link) -> None:
        super().__init__(f"{host}: {link.state}")
        self._host = host
        self._link = link

    def compose_body(self) -> ComposeResult:
        """By the link's state: fingerprint, passphrase, or only the facts."""
        link = self._link
        if link.state is LinkState.UNKNOWN_KEY and link.fingerprint:
            yield Static(Content(f"{self._host} has never been seen. It offers the key"))
            yield Static(Content.styled(link.fingerprint, "bold"), classes="said")
            yield Static(
                Content(
                    "Compare it with what the host's owner says (on the host: ssh-keygen -lf "
                    f"/etc/ssh/ssh_host_ed25519_key.pub), then type its last {ENOUGH} characters, "
                    "or paste the whole."
                ),
                classes="muted",
            )
            yield Input(placeholder="fingerprint", id="answer")
        elif link.state is LinkState.LOCKED_IDENTITY:
            yield Static(Content(f"The key {link.identity or ''} has a passphrase."))
            yield Static(Content("It stays in memory and is not stored."), classes="muted")
            yield Input(placeholder="passphrase", password=True, id="answer")
        else:
            yield from self._facts()
        yield Static(Content(""), classes="problem")

    def _facts(self) -> ComposeResult:
        link = self._link
        yield Static(Content(link.detail or str(link.state)), classes="said")
        if link.state is LinkState.CHANGED_KEY:
            yield Static(
                Content(
                    f"known    {link.expected_fingerprint or 'another key'}\n"
                    f"offered  {link.fingerprint or 'not shown'}\n\n"
                    "Either the host was set up anew or somebody stands in between. beamdeck has "
                    "no way round this on purpose: find out which, then mend known_hosts by hand "
                    "(ssh-keygen -R) and connect again with c."
                ),
                classes="said",
            )
        yield Static(Content("Esc leaves."), classes="muted")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Check the typed end of the fingerprint here; the fleet checks the whole again."""
        typed = event.value.strip()
        if self._link.state is LinkState.LOCKED_IDENTITY:
            if typed:
                self.dismiss(Trust(passphrase=event.value))
            return
        offered = self._link.fingerprint or ""
        if typed == offered or (len(typed) >= ENOUGH and offered.endswith(typed)):
            self.dismiss(Trust(fingerprint=offered))
        else:
            self.query_one(".problem", Static).update(
                Content("That is not the end of the fingerprint above.")
            )
