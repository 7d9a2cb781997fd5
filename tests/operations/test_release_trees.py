"""Release trees and the store of the embedded fleet: real files, read by the real script."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import MakeFleet
from tests.waiting import until
from tui.demo.fleet import DemoFleet
from tui.model.fleet import Config, Flavour
from tui.operations.context import PlanContext
from tui.operations.deck import open_deck, open_site
from tui.operations.release_fetch import fetched
from tui.operations.release_store import StoreUnreadable, list_store
from tui.operations.release_trees import read_trees


@asynccontextmanager
async def context_of(fleet: DemoFleet, tmp_path: Path, **app: object) -> AsyncIterator[PlanContext]:
    """The services of the fleet's app, connected."""
    environment = fleet.environment
    changed = replace(environment.apps[0], **app)  # type: ignore[arg-type]
    environment = replace(environment, apps=(changed,))
    site = open_site(Config((environment,), ssh_config=()), environment, lambda: 1e9, tmp_path)
    deck = open_deck(site, changed)
    deck.start(journal=False)
    try:
        assert await deck.settled(20)
        yield deck.context
    finally:
        await deck.close()
        await site.close()


def tree_of(folder: Path) -> dict[str, tuple[str, int]]:
    """Digest and mode of every file below a folder, by its path."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mode & 0o777,
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


async def test_versions_that_run_boot_and_are_broken(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    broken = demo_fleet.machines["web2"].beam.tree.real
    (broken / "lib/ecto-3.11.2/ebin/ecto.app").unlink()
    (broken / "lib/ecto-3.11.2/ebin").rmdir()
    (broken / "releases/0.1.0/start.boot").write_bytes(b"")
    async with context_of(demo_fleet, tmp_path) as context:
        trees = await read_trees(context, context.hosts)
    web1, web2, web3 = trees["web1"], trees["web2"], trees["web3"]
    assert (web1.flavour, web1.tool, web1.problem) == (Flavour.MIX, "mix release", "")
    assert (web1.runs, web1.boots, web1.boots_erts, web1.state) == (
        "0.2.0", "0.2.0", "13.1.5", "running",
    )  # fmt: skip
    assert [(v.version, v.whole, v.boots, v.runs) for v in web1.versions] == [
        ("0.1.0", True, False, False),
        ("0.2.0", True, True, True),
    ]
    assert [v.missing for v in web2.versions] == [
        ("start.boot is empty", "lib/ecto-3.11.2"),
        ("lib/ecto-3.11.2",),
    ]
    assert [(v.version, v.boots, v.runs) for v in web3.versions][1:] == [
        ("0.2.0", False, True),
        ("0.3.0", True, False),
    ]
    new = web3.version("0.3.0")
    assert new is not None
    assert ("telemetry_app", "1.0.0") in new.apps
    assert [(m.version, m.name) for m in new.migrations][-1] == (20180203120000, "irreversible")
    assert len(new.migrations) == 6
    assert (new.erts, new.name, new.built_at) == ("13.1.5", "billing", pytest.approx(new.built_at))
    assert new.size_bytes is not None
    assert new.own_bytes is not None
    assert 0 < new.own_bytes < new.size_bytes
    cookie = (demo_fleet.machines["web1"].beam.tree.real / "releases/COOKIE").read_bytes()
    assert web1.cookie == web2.cookie == hashlib.sha256(cookie).hexdigest()
    assert cookie.decode() not in repr(trees)


async def test_a_host_that_is_not_there_says_so(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    gone = f"{demo_fleet.app.root}-elsewhere"
    async with context_of(demo_fleet, tmp_path, deliver_to=gone) as context:
        trees = await read_trees(context, ("web1", "web9"))
    assert trees["web9"].problem == "no host of this app"
    assert trees["web1"].problem == f"no release in {gone}: it is not there"
    assert trees["web1"].versions == ()


async def test_the_store_holds_what_the_hosts_hold(demo_fleet: DemoFleet, tmp_path: Path) -> None:
    archives = await list_store(demo_fleet.app)
    assert [a.version for a in archives] == ["0.3.1", "0.3.0", "0.2.0"]
    assert [Path(a.path).name for a in archives] == [
        "billing-0.3.1.tar.gz",
        "billing_0.3.0.release.tar.gz",
        "billing_0.2.0.release.tar.gz",
    ]
    in_place = tree_of(demo_fleet.machines["web3"].beam.tree.real)
    cookie = "releases/COOKIE"
    for archive in archives:
        folder = tmp_path / archive.version
        with tarfile.open(archive.path) as tar:
            tar.extractall(folder, filter="data")
        unpacked = tree_of(folder)
        assert unpacked.pop("releases/start_erl.data")
        if archive.version == "0.3.1":
            assert unpacked.pop(cookie) != in_place[cookie]
            continue
        assert unpacked == {name: in_place[name] for name in unpacked}
        assert 1 < archive.size_bytes < 100_000


async def test_a_store_on_a_host_and_stores_that_cannot_be_read(
    demo_fleet: DemoFleet, tmp_path: Path
) -> None:
    folder = demo_fleet.machines["web1"].sandbox.root / "srv" / "builds"
    folder.mkdir()
    (folder / "billing_0.9.0.release.tar.gz").write_bytes(b"12345")
    (folder / "other_0.9.1.release.tar.gz").write_bytes(b"")
    seen = demo_fleet.machines["web1"].sandbox.seen("srv/builds")
    async with context_of(demo_fleet, tmp_path, release_store=f"web1:{seen}") as context:
        (archive,) = await list_store(context.app, context)
        assert (archive.version, archive.size_bytes, archive.where) == ("0.9.0", 5, "web1")
        assert archive.path.endswith("/srv/builds/billing_0.9.0.release.tar.gz")
        for store, said in (
            (f"web1:{seen}/none", "No such file|can't cd"),
            ("build.example.com:/srv", "none of this environment's hosts"),
            (str(tmp_path / "none"), "No such file"),
        ):
            with pytest.raises(StoreUnreadable) as refused:
                await list_store(replace(context.app, release_store=store), context)
            assert any(part in refused.value.detail for part in said.split("|"))


async def test_a_store_on_a_host_that_does_not_run_the_app(
    demo_fleet: DemoFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    builder = demo_fleet.machines["web2"]
    folder = builder.sandbox.root / "srv" / "builds"
    folder.mkdir()
    (folder / "billing_0.9.0.release.tar.gz").write_bytes(b"12345")
    store = f"web2:{builder.sandbox.seen('srv/builds')}"
    async with context_of(
        demo_fleet, tmp_path, release_store=store, on=("web1", "web3")
    ) as context:
        assert context.hosts == ("web1", "web3")
        (archive,) = await list_store(context.app, context)
        assert (archive.version, archive.where) == ("0.9.0", "web2")
        assert (await fetched(context, archive)).read_bytes() == b"12345"
        await builder.refuse_connections()
        builder.drop_connections()
        monkeypatch.setattr("tui.operations.release_store.LINK_S", 0.2)
        link = context.link_to("web2")
        assert link is not None
        await until(lambda: not link.link.usable)
        with pytest.raises(StoreUnreadable, match="web2: "):
            await list_store(context.app, context)


async def test_what_the_user_may_not_read_is_named_and_asked_for_as_the_owner(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    fleet = await make_fleet(("web1",))
    asked: list[tuple[str, ...]] = []
    async with context_of(fleet, tmp_path) as context:
        session = context.sessions["web1"]

        class Spy:
            """The session, with a user for whom releases/COOKIE is shut."""

            host, link = session.host, session.link

            async def run(self, command, grant=None):  # type: ignore[no-untyped-def]
                asked.append((command.as_user or "",))
                outcome = await session.run(command, grant)
                if command.as_user:
                    return outcome
                token = command.argv[2].encode()
                shut = b"\n" + token + b" shut\n/x/releases/COOKIE\n"
                return replace(outcome, stdout=outcome.stdout.replace(
                    b"\n" + token + b" shut\n", shut
                ))  # fmt: skip

        mine = replace(context, sessions={"web1": Spy()})  # type: ignore[dict-item]
        tree = (await read_trees(mine, ("web1",)))["web1"]
        assert asked == [("",), ("billing",)]
        assert (tree.problem, len(tree.cookie)) == ("", 64)
        alone = replace(mine, app=replace(context.app, owner=None))
        tree = (await read_trees(alone, ("web1",)))["web1"]
        assert tree.problem == "no right to read /x/releases/COOKIE"
