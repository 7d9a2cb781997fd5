"""What pruning may take: never what runs, boots next or is the way back, nothing on a guess."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui.commands.prune import prune
from tui.model.fleet import App
from tui.model.prune import prunable
from tui.model.release_tree import TreeSeen, VersionSeen


def seen(version: str, *libs: str, missing: tuple[str, ...] = ()) -> VersionSeen:
    apps = tuple((lib.rpartition("-")[0], lib.rpartition("-")[2]) for lib in libs)
    return VersionSeen(version, missing=missing, apps=(("app", version), *apps), own_bytes=10)


VERSIONS = (
    seen("0.1.0", "ecto-1"),
    seen("0.2.0", "ecto-1"),
    seen("0.3.0", "ecto-2"),
    seen("0.4.0", "ecto-3", "new-1", missing=("start.boot",)),
    seen("0.5.0", "ecto-2"),
    seen("0.6.0", "ecto-4"),
)
LIBS = tuple((lib, 1) for v in VERSIONS for lib in v.libs)
TREE = TreeSeen("web1", 0.0, "/x", runs="0.5.0", boots="0.5.0", versions=VERSIONS, libs=LIBS)


def test_what_runs_and_the_newest_whole_way_back_stay() -> None:
    found = prunable(TREE, 2)
    assert found.kept == (("0.5.0", "it runs"), ("0.3.0", "it is the newest way back")) or (
        dict(found.kept) == {"0.5.0": "it boots next", "0.3.0": "it is the newest way back"}
    )
    assert found.versions == ("0.1.0", "0.2.0", "0.4.0", "0.6.0")
    assert found.libs == (
        "app-0.1.0", "app-0.2.0", "app-0.4.0", "app-0.6.0", "ecto-1", "ecto-3", "ecto-4", "new-1",
    )  # fmt: skip
    assert found.paths[:2] == ("releases/0.1.0", "releases/0.2.0")


def test_the_newest_are_kept_up_to_the_number() -> None:
    assert prunable(TREE, 4).versions == ("0.1.0", "0.2.0")
    assert prunable(TREE, 6).versions == ()
    old = replace(TREE, runs="0.1.0", boots="0.2.0")
    assert prunable(old, 2).versions == ("0.3.0", "0.4.0", "0.5.0", "0.6.0")


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (replace(TREE, runs=None), "what runs there is not known"),
        (replace(TREE, boots=None), "what boots next there is not known"),
        (replace(TREE, problem="no right to read /x/lib"), "no right to read /x/lib"),
        (replace(TREE, root=""), "its release folder could not be read"),
        (replace(TREE, versions=(*VERSIONS[:4], VersionSeen("0.5.0"))), "which folders of lib"),
        (replace(TREE, versions=(seen("0.9", "a-../x"), *VERSIONS)), "no name that commands"),
    ],
)
def test_what_is_not_known_is_a_reason_to_take_nothing(tree: TreeSeen, said: str) -> None:
    found = prunable(tree, 2)
    assert said in found.problem
    assert found.paths == ()


def test_only_releases_and_folders_of_lib_are_ever_removed() -> None:
    app = App("billing", deliver_to="/opt/billing")
    assert "releases/0.1.0" in prune(app, ("releases/0.1.0",)).argv
    for path in ("lib/..", "releases", "releases/", "lib/a/b", "/etc", "bin/billing", "lib/-x"):
        with pytest.raises(ValueError, match="nothing that pruning removes"):
            prune(app, (path,))
