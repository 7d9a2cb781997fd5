"""The configuration: what is read from where, what is refused, and that the example says it all."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.test_text import faults
from tui.config import SIZE_LIMIT, load_config, parse_config
from tui.errors import ConfigError
from tui.model.fleet import App, Config, Environment, Flavour, Health, Host, Limits, Transport
from tui.model.themes import THEME_NAMES
from tui.model.toml_lines import Lines
from tui.theme import THEMES

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "config.example.toml"
FILE = Path("/etc/beamdeck.toml")

GOOD = """
[[environments]]
name = "production"
production = true
hosts = ["web1", { name = "web2", address = "10.0.0.2", port = 2222, groups = ["blue"] }]
[[environments.apps]]
name = "billing"
on = ["web1", "blue"]
"""


def wrong(text: str) -> list[str]:
    """The lines of the ConfigError that `text` gives, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text, FILE)
    assert caught.value.remedy
    return [line.removeprefix(str(FILE)) for line in caught.value.detail.split("\n")]


def put(line: str, text: str = GOOD) -> str:
    """GOOD with a line before everything else."""
    return f"{line}\n{text}"


# Where it comes from


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("BEAMDECK_CONFIG", raising=False)
    return tmp_path


def named(theme: str) -> str:
    return f'theme = "{theme}"\n{GOOD}'


def test_order_of_places(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "beamdeck").mkdir()
    (home / "beamdeck" / "config.toml").write_text(named("beamdeck-dark"))
    (home / "env.toml").write_text(named("beamdeck-light"))
    (home / "asked.toml").write_text(named("high-contrast"))
    assert load_config().theme == "beamdeck-dark"
    monkeypatch.setenv("BEAMDECK_CONFIG", str(home / "env.toml"))
    assert load_config().theme == "beamdeck-light"
    assert load_config(home / "asked.toml").theme == "high-contrast"


def test_no_file_names_what_helps(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config()
    assert str(home / "beamdeck" / "config.toml") in caught.value.detail
    assert "BEAMDECK_CONFIG names none" in caught.value.detail
    assert "beamdeck demo" in caught.value.remedy
    assert "config.example.toml" in caught.value.remedy
    monkeypatch.setenv("BEAMDECK_CONFIG", "/nowhere/x\x1b[31m.toml")
    with pytest.raises(ConfigError, match="/nowhere/x") as caught:
        load_config()
    assert faults(caught.value.detail) == ""
    assert "names none" not in caught.value.detail
    assert list(home.iterdir()) == []


def test_what_is_no_plain_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(ConfigError):
            load_config(path)
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * (SIZE_LIMIT + 1))
    with pytest.raises(ConfigError, match="larger"):
        load_config(big)


def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "kept.toml").write_text(GOOD)
    (tmp_path / "config.toml").symlink_to(tmp_path / "kept.toml")
    assert load_config(tmp_path / "config.toml").environments[0].name == "production"


@pytest.mark.parametrize(
    "secret",
    ['cookie = "QX7ZTRK4VPLM2WYDB3EH"', 'release_store = "s3://AKIAX@wJalrXUtnFEMI:releases"'],
)
def test_secret_is_for_its_owner_only(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(GOOD + secret)
    for mode in (0o644, 0o640, 0o604):
        file.chmod(mode)
        with pytest.raises(ConfigError, match="chmod 600"):
            load_config(file)
    file.chmod(0o600)
    app = load_config(file).environments[0].apps[0]
    assert "QX7ZTRK4VPLM2WYDB3EH" not in repr(app)
    file.write_text(GOOD)
    file.chmod(0o644)
    assert load_config(file).environments


# What it becomes


def test_values() -> None:
    config = parse_config(
        'ssh_config = []\n[keys]\nrestart = "ctrl+R, F5"\nfilter = "/"\n'
        + GOOD
        + 'flavour = "mix"\ncookie = "abc"\nhealth = { kind = "http", port = 4001, within_s = 9 }',
        FILE,
    )
    (environment,) = config.environments
    assert environment.production
    assert environment.hosts == (
        Host("web1"),
        Host("web2", address="10.0.0.2", port=2222, groups=("blue",)),
    )
    (app,) = environment.apps
    assert (app.service, app.root, app.flavour) == ("billing.service", "/opt/billing", Flavour.MIX)
    assert app.cookie is not None
    assert (app.cookie.reveal(), str(app.cookie)) == ("abc", "***")
    assert (app.health.port, app.health.within_s, app.health.path) == (4001, 9, "/health")
    assert environment.hosts_of(app) == environment.hosts
    assert config.keys == {"restart": "ctrl+r,f5", "filter": "slash"}
    assert config.ssh_config == ()
    assert config.limits == Limits()
    assert parse_config(GOOD, FILE).ssh_config is None


def test_local_transport() -> None:
    text = GOOD.replace('"web1", {', '{ name = "here", transport = "local" }, {')
    text = text.replace('"web1", "blue"', '"here"')
    host = parse_config(text, FILE).environments[0].hosts[0]
    assert host.transport is Transport.LOCAL


# What is refused, and how


def test_unknown_keys_with_line_and_nearest() -> None:
    text = GOOD.replace("address", "adress").replace("port", "poort")
    assert wrong(text) == [
        ':5: environments[0].hosts[1].adress: unknown key; did you mean "address"?',
        ':5: environments[0].hosts[1].poort: unknown key; did you mean "port"?',
    ]
    assert wrong(put("chanels = 3")) == [":1: chanels: unknown key"]
    assert wrong(put("[limits]\nchanels = 3")) == [
        ':2: limits.chanels: unknown key; did you mean "channels"?'
    ]
    assert wrong(GOOD + "[environments.apps.health]\nPort = 3") == [
        ':10: environments[0].apps[0].health.Port: unknown key; did you mean "port"?'
    ]


def test_wrong_types_with_line() -> None:
    text = put("theme = 5\n[limits]\nchannels = 1.5\nprobe_interval_s = '3'", GOOD)
    text = text.replace("2222", '"22"').replace('["blue"]', '"blue"') + 'flavour = "mixx"'
    assert wrong(text) == [
        ":1: theme: must be a text, not a whole number",
        ":3: limits.channels: must be a whole number, not a number with a point",
        ":4: limits.probe_interval_s: must be a number, not a text",
        ":9: environments[0].hosts[1].port: must be a whole number, not a text",
        ":9: environments[0].hosts[1].groups: must be a list, not a text",
        ":13: environments[0].apps[0].flavour: must be one of auto, mix, distillery, relx; "
        'did you mean "mix"?',
    ]


def test_wrong_shapes() -> None:
    assert wrong("environments = 5") == [":1: environments: must be a list, not a whole number"]
    assert wrong(put("keys = 5")) == [":1: keys: must be a table, not a whole number"]
    assert wrong(put("[keys]\nrestart = ['R']"))[0].startswith(":2: keys.restart: must be a text")
    assert wrong(GOOD + "cookie = 5") == [
        ":9: environments[0].apps[0].cookie: must be a text, not a whole number"
    ]
    assert wrong(GOOD.replace('"web1", {', "7, {")) == [
        ": environments[0].hosts[0]: must be a table, not a whole number"
    ]
    # What is wrong in one element does not hide what is wrong behind it, nor move it.
    text = GOOD.replace('"web1", {', "7, {").replace("2222", "'x'").replace('"blue"]', "5]")
    assert wrong(text) == [
        ":5: environments[0].hosts[1].port: must be a whole number, not a text",
        ": environments[0].hosts[0]: must be a table, not a whole number",
        ": environments[0].hosts[1].groups[0]: must be a text, not a whole number",
        ": environments[0].apps[0].on[1]: must be a text, not a whole number",
    ]
    assert wrong(GOOD.replace('name = "billing"\n', "")) == [
        ":7: environments[0].apps[0].name: is missing"
    ]
    assert wrong(GOOD + "health = 2024-01-01") != []


def test_not_toml() -> None:
    assert wrong("a = \n") == [":1: Invalid value"]
    assert wrong("a = 1\na = 2") != []
    assert wrong("a = " + "[" * 5000 + "]" * 5000) == [": too many brackets in one another"]
    assert wrong("a = " + "[" * 300 + "]" * 300) == [":1: a: unknown key"]
    assert wrong(f"a = {'9' * 5000}") != []


def test_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(b'theme = "x"\nbad = "\xff"\n')
    with pytest.raises(ConfigError, match=r"c\.toml:2: is not UTF-8"):
        load_config(file)


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
    ("journal_lines", 1000, 5_000_000, 1),
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


# Text from outside (R5)


def test_a_hostile_configuration_prints_nothing_hostile() -> None:
    text = '"a\\u001b]0;x\\u0007" = 1\n"\\u202e" = 2\n' + GOOD.replace('"web1",', '"\\u001b[2J",')
    said = wrong(text)
    assert all(faults(line) == "" for line in said)
    assert any("<U+202E>" in line or "\\u202e" in line for line in said)


def test_a_secret_is_not_printed() -> None:
    said = wrong(GOOD + 'release_store = "-s3://AKIAIOSFODNN7EXAMPLE@wJalrXUtnFEMI:x"\ncookie=" "')
    assert "wJalrXUtnFEMI" not in "\n".join(said)


SOME_KEYS = (
    *("environments", "hosts", "apps", "name", "port", "keys", "limits", "theme", "restart"),
    *("health", "on", "jump", "cookie", "production", "channels", "ssh_config", "\x1b"),
)
TOML = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(max_size=6), st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(SOME_KEYS),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


def as_toml(value: object) -> str:
    """A value in TOML, tables inline."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(k)} = {as_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    return quoted(value) if isinstance(value, str) else repr(value)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'


@given(st.dictionaries(st.sampled_from(["environments", "keys", "limits", "theme"]), TOML))
@settings(max_examples=300, deadline=None)
def test_any_document_is_a_config_or_a_config_error(document: dict[str, object]) -> None:
    text = "\n".join(f"{key} = {as_toml(value)}" for key, value in document.items())
    try:
        tomllib.loads(text)
    except ValueError:
        return  # infinite and absent numbers are written otherwise in TOML
    try:
        parse_config(text, FILE)
    except ConfigError as error:
        said = error.detail
    else:
        said = ""
    assert faults(said) == ""


# Lines


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("theme",), 2),
        (("limits", "channels"), 3),
        (("a b", "x"), 4),
        (("environments", 0, "name"), 6),
        (("environments", 0, "hosts", 0), 7),
        (("environments", 0, "hosts", 1, "name"), 8),
        (("environments", 0, "hosts", 2), 9),
        (("environments", 1, "hosts", 0, "name"), 14),
        (("environments", 1, "hosts", 1), 16),
        (("environments", 1, "hosts", 1, "port"), 17),
        (("environments", 1, "hosts"), 13),
        (("nothing",), None),
        (("environments", 7, "name"), None),
        ((), None),
    ],
)
def test_line_of(path: tuple[str | int, ...], line: int | None) -> None:
    text = """# name theme hosts
theme = "name"  # name
limits.channels = 3
"a b" = { x = "theme" }
[[environments]]
name = "name"
hosts = ["name",
  { name = "x", port = 1 },
  { "name" = 'y' },
]
[[environments]]
name = "other"
[[environments.hosts]]
name = "z"
[[environments.hosts]]
name = "web2"
port = 2
"""
    assert Lines(text).of(path) == line


def test_lines_of_a_large_file_take_no_time() -> None:
    text = "".join(f'[[environments]]\nname = "e{n}"\nnam = 1\n' for n in range(2000))
    began = time.process_time()
    assert len(wrong(text)) == 21
    assert time.process_time() - began < 10  # a second; without its limit, minutes


# The example


def tables_of(kind: Any, value: Any) -> list[tuple[type, dict[str, Any]]]:
    """Every table of a document with the dataclass that it becomes."""
    found: list[tuple[type, dict[str, Any]]] = []
    if isinstance(value, list):
        for item in value:
            found += tables_of(get_args(kind)[0], item)
    elif dataclasses.is_dataclass(kind) and isinstance(value, dict):
        found.append((kind, value))  # type: ignore[arg-type]  # a class, not an instance
        hints = get_type_hints(kind)
        for key, inner in value.items():
            found += tables_of(hints[key], inner)
    return found


def default_of(field: dataclasses.Field[Any]) -> object:
    """The default as TOML has it; MISSING where there is none."""
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
        return {} if dataclasses.is_dataclass(default) else default
    default = field.default
    if isinstance(default, Enum):
        return default.value
    return list(default) if isinstance(default, tuple) else default


def uncommented() -> str:
    """The example with its optional keys put in."""
    return re.sub(r"^# (\w+ = )", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)


KINDS = (Config, Limits, Environment, Host, App, Health)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_example_names_every_field_with_its_default(kind: type) -> None:
    plain = [t for k, t in tables_of(Config, tomllib.loads(EXAMPLE.read_text())) if k is kind]
    full = [t for k, t in tables_of(Config, tomllib.loads(uncommented())) if k is kind]
    assert plain
    for field in dataclasses.fields(kind):
        default = default_of(field)
        assert any(field.name in table for table in full), f"{field.name} is not named"
        if default is None:
            assert not any(field.name in table for table in plain), field.name
        elif default not in (dataclasses.MISSING, [], {}) or field.name in ("groups", "on"):
            assert default in [table.get(field.name) for table in plain], field.name


def test_every_dataclass_of_the_configuration_is_looked_at() -> None:
    assert {kind for kind, _ in tables_of(Config, tomllib.loads(uncommented()))} == set(KINDS)


def test_example_loads() -> None:
    config = load_config(EXAMPLE)
    assert [e.name for e in config.environments] == ["production", "staging"]
    assert config.limits == Limits()


def test_example_loads_with_its_optional_keys(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(uncommented())
    file.chmod(0o600)
    app = load_config(file).environments[0].apps[0]
    assert all(getattr(app, field.name) is not None for field in dataclasses.fields(App))


def test_themes_are_those_there_are() -> None:
    assert tuple(theme.name for theme in THEMES) == THEME_NAMES


# It is data (R13)

CALLS = "trace=execve,execveat,fork,vfork,clone,clone3"
HOSTILE = """
theme = "$(touch PWNED)"
ssh_config = ["|touch PWNED"]
[keys]
restart = "`touch PWNED`"
[[environments]]
name = "$(touch PWNED)"
hosts = ["$(touch PWNED)", { name = "x", address = "-oProxyCommand=touch PWNED", jump = "$(touch PWNED)" }]
apps = [{ name = "a;touch PWNED", restart_command = "touch PWNED", release_store = "|touch PWNED" }]
"""  # noqa: E501 - one line of TOML


@pytest.mark.parametrize("text", [HOSTILE, GOOD], ids=["hostile", "good"])
def test_reading_a_configuration_runs_nothing(tmp_path: Path, text: str) -> None:
    strace = shutil.which("strace")
    trace, file = tmp_path / "trace", tmp_path / "config.toml"
    file.write_text(text.replace("PWNED", str(tmp_path / "pwned")))
    code = (
        "from pathlib import Path; from tui.config import load_config; from tui.errors import *\n"
        f"try: load_config(Path({str(file)!r})); print('good')\n"
        "except ConfigError: print('wrong')"
    )
    if strace is None or not _may_trace(strace, tmp_path):
        pytest.skip("R13 NOT CHECKED: strace is not installed, or may not trace here")
    done = subprocess.run(
        [strace, "-f", "-qq", "-e", CALLS, "-o", str(trace), sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ("good\n" if text is GOOD else "wrong\n")
    calls = [line for line in trace.read_text().splitlines() if "exited with" not in line]
    assert len(calls) == 1, calls
    assert "execve(" in calls[0]
    assert not (tmp_path / "pwned").exists()


def _may_trace(strace: str, folder: Path) -> bool:
    argv = [strace, "-qq", "-e", "trace=execve", "-o", str(folder / "probe"), sys.executable, "-V"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0
