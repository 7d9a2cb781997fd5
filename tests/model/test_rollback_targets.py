"""The releases to go back to: why not, what is suggested, and what fits in 80 columns."""

from __future__ import annotations

from tui.model.fleet import Flavour
from tui.model.release_past import Told
from tui.model.release_rows import Releases
from tui.model.release_tree import TreeSeen, VersionSeen
from tui.model.rollback_targets import (
    Target,
    suggested,
    target_cells,
    target_columns,
    target_lines,
    targets_of,
)

NOW = 1_528_081_680.0
BAD = Told("a", "mark", "0.3.0", NOW - 60, "ann", "leaks", mark="bad")


def tree(host: str, *versions: VersionSeen, runs: str = "0.4.0", root: str = "/opt/b") -> TreeSeen:
    return TreeSeen(host, NOW, root, Flavour.MIX, boots=runs, runs=runs, versions=versions)


def seen(version: str, *missing: str) -> VersionSeen:
    return VersionSeen(version, missing, built_at=NOW - 3600, owner="deploy")


EVERY = (seen("0.1.0"), seen("0.2.0"), seen("0.3.0"), seen("0.4.0"))


def found(*trees: TreeSeen, told: tuple[Told, ...] = ()) -> dict[str, Target]:
    releases = Releases({t.host: t for t in trees}, taken_at=NOW)
    targets = targets_of(releases, told, [t.host for t in trees], NOW)
    return {target.version: target for target in targets}


def test_a_target_is_whole_on_every_host_or_says_where_it_is_not() -> None:
    web2 = tree("web2", seen("0.1.0", "start.boot"), seen("0.3.0"), seen("0.4.0"))
    every = found(tree("web1", *EVERY), web2)
    assert list(every) == ["0.4.0", "0.3.0", "0.2.0", "0.1.0"]
    assert every["0.1.0"].refused == "web2: lacks start.boot"
    assert every["0.2.0"].refused == "web2: it is not there"
    assert every["0.3.0"].refused == ""
    assert every["0.4.0"].running
    away = found(tree("web1", *EVERY), tree("web2", root=""))
    assert away["0.2.0"].unread == ("web2",)
    assert away["0.2.0"].refused == "", "it may be left out by name"
    lines = [text for text, _ in target_lines(every["0.2.0"], NOW)]
    assert "web2: it is not there" in lines
    assert "how long it ran is not in the records" in lines
    distillery = TreeSeen("w", NOW, "/o", Flavour.DISTILLERY, versions=(seen("0.1.0"),))
    assert "Distillery" in found(distillery)["0.1.0"].refused


def test_the_newest_older_one_that_is_not_bad_is_suggested() -> None:
    hosts = (tree("web1", *EVERY), tree("web2", *EVERY))
    assert suggested(tuple(found(*hosts).values())) == "0.3.0"
    every = found(*hosts, told=(BAD,))
    assert suggested(tuple(every.values())) == "0.2.0"
    assert ("marked bad by ann at 2018-06-04 03:07:00 UTC: leaks", "bad") in target_lines(
        every["0.3.0"], NOW
    )
    assert suggested(tuple(found(tree("web1", *EVERY, runs="0.1.0")).values())) == ""


def test_columns_fit_and_the_version_has_what_is_left() -> None:
    targets = tuple(found(tree("web1", seen("0.3.0+20180604-master-41aa1234"))).values())
    for width in (20, 40, 79, 119):
        fits = target_columns(width, targets)
        assert sum(cells + 1 for _, _, cells, _ in fits) + 1 <= max(width, 21)
    assert [key for key, *_ in target_columns(79, targets)] == [
        "version", "back", "age", "ran", "whole", "mark", "by",
    ]  # fmt: skip
    cells = {key: text for key, text, _ in target_cells(targets[0], NOW)}
    assert cells["age"] == "1h"
    assert cells["by"] == "deploy"
    assert cells["whole"] == "1 of 1"
