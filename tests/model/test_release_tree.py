"""What a release tree's files mean: `.rel` terms, what a version lacks, the order of versions."""

from __future__ import annotations

import itertools

import pytest

from tui.model.fleet import Flavour
from tui.model.release_store import StoreKind, archive_version, parse_store
from tui.model.release_tree import (
    MigrationFile,
    RelFile,
    TreeSeen,
    VersionSeen,
    missing_parts,
    parse_migration,
    parse_rel,
    release_order,
    rollback_target,
)

MIX_REL = """%% coding: utf-8
{release,{"billing","0.3.0"},
         {erts,"13.1.5"},
         [{kernel,"8.5.3",permanent},
          {iex,"1.14.0",none},
          {'Odd_app',"1.0",[a,b]},
          {billing,"0.3.0",permanent}]}.
"""
RELX_REL = '{release,{"shop","1.0.0"},{erts,"13.2"},[{kernel,"8.5.4"},{shop,"1.0.0"}]}.'
MIX_FILES = [("f", n) for n in ("start.boot", "sys.config", "vm.args", "env.sh", "elixir")]


def test_rel_files_of_mix_and_relx() -> None:
    rel = parse_rel(MIX_REL)
    assert rel == RelFile(
        "billing",
        "0.3.0",
        "13.1.5",
        (("kernel", "8.5.3"), ("iex", "1.14.0"), ("billing", "0.3.0")),
    )
    assert parse_rel(RELX_REL) == RelFile(
        "shop", "1.0.0", "13.2", (("kernel", "8.5.4"), ("shop", "1.0.0"))
    )
    assert parse_rel(MIX_REL[:30]) is None
    assert parse_rel("") is None


def test_what_is_missing_is_named() -> None:
    rel = parse_rel(MIX_REL)
    libs = ["kernel-8.5.3", "iex-1.14.0", "billing-0.3.0"]

    def missing(files: list[tuple[str, str]], lib: list[str], erts: list[str]) -> tuple[str, ...]:
        return missing_parts(Flavour.MIX, rel, "billing", files, lib, erts)

    assert missing(MIX_FILES, libs, ["erts-13.1.5"]) == ()
    assert missing(MIX_FILES[1:], libs, ["erts-13.1.5"]) == ("start.boot",)
    assert missing([("e", "start.boot"), *MIX_FILES[1:]], libs, ["erts-13.1.5"]) == (
        "start.boot is empty",
    )
    linked = [("l", "vm.args"), *(f for f in MIX_FILES if f[1] != "vm.args")]
    assert missing(linked, libs, ["erts-13.1.5"]) == ("vm.args leads nowhere",)
    assert missing(MIX_FILES, ["kernel-8.5.3", "billing-0.2.0"], ["erts-13.0"]) == (
        "erts-13.1.5",
        "lib/iex-1.14.0",
        "lib/billing-0.3.0",
    )
    assert missing_parts(Flavour.MIX, None, "billing", MIX_FILES, libs, []) == ("billing.rel",)


def test_a_release_without_its_own_erlang_lacks_only_its_own() -> None:
    rel = parse_rel(MIX_REL)
    assert missing_parts(Flavour.MIX, rel, "billing", MIX_FILES, ["billing-0.3.0"], []) == ()
    assert missing_parts(Flavour.MIX, rel, "billing", MIX_FILES, ["billing-0.2.0"], []) == (
        "lib/billing-0.3.0",
    )


@pytest.mark.parametrize(
    ("flavour", "files"),
    [
        (Flavour.DISTILLERY, ("billing.boot", "sys.config", "vm.args", "billing.sh")),
        (Flavour.RELX, ("start.boot", "sys.config.src", "vm.args")),
    ],
)
def test_each_flavour_boots_with_its_own_files(flavour: Flavour, files: tuple[str, ...]) -> None:
    libs = ["kernel-8.5.3", "iex-1.14.0", "billing-0.3.0"]
    pairs = [("f", name) for name in files]
    for left_out in files:
        rest = [pair for pair in pairs if pair[1] != left_out]
        assert missing_parts(
            flavour, parse_rel(MIX_REL), "billing", rest, libs, ["erts-13.1.5"]
        ) == (left_out.replace("start.boot", "billing.boot").removesuffix(".src"),)
    assert missing_parts(flavour, parse_rel(MIX_REL), "billing", pairs, libs, ["erts-13.1.5"]) == ()


def test_migrations_by_their_paths() -> None:
    path = "billing-0.3.0/priv/repo/migrations/20180101120000_add_amount.exs"
    assert parse_migration(path) == MigrationFile(20180101120000, "add_amount", "billing", "repo")
    deeper = "my_app-1.0-rc/priv/other/migrations/2020/1_a.exs"
    assert parse_migration(deeper) == MigrationFile(1, "a", "my_app-1.0", "other")
    for odd in ("a-1/priv/repo/migrations/x_y.exs", "a-1/priv/repo/migrations/12.exs", "a/b"):
        assert parse_migration(odd) is None


def test_versions_sort_by_numbers_then_by_build() -> None:
    wanted = [
        ("0.2.0-rc.1", 9.0),
        ("0.2.0-rc.10", 1.0),
        ("0.2.0", 1.0),
        ("0.2.0+20180604-master", 2.0),
        ("0.2.0+20180527-master", 3.0),
        ("0.9.0", 1.0),
        ("0.10.0", 0.0),
    ]
    keys = [release_order(*pair) for pair in wanted]
    assert all(a < b for a, b in itertools.pairwise(keys))


def test_the_way_back_is_the_newest_whole_older_one() -> None:
    def tree(*versions: VersionSeen, runs: str | None = "0.3.0") -> TreeSeen:
        return TreeSeen("web1", 0.0, "/x", runs=runs, versions=versions)

    old, mid = VersionSeen("0.1.0"), VersionSeen("0.2.0")
    broken, now, new = VersionSeen("0.2.5", ("erts-1",)), VersionSeen("0.3.0"), VersionSeen("0.4.0")
    assert rollback_target(tree(old, mid, broken, now, new)) == "0.2.0"
    assert rollback_target(tree(now, new)) == ""
    assert rollback_target(tree(old, mid, runs=None)) == ""


def test_archives_are_matched_by_whole_names() -> None:
    full = "0.2.0+20180527-master-6bfed7e"
    assert archive_version(f"billing_{full}.release.tar.gz", "billing") == full
    assert archive_version(f"billing-{full}.tar.gz", "billing") == full
    assert archive_version("0.3.1.tar.gz", "billing") == "0.3.1"
    for other in (
        "billing_0.2.0.upgrade.tar.gz",
        "billing_web-0.2.0.tgz",
        "web-0.2.0.tar.gz",
        "billing_$(x).release.tar.gz",
        "docs.tar.gz",
    ):
        assert archive_version(other, "billing") == "", other


def test_stores_as_they_are_configured() -> None:
    place = parse_store("build@store.example.com:/srv/releases")
    assert (place.kind, place.host, place.user, place.path) == (
        StoreKind.SSH, "store.example.com", "build", "/srv/releases",
    )  # fmt: skip
    assert parse_store("~/app/_build/prod").kind is StoreKind.LOCAL
    assert parse_store(".deliver/releases").kind is StoreKind.LOCAL
    for odd in ("s3://KEY@SECRET:bucket", "docker://image", "a@b:/x/../y"):
        with pytest.raises(ValueError, match=r"cannot be read|commands are made of"):
            parse_store(odd)
