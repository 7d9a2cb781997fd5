"""Everything that is known of one release version, on every host and in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from screens.release_text import Line, ReleaseText
from tui.model.release_details import detail_lines
from tui.model.release_rows import Releases

if TYPE_CHECKING:
    from tui.operations.deck import Deck


class ReleaseDetailsScreen(ReleaseText):
    """Reached by Enter from the matrix; shows what was read there, with its age."""

    def __init__(self, deck: Deck, releases: Releases, version: str) -> None:
        super().__init__(deck)
        self._releases = releases
        self._version = version

    def heading(self) -> str:
        """The version."""
        return self._version

    def lines(self) -> Sequence[Line]:
        """Hosts, applications, migrations, files."""
        return detail_lines(self._releases, self._version, self.deck.clock())
