"""A comparison of two releases: what is told, and what is told without being shown."""

from __future__ import annotations

from tui.model.release_diff import Contents, diff_lines, diff_releases
from tui.model.release_tree import MigrationFile

OLD = Contents(
    "0.2.0",
    "web1",
    "13.1",
    (("shop", "0.2.0"), ("ecto", "3.11.1"), ("gone", "1.0")),
    (MigrationFile(1, "a", "shop"),),
    (("vm.args", b"+fnu\n"), ("sys.config", b'[{shop,[{password,"old-one-1"}]}].\n')),
    "c1",
)
NEW = Contents(
    "0.3.0",
    "store",
    "13.2",
    (("shop", "0.3.0"), ("ecto", "3.11.1"), ("new", "2.0")),
    (MigrationFile(1, "a", "shop"), MigrationFile(2, "b", "shop")),
    (
        ("vm.args", b"+fnu\n-kernel x\n"),
        ("sys.config", b'[{shop,[{password,"new-one-2"}]}].\n'),
        ("env.sh", b"export A=1\n"),
    ),
    "c2",
)


def test_everything_that_differs_is_told() -> None:
    diff = diff_releases(OLD, NEW)
    assert (diff.added, diff.removed) == ((("new", "2.0"),), (("gone", "1.0"),))
    assert diff.changed == (("shop", "0.2.0", "0.3.0"),)
    assert diff.migrations_added == (MigrationFile(2, "b", "shop"),)
    assert diff.migrations_removed == ()
    assert diff.erts == ("13.1", "13.2")
    files = dict(diff.files)
    assert "+-kernel x" in files["vm.args"]
    assert files["env.sh"] == ("only in the new release",)
    assert diff.cookie == "the cookies differ: the host's is kept when it is deployed"


def test_a_changed_secret_is_told_and_not_shown() -> None:
    diff = diff_releases(OLD, NEW)
    (said,) = dict(diff.files)["sys.config"]
    assert said == "it differs only in what is not shown here: a secret changed"
    shown = "\n".join(text for text, _ in diff_lines(diff)) + repr(diff) + repr(OLD)
    assert "old-one-1" not in shown
    assert "new-one-2" not in shown


def test_the_same_is_said_to_be_the_same() -> None:
    lines = [text for text, _ in diff_lines(diff_releases(OLD, OLD))]
    assert "  the same files, byte by byte" in lines
    assert "  one releases/COOKIE for both" in lines
    assert lines.count("  none") == 2
