"""What a configuration must hold beyond its types, each rule with the place it names."""

from __future__ import annotations

import dataclasses

import pytest

from tests.config_samples import FILE, GOOD, put, wrong
from tui.config import parse_config
from tui.model.fleet import Limits

RULES = [
    ('theme = "beamdek-dark"', ":1: theme: is not one of", 'did you mean "beamdeck-dark"?'),
    ("[limits]\nchannels = 9", ":2: limits.channels: is 9", "from 1 to 8"),
    ("[limits]\nchannels = 0", ":2: limits.channels: is 0", ""),
    ("[limits]\nprobe_interval_s = -1", ":2: limits.probe_interval_s", ""),
    ("[limits]\nunlock_minutes = nan", ":2: limits.unlock_minutes: is nan", ""),
    ("[limits]\ncommand_timeout_s = inf", ":2: limits.command_timeout_s: is inf", ""),
    ("[limits]\nkeepalive_misses = 3", ":1: limits.keepalive_s: ", "more than 15 seconds"),
    ("[limits]\nkeepalive_s = 5.1", ":2: limits.keepalive_s: ", "15.3"),
    ('[limits]\njournal_since = "soon"', ":2: limits.journal_since: ", "15m"),
    ('[keys]\nrestat = "R"', ":2: keys.restat: ", 'did you mean "restart"?'),
    ('[keys]\nrestart = "u"', ":2: keys.restart: u is both unlock and restart in hosts", ""),
    ('[keys]\nzoom = "x"\nhelp = "x"', ":2: keys.zoom: x is both help and zoom", ""),
    ('[keys]\nfilter = "z"', ":2: keys.filter: z is both zoom and filter", ""),
    ('[queries]\nslow = "level:lou"', ":2: queries.slow: 'lou' is no level", ""),
    ('[queries]\nslow = "re:("', ":2: queries.slow: not a regular expression", ""),
    ('[queries]\n"a b" = "x"', ":2: queries.'a b': ", "a query's name is of a-z"),
    ("[queries]\nslow = 5", ":2: queries.slow: must be a text: a query", ""),
    ('[keys]\nzoom = "nokey"', ":2: keys.zoom: 'nokey' is no key", ""),
    ('[keys]\nzoom = ""', ":2: keys.zoom: '' is no key", ""),
    ('[keys]\nzoom = "ctrl+a"', ":2: keys.zoom: ctrl+a cannot be used", "tmux"),
    ('[keys]\nzoom = "Ctrl+["', ":2: keys.zoom: ctrl+left_square_bracket cannot", "Esc"),
    ('ssh_config = ["/srv/repo/ssh_config"]', ":1: ssh_config[0]: must be a file in ~/.ssh", ""),
    ('ssh_config = ["~/.ssh/../x"]', ":1: ssh_config[0]: ", ""),
]


BOUNDS = [
    ("connect_timeout_s", 1, 120, 0.1),
    ("command_timeout_s", 1, 600, 0.1),
    ("probe_interval_s", 0.5, 3600, 0.1),
    ("keepalive_s", 0.5, 7.5, 0.1),
    ("keepalive_misses", 1, 29, 1),
    ("channels", 1, 8, 1),
    ("handshakes", 1, 100, 1),
    ("journal_lines", 1000, 100_000_000, 1),
    ("journal_disk_mib", 16, 1_048_576, 1),
    ("unlock_minutes", 1, 240, 0.1),
]


def test_every_limit_has_bounds() -> None:
    numbers = {f.name for f in dataclasses.fields(Limits)} - {"journal_since"}
    assert {key for key, *_ in BOUNDS} == numbers


@pytest.mark.parametrize(("line", "start", "part"), RULES)
def test_rules(line: str, start: str, part: str) -> None:
    said = wrong(put(line))
    assert said[0].startswith(start)
    assert part in said[0]


@pytest.mark.parametrize(("key", "least", "most", "step"), BOUNDS)
def test_bounds_of_limits(key: str, least: float, most: float, step: float) -> None:
    quiet = "keepalive_s = 0.5\n" if key == "keepalive_misses" else ""
    one_miss = "keepalive_misses = 1\n" if key == "keepalive_s" else ""
    for value in (least, most):
        text = put(f"[limits]\n{quiet}{one_miss}{key} = {value}")
        assert getattr(parse_config(text, FILE).limits, key) == value
    for value in (least - step, most + step):
        assert any(key in line for line in wrong(put(f"[limits]\n{quiet}{key} = {value}")))


def test_a_dead_link_is_noticed_within_15_seconds() -> None:
    limits = parse_config(put("[limits]\nkeepalive_s = 5\nkeepalive_misses = 2"), FILE).limits
    assert limits.keepalive_s * (limits.keepalive_misses + 1) == 15


@pytest.mark.parametrize("key", ["ctrl+b", "ctrl+s", "ctrl+i", "ctrl+m", "ctrl+h"])
def test_keys_to_avoid(key: str) -> None:
    assert "cannot be used" in wrong(put(f'[keys]\nzoom = "{key}"'))[0]


HOSTS = [
    ('name = "a b"', "name", "'a b' is not an allowed name"),
    ('name = "-oProxyCommand=x"', "name", "not an allowed name"),
    ('name = "web1"', "name", "'web1' is there twice, first as [0]"),
    ('name = "x", address = "a;b"', "address", "not an allowed name"),
    ('name = "x", user = "-l"', "user", "not an allowed name"),
    ('name = "x", port = 70000', "port", "from 1 to 65535"),
    ('name = "x", groups = ["a", "b c"]', "groups[1]", "not an allowed name"),
    ('name = "x", fingerprint = "MD5:aa"', "fingerprint", "SHA256:"),
    ('name = "x", known_hosts = "none"', "known_hosts", "absolute path"),
    ('name = "x", known_hosts = "~/.bashrc"', "known_hosts", "known_hosts in its name"),
    ('name = "x", identity = "id"', "identity", "absolute path"),
    ('name = "x", jump = "a b"', "jump", "user@host:port"),
    ('name = "x", jump = "u@h:99999"', "jump", "user@host:port"),
    ('name = "x", jump = "-x"', "jump", "user@host:port"),
    ('name = "x", jump = "x"', "jump", "x → x"),
    ('name = "x", transport = "local", user = "me"', "user", "means nothing"),
    ('name = "x", transport = "telnet"', "transport", "must be one of ssh, local"),
]


@pytest.mark.parametrize(("host", "key", "part"), HOSTS)
def test_host_rules(host: str, key: str, part: str) -> None:
    text = GOOD.replace('{ name = "web2"', "{ " + host + ' },\n { name = "web2"')
    (said,) = wrong(text)
    assert said.startswith(f":5: environments[0].hosts[1].{key}: ")
    assert part in said


@pytest.mark.parametrize(
    "jump",
    ["web1", "bastion", "ops@bastion.example.com:22", "10.0.0.1", "u@[::1]:22", "a,b@c:1", "none"],
)
def test_jumps(jump: str) -> None:
    text = GOOD.replace("port = 2222", f'jump = "{jump}"')
    assert parse_config(text, FILE).environments[0].hosts[1].jump == jump


def test_jumps_in_a_circle() -> None:
    text = GOOD.replace('"web1", {', '{ name = "web1", jump = "web2" }, {')
    text = text.replace("port = 2222", 'jump = "web1"')
    assert [line.partition("jump: ")[2] for line in wrong(text)] == [
        "leads round in a circle: web1 → web2 → web1",
        "leads round in a circle: web2 → web1 → web2",
    ]


APPS = [
    ('unit = "a b"', "unit", "systemd service"),
    ('unit = "billing.timer x"', "unit", "systemd service"),
    ('deliver_to = "opt"', "deliver_to", "absolute path"),
    ('deliver_to = "/"', "deliver_to", "absolute path"),
    ('deliver_to = "/opt/../etc"', "deliver_to", "absolute path"),
    ('owner = "a b"', "owner", "not an allowed name"),
    ('node = "a@b@c"', "node", "not an allowed name"),
    ('cookie = ""', "cookie", "visible"),
    ('cookie = "a b"', "cookie", "visible"),
    ('env_file = "env"', "env_file", "absolute path"),
    ('restart_command = "a \'"', "restart_command", "words"),
    ('restart_command = " "', "restart_command", "words"),
    ('release_store = "-x"', "release_store", "place"),
    ('release_store = ""', "release_store", "place"),
    (f'release_store = "{"x" * 1025}"', "release_store", "place"),
    (f'cookie = "{"x" * 256}"', "cookie", "visible"),
    ('health = { timeout_s = 61 }', "health.timeout_s", "60"),
    ('health = { within_s = 0.5 }', "health.within_s", "3600"),
    ('health = { port = 0 }', "health.port", "65535"),
    ('health = { path = "a" }', "health.path", "begin with /"),
    ('health = { path = "/a\\r\\nX: y" }', "health.path", "begin with /"),
    ('health = { status = 99 }', "health.status", "100"),
    ('health = { address = "a b" }', "health.address", "not an allowed name"),
    ('health = { timeout_s = 0 }', "health.timeout_s", "0.1"),
    ('health = { kind = "ping" }', "health.kind", "none, http, tcp"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "key", "part"), APPS)
def test_app_rules(line: str, key: str, part: str) -> None:
    (said,) = wrong(GOOD + line)
    assert said.startswith(f":9: environments[0].apps[0].{key}: ")
    assert part in said


def test_names_that_nothing_has() -> None:
    assert wrong(GOOD.replace('on = ["web1", "blue"]', 'on = [\n"web1",\n"blu"]')) == [
        ":10: environments[0].apps[0].on[1]: no host or group of this environment; "
        'did you mean "blue"?'
    ]


def test_an_environment_needs_hosts_and_apps_once() -> None:
    assert wrong("") == [": environments: at least one environment is needed"]
    assert wrong('[[environments]]\nname = "a"') == [
        ":2: environments[0].hosts: an environment needs a host",
        ":2: environments[0].apps: an environment needs an app",
    ]
    assert wrong(GOOD + GOOD)[0] == (
        ":11: environments[1].name: 'production' is there twice, first as [0]"
    )
    assert "is there twice" in wrong(GOOD + '[[environments.apps]]\nname = "billing"')[0]
    assert "allowed name" in wrong(GOOD.replace('"production"', '"a b"'))[0]


def test_many_flaws_are_cut() -> None:
    said = wrong("\n".join(f"key{n} = 1" for n in range(50)))
    assert len(said) == 21
    assert said[-1] == "and 30 more"
