"""Why a link could not be had, as a value on its way to the screen."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tui.errors import BeamdeckError
from tui.model.host import LinkState
from tui.model.text import scrub_line

if TYPE_CHECKING:
    import asyncssh

    from tui.ssh.settings import Settings


def reason_of(error: OSError) -> str:
    """The system's words for an error; asyncio's own messages name calls, not causes."""
    return os.strerror(error.errno) if error.errno else str(error)


class LinkFailure(BeamdeckError):
    """A connection that was not made: the state it leaves the link in, and the words for it.

    `fingerprint` is the offered host key's, `expected` the one it should have been, `identity`
    the path of the key that waits for its passphrase. `offered` and `settings` are for the one
    who may trust the key: the key itself, and the host (or jump host) that offered it.
    """

    title = "The host cannot be reached"

    def __init__(
        self,
        state: LinkState,
        detail: str,
        *,
        fingerprint: str | None = None,
        expected: str | None = None,
        identity: str | None = None,
        offered: asyncssh.SSHKey | None = None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(scrub_line(detail))  # may hold words of the other side
        self.state = state
        self.fingerprint = fingerprint
        self.expected = expected
        self.identity = identity
        self.offered = offered
        self.settings = settings

    def by_way_of(self, hop: str) -> LinkFailure:
        """The same failure, said of a jump host on the way."""
        return LinkFailure(
            self.state,
            f"jump host {hop}: {self.detail}",
            fingerprint=self.fingerprint,
            expected=self.expected,
            identity=self.identity,
            offered=self.offered,
            settings=self.settings,
        )
