"""Two releases side by side: what going from the older to the newer changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import work

from screens.release_text import Line, ReleaseText
from tui.errors import BeamdeckError
from tui.model.release_diff import diff_lines
from tui.model.release_rows import Releases

if TYPE_CHECKING:
    from tui.operations.deck import Deck


class ReleaseCompareScreen(ReleaseText):
    """Reached by d from the matrix; reads the configuration files once, when it opens."""

    def __init__(self, deck: Deck, releases: Releases, old: str, new: str) -> None:
        super().__init__(deck)
        self._releases = releases
        self._pair = (old, new)
        self._lines: list[Line] = [("reading both releases", "muted")]

    def heading(self) -> str:
        """Both versions, the older first."""
        return f"{self._pair[0]} → {self._pair[1]}"

    def on_mount(self) -> None:
        """Read both; nothing on a host changes."""
        super().on_mount()
        self._compare()

    def lines(self) -> Sequence[Line]:
        """The differences, or why they are not known."""
        return self._lines

    @work(group="read", exclusive=True)
    async def _compare(self) -> None:
        from tui.operations.release_compare import compare

        try:
            diff = await compare(self.deck.context, self._releases, *self._pair)
            self._lines = diff_lines(diff)
        except BeamdeckError as error:
            text = f"{error.title}: {error.detail} {error.remedy}".strip()
            self._lines = [(text, "bad")]
        self.refresh_lines()
