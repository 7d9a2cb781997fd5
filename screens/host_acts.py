"""What can be asked for chosen hosts, from the table as from one host's details."""

from __future__ import annotations

from textual import work

from screens.table_moves import TableMoves
from tui.messages import PlanAsked, TrustRequested
from tui.model.host import HostView
from tui.model.host_actions import Action, actions_for
from tui.model.keys import keys_of
from tui.widgets.frame import key_sign


class HostActs(TableMoves):
    """A place with chosen hosts: each key opens a plan, a dialog or a read, and changes nothing."""

    def chosen(self) -> tuple[str, ...]:
        """The hosts that the keys are about, in the order shown."""
        raise NotImplementedError

    def highlighted(self) -> str:
        """The one host that is looked at; empty without one."""
        raise NotImplementedError

    def marked(self) -> tuple[str, ...]:
        """The hosts that were marked, in the order shown."""
        return ()

    def view_of(self, host: str) -> HostView | None:
        """A host as it is known now."""
        return next((view for view in self.deck.board.views if view.host == host), None)

    def key_signs(self) -> dict[str, str]:
        """The keys as they stand on the keyboard, by their ids, remapped ones put in.

        Those of the details are in it too: the list of actions names them.
        """
        keys = [*keys_of("host", self.deck.config.keys), *keys_of("hosts", self.deck.config.keys)]
        return {key.id: key_sign(key.keys) for key in keys}

    def action_actions(self) -> None:
        """What can be done with the chosen hosts; what cannot says why."""
        from screens.actions import ActionsScreen

        hosts = self.chosen()
        views = [view for view in map(self.view_of, hosts) if view is not None]
        if not views:
            return

        async def answered(action: Action | None) -> None:
            if action is not None:
                await self.run_action(action.call)

        screen = ActionsScreen(", ".join(hosts), actions_for(views), self.key_signs())
        self.app.push_screen(screen, answered)

    def action_restart(self) -> None:
        """Open a plan that restarts the chosen hosts one by one."""
        self.action_plan("restart")

    def action_plan(self, kind: str) -> None:
        """Open a plan of a kind for the chosen hosts, one by one."""
        hosts = self.chosen()
        if not hosts:
            return
        from tui.operations.planners import hosts_param

        self.post_message(PlanAsked(self.deck.key, kind, (hosts_param(hosts),)))

    def action_rollback(self) -> None:
        """Begin the guided rollback: of the marked hosts, without any of all of them."""
        from screens.rollback import RollbackScreen

        self.app.push_screen(RollbackScreen(self.deck, self.marked()))

    def action_finish(self) -> None:
        """Open the plan that the highlighted host was left out of, for it alone."""
        from tui.operations.pending import finishing

        host = self.highlighted()
        pending = next((left for left in self.deck.left_out if left.host == host), None)
        if pending is None:
            self.notify(f"{host} was left out of nothing", timeout=3, markup=False)
            return
        self.post_message(PlanAsked(self.deck.key, pending.kind, finishing(pending)))

    def action_trust(self) -> None:
        """What keeps the highlighted host out."""
        host = self.highlighted()
        if host:
            self.post_message(TrustRequested(host))

    def action_reconnect(self) -> None:
        """Try the chosen hosts' links again now."""
        for host in self.chosen():
            self.deck.fleet.retry(host)

    def action_ask_node(self) -> None:
        """Ping the highlighted host's node: version, readiness; takes the host half a second."""
        host = self.highlighted()
        if host:
            self._ask_node(host)

    @work(group="ask", exclusive=True)
    async def _ask_node(self, host: str) -> None:
        self.notify(f"asking the node on {host}", timeout=2, markup=False)
        problem = await self.deck.board.read_running(host)
        view = self.view_of(host)
        if problem:
            title = f"{host}: no answer from the node"
            self.notify(problem, title=title, severity="warning", markup=False)
        elif view is not None and view.snapshot is not None and view.snapshot.node is not None:
            snapshot, said = view.snapshot, view.snapshot.node
            self.notify(
                f"{host} runs {snapshot.release.runs}: {said.words(snapshot.app)}",
                severity="information" if said.ready else "warning",
                markup=False,
            )
