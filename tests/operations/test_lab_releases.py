"""Release trees of the lab's hosts, of real `mix release`, beside what root reads there."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.recipe import APP_ROOT
from tests.operations.plan_console import plan_console
from tui.model.fleet import Environment, Limits
from tui.operations.release_compare import compare
from tui.operations.release_trees import read_trees
from tui.operations.releases import read_releases

pytestmark = [pytest.mark.lab, pytest.mark.timeout(180)]


@pytest.fixture(autouse=True)
def as_it_was(lab: Lab) -> None:
    lab.reset()


def root(lab: Lab, script: str, host: str = "web1") -> str:
    return lab.sh(host, script).strip()


async def test_real_trees_are_whole_and_as_root_sees_them(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    app = lab_environment.apps[0]
    async with plan_console(lab_environment, app, tmp_path, limits=Limits()) as at:
        tree = (await read_trees(at.context, ("web1",)))["web1"]
    assert (tree.problem, tree.root, tree.tool) == ("", APP_ROOT, "mix release")
    names = root(lab, f"cd {APP_ROOT}/releases && ls -d */ | tr -d /").split()
    assert [v.version for v in tree.versions] == names
    assert [v.missing for v in tree.versions] == [() for _ in names]
    boots = root(lab, f"cut -d' ' -f2 {APP_ROOT}/releases/start_erl.data")
    assert (tree.boots, tree.runs) == (boots, boots)
    cookie = root(lab, f"cat {APP_ROOT}/releases/COOKIE")
    assert tree.cookie == hashlib.sha256(cookie.encode()).hexdigest()
    assert cookie not in repr(tree)
    running = tree.version(boots)
    assert running is not None
    assert running.owner == "billing"
    files = root(lab, f"ls {APP_ROOT}/lib/billing-{boots}/priv/repo/migrations").split()
    assert [f"{m.version}_{m.name}.exs" for m in running.migrations] == sorted(files)
    assert {f"{name}-{number}" for name, number in running.apps} <= set(
        root(lab, f"ls {APP_ROOT}/lib").split()
    )
    size = int(root(lab, f"du -sk {APP_ROOT}/releases/{boots} | cut -f1"))
    assert running.size_bytes is not None
    assert running.size_bytes > size * 1024


async def test_a_library_taken_away_is_named_and_put_back_is_whole(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    app = lab_environment.apps[0]
    async with plan_console(lab_environment, app, tmp_path, limits=Limits()) as at:
        before = (await read_trees(at.context, ("web1",)))["web1"]
        assert before.boots is not None
        lib = f"lib/billing-{before.boots}"
        root(lab, f"mv {APP_ROOT}/{lib} /var/tmp/taken")
        try:
            tree = (await read_trees(at.context, ("web1",)))["web1"]
        finally:
            root(lab, f"mv /var/tmp/taken {APP_ROOT}/{lib}")
        seen = tree.version(before.boots)
        assert seen is not None
        assert seen.missing == (lib,)


async def test_what_the_user_may_not_read_is_read_as_the_owner_or_named(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    app = replace(lab_environment.apps[0], owner="billing")
    root(lab, f"chmod 0400 {APP_ROOT}/releases/COOKIE && chmod 0750 {APP_ROOT}/lib")
    try:
        async with plan_console(lab_environment, app, tmp_path, limits=Limits()) as at:
            tree = (await read_trees(at.context, ("web1",)))["web1"]
            assert (tree.problem, len(tree.cookie)) == ("", 64)
            assert all(seen.whole for seen in tree.versions)
        watchers = tuple(replace(host, user="watcher") for host in lab_environment.hosts)
        fleet = replace(lab_environment, hosts=watchers)
        async with plan_console(fleet, app, tmp_path / "w", limits=Limits()) as at:
            tree = (await read_trees(at.context, ("web1",)))["web1"]
            assert f"no right to read {APP_ROOT}/lib" in tree.problem
            assert "sudo -n -u billing does not help" in tree.problem
            assert not any(seen.whole for seen in tree.versions)
    finally:
        root(lab, f"chmod 0644 {APP_ROOT}/releases/COOKIE && chmod 0755 {APP_ROOT}/lib")


async def test_a_real_archive_is_compared_with_a_real_tree(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    folder = str(lab.releases)
    app = replace(lab_environment.apps[0], release_store=folder)
    async with plan_console(lab_environment, app, tmp_path, limits=Limits()) as at:
        releases = await read_releases(at.context)
        assert "0.3.0" in [archive.version for archive in releases.archives]
        diff = await compare(at.context, releases, "0.2.0", "0.3.0")
    assert ("billing", "0.2.0", "0.3.0") in diff.changed
    assert len(diff.migrations_added) >= 1
    assert diff.erts[0] == diff.erts[1] != ""


async def test_pruning_real_releases_leaves_what_runs(
    lab: Lab, lab_environment: Environment, tmp_path: Path
) -> None:
    app = replace(lab_environment.apps[0], owner="billing", keep_releases=2)
    root(
        lab,
        f"cd {APP_ROOT} && cp -a releases/0.1.0 releases/0.0.1 && cp -a lib/billing-0.1.0 "
        "lib/billing-0.0.1 && mv releases/0.0.1/billing.rel /tmp/rel && sed "
        '\'s/"0.1.0"/"0.0.1"/\' /tmp/rel >releases/0.0.1/billing.rel',
    )
    async with plan_console(lab_environment, app, tmp_path, limits=Limits()) as at:
        await at.do("prune", hosts="web1")
        tree = (await read_trees(at.context, ("web1",)))["web1"]
    assert [(v.version, v.whole) for v in tree.versions] == [("0.1.0", True), ("0.2.0", True)]
    assert "0.0.1" not in root(lab, f"ls {APP_ROOT}/lib {APP_ROOT}/releases")
    assert tree.runs == "0.2.0"
