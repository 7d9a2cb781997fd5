"""The guided rollback, its beginning: which release to go back to, and why not to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from screens.place import bindings_of
from screens.table_place import TablePlace
from tui.model.release_past import Told
from tui.model.release_rows import Releases, fleet_notes
from tui.model.rollback_targets import (
    Target,
    suggested,
    target_cells,
    target_columns,
    target_lines,
    targets_of,
)
from tui.model.words import duration
from tui.widgets.host_table import Column, HostTable, Row

if TYPE_CHECKING:
    from tui.operations.deck import Deck


class RollbackScreen(TablePlace):
    """The releases on the hosts with what is known of each; Enter reads what going there means."""

    place = "rollback"
    CSS_PATH = "rollback.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("rollback")

    def __init__(self, deck: Deck, hosts: Sequence[str] = (), version: str = "") -> None:
        """`hosts` are those to roll back, () all; `version` is highlighted first."""
        super().__init__(deck)
        self._hosts = tuple(hosts) or tuple(deck.hosts)
        self._first = version
        self._releases: Releases | None = None
        self._past: tuple[Told, ...] = ()
        self._reading = False

    def compose_body(self) -> ComposeResult:
        """What it is about, the table, what there is to say of the highlighted one."""
        yield Static(Content(""), id="head", markup=False)
        yield HostTable()
        yield Static(Content(""), id="notes", markup=False)

    def on_mount(self) -> None:
        """Read once; ages move once a second."""
        super().on_mount()
        self.query_one(HostTable).focus()
        self.set_interval(1.0, self.draw)
        self.action_read_again()

    def action_read_again(self) -> None:
        """Read every host's releases and records anew."""
        if not self._reading:
            self._reading = True
            self._read()
            self.draw()

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        import asyncio

        from tui.operations.ended import read_past
        from tui.operations.releases import read_releases

        context, oplog = self.deck.context, self.deck.oplog
        try:
            await self.deck.settled(self.deck.config.limits.connect_timeout_s)
            self._releases, self._past = await asyncio.gather(
                read_releases(context, oplog.folder), read_past(context, oplog)
            )
        finally:
            self._reading = False
        self.draw()
        targets = self._targets()
        wanted = self._first or suggested(targets)
        names = [target.version for target in targets]
        if wanted in names:
            self._first = ""
            self.query_one(HostTable).move_to(names.index(wanted))

    def _targets(self) -> tuple[Target, ...]:
        if self._releases is None:
            return ()
        return targets_of(self._releases, self._past, self._hosts, self.deck.clock())

    def _chosen(self) -> Target | None:
        name = self.highlighted()
        return next((target for target in self._targets() if target.version == name), None)

    def draw(self) -> None:
        """Everything as it was read last."""
        if not self.is_current or not self.size.width:
            return
        now, targets = self.deck.clock(), self._targets()
        columns = target_columns(self.size.width - 1, targets)
        rows = [Row(t.version, target_cells(t, now)) for t in targets]
        nothing = "reading every host" if self._reading else "no release on any host"
        self.query_one(HostTable).show(tuple(Column(*c) for c in columns), rows, nothing)
        where = "every host" if self._hosts == tuple(self.deck.hosts) else ", ".join(self._hosts)
        read = self._releases.taken_at if self._releases is not None else 0.0
        age = "reading…" if self._reading else f"read {duration(now - read)} ago" if read else ""
        self.query_one("#head", Static).update(
            Content.assemble(
                (f" Roll back {self.deck.app.name} on {where}: to which release?", "bold"),
                (f"   {age}", "$foreground-muted"),
            )
        )
        chosen = self._chosen()
        lines = target_lines(chosen, now) if chosen is not None else []
        if chosen is not None and not chosen.refused:
            lines.append(("", "plain"))
            lines.append(("Enter reads what going back to it means; nothing is changed", "plain"))
        notes = fleet_notes(self._releases) if self._releases is not None else []
        self.query_one("#notes", Static).update(self.folded([*lines, *notes]))

    def action_details(self) -> None:
        """Enter: what lies between, and the two ways; a read."""
        from screens.rollback_branch import RollbackBranchScreen

        chosen = self._chosen()
        if chosen is None:
            return
        if chosen.refused:
            self.notify(chosen.refused, title="no target", severity="warning", markup=False)
            return
        self.app.push_screen(RollbackBranchScreen(self.deck, chosen.version, self._hosts))
