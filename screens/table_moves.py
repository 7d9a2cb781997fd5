"""The keys that move in a place's table, the same in each of them."""

from __future__ import annotations

from screens.place import Place
from tui.widgets.host_table import HostTable


class TableMoves(Place):
    """A place with one table, moved in by keys."""

    @property
    def table(self) -> HostTable:
        """The table."""
        return self.query_one(HostTable)

    def action_down(self) -> None:
        """One line down."""
        self.table.move(1)

    def action_up(self) -> None:
        """One line up."""
        self.table.move(-1)

    def action_top(self) -> None:
        """The first line."""
        self.table.move_to(0)

    def action_bottom(self) -> None:
        """The last line."""
        self.table.to_end()

    def action_page_down(self) -> None:
        """A screenful down."""
        self.table.move(self._page)

    def action_page_up(self) -> None:
        """A screenful up."""
        self.table.move(-self._page)

    @property
    def _page(self) -> int:
        return max(1, self.table.size.height - 2)
