"""From ssh -G's words to settings: tokens, files, agents, and what is not honoured."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tui.errors import NameRefused
from tui.ssh.not_honoured import warnings_of
from tui.ssh.settings import Settings, overridden, parse_directives, settings_of

HOME = "/home/op"


def settings(text: str, name: str = "web1", **environ: str) -> Settings:
    found = parse_directives(text)
    return settings_of(name, found, home=HOME, local_user="op", environ=environ)


def test_nothing_said() -> None:
    plain = settings("")
    assert (plain.address, plain.port, plain.user) == ("web1", 22, "op")
    assert plain.known_hosts == ("/home/op/.ssh/known_hosts",)
    assert (plain.jump, plain.proxy_command, plain.agent, plain.warnings) == ((), None, None, ())
    assert plain.family == socket.AF_UNSPEC
    assert plain.known_name == ("web1", 22)


def test_everything_said() -> None:
    said = settings(
        "hostname 10.0.0.1\nport 2222\nuser deploy\nidentitiesonly yes\n"
        "identityfile ~/.ssh/id_%h_%r\nidentityfile none\nidentityfile %d/keys/%n-%p\n"
        "identityfile ${KEYS}/own\ncertificatefile /etc/cert-%u\nidentityagent ~/agent.sock\n"
        "hostkeyalias web-alias\nuserknownhostsfile /a /b\nglobalknownhostsfile /c\n"
        "hashknownhosts yes\nproxyjump ops@bastion:22\nconnecttimeout 7\naddressfamily inet6\n"
        "bindaddress 127.0.0.2\n",
        KEYS="/keys",
    )
    assert said.identities == (
        "/home/op/.ssh/id_10.0.0.1_deploy",
        "/home/op/keys/web1-2222",
        "/keys/own",
    )
    assert said.certificates == ("/etc/cert-op",)
    assert said.agent == "/home/op/agent.sock"
    assert said.known_name == ("web-alias", None)
    assert said.known_hosts == ("/a", "/b", "/c")
    assert (said.hash_names, said.identities_only) == (True, True)
    assert said.jump[0].user == "ops"
    assert (said.connect_timeout_s, said.family) == (7.0, socket.AF_INET6)
    assert said.bind_address == "127.0.0.2"


@pytest.mark.parametrize(
    ("said", "agent"),
    [
        ("", "/run/agent"),
        ("identityagent SSH_AUTH_SOCK", "/run/agent"),
        ("identityagent none", None),
        ("identityagent $OTHER", "/run/other"),
        ("identityagent ${OTHER}", "/run/other"),
        ("identityagent $UNSET", None),
        ("identityagent ~/a", "/home/op/a"),
    ],
)
def test_the_agent(said: str, agent: str | None) -> None:
    assert settings(said, SSH_AUTH_SOCK="/run/agent", OTHER="/run/other").agent == agent


def test_a_token_that_is_not_known_is_left_out_and_said() -> None:
    said = settings("identityfile /keys/%C\nidentityfile /keys/${UNSET}\nidentityfile /keys/own")
    assert said.identities == ("/keys/own",)
    assert len(said.warnings) == 2
    assert "%C" in said.warnings[0]
    assert "${UNSET}" in said.warnings[1]


def test_a_proxy_command_gets_its_names_quoted_and_keeps_its_shell_text() -> None:
    said = settings("user odd$\nproxycommand nc -X ${MODE} %h %p # %r %% %n", name="web1")
    assert said.proxy_command == "nc -X ${MODE} web1 22 # 'odd$' % web1"
    assert settings("proxycommand none").proxy_command is None


@pytest.mark.parametrize("value", ["none", "/dev/null", "none none", "NONE"])
def test_known_hosts_none_falls_back_to_the_default_file(value: str) -> None:
    said = settings(f"userknownhostsfile {value}\nglobalknownhostsfile none")
    assert said.known_hosts == ("/home/op/.ssh/known_hosts",)
    assert any("userknownhostsfile" in warning for warning in said.warnings)


@pytest.mark.parametrize(
    "text",
    ["hostname -oProxyCommand=id", "hostname a;b", "user x y", "port 70000", "hostkeyalias a b"],
)
def test_names_outside_the_allowlists(text: str) -> None:
    with pytest.raises(NameRefused):
        settings(text)


def test_the_hosts_own_entry_on_top() -> None:
    base = settings("proxycommand nc %h %p\nidentityfile /a\nuserknownhostsfile /k\n")
    top = overridden(base, known_hosts="~/kh", identity="~/id", jump="bastion", home=HOME)
    assert top.known_hosts == ("/home/op/kh",)
    assert (top.identities, top.identities_only) == (("/home/op/id",), True)
    assert (top.proxy_command, top.jump[0].name) == (None, "bastion")
    assert overridden(base, known_hosts=None, identity=None, jump=None, home=HOME) == base


def test_defaults_of_openssh_say_nothing_that_must_be_warned_of() -> None:
    if shutil.which("ssh") is None:
        pytest.skip("LOUD: OpenSSH's client is not installed here")
    text = subprocess.run(
        ["ssh", "-G", "-F", "none", "--", "web1"], capture_output=True, text=True, check=True
    ).stdout
    found = parse_directives(text)
    assert warnings_of(found) == ()
    plain = settings_of("web1", found, home=str(Path.home()), local_user="op", environ={})
    assert plain.warnings == ()
    assert any(path.endswith("/.ssh/id_ed25519") for path in plain.identities)
