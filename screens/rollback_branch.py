"""The guided rollback: what lies between the schema and a release, and the two ways back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.place import bindings_of
from screens.table_place import TablePlace
from tui.errors import BeamdeckError
from tui.messages import PlanAsked
from tui.model.plan import Facts, PlanRefused
from tui.model.rollback_branches import (
    Branch,
    Branches,
    branch_lines,
    heading,
    key_of,
    migration_cells,
    migration_columns,
    row_of,
    shown_migrations,
)
from tui.model.words import duration
from tui.widgets.frame import KeyLine
from tui.widgets.host_table import Column, HostTable, Row

if TYPE_CHECKING:
    from tui.operations.deck import Deck


class RollbackBranchScreen(TablePlace):
    """The migrations between, each with what undoing it means; `s` and `c` open a way's plan."""

    place = "rollback_branch"
    CSS_PATH = "rollback.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("rollback_branch")

    def __init__(self, deck: Deck, version: str, hosts: Sequence[str]) -> None:
        super().__init__(deck)
        self._version = version
        self._hosts = tuple(hosts)
        self._without: tuple[str, ...] = ()
        self._branches: Branches | None = None
        self._problem = ""
        self._reading = False
        self._stood: object = None

    def compose_body(self) -> ComposeResult:
        """From where to where, the migrations, the ways."""
        yield Static(Content(""), id="head", markup=False)
        yield HostTable()
        with VerticalScroll(id="ways") as ways:
            ways.can_focus = False
            yield Static(Content(""), id="notes", markup=False)

    def on_mount(self) -> None:
        """Read once; the age moves once a second."""
        super().on_mount()
        self.query_one(HostTable).focus()
        self.set_interval(1.0, self.draw)
        self.action_read_again()

    def on_screen_resume(self) -> None:
        """A plan may have moved the hosts: then what was read of them is nothing to go by."""
        if self._branches is not None and self._stood != self._standing():
            self.action_read_again()
        self.draw()

    def _standing(self) -> object:
        """What each host runs and boots, as it was probed last."""
        views = self.deck.board.views
        return [(v.host, v.snapshot.release) if v.snapshot else v.host for v in views]

    # -- reading -------------------------------------------------------------------------

    def action_read_again(self) -> None:
        """Ask the hosts and the code on the migration host once more."""
        if not self._reading:
            self._reading = True
            self._read()
            self.draw()

    @work(group="read", exclusive=True)
    async def _read(self) -> None:
        from tui.operations.rollback import read_branches

        self._problem = ""
        away: tuple[str, ...] = ()
        try:
            self._branches = await read_branches(self.deck.context, self._params())
            self._stood = self._standing()
        except PlanRefused as refused:
            self._branches, self._problem, away = None, refused.reason, refused.unreachable
        except BeamdeckError as error:
            self._branches = None
            self._problem = " ".join(filter(None, (error.detail or error.title, error.remedy)))
        finally:
            self._reading = False
            self.draw()
        if away:
            self._ask_to_leave_out(away)

    def _ask_to_leave_out(self, away: tuple[str, ...]) -> None:
        from screens.leave_out import LeaveOutScreen

        def answered(out: tuple[str, ...] | None) -> None:
            if out:
                self._without = tuple(dict.fromkeys((*self._without, *out)))
                self.action_read_again()

        self.app.push_screen(LeaveOutScreen(self._problem, away), answered)

    def _params(self) -> Facts:
        return (
            ("version", self._version),
            ("hosts", " ".join(self._hosts)),
            ("without", " ".join(self._without)),
        )

    # -- painting ------------------------------------------------------------------------

    def draw(self) -> None:
        """The migrations and the ways as they were read last."""
        if not self.is_current or not self.size.width:
            return
        found, now = self._branches, self.deck.clock()
        said = heading(found, self._version, self._hosts, len(self.deck.hosts))
        if self._without:
            said += f" without {', '.join(self._without)}"
        age = f"read {duration(now - found.taken_at)} ago" if found is not None else ""
        doing = "reading the hosts and their migrations…" if self._reading else age
        self.query_one("#head", Static).update(
            Content.assemble((f" {said}", "bold"), (f"   {doing}", "$foreground-muted"))
        )
        shown = shown_migrations(found.delta) if found is not None else ()
        columns = tuple(Column(*c) for c in migration_columns(self.size.width - 1))
        rows = [Row(key_of(m), migration_cells(m)) for m in shown]
        nothing = "" if self._reading or found is None else "no migration is known to be applied"
        self.query_one(HostTable).show(columns, rows, nothing)
        lines = branch_lines(found) if found is not None else []
        if self._problem:
            lines = [("not possible:", "bad"), *((t, "plain") for t in self._problem.split("\n"))]
        self.query_one("#notes", Static).update(self.folded(lines))
        shut = {key for key, branch in self._ways() if branch is None or branch.plan is None}
        self.query_one(KeyLine).shut(frozenset(shut))

    def _ways(self) -> tuple[tuple[str, Branch | None], ...]:
        found = self._branches
        return (
            ("branch_schema", found.schema if found is not None else None),
            ("branch_code", found.code if found is not None else None),
        )

    # -- what can be done ----------------------------------------------------------------

    def action_details(self) -> None:
        """Enter: the source of the highlighted migration; never an action."""
        from screens.migration_source import MigrationSourceScreen

        found, name = self._branches, self.highlighted()
        if found is None:
            return
        migration = next((m for m in shown_migrations(found.delta) if key_of(m) == name), None)
        row = row_of(found.delta, migration) if migration is not None else None
        if row is not None:
            status = found.delta.status
            by = status.release if status is not None else ""
            self.app.push_screen(MigrationSourceScreen(row, by))

    def action_schema(self) -> None:
        """Open the plan that takes the schema back, then the code."""
        self._ask("branch_schema", "")

    def action_code(self) -> None:
        """Open the plan that takes the code back and leaves the schema ahead."""
        self._ask("branch_code", "yes")

    def _ask(self, key: str, code_only: str) -> None:
        branch = dict(self._ways())[key]
        if branch is None or branch.plan is None:
            reason = branch.refused if branch is not None else self._problem or "not read yet"
            self.notify(reason, title="not possible", severity="warning", markup=False)
            return
        params = (*self._params(), ("code_only", code_only))
        self.post_message(PlanAsked(self.deck.key, "rollback", params))
