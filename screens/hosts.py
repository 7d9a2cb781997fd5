"""The hosts of an app: who is reachable, what runs, what would boot next, the odd one out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, Static

from screens.place import Place, bindings_of
from tui.messages import PlanRequested, TrustRequested
from tui.model.drift import odd_ones
from tui.model.host import HostView
from tui.model.host_actions import Action, actions_for
from tui.model.host_rows import cells_of, columns_for
from tui.model.notice import Notice, Severity
from tui.model.plan import PlanRefused
from tui.model.sparks import sparks
from tui.widgets.host_table import Column, HostTable, Row

if TYPE_CHECKING:
    from tui.operations.deck import Deck

MINUTES = 8


class HostsScreen(Place):
    """Place 1: the table, below it what the console noticed, errors a minute at the bottom."""

    place = "hosts"
    CSS_PATH = "hosts.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("hosts")

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._marked: set[str] = set()
        self._wanted = ""
        self._stops: list[Callable[[], None]] = []

    def compose_body(self) -> ComposeResult:
        """Table, notices, filter, errors a minute."""
        yield HostTable()
        yield Static(Content(""), id="notices")
        yield Input(placeholder="host or state; Enter keeps, Esc clears", id="filter")
        yield Static(Content(""), id="errors")

    def on_mount(self) -> None:
        """Follow the board and the journal's counts; ages move once a second."""
        self.query_one("#filter", Input).display = False
        self._stops = [self.deck.board.watch(self.refresh_hosts)]
        self.set_interval(1.0, self.refresh_hosts)
        self.query_one(HostTable).focus()
        self.refresh_hosts()

    def on_unmount(self) -> None:
        """Stop following."""
        for stop in self._stops:
            stop()

    def on_screen_resume(self) -> None:
        """What changed while another place was in view."""
        self.refresh_hosts()

    def on_resize(self) -> None:
        """Other columns may fit now."""
        self.refresh_hosts()

    # -- painting ------------------------------------------------------------------------

    def _views(self) -> list[HostView]:
        wanted = self._wanted.lower()
        views = self.deck.board.views
        if not wanted:
            return list(views)
        now = self.deck.clock()
        return [v for v in views if any(wanted in c[1].lower() for c in cells_of(v, (), now))]

    def refresh_hosts(self) -> None:
        """Draw the table and what is below it as things stand."""
        if not self.is_current or not self.size.width:
            return
        now = self.deck.clock()
        odd = odd_ones(self.deck.board.views)
        views = self._views()
        cells = [cells_of(view, odd.get(view.host, ()), now) for view in views]
        columns = tuple(
            Column(choice.key, choice.label, width, choice.right)
            for choice, width in columns_for(self.size.width - 1, cells)
        )
        rows = [
            Row(view.host, row, view.host in self._marked)
            for view, row in zip(views, cells, strict=True)
        ]
        self.query_one(HostTable).show(columns, rows)
        self._show_notices()
        self._show_errors()

    def _show_notices(self) -> None:
        panel = self.query_one("#notices", Static)
        blocks = [_notice_block(notice) for notice in self.deck.notices()]
        panel.update(Content("\n\n").join(blocks))

    def _show_errors(self) -> None:
        store = self.deck.store
        parts: list[Content] = []
        for view in self.deck.board.views:
            counts = store.per_minute(view.host, MINUTES)
            if any(counts):
                text = f"{view.host} {sparks(counts)}  "
                parts.append(Content.styled(text, "$text-error"))
        line = self.query_one("#errors", Static)
        line.display = bool(parts)
        line.update(Content.assemble(" errors/min  ", *parts))

    # -- moving --------------------------------------------------------------------------

    def action_down(self) -> None:
        """One host down."""
        self.query_one(HostTable).move(1)

    def action_up(self) -> None:
        """One host up."""
        self.query_one(HostTable).move(-1)

    def action_top(self) -> None:
        """The first host."""
        self.query_one(HostTable).move_to(0)

    def action_bottom(self) -> None:
        """The last host."""
        self.query_one(HostTable).to_end()

    def action_page_down(self) -> None:
        """A screenful down."""
        self.query_one(HostTable).move(max(1, self.query_one(HostTable).size.height - 2))

    def action_page_up(self) -> None:
        """A screenful up."""
        self.query_one(HostTable).move(-max(1, self.query_one(HostTable).size.height - 2))

    # -- filter and marks ----------------------------------------------------------------

    def action_filter(self) -> None:
        """Narrow the table by text."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The table follows what is typed."""
        self._wanted = event.value.strip()
        self.refresh_hosts()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, go back to the table."""
        event.input.display = bool(event.value)
        self.query_one(HostTable).focus()

    def action_back(self) -> None:
        """Esc: clear the filter, then the marks."""
        field = self.query_one("#filter", Input)
        if field.display:
            field.value = ""
            field.display = False
            self.query_one(HostTable).focus()
        else:
            self._marked.clear()
        self.refresh_hosts()

    def action_mark(self) -> None:
        """Mark or unmark the highlighted host and go one down."""
        table = self.query_one(HostTable)
        if table.highlighted:
            self._marked ^= {table.highlighted}
            table.move(1)
            self.refresh_hosts()

    def action_mark_all(self) -> None:
        """Mark every host shown, or none if all of them are."""
        shown = set(self.query_one(HostTable).hosts)
        self._marked = set() if shown <= self._marked else self._marked | shown
        self.refresh_hosts()

    def chosen(self) -> tuple[str, ...]:
        """The marked hosts in the table's order, else the highlighted one."""
        table = self.query_one(HostTable)
        marked = tuple(host for host in table.hosts if host in self._marked)
        return marked or ((table.highlighted,) if table.highlighted else ())

    # -- what can be done ----------------------------------------------------------------

    def _view(self, host: str) -> HostView | None:
        return next((view for view in self.deck.board.views if view.host == host), None)

    def action_details(self) -> None:
        """Every fact of the highlighted host with its age; never an action."""
        from screens.host_details import HostDetailsScreen

        host = self.query_one(HostTable).highlighted
        if host:
            self.app.push_screen(HostDetailsScreen(self.deck, host))

    def action_actions(self) -> None:
        """What can be done with the chosen hosts; what cannot says why."""
        from screens.actions import ActionsScreen

        hosts = self.chosen()
        views = [view for view in map(self._view, hosts) if view is not None]
        if not views:
            return

        async def answered(action: Action | None) -> None:
            if action is not None:
                await self.run_action(action.call)

        self.app.push_screen(ActionsScreen(", ".join(hosts), actions_for(views)), answered)

    def action_restart(self) -> None:
        """Open a plan that restarts the chosen hosts one by one."""
        hosts = self.chosen()
        if hosts:
            self._plan_restart(hosts)

    @work(group="plan")
    async def _plan_restart(self, hosts: tuple[str, ...]) -> None:
        # Late: what plans need is not needed for the first paint.
        from tui.operations.restart import restart_plan

        deck = self.deck
        self.notify(f"reading {', '.join(hosts)}", timeout=2, markup=False)
        try:
            plan = await restart_plan(
                deck.environment, deck.app, deck.sessions, deck.board.refresh, hosts, deck.clock
            )
        except PlanRefused as refused:
            self.notify(refused.reason, title="no restart", severity="warning", markup=False)
        else:
            self.post_message(PlanRequested(plan))

    def action_trust(self) -> None:
        """What keeps the highlighted host out."""
        host = self.query_one(HostTable).highlighted
        if host:
            self.post_message(TrustRequested(host))

    def action_reconnect(self) -> None:
        """Try the chosen hosts' links again now."""
        for host in self.chosen():
            self.deck.fleet.retry(host)

    def action_copy(self) -> None:
        """The highlighted host's line to the clipboard."""
        view = self._view(self.query_one(HostTable).highlighted)
        if view is not None:
            cells = cells_of(view, (), self.deck.clock())
            self.app.copy_to_clipboard("  ".join(f"{key} {text}" for key, text, _ in cells))
            self.notify("copied", timeout=2, markup=False)


def _notice_block(notice: Notice) -> Content:
    style = "bold $text-error" if notice.severity <= Severity.SHUT_OUT else "bold $text-warning"
    head = Content.assemble(" ", (notice.host, style), "  ", notice.headline)
    parts = [head]
    indent = " " * (len(notice.host) + 3)
    parts += [Content(f"{indent}{line}") for line in notice.lines]
    if notice.keys:
        keys = "   ".join(f"{key} {label}" for key, label in notice.keys)
        parts.append(Content.styled(f"{indent}{keys}", "$text-muted"))
    return Content("\n").join(parts)
