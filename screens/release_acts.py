"""What can be asked for a release version: plans, a comparison, its details."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.table_moves import TableMoves
from tui.messages import PlanAsked
from tui.model.plan import Facts
from tui.model.release_rows import Releases, lacking, why_not
from tui.widgets.frame import KeyLine

if TYPE_CHECKING:
    from tui.operations.deck import Deck


class ReleaseActs(TableMoves):
    """A place with a highlighted version: each key opens a plan or a view, or says why it can't."""

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self.releases = Releases({})

    def highlighted(self) -> str:
        """The version that the keys are about; empty without one."""
        raise NotImplementedError

    def marked(self) -> tuple[str, ...]:
        """Up to two versions that a comparison is about."""
        return ()

    # -- why not -------------------------------------------------------------------------

    def reasons(self) -> dict[str, str]:
        """Why each of the keys can do nothing now, by the key's id; only those that cannot."""
        version = self.highlighted()
        why = {
            "deploy": why_not(self.releases, "deploy", version),
            "deploy_one_first": why_not(self.releases, "deploy", version),
            "rollback": why_not(self.releases, "rollback", version),
            "rollback_code": why_not(self.releases, "rollback", version),
            "compare": self._no_compare(),
            "build": "" if self.deck.app.build else "the app's config names no build command",
        }
        return {key: reason for key, reason in why.items() if reason}

    def _no_compare(self) -> str:
        if not self.highlighted():
            return "no version is highlighted"
        return "" if self.compared() else "mark another version with Space; this is what runs"

    def compared(self) -> tuple[str, str] | None:
        """(old, new) of a comparison: the two marked, the marked one and the highlighted, or
        what runs and the highlighted; None if that is one version only."""
        order = self.releases.versions
        chosen = list(self.marked())
        if len(chosen) < 2 and self.highlighted() not in chosen:
            chosen.append(self.highlighted())
        if len(chosen) < 2:
            runs = [tree.runs for tree in self.releases.trees.values() if tree.runs]
            chosen += [version for version in runs if version not in chosen][:1]
        if len(chosen) != 2 or not all(version in order for version in chosen):
            return None
        new, old = sorted(chosen, key=order.index)
        return old, new

    def show_shut(self) -> None:
        """Grey the keys that can do nothing now."""
        self.query_one(KeyLine).shut(frozenset(self.reasons()))

    def _refused(self, key: str) -> bool:
        reason = self.reasons().get(key, "")
        if reason:
            self.notify(reason, title="not now", severity="warning", markup=False)
        return bool(reason)

    # -- plans ---------------------------------------------------------------------------

    def _hosts(self) -> tuple[str, str]:
        return ("hosts", " ".join(self.deck.hosts))

    def action_deploy(self) -> None:
        """Open a plan that deploys the highlighted version to every host that lacks it."""
        self._deploy("deploy", "")

    def action_deploy_one_first(self) -> None:
        """Open the same plan with one host first and a pause for a look."""
        self._deploy("deploy_one_first", "yes")

    def _deploy(self, key: str, canary: str) -> None:
        archive = self.releases.archive(self.highlighted())
        if self._refused(key) or archive is None:
            return
        version, path = self.highlighted(), archive.path
        hosts = ("hosts", " ".join(lacking(self.releases, version, self.deck.hosts)))
        params = (("version", version), ("archive", path), hosts, ("canary", canary))
        self._ask("deploy", params)

    def action_rollback(self) -> None:
        """Begin the guided rollback with the highlighted version in front."""
        from screens.rollback import RollbackScreen

        if not self._refused("rollback"):
            self.app.push_screen(RollbackScreen(self.deck, version=self.highlighted()))

    def action_rollback_code(self) -> None:
        """Open a plan that goes to the highlighted version and leaves the schema ahead."""
        if not self._refused("rollback_code"):
            version = ("version", self.highlighted())
            self._ask("rollback", (version, self._hosts(), ("code_only", "yes")))

    def action_prune(self) -> None:
        """Open a plan that removes old releases from the hosts."""
        self._ask("prune", (self._hosts(),))

    def action_build(self) -> None:
        """Open a plan that runs the app's build command on this machine."""
        if not self._refused("build"):
            self._ask("build", ())

    def _ask(self, kind: str, params: Facts) -> None:
        self.post_message(PlanAsked(self.deck.key, kind, params))

    # -- views ---------------------------------------------------------------------------

    def action_details(self) -> None:
        """Everything that is known of the highlighted version."""
        from screens.release_details import ReleaseDetailsScreen

        if self.highlighted():
            screen = ReleaseDetailsScreen(self.deck, self.releases, self.highlighted())
            self.app.push_screen(screen)

    def action_compare(self) -> None:
        """Compare two versions."""
        from screens.release_compare import ReleaseCompareScreen

        pair = self.compared()
        if not self._refused("compare") and pair is not None:
            self.app.push_screen(ReleaseCompareScreen(self.deck, self.releases, *pair))
