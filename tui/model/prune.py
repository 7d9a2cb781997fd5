"""Which releases may go from a host, and what goes with them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.names import release_version_fits
from tui.model.release import untried
from tui.model.release_tree import TreeSeen, release_order, rollback_target


@dataclass(frozen=True, slots=True)
class Prunable:
    """What may go from one host: versions, oldest first, and the lib folders that only they use.

    `kept` are (version, why it stays); `problem` says why nothing may go.
    """

    host: str
    versions: tuple[str, ...] = ()
    libs: tuple[str, ...] = ()
    size_bytes: int = 0
    kept: tuple[tuple[str, str], ...] = ()
    problem: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """What is removed, below the release's folder; a release before what it is made of."""
        releases = tuple(f"releases/{version}" for version in self.versions)
        return (*releases, *(f"lib/{lib}" for lib in self.libs))


def prunable(tree: TreeSeen, keep: int) -> Prunable:
    """What pruning takes from a host so that `keep` releases stay, and never one that runs,
    boots next or is the newest way back. What is not known is a reason to take nothing."""
    problem = _problem(tree) or untried(tree.flavour)
    if problem:
        return Prunable(tree.host, problem=problem)
    reasons = {tree.runs: "it runs", tree.boots: "it boots next"}
    back = rollback_target(tree)
    if back:
        reasons.setdefault(back, "it is the newest way back")
    if tree.passed_over:
        reasons.setdefault(tree.passed_over, "releases/start_erl.data names it")
    ordered = sorted(
        tree.versions, key=lambda v: release_order(v.version, v.built_at), reverse=True
    )
    kept = {v.version: reasons[v.version] for v in ordered if v.version in reasons}
    for seen in ordered:
        if len(kept) >= keep:
            break
        kept.setdefault(seen.version, f"{keep} are kept")
    going = [seen for seen in reversed(ordered) if seen.version not in kept]
    staying = [seen for seen in tree.versions if seen.version in kept]
    bare = [seen.version for seen in staying if not seen.apps]
    if going and bare:
        what = f"which folders of lib {', '.join(bare)} needs is not known: its .rel is not read"
        return Prunable(tree.host, problem=what)
    needed = {lib for seen in staying for lib in seen.libs}
    sizes = dict(tree.libs)
    libs = sorted({lib for seen in going for lib in seen.libs if lib in sizes} - needed)
    weight = sum(seen.own_bytes or 0 for seen in going)
    return Prunable(
        tree.host, tuple(s.version for s in going), tuple(libs), weight, tuple(kept.items())
    )


def _problem(tree: TreeSeen) -> str:
    if tree.problem or not tree.known:
        return tree.problem or "its release folder could not be read"
    if tree.runs is None:
        return "what runs there is not known"
    if tree.boots is None:
        return "what boots next there is not known"
    # Two runs of the same question must not differ by what no command may name.
    odd = [lib for v in tree.versions for lib in v.libs if not _lib_fits(lib)]
    return f"{odd[0]} is no name that commands are made of" if odd else ""


def _lib_fits(lib: str) -> bool:
    return release_version_fits(lib.replace("@", "_"))
