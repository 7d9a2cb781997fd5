"""What a configuration must hold beyond its types. Pure: flaws with their paths, no order of ours.

A configuration may come from a repository: it is data. Nothing in it runs a local command by
itself (`build` is one, and runs only as a plan that shows it and is confirmed), and the files of
ssh that can (ssh_config) are taken from the user's and the machine's folders only.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator

from tui.model import names
from tui.model.change_window import FORM, window_fits
from tui.model.flaw import Flaw, Path, nearest
from tui.model.fleet import App, Config, Console, Environment, Health, Host, Limits, Task, Transport
from tui.model.key_names import AVOIDED, canonical_keys
from tui.model.keys import KEYS, overlaps
from tui.model.themes import THEME_NAMES
from tui.model.timespec import FORMS, NotATime, parse_since

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z")
_HTTP_PATH = re.compile(r"/[!-~]{0,1023}\Z")
_SSH_FOLDERS = ("~/.ssh/", "/etc/ssh/")

# The least and the most of each limit; what lies outside would be a slip or harm the hosts.
LIMIT_BOUNDS: dict[str, tuple[float, float]] = {
    "connect_timeout_s": (1, 120),
    "command_timeout_s": (1, 600),
    "probe_interval_s": (0.5, 3600),
    "keepalive_s": (0.5, 7.5),
    "keepalive_misses": (1, 29),
    "channels": (1, 8),
    "handshakes": (1, 100),
    "journal_lines": (1000, 100_000_000),
    "journal_disk_mib": (16, 1_048_576),
    "unlock_minutes": (1, 240),
}
_QUERY_NAME = re.compile(r"[a-z0-9_-]{1,32}")
HALF_OPEN_S = 15.0
ESCAPE_KEY = re.compile(r"(?:ctrl\+(?!c\Z|m\Z|i\Z|h\Z|j\Z)[a-z][a-z_]*|f(?:[1-9]|1[0-2]))\Z")
"""Not what Enter, Tab, Backspace and the interrupt are: those belong to the remote."""


def flaws_of(config: Config) -> list[Flaw]:
    """All that is wrong with a configuration whose types are right."""
    found: list[Flaw] = []
    if config.theme not in THEME_NAMES:
        text = f"is not one of {', '.join(THEME_NAMES)}{nearest(config.theme, THEME_NAMES)}"
        found.append(Flaw(("theme",), text))
    for index, file in enumerate(config.ssh_config or ()):
        if not file.startswith(_SSH_FOLDERS) or not _local_file_fits(file):
            text = "must be a file in ~/.ssh or /etc/ssh: what it says can run commands here"
            found.append(Flaw(("ssh_config", index), text))
    found += _keys(config.keys)
    found += _queries(config.queries)
    escape = config.console.escape_key
    if not ESCAPE_KEY.match(escape):
        text = "must be one key with ctrl or a function key, as in ctrl+right_square_bracket"
        found.append(Flaw(("console", "escape_key"), text))
    found += _limits(config.limits)
    if not config.environments:
        found.append(Flaw(("environments",), "at least one environment is needed"))
    found += _repeated(("environments",), [e.name for e in config.environments])
    for index, environment in enumerate(config.environments):
        found += _environment(("environments", index), environment)
    return found


def _environment(at: Path, environment: Environment) -> Iterator[Flaw]:
    yield from _named(at, "name", environment.name, names.environment_name_fits)
    if environment.change_window is not None and not window_fits(environment.change_window):
        yield Flaw((*at, "change_window"), f"is no window; write it like {FORM}")
    if not environment.hosts:
        yield Flaw((*at, "hosts"), "an environment needs a host")
    if not environment.apps:
        yield Flaw((*at, "apps"), "an environment needs an app")
    yield from _repeated((*at, "hosts"), [host.name for host in environment.hosts])
    yield from _repeated((*at, "apps"), [app.name for app in environment.apps])
    for index, host in enumerate(environment.hosts):
        yield from _host((*at, "hosts", index), host)
        yield from _jumps((*at, "hosts", index, "jump"), host, environment)
    known = {host.name for host in environment.hosts}
    known |= {group for host in environment.hosts for group in host.groups}
    for index, app in enumerate(environment.apps):
        yield from _app((*at, "apps", index), app)
        for place, wanted in enumerate(app.on):
            if wanted not in known:
                text = f"no host or group of this environment{nearest(wanted, known)}"
                yield Flaw((*at, "apps", index, "on", place), text)


def _host(at: Path, host: Host) -> Iterator[Flaw]:
    yield from _named(at, "name", host.name, names.host_name_fits)
    yield from _named(at, "address", host.address, names.address_fits)
    yield from _named(at, "user", host.user, names.user_fits)
    yield from _within(at, "port", host.port, (1, 65_535))
    for index, group in enumerate(host.groups):
        yield from _named((*at, "groups"), index, group, names.environment_name_fits)
    yield from _named(at, "identity", host.identity, _local_file_fits)
    if host.known_hosts is not None and not _known_hosts_fits(host.known_hosts):
        # Keys that are trusted are written there: it must not be able to name any other file.
        text = "must be an absolute path or one in ~/, of a file with known_hosts in its name"
        yield Flaw((*at, "known_hosts"), text)
    if host.fingerprint is not None and not _FINGERPRINT.match(host.fingerprint):
        text = "must be SHA256: and 43 letters, as ssh-keygen -lf shows it"
        yield Flaw((*at, "fingerprint"), text)
    if host.transport is Transport.LOCAL:
        for key in ("port", "user", "jump", "identity", "known_hosts", "fingerprint"):
            if getattr(host, key) is not None:
                yield Flaw((*at, key), 'means nothing with transport = "local"')


def _jumps(at: Path, host: Host, environment: Environment) -> Iterator[Flaw]:
    if host.jump is None or host.jump == "none":
        return
    for hop in host.jump.split(","):
        if not _destination_fits(hop.strip()):
            yield Flaw(at, "must be a host of this environment or of ssh_config, or user@host:port")
            return
    by_name = {other.name: other for other in environment.hosts}
    seen = [host.name]
    while (onward := by_name.get(seen[-1])) is not None and onward.jump in by_name:
        seen.append(onward.jump)
        if seen[-1] in seen[:-1]:
            yield Flaw(at, f"leads round in a circle: {' → '.join(seen)}")
            return


def _destination_fits(text: str) -> bool:
    user, at, rest = text.removeprefix("ssh://").rstrip("/").rpartition("@")
    if rest.startswith("["):
        name, _, port = rest[1:].partition("]")
        port = port.removeprefix(":")
    elif rest.count(":") == 1:
        name, _, port = rest.partition(":")
    else:
        name, port = rest, ""
    return (
        (names.host_name_fits(name) or names.address_fits(name))
        and (not at or names.user_fits(user))
        and (not port or (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65_535))
    )


def _console(at: Path, console: Console) -> Iterator[Flaw]:
    yield from _named(at, "name", console.name, names.environment_name_fits)
    if console.name in ("remote", "shell"):
        yield Flaw((*at, "name"), "is the name of a console that is always there")
    if not console.command.strip() or not console.command.isprintable():
        yield Flaw((*at, "command"), "must be a command of one line")
    elif len(console.command) > 300:
        yield Flaw((*at, "command"), "is too long; put it into a script on the host")


def _app(at: Path, app: App) -> Iterator[Flaw]:
    yield from _named(at, "name", app.name, names.app_name_fits)
    if app.unit is not None and not names.unit_fits(app.service):
        yield Flaw((*at, "unit"), "is not the name of a systemd service")
    if app.deliver_to is not None and (
        not names.path_fits(app.deliver_to) or app.deliver_to == "/"
    ):
        yield Flaw((*at, "deliver_to"), "must be the absolute path of the release's folder")
    yield from _named(at, "env_file", app.env_file, names.path_fits)
    yield from _named(at, "owner", app.owner, names.user_fits)
    yield from _named(at, "node", app.node, names.node_fits)
    yield from _named(at, "release_store", app.release_store, _store_fits)
    yield from _named(at, "build", app.build, _words_fit)
    yield from _named(at, "build_in", app.build_in, _local_file_fits)
    yield from _named(at, "migration_host", app.migration_host, names.host_name_fits)
    yield from _within(at, "keep_releases", app.keep_releases, (2, 1000))
    for index, path in enumerate(app.log_files):
        yield from _named((*at, "log_files"), index, path, names.path_fits)
    yield from _repeated((*at, "consoles"), [console.name for console in app.consoles])
    for index, console in enumerate(app.consoles):
        yield from _console((*at, "consoles", index), console)
    yield from _repeated((*at, "tasks"), [task.name for task in app.tasks])
    for index, task in enumerate(app.tasks):
        yield from _task((*at, "tasks", index), task)
    yield from _named(at, "restart_command", app.restart_command, _words_fit)
    if app.cookie is not None and not _cookie_fits(app.cookie.reveal()):
        yield Flaw((*at, "cookie"), "must be 1 to 255 visible characters without blanks")
    yield from _health((*at, "health"), app.health)


def _task(at: Path, task: Task) -> Iterator[Flaw]:
    yield from _named(at, "name", task.name, names.environment_name_fits)
    yield from _within(at, "tier", task.tier, (1, 3))
    yield from _within(at, "limit_s", task.limit_s, (1, 86_400))
    text = task.expression
    if not text.strip() or len(text) > 4096 or not text.replace("\n", " ").isprintable():
        yield Flaw((*at, "expression"), "must be 1 to 4096 visible characters")


def _health(at: Path, health: Health) -> Iterator[Flaw]:
    yield from _named(at, "address", health.address, names.address_fits)
    yield from _within(at, "port", health.port, (1, 65_535))
    if not _HTTP_PATH.match(health.path):
        yield Flaw((*at, "path"), "must begin with / and hold no blanks")
    yield from _within(at, "status", health.status, (100, 599))
    yield from _within(at, "timeout_s", health.timeout_s, (0.1, 60))
    yield from _within(at, "within_s", health.within_s, (1, 3600))


def _limits(limits: Limits) -> Iterator[Flaw]:
    for key, bounds in LIMIT_BOUNDS.items():
        yield from _within(("limits",), key, getattr(limits, key), bounds)
    noticed = limits.keepalive_s * (limits.keepalive_misses + 1)
    if not noticed <= HALF_OPEN_S:
        text = (
            f"keepalive_s × (keepalive_misses + 1) is {noticed:g}: a dead link would be noticed "
            f"after more than {HALF_OPEN_S:g} seconds"
        )
        yield Flaw(("limits", "keepalive_s"), text)
    try:
        parse_since(limits.journal_since, now=2e9)
    except NotATime:
        yield Flaw(("limits", "journal_since"), f"is no time; write it like {FORMS}")


def _queries(saved: dict[str, str]) -> Iterator[Flaw]:
    if not saved:
        return
    # Only who saved one needs what reads it.
    from tui.model.query_line import parse_query

    for name, line in saved.items():
        if not _QUERY_NAME.fullmatch(name):
            yield Flaw(("queries", name), "a query's name is of a-z, 0-9, - and _")
        mistake = parse_query(line, now=2e9).problem
        if mistake:
            yield Flaw(("queries", name), mistake)


def _keys(remapped: dict[str, str]) -> Iterator[Flaw]:
    ids = {key.id for key in KEYS}
    understood: dict[str, str] = {}
    for key_id, text in remapped.items():
        at: Path = ("keys", key_id)
        if key_id not in ids:
            yield Flaw(at, f"nothing has this name{nearest(key_id, ids)}")
            continue
        keys = canonical_keys(text)
        if keys is None:
            yield Flaw(at, f"{text!r} is no key, nor keys divided by commas: R, slash, ctrl+r, f5")
            continue
        understood[key_id] = ",".join(keys)
        for key in keys:
            if key in AVOIDED:
                yield Flaw(at, f"{key} cannot be used: {AVOIDED[key]}")
    for sentence in overlaps(understood):
        concerned = [key_id for key_id in understood if f" {key_id} " in f" {sentence} "]
        yield Flaw(("keys", *concerned[:1]), sentence)


def _named(
    at: Path, key: str | int, value: str | None, fits: Callable[[str], bool]
) -> Iterator[Flaw]:
    if value is not None and not fits(value):
        yield Flaw((*at, key), f"{value[:80]!r} {_REASONS.get(fits, 'is not an allowed name')}")


def _within(at: Path, key: str, value: float | None, bounds: tuple[float, float]) -> Iterator[Flaw]:
    least, most = bounds
    # Written so that NaN, which is in no order with anything, is outside.
    if value is not None and not least <= value <= most:
        yield Flaw((*at, key), f"is {value:g}; it must be from {least:g} to {most:g}")


def _repeated(at: Path, found: Iterable[str]) -> Iterator[Flaw]:
    first: dict[str, int] = {}
    for index, name in enumerate(found):
        if first.setdefault(name, index) != index:
            yield Flaw((*at, index, "name"), f"{name!r} is there twice, first as [{first[name]}]")


def _local_file_fits(path: str) -> bool:
    rest = path.removeprefix("~") if path.startswith("~/") else path
    return names.path_fits(rest)


def _known_hosts_fits(path: str) -> bool:
    return _local_file_fits(path) and "known_hosts" in path.rpartition("/")[2]


def _cookie_fits(cookie: str) -> bool:
    return 0 < len(cookie) <= 255 and cookie.isprintable() and " " not in cookie


def _store_fits(store: str) -> bool:
    return 0 < len(store) <= 1024 and store.isprintable() and not store.startswith("-")


def _words_fit(line: str) -> bool:
    try:
        return line.isprintable() and bool(shlex.split(line))
    except ValueError:
        return False


_REASONS: dict[Callable[[str], bool], str] = {
    names.path_fits: "must be an absolute path without ..",
    _local_file_fits: "must be an absolute path or one in ~/, without ..",
    _words_fit: "cannot be split into words",
    _store_fits: "is not the name of a place",
}
