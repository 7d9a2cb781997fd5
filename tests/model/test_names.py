"""Allowlists: what may reach a command line as a name; the rest never connects (R10)."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model import names

EVERY = (
    names.host_name_fits,
    names.address_fits,
    names.user_fits,
    names.unit_fits,
    names.release_version_fits,
    names.migration_version_fits,
    names.app_name_fits,
    names.environment_name_fits,
    names.node_fits,
)

FITTING = [
    (names.host_name_fits, ("web1", "web-1.example.com", "10.0.0.1", "A_b", "x" * 253)),
    (names.address_fits, ("10.0.0.1", "::1", "fe80::1%eth0", "web1.example.com")),
    (names.user_fits, ("devops", "_apt", "machine$", "first.last")),
    (names.unit_fits, ("app.service", "app@1.service", "billing_prod.service")),
    (names.release_version_fits, ("0.1.0", "0.2.0+20180527-master-6bfed7e", "1")),
    (names.migration_version_fits, ("1", "20240102030405")),
    (names.app_name_fits, ("app", "billing_prod", "a2")),
    (names.environment_name_fits, ("production", "eu-west.2", "P")),
    (names.node_fits, ("billing@web1", "billing@10.0.0.1", "billing", "a-b@h.example.com")),
    (names.path_fits, ("/opt/app", "/", "/srv/my app", "/opt/été", "/a/..b/c")),
]
REFUSED = [
    (names.host_name_fits, ("", "-oProxyCommand=x", ".x", "a b", "a/b", "x" * 254, "web1:22")),
    (names.address_fits, ("", "-x", "a b", "[::1]", "a;b", "u@h")),
    (names.user_fits, ("", "-u", "1a", "a b", "a:b", "a@b", "x" * 33)),
    (names.unit_fits, ("app", "-app.service", "a b.service", "app.timer", "../x.service")),
    (names.release_version_fits, ("", "../1", ".1", "1/2", "a b", "-1")),
    (names.migration_version_fits, ("", "-1", "1.0", "1" * 21, "１")),
    (names.app_name_fits, ("", "App", "a-b", "1a", "a.b")),
    (names.environment_name_fits, ("", "a b", "-a", "a/b", "..", "x" * 65)),
    (names.node_fits, ("", "@web1", "a@b@c", "a b@c", "-x@h")),
    (names.path_fits, ("", "opt/app", "~/app", "/a/../b", "/..", "/a\nb", "/a\x9bb", "/a\u202eb")),
]


@pytest.mark.parametrize(("fits", "fitting"), FITTING)
def test_fits(fits: names.Check, fitting: tuple[str, ...]) -> None:
    assert [name for name in fitting if not fits(name)] == []


@pytest.mark.parametrize(("fits", "refused"), REFUSED)
def test_refused(fits: names.Check, refused: tuple[str, ...]) -> None:
    assert [name for name in refused if fits(name)] == []


def test_longest_path() -> None:
    assert names.path_fits("/" + "x" * 1023)
    assert not names.path_fits("/" + "x" * 1024)


@given(st.text(max_size=30))
def test_nothing_special_in_any_name(name: str) -> None:
    allowed = set(string.ascii_letters + string.digits + "._-@:%+$")
    for fits in EVERY:
        if fits(name):
            assert set(name) <= allowed
            assert not name.startswith("-")


@given(st.sampled_from(["app.service", "web1", "a", "1", "/opt"]), st.text(max_size=3))
def test_a_newline_at_the_end_does_not_slip_through(name: str, rest: str) -> None:
    for fits in (*EVERY, names.path_fits):
        assert not fits(f"{name}\n{rest}")
