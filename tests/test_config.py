"""The configuration: what is read from where, what it becomes, how errors are located."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.config_samples import FILE, GOOD, put, wrong
from tests.model.test_text import faults
from tui.config import SIZE_LIMIT, load_config, parse_config
from tui.errors import ConfigError
from tui.model.fleet import Flavour, Host, Limits, Transport
from tui.model.toml_lines import Lines

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
