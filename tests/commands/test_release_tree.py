"""The read of a release's folder, run by real shells on trees of every flavour's files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tui.commands.release_tree import TreeAnswer, parse_tree, read_tree
from tui.model.command import script_of
from tui.model.fleet import App, Flavour

TOKEN = "5f2c0e7d9ab14c3388aa61f0"
NOBODY = 65534
SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]
REL = '{{release,{{"shop","{v}"}},{{erts,"9.3"}},[{{kernel,"5.4"}},{{shop,"{v}"}}]}}.'


def read(root: Path, *, shell: str = "sh", user: int | None = None) -> TreeAnswer:
    app = App("shop", deliver_to=str(root))
    argv = ["busybox", "sh", "-s"] if shell == "busybox" else [shell, "-s"]
    done = subprocess.run(
        argv,
        input=script_of(read_tree(app, TOKEN, as_owner=False)),
        capture_output=True,
        check=True,
        timeout=20,
        user=user,
        env={"PATH": "/usr/bin:/bin"},
    )
    return parse_tree(done.stdout, app, TOKEN, "web1", 1.0)


def tree(root: Path, versions: Iterable[str], files: Iterable[str], extra: dict[str, str]) -> Path:
    """A release folder with these versions, each with these files."""
    written = dict(extra)
    for v in versions:
        written |= {f"releases/{v}/{name}": "x" for name in files}
        written[f"releases/{v}/shop.rel"] = REL.format(v=v)
        written[f"lib/shop-{v}/ebin/shop.app"] = "x"
        written[f"lib/shop-{v}/priv/repo/migrations/20180101120000_first.exs"] = "x"
    written["lib/kernel-5.4/ebin/kernel.app"] = "x"
    written["erts-9.3/bin/erlexec"] = "x"
    for name, content in written.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def distillery(root: Path, **extra: str) -> Path:
    files = ("shop.boot", "sys.config", "vm.args", "shop.sh")
    signs = {"bin/shop_rc_exec.sh": "x", "bin/shop": "x", "lib/distillery-2.1.1/ebin/a": "x"}
    starts = {"releases/start_erl.data": "9.3 0.3.0", "releases/RELEASES": "x"}
    return tree(root, ("0.2.0", "0.3.0"), files, {**signs, **starts, **extra})


@pytest.mark.parametrize("shell", SHELLS)
def test_distillery_2_1_boots_by_its_stale_copy(tmp_path: Path, shell: str) -> None:
    root = distillery(tmp_path / "a b", **{"var/start_erl.data": "9.3 0.2.0"})
    seen = read(root, shell=shell).tree
    assert (seen.flavour, seen.tool, seen.problem) == (
        Flavour.DISTILLERY, "distillery 2.1.1", "",
    )  # fmt: skip
    assert (seen.boots, seen.passed_over) == ("0.2.0", "0.3.0")
    assert [(v.version, v.missing, v.boots) for v in seen.versions] == [
        ("0.2.0", (), True),
        ("0.3.0", (), False),
    ]
    assert seen.versions[0].migrations[0].name == "first"
    assert seen.cookie == ""


def test_distillery_2_0_boots_by_what_was_unpacked_last(tmp_path: Path) -> None:
    seen = read(distillery(tmp_path)).tree
    assert (seen.boots, seen.passed_over) == ("0.3.0", "")


def test_distillery_1_5_and_relx_are_told_by_their_files(tmp_path: Path) -> None:
    old = ("shop.boot", "sys.config", "vm.args", "shop.sh")
    signs = {"bin/nodetool": "x", "bin/shop_loader.sh": "x"}
    start = {"releases/start_erl.data": "9.3 0.1.0"}
    one = read(tree(tmp_path / "one", ("0.1.0",), old, {**signs, **start})).tree
    assert (one.flavour, one.versions[0].missing, one.boots) == (Flavour.DISTILLERY, (), "0.1.0")
    files = ("start.boot", "sys.config.src", "vm.args")
    launcher = {"bin/shop": "#!/bin/sh\nrelx_get_pid() {\n", "releases/0.1.0/start_clean.rel": "x"}
    other = read(tree(tmp_path / "other", ("0.1.0",), files, {**launcher, **start})).tree
    assert (other.flavour, other.tool, other.versions[0].missing) == (Flavour.RELX, "relx", ())
    assert (other.boots, other.passed_over) == ("0.1.0", "")


def test_relx_boots_what_its_launcher_names_and_the_file_is_passed_over(tmp_path: Path) -> None:
    launcher = {
        "bin/shop": 'REL_VSN="0.2.0"\nERTS_VSN="13.1.5"\nrelx_get_pid() {\n',
        "releases/start_erl.data": "9.3 0.1.0",
    }
    files = ("start.boot", "sys.config.src", "vm.args")
    seen = read(tree(tmp_path, ("0.1.0", "0.2.0"), files, launcher)).tree
    assert (seen.boots, seen.boots_erts, seen.passed_over) == ("0.2.0", "13.1.5", "0.1.0")


def test_setcookie_is_a_checksum_and_links_to_nothing_are_told(tmp_path: Path) -> None:
    root = distillery(tmp_path)
    (root / "releases/0.3.0/vm.args").write_text("-name shop@h\n  -setcookie topsecret\n")
    (root / "releases/0.2.0/sys.config").unlink()
    (root / "releases/0.2.0/sys.config").symlink_to("/nowhere/sys.config")
    (root / "releases/0.2.0/vm.args").unlink()
    (root / "real.args").write_text("+fnu")
    (root / "releases/0.2.0/vm.args").symlink_to(root / "real.args")
    answer = read(root)
    old, new = answer.tree.versions
    assert new.setcookie == hashlib.sha256(b"topsecret").hexdigest()
    assert old.missing == ("sys.config leads nowhere",)
    assert "topsecret" not in repr(answer)


def test_hostile_names_and_forged_sections_are_only_text(tmp_path: Path) -> None:
    root = distillery(tmp_path)
    for name in ("$(touch pwned)", "a\nb", f"x\n{TOKEN[:-1]}1 cookie"):
        (root / "releases" / name).mkdir()
    seen = read(root).tree
    assert [v.version for v in seen.versions] == ["0.2.0", "0.3.0"]
    assert len(seen.unusable) == 3
    assert all("\n" not in name for name in seen.unusable)
    assert not list(root.rglob("pwned"))


def test_an_answer_that_broke_off_is_no_tree(tmp_path: Path) -> None:
    app = App("shop", deliver_to=str(tmp_path))
    cut = f"\n{TOKEN} root\n{tmp_path}\n{TOKEN} tree\nreadable\n".encode()
    answer = parse_tree(cut, app, TOKEN, "web1", 1.0)
    assert not answer.whole
    assert answer.tree.problem == "the answer broke off: not all of the folder was read"
    assert not parse_tree(b"", app, TOKEN, "web1", 1.0).tree.known


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_what_another_user_may_not_read_is_named(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    root = distillery(tmp_path / "r")
    (root / "releases/0.3.0").chmod(0o700)
    answer = read(root, user=NOBODY)
    assert answer.shut == (f"{root}/releases/0.3.0",)
    seen = answer.tree.version("0.3.0")
    assert seen is not None
    assert seen.missing == ("it could not be read",)
